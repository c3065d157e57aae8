"""Folders and files of any name: they work or are refused, and never run as shell."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.support.cohort import COHORT, Cohort, copy_workflow

SMALL = ("resolutions=[2000]", "~methods.kde", "~methods.ice")
ALL_IN_ONE = "a b'q\"$(touch X);ü&[1]#%41"


def clone_in(folder: Path) -> Cohort:
    """Return a cohort of one sample and a clone of the workflow, both in a folder."""
    folder.mkdir()
    cohort = Cohort(folder / "run", copy_workflow(folder / "clone"))
    cohort.write_sheet("a")
    return cohort


def run_unchecked(cohort: Cohort, *words: str, overrides: tuple[str, ...] = SMALL) -> str:
    """Run the workflow, which must fail, and return what it says."""
    done = subprocess.run(
        cohort.command(*words, overrides=overrides),
        cwd=cohort.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_shell_commands_quote_what_they_insert() -> None:
    """Numbers alone need no quotes."""
    for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"):
        commands = re.findall(r"^    shell:\n((?:        .+\n?)+)", path.read_text(), re.MULTILINE)
        assert commands
        for placeholder in re.findall(r"\{([^}]+)\}", "".join(commands)):
            assert placeholder.endswith(":q") or placeholder in ("threads", "resources.mem_mb")


def test_a_dry_run_in_a_folder_of_any_name(tmp_path: Path) -> None:
    cohort = clone_in(tmp_path / ALL_IN_ONE)
    assert cohort.planned(*SMALL)["balance"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [ALL_IN_ONE]


@pytest.mark.workflow
@pytest.mark.parametrize("name", ["a b", "q'uote", "d$(touch X)x", "grün", 'q"u`ls`', "x=1,y"])
def test_jobs_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    cohort = clone_in(tmp_path / name)
    cohort.run("--until", "mask", overrides=SMALL)
    assert (cohort.folder / "results/small/masks/a/2000.parquet").is_file()
    assert not list(tmp_path.rglob("X"))


@pytest.mark.workflow
def test_the_whole_workflow_in_a_folder_of_any_name(tmp_path: Path) -> None:
    # MLflow 3 makes no SQLite database in a folder with both kinds of quotes in its path.
    cohort = clone_in(tmp_path / ALL_IN_ONE.replace('"', ""))
    cohort.run(overrides=(*SMALL, "tracking=sqlite"))
    assert (cohort.folder / "results/small/report.html").is_file()
    assert '"state": "logged"' in (cohort.folder / "results/small/tracking.json").read_text()
    assert cohort.planned(*SMALL, "tracking=sqlite") == {}
    assert not list(tmp_path.rglob("X"))


def test_a_clone_in_a_folder_with_braces_is_refused(tmp_path: Path) -> None:
    said = run_unchecked(clone_in(tmp_path / "a{x}b"), "-n")
    assert re.search(r"counterpoise: the workflow is in .*a\{x\}b.*\. Rename the folder\.", said)
    assert "Traceback" not in said


@pytest.mark.workflow
def test_files_with_braces(tmp_path: Path) -> None:
    """Snakemake takes {x} for a wildcard, so these files are no inputs of its rules."""
    cohort = Cohort(tmp_path)
    (tmp_path / "a.cool").rename(tmp_path / "{sample}{x} b}.cool")
    (tmp_path / "samples.tsv").write_text("sample\tpath\na\t{sample}{x} b}.cool\n")
    bed = tmp_path / "{list}.bed"
    bed.write_text("chr1\t0\t2000\n")
    overrides = (*SMALL, "mask.blacklist='{list}.bed'")
    cohort.run("--until", "mask", overrides=overrides)
    assert cohort.planned(*overrides, words="--until mask") == {}
    bed.write_text("chr1\t0\t4000\n")
    assert cohort.planned(*overrides, words="--until mask") == {"mask": 1}


@pytest.mark.workflow
def test_results_of_a_renamed_cohort_are_kept(tmp_path: Path) -> None:
    """As the message says about a cohort whose name is not that of its file."""
    cohort = Cohort(tmp_path)
    cohort.write_sheet("a")
    cohort.run(overrides=SMALL)
    files = cohort.digests()
    file = tmp_path / "conf" / "cohort" / "small.yaml"
    file.write_text(COHORT.replace("cohort: small", "cohort: other"))
    said = run_unchecked(cohort, "-n")
    assert "write 'cohort: small'" in said
    assert "mv results/other results/small" in said
    file.rename(file.with_name("other.yaml"))
    (tmp_path / "results" / "small").rename(tmp_path / "results" / "other")
    command = [
        word.replace("cohort=small", "cohort=other")
        for word in cohort.command("-n", overrides=SMALL)
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    planned = set(re.findall(r"^(\w+) +\d+$", done.stdout + done.stderr, re.MULTILINE))
    assert planned == {"export", "plot", "report", "track", "all", "total"}
    assert [*files.values()] == [*cohort.digests().values()]
