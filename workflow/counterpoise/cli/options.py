"""Options that the subcommands which balance share: cooler's filters and limits, and the methods.

Names and meanings are those of ``cooler balance``; where hictk uses another name, both are known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import click

from counterpoise.columns.new_names import refuse_misread, refuse_other_method
from counterpoise.contacts.selection import Scope, column_name
from counterpoise.errors import ConfigError
from counterpoise.mask import MaskSettings
from counterpoise.methods import methods
from counterpoise.methods.base import MethodSettings, OnFailure
from counterpoise.records.wording.phrases import join_phrases
from counterpoise.store.weight_columns import DIVISIVE, WEIGHT_COLUMN

DEFAULT_METHOD = "ice"
# Settings that not every method has, and their options.
METHOD_LIMITS = {
    "tolerance": "--tolerance",
    "max_iterations": "--max-iters",
    "isolate_limit": "--isolate-limit",
}
ADVISED = ("kr", "kde_eb")  # methods that a reason may name
COOLER_ITERATIONS, COOLER_VARIANCE = 200, 1e-5
ON_FAILURE = [each.value for each in OnFailure if each is not OnFailure.STOP]
# Contacts as hictk's option --mode names them.
MODES = {"gw": Scope.GENOME, "cis": Scope.CIS, "trans": Scope.TRANS}
POLICIES = ("store_final", "store_nan", "discard", "error")

ABOVE_ZERO = click.FloatRange(min=0, min_open=True)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _describe_diagonals() -> str:
    """Return the default numbers of diagonals to ignore, of the filters and of each method."""
    numbers: dict[int, list[str]] = {MaskSettings.ignore_diags: ["filters"]}
    for name, method in methods().items():
        numbers.setdefault(method.settings.ignore_diags, []).append(name)
    return "; ".join(f"{number} for {', '.join(names)}" for number, names in numbers.items())


def _list_isolating() -> str:
    """Return the methods that isolate bins by default, such as ``ice and kr``."""
    isolate = OnFailure.ISOLATE
    return join_phrases(
        [name for name, each in methods().items() if each.settings.on_failure == isolate]
    )


def _without(setting: str) -> str:
    """Return the methods that lack a setting, such as ``kr, vc``."""
    return ", ".join(
        name for name, each in methods().items() if not hasattr(each.settings, setting)
    )


_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "-m",
        "--method",
        "names",
        multiple=True,
        metavar="METHOD",
        help="Method: " + ", ".join(methods()) + ". Give it several times for several methods. "
        "Without it, ICE by cooler's own rule into the column weight.",
    ),
    click.option("--cis-only", is_flag=True, help="Balance each chromosome separately."),
    click.option("--trans-only", is_flag=True, help="Balance contacts between chromosomes only."),
    click.option(
        "--mode",
        type=click.Choice(list(MODES)),
        help="Contacts that are balanced: all (gw), each chromosome separately (cis), or those "
        "between chromosomes (trans).",
    ),
    click.option(
        "--ignore-diags",
        "--masked-diags",
        type=click.IntRange(0),
        help=f"Number of diagonals to ignore.  [default: {_describe_diagonals()}]",
    ),
    click.option(
        "--ignore-dist",
        type=click.IntRange(0),
        help="Ignore contacts closer than this, in base pairs; at least the diagonals of "
        "--ignore-diags.",
    ),
    click.option(
        "--mad-max",
        type=click.FloatRange(0),
        default=5,
        show_default=True,
        help="Mask bins more than this number of MADs below the median log coverage; 0 for none.",
    ),
    click.option(
        "--min-nnz",
        type=click.IntRange(0),
        default=10,
        show_default=True,
        help="Mask bins in contact with fewer bins.",
    ),
    click.option(
        "--min-count",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Mask bins with fewer contacts.",
    ),
    click.option(
        "--blacklist",
        type=click.Path(exists=True, dir_okay=False),
        help="BED file; bins that overlap one of its intervals are masked.",
    ),
    click.option(
        "--tol",
        type=ABOVE_ZERO,
        help="Variance of the row sums in counts squared, by cooler's rule; for ice only. "
        f"Default without --method: {COOLER_VARIANCE:g}.",
    ),
    click.option(
        "--tolerance",
        type=ABOVE_ZERO,
        help="Largest relative deviation of a row sum, for methods that iterate"
        f" (not {_without('tolerance')}).",
    ),
    click.option(
        "--max-iters",
        type=click.IntRange(1),
        help=f"Largest number of iterations (not for {_without('max_iterations')}). "
        f"Default without --method: {COOLER_ITERATIONS}.",
    ),
    click.option(
        "-p",
        "--nproc",
        "--threads",
        "threads",
        type=click.IntRange(1),
        help="Number of threads. Default: all cores.",
    ),
    click.option("-c", "--chunksize", type=int, hidden=True, help="Accepted and not needed."),
    click.option(
        "--on-failure",
        type=click.Choice(ON_FAILURE),
        help="What a method does with a map that it cannot balance: isolate the few bins that "
        "stand in the way, drop the sparsest bins, keep the weights reached so far, or write nan.  "
        f"[default: keep without --method; isolate for {_list_isolating()}; else nan]",
    ),
    click.option(
        "--isolate-limit",
        type=click.FloatRange(0, 1),
        help="Largest share of bins that may be isolated.  [default: 0.01]",
    ),
    click.option(
        "--convergence-policy",
        "policy",
        type=click.Choice(POLICIES),
        help="Weights of a map that is not balanced: store the last ones, store NaN, write no "
        "column, or write nothing and end with status 1. Default: store_final without --method, "
        "else what the method does.",
    ),
)


def balancing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared options to a command.

    Parameters
    ----------
    command : callable
        The function of the command; receives ``**options``.
    """
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class MethodRun:
    """One method as it was asked for.

    Attributes
    ----------
    method : str
        Its name.
    settings : dict
        Settings that differ from its defaults.
    columns : tuple of str
        Names of the columns that its weights are written to.
    excludes : dict of str to str
        Options that were given, by the options that they exclude, such as ``--tolerance``, and by
        the methods that do not take them, such as ``-m kr``.
    """

    method: str
    settings: dict[str, Any]
    columns: tuple[str, ...]
    excludes: dict[str, str]


