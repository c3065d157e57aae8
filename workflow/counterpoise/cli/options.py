"""Options that the subcommands which balance share: cooler's filters and limits, and the methods.

Names and meanings are those of ``cooler balance``; where hictk uses another name, both are known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from counterpoise.contacts.selection import COLUMN_PREFIXES, Scope
from counterpoise.errors import ConfigError
from counterpoise.mask import MaskSettings
from counterpoise.methods import methods
from counterpoise.methods.base import MethodSettings, OnFailure

DEFAULT_METHOD = "ice"
PRIMARY = "weight"
# Settings that not every method has, and their options.
METHOD_LIMITS = {
    "tolerance": "--tolerance",
    "max_iterations": "--max-iters",
    "isolate_limit": "--isolate-limit",
}
COOLER_ITERATIONS, COOLER_VARIANCE = 200, 1e-5
ON_FAILURE = [each.value for each in OnFailure if each is not OnFailure.STOP]
# Contacts as hictk's option --mode names them.
MODES = {"gw": Scope.GENOME, "cis": Scope.CIS, "trans": Scope.TRANS}
POLICIES = ("store_final", "store_nan", "discard", "error")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

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
        help="Number of diagonals to ignore.  "
        "[default: 2 for filters and ice, 0 for kr, scale and vc]",
    ),
    click.option(
        "--ignore-dist",
        type=click.IntRange(0),
        help="Ignore contacts closer than this, in base pairs.",
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
        type=float,
        help="Variance of the row sums in counts squared, by cooler's rule; for ice only. "
        f"Default without --method: {COOLER_VARIANCE:g}.",
    ),
    click.option(
        "--tolerance", type=float, help="Largest relative deviation of a row sum, for any method."
    ),
    click.option(
        "--max-iters",
        type=click.IntRange(1),
        help=f"Largest number of iterations. Default without --method: {COOLER_ITERATIONS}.",
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
        help="What a method of --method does with a map that it cannot balance: isolate the few "
        "bins that stand in the way, drop the sparsest bins, keep the weights reached so far, or "
        "write nan.  [default: isolate for ice, kr and ssk; else nan]",
    ),
    click.option(
        "--isolate-limit",
        type=click.FloatRange(0, 1),
        help="Largest share of bins that isolate masks.  [default: 0.01]",
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
    """

    method: str
    settings: dict[str, Any]
    columns: tuple[str, ...]


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
        names = tuple(name for text in options["names"] for name in _split_names(text))
        if unknown := [name for name in names if name not in methods()]:
            raise ConfigError(
                f"there is no method {unknown[0]!r}; there are {', '.join(sorted(methods()))}."
            )
        if len(set(names)) < len(names):
            raise click.UsageError("A method is given twice.")
        if options["tol"] is not None and set(names) - {"ice"}:
            raise click.UsageError(
                "--tol is cooler's rule, which ice alone has; --tolerance is for every method."
            )
        if options["on_failure"] and (options["policy"] or not names):
            raise click.UsageError(
                "--on-failure is for methods of --method, without --convergence-policy."
            )
        if options["tol"] is not None and options["tolerance"] is not None:
            raise click.UsageError("Give at most one of --tol and --tolerance.")
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
        diagonals = self._diagonals(bin_size)
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
            Name of the column, for a single method.
        """
        if not self.names:
            return [self._run(DEFAULT_METHOD, bin_size, (name or PRIMARY,), by_cooler=True)]
        if name is not None and len(self.names) > 1:
            raise click.UsageError("--name is for a single method.")
        runs = []
        for number, method in enumerate(self.names):
            run = self._run(method, bin_size, (), by_cooler=False)
            scope = run.settings.get("scope", methods()[method].settings().scope)
            column = COLUMN_PREFIXES[Scope(scope)] + method.upper()
            columns = (column, PRIMARY) if number == 0 else (column,)
            runs.append(MethodRun(method, run.settings, (name,) if name else columns))
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
            "ignore_diags": self._diagonals(bin_size),
            "tolerance": self.tolerance if variance is None else "cooler",
            "cooler_variance": variance,
            "max_iterations": self.max_iterations or iterations,
            "on_failure": self._on_failure(by_cooler),
            "isolate_limit": self.isolate_limit,
        }
        settings = {key: value for key, value in limits.items() if value is not None}
        for key, option in METHOD_LIMITS.items():
            if key in settings and not hasattr(kind, key):
                raise click.UsageError(f"{method} has no limit {option}.")
        return MethodRun(method, settings, columns)

    def _diagonals(self, bin_size: int | None) -> int | None:
        """Return the diagonals to leave out; None for the method's own number."""
        if self.ignore_dist is None:
            return self.ignore_diags
        if bin_size is None:
            raise ConfigError("--ignore-dist needs bins of one size; use --ignore-diags.")
        own = MaskSettings.ignore_diags if self.ignore_diags is None else self.ignore_diags
        return max(own, math.ceil(self.ignore_dist / bin_size))

    def _on_failure(self, by_cooler: bool) -> str | None:
        """Return what a method does where it does not balance; None for its default."""
        policy = self.policy or ("store_final" if by_cooler else None)
        if policy is None:
            return self.on_failure
        return OnFailure.KEEP.value if policy == "store_final" else OnFailure.NAN.value


def _split_names(text: str) -> Iterator[str]:
    """Yield the methods of one option: in lower case, several separated by commas or blanks."""
    return (name.lower() for name in re.split(r"[,\s]+", text.strip()))


def _read_scope(options: dict[str, Any]) -> Scope | None:
    """Return the contacts that --cis-only, --trans-only or --mode name; None for none of them."""
    flags = {"cis_only": Scope.CIS, "trans_only": Scope.TRANS}
    scopes = [scope for name, scope in flags.items() if options[name]]
    scopes += [MODES[options["mode"]]] if options["mode"] else []
    if len(scopes) > 1:
        raise click.UsageError("Give at most one of --cis-only, --trans-only and --mode.")
    return scopes[0] if scopes else None
