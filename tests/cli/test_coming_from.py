"""Pages for users of other programs: the same sections, and commands whose options exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from counterpoise.cli.main import group
from tests.support import REPOSITORY

FOLDER = REPOSITORY / "docs/coming-from"
PAGES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "index")
WORKFLOWS = {"nf-core-hic": "After the pipeline", "distiller": "After the workflow"}
SECTIONS = ["Commands side by side", "Flag by flag", "What is the same", "What differs"]
SECTIONS += ["Files made there"]


def subcommand(name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None, name
    return command


def text(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_the_same_sections(name: str) -> None:
    expected = SECTIONS + ([WORKFLOWS[name]] if name in WORKFLOWS else [])
    assert re.findall(r"^## (.*)$", text(name), re.M) == expected


@pytest.mark.parametrize("name", PAGES)
def test_the_index_leads_to_every_page(name: str) -> None:
    assert f"]({name}.md)" in text("index")


@pytest.mark.parametrize("name", ["index", *PAGES])
def test_options_of_the_commands_in_tables_exist(name: str) -> None:
    """Commands in tables are not run, so their options are parsed."""
    rows = [line for line in text(name).splitlines() if line.startswith("|")]
    commands = [span for row in rows for span in re.findall(r"`counterpoise ([^`]+)`", row)]
    assert commands
    for line in commands:
        first, *arguments = shlex.split(line)
        command = subcommand(first)
        command.make_parser(click.Context(command)).parse_args(arguments)


def test_options_of_hictk_that_are_the_same_exist() -> None:
    section = text("hictk").partition("### Options of hictk balance")[2].partition("\n## ")[0]
    same = [row.split("|") for row in section.splitlines() if row.split("|")[2:3] == [" the same "]]
    options = {option for parameter in subcommand("balance").params for option in parameter.opts}
    assert same
    for row in same:
        assert set(re.findall(r"`(-[^`]+)`", row[1])) <= options
