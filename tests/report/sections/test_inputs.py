"""The sections of inputs and of settings."""

from __future__ import annotations

import re
from pathlib import Path

from counterpoise.cohort.compose import load_cohort
from counterpoise.jobs.report import ReportJob
from counterpoise.report.sections.collect import Sections
from counterpoise.report.sections.facts import NO_DEFAULT
from counterpoise.report.sections.inputs import describe_levels
from counterpoise.store.paths import ResultPaths
from tests.support import REPOSITORY
from tests.support.report_sections import (
    GROUPS,
)


def test_levels_in_words() -> None:
    assert describe_levels({10_000: None}) == "10 kb as stored"
    summed = describe_levels({10_000: None, 20_000: None, 40_000: 20_000})
    assert summed == "10 kb, 20 kb as stored; 40 kb summed from 20 kb"


def test_inputs_have_their_checksums(sections: Sections, results: ResultPaths) -> None:
    assert [each.sample for each in sections.inputs] == list(GROUPS)
    for each in sections.inputs:
        assert re.fullmatch(r"[0-9a-f]{64}", each.sha256)
        assert each.levels == "10 kb as stored; 40 kb summed from 10 kb"
        assert Path(each.uri).is_file()


def test_settings_that_are_not_the_defaults_are_found(tmp_path: Path) -> None:
    cohort = load_cohort(
        REPOSITORY / "conf",
        ["cohort=demo", "mask.min_nnz=7", "qc.dpi=150", "methods.kde.bandwidth=20000",
         "fitness.error_no=0.4", "primary=kr", "tracking.enabled=false"],
    )  # fmt: skip
    job = ReportJob.of(cohort)
    assert ReportJob.from_params(job.to_params()) == job
    changed = {(each.section, each.name): (each.value, each.default)
               for each in job.settings if each.default is not None}  # fmt: skip
    assert changed == {
        ("cohort", "cohort"): ("demo", NO_DEFAULT),
        ("cohort", "resolutions"): ("10 kb, 20 kb", NO_DEFAULT),
        ("cohort", "primary"): ("kr", "ice"),
        ("mask", "min_nnz"): ("7", "10"),
        ("qc", "dpi"): ("150", "110"),
        ("methods.kde", "bandwidth"): ("20000.0", "auto"),
        ("fitness", "error_no"): ("0.4", "0.3"),
    }
    sections = dict.fromkeys(each.section for each in job.settings)
    assert list(sections) == [
        "cohort", "chromosomes", "thin", "ingest", "mask", "fitness", "qc",
        *(f"methods.{name}" for name in cohort.methods),
    ]  # fmt: skip
