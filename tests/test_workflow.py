"""The whole workflow on a small cohort: what runs, what reruns, and what survives kill -9.

Everything here runs in a clone without the shared maps too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

COHORT = """# @package _global_
defaults:
  - /method@methods.ice: ice
  - /method@methods.kr: kr
  - /method@methods.kde: kde
  - _self_
cohort: small
resolutions: [1000, 2000]
primary: kr
sample_sheet: samples.tsv
methods:
  kr: {scope: genome}
"""


def write_map(path: Path, seed: int) -> None:
    """A random map of two chromosomes, 40 bins, dense enough to be balanced."""
    rng = np.random.default_rng(seed)
    sizes = {"chr1": 25_000, "chr2": 15_000}
    bins = cooler.binnify(pd.Series(sizes), 1000)
    bin1, bin2 = np.triu_indices(len(bins))
    counts = rng.poisson(40 / (1 + (bin2 - bin1) / 4)) + 1
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
    cooler.create_cooler(str(path), bins, pixels)


class Cohort:
    """A working folder with its own cohort, apart from the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "conf" / "cohort").mkdir(parents=True)
        (folder / "conf" / "cohort" / "small.yaml").write_text(COHORT)
        for seed, name in enumerate("ab"):
            write_map(folder / f"{name}.cool", seed)
        self.write_sheet("ab")

    def write_sheet(self, names: str) -> None:
        rows = "".join(f"{name}\t{name}.cool\tcondition {name}\n" for name in names)
        (self.folder / "samples.tsv").write_text("sample\tpath\tcondition\n" + rows)

    def command(self, *words: str, overrides: tuple[str, ...] = ()) -> list[str]:
        quoted = json.dumps(["tracking=off", *overrides])
        return [
            *(sys.executable, "-m", "snakemake", "--profile", str(REPOSITORY / "profiles/local")),
            *("--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "2", *words),
            *("--config", "cohort=small", "conf=conf", f"hydra_overrides={quoted}"),
        ]

    def run(self, *words: str, overrides: tuple[str, ...] = ()) -> str:
        done = subprocess.run(
            self.command(*words, overrides=overrides),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *overrides: str) -> dict[str, int]:
        """Jobs of each rule that a dry run would do."""
        output = self.run("-n", overrides=overrides)
        table = re.search(r"^job +count\n[- ]+\n((?:\S+ +\d+\n)+)", output, re.MULTILINE)
        if table is None:
            assert "Nothing to be done" in output
            return {}
        rows = (line.split() for line in table.group(1).splitlines())
        return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}

    def digests(self) -> dict[str, str]:
        """SHA-256 of every result that is the same on every run (docs/outputs.md)."""
        files = [
            path
            for pattern in ("*.parquet", "*.mcool", "*.png", "source.json")
            for path in (self.folder / "results").rglob(pattern)
        ]
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    cohort = Cohort(tmp_path_factory.mktemp("cohort"))
    cohort.run()
    return cohort


def test_every_output_is_there(finished: Cohort) -> None:
    base = finished.folder / "results" / "small"
    for sample in "ab":
        assert (base / "coolers" / f"{sample}.mcool").is_file()
        for resolution in ("1000", "2000"):
            assert (base / "masks" / sample / f"{resolution}.parquet").is_file()
            for name in ("pixels.parquet", "bins.parquet", "source.json"):
                assert (base / "triples" / sample / resolution / name).is_file()
            for method in ("ice", "kr", "kde"):
                folder = base / "weights" / sample / resolution / method
                verdict = json.loads((folder / "verdict.json").read_text())
                assert verdict["status"] == "converged"
                assert (folder / "weights.parquet").is_file()
                assert (folder / "trace.parquet").is_file()
                assert (base / "qc" / sample / resolution / f"{method}.png").is_file()
            assert (base / "weights" / sample / resolution / "kde" / "bandwidth.parquet").is_file()
    for resolution in ("1000", "2000"):
        assert (base / "compare" / f"{resolution}.png").is_file()
    summary = pd.read_csv(base / "summary.tsv", sep="\t")
    assert len(summary) == 12
    assert (base / "report.html").stat().st_size > 100_000
    hidden = [path for path in base.rglob(".*") if path.is_file()]
    assert hidden == []


def test_balanced_coolers_are_flat_in_cooler(finished: Cohort) -> None:
    for resolution in (1000, 2000):
        uri = f"{finished.folder}/results/small/coolers/a.mcool::/resolutions/{resolution}"
        kept = np.isfinite(cooler.Cooler(uri).bins()["weight"][:].to_numpy())
        balanced = cooler.Cooler(uri).matrix(balance="weight")[:]
        assert kept.sum() > 0.8 * len(kept)
        np.testing.assert_allclose(np.nansum(balanced, axis=1)[kept], 1, atol=1e-6)


def test_nothing_to_do_again(finished: Cohort) -> None:
    assert finished.planned() == {}


def test_a_methods_setting_reruns_that_method_alone(finished: Cohort) -> None:
    planned = finished.planned("methods.ice.tolerance=1e-4")
    assert planned == {
        "balance": 4, "plot": 4, "compare": 2, "export": 2, "report": 1, "track": 1,
    }  # fmt: skip


