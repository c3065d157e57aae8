"""The plain functions of the tutorial: any format of matrix, and honest about failure."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing.matrices import NotBalancedWarning
from counterpoise.errors import ConfigError

FIVE_BINS = np.array(
    [
        [900, 545, 110, 66, 40],
        [545, 900, 181, 110, 66],
        [110, 181, 100, 60, 36],
        [66, 110, 60, 100, 60],
        [40, 66, 36, 60, 100],
    ]
)
# [[0, 1, 1], [1, 0, 0], [1, 0, 0]]: bins 1 and 2 both need bin 0 for themselves.
NO_SUPPORT = np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]])
MATRIX_FUNCTIONS = (cp.ice_normalize, cp.vc_normalize, cp.vc_sqrt_normalize)
FORMATS = (
    np.asarray,
    sp.csr_matrix,
    sp.csc_matrix,
    sp.coo_matrix,
    sp.lil_matrix,
    sp.dok_matrix,
    sp.csr_array,
)


def row_sums(matrix: Any) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=1)).ravel()


@st.composite
def sparse_maps(draw: st.DrawFn) -> NDArray[np.int64]:
    """Draw a map with many zeros and a filled diagonal, so that an exact balancing exists."""
    n = draw(st.integers(1, 8))
    size = n * (n - 1) // 2
    above = draw(st.lists(st.sampled_from([0, 0, 0, 1, 3, 20, 50]), min_size=size, max_size=size))
    diagonal = draw(st.lists(st.integers(1, 50), min_size=n, max_size=n))
    dense = np.diag(diagonal)
    dense[np.triu_indices(n, 1)] = above
    return np.triu(dense) + np.triu(dense, 1).T


@st.composite
def full_maps(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draw a map without zeros and extremes, for which ICE is quick too."""
    n = draw(st.integers(2, 8))
    size = n * (n + 1) // 2
    upper = np.zeros((n, n))
    upper[np.triu_indices(n)] = draw(st.lists(st.floats(1, 10), min_size=size, max_size=size))
    return upper + np.triu(upper, 1).T


# --- signatures and returns ------------------------------------------------------------------


def test_signatures_are_the_tutorials() -> None:
    def of(function: Any) -> list[tuple[str, Any]]:
        parameters = inspect.signature(function).parameters.values()
        return [(parameter.name, parameter.default) for parameter in parameters]

    nothing = inspect.Parameter.empty
    assert of(cp.kr_normalize) == [
        ("matrix", nothing),
        ("max_iter", 200),
        ("tolerance", 1e-5),
        ("backend", cp.Backend.AUTO),
        ("device", None),
    ]
    assert of(cp.ice_normalize) == [
        ("matrix", nothing),
        ("max_iter", 100),
        ("tolerance", 1e-5),
        ("target", None),
    ]
    assert of(cp.vc_normalize) == of(cp.vc_sqrt_normalize) == [("matrix", nothing)]


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.uint64, np.float32, np.float64])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.__name__)
def test_any_format_and_type(form: Any, dtype: type) -> None:
    counts = np.minimum(FIVE_BINS, 250)
    before = form(counts.astype(dtype))
    balanced, weights = cp.kr_normalize(before, tolerance=1e-10)
    assert isinstance(balanced, sp.csr_matrix)
    assert balanced.dtype == weights.dtype == np.float64
    np.testing.assert_allclose(row_sums(balanced), 1, rtol=1e-9)
    np.testing.assert_allclose(balanced.toarray(), counts * np.outer(weights, weights), rtol=1e-12)
    for function in MATRIX_FUNCTIONS:
        result = function(before)
        assert isinstance(result, sp.csr_matrix)
        assert result.dtype == np.float64
        np.testing.assert_array_equal(result.toarray(), function(counts).toarray())
    after = before.toarray() if sp.issparse(before) else before
    np.testing.assert_array_equal(after, counts, err_msg="the input was changed")


def test_duplicates_are_summed_and_zeros_are_no_contacts() -> None:
    rows, columns = FIVE_BINS.nonzero()
    half = np.concatenate([FIVE_BINS[rows, columns]] * 2) / 2
    twice = sp.coo_matrix((half, (np.tile(rows, 2), np.tile(columns, 2))))
    np.testing.assert_array_equal(cp.kr_normalize(twice)[1], cp.kr_normalize(FIVE_BINS)[1])
    stored_zero = sp.csr_matrix(([1.0, 0.0], ([0, 1], [0, 1])))
    assert stored_zero.nnz == 2
    np.testing.assert_array_equal(cp.kr_normalize(stored_zero)[1], [1, np.nan])


