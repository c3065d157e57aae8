"""SCALE: Juicer's steps, hictk's rules for leaving out rows, and what the verdict says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.contacts import Contacts
from counterpoise.export import juicer_vector
from counterpoise.verdict import PartVerdict

from .conftest import random_map
from .peers import hic_vectors

COOLER, STRAW = "cooler_test_file.mcool", "straw_test.hic"


def stored_scale(path: Path, resolution: int) -> tuple[Contacts, np.ndarray]:
    contacts = cp.read_contacts(path, resolution)
    if path.suffix == ".hic":
        return contacts, hic_vectors(path, resolution, ["SCALE"])["SCALE"]
    return contacts, contacts.bins.extra["SCALE"]


def difference(part: PartVerdict, ours: np.ndarray, stored: np.ndarray) -> float:
    """Largest relative difference on the bins that both keep."""
    inside = slice(part.first_bin, part.first_bin + part.bins)
    ratio = (ours / stored)[inside]
    ratio = ratio[np.isfinite(ratio)]
    assert len(ratio) == part.kept
    return float(abs(ratio - 1).max())


@pytest.mark.parametrize(
    ("name", "resolution", "stops"), [(COOLER, 100_000, 4), (STRAW, 2_500_000, 7)]
)
def test_passes_through_juicers_vectors(
    shared_data: Path, name: str, resolution: int, stops: int
) -> None:
    """The steps are the same, to rounding; when to stop, at a tenth step, another rule says.

    Left out: the Y chromosomes, where Juicer's vector runs off (the maps lack total support).
    """
    contacts, stored = stored_scale(shared_data / name, resolution)
    left = set()
    for steps in (10, 20, 30, 60):
        result = cp.balance(
            contacts, "scale", tolerance=1e-12, max_iterations=steps, on_failure="keep"
        )
        vector = juicer_vector(result.weights, result.verdict)
        parts = [p for p in result.verdict.parts if p.kept > 1 and p.label not in ("Y", "chrY")]
        left |= {part.label for part in parts if difference(part, vector, stored) < 1e-12}
    assert left == {part.label for part in parts}
    assert len(left) > stops


def test_rows_that_stand_in_the_way_are_left_out() -> None:
    """Two bins that each touch a third alone, so that no weights make their row sums equal."""
    matrix = random_map(40, 3).toarray()
    for hanging in (5, 9):
        matrix[hanging], matrix[:, hanging] = 0, 0
        matrix[hanging, 20] = matrix[20, hanging] = 4
    result = cp.balance(matrix, "scale")
    assert result.status is cp.Status.CONVERGED
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [5, 9]
    assert "2 bins are left out" in result.reason
    assert "fewer than 2" in result.reason
    (part,) = result.verdict.parts
    assert part.kept == 38
    inside = np.delete(np.delete(matrix, [5, 9], 0), [5, 9], 1)
    weights = np.delete(result.weights, [5, 9])
    sums = weights * (inside @ weights)
    # Truthful about what is left: the deviations and totals are those of the other bins.
    assert part.max_deviation == pytest.approx(abs(sums - 1).max(), rel=1e-9)
    assert part.raw_total == inside.sum()
    assert part.balanced_total == pytest.approx(sums.sum())
    vector = juicer_vector(result.weights, result.verdict)
    balanced = inside / np.outer(*[np.delete(vector, [5, 9])] * 2)
    assert balanced.sum() == pytest.approx(inside.sum())


def test_as_few_rows_as_it_takes() -> None:
    """Four bins with one to three partners share three of them: two must go, and only two."""
    n = 60
    matrix = random_map(n, 3, density=1.0, depth=60).toarray()
    hanging = np.arange(4)
    matrix[hanging], matrix[:, hanging] = 0, 0
    for bin1, partners in zip(hanging, ([20], [20, 21], [20, 21, 22], [20, 21, 22]), strict=True):
        matrix[bin1, partners] = matrix[partners, bin1] = 5
    result = cp.balance(matrix, "scale")
    assert result.status is cp.Status.CONVERGED, result.reason
    # Low is doubled to 2 and 4, then halved to 3. Without bin 0 alone, three bins own the three
    # partners: support, but not total support.
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [0, 1]
    assert "(fewer than 3)" in result.reason


def test_no_more_than_a_tenth_is_left_out() -> None:
    matrix = random_map(40, 3).toarray()
    for hanging in range(8):
        matrix[hanging], matrix[:, hanging] = 0, 0
        matrix[hanging, 20] = matrix[20, hanging] = 4
    result = cp.balance(matrix, "scale")
    assert not result.status.good
    assert np.isnan(result.weights).all()


def test_stops_by_its_own_rule_and_says_what_is_left() -> None:
    matrix = random_map(80, 12).toarray()
    result = cp.balance(matrix, "scale")
    assert result.status is cp.Status.CONVERGED
    assert result.verdict.versions["scale"] == "hictk 1.4"
    sums = result.weights * (matrix @ result.weights)
    assert 1e-6 < abs(sums - 1).max() < 0.05
    assert result.verdict.max_deviation == pytest.approx(abs(sums - 1).max(), rel=1e-9)
    assert "scale" not in cp.balance(matrix, "kr").verdict.versions


def test_limit_of_iterations() -> None:
    result = cp.balance(random_map(80, 12), "scale", max_iterations=3)
    assert result.status is cp.Status.NOT_CONVERGED
    assert result.iterations == 3
    assert "3 iterations were not enough" in result.reason


@given(n=st.integers(1, 25), density=st.floats(0.05, 1.0), seed=st.integers(0, 10_000))
def test_never_a_false_verdict(n: int, density: float, seed: int) -> None:
    """On any sparse map: converged means row sums within 5 %, and few bins left out."""
    matrix = random_map(n, seed, density, depth=3.0, diagonal=seed % 2 == 0).toarray()
    result = cp.balance(matrix, "scale", backend="scipy")
    filled, weighted = matrix.any(axis=1), np.isfinite(result.weights)
    if result.status is cp.Status.CONVERGED:
        assert not weighted[~filled].any()
        assert np.count_nonzero(filled & ~weighted) <= 0.1 * np.count_nonzero(filled)
        assert (result.verdict.parts[0].dropped > 0) == (filled & ~weighted).any()
        weights = np.nan_to_num(result.weights)
        sums = (weights * (matrix @ weights))[weighted]
        assert abs(sums - 1).max() <= 0.05
        assert result.verdict.max_deviation == pytest.approx(abs(sums - 1).max(), abs=1e-9)
    else:
        assert result.reason
        assert not weighted.any()