def test_what_decides_a_bandwidth_reruns_its_search(finished: Cohort) -> None:
    after = {"balance": 4, "plot": 4, "compare": 2, "export": 2, "report": 1, "track": 1}
    assert finished.planned("methods.kde.score=cvm") == {"bandwidth": 4, **after}
    for later in ("methods.kde.on_failure=keep", "methods.kde.bootstrap=2"):
        assert finished.planned(later) == after
    assert finished.planned("methods.kde.bandwidth=2000") == after


def test_a_mask_setting_reruns_no_ingest(finished: Cohort) -> None:
    planned = finished.planned("mask.min_nnz=5")
    assert planned == {
        "mask": 4, "bandwidth": 4, "balance": 12, "plot": 12, "compare": 2, "export": 2,
        "report": 1, "track": 1,
    }  # fmt: skip


def test_plot_settings_rerun_plots_and_what_shows_them(finished: Cohort) -> None:
    assert finished.planned("qc.dpi=50") == {
        "plot": 12, "compare": 2, "report": 1, "track": 1,
    }  # fmt: skip
    assert finished.planned("qc.max_pixels=50") == {"plot": 12, "report": 1, "track": 1}


def test_tracking_settings_rerun_tracking_alone(finished: Cohort) -> None:
    assert finished.planned("tracking.timeout_seconds=3") == {"track": 1}


def test_a_new_sample_runs_by_itself(finished: Cohort) -> None:
    write_map(finished.folder / "c.cool", 7)
    finished.write_sheet("abc")
    planned = finished.planned()
    finished.write_sheet("ab")
    assert planned == {
        "inspect": 1, "ingest": 2, "mask": 2, "bandwidth": 2, "balance": 6, "plot": 6,
        "compare": 2, "export": 1, "report": 1, "track": 1,
    }  # fmt: skip


def test_a_sample_alone_is_compared_with_none(finished: Cohort) -> None:
    finished.write_sheet("a")
    planned = finished.planned()
    finished.write_sheet("ab")
    assert planned == {"report": 1, "track": 1}


def test_a_touched_input_reruns_nothing(finished: Cohort) -> None:
    """Its time is new, its content is not."""
    (finished.folder / "a.cool").touch()
    assert finished.planned() == {}


def test_kill_and_again_gives_the_same_bytes(finished: Cohort, tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    for name in ("a.cool", "b.cool"):  # coolers hold the time of their making
        (tmp_path / name).write_bytes((finished.folder / name).read_bytes())
    process = subprocess.Popen(
        cohort.command(),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("results/small/weights/*/*/*/verdict.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "results/small/report.html").exists()
    cohort.run("--unlock")
    cohort.run()
    assert cohort.digests() == finished.digests()
    assert len(cohort.digests()) > 40


def test_a_method_that_stops_does_not_stop_the_others(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    failing = ("methods.ice.max_iterations=1", "methods.ice.on_failure=stop")
    done = subprocess.run(
        cohort.command(overrides=failing), cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode != 0
    assert "counterpoise: ice (not_converged)" in done.stdout + done.stderr
    verdicts = list(tmp_path.glob("results/small/weights/*/*/kr/verdict.json"))
    assert len(verdicts) == 4
    assert not list(tmp_path.glob("results/small/weights/*/*/ice/*"))


def test_a_broken_input_is_named(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    (tmp_path / "b.cool").write_text("no cooler at all")
    done = subprocess.run(
        cohort.command(), cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode != 0
    assert "b.cool: is not an HDF5 file" in done.stdout + done.stderr
    assert (tmp_path / "results/small/coolers/a.mcool").is_file()


def test_an_unknown_sample_is_named(finished: Cohort) -> None:
    for target in ("coolers/c.mcool", "weights/c/1000/kr/verdict.json"):
        command = finished.command("-n", f"results/small/{target}")
        done = subprocess.run(
            command, cwd=finished.folder, capture_output=True, text=True, timeout=60
        )
        assert done.returncode != 0
        assert "the cohort small has no sample 'c'" in done.stdout + done.stderr


def test_what_is_said_of_samples_may_be_longer_than_an_argument(tmp_path: Path) -> None:
    """Two samples with much to say are as long as a thousand with little."""
    cohort = Cohort(tmp_path)
    text = COHORT.replace("[1000, 2000]", "[1000]")
    for method in ("ice", "kde"):
        text = text.replace(f"  - /method@methods.{method}: {method}\n", "")
    (tmp_path / "conf" / "cohort" / "small.yaml").write_text(text)
    condition = "control " * 9_000
    assert 2 * len(condition) > 128 * 1024  # the most that Linux takes as one argument
    rows = "".join(f"{name}\t{name}.cool\t{condition}\n" for name in "ab")
    (tmp_path / "samples.tsv").write_text("sample\tpath\tcondition\n" + rows)
    cohort.run()
    assert (tmp_path / "results/small/compare/1000.png").is_file()
    assert (tmp_path / "results/small/tracking.json").is_file()
    summary = (tmp_path / "results/small/summary.tsv").read_text()
    assert summary.count(condition.strip()) == 2


def test_a_misspelt_key_ends_at_once(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    command = cohort.command("-n", overrides=("methods.kr.tolerence=1",))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "methods.kr.tolerence" in done.stderr
    assert "Did you mean tolerance?" in done.stderr
    assert "Traceback" not in done.stderr