def test_backends_by_their_tutorial_names() -> None:
    plain, plain_weights = cp.kr_normalize(FIVE_BINS, backend=cp.Backend.NUMPY, tolerance=1e-10)
    automatic, weights = cp.kr_normalize(FIVE_BINS, backend="auto", tolerance=1e-10, device="cpu")
    np.testing.assert_allclose(plain_weights, weights, rtol=1e-10)
    np.testing.assert_allclose(plain.toarray(), automatic.toarray(), rtol=1e-10)
    by_torch, torch_weights = cp.kr_normalize(FIVE_BINS, backend="torch", tolerance=1e-10)
    np.testing.assert_allclose(plain_weights, torch_weights, rtol=1e-10)
    assert isinstance(by_torch, sp.csr_matrix)
    with pytest.raises(ValueError, match="backend is 'jax'; it must be one of auto, native"):
        cp.kr_normalize(FIVE_BINS, backend="jax")
    with pytest.raises(ConfigError, match=r"device is 'cuda', but backend scipy runs on cpu"):
        cp.kr_normalize(FIVE_BINS, backend="scipy", device="cuda")


# --- what the methods mean -------------------------------------------------------------------


def test_the_tutorials_five_bins() -> None:
    balanced, weights = cp.kr_normalize(FIVE_BINS, max_iter=500, tolerance=1e-9)
    np.testing.assert_allclose(weights, [0.02275, 0.01953, 0.05655, 0.05874, 0.06847], atol=5e-6)
    np.testing.assert_allclose(row_sums(balanced), 1, atol=1e-8)


def test_ice_has_the_target_as_row_sums() -> None:
    by_default = cp.ice_normalize(FIVE_BINS, tolerance=1e-9)
    np.testing.assert_allclose(row_sums(by_default), FIVE_BINS.sum() / 5, rtol=1e-8)
    asked = cp.ice_normalize(FIVE_BINS, tolerance=1e-9, target=2.5)
    np.testing.assert_allclose(row_sums(asked), 2.5, rtol=1e-8)


def test_ice_with_an_empty_row_shares_the_total_among_the_others() -> None:
    gapped = sp.block_diag([FIVE_BINS, [[0]]])
    balanced = cp.ice_normalize(gapped, tolerance=1e-9)
    np.testing.assert_allclose(row_sums(balanced), [FIVE_BINS.sum() / 5] * 5 + [0], rtol=1e-8)


@pytest.mark.parametrize(
    ("function", "power"), [(cp.vc_normalize, 1.0), (cp.vc_sqrt_normalize, 0.5)]
)
def test_vanilla_coverage_by_its_definition(function: Any, power: float) -> None:
    divisor = FIVE_BINS.sum(axis=1) ** power
    expected = FIVE_BINS / np.outer(divisor, divisor)
    expected *= FIVE_BINS.sum() / expected.sum()
    np.testing.assert_allclose(function(FIVE_BINS).toarray(), expected, rtol=1e-12)


def test_empty_rows_get_no_weight() -> None:
    gapped = np.insert(np.insert(FIVE_BINS, 2, 0, axis=0), 2, 0, axis=1)
    balanced, weights = cp.kr_normalize(gapped, tolerance=1e-10)
    assert np.flatnonzero(np.isnan(weights)).tolist() == [2]
    np.testing.assert_allclose(row_sums(balanced), [1, 1, 0, 1, 1, 1], atol=1e-9)
    np.testing.assert_array_equal(
        np.delete(weights, 2), cp.kr_normalize(FIVE_BINS, tolerance=1e-10)[1]
    )


# --- what cannot be balanced -----------------------------------------------------------------


@pytest.mark.parametrize("function", [cp.kr_normalize, cp.ice_normalize])
def test_a_map_without_support_is_not_passed_off_as_balanced(function: Any) -> None:
    with pytest.warns(NotBalancedWarning, match="no support") as caught:
        function(NO_SUPPORT)
    assert caught[0].filename == __file__, "the warning points at the caller"


def test_running_out_of_iterations_warns() -> None:
    with pytest.warns(NotBalancedWarning, match=r"not_converged: .*\b2 iterations were not enough"):
        balanced = cp.ice_normalize(FIVE_BINS, max_iter=2)
    assert np.ptp(row_sums(balanced)) > 1
    with pytest.warns(NotBalancedWarning, match="products were not enough"):
        cp.kr_normalize(FIVE_BINS, max_iter=3, tolerance=1e-12)


@pytest.mark.parametrize("n", [0, 3])
@pytest.mark.parametrize("function", [cp.kr_normalize, *MATRIX_FUNCTIONS])
def test_a_map_without_contacts_is_empty_and_says_so(function: Any, n: int) -> None:
    with pytest.warns(NotBalancedWarning, match="empty"):
        result = function(np.zeros((n, n)))
    matrix = result[0] if function is cp.kr_normalize else result
    assert matrix.shape == (n, n)
    assert matrix.sum() == 0


