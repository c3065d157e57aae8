"""Files that are replaced, touched or dated in the future, run through the workflow."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from counterpoise.files import sha256
from tests.support.cohort import Cohort
from tests.support.maps import write_map

pytestmark = pytest.mark.workflow

ONE_RUN = ("resolutions=[2000]", "~methods.kde", "~methods.ice")
AFTER_INSPECT = {"ingest", "mask", "balance", "plot", "export", "report", "track"}


def recorded(cohort: Cohort) -> str:
    verdict = cohort.folder / "results/small/weights/a/2000/kr/verdict.json"
    return str(json.loads(verdict.read_text())["source"]["identity"]["sha256"])


@pytest.mark.long
def test_replaced_touched_and_future_files(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    source = tmp_path / "a.cool"
    year = time.time() + 3e7
    os.utime(source, (year, year))
    cohort.run(overrides=ONE_RUN)
    assert recorded(cohort) == sha256(source)
    assert cohort.planned(*ONE_RUN) == {}

    # Other content with an older date, as cp -p and rsync -t restore it.
    write_map(tmp_path / "old.cool", 11)
    os.utime(tmp_path / "old.cool", (1e9, 1e9))
    shutil.copy2(tmp_path / "old.cool", source)
    assert set(cohort.planned(*ONE_RUN)) == AFTER_INSPECT | {"inspect"}
    cohort.run(overrides=ONE_RUN)
    assert recorded(cohort) == sha256(source) == sha256(tmp_path / "old.cool")
    assert cohort.planned(*ONE_RUN) == {}

    # Another date alone is recorded, and nothing else runs.
    before = {path: digest for path, digest in cohort.files().items() if "/weights/" in path}
    source.touch()
    assert cohort.planned(*ONE_RUN) == {"inspect": 1}
    cohort.run(overrides=ONE_RUN)
    assert cohort.planned(*ONE_RUN) == {}
    after = cohort.files()
    assert before == {path: after[path] for path in before}, "verdicts hold the time of a run"


@pytest.mark.long
def test_settings_are_compared_without_snakemakes_records(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    cohort.run(overrides=ONE_RUN)
    shutil.rmtree(tmp_path / ".snakemake")
    views = {"plot": 1, "export": 1, "report": 1, "track": 1}
    balance = {"balance": 1, **views}
    changes = {
        "methods.kr.tolerance=1e-4": balance,
        "methods.kr.bootstrap=2": balance,
        "backend=numpy": balance,
        "mask.min_nnz=5": {"mask": 1, **balance},
        "fitness.error_no=0.5": balance,
        "ingest.hic_engine=hicstraw": views,  # no engine reads a cooler
    }
    for override, jobs in changes.items():
        assert cohort.planned(*ONE_RUN, override) == jobs, override
    loose = (*ONE_RUN, "methods.kr.tolerance=1e-4")
    output = cohort.run(overrides=loose)
    assert "Snakemake has no record of how 5 results were made" in output
    assert cohort.planned(*loose) == {}
    # The mask still has no record.
    assert cohort.planned(*loose, "mask.min_nnz=5") == {"mask": 1, **balance}
    write_map(tmp_path / "old.cool", 11)
    os.utime(tmp_path / "old.cool", (1e9, 1e9))
    shutil.rmtree(tmp_path / ".snakemake")
    shutil.copy2(tmp_path / "old.cool", tmp_path / "a.cool")
    assert cohort.planned(*loose) == {"inspect": 1, "ingest": 1, "mask": 1, **balance}
    assert "Nothing to be done" not in cohort.run("--touch", overrides=loose)
    assert cohort.planned(*loose) == {}


def test_settings_of_a_choice_are_compared_without_snakemakes_records(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    chosen = ("resolutions=[2000]", "~methods.kde", "~methods.ice", "~methods.kr", "primary=auto")
    chosen = (*chosen, "+method@methods.auto=auto")
    cohort.run(overrides=chosen)
    verdict = cohort.folder / "results/small/weights/a/2000/auto/verdict.json"
    assert json.loads(verdict.read_text())["method"] in ("kr", "kde_eb", "kde")
    shutil.rmtree(tmp_path / ".snakemake")
    views = {"plot": 1, "export": 1, "report": 1, "track": 1}
    assert cohort.planned(*chosen) == views
    assert cohort.planned(*chosen, "methods.auto.ignore_diags=1") == {"balance": 1, **views}
