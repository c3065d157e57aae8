"""The decision whether an exact balancing exists agrees with brute force and precedes iterating."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

import counterpoise as cp
from counterpoise.backends.scipy import selected_matrix
from counterpoise.balancing.blocks import (
    fully_indecomposable,
    nearest_pixels,
    on_diagonal,
    prove_by_blocks,
)
from counterpoise.balancing.matching import find_obstacle, find_support
from counterpoise.balancing.support import decide, examine, too_large
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.records.facts import (
    DroppingFailed,
    NoSupport,
    NoTotalSupport,
    Remedies,
    Remedy,
    SparsestDropped,
)
from counterpoise.records.wording import sentence
from tests.support.maps import random_map, two_sides

LIMIT = 10**9


@st.composite
def patterns(draw: st.DrawFn, most: int = 6) -> np.ndarray:
    """A symmetric pattern without empty rows, bool [n, n]."""
    n = draw(st.integers(1, most))
    upper = draw(st.lists(st.booleans(), min_size=n * (n + 1) // 2, max_size=n * (n + 1) // 2))
    pattern = np.zeros((n, n), bool)
    pattern[np.triu_indices(n)] = upper
    pattern |= pattern.T
    assume(pattern.any(axis=1).all())
    return pattern


def used_entries(pattern: np.ndarray) -> np.ndarray:
    """Return the entries of perfect matchings, bool [n, n], by trying all permutations."""
    n = len(pattern)
    used = np.zeros((n, n), bool)
    for order in permutations(range(n)):
        if pattern[np.arange(n), order].all():
            used[np.arange(n), order] = True
    return used


def filled(contacts: Contacts, selection: Selection) -> Selection:
    """Return the selection without bins that have no selected contact, as decisions require."""
    kept = selection.kept.copy()
    kept[kept] = np.asarray(selected_matrix(contacts, selection).sum(axis=1)).ravel() > 0
    return replace(selection, kept=kept)


def selected(
    contacts: Contacts, ignore_diags: int = 0, kept: np.ndarray | None = None
) -> Selection:
    kept = np.ones(len(contacts.bins), bool) if kept is None else kept
    return filled(contacts, next(select(contacts.bins, kept, Scope.GENOME, ignore_diags)))


@given(patterns())
def test_support_agrees_with_all_permutations(pattern: np.ndarray) -> None:
    support = find_support(sp.csr_matrix(pattern))
    used = used_entries(pattern)
    assert support.total == (used == pattern).all()
    assert (len(support.unmatched) == 0) == used.any()
    if used.any():
        assert support.outside == (pattern & ~used).sum()


@given(patterns(most=9))
def test_the_rows_in_the_way_prove_it(pattern: np.ndarray) -> None:
    """Blocking rows have fewer columns than rows, or as many, which other rows need as well."""
    support = find_support(sp.csr_matrix(pattern))
    inside = np.isin(np.arange(len(pattern)), support.blocking)
    columns = pattern[inside].any(axis=0)
    assert support.partners == columns.sum()
    if support.total:
        assert not inside.any()
    elif len(support.unmatched):
        assert inside.sum() - columns.sum() == len(support.unmatched) > 0
    else:
        assert inside.sum() == columns.sum() > 0
        assert pattern[~inside][:, columns].any()
    per_row = pattern.sum(axis=1)[support.blocking]
    assert (np.diff(per_row) >= 0).all()


@given(patterns())
def test_small_patterns_that_stay_matched_without_any_row_and_column(pattern: np.ndarray) -> None:
    """The definition holds for each entry: the pattern less its row and column has a matching."""
    n = len(pattern)
    expected = all(
        n == 1 or used_entries(np.delete(np.delete(pattern, i, 0), j, 1)).any()
        for i in range(n)
        for j in range(n)
    )
    bits = (pattern.astype(np.int64) << np.arange(n)).sum(axis=1)
    expected = expected and pattern.any()
    assert fully_indecomposable(bits[None, :])[0] == expected


def test_many_small_patterns_at_once() -> None:
    one, none, swap = [1, 2, 4], [0, 0, 0], [2, 1, 4]
    triangle = [6, 5, 3]
    shown = fully_indecomposable(np.array([triangle, one, none, swap, triangle]))
    np.testing.assert_array_equal(shown, [True, False, False, False, True])


@given(
    n=st.integers(4, 70),
    reach=st.integers(1, 14),
    density=st.floats(0.2, 1.0),
    ignored=st.integers(0, 3),
    masked=st.floats(0, 0.4),
    seed=st.integers(0, 10_000),
)
def test_the_cheap_proof_never_lies(
    n: int, reach: int, density: float, ignored: int, masked: float, seed: int
) -> None:
    """Banded maps with masked bins are decided as the complete test decides."""
    matrix = random_map(n, seed, density, depth=5.0)
    contacts = Contacts.from_matrix(sp.tril(sp.triu(matrix, -reach), reach))
    kept = np.random.default_rng(seed).random(n) >= masked
    selection = selected(contacts, ignored, kept=kept)
    assume(selection.kept.any())
    complete = examine(contacts, selection, LIMIT)
    has_diagonal = on_diagonal(contacts, selection)
    if has_diagonal.all() or prove_by_blocks(has_diagonal, *nearest_pixels(contacts, selection)):
        assert complete.exists
    assert decide(contacts, selection, LIMIT).exists == complete.exists


@pytest.mark.parametrize("scope", list(Scope))
@given(ignored=st.integers(0, 3), density=st.floats(0.2, 1.0), seed=st.integers(0, 10_000))
def test_decided_in_any_scope(scope: Scope, ignored: int, density: float, seed: int) -> None:
    """The decision on two chromosomes agrees with the matching of the full map."""
    matrix = random_map(30, seed, density, depth=3.0)
    contacts = replace(
        Contacts.from_matrix(matrix), bins=BinTable.fixed(("one", "two"), (180, 120), 10)
    )
    for part in select(contacts.bins, np.ones(30, bool), scope, ignored):
        selection = filled(contacts, part)
        if selection.kept.any():
            truth = find_support(selected_matrix(contacts, selection)).total
            assert decide(contacts, selection, LIMIT).exists == truth


@pytest.mark.parametrize("density", [0.6, 0.9])
@pytest.mark.parametrize("ignored", [0, 1, 2, 3, 5])
def test_a_dense_band_needs_no_matching(ignored: int, density: float) -> None:
    """The limit of the complete test is zero, so the test cannot run."""
    n = 5000
    rows = np.repeat(np.arange(n, dtype=np.int32), 40)
    columns = rows + np.tile(np.arange(40, dtype=np.int32), n)
    chosen = (columns < n) & (np.random.default_rng(1).random(len(rows)) < density)
    pixels = rows[chosen], columns[chosen], np.ones(chosen.sum(), np.int32)
    contacts = Contacts.from_chunks(BinTable.fixed(("chr",), (n,), 1), [pixels], {})
    decision = decide(contacts, selected(contacts, ignored), 0)
    assert (decision.exists, decision.stage) == (True, "blocks")


def test_a_full_diagonal_decides_without_scipy() -> None:
    """scipy takes longer to load than most maps take to balance."""
    program = """
