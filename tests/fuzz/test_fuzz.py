"""A few hundred cases of the fuzzer in `tests.support.fuzz`; ``make fuzz`` runs thousands."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.fuzz.__main__ import choose_cases
from tests.support.fuzz.cases import KINDS
from tests.support.fuzz.pool import run_campaign

# Number of cases of each kind: every case of a .hic file starts two processes.
COUNTS = {"cool": 70, "cool_bytes": 50, "mcool": 25, "hic": 8, "sheet": 60, "bed": 60}
COUNTS["configuration"] = 40


def test_every_kind_is_run() -> None:
    assert COUNTS.keys() == KINDS.keys()
    assert {kind for kind, _ in choose_cases(100, 1, list(KINDS))} == KINDS.keys()


def test_changed_inputs_end_in_a_right_result_or_a_named_error() -> None:
    cases = [(kind, number) for kind, count in COUNTS.items() for number in range(count)]
    outcomes: Counter[tuple[str, str]] = Counter()
    compared, faults = 0, []
    for name, reply in run_campaign(cases, processes=1):
        outcomes[name.partition(":")[0], reply["outcome"]] += 1
        compared += reply.get("compared", 0)
        if reply["outcome"] == "fault":
            faults.append(f"{name}: {reply['detail']}")
    assert not faults, "\n".join(faults)
    # Neither are all changes harmless, nor is everything refused.
    assert all(outcomes[kind, "read"] for kind in KINDS), outcomes
    assert all(outcomes[kind, "refused"] for kind in KINDS), outcomes
    assert compared > 10, "peers read the same maps"


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_same_each_time(kind: str) -> None:
    replies = [dict(run_campaign([(kind, 3)], processes=1, compare=False)) for _ in range(2)]
    for reply in replies:
        facts = reply[f"{kind}:3"]
        del facts["seconds"], facts["path"]
        facts.pop("detail", None)  # it names a temporary folder
    assert replies[0] == replies[1]
