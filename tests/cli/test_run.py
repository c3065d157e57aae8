"""`counterpoise run`: Snakemake with the workflow of the package, on the current folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import cooler
import numpy as np
import pytest
from click.testing import CliRunner
from snakemake.cli import get_argument_parser

from counterpoise.cli import run
from counterpoise.cli.main import group
from counterpoise.errors import ConfigError
from tests.support import REPOSITORY
from tests.support.maps import write_map

COUNTERPOISE = [sys.executable, "-c", "from counterpoise.cli.main import main; main()"]
SNAKEFILE = str(REPOSITORY / "Snakefile")
LOCAL = str(REPOSITORY / "profiles" / "local")
SNAKEMAKE = ["--snakefile", SNAKEFILE, "--profile", LOCAL]


def counterpoise(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COUNTERPOISE, *words], cwd=folder, capture_output=True, text=True)


def add_cohort(folder: Path, *names: str) -> None:
    """Write empty cohorts."""
    (folder / "conf" / "cohort").mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / "conf" / "cohort" / f"{name}.yaml").write_text("")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder that `counterpoise init` made of two small maps."""
    for seed, name in enumerate("ab"):
        write_map(tmp_path / f"{name}.cool", seed)
    done = counterpoise(tmp_path, "init", "study", "a.cool", "b.cool")
    assert done.returncode == 0, done.stderr
    return tmp_path / "study"