import sys, numpy as np
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.balancing.support import decide
n = 64
rows, columns = (a.astype(np.int32) for a in np.triu_indices(n))
bins = BinTable.fixed(("chr",), (n,), 1)
contacts = Contacts.from_chunks(bins, [(rows, columns, np.ones(len(rows), np.int32))], {})
for ignored in (0, 2):
    kept = np.ones(n, bool)
    print(decide(contacts, Selection("chr", 0, n, Scope.CIS, ignored, 1, kept), 0).stage)
print("scipy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["diagonal", "blocks", "False"], done.stderr


def test_undecided_where_too_many_contacts_would_have_to_be_examined() -> None:
    """Each of 200 bins has contacts with the same 100 others, and all of them stand in the way."""
    contacts = Contacts.from_matrix(two_sides(200, 100))
    assert decide(contacts, selected(contacts), 19_999).exists is None
    decision = decide(contacts, selected(contacts), 20_000)
    assert (decision.exists, decision.stage) == (False, "matching")


def test_contacts_with_other_chromosomes_do_not_make_one_large() -> None:
    """The chromosomes have 21, 36 and 15 cis pixels; the many trans pixels count for none."""
    full = Contacts.from_matrix(np.ones((19, 19)))
    contacts = replace(full, bins=BinTable.fixed(("a", "b", "c"), (6, 8, 5), 1))
    kept = np.ones(19, bool)
    for part, pixels in zip(select(contacts.bins, kept, Scope.CIS), (21, 36, 15), strict=True):
        assert not too_large(contacts, part, pixels)
        assert too_large(contacts, part, pixels - 1)
    (genome,) = select(contacts.bins, kept, Scope.GENOME)
    assert not too_large(contacts, genome, 190)
    assert too_large(contacts, genome, 189)


def test_the_reason_names_the_bins() -> None:
    arrow = np.zeros((6, 6))
    arrow[0, 1:] = arrow[1:, 0] = 1
    obstacle = find_obstacle(find_support(sp.csr_matrix(arrow)), lambda row: f"bin {row}")
    assert obstacle == NoSupport(blocking=5, bins=("bin 1", "bin 2", "bin 3"), partners=1)
    words = sentence(obstacle)
    assert "5 bins (bin 1, bin 2, bin 3, ...) have contacts with only 1 bin" in words
    hanging = np.ones((5, 5))
    hanging[3, 1:] = hanging[1:, 3] = 0
    obstacle = find_obstacle(find_support(sp.csr_matrix(hanging)), lambda row: f"bin {row}")
    # (0, 0) and 3 pairs with bin 0 are in the way.
    assert obstacle == NoTotalSupport(blocking=1, bins=("bin 3",), partners=1, entries=7)
    words = sentence(obstacle)
    assert "1 bin (bin 3) has contacts with only 1 bin" in words
    assert words.endswith("so no weights make all row sums equal (no total support).")


HOPELESS = {
    "no_support": np.array([[0.0, 4, 5], [4, 0, 0], [5, 0, 0]]),
    "no_total_support": np.array([[3.0, 4, 5], [4, 0, 0], [5, 0, 2]]),
}


@pytest.mark.parametrize("cause", HOPELESS)
@pytest.mark.parametrize("method", ["kr", "ice", "ssk"])
def test_nothing_is_iterated_where_no_balancing_exists(method: str, cause: str) -> None:
    """Only one product is computed, for the row sums."""
    result = cp.balance(HOPELESS[cause], method, on_failure="nan")
    part = result.verdict.parts[0]
    assert (part.status, part.cause) == (cp.Status.FAILED, cause)
    assert (part.matvecs, part.iterations, result.trace) == (1, 0, ())
    assert "matrix:" in part.reason
    assert np.isnan(result.weights).all()
    iterated = cp.balance(HOPELESS[cause], method, on_failure="keep")
    assert iterated.matvecs > 10
    assert cp.balance(HOPELESS[cause], "vc", on_failure="nan").status is cp.Status.COMPUTED


def with_hanging_bins(n: int, hanging: int) -> np.ndarray:
    """Return a full map whose last bins have contacts with bin 0 alone, each more than the last."""
    matrix = random_map(n, 3, 1.0).toarray() + 5
    matrix[-hanging:] = 0
    matrix[:, -hanging:] = 0
    matrix[0, -hanging:] = matrix[-hanging:, 0] = np.arange(1, hanging + 1)
    return matrix


@pytest.mark.parametrize(
    ("bins", "hanging", "percentile"), [(120, 1, 1), (120, 2, 2), (120, 3, 3), (120, 9, 10)]
)
@pytest.mark.parametrize("method", ["kr", "ice", "ssk"])
def test_dropping_as_juicer_does(method: str, bins: int, hanging: int, percentile: int) -> None:
    """Dropping ends at the first sufficient percentile; other bins get the weights of a mask."""
    matrix = with_hanging_bins(bins, hanging)
    result = cp.balance(matrix, method, on_failure="drop")
    assert result.status is cp.Status.CONVERGED, result.reason
    part = result.verdict.parts[0]
    assert part.drop_percentile == percentile
    sums = np.sort(matrix.sum(axis=1))
    # Apache Commons interpolates the percentile at position p (n + 1) / 100, counted from one.
    position = percentile * (bins + 1) / 100
    lower = int(position)
    threshold = sums[lower - 1] + (position - lower) * (sums[lower] - sums[lower - 1])
    kept = matrix.sum(axis=1) > threshold
    assert part.dropped == bins - kept.sum() >= hanging
    np.testing.assert_array_equal(np.isfinite(result.weights), kept)
    masked = cp.balance(matrix, method, mask=kept, on_failure="nan")
    np.testing.assert_allclose(result.weights, masked.weights, rtol=1e-12)
    assert part.reason.startswith(f"{part.dropped} of {bins} bins w")
    assert f"percentile {percentile}" in part.reason
    assert "support" in part.reason
    fact = part.facts[0]
    assert isinstance(fact, SparsestDropped)
    assert (fact.dropped, fact.of, fact.percentile) == (part.dropped, bins, percentile)
    assert [each.code for each in fact.before] == [
        "no_total_support" if hanging == 1 else "no_support"
    ]
    assert part.matvecs == masked.matvecs + sum(p < percentile for p in (1, 2, 3, 4, 10)) + 1
    # The trace counts from the first attempt on, as the verdict does.
    before = part.matvecs - masked.matvecs
    assert [row.matvecs - before for row in result.trace] == [row.matvecs for row in masked.trace]


def test_dropping_does_not_help_where_it_is_hopeless() -> None:
    arrow = np.zeros((60, 60))
    arrow[0, 1:] = arrow[1:, 0] = np.arange(1, 60)
    result = cp.balance(arrow, "kr", on_failure="drop")
    part = result.verdict.parts[0]
    assert (part.status, part.cause) == (cp.Status.FAILED, "no_support")
    assert (part.dropped, part.drop_percentile, part.kept) == (0, 0, 60)
    assert "Dropping the bins up to percentile 10 of row sums did not help." in part.reason
    assert part.facts[-1] == DroppingFailed(percentile=10, none_left=False)
    assert part.matvecs <= 1 + 5  # the row sums, once for each try
    assert np.isnan(result.weights).all()


def test_dropping_everything_is_no_way_out() -> None:
    """Bins 1 and 2 at the threshold are dropped, and then bin 0 has no contact and is dropped."""
    matrix = np.array([[0.0, 2, 2], [2, 0, 0], [2, 0, 0]])
    result = cp.balance(matrix, "kr", on_failure="drop")
    assert result.status is cp.Status.FAILED
    assert np.isnan(result.weights).all()
    assert "Dropping the sparsest bins would leave none." in result.reason


def test_dropping_stops_where_nothing_would_be_left() -> None:
    """The sparsest bin is dropped first, which does not help; all other bins are equal."""
    arrow = np.zeros((60, 60))
    arrow[0, 1:] = arrow[1:, 0] = 2
    arrow[0, 1] = arrow[1, 0] = 1
    result = cp.balance(arrow, "kr", on_failure="drop")
    assert result.status is cp.Status.FAILED
    words = "up to percentile 3 of row sums did not help, and dropping more would leave none"
    assert words in result.reason


def test_dropping_tells_how_many_are_equal() -> None:
    """Half of the bins have the same few contacts and are dropped together."""
    matrix = np.zeros((60, 60))
    matrix[:30, :30] = random_map(30, 3, 1.0).toarray() + 5
    matrix[0, 30:] = matrix[30:, 0] = 1
    result = cp.balance(matrix, "kr", on_failure="drop")
    assert result.status is cp.Status.CONVERGED
    assert result.reason.startswith("30 of 60 bins were dropped (")


def blocks(*sizes: int) -> np.ndarray:
    """Return full blocks without contacts between them, each a tenth as deep as the one before."""
    return sp.block_diag(
        [(random_map(n, n, 1.0).toarray() + 5) / 10**i for i, n in enumerate(sizes)]
    ).toarray()


def test_dropping_a_part_that_is_alone() -> None:
    """Plain ICE needs one scale for the whole map, which exists once the small part is dropped."""
    result = cp.balance(
        blocks(118, 2), "ice", on_failure="drop", solver="plain", max_iterations=100, tolerance=1e-8
    )
    part = result.verdict.parts[0]
    assert (part.status, part.dropped, part.drop_percentile) == ("converged", 2, 2)
    check_balanced(blocks(118), replace(result, weights=result.weights[:118]))


def test_dropping_cannot_join_parts() -> None:
    """Dropping bins cannot join two large parts, so no part is iterated again."""
    result = cp.balance(
        blocks(60, 60), "ice", on_failure="drop", solver="plain", max_iterations=100
    )
    part = result.verdict.parts[0]
    assert (part.status, part.cause) == ("not_converged", "disconnected")
    assert part.matvecs <= 101 + 5
    assert "did not help" in part.reason
    assert "2 components without a contact between them" in part.reason


@pytest.mark.parametrize("cause", HOPELESS)
@pytest.mark.parametrize("method", ["kr", "ice", "ssk", "scale", "vc"])
def test_usable_and_useless_weights_are_distinguished(method: str, cause: str) -> None:
    result = cp.balance(HOPELESS[cause], method, on_failure="keep")
    written = np.isfinite(result.weights).all()
    assert written or np.isnan(result.weights).all()
    assert written != ("orders of magnitude and are not written" in result.reason)
    assert written == (result.verdict.parts[0].balanced_total > 0)
    if method == "kr":
        assert not written


def test_no_total_of_weights_that_are_not_written() -> None:
    matrix = random_map(80, 12)
    for method, limit in (("ice", "max_iterations"), ("kr", "max_products")):
        for on_failure in ("nan", "drop", "keep"):
            result = cp.balance(matrix, method, on_failure=on_failure, **{limit: 2})
            part = result.verdict.parts[0]
            assert (part.status, part.cause) == ("not_converged", "limit")
            assert part.raw_total == matrix.sum()
            assert np.isfinite(result.weights).all() == (on_failure == "keep")
            expected = result.matrix().sum()
            assert part.balanced_total == pytest.approx(expected, rel=1e-12)
            assert (expected > 0) == (on_failure == "keep")


def test_kr_is_advised_where_another_method_is_slow() -> None:
    matrix = random_map(80, 12)
    for method in ("ice", "ssk", "scale"):
        result = cp.balance(matrix, method, max_iterations=2)
        assert result.reason.startswith("Raise max_iterations or use kr. ")
        assert result.reason.endswith("An exact balancing exists.")
        actions = (Remedy.MORE_ITERATIONS, Remedy.USE_KR)
        advice = Remedies(actions, iteration_setting="max_iterations")
        assert advice in result.verdict.parts[0].facts
    slow = cp.balance(matrix, "kr", max_products=2)
    assert slow.reason.startswith("Raise max_products. ")
    assert slow.reason.endswith("An exact balancing exists.")


def test_dropping_leaves_balanced_parts_alone() -> None:
    """One of two chromosomes needs dropped bins; the verdict names it."""
    good, bad = random_map(120, 5, 1.0).toarray() + 1, with_hanging_bins(120, 1)
    both = np.zeros((240, 240))
    both[:120, :120], both[120:, 120:] = good, bad
    contacts = replace(
        Contacts.from_matrix(both), bins=BinTable.fixed(("good", "bad"), (120, 120), 1)
    )
    result = cp.balance(contacts, "kr", scope="cis", on_failure="drop")
    assert result.status is cp.Status.CONVERGED
    assert [part.dropped for part in result.verdict.parts] == [0, 1]
    words = "1 of 240 kept bins (on bad) was dropped so that the others could be balanced."
    assert result.reason == words
    alone = cp.balance(good, "kr")
    np.testing.assert_array_equal(result.weights[:120], alone.weights)

    isolated = cp.balance(contacts, "kr", scope="cis")
    assert [part.isolated for part in isolated.verdict.parts] == [0, 1]
    words = "1 of 240 kept bins (on bad) was isolated so that the others could be balanced."
    assert isolated.reason == words


def test_bins_without_remaining_partners_are_dropped() -> None:
    matrix = with_hanging_bins(120, 1)
    matrix[1] = matrix[:, 1] = 0
    for sparse in (2, 3):  # the two bins with fewest contacts, and the only ones that bin 1 meets
        matrix[sparse] = matrix[:, sparse] = 0
        matrix[1, sparse] = matrix[sparse, 1] = 0.1
    matrix[1, 1] = 0
    result = cp.balance(matrix, "kr", on_failure="drop")
    assert result.status is cp.Status.CONVERGED, result.reason
    assert np.isnan(result.weights[[1, 2, 3, -1]]).all()
    part = result.verdict.parts[0]
    assert (part.dropped, part.kept, part.unconnected) == (4, 116, 0)


def check_balanced(matrix: sp.spmatrix, result: cp.Balance) -> None:
    assert result.status is cp.Status.CONVERGED, result.reason
    sums = result.weights * (sp.csr_matrix(matrix) @ result.weights)
    np.testing.assert_allclose(sums, 1, atol=1e-7)


@pytest.mark.parametrize("link", [1e-2, 1e-5, 1e-8])
def test_nearly_separable(link: float) -> None:
    """A map of two dense blocks with weak links is balanced."""
    matrix = np.kron(np.eye(2), random_map(60, 1, 1.0).toarray() + 1)
    matrix[:60, 60:] += link
    matrix[60:, :60] += link
    check_balanced(matrix, cp.balance(matrix, "kr"))


@pytest.mark.parametrize("n", [200, 2000])
@pytest.mark.parametrize("band", [1, 3, 10])
def test_banded(n: int, band: int) -> None:
    rng = np.random.default_rng(band)
    diagonals = [rng.integers(1, 100, n - k).astype(float) for k in range(band + 1)]
    upper = sp.diags(diagonals, range(band + 1))
    matrix = sp.csr_matrix(upper + sp.triu(upper, 1).T)
    check_balanced(matrix, cp.balance(matrix, "kr"))


@pytest.mark.parametrize("ignored", [1, 2, 3])
def test_no_diagonals(ignored: int) -> None:
    matrix = random_map(300, 4, 0.8)
    near = sp.tril(sp.triu(matrix, 1 - ignored), ignored - 1)
    rest = sp.csr_matrix(matrix - near)
    rest.eliminate_zeros()
    check_balanced(rest, cp.balance(matrix, "kr", ignore_diags=ignored))


def test_two_groups_that_only_meet_each_other() -> None:
    """The scaled bipartite map has an eigenvalue of -1, which makes simple iterations swing."""
    between = np.random.default_rng(2).integers(1, 50, (40, 40)).astype(float)
    matrix = np.block([[np.zeros((40, 40)), between], [between.T, np.zeros((40, 40))]])
    check_balanced(matrix, cp.balance(matrix, "kr"))


@pytest.mark.parametrize("spread", [1e2, 1e6])
def test_bias_of_many_orders_of_magnitude(spread: float) -> None:
    bias = np.geomspace(1 / spread, spread, 200)[np.random.default_rng(3).permutation(200)]
    matrix = (random_map(200, 6, 1.0).toarray() + 1) * np.outer(bias, bias)
    check_balanced(matrix, cp.balance(matrix, "kr"))


def test_counts_of_many_orders_of_magnitude() -> None:
    """Entries are independent, from 1e-8 to 1e8; no pair of biases makes them even."""
    exponents = np.random.default_rng(4).uniform(-8, 8, (60, 60))
    matrix = 10 ** ((exponents + exponents.T) / 2)
    check_balanced(matrix, cp.balance(matrix, "kr"))
