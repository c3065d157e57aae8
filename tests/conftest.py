"""Fixtures: the shared real maps, where they are at hand, and small random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# Kept small on machines that run many tests; the properties hold for any size.
from hypothesis import settings  # noqa: E402

settings.register_profile("counterpoise", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("counterpoise")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real maps and bad inputs, which is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip(
            "the folder of real maps (../shared/data) is not here; it is no part of a clone"
        )
    return SHARED


def random_map(
    n: int, seed: int, density: float = 0.5, depth: float = 30.0, diagonal: bool = True
) -> sp.csr_matrix:
    """A symmetric map of Poisson counts with a bias and distance decay."""
    rng = np.random.default_rng(seed)
    bias = np.exp(rng.normal(0, 0.5, n))
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = depth * np.outer(bias, bias) / (distance + 1) ** 0.5
    upper = np.triu(rng.poisson(mean) * (rng.random((n, n)) < density), 0 if diagonal else 1)
    return sp.csr_matrix((upper + np.triu(upper, 1).T).astype(np.float64))
