"""A few hundred cases of the fuzzer in `tests.support.fuzz`; ``make fuzz`` runs thousands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.fuzz.__main__ import choose_cases
from tests.support.fuzz.cases import KINDS, make_case
from tests.support.fuzz.pool import run_campaign
from tests.support.fuzz.seeds import write_seeds

# Number of cases of each kind: every case of a .hic file starts two processes.
COUNTS = {"cool": 45, "cool_bytes": 30, "mcool": 12, "hic": 5, "sheet": 60, "bed": 60}
COUNTS["configuration"] = 20


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


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("valid")
    write_seeds(folder)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_same_each_time(kind: str, valid: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        contents.append(make_case(kind, 3, valid, tmp_path / name).path.read_bytes())
    assert contents[0] == contents[1]