@dataclass(frozen=True)
class BalancingOptions:
    """The values of the shared options.

    Attributes
    ----------
    names : tuple of str
        Methods; none stands for ICE by cooler's rule.
    scope : Scope or None
        Contacts to balance; None for the method's own.
    ignore_diags : int or None
        Number of diagonals to leave out; None for the method's own.
    ignore_dist : int or None
        Distance to leave out, in base pairs; None for none.
    filters : MaskSettings
        The filters, without these diagonals.
    variance, tolerance, max_iterations : float, float, int or None
        Limits of the iterations; None for the method's own.
    threads : int or None
        Threads of a product.
    policy : str or None
        What to do with weights of a map that is not balanced.
    on_failure, isolate_limit : str and float, or None
        The method's settings of these names; None for its defaults.
    """

    names: tuple[str, ...]
    scope: Scope | None
    ignore_diags: int | None
    ignore_dist: int | None
    filters: MaskSettings
    variance: float | None
    tolerance: float | None
    max_iterations: int | None
    threads: int | None
    policy: str | None
    on_failure: str | None
    isolate_limit: float | None

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> BalancingOptions:
        """Check the options of a command; refuse those that contradict each other."""
        scope = _read_scope(options)
        names = _read_methods(options)
        _refuse_contradictions(options, names)
        filters = MaskSettings(
            min_nnz=options["min_nnz"],
            min_count=options["min_count"],
            mad_max=options["mad_max"],
            cis_only=scope is Scope.CIS,
            blacklist=options["blacklist"],
        )
        return cls(
            names,
            scope,
            options["ignore_diags"],
            options["ignore_dist"],
            filters,
            options["tol"],
            options["tolerance"],
            options["max_iters"],
            options["threads"],
            options["policy"],
            options["on_failure"],
            options["isolate_limit"],
        )

    def mask(self, bin_size: int | None) -> MaskSettings:
        """Return the filters for bins of a size.

        Parameters
        ----------
        bin_size : int or None
            Base pairs; None for bins of several sizes.
        """
        diagonals = self._diagonals(bin_size, MaskSettings.ignore_diags)
        if diagonals is None:
            return self.filters
        return MaskSettings(**{**vars(self.filters), "ignore_diags": diagonals})

    def runs(self, bin_size: int | None, name: str | None = None) -> list[MethodRun]:
        """Return the methods for bins of a size.

        Parameters
        ----------
        bin_size : int or None
            Base pairs; None for bins of several sizes.
        name : str, optional
            Name of the column, for a single method; not that of another method's column.
        """
        if name is not None:
            if len(self.names) > 1:
                raise click.UsageError("--name is for a single method.")
            refuse_other_method(name, (self.names or (DEFAULT_METHOD,))[0])
            refuse_misread(name, is_divisive=name in DIVISIVE)
        if not self.names:
            return [self._run(DEFAULT_METHOD, bin_size, (name or WEIGHT_COLUMN,), by_cooler=True)]
        runs = []
        for number, method in enumerate(self.names):
            run = self._run(method, bin_size, (), by_cooler=False)
            scope = run.settings.get("scope", methods()[method].settings().scope)
            column = column_name(scope, method)
            columns = (column, WEIGHT_COLUMN) if number == 0 else (column,)
            runs.append(replace(run, columns=(name,) if name else columns))
        return runs

    def _run(
        self, method: str, bin_size: int | None, columns: tuple[str, ...], by_cooler: bool
    ) -> MethodRun:
        """Return a method with its settings."""
        kind: type[MethodSettings] = methods()[method].settings
        variance = COOLER_VARIANCE if by_cooler and self.tolerance is None else None
        variance = self.variance if self.variance is not None else variance
        iterations = COOLER_ITERATIONS if by_cooler else None
        limits: dict[str, Any] = {
            "scope": self.scope and self.scope.value,
            "ignore_diags": self._diagonals(bin_size, kind.ignore_diags),
            "tolerance": self.tolerance if variance is None else "cooler",
            "cooler_variance": variance,
            "max_iterations": self.max_iterations or iterations,
            "on_failure": self._on_failure(by_cooler),
            "isolate_limit": self.isolate_limit,
        }
        settings = {key: value for key, value in limits.items() if value is not None}
        for key, option in METHOD_LIMITS.items():
            if key in settings and not hasattr(kind, key):
                if key == "max_iterations" and hasattr(kind, "max_products"):
                    raise click.UsageError(
                        f"{method} takes no {option}; leave the option out, or set max_products "
                        "in a workflow or in Python."
                    )
                raise click.UsageError(
                    f"{method} takes no {option}; leave out the option or the method."
                )
        return MethodRun(method, settings, columns, self._excludes())

    def _excludes(self) -> dict[str, str]:
        """Return the options that were given, by what a reason may name that they exclude."""
        excludes = {"--on-failure": "--convergence-policy"} if self.policy else {}
        limits = METHOD_LIMITS.items()
        given = [(key, option) for key, option in limits if getattr(self, key) is not None]
        if self.variance is not None:
            excludes["--tolerance"] = "--tol"
            given.append(("cooler_variance", "--tol"))
        if self.on_failure == OnFailure.ISOLATE:  # of the methods that have its limit
            given.append(("isolate_limit", "--on-failure"))
        if self.ignore_dist is not None:
            excludes["--ignore-diags"] = "--ignore-dist"
        for name in ADVISED:
            kind = methods()[name].settings
            if lacking := [option for key, option in given if not hasattr(kind, key)]:
                excludes[f"-m {name}"] = " and ".join(lacking)
        return excludes

    def _diagonals(self, bin_size: int | None, default: int) -> int | None:
        """Return the diagonals to leave out; None for the default of the filters or a method."""
        if self.ignore_dist is None:
            return self.ignore_diags
        if bin_size is None:
            raise ConfigError("--ignore-dist needs bins of one size; use --ignore-diags.")
        least = default if self.ignore_diags is None else self.ignore_diags
        return max(least, math.ceil(self.ignore_dist / bin_size))

    def _on_failure(self, by_cooler: bool) -> str | None:
        """Return what a method does where it does not balance; None for its default."""
        if self.policy is None:
            return self.on_failure or (OnFailure.KEEP.value if by_cooler else None)
        return OnFailure.KEEP.value if self.policy == "store_final" else OnFailure.NAN.value


