"""Cohorts that are composed of the files in conf/, and the settings of their jobs."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.jobs.plan import Plan
from tests.support import REPOSITORY

CONF = REPOSITORY / "conf"
COHORTS = sorted(path.stem for path in (CONF / "cohort").glob("*.yaml"))

COHORT = """\
# @package _global_
defaults:
  - /method@methods.ice: ice
  - /method@methods.kr: kr
  - _self_

cohort: mine
resolutions: [10000, 50000]
primary: ice

samples:
  a:
    path: resources/demo/simulated.cool
  b:
    path: resources/demo/simulated.cool::/
    condition: treated
    replicate: "2"
    assembly: sacCer
    resolutions: [20000]
"""

SOURCE = """\

sources:
  iced:
    version: 0.6.0
    sha256: 1572132827c49ef336f7f65b4dcb604ea6d53c8cb8d9a2fd457e9980bbc06bfe
    members:
      duan.bed: iced/datasets/data/duan2009/duan.SC.10000.raw_sub.bed
"""


def demo(*overrides: str) -> Cohort:
    return load_cohort(CONF, list(overrides))


def with_cohort(folder: Path, text: str, *overrides: str) -> Cohort:
    """Compose a copy of conf/ with a cohort of this text."""
    conf = folder / "conf"
    shutil.copytree(CONF, conf)
    (conf / "cohort" / "mine.yaml").write_text(text, encoding="utf-8")
    return load_cohort(conf, ["cohort=mine", *overrides], root=folder)


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def settings_of(cohort: Cohort, rule: str, **wildcards: str) -> dict[str, Any]:
    """Return the settings of a rule's job, as Snakemake records them."""
    return Plan(cohort, "results").params(rule)(SimpleNamespace(**wildcards))


def method_of(cohort: Cohort, method: str) -> dict[str, Any]:
    """Return the settings of a method of the cohort."""
    sample = next(iter(cohort.samples))
    job = settings_of(cohort, "balance", sample=sample, method=method)
    settings: dict[str, Any] = job["settings"]
    return settings


def jobs(cohort: Cohort) -> dict[str, Any]:
    """Return the settings of every job."""
    return {
        "inspect": [settings_of(cohort, "inspect", sample=name) for name in cohort.samples],
        "ingest": [
            settings_of(cohort, "ingest", sample=name, resolution=str(resolution))
            for name, resolution in cohort.maps
        ],
        "mask": settings_of(cohort, "mask"),
        "methods": {
            name: [
                settings_of(cohort, "balance", sample=sample, method=name)
                for sample in cohort.samples
            ]
            for name in cohort.methods
        },
        "compare": [
            settings_of(cohort, "compare", resolution=str(resolution))
            for resolution in cohort.compared
        ],
        "report": settings_of(cohort, "report"),
        "export": {name: settings_of(cohort, "export", sample=name) for name in cohort.samples},
        "qc": [
            settings_of(cohort, "plot", sample=name, resolution=str(resolution))
            for name, resolution in cohort.maps
        ],
        "tracking": settings_of(cohort, "track"),
        "archives": {
            package: settings_of(cohort, "download_sdist", package=package)
            for package in cohort.settings.sources
        },
    }


def plain(value: Any) -> bool:
    """Return whether all is builtin types; Snakemake's rerun trigger ignores anything else."""
    if type(value) is dict:
        return all(type(key) is str and plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(plain, value))
    return value is None or type(value) in (str, int, float, bool)
