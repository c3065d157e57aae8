"""A small cohort in a folder of its own, run by the workflow."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import REPOSITORY
from tests.support.maps import write_map

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


class Cohort:
    """A working folder with its own cohort, run by the repository's workflow or a copy of it."""

    def __init__(self, folder: Path, workflow: Path = REPOSITORY) -> None:
        self.folder, self.workflow = folder, workflow
        (folder / "conf" / "cohort").mkdir(parents=True)
        (folder / "conf" / "cohort" / "small.yaml").write_text(COHORT)
        for seed, name in enumerate("ab"):
            write_map(folder / f"{name}.cool", seed)
        self.write_sheet("ab")

    def write_sheet(self, names: str) -> None:
        rows = "".join(f"{name}\t{name}.cool\tcondition {name}\n" for name in names)
        (self.folder / "samples.tsv").write_text("sample\tpath\tcondition\n" + rows)

    def command(
        self, *words: str, overrides: tuple[str, ...] = (), experiment: str = ""
    ) -> list[str]:
        quoted = json.dumps(["tracking=off", *overrides])
        chosen = [f"experiment={experiment}"] if experiment else []
        profile = str(self.workflow / "profiles" / "local")
        return [
            *(sys.executable, "-m", "snakemake", "--profile", profile),
            *("--snakefile", str(self.workflow / "Snakefile"), "--cores", "2", *words),
            *("--config", "cohort=small", "conf=conf", f"hydra_overrides={quoted}", *chosen),
        ]

    def run(self, *words: str, overrides: tuple[str, ...] = (), experiment: str = "") -> str:
        package = str(self.workflow / "workflow")
        others = os.environ.get("PYTHONPATH", "")
        done = subprocess.run(
            self.command(*words, overrides=overrides, experiment=experiment),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, others)))},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *overrides: str, words: str = "", experiment: str = "") -> dict[str, int]:
        """Return the number of jobs of each rule that a dry run lists."""
        output = self.run("-n", *words.split(), overrides=overrides, experiment=experiment)
        table = re.search(r"^job +count\n[- ]+\n((?:\S+ +\d+\n)+)", output, re.MULTILINE)
        if table is None:
            assert "Nothing to be done" in output
            return {}
        rows = (line.split() for line in table.group(1).splitlines())
        return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}

    def files(self) -> dict[str, str]:
        """Return the SHA-256 of every file under results/ except MLflow's."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.folder / "results").rglob("*")
            if path.is_file() and "mlflow.db" not in path.name and "mlartifacts" not in path.parts
        }

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of every reproducible result (see docs/reference/outputs.md)."""
        files = [
            path
            for pattern in ("*.parquet", "*.mcool", "*.png", "source.json")
            for path in (self.folder / "results").rglob(pattern)
        ]
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }


def copy_workflow(target: Path) -> Path:
    """Copy the workflow to a folder, so that a test may change its files."""
    for name in ("Snakefile", "conf", "envs", "profiles", "scripts", "workflow"):
        source = REPOSITORY / name
        target.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target / name)
    return target
