"""Vectors stored by peers, read with the peers' libraries.

The reading runs in a separate process because hictkpy keeps one core busy until its process ends.
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
    """Return the stored vectors of a .hic file by name, as hictkpy reads them: divisive, [bins]."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "vectors.npz"
        command = [sys.executable, "-c", READ_VECTORS, str(path), str(resolution), str(output)]
        subprocess.run([*command, *names], check=True)
        with np.load(output) as stored:
            return {name: np.asarray(stored[name], dtype=np.float64) for name in names}
