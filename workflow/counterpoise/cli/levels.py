"""Balance the levels of a file with the methods that were asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
import h5py

from counterpoise.balancing.api import balance
from counterpoise.balancing.result import Balance
from counterpoise.cli.options import ADVISED, METHOD_LIMITS, BalancingOptions, MethodRun
from counterpoise.contacts.bins import BinTable, format_base_pairs
from counterpoise.contacts.contact_map import ContactMap, Contacts
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.read import open_contacts
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.mask import mask_bins
from counterpoise.records.fitness import Fitness
from counterpoise.records.wording import fitness_label, fitness_reason
from counterpoise.store.tiling import Tiling
from counterpoise.store.weight_columns import remove_weight_column, write_weight_column

Progress = Callable[[str], None]
# Options of the settings that reasons name.
OPTIONS = {
    **METHOD_LIMITS,
    "on_failure": "--on-failure",
    "mask.ignore_diags": "--ignore-diags",
    "ignore_diags": "--ignore-diags",
}
# Options of settings that reasons also name without a value.
NAMED_OPTIONS = {
    "isolate_limit": METHOD_LIMITS["isolate_limit"],
    "max_iterations": METHOD_LIMITS["max_iterations"],
    "min_nnz": "--min-nnz",
    "min_count": "--min-count",
    "mad_max": "--mad-max",
}
BALANCED, NOT_BALANCED = 0, 1  # statuses of the commands that balance


@dataclass(frozen=True)
class LevelResult:
    """The weights of one method on one level.

    Attributes
    ----------
    level : Level
        The level.
    run : MethodRun
        The method and its columns.
    balance : Balance
        Its result.
    is_discarded : bool
        Whether the weights are not written, by the convergence policy.
    """

    level: Level
    run: MethodRun
    balance: Balance
    is_discarded: bool = False

    @property
    def is_balanced(self) -> bool:
        """Whether the whole map is balanced."""
        return self.balance.status.balanced

    @property
    def bins(self) -> BinTable:
        """The bins of the level."""
        return self.balance.contacts.bins

    @property
    def is_fit(self) -> bool:
        """Whether the weights may be used, perhaps with caution."""
        return self.balance.fitness is not Fitness.NO

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of the weights."""
        return self.run.columns

    def write(self, group: h5py.Group, tiling: Tiling) -> None:
        """Write the weights and their standard errors as columns of each name.

        Columns of these names are removed, also where the weights are discarded, as cooler does.

        Parameters
        ----------
        group : h5py.Group
            The level in a cooler file.
        tiling : Tiling
            The bins of the map among those of the file.
        """
        table, balance = group["bins"], self.balance
        for name in self.names:
            remove_weight_column(table, name)
            if not self.is_discarded:
                write_weight_column(
                    table, name, balance.weights, balance.se, balance.verdict, tiling
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values."""
        return {
            "file": self.balance.contacts.source["uri"],
            "resolution": self.level.resolution,
            "columns": list(self.names),
            "verdict": self.balance.verdict.to_dict(),
        }

    def describe(self) -> str:
        """Return the verdict in one line."""
        verdict = self.balance.verdict
        size = format_base_pairs(self.balance.contacts.bins.resolution)
        words = f"{size}  {self.run.columns[0]}  {verdict.status.value}, "
        reason = " ".join(filter(None, [fitness_reason(verdict.fitness_causes), verdict.reason]))
        label = fitness_label(verdict.fitness)
        return words + label + (f": {name_options(reason, self.run.excludes)}" if reason else "")


def name_options(reason: str, excludes: Mapping[str, str]) -> str:
    """Return a reason with the options of commands in the place of the settings of a cohort.

    Settings that no option has are said to be those of a workflow.

    Parameters
    ----------
    reason : str
        Reason of a verdict, such as ``Set on_failure: isolate.``
    excludes : mapping of str to str
        Options that were given, by the options and methods that they exclude.
    """
    settings = rf"\b({'|'.join(OPTIONS)}): "
    reason = re.sub(settings, lambda match: f"{OPTIONS[match[1]]} ", reason)
    for setting, option in NAMED_OPTIONS.items():
        reason = re.sub(rf"\b{setting}\b", option, reason)
    reason = reason.replace("--ignore-diags 0, also for the mask", "--ignore-diags 0")
    reason = reason.replace("Set mask.cis_only: false", "Leave out --cis-only")
    reason = reason.replace("Check the blacklist", "Check the file of --blacklist")
    reason = re.sub(rf"\b([Uu]se) ({'|'.join(ADVISED)})\b", r"\1 -m \2", reason)
    for option, others in excludes.items():
        value = "" if option.startswith("-m ") else r" [\w.-]*\w"
        reason = re.sub(rf"{option}{value}\b", rf"\g<0> (without {others})", reason)
    reason = re.sub(r"\b[Ll]eave th(is|ese) chromosomes? out\b", r"\g<0> (--blacklist)", reason)
    reason = reason.replace("(mask.regions)", "(in a workflow, mask.regions)")
    return reason.replace("aise max_products", "aise max_products (in a workflow)")


def read_levels(uri: str) -> tuple[SourceInfo, list[Level]]:
    """Return a file's levels, the finest first.

    Parameters
    ----------
    uri : str
        `.cool`, `.mcool` or `.hic` file, or ``file.mcool::/resolutions/10000``.
    """
    info = inspect_source(uri, identify=False)
    return info, sorted(info.levels, key=lambda level: level.resolution or 0)


def load_level(info: SourceInfo, level: Level) -> Contacts:
    """Read a level into memory.

    Parameters
    ----------
    info : SourceInfo
        The file.
    level : Level
        One of its levels.
    """
    with open_contacts(info.uri_of(level), level.resolution) as checked:
        return checked.load()


def balance_level(
    level: Level,
    contacts: ContactMap,
    runs: Sequence[MethodRun],
    options: BalancingOptions,
    progress: Progress,
) -> Iterator[LevelResult]:
    """Balance one map with each method.

    Parameters
    ----------
    level : Level
        Its level.
    contacts : ContactMap
        The map.
    runs : sequence of MethodRun
        The methods.
    options : BalancingOptions
        Filters and threads.
    progress : callable
        Receives a line of text at intervals.

    Yields
    ------
    LevelResult
        As each method is done.
    """
    mask = mask_bins(contacts, options.mask(contacts.bins.resolution))
    # A result is written when all levels are balanced; until then it keeps no pixels.
    no_pixels = Contacts.from_chunks(contacts.bins, [], dict(contacts.source))
    for run in runs:
        result = balance(
            contacts,
            run.method,
            mask=mask,
            threads=options.threads,
            progress=progress,
            **run.settings,
        )
        yield LevelResult(level, run, replace(result, contacts=no_pixels))


def results_to_write(
    uri: str, results: Sequence[LevelResult], policy: str | None
) -> list[LevelResult] | None:
    """Return the results that the convergence policy lets through.

    Parameters
    ----------
    uri : str
        The file, for the message.
    results : sequence of LevelResult
        All of them.
    policy : str or None
        One of ``options.POLICIES``.

    Returns
    -------
    list of LevelResult or None
        None if nothing may be written, which is then said on standard error.
    """
    if policy == "error" and not all(result.is_balanced for result in results):
        click.echo(f"{uri}: nothing was written, since not every level is balanced.", err=True)
        return None
    if policy != "discard":
        return list(results)
    return [replace(result, is_discarded=not result.is_balanced) for result in results]