def _split_names(text: str) -> Iterator[str]:
    """Yield the methods of one option: in lower case, several separated by commas or blanks."""
    return (name.lower() for name in re.split(r"[,\s]+", text.strip()))


def _read_methods(options: dict[str, Any]) -> tuple[str, ...]:
    """Return the methods that --method names; refuse one that is unknown or given twice."""
    names = tuple(name for text in options["names"] for name in _split_names(text))
    if unknown := [name for name in names if name not in methods()]:
        raise ConfigError(
            f"there is no method {unknown[0]!r}; there are {', '.join(sorted(methods()))}."
        )
    if len(set(names)) < len(names):
        raise click.UsageError("A method is given twice.")
    return names


def _refuse_contradictions(options: dict[str, Any], names: tuple[str, ...]) -> None:
    """Refuse limits and policies that contradict each other or the methods."""
    if options["tol"] is not None and set(names) - {"ice"}:
        raise click.UsageError(
            "--tol is cooler's rule, which ice alone has; --tolerance is for every method "
            "that iterates."
        )
    if options["on_failure"] and options["policy"]:
        raise click.UsageError("Give at most one of --on-failure and --convergence-policy.")
    if options["tol"] is not None and options["tolerance"] is not None:
        raise click.UsageError("Give at most one of --tol and --tolerance.")
    by_cooler = options["tol"] is not None or (not names and options["tolerance"] is None)
    if options["on_failure"] == OnFailure.ISOLATE and by_cooler:
        raise click.UsageError(
            "--on-failure isolate needs --tolerance: cooler's rule, the default without "
            "--method and the one of --tol, isolates no bins."
        )


def _read_scope(options: dict[str, Any]) -> Scope | None:
    """Return the contacts that --cis-only, --trans-only or --mode name; None for none of them."""
    flags = {"cis_only": Scope.CIS, "trans_only": Scope.TRANS}
    scopes = [scope for name, scope in flags.items() if options[name]]
    scopes += [MODES[options["mode"]]] if options["mode"] else []
    if len(scopes) > 1:
        raise click.UsageError("Give at most one of --cis-only, --trans-only and --mode.")
    return scopes[0] if scopes else None
