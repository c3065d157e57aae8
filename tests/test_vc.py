"""VC and VC_SQRT against Juicer's stored vectors, to rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.contacts import Contacts

from .conftest import random_map
from .peers import hic_vectors

VECTORS = {"vc": "VC", "vc_sqrt": "VC_SQRT"}


def compare(contacts: Contacts, method: str, stored: np.ndarray, rtol: float) -> None:
    result = cp.balance(contacts, method)
    filled = np.isfinite(stored) & (stored > 0)
    np.testing.assert_array_equal(np.isfinite(result.weights), filled)
    np.testing.assert_allclose(1 / result.weights[filled], stored[filled], rtol=rtol)
    assert result.status is cp.Status.COMPUTED


@pytest.mark.parametrize("method", VECTORS)
@pytest.mark.parametrize(
    ("name", "rtol"),
    [
        ("cooler_test_file.mcool::/resolutions/100000", 1e-6),
        ("hic2cool_0.7.0_multi_res.mcool::/resolutions/2500000", 1e-6),
        ("hic2cool_0.7.0_multi_res.mcool::/resolutions/1000000", 1e-6),
    ],
)
def test_equals_juicer_in_coolers(shared_data: Path, name: str, method: str, rtol: float) -> None:
    contacts = cp.read_contacts(str(shared_data / name))
    compare(contacts, method, contacts.bins.extra[VECTORS[method]], rtol)


@pytest.mark.parametrize("method", VECTORS)
@pytest.mark.parametrize(
    ("name", "resolution", "rtol"),
    [
        ("straw_test.hic", 2_500_000, 1e-12),
        ("GSE63525_HMEC_combined_example.hic", 50_000, 1e-12),
    ],
)
def test_equals_juicer_in_hic(
    shared_data: Path, name: str, resolution: int, method: str, rtol: float
) -> None:
    path = shared_data / name
    stored = hic_vectors(path, resolution, [VECTORS[method]])[VECTORS[method]]
    compare(cp.read_contacts(path, resolution), method, stored, rtol)


@pytest.mark.parametrize(("method", "power"), [("vc", 1.0), ("vc_sqrt", 0.5)])
def test_by_hand(method: str, power: float) -> None:
    """Proportional to a power of the row sum, and the total of the map is kept."""
    matrix = random_map(15, 4)
    result = cp.balance(matrix, method)
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    ratio = result.weights * sums**power
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert result.matrix().sum() == pytest.approx(matrix.sum(), rel=1e-12)
