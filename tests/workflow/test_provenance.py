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
