"""Standard errors: the formulas, term by term, and against maps with resampled counts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.contacts.contact_map import StoredContacts
from counterpoise.errors import ConfigError
from counterpoise.methods import kde
from counterpoise.methods.kernel import estimator
from counterpoise.methods.kernel.smoothing import Blocks, Gaussian
from counterpoise.records.facts import FewerResampled
from tests.support.maps import genome_map, random_map, rough_map
from tests.support.smoothers import direct_smoother

Floats = NDArray[np.float64]
KERNELS = ("kde", "kde_eb", "ssk_cv")


def matrix_of(n: int = 80, seed: int = 3) -> Floats:
    return random_map(n, seed).toarray()


# --- The formulas ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ice", "kr", "scale", "ssk"])
def test_free_formula(method: str) -> None:
    matrix = matrix_of()
    matrix[:, 7] = matrix[7] = 0
    result = cp.balance(matrix, method)
    u = np.nan_to_num(result.weights)
    inside = np.isfinite(result.weights)
    expected = np.sqrt(matrix @ u**2)[inside] / (matrix @ u)[inside]
    np.testing.assert_allclose(result.se[inside], expected, rtol=1e-10)
    assert np.isnan(result.se[~inside]).all()
    assert result.verdict.median_se == np.median(result.se[inside])


@pytest.mark.parametrize(("method", "power"), [("vc", 1.0), ("vc_sqrt", 0.5)])
def test_errors_of_row_sums(method: str, power: float) -> None:
    matrix = matrix_of()
    result = cp.balance(matrix, method)
    np.testing.assert_allclose(result.se, power / np.sqrt(matrix.sum(axis=1)), rtol=1e-12)


def test_weighted_trans_contacts_are_no_more_certain_for_their_factor() -> None:
    """The noise of c cw_i cw_j is that of the count c, times the factor."""
    contacts = genome_map({"a": 40, "b": 30, "c": 20}, 5, trans=1.0)
    result = cp.balance(contacts, "ice", mask=None, scope="trans", ignore_diags=0, tolerance=1e-10)
    counts = contacts.full_matrix().toarray()
    sizes = np.diff(contacts.bins.offsets)
    cw = 1 / (1 - np.repeat(sizes, sizes) / sizes.sum())
    apart = np.repeat([0, 1, 2], sizes)
    counts[apart[:, None] == apart[None, :]] = 0
    u = np.nan_to_num(result.weights)
    factor = np.outer(cw, cw)
    variance = (factor**2 * counts) @ u**2
    sums = (factor * counts) @ u
    inside = np.isfinite(result.weights)
    assert result.status is cp.Status.CONVERGED
    assert inside.all()
    np.testing.assert_allclose(
        result.se[inside], np.sqrt(variance[inside]) / sums[inside], rtol=1e-10
    )


@pytest.mark.parametrize("sigma", [0.0, 0.4, 3.0, 17.0, 35.0, 42.0, 300.0])
@pytest.mark.parametrize("xp", ["numpy", "torch"])
def test_variance_of_a_smoothed_vector(sigma: float, xp: str) -> None:
    """The variance is (S * S) x of the dense matrix, with gaps, at ends and on two chromosomes."""
    kept = [np.ones(41, bool), np.ones(30, bool)]
    kept[0][[0, 12, 13, 14]] = False
    chromosomes = [ChromosomeBins(each, 1.0) for each in kept]
    x = np.random.default_rng(2).random(67)
    dense = np.zeros((67, 67))
    dense[:37, :37] = direct_smoother(kept[0], sigma) if sigma else np.eye(37)
    dense[37:, 37:] = direct_smoother(kept[1], sigma) if sigma else np.eye(30)
    like: Any = np.ones(67)
    library: Any = np
    if xp == "torch":
        library = pytest.importorskip("torch", reason="torch is not installed")
        like = library.asarray(like)
    # A bandwidth of at least one base pair is a length; these bins are one base pair long.
    bandwidth = sigma if sigma >= 1 else sigma / 41
    if 0 < sigma < 1:
        chromosomes, x, dense, like = chromosomes[:1], x[:37], dense[:37, :37], like[:37]
    smoother = Gaussian(chromosomes, Bandwidth.from_setting(bandwidth), like, library)
    got = np.asarray(smoother.variance(library.asarray(x)))
    np.testing.assert_allclose(got, dense**2 @ x, rtol=1e-9)


def test_kernels_far_wider_than_the_chromosome() -> None:
    """Base pairs given for a matrix, an easy mistake, must cost neither time nor memory."""
    result = cp.balance(matrix_of(), "kde", bandwidth=1e12)
    u = result.weights
    np.testing.assert_allclose(u, u[0])
    # The kernel takes a plain mean of all bins, so the noise is that of the total alone.
    noise = np.sqrt(2 / matrix_of().sum()) / 2
    np.testing.assert_allclose(result.se, result.se[0])
    assert result.se[0] > noise * 0.9
    # The rest is the scatter of bins about the plain mean.
    own = matrix_of() @ u
    assert result.se[0] == pytest.approx(own.std() / own.mean(), rel=0.1)


def test_variance_of_means_of_runs() -> None:
    kept = np.ones(23, bool)
    kept[5] = False
    smoother = Blocks([ChromosomeBins(kept, 1.0)], Bandwidth.from_setting(4.0), np.ones(22), np)
    dense = np.array([smoother.smooth(row) for row in np.eye(22)]).T
    x = np.random.default_rng(2).random(22)
    np.testing.assert_allclose(smoother.variance(x), dense**2 @ x, rtol=1e-12)


@pytest.mark.parametrize("mixing", [0.0, 0.2])
def test_noise_of_a_curve(mixing: float) -> None:
    matrix, kept = matrix_of(), np.ones(80, bool)
    kept[30:36] = False
    result = cp.balance(matrix, "kde", bandwidth=3.0, mask=kept, mixing=mixing, tolerance=1e-12)
    smooth, raw = direct_smoother(kept, 3.0), matrix[np.ix_(kept, kept)]
    u = result.weights[kept]
    v = smooth.T @ u
    share = 1 / (raw.sum() / len(raw)) * (1 - mixing)
    h = share * smooth @ raw @ v + mixing * u.mean()
    scale = np.mean(u * h)  # the weights are scaled to mean row sums of one
    variance = share**2 * smooth**2 @ (raw @ v**2)
    np.testing.assert_allclose(u * h, scale, rtol=0.2 if mixing else 1e-8)
    # The scatter of bins about the curve of the other bins, beyond counting noise.
    mean, fitted = raw.sum() / len(raw), u / np.sqrt(scale)
    own, noise, diagonal = raw @ fitted / mean, raw @ fitted**2 / mean**2, smooth.diagonal()
    curve = (smooth @ own - diagonal * own) / (1 - diagonal)
    unit = smooth @ noise / (smooth @ own)
    scatter = max(((own - curve) ** 2 / curve - unit).sum() / curve.sum(), 0)
    assert scatter > 0.01
    expected = np.sqrt(variance * u**2 / (u * h) ** 2 + scatter)
    np.testing.assert_allclose(result.se[kept], expected, rtol=1e-6)
    assert np.isnan(result.se[~kept]).all()


@pytest.mark.parametrize("method", ["kde", "ssk_cv"])
def test_without_smoothing_it_is_the_free_formula(method: str) -> None:
    matrix = matrix_of()
    smoothed = cp.balance(matrix, method, bandwidth=0.0, tolerance=1e-12)
    exact = cp.balance(matrix, "ssk", tolerance=1e-12)
    np.testing.assert_allclose(smoothed.se, exact.se, rtol=1e-8)


def test_the_posterior_lies_between_curve_and_own_evidence() -> None:
    """The error is the bin's own noise with many contacts, and the spread of bins without any."""
    _, deep = rough_map(200, 1e8)
    posterior = cp.balance(deep, "kde_eb", bandwidth=5.0, ignore_diags=0)
    ssk = cp.balance(deep, "ssk", ignore_diags=0)
    np.testing.assert_allclose(posterior.se, ssk.se, rtol=1e-2)
    matrix = deep.full_matrix().toarray()
    matrix[60] = matrix[:, 60] = 0
    kept = np.ones(200, bool)
    bare = cp.balance(matrix, "kde_eb", bandwidth=5.0, mask=kept)
    # Bins were drawn 0.15 from the curve in logarithms; smoothing makes this a little larger.
    assert 0.1 < bare.se[60] < 0.3
    assert bare.se[60] > 20 * np.median(bare.se)


