"""KR: unit row sums, the same point as ICE, Juicer's and a peer's stored vectors, the tutorial."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.backends.scipy import selected_matrix
from counterpoise.contacts import Contacts
from counterpoise.export import juicer_vector
from counterpoise.mask import MaskSettings
from counterpoise.selection import Scope, select
from counterpoise.support import support

from .conftest import random_map
from .peers import hic_vectors

TUTORIAL = np.array(
    [
        [900, 545, 110, 66, 40],
        [545, 900, 181, 110, 66],
        [110, 181, 100, 60, 36],
        [66, 110, 60, 100, 60],
        [40, 66, 36, 60, 100],
    ]
)


def test_tutorial_map() -> None:
    result = cp.balance(TUTORIAL, "kr")
    np.testing.assert_allclose(
        result.weights, [0.02275, 0.01953, 0.05655, 0.05874, 0.06847], atol=5e-6
    )
    np.testing.assert_allclose(result.matrix().sum(axis=1), 1, atol=1e-8)


def test_weights_are_the_root_of_the_equations() -> None:
    """Two bins by hand: a x^2 + b x y = 1 and b x y + c y^2 = 1."""
    a, b, c = 4.0, 2.0, 9.0
    x, y = cp.balance(np.array([[a, b], [b, c]]), "kr").weights
    assert a * x * x + b * x * y == pytest.approx(1, abs=1e-8)
    assert b * x * y + c * y * y == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("yeast.10kb.cool", "genome"),
        ("yeast.10kb.cool", "cis"),
        ("yeast.10kb.cool", "trans"),
        ("gm12878_1_2_3.cool", "genome"),
        ("gm12878_1_2_3.cool", "cis"),
        ("mm9_reduced_chr1.cool", "genome"),
        ("imr90_hindiii_chr20.mcool::/resolutions/50000", "genome"),
        ("cooler_test_file.mcool::/resolutions/100000", "genome"),
    ],
)
def test_equals_ice(shared_data: Path, name: str, scope: str) -> None:
    """The same point up to a factor a part, given the same mask and diagonals."""
    contacts = cp.read_contacts(str(shared_data / name))
    kept = cp.mask_bins(contacts, MaskSettings(cis_only=scope == "cis")).kept
    kr = cp.balance(contacts, "kr", mask=kept, scope=scope, ignore_diags=2)
    assert kr.status is cp.Status.CONVERGED, kr.reason
    rounds = {"tolerance": 1e-10, "max_iterations": 5000}
    # cooler's ICE weights trans contacts by chromosome size and so has another fixed point there.
    if scope == "trans":
        return
    ice = cp.balance(contacts, "ice", mask=kept, scope=scope, on_failure="keep", **rounds)
    for part in (part for part in kr.verdict.parts if part.kept):
        inside = slice(part.first_bin, part.first_bin + part.bins)
        ratio = kr.weights[inside] / ice.weights[inside]
        ratio = ratio[np.isfinite(ratio)]
        assert len(ratio) == part.kept
        np.testing.assert_allclose(ratio / np.median(ratio), 1, atol=1e-6)


@pytest.mark.parametrize("scope", list(Scope))
def test_row_sums_are_one_on_every_valid_bin(shared_data: Path, scope: Scope) -> None:
    """Recomputed by scipy, not by the operator that solved."""
    contacts = cp.read_contacts(shared_data / "gm12878_1_2_3.cool")
    kept = cp.mask_bins(contacts).kept
    result = cp.balance(contacts, "kr", mask=kept, scope=scope.value)
    assert result.status is cp.Status.CONVERGED
    np.testing.assert_array_equal(np.isfinite(result.weights), kept)
    for selection in select(contacts.bins, kept, scope):
        weights = result.weights[selection.lo : selection.hi][selection.kept]
        sums = weights * (selected_matrix(contacts, selection) @ weights)
        np.testing.assert_allclose(sums, 1, atol=1e-6)


def test_products_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoise.backends import native as backend

    calls = []
    product = backend.NativeOperator.product
    monkeypatch.setattr(
        backend.NativeOperator, "product", lambda self, x: calls.append(1) or product(self, x)
    )
    result = cp.balance(random_map(40, 1), "kr")
    assert result.matvecs == len(calls) > 3


def compare_with_juicer(contacts: Contacts, stored: np.ndarray, rtol: float) -> int:
    """KR on the rows that Juicer kept, no diagonal dropped; returns the number compared."""
    kept = np.isfinite(stored) & (stored != 0)
    result = cp.balance(contacts, "kr", mask=kept, scope="cis")
    vector = juicer_vector(result.weights, result.verdict)
    both = np.isfinite(vector) & kept
    np.testing.assert_allclose(vector[both], stored[both], rtol=rtol)
    return int(both.sum())


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("cooler_test_file.mcool::/resolutions/100000", 1352),
        ("hic2cool_0.7.0_multi_res.mcool::/resolutions/2500000", 1177),
        ("hic2cool_0.7.0_multi_res.mcool::/resolutions/1000000", 2885),
    ],
)
def test_equals_juicer_in_coolers(shared_data: Path, name: str, rows: int) -> None:
    contacts = cp.read_contacts(str(shared_data / name))
    compared = compare_with_juicer(contacts, contacts.bins.extra["KR"], 1e-5)
    assert compared >= 0.98 * rows


@pytest.mark.parametrize(
    ("name", "resolution", "rows"),
    [("straw_test.hic", 2_500_000, 1184), ("GSE63525_HMEC_combined_example.hic", 50_000, 1410)],
)
def test_equals_juicer_in_hic(shared_data: Path, name: str, resolution: int, rows: int) -> None:
    path = shared_data / name
    contacts = cp.read_contacts(path, resolution)
    stored = hic_vectors(path, resolution, ["KR"])["KR"]
    assert compare_with_juicer(contacts, stored, 1e-5) >= 0.98 * rows


def test_equals_a_peers_multiplicative_kr(shared_data: Path) -> None:
    contacts = cp.read_contacts(shared_data / "kr_partial.cool")
    stored = contacts.bins.extra["weight"]
    result = cp.balance(contacts, "kr", mask=stored > 0, scope="cis")
    ratio = result.weights / stored
    np.testing.assert_allclose(ratio / np.median(ratio), 1, atol=1e-5)


@given(n=st.integers(1, 25), density=st.floats(0.05, 1.0), seed=st.integers(0, 10_000))
def test_never_a_false_verdict(n: int, density: float, seed: int) -> None:
    """On any sparse map: converged means flat row sums; total support means converged."""
    matrix = random_map(n, seed, density, depth=3.0, diagonal=seed % 2 == 0)
    result = cp.balance(matrix, "kr")
    filled = np.asarray(matrix.sum(axis=1)).ravel() > 0
    if not filled.any():
        assert result.status is cp.Status.EMPTY
        return
    pattern = sp.csr_matrix(matrix[filled][:, filled])
    if result.status is cp.Status.CONVERGED:
        np.testing.assert_array_equal(np.isfinite(result.weights), filled)
        np.testing.assert_allclose(
            np.asarray(result.matrix().sum(axis=1)).ravel()[filled], 1, atol=1e-6
        )
    else:
        assert result.reason
        assert np.isnan(result.weights).all()
    assert (result.status is cp.Status.CONVERGED) == support(pattern).total


@given(seed=st.integers(0, 1000), factor=st.sampled_from([1e-6, 0.3, 7.0, 1e6]))
def test_invariant_under_scaling_and_permutation(seed: int, factor: float) -> None:
    matrix = random_map(12, seed, 0.7)
    base = cp.balance(matrix, "kr")
    assume(base.status is cp.Status.CONVERGED)
    scaled = cp.balance(matrix * factor, "kr")
    np.testing.assert_allclose(scaled.weights * np.sqrt(factor), base.weights, rtol=1e-6)
    order = np.random.default_rng(seed).permutation(12)
    permuted = cp.balance(matrix[order][:, order], "kr")
    np.testing.assert_allclose(permuted.weights, base.weights[order], rtol=1e-6)


def test_run_off_is_no_success_on_a_map_too_large_to_examine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Support without total support: row sums come close to one while weights run off."""
    matrix = sp.csr_matrix(np.array([[3.0, 2.0], [2.0, 0.0]]))
    examined = cp.balance(matrix, "kr")
    assert (examined.status, examined.verdict.parts[0].cause) == ("failed", "no_total_support")
    monkeypatch.setattr("counterpoise.balancing.EXAMINE_LIMIT", 0)
    result = cp.balance(matrix, "kr")
    assert result.status is cp.Status.NOT_CONVERGED
    assert "ran off" in result.reason
    assert np.isnan(result.weights).all()


def test_the_limit_of_products_holds_inside_an_outer_step() -> None:
    n = 2000
    matrix = sp.diags([1.0, 1.0, 1.0], [-1, 0, 1], shape=(n, n))
    assert cp.balance(matrix, "kr", max_products=20).matvecs <= 20 + 2
