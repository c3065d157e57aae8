"""Adding a backend takes one module in ``backends/`` and one file in ``conf/backend/``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import REPOSITORY

MODULE = """
from counterpoise.backends.base import BackendSpec
from counterpoise.backends.scipy import ScipyOperator, selected_matrix

class NewOperator(ScipyOperator):
    made = 0

    def __init__(self, matrix):
        super().__init__(matrix)
        type(self).made += 1

def make_operator(contacts, selection, threads, device):
    return NewOperator(selected_matrix(contacts, selection))

def describe_device(device):
    return f"{device} (of the future)"

BACKENDS = (
    BackendSpec(
        "new",
        "a backend of the tests",
        make_operator,
        devices=("npu", "cpu"),
        auto_rank=AUTO_RANK,
        find_device=lambda device: device or "npu",
        describe_device=describe_device,
        libraries=("numpy",),
        environment="counterpoise-new",
        memory_mb=77,
    ),
)
"""

BALANCE = """
import numpy as np
import counterpoise as cp
from counterpoise.backends.new import NewOperator
from counterpoise.backends.choice import expected_backend

matrix = np.random.default_rng(1).poisson(20, (60, 60))
matrix = matrix + matrix.T
expected = cp.balance(matrix, "kr", backend="native")
for backend, device in {CHOICES}:
    NewOperator.made = 0
    result = cp.balance(matrix, "kr", backend=backend, device=device)
    assert NewOperator.made == 1
    assert result.verdict.backend == "new"
    assert result.verdict.device == f"{device or 'npu'} (of the future)"
    np.testing.assert_allclose(result.weights, expected.weights, rtol=1e-10)
assert cp.Backend.NEW == "new"
assert expected_backend("new", None).memory_mb == 77
"""

CONFIGURE = """
from counterpoise.cohort.compose import load_cohort

cohort = load_cohort("conf", ["cohort=demo", "backend=new"])
assert cohort.settings.backend.name == "new"
assert cohort.settings.backend.environment == "counterpoise-new"
assert load_cohort("conf", ["cohort=demo", "backend.name=new", "backend.device=npu"])
"""


def run(program: str, folder: Path) -> None:
    """Run a program with the copy of the package and the configuration in a folder."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "workflow")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def copy_of_repository(tmp_path: Path) -> Path:
    """A copy of the package and the configuration, with a file for the new backend."""
    shutil.copytree(REPOSITORY / "workflow", tmp_path / "workflow")
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "backend" / "new.yaml").write_text("name: new\n", encoding="utf-8")
    return tmp_path


def add_backend(folder: Path, auto_rank: int | None) -> None:
    """Write the module of the new backend."""
    module = folder / "workflow" / "counterpoise" / "backends" / "new.py"
    module.write_text(MODULE.replace("AUTO_RANK", str(auto_rank)), encoding="utf-8")


def test_a_new_backend_is_used_by_name(copy_of_repository: Path) -> None:
    add_backend(copy_of_repository, None)
    run(BALANCE.replace("{CHOICES}", '[("new", None), ("new", "cpu")]'), copy_of_repository)
    run(CONFIGURE, copy_of_repository)


def test_auto_chooses_a_new_backend_by_its_rank_or_its_device(copy_of_repository: Path) -> None:
    add_backend(copy_of_repository, 2)
    run(BALANCE.replace("{CHOICES}", '[("auto", None), ("auto", "npu")]'), copy_of_repository)