@pytest.mark.parametrize("function", [cp.kr_normalize, *MATRIX_FUNCTIONS])
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ([[1, 2], [3, 4]], r"not symmetric: entry \(0, 1\) is 2, entry \(1, 0\) is 3"),
        ([[1, -1], [-1, 1]], "negative"),
        ([[1, np.nan], [np.nan, 1]], "NaN or infinite"),
        ([[1, np.inf], [np.inf, 1]], "NaN or infinite"),
        ([[1, 2, 3]], "square; this matrix has 1 rows and 3 columns"),
    ],
)
def test_other_matrices_are_refused(function: Any, bad: list[Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        function(sp.csr_matrix(np.array(bad)))


@pytest.mark.parametrize(
    "function", [cp.kr_normalize, cp.mask_bins, cp.Contacts.from_matrix, cp.balance]
)
def test_a_masked_array_is_its_data_or_refused(function: Any) -> None:
    function(np.ma.masked_array(FIVE_BINS))
    with pytest.raises(ValueError, match=r"masked entries; pass matrix\.filled\(0\)"):
        function(np.ma.masked_equal(FIVE_BINS, 36))


def test_half_precision_is_taken() -> None:
    expected = cp.kr_normalize(FIVE_BINS)[1]
    half = sp.csr_matrix(FIVE_BINS.astype(np.float64))
    half.data = half.data.astype(np.float16)
    for matrix in (FIVE_BINS.astype(np.float16), half):
        np.testing.assert_array_equal(cp.kr_normalize(matrix)[1], expected)


# --- properties ------------------------------------------------------------------------------


@given(sparse_maps())
def test_kr_row_sums_are_one_on_every_balanceable_map(dense: NDArray[np.int64]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotBalancedWarning)
        balanced, weights = cp.kr_normalize(dense, max_iter=2000, tolerance=1e-9)
    assert (weights > 0).all()
    np.testing.assert_allclose(row_sums(balanced), 1, atol=1e-8)


@given(full_maps(), st.floats(1e-3, 1e5))
def test_weights_scale_with_the_root_of_depth(dense: NDArray[np.float64], depth: float) -> None:
    once, weights = cp.kr_normalize(dense, tolerance=1e-10)
    deep, deep_weights = cp.kr_normalize(dense * depth, tolerance=1e-10)
    np.testing.assert_allclose(deep_weights * np.sqrt(depth), weights, rtol=1e-7)
    np.testing.assert_allclose(deep.toarray(), once.toarray(), rtol=1e-7)
    for function in MATRIX_FUNCTIONS:
        keywords = {"tolerance": 1e-9, "max_iter": 5000} if function is cp.ice_normalize else {}
        np.testing.assert_allclose(
            function(dense * depth, **keywords).toarray(),
            function(dense, **keywords).toarray() * depth,
            rtol=1e-6,
        )


@given(full_maps(), st.randoms(use_true_random=False))
def test_the_order_of_bins_does_not_matter(dense: NDArray[np.float64], random: Any) -> None:
    order = list(range(len(dense)))
    random.shuffle(order)
    shuffled = dense[np.ix_(order, order)]
    weights = cp.kr_normalize(dense, tolerance=1e-10)[1]
    np.testing.assert_allclose(
        cp.kr_normalize(shuffled, tolerance=1e-10)[1], weights[order], rtol=1e-7
    )
    for function in (cp.vc_normalize, cp.vc_sqrt_normalize):
        np.testing.assert_allclose(
            function(shuffled).toarray(), function(dense).toarray()[np.ix_(order, order)], rtol=1e-9
        )


@given(full_maps())
def test_ice_and_kr_agree_up_to_scale(dense: NDArray[np.float64]) -> None:
    kr = cp.kr_normalize(dense, tolerance=1e-10)[0].toarray()
    ice = cp.ice_normalize(dense, max_iter=5000, tolerance=1e-9, target=1.0).toarray()
    np.testing.assert_allclose(ice, kr, rtol=1e-6)
    mean = dense.sum() / len(dense)
    np.testing.assert_allclose(
        row_sums(cp.ice_normalize(dense, max_iter=5000, tolerance=1e-9)), mean, rtol=1e-7
    )


@given(full_maps())
def test_vanilla_coverage_keeps_the_total(dense: NDArray[np.float64]) -> None:
    for function in (cp.vc_normalize, cp.vc_sqrt_normalize):
        np.testing.assert_allclose(function(dense).sum(), dense.sum(), rtol=1e-12)


def test_kde_normalize() -> None:
    """The weights equal those of ``balance``; without a bandwidth, one is chosen."""
    matrix = FIVE_BINS.astype(float)
    balanced, weights = cp.kde_normalize(matrix, bandwidth=1.5)
    expected = cp.balance(matrix, "kde", bandwidth=1.5)
    np.testing.assert_array_equal(weights, expected.weights)
    np.testing.assert_allclose(balanced.toarray(), matrix * np.outer(weights, weights))
    assert row_sums(balanced).mean() == pytest.approx(1)
    _, plain = cp.kde_normalize(matrix, bandwidth=0)
    np.testing.assert_allclose(plain, cp.kr_normalize(matrix, tolerance=1e-12)[1], rtol=1e-6)
    _, chosen = cp.kde_normalize(matrix)
    np.testing.assert_array_equal(chosen, cp.balance(matrix, "kde").weights)
    with pytest.warns(NotBalancedWarning, match="1 iteration was not enough"):
        cp.kde_normalize(matrix, bandwidth=1.5, max_iter=1)
