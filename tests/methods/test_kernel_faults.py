"""Kernel methods on real sparse maps: reach, bins in the way, and what the score must not do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts.contact_map import Contacts
from counterpoise.mask import bins_with_contacts
from counterpoise.methods import methods
from counterpoise.methods.fixed_point import Ending, State, to_solution
from counterpoise.methods.kernel.cross_validation import split_contacts
from tests.support.maps import thin


def chromosome_of(contacts: Contacts, name: str, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the bins of one chromosome only."""
    number = contacts.bins.chromosomes.index(name)
    lo, hi = contacts.bins.offsets[number : number + 2]
    only = np.zeros_like(kept)
    only[lo:hi] = kept[lo:hi]
    return only


@pytest.mark.parametrize(("method", "dropped"), [("kde", 1), ("kde_eb", 2)])
def test_bins_at_the_rounding_of_the_transform_are_left_out(
    shared_data: Path, method: str, dropped: int
) -> None:
    """Bins without contacts far from all others kept a chromosome from converging."""
    contacts = cp.read_contacts(shared_data / "Scc1-control.10000.cool")
    kept = chromosome_of(contacts, "chrX", bins_with_contacts(contacts))
    assert kept.sum() == 14_559
    result = cp.balance(contacts, method, mask=kept, bandwidth=160_000)
    assert result.status is cp.Status.CONVERGED, result.reason
    assert np.isfinite(result.weights).sum() == 14_559 - dropped
    (part,) = [part for part in result.verdict.parts if part.label == "chrX"]
    assert f"{dropped} of 14,559 bins" in part.reason
    assert "chrX:29,520,000-29,530,000" in part.reason
    if method == "kde":
        assert result.iterations < 30


def test_a_stall_at_the_limit_is_the_limit() -> None:
    """There, no step is left for a second attempt without the bins in the way."""
    solution = to_solution(State(np.ones(3), 5, ending=Ending.STALLED))
    assert solution.status is cp.Status.NOT_CONVERGED


def held_out_excess(
    contacts: Contacts, weights: NDArray[np.float64], kept: NDArray[np.bool_]
) -> float:
    """Return the variance of held-out row sums beyond counting, relative to their mean."""
    matrix = contacts.full_matrix()
    matrix.setdiag(0)
    matrix.setdiag(0, 1)
    matrix.setdiag(0, -1)
    u = np.where(kept, np.nan_to_num(weights), 0.0)
    sums, noise = (v[kept] * (matrix @ v)[kept] for v in (u, u * u))
    return float(((sums - sums.mean()) ** 2 - noise).mean() / sums.mean() ** 2)


@pytest.mark.parametrize(
    ("file", "share"),
    [
        # Without the contacts near the diagonal in the formula, no smoothing was chosen.
        ("gm12878_rao_primary_chr22_50kb.cool", 0.003),
        # Held-out halves preferred one bin where no smoothing is best.
        ("hesc_dixon_chr1_40kb.cool", 0.1),
        # Kernels whose edge alone reaches some bins, and weights that diverge, scored best.
        ("hesc_dixon_chr1_40kb.cool", 0.03),
        ("hesc_dixon_chr1_40kb.cool", 0.01),
    ],
)
@pytest.mark.parametrize("method", ["kde", "kde_eb", "ssk_cv"])
def test_the_choice_is_nearly_the_best_on_held_out_contacts(
    shared_data: Path, file: str, share: float, method: str
) -> None:
    contacts = cp.read_contacts(shared_data / file)
    kept = cp.mask_bins(contacts).kept
    rng = np.random.default_rng(7)
    training, held_out = split_contacts(contacts, rng)
    training = thin(training, share, rng)
    chosen = cp.balance(training, method, mask=kept)
    (search,) = chosen.searches
    found = held_out_excess(held_out, chosen.weights, kept)
    others = []
    for bandwidth in methods()[method].settings().candidates(search.bins)[::2]:
        other = cp.balance(training, method, mask=kept, bandwidth=bandwidth)
        if np.isfinite(other.weights[kept]).all():
            others.append(held_out_excess(held_out, other.weights, kept))
    # Weights that are worse than useless have an excess of either sign.
    assert 0 < found < 1.2 * min(excess for excess in others if excess > 0)
