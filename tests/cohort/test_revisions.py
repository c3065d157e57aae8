"""Results do not change under an unchanged revision (``counterpoise.cohort.revisions``)."""

from __future__ import annotations

import copy
import json
import re

import pytest

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.methods import methods
from tests.support import REPOSITORY
from tests.support.revisions import (
    EXPECTED,
    NOT_COMPARED,
    Results,
    complaint,
    compute_results,
    plain,
)


@pytest.fixture(scope="module")
def expected() -> Results:
    loaded: Results = json.loads(EXPECTED.read_text())
    return loaded


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    made: Results = plain(compute_results(tmp_path_factory.mktemp("revisions")))
    return made


STAGES = sorted(set(REVISIONS) - NOT_COMPARED - {"balance"})
OF_METHODS = [f"balance/{name}" for name in sorted(methods())]


@pytest.mark.parametrize("key", [*STAGES, *OF_METHODS])
def test_results_are_those_of_their_revision(key: str, expected: Results, results: Results) -> None:
    assert not (text := complaint(key, expected, results)), text


def test_nothing_is_expected_that_is_not_compared(expected: Results, results: Results) -> None:
    assert set(expected) == set(results)


def test_every_rule_that_makes_results_has_a_revision() -> None:
    """Rules that download or make inputs have no revision; ``balance_alone`` has ``balance``'s."""
    rules = {
        name
        for path in (REPOSITORY / "workflow" / "rules").glob("*.smk")
        for name, body in re.findall(r"^rule (\w+):\n((?: .*\n|\n)+)", path.read_text(), re.M)
        if re.search(r"output:\n(?: {8}.*\n)*? {8}.*PATHS\.", body)
    }
    assert rules - {"balance_alone"} == set(REVISIONS)


def test_a_changed_result_is_noticed_and_rounding_is_not(
    expected: Results, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = copy.deepcopy(results)
    weights = changed["balance/kr"][-1]["weights"]["columns"]["weight"]
    place = next(number for number, weight in enumerate(weights) if weight is not None)
    weights[place] *= 1 + 1e-7
    assert not complaint("balance/kr", expected, changed)
    weights[place] *= 1 + 1e-3
    assert "raise the revision of kr" in complaint("balance/kr", expected, changed)
    assert not complaint("balance/ice", expected, changed)
    del changed["report"][0]["scope"]
    assert not complaint("report", expected, changed), "because kr did"
    changed["balance/kr"] = results["balance/kr"]
    assert 'REVISIONS["report"]' in complaint("report", expected, changed)
    monkeypatch.setitem(REVISIONS, "mask", REVISIONS["mask"] + 1)
    for key in ("mask", "balance/kr", "report"):
        assert complaint(key, expected, changed).startswith("a revision was raised")
    assert not complaint("ingest", expected, changed)
