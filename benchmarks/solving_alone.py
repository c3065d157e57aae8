"""Solvers that are no whole programs, timed on a matrix in memory: iced and krbalancing.

python -m benchmarks.solving_alone prepare MAP FOLDER
python benchmarks/solving_alone.py iced|krbalancing FOLDER     (by a Python that has them)

``prepare`` writes the full symmetric map of kept bins, without the first two diagonals, as CSR
arrays. The others read it and print one line of JSON: seconds in the solver, peak memory of the
process in MB and the largest relative deviation of balanced row sums from their mean. Each stops
by a rule of its own, so the deviation stands beside the time.
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
    from benchmarks.simulated import simulated
    from counterpoise import mask_bins, read_contacts

    contacts = read_contacts(simulated(name).path)
    kept = mask_bins(contacts).kept
    row, column = contacts.rows, contacts.columns.astype(np.int32)
    inside = (column - row >= 2) & kept[row] & kept[column]
    place = np.cumsum(kept) - 1
    pixels = (place[row[inside]], place[column[inside]])
    n = int(kept.sum())
    upper = sp.csr_matrix((contacts.counts[inside].astype(np.float64), pixels), (n, n))
    full = sp.csr_matrix(upper + upper.T)
    folder.mkdir(parents=True, exist_ok=True)
    for key in ("data", "indices", "indptr"):
        np.save(folder / f"{key}.npy", getattr(full, key))


def loaded(folder: Path) -> sp.csr_matrix:
    data, indices, indptr = (
        np.load(folder / f"{key}.npy") for key in ("data", "indices", "indptr")
    )
    return sp.csr_matrix((data, indices, indptr), (len(indptr) - 1, len(indptr) - 1))


def iced(matrix: sp.csr_matrix) -> tuple[float, Any, str]:
    from iced import normalization

    begin = time.perf_counter()
    _, bias = normalization.ICE_normalization(matrix, output_bias=True)
    return time.perf_counter() - begin, 1 / np.ravel(bias), "iced, its default settings"


def krbalancing(matrix: sp.csr_matrix) -> tuple[float, Any, str]:
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
    task, *where = sys.argv[1:]
    if task == "prepare":
        prepare(where[0], Path(where[1]))
        return
    matrix = loaded(Path(where[0]))
    seconds, weights, note = {"iced": iced, "krbalancing": krbalancing}[task](matrix)
    sums = weights * (matrix @ weights)
    found = {
        "seconds": seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "deviation": float(np.abs(sums / sums.mean() - 1).max()),
        "note": note,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
