"""The Python examples of the README and of docs/guides/python.md run, and give what they show."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import cooler
import pytest
import yaml

from counterpoise._version import __version__
from counterpoise.cli.main import COMMANDS
from counterpoise.ingest.demo_maps import SIMULATED_COOL, simulate_map, write_cool
from counterpoise.jobs.inputs import SIMULATED_CHROMOSOMES, SIMULATED_CONTACTS, SimulateJob
from tests.support import REPOSITORY

PAGES = ("README.md", "docs/guides/python.md")


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


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


@pytest.mark.parametrize("page", PAGES)
def test_the_programs_run(folder: Path, page: str) -> None:
    """On maps of the names that they use."""
    write_cool("map.cool", *simulate_map({"chr1": 120, "chr2": 80}, 400_000), "toy")
    cooler.zoomify_cooler("map.cool", "map.mcool", [10_000, 20_000], 1_000_000)
    (folder / "blacklist.bed").write_text("chr1\t100000\t150000\n")
    (folder / "segments.bed").write_text("chr1\t0\t150000\t2\n")
    programs = blocks("python", page)
    assert programs
    names: dict[str, object] = {}
    for program in programs:
        exec(compile(program, page, "exec"), names)  # the pages are ours
    assert names["result"].status == "converged"  # type: ignore[attr-defined]
    assert (folder / "run.png").stat().st_size > 10_000
    written = {"README.md": "map.mcool::/resolutions/10000", "docs/guides/python.md": "map.cool"}[
        page
    ]
    columns = set(cooler.Cooler(written).bins().columns)
    assert {"weight", "weight_se"} <= columns
    assert ({"KR", "KR_se"} <= columns) == (page == "docs/guides/python.md")


@pytest.mark.parametrize("page", ["README.md", "docs/reference/command-line.md"])
def test_every_subcommand_is_listed(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    table = text.partition("| subcommand | what it does |")[2].partition("\n\n")[0]
    assert set(COMMANDS) <= set(re.findall(r"^\| \[?`([a-z]+)`", table, re.M))


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["cff-version"] == "1.2.0"
    for reference in citation["references"]:
        assert {"type", "title", "authors", "year", "doi"} <= set(reference)
