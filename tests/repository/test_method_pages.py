"""Every method has a page with the same sections, whose facts are those of the code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from benchmarks import each_method
from benchmarks.measuring import load, wrap_prose
from counterpoise.contacts.selection import Scope
from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings, Method
from counterpoise.store.weight_columns import DIVISIVE
from tests.support import REPOSITORY

FOLDER = REPOSITORY / "docs/how-it-works/methods"
SECTIONS = [
    "Formula",
    "How it is solved",
    "What becomes equal",
    "Cost",
    "When to use it",
    "When not to use it",
    "Example",
    "Agreement with other programs",
    "Publication",
    "Settings",
]
FACTS = [
    "scope",
    "ignored diagonals",
    "equal",
    "scale",
    "columns",
    "convention",
    "no solution",
    "copy numbers",
    "prior",
]
PREFIXES = {Scope.CIS: "", Scope.GENOME: "GW_", Scope.TRANS: "INTER_"}

every_method = pytest.mark.parametrize("name", methods())


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.md"


def read(name: str) -> str:
    path = path_of(name)
    hint = f"write {path.relative_to(REPOSITORY)}: vc.md next to it is the shortest example"
    assert path.exists(), hint
    return path.read_text(encoding="utf-8")


@cache
def index() -> str:
    return (FOLDER / "index.md").read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", read(name), re.M | re.S)
    assert found, f"{path_of(name)} has no section {heading!r}"
    return found[1]


def facts(name: str) -> dict[str, str]:
    rows = re.findall(r"^\| (\w[^|]*) \| (.*) \|$", section(name, "What becomes equal"), re.M)
    assert [row[0] for row in rows] == FACTS
    return dict(rows)


@every_method
def test_every_section_is_there_in_order(name: str) -> None:
    text = re.sub(r"^```.*?^```$", "", read(name), flags=re.M | re.S)
    assert re.match(rf"# `{name}`: \w", text)
    assert re.findall(r"^## (.*)$", text, re.M) == SECTIONS
    assert all(section(name, heading).strip() for heading in SECTIONS)
    summary = text.split("\n\n")[1].replace("\n", " ")
    assert summary.startswith("`"), "the page begins with a sentence that says what it does"


@every_method
def test_the_index_leads_to_it(name: str) -> None:
    tree = re.search(r"^```\{toctree\}\n(.*?)^```$", index(), re.M | re.S)
    assert tree
    assert name in tree[1].splitlines(), f"add {name} to the toctree of index.md"
    assert f"| [`{name}`]({name}.md) |" in index(), f"add {name} to the table of index.md"
    agreement = index().partition("\n## Agreement with other programs\n")[2]
    hint = f"add {name} to the table 'Agreement with other programs' of index.md"
    assert name == "auto" or f"[`{name}`]({name}.md#" in agreement, hint


def test_every_page_is_of_a_method() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {"index", *methods()}


@every_method
def test_facts_are_those_of_the_code(name: str) -> None:
    method = methods()[name]
    settings, stated = method.settings(), facts(name)
    assert stated["scope"].startswith(f"`{settings.scope}`")
    assert re.match(rf"{settings.ignore_diags}\b", stated["ignored diagonals"])
    assert ("no `target`" in stated["scale"]) != isinstance(settings, EqualSumsSettings)
    assert re.findall("`([A-Z_]+)`", stated["columns"]) == columns(name, Scope(settings.scope))
    divisive = name.upper() in DIVISIVE
    assert stated["convention"].startswith("divisive" if divisive else "multiplicative")
    assert stated["copy numbers"].startswith("yes" if method.follows_copy_number else "no")
    assert stated["prior"].startswith("yes" if method.rate_prior else "no")
    assert not method.exact or "isolated" in stated["no solution"]


def columns(name: str, default: Scope) -> list[str]:
    """Return the columns of a method, that of its default scope first."""
    scopes = sorted(PREFIXES, key=lambda scope: scope is not default)
    return [PREFIXES[scope] + name.upper() for scope in scopes]


@every_method
def test_the_formula_is_one(name: str) -> None:
    assert re.search(r"^\$\$.+\$\$$", section(name, "Formula"), re.M)
    assert re.search(r"^- \$", section(name, "Formula"), re.M), "name every symbol"


@every_method
def test_the_example_is_for_the_command_line_and_for_python(name: str) -> None:
    example = section(name, "Example")
    assert re.search(rf"counterpoise balance \w+\.cool .*-m {name} ", example)
    assert {"console", "python", "text"} <= set(re.findall(r"^```(\w+)$", example, re.M))


@every_method
def test_its_publications_are_named(name: str) -> None:
    text = section(name, "Publication")
    missing = [
        doi for doi in publications(methods()[name]) if f"<https://doi.org/{doi}>" not in text
    ]
    assert not missing


def publications(method: Method) -> set[str]:
    """Return what a method cites; one that chooses between others cites what they do."""
    names = method.candidates(method.settings()) if method.candidates else {}
    cited = {citation.doi for citation in method.cites}
    return cited.union(*(publications(methods()[name]) for name in names))


@every_method
def test_it_leads_to_its_settings(name: str) -> None:
    assert "](../../reference/settings.md" in section(name, "Settings")


@every_method
def test_costs_are_those_that_were_measured(name: str) -> None:
    """A page says so if its method was not; ``python -m benchmarks.each_method`` measures all."""
    record = load("each_method")
    expected = wrap_prose(each_method.cost(record, name))
    assert f"<!-- cost -->\n{expected}\n<!-- end of cost -->" in section(name, "Cost")
    assert each_method.with_costs(index(), record) == index()


def test_a_method_without_a_row_for_its_costs_is_an_error() -> None:
    record = load("each_method")
    page = index().replace("| [`kr`](kr.md) | equal |", "| `kr` | equal |")
    with pytest.raises(ValueError, match="0 rows of six cells"):
        each_method.with_costs(page, record)


def test_agreement_is_told_in_words() -> None:
    """Costs were once written into this table; ``tests/test_agreement.py`` has its figures."""
    table = index().partition("| method | other program | agreement |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    named = re.findall(r"\[`(\w+)`\]", " ".join(row[0] for row in rows))
    assert set(named) == set(methods()) - {"auto"}
    for row in rows:
        assert len(row) == 3
        assert all(re.search("[a-z]{2}", cell) for cell in row), row
