"""The cluster profile on a real Slurm: groups, retries, resumed runs and reports.

Everything runs on this machine, on loopback (`slurm.py`). All tests are skipped without Slurm or
without root to start it.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from counterpoise.errors import InputError
from tests.support import REPOSITORY, slurm
from tests.support.cohort import Cohort
from tests.support.demo import fetch_archives

pytestmark = pytest.mark.cluster

# Waits are as short as a cluster of one idle node allows. A user can give the same options.
IMPATIENT = (
    *("--cores", "1", "--latency-wait", "15", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "2"),
)

# Each job costs two starts of Snakemake on the node.
FEWER_METHODS = tuple(f"~methods.{name}" for name in ("scale", "ssk", "kde_eb", "vc_sqrt"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if reason := slurm.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("slurm")
    try:
        slurm.up(folder)
        yield folder
    finally:
        slurm.down(folder)


def checkout(folder: Path) -> None:
    """Make a folder from which the commands of the README work, with separate results."""
    for name in ("Snakefile", "workflow", "conf", "scripts", "envs", "profiles", "cluster"):
        (folder / name).symlink_to(REPOSITORY / name)


def command(*words: str, overrides: tuple[str, ...] = (), cohort: str = "demo") -> list[str]:
    return [
        *(sys.executable, "-m", "snakemake", "--profile", "cluster", *IMPATIENT, *words),
        *("--config", f"cohort={cohort}", f"hydra_overrides={json.dumps(list(overrides))}"),
    ]


@pytest.mark.long
def test_the_demo_cohort_and_a_job_that_needs_more_memory(cluster: Path, tmp_path: Path) -> None:
    checkout(tmp_path)
    folder = tmp_path / "resources" / "archives"
    folder.mkdir(parents=True)
    try:
        archives = fetch_archives(folder)
    except InputError as error:
        pytest.skip(f"the demo's maps cannot be fetched: {error}")
    for archive in archives.values():
        if archive.parent != folder:
            shutil.copy2(archive, folder)
    # Two processes of Snakemake alone take more than 150 MB.
    small_at_first = "compare:mem_mb=1000 * attempt - 850"
    done = subprocess.run(
        command(
            *(
                "--group-components",
                "read=3",
                "balance_{sample}=8",
                "plot_{sample}=8",
                "--set-resources",
                small_at_first,
            ),
            overrides=("resolutions=[20000]", *FEWER_METHODS),
        ),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    summary = pd.read_csv(tmp_path / "results/demo/summary.tsv", sep="\t")
    assert len(summary) == 3 * 4
    assert set(summary["status"]) <= {"converged", "computed"}
    tried = re.findall(r"Trying to restart job \d+", output)
    assert len(tried) == 1, output
    assert (tmp_path / "results/demo/compare/20000.png").is_file()
    log = (cluster / "slurmd.log").read_text() + (cluster / "slurmctld.log").read_text()
    assert re.search("[Ee]xceed.*memory|memory.*exceed", log), log
    # Jobs are: reading, balancing and plots of each sample, coolers, comparison twice, report,
    # tracking.
    submitted = re.findall(r"submitted with SLURM jobid (\d+)", output)
    assert len(submitted) == 1 + 3 + 3 + 3 + 2 + 1 + 1, output
    record = json.loads((tmp_path / "results/demo/tracking.json").read_text())
    assert record["status"] == "logged"


@pytest.mark.long
def test_killed_and_again_and_a_sample_that_fails(cluster: Path, tmp_path: Path) -> None:
    local = Cohort(tmp_path / "here")
    local.run(overrides=("~methods.kde",))
    on_slurm = Cohort(tmp_path / "there")
    for name in ("a.cool", "b.cool"):  # coolers hold the time of their making
        shutil.copy(local.folder / name, on_slurm.folder / name)
    (on_slurm.folder / "c.cool").write_text("no cooler at all")
    on_slurm.write_sheet("abc")
    conf = (on_slurm.folder / "conf").rename(on_slurm.folder / "own")
    checkout(on_slurm.folder)
    words = command(
        "--group-components",
        "balance_{sample}=3",
        "plot_{sample}=6",
        overrides=("tracking=off", "~methods.kde"),
        cohort="small",
    )
    words.append(f"conf={conf.name}")

    output = on_slurm.folder / "output.log"
    with open(output, "w") as stream:
        process = subprocess.Popen(
            words, cwd=on_slurm.folder, stdout=stream, stderr=stream, start_new_session=True
        )
    while not list(on_slurm.folder.glob("results/small/weights/*/*/*/verdict.json")):
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    moment = random.random() * 8
    print(f"killed {moment:.2f} s after the first verdict")  # shown where the test fails
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # docs/guides/cluster.md: running jobs are cancelled by name, then the folder is unlocked.
    run = re.search(r"SLURM run ID: (\S+)", output.read_text())
    assert run is not None
    subprocess.run(["scancel", f"--name={run[1]}"], check=True)
    while subprocess.run(["squeue", "-h"], capture_output=True, text=True).stdout:
        time.sleep(0.5)
    unlocked = subprocess.run(
        [*words, "--unlock"], cwd=on_slurm.folder, capture_output=True, text=True
    )
    assert unlocked.returncode == 0, unlocked.stderr
    done = subprocess.run(words, cwd=on_slurm.folder, capture_output=True, text=True)
    assert done.returncode != 0
    print(done.stdout + done.stderr)

    expected = {path: digest for path, digest in local.digests().items() if "/compare/" not in path}
    assert len(expected) > 25
    assert on_slurm.digests() == expected
    hidden = [path for path in (on_slurm.folder / "results").rglob(".*") if path.is_file()]
    assert hidden == []
    summary = pd.read_csv(on_slurm.folder / "results/small/summary.tsv", sep="\t")
    assert set(summary.query("sample != 'c'")["status"]) == {"converged"}
    failed = summary.query("sample == 'c'")
    assert len(failed) == 4
    assert set(failed["status"]) == {"missing"}
    assert failed["reason"].str.startswith("inspect: c.cool: is not an HDF5 file").all()
    assert "c.cool: is not an HDF5 file" in (
        on_slurm.folder / "results/small/report.html"
    ).read_text(encoding="utf-8")
