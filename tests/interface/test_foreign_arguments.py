"""Arguments of cooler are hinted at: the error names ours."""

from __future__ import annotations

import inspect
from typing import Any

import cooler
import numpy as np
import pytest

import counterpoise as cp
from counterpoise.errors import ConfigError
from tests.support.maps import genome_map

CONTACTS = genome_map({"chr1": 40, "chr2": 30}, 4)
# Each argument of cooler.balance_cooler, a value, and what the error says instead.
HINTS: dict[str, tuple[Any, str]] = {
    "cis_only": (True, "scope='cis'"),
    "trans_only": (True, "scope='trans'"),
    "mad_max": (3, "mask={'mad_max': 3}"),
    "min_nnz": (20, "mask={'min_nnz': 20}"),
    "min_count": (5, "mask={'min_count': 5}"),
    "blacklist": ("bad.bed", "mask={'blacklist': 'bad.bed'}"),
    "rescale_marginals": (False, "target="),
    "x0": (np.ones(70), "Leave it out"),
    "tol": (1e-5, "tolerance=1e-05"),
    "max_iters": (200, "max_iterations=200"),
    "chunksize": (10_000, "Leave it out"),
    "map": (map, "threads="),
    "use_lock": (True, "Leave it out"),
    "store": (True, "result.to_cooler(uri, name='weight')"),
    "store_name": ("mine", "result.to_cooler(uri, name=...)"),
}


def test_every_argument_of_cooler_is_hinted_at() -> None:
    arguments = set(inspect.signature(cooler.balance_cooler).parameters)
    ours = set(inspect.signature(cp.balance).parameters) | {"ignore_diags"}
    assert arguments - ours - {"clr"} == set(HINTS)  # the first argument is positional


@pytest.mark.parametrize("argument", HINTS)
def test_the_error_names_ours(argument: str) -> None:
    value, hint = HINTS[argument]
    with pytest.raises(ConfigError) as caught:
        cp.balance(CONTACTS, "ice", **{argument: value})
    message = str(caught.value)
    assert message.startswith(f"ice has no setting {argument!r}: ")
    assert hint in message
    assert "\n" not in message
    assert len(message) < 250


def test_all_arguments_of_a_call_are_hinted_at_together() -> None:
    with pytest.raises(ConfigError) as caught:
        cp.balance(CONTACTS, "ice", tol=1e-5, max_iters=200, min_nnz=10)
    for name in ("tolerance", "max_iterations", "min_nnz"):
        assert name in str(caught.value)


def test_what_the_hints_say_works() -> None:
    """The call of cooler, and the same call with the names of the hints."""
    result = cp.balance(
        CONTACTS, "ice", scope="cis", mask={"mad_max": 3, "min_nnz": 20, "cis_only": True},
        tolerance=1e-5, max_iterations=200, target="unit", threads=1,
    )  # fmt: skip
    assert result.status.balanced


@pytest.mark.parametrize("method", ["kr", "vc", "auto"])
def test_the_hint_is_of_the_method(method: str) -> None:
    expected = {"kr": "max_products=7", "vc": "other methods", "auto": "other methods"}[method]
    with pytest.raises(ConfigError, match=expected):
        cp.balance(CONTACTS, method, max_iters=7)


def test_switches_that_are_off_and_bins_by_number() -> None:
    with pytest.raises(ConfigError, match="scope decides"):
        cp.balance(CONTACTS, "ice", cis_only=False)
    with pytest.raises(ConfigError, match=r"BED file.*True for kept bins"):
        cp.balance(CONTACTS, "ice", blacklist=[1, 2])


def test_numbers_of_numpy_are_written_as_plain_numbers() -> None:
    with pytest.raises(ConfigError, match=r"mask=\{'min_nnz': 20\}"):
        cp.balance(CONTACTS, "ice", min_nnz=np.int64(20))


def test_an_unknown_setting_lists_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"kr has no setting 'toll'; it has .*tolerance"):
        cp.balance(CONTACTS, "kr", toll=1, tol=1)


@pytest.mark.parametrize("value", [3, np.int16(3), False])
def test_ignore_diags_has_the_same_name(value: Any) -> None:
    """False is cooler's word for no diagonals."""
    result = cp.balance(CONTACTS, "ice", ignore_diags=value)
    assert result.verdict.settings["ignore_diags"] == int(value)
    assert type(result.verdict.settings["ignore_diags"]) is int
