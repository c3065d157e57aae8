"""The messages page has every message of the package, with what to do."""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path

import click
import pytest

from counterpoise.cli.main import group
from counterpoise.records.facts import Fact
from counterpoise.records.verdict import Cause, Status
from tests.support import REPOSITORY
from tests.support.messages import notes
from tests.support.messages.collect import FILE_ERROR, TEXT_ERRORS, Package
from tests.support.messages.page import PAGE, escape, group_of, messages, messages_page, remedies
from tests.support.messages.shown import SHOWN_IN, shown_messages, template_of

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
    sections = [notes.facts_of(module) for module in notes.FACT_SECTIONS.values()]
    kinds = [kind for section in sections for kind in section]
    assert len(kinds) == len(Fact.kinds)
    assert set(kinds) == set(Fact.kinds.values())


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


def texts_with_remedies() -> dict[str, str]:
    """Return the page and the source of its notes."""
    texts = {PAGE: REPOSITORY / PAGE, "notes.py": Path(notes.__file__)}
    return {name: path.read_text(encoding="utf-8") for name, path in texts.items()}


def test_choices_in_remedies_exist() -> None:
    groups = [path.name for path in (REPOSITORY / "conf").iterdir() if path.is_dir()]
    for name, text in texts_with_remedies().items():
        quoted = re.findall(r"`(\w+)=([a-z]\w*)`", text)
        named = re.findall(rf"\b({'|'.join(groups)})=([a-z]\w*)", text)
        assert quoted, name
        assert named, name
        for option, choice in {*quoted, *named}:
            assert (REPOSITORY / f"conf/{option}/{choice}.yaml").exists(), (
                f"{name}: {option}={choice}"
            )


def test_commands_in_remedies_exist() -> None:
    known = set(group.list_commands(click.Context(group)))
    prose = {"was"}  # the package "was installed"
    for name, text in texts_with_remedies().items():
        words = set(re.findall(r"\bcounterpoise ([a-z]+)", text)) - prose
        assert words, name
        assert words <= known, name
        assert not re.findall(rf"\bCounterpoise (?:{'|'.join(known)})\b", text), name


def test_remedies_begin_with_a_capital_unless_with_code() -> None:
    assert escape("name one <file>.") == r"Name one \<file\>."
    for text in ("counterpoise check lists them.", "tracking=off", "mask.min_nnz", "min_nnz: 5"):
        assert escape(text) == text


# --- messages that other pages show


@pytest.mark.parametrize("page", SHOWN_IN)
def test_shown_messages_are_on_the_page(page: str) -> None:
    shown = shown_messages((REPOSITORY / page).read_text(encoding="utf-8"))
    assert not [message for message in shown if not template_of(message)]


def test_messages_are_found_on_other_pages() -> None:
    pages = [(REPOSITORY / page).read_text(encoding="utf-8") for page in SHOWN_IN]
    assert sum(len(shown_messages(page)) for page in pages) > 20
    assert not template_of(
        "cooler adds it, which is wrong; counterpoise adopt makes a right weight."
    )


# --- templates


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

SIDES = {1: "left", 2: "right"}

def judge(sign, number, name):
    verb = "divides" if sign else "multiplies"
    bad, fault = number, ""
    if bad:
        bad, fault = 0, "negative"
    word = "empty"
    for word in name:
        raise ConfigError(f"it {verb} by a {fault} number on the {SIDES[number]}, {word}.")
""",
    "together.py": """
from counterpoise.errors import ConfigError

HANDS = {1: "with the left hand", 2: "with the right hand"}
KINDS = {1: "a glove for the left", 2: "a glove for the right"}

def refuse(path, number, is_drawn):
    task, advice = "the balancing of maps", ""
    if is_drawn:
        task = "the drawing of maps"
        advice = ", or draw fewer of them"
    remedy = "convert the file to another format"
    if is_url(path):
        remedy = "download the file and convert it"
    if number:
        raise ConfigError(f"{path}: {task} takes too long{advice}.")
    if not path:
        raise ConfigError(f"you wear {HANDS[number]} {KINDS[number]}.")
    raise InputError(path, f"is no map{describe(path)}.", remedy)

def describe(uri):
    if is_url(uri):
        return ""
    return " but a file of another program"

def stop(event, was_killed=False):
    remedy = "the memory was not enough" if was_killed else "the file is damaged"
    raise ConfigError(f"the reader {event}; {remedy}.")

def read(status):
    if not status:
        stop("went on for too long")
    stop("ended with a wrong status", status == -9)
""",
}


@pytest.fixture
def package(tmp_path: Path) -> Package:
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    return Package(tmp_path)


def test_templates_have_the_words_of_callers_and_constants(package: Package) -> None:
    texts = [message.text for message in package.messages() if message.module == "reader.py"]
    assert texts == [
        "is damaged: it lists <number> levels. Copy it again.",
        "is damaged: it is cut short. Copy it again.",
        "there is no reader '<name>' on the device called <device> choose one of <names, ...>.",
        "it divides by a negative number on the left, <word>.",
        "it divides by a negative number on the right, <word>.",
        "it multiplies by a negative number on the left, <word>.",
        "it multiplies by a negative number on the right, <word>.",
    ]


def test_parts_go_together_as_the_code_says_them(package: Package) -> None:
    texts = [message.text for message in package.messages() if message.module == "together.py"]
    assert sorted(texts) == [
        "<path>: the balancing of maps takes too long.",
        "<path>: the drawing of maps takes too long, or draw fewer of them.",
        "is no map but a file of another program. convert the file to another format",
        "is no map. download the file and convert it",
        "the reader ended with a wrong status the file is damaged.",
        "the reader ended with a wrong status the memory was not enough.",
        "the reader went on for too long the file is damaged.",
        "you wear with the left hand a glove for the left.",
        "you wear with the right hand a glove for the right.",
    ]
