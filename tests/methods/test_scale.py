"""SCALE: Juicer's steps, hictk's rules for leaving out rows, and what the verdict says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods import methods
from counterpoise.records.verdict import PartVerdict
from counterpoise.store.weight_columns import juicer_vector
from tests.support.maps import hanging_bins, random_map
from tests.support.peers import hic_vectors
from tests.support.solving import solve_matrix, torch_reads

COOLER, STRAW = "cooler_test_file.mcool", "straw_test.hic"


def stored_scale(path: Path, resolution: int) -> tuple[Contacts, np.ndarray]:
    contacts = cp.read_contacts(path, resolution)
    if path.suffix == ".hic":
        return contacts, hic_vectors(path, resolution, ["SCALE"])["SCALE"]
    return contacts, contacts.bins.extra["SCALE"]


def difference(part: PartVerdict, vector: np.ndarray, stored: np.ndarray) -> float:
    """Return the largest relative difference on the bins that both keep."""
    inside = slice(part.first_bin, part.first_bin + part.bins)
    ratio = (vector / stored)[inside]
    ratio = ratio[np.isfinite(ratio)]
    assert len(ratio) == part.kept
    return float(abs(ratio - 1).max())


@pytest.mark.parametrize(
    ("name", "resolution", "stops"), [(COOLER, 100_000, 4), (STRAW, 2_500_000, 7)]
)
def test_passes_through_juicers_vectors(
    shared_data: Path, name: str, resolution: int, stops: int
) -> None:
    """The steps are the same, to rounding; only the rule for stopping at a tenth step differs.

    Left out: the Y chromosomes, where Juicer's vector diverges (the maps lack total support).
    """
    contacts, stored = stored_scale(shared_data / name, resolution)
    left = set()
    for steps in (10, 20, 30, 60):
        result = cp.balance(
            contacts,
            "scale",
            mask=None,
            tolerance=1e-12,
            max_iterations=steps,
            on_failure="keep",
        )
        vector = juicer_vector(result.weights, result.verdict)
        parts = [p for p in result.verdict.parts if p.kept > 1 and p.label not in ("Y", "chrY")]
        left |= {part.label for part in parts if difference(part, vector, stored) < 1e-12}
    assert left == {part.label for part in parts}
    assert len(left) > stops


def test_rows_that_prevent_convergence_are_dropped() -> None:
    """Two bins each have contacts with a third alone, so no weights make their row sums equal."""
    matrix = random_map(40, 3).toarray()
    for hanging in (5, 9):
        matrix[hanging], matrix[:, hanging] = 0, 0
        matrix[hanging, 20] = matrix[20, hanging] = 4
    result = cp.balance(matrix, "scale")
    assert result.status is cp.Status.CONVERGED
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [5, 9]
    assert result.reason == (
        "2 of 40 bins were dropped (matrix:5-6, matrix:9-10), so that the others could be "
        "balanced: 2 in contact with fewer than 2 others."
    )
    (part,) = result.verdict.parts
    assert part.kept == 38
    inside = np.delete(np.delete(matrix, [5, 9], 0), [5, 9], 1)
    weights = np.delete(result.weights, [5, 9])
    sums = weights * (inside @ weights)
    # The deviations and totals are those of the remaining bins.
    assert part.max_deviation == pytest.approx(abs(sums - 1).max(), rel=1e-9)
    assert part.raw_total == inside.sum()
    assert part.balanced_total == pytest.approx(sums.sum())
    vector = juicer_vector(result.weights, result.verdict)
    balanced = inside / np.outer(*[np.delete(vector, [5, 9])] * 2)
    assert balanced.sum() == pytest.approx(inside.sum())


def test_as_few_rows_as_it_takes() -> None:
    """Four bins with one to three partners share three partners; only two bins are dropped."""
    n = 60
    matrix = random_map(n, 3, density=1.0, depth=60).toarray()
    hanging = np.arange(4)
    matrix[hanging], matrix[:, hanging] = 0, 0
    for bin1, partners in zip(hanging, ([20], [20, 21], [20, 21, 22], [20, 21, 22]), strict=True):
        matrix[bin1, partners] = matrix[partners, bin1] = 5
    result = cp.balance(matrix, "scale")
    assert result.status is cp.Status.CONVERGED, result.reason
    # Low is doubled to 2 and 4, then halved to 3. Without bin 0 alone, three bins need the three
    # partners, and the map has support but not total support.
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [0, 1]
    assert result.reason.endswith("2 in contact with fewer than 3 others.")


def test_at_most_a_tenth_is_dropped() -> None:
    matrix = random_map(40, 3).toarray()
    for hanging in range(8):
        matrix[hanging], matrix[:, hanging] = 0, 0
        matrix[hanging, 20] = matrix[20, hanging] = 4
    result = cp.balance(matrix, "scale")
    assert not result.status.balanced
    assert np.isnan(result.weights).all()
    assert "dropping the sparsest bins would remove more than 10 % of the bins" in result.reason


def test_bins_dropped_by_method_and_on_failure_are_distinguished() -> None:
    """Five bins have contacts with a sixth alone; four are dropped, SCALE leaves out the last."""
    matrix = random_map(40, 3, 1.0).toarray() + 5
    matrix[-5:] = matrix[:, -5:] = 0
    matrix[20, -5:] = matrix[-5:, 20] = np.arange(1, 6)
    result = cp.balance(matrix, "scale", on_failure="drop")
    part = result.verdict.parts[0]
    assert (part.status, part.kept, part.dropped) == ("converged", 35, 5)
    assert part.reason.startswith("4 of 40 bins were dropped (")
    assert ". 1 of 36 bins was dropped (matrix:39-40)" in part.reason
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [35, 36, 37, 38, 39]


def test_weights_reached_at_the_limit_are_kept() -> None:
    """Two bins are left out already and the others converge, so these weights are useful."""
    settings = {"tolerance": 1e-12, "max_iterations": 14}
    result = cp.balance(hanging_bins(), "scale", on_failure="keep", **settings)
    (part,) = result.verdict.parts
    assert (part.status, part.cause) == ("not_converged", "limit")
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [5, 9]
    assert (part.kept, part.dropped) == (38, 2)
    assert part.max_deviation is not None
    assert part.max_deviation < 1e-3
    sums = result.matrix().sum(axis=1).A1
    assert part.max_deviation == pytest.approx(abs(np.delete(sums, [5, 9]) - 1).max(), rel=1e-6)
    assert part.balanced_total == pytest.approx(sums.sum(), rel=1e-12)
    assert part.reason.startswith("Raise max_iterations. ")
    assert not cp.balance(hanging_bins(), "kr").verdict.status.balanced  # so it is not named
    assert "An exact balancing exists." in part.reason
    assert "2 of 40 bins were dropped (matrix:5-6, matrix:9-10): 2 in contact" in part.reason
    alone = cp.balance(hanging_bins(), "scale", **settings)
    assert np.isnan(alone.weights).all()
    assert alone.verdict.parts[0].balanced_total == 0


def sparse_map(seed: int) -> np.ndarray:
    """Return a map in which ten bins have contacts with no more than eleven others."""
    rng = np.random.default_rng(seed)
    matrix = random_map(120, seed, 0.3).toarray()
    for sparse in rng.choice(120, 10, replace=False):
        gone = rng.permutation(120)[rng.integers(1, 12) :]
        matrix[sparse, gone] = matrix[gone, sparse] = 0
    filled = matrix.any(axis=1)
    return matrix[filled][:, filled]


def by_hictks_counters(
    matrix: np.ndarray, tolerance: float, limit: int, few: float
) -> tuple[str, int, list[int]]:
    """Apply the rules with hictk's counters; return the outcome, iterations and left-out rows.

    The number of the iteration is zero at a restart, and goes up at the end of that iteration.
    """
    nonzeros, totals = np.count_nonzero(matrix, axis=1), matrix.sum(axis=1)
    highest = np.sort(nonzeros)[len(matrix) // 10]
    square = (matrix / np.outer(totals, totals)).sum() / totals.sum()
    rows = columns = current = np.sqrt(totals * np.sqrt(square))
    row = totals * rows
    bad = np.zeros(len(matrix), bool)
    low, diverged, converged, best = 1, 0, 0, bad
    singly, errors, number, total = False, [], 0, 0
    while number < limit and total < 3 * limit:
        rows = rows / np.where(bad, 1, row)
        columns = columns / np.where(bad, 1, columns * (matrix @ rows))
        row = rows * (matrix @ columns)
        previous, current = current, np.sqrt(rows * columns)
        moved = np.zeros(len(matrix))
        moved[~bad] = abs((current - previous)[~bad] / (current + previous)[~bad])
        errors, total, restart = [*errors[-5:], moved.max()], total + 1, True
        if errors[-1] < tolerance:
            if low - diverged <= 1:
                return "converged", total, np.flatnonzero(bad).tolist()
            converged, best, singly = low, bad, True
            low = (low + diverged) // 2
            bad = nonzeros < low
        elif number <= 4 or 1.05 * errors[-1] < errors[0]:
            restart = False
        elif converged and converged - low <= 1:
            return "converged", total, np.flatnonzero(best).tolist()
        else:
            diverged = low
            if singly and np.count_nonzero(moved > tolerance) < few * len(matrix):
                bad, singly = bad | (moved > tolerance), False
            else:
                low = (low + converged) // 2 if converged else 2 * low
                bad, singly = nonzeros < low, True
            if low > highest:
                return "diverged", total, []
        if restart:
            rows = columns = (~bad).astype(float)
            row, errors, number = rows * (matrix @ columns), [], 0
        number += 1
    return "limit", total, np.flatnonzero(bad).tolist()


@pytest.mark.parametrize("few", [1e-5, 0.05])
@pytest.mark.parametrize(("tolerance", "limit"), [(1e-4, 200), (1e-12, 12)])
def test_leaves_out_the_rows_that_hictk_leaves_out(
    monkeypatch: pytest.MonkeyPatch, tolerance: float, limit: int, few: float
) -> None:
    monkeypatch.setattr("counterpoise.methods.scale.FEW", few)
    ends = set()
    for seed in range(20):
        matrix = sparse_map(seed)
        end, iterations, left_out = by_hictks_counters(matrix, tolerance, limit, few)
        solution, _ = solve_matrix(
            methods()["scale"], matrix, np, tolerance=tolerance, max_iterations=limit
        )
        assert solution.cause == ("" if end == "converged" else end)
        assert solution.iterations == iterations
        if end != "diverged":
            dropped = [] if solution.dropped is None else np.flatnonzero(solution.dropped).tolist()
            assert dropped == left_out
            assert len(solution.weights) == len(matrix) - len(left_out)
            ends.add((end, bool(left_out)))
    assert ("converged" if limit == 200 else "limit", True) in ends


def test_single_dropped_bins_and_those_with_few_contacts_are_distinguished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two bins have one partner; three bins share two partners, and their weights diverge."""
    monkeypatch.setattr("counterpoise.methods.scale.FEW", 0.1)
    matrix = random_map(60, 3, density=1.0, depth=60).toarray() + 1
    for hanging, partners in enumerate(([20], [20], [30, 31], [30, 31], [30, 31])):
        matrix[hanging] = matrix[:, hanging] = 0
        matrix[hanging, partners] = matrix[partners, hanging] = 5
    result = cp.balance(matrix, "scale")
    assert np.flatnonzero(np.isnan(result.weights)).tolist() == [0, 1, 2, 3, 4, 30, 31]
    assert result.reason == (
        "7 of 60 bins were dropped (matrix:0-1, matrix:1-2, matrix:2-3, ...), so that the others "
        "could be balanced: 2 in contact with fewer than 2 others, 5 whose weights did not settle."
    )


def test_stops_by_its_own_rule_and_reports_the_deviation() -> None:
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
    """A converged run has row sums within 5 % and leaves out few bins."""
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


def test_scale_reads_twice_an_iteration_from_the_device() -> None:
    """Each iteration reads its changes and its deviations; the end reads once more."""
    pytest.importorskip("torch", reason="torch is not installed")
    result, read = torch_reads("scale", random_map(60, 1))
    assert len(read) == 2 * (result.iterations + 1)
