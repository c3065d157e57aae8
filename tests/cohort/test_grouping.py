"""Groups of samples, and their names in paths."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.cohort.grouping import Extent, partition
from counterpoise.errors import ConfigError


def test_the_cohort_is_one_group() -> None:
    groups = {"a": "wild", "b": "", "c": "mutant"}
    assert partition(groups, Extent.COHORT, "prior") == {"all": ["a", "b", "c"]}


def test_a_sample_without_a_group_is_named() -> None:
    with pytest.raises(ConfigError, match=r"mask\.shared: the sample b has no group.*cohort"):
        partition({"a": "wild", "b": ""}, Extent.GROUP, "mask.shared")


@pytest.mark.hypothesis
@given(st.lists(st.text(min_size=1, max_size=90), min_size=1, max_size=8, unique=True))
def test_names_are_safe_and_differ_whatever_the_groups_are_called(groups: list[str]) -> None:
    samples = {f"s{number}": group for number, group in enumerate(groups)}
    shared = partition(samples, Extent.GROUP, "prior")
    assert sorted(name for names in shared.values() for name in names) == sorted(samples)
    assert len({name.lower() for name in shared}) == len(groups)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,80}", name) for name in shared)
    assert not any(name in (".", "..") for name in shared)
