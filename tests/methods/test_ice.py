"""ICE against ``cooler balance``: on the demo's yeast map, a generated map and real coolers."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import cooler
import numpy as np
import pytest

import counterpoise as cp
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import InputError
from counterpoise.ingest.demo_maps import simulate_map, write_cool
from counterpoise.mask import MaskSettings
from tests.support.demo import write_yeast

# Every real .cool of the shared data that cooler balances by default in reasonable time, and a
# level of some .mcool. manycontigs (10 million bins, all of them filtered away) has a test of
# its own.
MAPS = {
    "4dn_test.multires.cool": "::/resolutions/400000",
    "CN.mm9.1000kb.cool": "",
    "FL-E13-5_chr1.cool": "",
    "Scc1-KO.10000.cool": "",
    "Scc1-control.10000.cool": "",
    "chromosight_example.cool": "",
    "cooler_test_file.mcool": "::/resolutions/1000000",
    "dec2_20_pluslig_1pGene_grch38_UBR4_D_1nt.pairwise.sorted.cool": "",
    "gm12878_1_2_3.cool": "",
    "gm12878_KR.cool": "",
    "gm12878_chr2_8-48Mb_40kb.cool": "",
    "gm12878_rao_primary_chr22_50kb.cool": "",
    "gm12878_raw_values.cool": "",
    "hesc_dixon_chr1_40kb.cool": "",
    "hg19.GM12878-MboI.matrix.2000kb.cool": "",
    "hic2cool_0.4.2_single_res.cool": "",
    "hicstuff_mat.cool": "",
    "imr90_hindiii_chr20.mcool": "::/resolutions/100000",
    "intra-removed.cool": "",
    "kr_full.cool": "",
    "kr_partial.cool": "",
    "mm9_reduced_chr1.cool": "",
    "odd.1.cool": "",
    "scer_w303_g1_2kb_SRR8769554.cool": "",
    "unittest_matrix_2.cool": "",
    "yeast.10kb.cool": "",
    "yeast_duan2009_10kb.cool": "",
}
MODES = {
    "default": ({}, {}),
    "cis": ({"scope": "cis"}, {"cis_only": True}),
    "trans": ({"scope": "trans"}, {"trans_only": True}),
    "diags0": ({"ignore_diags": 0}, {"ignore_diags": False}),
    "diags1": ({"ignore_diags": 1}, {"ignore_diags": 1}),
    "diags3": ({"ignore_diags": 3}, {"ignore_diags": 3}),
    "tol": ({"cooler_variance": 3e-3}, {"tol": 3e-3}),
}
PIXEL_PASSES = 10_000_000  # equality holds at every iteration, and cooler takes 0.1 us a pixel


def balance_with_cooler(uri: str, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """Return cooler's weights and its record of the balancing."""
    logging.getLogger("cooler").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cooler.balance_cooler(cooler.Cooler(uri), **options)


def assert_equals_cooler_to_the_end(uri: str, mode: str) -> None:
    """Compare iterations by cooler's own stopping rule, weights and outcome with cooler's."""
    settings, cooler_options = MODES[mode]
    contacts = cp.read_contacts(uri)
    mask = MaskSettings(
        ignore_diags=settings.get("ignore_diags", 2), cis_only=settings.get("scope") == "cis"
    )
    result = cp.balance(
        contacts, "ice", mask=mask, tolerance="cooler", max_iterations=200, **settings
    )
    expected, stats = balance_with_cooler(uri, **cooler_options)
    np.testing.assert_array_equal(np.isnan(result.weights), np.isnan(expected))
    np.testing.assert_allclose(result.weights, expected, rtol=1e-10, equal_nan=True)
    assert (result.status is cp.Status.CONVERGED) == bool(np.all(stats["converged"]))


@pytest.fixture(scope="module")
def yeast_map(tmp_path_factory: pytest.TempPathFactory) -> str:
    try:
        return str(write_yeast(tmp_path_factory.mktemp("yeast")))
    except InputError as error:
        pytest.skip(f"the demo's yeast map is not here and cannot be fetched: {error}")