@pytest.mark.parametrize("contacts", [3e3, 3e4, 3e5])
def test_posterior_errors_are_as_large_as_the_errors(contacts: float) -> None:
    """The distance from the truth is about one standard error."""
    apart = []
    for seed in range(4):
        bias, drawn = rough_map(300, contacts, seed)
        result = cp.balance(drawn, "kde_eb", bandwidth=4.0, ignore_diags=0, mask=np.ones(300, bool))
        distance = np.log(result.weights * bias)
        apart.append((distance - distance.mean()) / result.se)
    # Half of normal values lie within 0.674; sparse maps make the curve itself uncertain.
    assert np.median(np.abs(apart)) == pytest.approx(0.674, rel=0.25)


def test_early_stopped_readings_have_none_but_by_bootstrap() -> None:
    matrix = matrix_of()
    stopped = {"bandwidth": 5.0, "variant": "observation"}
    result = cp.balance(matrix, "kde", **stopped)
    assert result.status is cp.Status.CONVERGED
    assert np.isnan(result.se).all()
    assert result.verdict.median_se is None
    assert np.isfinite(cp.balance(matrix, "kde", **stopped, bootstrap=4).se).all()


# --- The bootstrap -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ice", "kr"])
def test_bootstrap_agrees_with_the_formula(method: str) -> None:
    _, contacts = rough_map(200, 1e6)
    formula = cp.balance(contacts, method, ignore_diags=0)
    drawn = cp.balance(contacts, method, ignore_diags=0, bootstrap=80)
    assert np.median(drawn.se / formula.se) == pytest.approx(1, abs=0.03)
    np.testing.assert_array_equal(drawn.weights, formula.weights)


