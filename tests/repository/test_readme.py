"""The Python examples of the README run, and give what the README shows."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import cooler
import pytest

from counterpoise.ingest.demo_maps import SIMULATED_COOL, simulate_map, write_cool
from counterpoise.jobs.inputs import SIMULATED_CHROMOSOMES, SIMULATED_CONTACTS, SimulateJob
from tests.support import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_session_prints_what_the_readme_shows(folder: Path) -> None:
    (folder / SIMULATED_COOL).parent.mkdir(parents=True)
    SimulateJob(chromosomes=SIMULATED_CHROMOSOMES, contacts=SIMULATED_CONTACTS).run(SIMULATED_COOL)
    sessions = blocks("pycon")
    assert len(sessions) == 1
    for session in sessions:
        test = doctest.DocTestParser().get_doctest(session, {}, "README", "README.md", 0)
        assert test.examples
        output: list[str] = []
        outcome = doctest.DocTestRunner(verbose=False).run(test, out=output.append)
        assert not outcome.failed, "".join(output)


def test_the_programs_run(folder: Path) -> None:
    """On maps of the names that they use."""
    write_cool("map.cool", *simulate_map({"chr1": 120, "chr2": 80}, 400_000), "toy")
    cooler.zoomify_cooler("map.cool", "map.mcool", [10_000, 20_000], 1_000_000)
    (folder / "blacklist.bed").write_text("chr1\t100000\t150000\n")
    programs = blocks("python")
    assert programs
    for program in programs:
        names: dict[str, object] = {}
        exec(compile(program, "README.md", "exec"), names)  # the README is ours
        assert names["result"].status == "converged"  # type: ignore[attr-defined]
    assert (folder / "run.png").stat().st_size > 10_000
    balanced = cooler.Cooler("map.cool")
    assert {"KR", "KR_se", "weight", "weight_se"} <= set(balanced.bins().columns)