@pytest.fixture(scope="module")
def generated_map(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three chromosomes of 400 bins in all with bias, unmappable bins and distance decay."""
    path = tmp_path_factory.mktemp("generated") / "map.cool"
    write_cool(path, *simulate_map({"chr1": 160, "chr2": 130, "chr3": 110}, 300_000), "simulated")
    return str(path)


@pytest.mark.parametrize("mode", ["default", "cis", "diags1"])
def test_equals_cooler_on_the_yeast_map(yeast_map: str, mode: str) -> None:
    assert_equals_cooler_to_the_end(yeast_map, mode)


@pytest.mark.parametrize("mode", MODES)
def test_equals_cooler_on_a_generated_map(generated_map: str, mode: str) -> None:
    assert_equals_cooler_to_the_end(generated_map, mode)


@pytest.fixture(scope="module", params=MAPS)
def real_map(request: pytest.FixtureRequest, shared_data: Path) -> tuple[str, Contacts]:
    uri = str(shared_data / request.param) + MAPS[request.param]
    return uri, cp.read_contacts(uri)


@pytest.mark.parametrize("mode", MODES)
def test_equals_cooler(real_map: tuple[str, Contacts], mode: str) -> None:
    uri, contacts = real_map
    settings, cooler_options = MODES[mode]
    iterations = int(np.clip(PIXEL_PASSES // max(contacts.nnz, 1), 2, 12))
    mask = cp.mask_bins(
        contacts,
        MaskSettings(
            ignore_diags=settings.get("ignore_diags", 2), cis_only=settings.get("scope") == "cis"
        ),
    )
    result = cp.balance(
        contacts,
        "ice",
        mask=mask.kept,
        tolerance="cooler",
        max_iterations=iterations,
        on_failure="keep",
        **settings,
    )
    expected, _ = balance_with_cooler(
        uri, max_iters=iterations, chunksize=2_000_000, **cooler_options
    )
    np.testing.assert_array_equal(np.isnan(result.weights), np.isnan(expected))
    np.testing.assert_allclose(result.weights, expected, rtol=1e-10, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("yeast.10kb.cool", "default"),
        ("gm12878_1_2_3.cool", "cis"),
        ("gm12878_1_2_3.cool", "trans"),
        ("chromosight_example.cool", "diags3"),
        ("hicexplorer_matrix.mcool::/3", "default"),
        ("hic2cool_0.7.0_multi_res.mcool::/resolutions/2500000", "trans"),
    ],
)
def test_equals_cooler_to_the_end(shared_data: Path, name: str, mode: str) -> None:
    """The same number of iterations by cooler's own stop rule, and the same outcome."""
    assert_equals_cooler_to_the_end(str(shared_data / name), mode)


def test_many_contigs_in_little_memory(shared_data: Path) -> None:
    contacts = cp.read_contacts(shared_data / "manycontigs.1.cool")
    result = cp.balance(contacts, "ice", mask=MaskSettings(), scope="cis", tolerance="cooler")
    assert len(result.weights) == 10_000_000
    assert len(result.verdict.parts) == 10_000
    assert sum(part.status is cp.Status.EMPTY for part in result.verdict.parts) == 9_999


@pytest.mark.parametrize("factor", [1, 10, 1000])
def test_relative_stop_does_not_depend_on_depth(shared_data: Path, factor: int) -> None:
    contacts = cp.read_contacts(shared_data / "yeast_duan2009_10kb.cool")
    deeper = replace(contacts, counts=contacts.counts.astype(np.float64) * factor)
    base = cp.balance(contacts, "ice", mask=MaskSettings())
    again = cp.balance(deeper, "ice", mask=MaskSettings())
    assert again.iterations == base.iterations
    np.testing.assert_allclose(again.weights * np.sqrt(factor), base.weights, rtol=1e-9)


def test_row_sums_that_diverge_end_in_a_verdict() -> None:
    """The variance of cooler's rule overflows before the row sums do."""
    two_components = [[0, 0, 0, 1], [0, 0, 6, 0], [0, 6, 0, 0], [1, 0, 0, 0]]
    verdict = cp.balance(two_components, "ice", tolerance="cooler").verdict
    assert not verdict.status.balanced
    assert verdict.reason.startswith("Use kr.")
