"""Samples side by side: the numbers that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.report.comparison.compare import compare
from counterpoise.report.comparison.decay import contact_decay, decay_edges, pairs_by_distance
from counterpoise.report.comparison.region import (
    PSEUDOCOUNT,
    RATIO_CELLS,
    Picture,
    Pool,
    Region,
    draw_picture,
    log_ratio,
)
from counterpoise.report.formats import format_percent
from tests.support.compared_samples import (
    NONE_KNOWN,
    make_map,
    make_sample,
    with_run,
    without_weights,
)


@pytest.mark.parametrize("block", [1, 4, 7])
def test_a_picture_equals_dense_arithmetic(block: int) -> None:
    sample = make_sample("a", 3)
    weights = sample.runs["kr"].weights.copy()
    weights[[64, 70]] = np.nan
    picture = draw_picture(sample, sample.open(), weights, Region("chr2", 3, 24, block), 2)

    rows = np.arange(60 + 3, 60 + 27)
    dense = make_map(3)[1][np.ix_(rows, rows)]
    scale = np.nan_to_num(weights[rows])
    apart = abs(np.subtract.outer(rows, rows))
    balanced = np.where(apart >= 2, dense * np.outer(scale, scale), 0)
    fold = (np.arange(24)[:, None] // block == np.arange(-(-24 // block))).astype(float)
    counts = fold.T @ np.isfinite(weights[rows])
    pairs = np.outer(counts, counts)
    expected = np.divide(
        fold.T @ balanced @ fold, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0
    )
    expected /= np.nanmean(expected)
    np.testing.assert_allclose(picture.values, expected)
    kept = np.isfinite(weights[rows])
    assert picture.contacts == np.triu(np.where(apart >= 2, dense, 0)[np.ix_(kept, kept)]).sum()
    rescaled = draw_picture(sample, sample.open(), 5 * weights, Region("chr2", 3, 24, block), 2)
    np.testing.assert_allclose(rescaled.values, picture.values)


def test_a_pool_is_the_mean_weighted_by_contacts() -> None:
    one = Picture(np.array([[1.0, 2.0], [2.0, 1.0]]), 30.0)
    other = Picture(np.array([[3.0, np.nan], [np.nan, np.nan]]), 10.0)
    pool = Pool(2)
    pool.add(one)
    pool.add(other)
    picture = pool.picture()
    expected = np.array([[1.5, 2.0], [2.0, 1.0]])
    np.testing.assert_allclose(picture.values, expected / expected.mean())
    assert picture.contacts == 40
    nothing = Pool(2).picture()
    assert nothing.empty_cells.all()
    assert np.isnan(log_ratio(one, nothing)).all()


def test_a_log_ratio_is_of_maps_with_equal_sums() -> None:
    rng = np.random.default_rng(1)
    values = rng.random((7, 7)) + 1
    one, reference = Picture(8 * values, 1e6), Picture(values, 1e9)
    np.testing.assert_allclose(log_ratio(one, reference), np.zeros((4, 4)), atol=1e-12)
    # An empty cell is not minus infinity, but what PSEUDOCOUNT contacts allow.
    lacking = values.copy()
    lacking[:RATIO_CELLS, :RATIO_CELLS] = 0
    shallow = Picture(lacking, 400.0)
    found = log_ratio(shallow, reference)[0, 0]
    added = PSEUDOCOUNT / 800
    share = values[:2, :2].sum() / values.sum()
    assert found == pytest.approx(np.log2(added / (share + added)))
    # Cells without a value in either map count in neither sum.
    partly = np.where(np.arange(7)[:, None] < 2, np.nan, values)
    ratios = log_ratio(Picture(partly, 1e9), reference)
    assert np.isnan(ratios[0]).all()
    np.testing.assert_allclose(ratios[1:], 0, atol=1e-12)


@given(st.lists(st.booleans(), min_size=1, max_size=70), st.integers(1, 3))
def test_pairs_are_counted(flags: list[bool], first: int) -> None:
    usable = np.array(flags)
    edges = decay_edges(first, 90)
    places = np.flatnonzero(usable)
    apart = np.subtract.outer(places, places)
    expected = np.histogram(apart[apart > 0], np.append(edges[:-1], edges[-1] - 0.5))[0]
    np.testing.assert_array_equal(pairs_by_distance(usable, edges), expected)
    assert (edges[0], edges[-1]) == (first, 90)


def test_decay_is_the_mean_by_distance_whatever_the_scale_of_chromosomes() -> None:
    sample = make_sample("a", 4)
    dense = make_map(4)[1].astype(float)
    weights = sample.runs["kr"].weights
    usable = {"chr1": np.ones(60, bool), "chr2": np.arange(30) != 7}
    edges = decay_edges(2, 60)
    pairs = np.array([pairs_by_distance(flags, edges) for flags in usable.values()])
    contacts = sample.open()
    decay = contact_decay(sample, contacts, weights, usable, edges, chunk_size=200)

    sums = np.zeros(len(edges) - 1)
    for lo, flags in ((0, usable["chr1"]), (60, usable["chr2"])):
        part = slice(lo, lo + len(flags))
        apart = np.subtract.outer(np.arange(len(flags)), np.arange(len(flags)))
        used = np.outer(flags, flags) & (apart >= 2)
        balanced = dense[part, part] * np.outer(weights[part], weights[part])
        balanced *= dense[part, part][used].sum() / balanced[used].sum()
        sums += np.histogram(apart[used], edges, weights=balanced[used])[0]
    among = pairs.sum(axis=0)
    np.testing.assert_allclose(decay, sums / among / (sums.sum() / among.sum()))
    assert (decay * among).sum() / among.sum() == pytest.approx(1)

    rescaled = weights * np.repeat([1.0, 9.0], [60, 30])
    np.testing.assert_allclose(contact_decay(sample, contacts, rescaled, usable, edges), decay)
    lacking = np.where(np.arange(90) == 7, np.nan, weights)
    fewer = {**usable, "chr1": np.arange(60) != 7}
    np.testing.assert_allclose(
        contact_decay(sample, contacts, lacking, usable, edges),
        contact_decay(sample, contacts, weights, fewer, edges),
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [(1, "100 %"), (0, "0 %"), (0.99999, "99.9 %"), (0.9949, "99.5 %"), (0.4812, "48.1 %"),
     (0.00021, "0.021 %"), (1e-9, "less than 0.001 %"), (12.5, "1,250 %"), (np.nan, "\u2013"),
     (None, "\u2013")],
)  # fmt: skip
def test_all_and_nearly_all_are_distinguished(share: float | None, words: str) -> None:
    assert format_percent(share) == words


def test_a_sample_without_weights_keeps_the_others_from_nothing() -> None:
    a, b, c = make_sample("a", 1), make_sample("b", 2), without_weights(make_sample("c", 3))
    alone = compare([a, b], "ice", NONE_KNOWN)
    comparison = compare([a, b, c], "ice", NONE_KNOWN)
    assert comparison.method == alone.method
    for name in "ab":
        np.testing.assert_array_equal(comparison.decay[name], alone.decay[name])
    np.testing.assert_array_equal(comparison.overall, alone.overall)
    assert comparison.pictures[2].empty_cells.all()
    assert not np.isfinite(comparison.decay["c"]).any()
    assert comparison.reasons == {"c": "ice gave it no weights."}


def test_a_chromosome_that_none_could_balance_is_not_the_one_shown() -> None:
    samples = [make_sample(name, k, ("kr",)) for k, name in enumerate("ab")]
    lacking = []
    for sample in samples:
        weights = sample.runs["kr"].weights.copy()
        weights[:60] = np.nan
        lacking.append(with_run(sample, "kr", weights=weights))
    comparison = compare(lacking, "kr", NONE_KNOWN)
    assert comparison.region.chromosome == "chr2"
    reach = comparison.distance[np.isfinite(comparison.decay["a"])].max()
    assert reach < 30 * 1.2 < comparison.distance[-1]
