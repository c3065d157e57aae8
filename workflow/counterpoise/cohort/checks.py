"""Checks of a composed configuration: what its classes cannot see one by one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from counterpoise.cohort.cohort import Cohort, made_files
from counterpoise.cohort.samples import (
    Sample,
    SampleTable,
    check_name,
    read_sheet,
)
from counterpoise.cohort.settings import METHOD_KEY, CohortSettings, TrackingSettings
from counterpoise.errors import ConfigError
from counterpoise.methods.base import MethodSettings
from counterpoise.report.table import USUAL_LABELS

# Keys that decide ``inputs/``, ``triples/`` and ``resources/``, which a cohort's experiments share.
SHARED_KEYS = ("cohort", "samples", "sample_sheet", "sources", "ingest")


def check_cohort(
    settings: CohortSettings,
    algorithms: dict[str, str],
    methods: dict[str, MethodSettings],
    root: Path,
) -> Cohort:
    """Check a configuration and read its samples.

    Parameters
    ----------
    settings : CohortSettings
        The configuration.
    algorithms : dict of str to str
        Algorithm of each entry of ``settings.methods``.
    methods : dict of str to MethodSettings
        Settings of each entry.
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
    _check_names(settings, methods)
    _check_choices(settings, methods)
    files_made = _find_made_files(settings)
    _check_blacklist(settings, files_made, root)
    samples = _read_samples(settings, files_made, root)
    cohort = Cohort(settings, samples, methods, algorithms)
    _check_columns(cohort)
    _check_groups(cohort)
    return cohort


def _check_names(settings: CohortSettings, methods: dict[str, MethodSettings]) -> None:
    """Check the names of the cohort and of its methods, which become names of files."""
    if settings.cohort in (MISSING, ""):
        raise ConfigError("cohort has no name; choose one with --config cohort=NAME.")
    check_name("cohort", settings.cohort)
    if settings.cohort.lower() in _mlflow_files(settings.tracking):
        raise ConfigError(
            f"cohort: the name {settings.cohort} is taken, by MLflow's files in results/."
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
            f"primary is {settings.primary!r}, which is none of the methods ({', '.join(methods)})."
        )


def _find_made_files(settings: CohortSettings) -> set[str]:
    """Return the files that rules of the workflow make; check their names."""
    for package, source in settings.sources.items():
        for name in (package, *source.members):
            check_name(f"sources.{package}", name)
        if not re.fullmatch(r"[0-9a-f]{64}", source.sha256):
            raise ConfigError(f"sources.{package}.sha256 must be 64 hexadecimal digits.")
    return made_files(settings)


def _check_blacklist(settings: CohortSettings, files_made: set[str], root: Path) -> None:
    """Check that the blacklist exists or will be made."""
    blacklist = settings.mask.blacklist
    if settings.files_made and "{" in (blacklist or ""):
        raise ConfigError(
            f"mask.blacklist: with files_made, Snakemake takes {{ in the path {blacklist} for the "
            "beginning of a wildcard; rename the file."
        )
    if settings.files_made or not blacklist or blacklist in files_made:
        return
    if not os.path.isfile(root / blacklist):
        raise ConfigError(f"mask.blacklist: the file {blacklist} does not exist; correct the path.")


def _read_samples(settings: CohortSettings, files_made: set[str], root: Path) -> dict[str, Sample]:
    """Read the samples from the YAML or the sheet, and check their names and files."""
    if bool(settings.samples) == bool(settings.sample_sheet):
        raise ConfigError("give either samples or sample_sheet, one of the two.")
    if settings.sample_sheet:
        table = read_sheet(root / settings.sample_sheet)
    else:
        table = SampleTable("samples", settings.samples)
    return table.validate(root, None if settings.files_made else files_made)


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
    """Check that samples have the labels of ``group_by``."""
    labels = sorted({name for sample in cohort.samples.values() for name in sample.all_labels})
    for label in cohort.settings.group_by:
        if label not in (*labels, *USUAL_LABELS):
            raise ConfigError(
                f"group_by: no sample has a label {label!r}; the labels are "
                f"{', '.join(labels) or 'none'}."
            )


def check_overlay(experiment: str, composed: dict[str, Any], cohort: dict[str, Any]) -> None:
    """Check an experiment against its cohort.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    composed : dict
        The cohort with the overlay on it.
    cohort : dict
        The cohort without the overlay; only its ``SHARED_KEYS`` and methods are used.

    Raises
    ------
    ConfigError
        If the overlay would overwrite files that experiments share with the cohort, or sets up a
        method that the cohort does not have.
    """
    place = f"conf/experiment/{experiment}.yaml"
    with_overlay, without = _flatten_shared(composed), _flatten_shared(cohort)
    for key in with_overlay:
        if with_overlay[key] != without.get(key):
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


def _flatten_shared(composed: dict[str, Any]) -> dict[str, Any]:
    """Return the values of ``SHARED_KEYS`` by dotted key; of samples only their paths."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}", inner)
        elif not prefix.startswith("samples.") or prefix.endswith(".path"):
            flat[prefix] = value

    for key in SHARED_KEYS:
        walk(key, composed[key])
    return flat
