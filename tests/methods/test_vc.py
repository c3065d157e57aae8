"""VC and VC_SQRT by hand; test_agreement.py has Juicer's stored vectors."""

from __future__ import annotations

import numpy as np
import pytest

import counterpoise as cp
from tests.support.maps import random_map


@pytest.mark.parametrize(("method", "power"), [("vc", 1.0), ("vc_sqrt", 0.5)])
def test_by_hand(method: str, power: float) -> None:
    """Weights are proportional to a power of the row sum, and the total of the map is kept."""
    matrix = random_map(15, 4)
    result = cp.balance(matrix, method)
    assert result.status is cp.Status.COMPUTED
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    ratio = result.weights * sums**power
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert result.matrix().sum() == pytest.approx(matrix.sum(), rel=1e-12)


def test_an_overflow_is_reported_without_mention_of_row_sums() -> None:
    """The sums of the counts are finite, but their squares are not."""
    result = cp.balance(np.diag([1e300, 1e300]), "vc")
    part = result.verdict.parts[0]
    assert (part.status, part.cause, part.balanced_total) == ("failed", "diverged", 0)
    assert part.reason == "The weights diverged to zero or infinity."
    kept = cp.balance(np.diag([1e300, 1e300]), "vc", on_failure="keep")
    assert kept.reason == f"{part.reason} The weights are not written."
    assert np.isnan(kept.weights).all()
