"""The numerical core needs numpy and scipy, and nothing else from outside the standard library."""

from __future__ import annotations

import subprocess
import sys

CORE = ("contacts", "records", "backends", "methods", "mask", "balancing")
PROGRAM = f"""
import importlib, pkgutil, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

allowed = sys.stdlib_module_names | {{"numpy", "scipy", "counterpoise"}}
sys.meta_path.insert(0, Block())

import counterpoise
for room in {CORE}:
    module = importlib.import_module(f"counterpoise.{{room}}")
    for submodule in pkgutil.walk_packages(getattr(module, "__path__", ()), module.__name__ + "."):
        if not submodule.name.startswith("counterpoise.backends.torch."):
            importlib.import_module(submodule.name)

import numpy as np
matrix = np.random.default_rng(1).poisson(20, (60, 60))
matrix = matrix + matrix.T
for method in counterpoise.methods.methods():
    result = counterpoise.balance(matrix, method, mask={{"min_nnz": 5}})
    print(method, result.status.value)
"""


def test_the_core_works_without_other_packages() -> None:
    """Torch is blocked as well, so the torch backend is not imported here."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = dict(line.split() for line in done.stdout.splitlines())
    assert set(lines.values()) == {"converged", "computed"}, lines
