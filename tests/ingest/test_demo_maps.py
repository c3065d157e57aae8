"""The maps of the demo: the same map as .cool and as .hic gives the same results."""

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
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("demo")
    write_cool(folder / "map.cool", *simulate_map({"chr1": 300, "chr2": 200}, 2_000_000), "test")
    # In a separate process, because hictkpy keeps a core busy until its process ends.
    subprocess.run([sys.executable, "-c", WRITE_HIC, str(folder / "map.hic")], check=True)
    return folder / "map.cool", folder / "map.hic"


@pytest.fixture(scope="module", params=[RESOLUTION, 2 * RESOLUTION])
def maps(request: pytest.FixtureRequest, paths: tuple[Path, Path]) -> list[cp.Contacts]:
    return [cp.read_contacts(path, request.param) for path in paths]


@pytest.mark.parametrize("method", ["ice", "kr", "vc", "vc_sqrt"])
def test_both_formats_give_the_same_bits(maps: list[cp.Contacts], method: str) -> None:
    weights = [
        cp.balance(contacts, method, mask=cp.mask_bins(contacts).kept).weights for contacts in maps
    ]
    assert np.isfinite(weights[0]).sum() > 0.7 * len(weights[0])
    assert weights[0].tobytes() == weights[1].tobytes()


def test_the_simulated_bias_is_estimated(paths: tuple[Path, Path]) -> None:
    contacts = cp.read_contacts(paths[0])
    truth = contacts.bins.extra["true_bias"]
    result = cp.balance(contacts, "ice", mask=cp.mask_bins(contacts).kept)
    balanced = np.isfinite(result.weights)
    assert np.isfinite(truth[balanced]).all()
    # Not closer to one, because balancing cannot distinguish a bias from the missing neighbours of
    # a bin near the end of a chromosome.
    assert np.corrcoef(np.log(truth[balanced]), np.log(result.bias[balanced]))[0, 1] > 0.98
