"""Snakemake's own report of a cohort, and the report of a workflow whose export failed."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.cohort import Cohort, copy_workflow

pytestmark = pytest.mark.workflow

SMALL = ("resolutions=[2000]", "~methods.kde", "qc.plots=all")

FAILING_EXPORT = """
import sys

if sys.argv[sys.argv.index("--sample") + 1] == "a":
    sys.exit("counterpoise: no room for a")
"""


def test_the_report_of_snakemake_shows_results_with_captions(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    cohort.run(overrides=SMALL)
    cohort.run("--report", "shown.zip", overrides=SMALL)
    with zipfile.ZipFile(tmp_path / "shown.zip") as archive:
        files = {Path(name).name: name for name in archive.namelist()}
        page = archive.read(files["report.html"]).decode()
        assert sum("/data/" in name for name in archive.namelist()) >= 9
    for category in ("Cohort", "Runs", "Samples side by side"):
        assert f'"{category}"' in page, category
    labels = {tuple(pair) for pair in re.findall(r'"(content|method)": "([^"]+)"', page)}
    assert labels == {
        ("content", "table of runs"),
        ("content", "table of samples"),
        ("content", "report"),
        ("content", "figure"),
        ("content", "concordance"),
        ("method", "ice"),
        ("method", "kr"),
    }
    assert "Figure of one run: sample b at 2000 bp" in page
    assert "{{" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_a_cooler_that_could_not_be_written_is_named_in_the_report(tmp_path: Path) -> None:
    workflow = copy_workflow(tmp_path / "workflow")
    script = workflow / "scripts" / "export.py"
    script.write_text(FAILING_EXPORT + script.read_text())
    cohort = Cohort(tmp_path / "work", workflow)
    done = subprocess.run(
        cohort.command(overrides=SMALL),
        cwd=cohort.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    results = cohort.folder / "results" / "small"
    page = (results / "report.html").read_text(encoding="utf-8")
    unmade = re.search(r"<p[^>]*><b>Not written, because a job failed.*?</p>", page)
    assert unmade is not None
    assert "results/small/coolers/a.mcool" in unmade.group()
    assert "results/small/coolers/b.mcool" not in unmade.group()
    assert (results / "multiqc" / "general_mqc.json").is_file()
    # The report is made again when the cooler is there.
    assert (results / "report.html").stat().st_mtime < 1e9
    script.write_text(script.read_text().removeprefix(FAILING_EXPORT))
    assert cohort.planned(*SMALL) == {"export": 1, "report": 1, "track": 1}
