"""Time the solvers iced and krbalancing, which are not programs, on a matrix in memory.

python -m benchmarks.solving_alone prepare MAP FOLDER
python benchmarks/solving_alone.py iced|krbalancing FOLDER     (with a Python that has them)

``prepare`` writes the full symmetric map of the kept bins, without the first two diagonals, as CSR
arrays. The other commands read it and print one line of JSON: seconds in the solver, peak memory of
the process in MB, and the largest relative deviation of balanced row sums from their mean. The
deviation is given because the stopping criteria differ.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp


def prepare(name: str, folder: Path) -> None:
    """Write the map as CSR arrays."""
    from benchmarks.simulated import write_map
    from counterpoise import mask_bins, read_contacts

    contacts = read_contacts(write_map(name))
    kept = mask_bins(contacts).kept
    row, column = contacts.rows, contacts.columns.astype(np.int32)
    inside = (column - row >= 2) & kept[row] & kept[column]
    new_index = np.cumsum(kept) - 1
    pixels = (new_index[row[inside]], new_index[column[inside]])
    n = int(kept.sum())
    upper = sp.csr_matrix((contacts.counts[inside].astype(np.float64), pixels), (n, n))
    full = sp.csr_matrix(upper + upper.T)
    folder.mkdir(parents=True, exist_ok=True)
    for key in ("data", "indices", "indptr"):
        np.save(folder / f"{key}.npy", getattr(full, key))


def load(folder: Path) -> sp.csr_matrix:
    """Read the CSR arrays."""
    data, indices, indptr = (
        np.load(folder / f"{key}.npy") for key in ("data", "indices", "indptr")
    )
    return sp.csr_matrix((data, indices, indptr), (len(indptr) - 1, len(indptr) - 1))


def iced(matrix: sp.csr_matrix) -> tuple[float, Any, str]:
    """Balance by iced; return seconds, weights and a note."""
    from iced import normalization

    begin = time.perf_counter()
    _, bias = normalization.ICE_normalization(matrix, output_bias=True)
    return time.perf_counter() - begin, 1 / np.ravel(bias), "default settings of iced"


def krbalancing(matrix: sp.csr_matrix) -> tuple[float, Any, str]:
    """Balance by krbalancing; return seconds, weights and a note."""
    import krbalancing as peer

    columns = matrix.tocsc()
    begin = time.perf_counter()
    solver = peer.kr_balancing(
        *columns.shape,
        columns.nnz,
        columns.indptr.astype(np.int64),
        columns.indices.astype(np.int64),
        columns.data,
    )
    solver.computeKR()
    weights = np.ravel(solver.get_normalisation_vector(False).toarray())
    return time.perf_counter() - begin, weights, "HiCExplorer's KR, tolerance 1e-6"


def main() -> None:
    """Run the command given."""
    task, *arguments = sys.argv[1:]
    if task == "prepare":
        prepare(arguments[0], Path(arguments[1]))
        return
    matrix = load(Path(arguments[0]))
    seconds, weights, note = {"iced": iced, "krbalancing": krbalancing}[task](matrix)
    sums = weights * (matrix @ weights)
    result = {
        "seconds": seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "deviation": float(np.abs(sums / sums.mean() - 1).max()),
        "note": note,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
