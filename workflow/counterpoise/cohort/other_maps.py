"""Check that the maps from which runs take something have the levels of these runs.

This looks into files, which the main process does once and jobs do not repeat.
"""

from __future__ import annotations

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.levels import list_levels
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import ConfigError, InputError
from counterpoise.ingest.formats import inspect_source, is_cooler_format


def check_levels_of_other_maps(cohort: Cohort) -> None:
    """Refuse a prior's file, or a sample whose weights others get, without a level of the cohort.

    Parameters
    ----------
    cohort : Cohort
        The cohort.

    Raises
    ------
    ConfigError
        Names the method, the file or the samples, and the level.
    """
    sizes = list(dict.fromkeys(size for _, size in cohort.maps)) if cohort.priors else []
    for method, prior in cohort.priors.items():
        if prior.file:
            _check_file(f"methods.{method}.prior", prior.prior, sizes)
    for method, source in cohort.weights_of.items():
        _check_source(cohort, f"methods.{method}.apply_weights_of", source)


def _check_file(place: str, uri: str, sizes: list[int]) -> None:
    """Refuse a file that is no cooler or lacks a level."""
    try:
        info = inspect_source(uri, identify=False, quick=True)
    except InputError as error:
        raise ConfigError(f"{place}: {error}") from error
    if not is_cooler_format(info.format):
        raise ConfigError(f"{place}: {uri} is no cooler; convert it (hictk convert).")
    stored = [level.resolution for level in info.levels]
    for size in sizes:
        if size not in stored:
            raise ConfigError(
                f"{place}: {uri} has no level of {format_base_pairs(size)} (it has "
                f"{list_levels(info)}); name a file with all resolutions of the cohort, or make an "
                "experiment for the other resolutions."
            )


def _check_source(cohort: Cohort, place: str, source: str) -> None:
    """Refuse a sample that lacks a level of another one."""
    levels = cohort.resolutions(source)
    for sample, size in cohort.maps:
        if size not in levels:
            raise ConfigError(
                f"{place}: sample {source} has no level of {format_base_pairs(size)}, which sample "
                f"{sample} has; give {source} a file with this level, or leave the level out of "
                f"the resolutions of {sample}."
            )