@pytest.mark.parametrize(
    ("words", "config", "others"),
    [
        ((), ["conf=conf", "cohort=mine"], []),
        (("-n", "results/x"), ["conf=conf", "cohort=mine"], ["-n", "results/x"]),
        (
            ("--config", "experiment=e", "-n"),
            ["conf=conf", "cohort=mine", "experiment=e"],
            ["-n"],
        ),
        (("-p", "-C", "cohort=b"), ["conf=conf", "cohort=b"], ["-p"]),
        (("--config=conf=other", "x"), ["cohort=mine", "conf=other"], ["x"]),
        (("-n", "-Cexperiment=e", "x"), ["conf=conf", "cohort=mine", "experiment=e"], ["-n", "x"]),
        (("-npCexperiment=e",), ["conf=conf", "cohort=mine", "experiment=e"], ["-np"]),
        (("-nC", "a=1", "b=2"), ["conf=conf", "cohort=mine", "a=1", "b=2"], ["-n"]),
        (("-Chydra_overrides=[h]",), ["conf=conf", "cohort=mine", "hydra_overrides=[h]"], []),
        (("-nph",), ["conf=conf", "cohort=mine"], ["-nph"]),
        (("--configfile", "h.yaml"), ["conf=conf", "cohort=mine"], ["--configfile", "h.yaml"]),
        (
            ("--quiet", "all", "--", "--config"),
            ["conf=conf", "cohort=mine"],
            ["--quiet", "all", "--", "--config"],
        ),
    ],
)
def test_options_pass_through(
    words: tuple[str, ...],
    config: list[str],
    others: list[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_cohort(folder, "mine")
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, command: started.append([program, *command]))
    with pytest.raises(SystemExit):
        group(["run", *words])
    python = [sys.executable, sys.executable, "-P", "-m", "snakemake"]
    assert started == [[*python, "--config", *config, *SNAKEMAKE, *others]]


def test_short_options_are_those_of_snakemake() -> None:
    actions = get_argument_parser()._option_string_actions
    short = {name[1]: action.nargs for name, action in actions.items() if len(name) == 2}
    assert {letter for letter, number in short.items() if number == 0} == set(run.FLAGS)
    assert short["C"] == "*"
    assert short["d"] is None


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help(word: str) -> None:
    result = CliRunner().invoke(group, ["run", "-n", word])
    assert (result.exit_code, "Run the workflow on a cohort" in result.output) == (0, True)


@pytest.mark.parametrize(
    "words", [("-d", "/home/x"), ("-d/home/x",), ("-nd", "x"), ("--directory", "x"), ("--dir=x",)]
)
def test_another_folder_is_refused(words: tuple[str, ...], folder: Path) -> None:
    add_cohort(folder, "mine")
    with pytest.raises(ConfigError, match=f"^{words[0]}: .* cd OTHER && counterpoise run"):
        group(["run", "-n", *words])


def test_a_folder_as_the_first_word_is_refused(folder: Path) -> None:
    add_cohort(folder, "mine")
    (folder / "study").mkdir()
    with pytest.raises(ConfigError, match="run takes no folder: cd study first"):
        group(["run", "study", "-n"])


def test_the_cohort(folder: Path) -> None:
    with pytest.raises(ConfigError, match="counterpoise init"):
        run.snakemake_words(None, "local", [])
    assert run.snakemake_words("demo", "local", [])[:3] == ["--config", "cohort=demo", SNAKEMAKE[0]]
    add_cohort(folder, "a", "b")
    with pytest.raises(ConfigError, match=r"conf/cohort has several cohorts.*: a, b\."):
        run.snakemake_words(None, "local", [])
    assert "cohort=b" in run.snakemake_words("b", "local", [])
    with pytest.raises(click.UsageError, match="cohort once"):
        run.snakemake_words("a", "local", ["--config", "cohort=b"])


def test_a_clone_has_one_conf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert "conf=conf" not in run.snakemake_words("demo", "local", [])


def test_profiles(folder: Path) -> None:
    assert run.find_profile("local") == LOCAL
    assert run.find_profile("cluster") == str(REPOSITORY / "profiles" / "cluster")
    assert run.find_profile("site") == "site"
    (folder / "profiles" / "local").mkdir(parents=True)
    assert run.find_profile("local") == LOCAL  # it has no config.yaml
    (folder / "profiles" / "local" / "config.yaml").write_text("cores: 1")
    assert run.find_profile("local") == str(folder / "profiles" / "local")


def test_a_dry_run_and_its_status(study: Path) -> None:
    # A folder called like a package is not imported.
    (study / "snakemake.py").write_text("raise SystemExit(7)")
    done = counterpoise(study, "run", "-n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "balance        4" in done.stdout + done.stderr
    assert f"Using profile {study}/profiles/local" in done.stdout + done.stderr
    failed = counterpoise(study, "run", "-n", "--config", "colour=red")
    assert failed.returncode == 1
    assert "--config colour=... is not known" in failed.stderr


@pytest.mark.workflow
def test_two_maps_to_coolers(study: Path) -> None:
    done = counterpoise(
        study, "run", "--cores", "2", "--config", 'hydra_overrides=["tracking=off"]'
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in "ab":
        clr = cooler.Cooler(f"{study}/results/study/coolers/{name}.mcool::/resolutions/1000")
        raw = cooler.Cooler(str(study.parent / f"{name}.cool"))
        np.testing.assert_array_equal(clr.matrix(balance=False)[:], raw.matrix(balance=False)[:])
        sums = np.nansum(clr.matrix(balance="KR").fetch("chr1"), axis=1)
        kept = sums[sums > 0]  # not the masked bins
        assert len(kept) > 20
        np.testing.assert_allclose(kept, kept[0], rtol=1e-6)
        assert "weight" in clr.bins().columns
    said = counterpoise(study, "ui", "--no-browser")
    assert said.returncode == 0
    assert f"report  file://{study}/results/study/report.html" in said.stdout
    assert "tracking is off" in said.stdout
    again = counterpoise(study, "run", "-n", "--config", 'hydra_overrides=["tracking=off"]')
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.workflow
def test_one_interrupt_ends_it(study: Path) -> None:
    process = subprocess.Popen(
        [*COUNTERPOISE, "run", "--cores", "1"],
        cwd=study,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        logs = study / "results" / "study" / "logs" / "inspect"
        while not logs.is_dir() and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does for Ctrl-C
        said, _ = process.communicate()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode not in (0, -signal.SIGKILL), said
    assert logs.is_dir(), said
    assert not (study / "results" / "study" / "coolers").exists()
    assert not list(study.glob(".snakemake/locks/*"))
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
