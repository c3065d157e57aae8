"""The demo's promise: the same map as .cool and as .hic gives the same results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.ingest.demo_maps import RESOLUTION, simulate_map, write_cool

WRITE_HIC = """
import sys
from counterpoise.ingest.demo_maps import simulate_map, write_hic
write_hic(sys.argv[1], *simulate_map({"chr1": 300, "chr2": 200}, 2_000_000), "test")
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("demo")
    write_cool(folder / "map.cool", *simulate_map({"chr1": 300, "chr2": 200}, 2_000_000), "test")
    # In a process of its own: hictkpy keeps a core busy until it ends.
    subprocess.run(
        [sys.executable, "-c", WRITE_HIC, str(folder / "map.hic")], check=True, timeout=120
    )
    return folder / "map.cool", folder / "map.hic"


@pytest.mark.parametrize("resolution", [RESOLUTION, 2 * RESOLUTION])
@pytest.mark.parametrize("method", ["ice", "kr", "vc", "vc_sqrt"])
def test_both_formats_give_the_same_bits(
    both: tuple[Path, Path], method: str, resolution: int
) -> None:
    weights = [
        cp.balance(contacts, method, mask=cp.mask_bins(contacts).kept).weights
        for contacts in (cp.read_contacts(path, resolution) for path in both)
    ]
    assert np.isfinite(weights[0]).sum() > 0.7 * len(weights[0])
    assert weights[0].tobytes() == weights[1].tobytes()


def test_the_simulated_bias_is_found(both: tuple[Path, Path]) -> None:
    contacts = cp.read_contacts(both[0])
    truth = contacts.bins.extra["true_bias"]
    result = cp.balance(contacts, "ice", mask=cp.mask_bins(contacts).kept)
    found = np.isfinite(result.weights)
    assert np.isfinite(truth[found]).all()
    # Not closer to one: a bin near a chromosome's end has fewer neighbours, and balancing cannot
    # tell that from a bias.
    assert np.corrcoef(np.log(truth[found]), np.log(result.bias[found]))[0, 1] > 0.98