@pytest.mark.parametrize("method", ["kde", "ssk_cv"])
@pytest.mark.parametrize("bandwidth", [3.0, 12.0])
def test_curves_are_a_little_more_certain_than_their_formula(
    method: str, bandwidth: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bootstrap knows the noise of the curve alone, not the scatter of bins about it."""
    _, contacts = rough_map(200, 1e6)
    settings = {"bandwidth": bandwidth, "ignore_diags": 0}
    drawn = cp.balance(contacts, method, **settings, bootstrap=80)
    with_scatter = cp.balance(contacts, method, **settings)
    nothing = SimpleNamespace(scatter=np.zeros(()))
    for module in (estimator, kde):
        monkeypatch.setattr(module, "measure_evidence", lambda *arguments: nothing)
    formula = cp.balance(contacts, method, **settings)
    assert 0.7 < np.median(drawn.se / formula.se) < 1.03
    assert (with_scatter.se > 2 * formula.se).all()


def test_errors_cover_the_truth() -> None:
    """Nominal intervals of 95 % hold the bias of most bins, whether bins scatter or not."""
    for rough in (0.0, 0.1, 0.3):
        bias, contacts = rough_map(300, 300 * 60, seed=8, rough=rough)
        for method in ("kde", "kde_eb", "ssk_cv"):
            result = cp.balance(contacts, method, mask=np.ones(300, bool), ignore_diags=1)
            error = np.log(result.bias / bias)
            error -= np.median(error)
            assert 0.85 < np.mean(abs(error) < 1.96 * result.se) <= 1, (method, rough)


@pytest.mark.parametrize(
    ("file", "chromosome", "median"),
    [("yeast.10kb.cool", "IV", 0.0041), ("hesc_dixon_chr1_40kb.cool", "1", 0.0212)],
)
def test_real_maps(shared_data: Path, file: str, chromosome: str, median: float) -> None:
    """Formula and bootstrap give the figures that an independent prototype gave."""
    contacts = cp.read_contacts(shared_data / file)
    lo, hi = next(
        (lo, hi)
        for name, lo, hi in contacts.bins.chromosome_ranges()
        if name.removeprefix("chr") == chromosome
    )
    kept = cp.mask_bins(contacts).kept
    kept[:lo] = kept[hi:] = False
    inside = {"mask": kept, "scope": "cis", "ignore_diags": 2, "max_iterations": 300}
    result = cp.balance(contacts, "ice", **inside)
    assert result.verdict.median_se == pytest.approx(median, rel=0.03)
    drawn = cp.balance(contacts, "ice", **inside, bootstrap=8)
    assert drawn.verdict.median_se == pytest.approx(result.verdict.median_se, rel=0.05)


def test_draws_depend_only_on_seed_and_chromosome() -> None:
    contacts = genome_map({"a": 40, "b": 30}, 5)
    drawn = {"mask": None, "scope": "cis", "ignore_diags": 0, "bootstrap": 3}
    first = cp.balance(contacts, "kr", **drawn)
    again = cp.balance(contacts, "kr", **drawn)
    other = cp.balance(contacts, "kr", **drawn, seed=2)
    np.testing.assert_array_equal(first.se, again.se)
    assert not np.array_equal(first.se, other.se)
    alone = cp.balance(contacts, "kr", **{**drawn, "mask": np.repeat([False, True], [40, 30])})
    np.testing.assert_array_equal(alone.se[40:], first.se[40:])


def test_a_map_on_disk_has_the_same_errors() -> None:
    contacts = genome_map({"a": 40, "b": 30}, 5)
    stored = StoredContacts(contacts.bins, contacts.indptr, contacts.entries, contacts.source)
    for bootstrap in (0, 3):
        for scope in ("cis", "genome"):
            drawn = {"mask": None, "scope": scope, "ignore_diags": 0, "bootstrap": bootstrap}
            np.testing.assert_array_equal(
                cp.balance(stored, "kr", **drawn).se, cp.balance(contacts, "kr", **drawn).se
            )


def test_resampled_maps_that_cannot_be_balanced_are_reported() -> None:
    """Three bins form a ring; no balancing exists without any one of the three pixels."""
    matrix = np.array([[0, 1, 1], [1, 0, 2], [1, 2, 0]], dtype=float)
    result = cp.balance(matrix, "kr", bootstrap=10)
    assert result.status is cp.Status.CONVERGED
    (fact,) = result.verdict.parts[0].facts
    assert isinstance(fact, FewerResampled)
    assert 0 < fact.used < fact.drawn == 10
    assert f"rest on {fact.used} of 10 resampled maps" in result.reason


def test_nothing_is_made_up_where_there_are_no_weights() -> None:
    star = np.zeros((6, 6))
    star[0, 1:] = star[1:, 0] = 5
    result = cp.balance(star, "kr", bootstrap=3)
    assert result.status is cp.Status.FAILED
    assert np.isnan(result.se).all()
    assert result.verdict.median_se is None


def test_products_for_errors_are_no_cost_of_the_method() -> None:
    matrix = matrix_of()
    plain, drawn = (cp.balance(matrix, "kr", bootstrap=times) for times in (0, 5))
    assert plain.matvecs == drawn.matvecs
    assert plain.trace[-1].matvecs <= plain.matvecs


@pytest.mark.parametrize("method", KERNELS)
def test_every_bin_with_a_weight_has_an_error(method: str) -> None:
    matrix = random_map(90, 4, density=0.1, depth=2.0).toarray()
    result = cp.balance(matrix, method, bandwidth=4.0, mask=np.ones(90, bool))
    assert result.status.balanced, result.reason
    assert (result.se[np.isfinite(result.weights)] > 0).all()


@pytest.mark.parametrize("value", [-1, 1, 2.5])
def test_refuses(value: float) -> None:
    with pytest.raises(ConfigError, match=f"bootstrap is {value}"):
        cp.balance(matrix_of(), "kr", bootstrap=value)


def test_counts_grow_past_their_type() -> None:
    """A count near the limit of 16 bits is drawn above it half of the times."""
    top = np.full((12, 12), 65_535.0)
    result = cp.balance(top, "kr", bootstrap=6)
    expected = 1 / np.sqrt(12 * 65_535)
    assert expected / 3 < np.median(result.se) < expected * 3


@pytest.mark.parametrize("bootstrap", [0, 3])
@pytest.mark.parametrize("method", ["ice", "kr", "vc", *KERNELS])
def test_torch_finds_the_same(method: str, bootstrap: int) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    contacts = genome_map({"a": 40, "b": 30, "c": 20}, 5, trans=1.0)
    scope = "trans" if method == "ice" else "cis"
    settings: dict[str, Any] = {"scope": scope, "ignore_diags": 1, "bootstrap": bootstrap}
    settings["mask"] = None
    if method in KERNELS:
        settings["bandwidth"] = 3000.0
    results = [
        cp.balance(contacts, method, backend=backend, **settings) for backend in ("torch", "native")
    ]
    assert np.isfinite(results[0].se).any()
    np.testing.assert_allclose(results[0].se, results[1].se, rtol=1e-6)


def test_bins_beyond_reach_leave_the_errors_of_the_others() -> None:
    """With mixing, bins far from every contact have weights, and no evidence of scatter."""
    matrix = np.zeros((300, 300))
    matrix[:100, :100] = random_map(100, 2).toarray()
    result = cp.balance(matrix, "kde", mask=np.ones(300, bool), mixing=0.01, bandwidth=1 / 300)
    assert np.isfinite(result.weights).all()
    assert np.isfinite(result.se).all()
