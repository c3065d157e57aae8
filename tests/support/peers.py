"""What peers stored, read by peers' own libraries in processes of their own.

hictkpy keeps one core busy from its import to the end of the process.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

READ_VECTORS = """
import sys, hictkpy, numpy
path, resolution, output, *names = sys.argv[1:]
file = hictkpy.File(path, int(resolution))
numpy.savez(output, **{name: file.weights(name) for name in names})
"""


def hic_vectors(path: Path, resolution: int, names: list[str]) -> dict[str, np.ndarray]:
    """Stored vectors of a .hic file, divisive, float64 [bins], by hictkpy."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "vectors.npz"
        command = [sys.executable, "-c", READ_VECTORS, str(path), str(resolution), str(output)]
        subprocess.run([*command, *names], check=True, timeout=120)
        with np.load(output) as stored:
            return {name: np.asarray(stored[name], dtype=np.float64) for name in names}
