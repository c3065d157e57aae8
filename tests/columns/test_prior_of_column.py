"""A column of weights becomes a prior the right way round."""

from __future__ import annotations

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.columns.prior import prior_of_column
from counterpoise.columns.stored import StoredLevel
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from tests.support.maps import genome_map

CONTACTS = genome_map({"chr1": 90, "chr2": 60}, 5)
WEIGHTS = cp.balance(CONTACTS, "kr", scope="cis").weights
LEVEL = StoredLevel(
    "map.cool",
    CONTACTS,
    {
        "weight": WEIGHTS,
        "KR": 7 / WEIGHTS,
        "named_wrongly": 7 / WEIGHTS,
        "stale": WEIGHTS[::-1].copy(),
    },
    {"named_wrongly": {"divisive_weights": False}},
)


@pytest.mark.parametrize("name", ["weight", "KR", "named_wrongly"])
def test_row_sums_tell_whether_contacts_are_multiplied_or_divided(name: str) -> None:
    prior = prior_of_column(LEVEL, name, CONTACTS.bins)
    assert prior.sources == (f"map.cool {name}",)
    given = np.isfinite(WEIGHTS)
    np.testing.assert_array_equal(np.isfinite(prior.log_bias), given)
    shift = prior.log_bias[given] + np.log(WEIGHTS[given])
    np.testing.assert_allclose(shift, shift[0], atol=1e-12)


def test_a_column_that_may_be_either_way_is_refused() -> None:
    with pytest.raises(
        InputError, match="does not tell whether contacts are multiplied or divided"
    ):
        prior_of_column(LEVEL, "stale", CONTACTS.bins)
    with pytest.raises(InputError, match=r"no column 'SCALE'.*It has: weight, KR"):
        prior_of_column(LEVEL, "SCALE", CONTACTS.bins)


def test_other_bins_are_refused() -> None:
    other = BinTable.fixed(("chr1", "chr2"), (90_000, 61_000), 1000)
    with pytest.raises(InputError, match="chr2 has 60,000 bp in the file and 61,000 in the map"):
        prior_of_column(LEVEL, "weight", other)
