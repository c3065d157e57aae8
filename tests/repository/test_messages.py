"""The messages page has every message of the package, with what to do."""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path

import pytest

from counterpoise.records.facts import Fact
from counterpoise.records.verdict import Cause, Status
from tests.support import REPOSITORY
from tests.support.messages import notes
from tests.support.messages.collect import FILE_ERROR, TEXT_ERRORS, Package
from tests.support.messages.page import PAGE, group_of, messages, messages_page, remedies

PACKAGE = REPOSITORY / "workflow/counterpoise"
# Errors that are caught and worded again.
INNER_ERRORS = {"MlflowException", "_TransientError"}


def test_the_page_is_up_to_date() -> None:
    page = (REPOSITORY / PAGE).read_text(encoding="utf-8").splitlines()
    drift = difflib.unified_diff(
        page, messages_page().splitlines(), PAGE, "make accept", lineterm=""
    )
    assert not (difference := "\n".join(drift)), f"run `make accept`:\n{difference}"


def test_every_message_says_what_to_do() -> None:
    silent = {message.problem: message.module for message in messages() if not remedies(message)}
    assert not silent, "end these with what to do, or add them to tests/support/messages/notes.py"


def test_notes_are_about_messages() -> None:
    problems = {message.problem for message in messages() if not message.remedy}
    assert set(notes.REMEDIES) <= problems
    assert set(notes.KINDS) <= {message.kind for message in messages()}
    package = Package(PACKAGE)
    said = {each.problem for where in notes.SPOKEN for each in package.texts(*where)}
    assert said >= notes.NOT_MESSAGES


def test_every_section_has_messages() -> None:
    assert {group_of(message.module) for message in messages()} == set(notes.GROUPS)
    starts = [start for group in notes.GROUPS for start in group.modules]
    assert len(starts) == len(set(starts))
    modules = {message.module for message in messages()}
    assert all(any(module.startswith(start) for module in modules) for start in starts), starts


def test_every_fact_status_and_cause_is_explained() -> None:
    assert set(notes.FACTS) == set(Fact.kinds.values())
    assert set(notes.STATUSES) == set(Status)
    assert set(notes.CAUSES) == set(Cause) - {Cause.NONE}
    kinds = list(Fact.kinds.values())
    sections = [kinds[kinds.index(a) : kinds.index(b) + 1] for _, a, b in notes.FACT_SECTIONS]
    assert [kind for section in sections for kind in section] == kinds


def normal(text: str) -> str:
    """Return the words of a text, without markup and case."""
    return " ".join(re.findall(r"\w+", re.sub(r"<[^<>|]*>", " ", text.replace("\\", "")).lower()))


def longest_literal(call: ast.Call) -> str:
    """Return the longest literal piece of the arguments of a call."""
    pieces = (node.value for each in call.args for node in ast.walk(each)
              if isinstance(node, ast.Constant) and isinstance(node.value, str))  # fmt: skip
    return max(pieces, key=len, default="")


def user_errors() -> list[tuple[str, str]]:
    """Return the place and the longest literal of every error for users, read from the source."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                literal = longest_literal(node)
                if name in {*TEXT_ERRORS, FILE_ERROR} and len(literal.split()) > 2:
                    found.append((f"{path.relative_to(PACKAGE)}:{node.lineno}", literal))
    return found


def test_every_error_of_the_source_is_on_the_page() -> None:
    page = normal((REPOSITORY / PAGE).read_text(encoding="utf-8"))
    errors = user_errors()
    assert len(errors) > 300
    assert not [place for place, literal in errors if normal(literal) not in page]


SOURCES = {
    "errors.py": "class ConfigError(Exception): ...\n",
    "shared.py": "AGAIN = 'Copy it again.'\n",
    "reader.py": """
from counterpoise.errors import ConfigError
from counterpoise.shared import AGAIN

def read(path, sizes):
    if not sizes:
        raise damaged(path, f"it lists {len(sizes):,} levels")
    raise damaged(path, "it is cut short")

def damaged(path, why):
    return InputError(path, f"is damaged: {why}.", AGAIN)

def choose(name, names, device=None):
    where = f" on the device called {device}" if device else ""
    raise ConfigError(
        f"there is no reader {name!r}{where}; choose one of {', '.join(names)}."
    )
""",
}


@pytest.fixture
def package(tmp_path: Path) -> Package:
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    return Package(tmp_path)


def test_templates_have_the_words_of_callers_and_constants(package: Package) -> None:
    texts = [message.text for message in package.messages()]
    assert texts == [
        "is damaged: it lists <number> levels. Copy it again.",
        "is damaged: it is cut short. Copy it again.",
        "there is no reader '<name>' on the device called <device> choose one of <names, ...>.",
    ]
