"""Every block of commands, Python and settings in the documentation runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.support.snippets import (
    LANGUAGES,
    OTHER,
    OUTPUT,
    Page,
    Snippet,
    first_missing_line,
    pages,
    parse,
    snippets,
    write_maps,
)

COMMAND = re.compile(r"\s*(\$ )?(counterpoise|cooler|snakemake|pip)\s")
WORKFLOW = re.compile(r"counterpoise run\b|snakemake ")
LONG = ("docs/reference/command-line.md", "docs/guides/reprocessing.md", "docs/guides/workflow.md")


def run_pages() -> list[object]:
    """Return the pages with blocks to run; those that run the workflow are slow."""
    params = []
    for page in pages():
        blocks = [snippet for snippet in snippets(page) if snippet.is_run]
        is_slow = any(WORKFLOW.search(block.text) for block in blocks)
        name = str(page.relative_to(REPOSITORY))
        if blocks:
            marks = [pytest.mark.workflow] if is_slow else []
            marks += [pytest.mark.long] if name in LONG else []
            params.append(pytest.param(blocks, id=name, marks=marks))
    return params


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    write_maps(folder)
    return folder


@pytest.mark.parametrize("blocks", run_pages())
def test_blocks_run(blocks: list[Snippet], maps: Path, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    shutil.copytree(maps, folder)
    page = Page(folder)
    for block in blocks:
        page.run(block)


@pytest.mark.parametrize("page", [page.relative_to(REPOSITORY) for page in pages()], ids=str)
def test_every_block_is_of_a_known_kind(page: Path) -> None:
    """A block of a language that is not run would be a way around this test."""
    for snippet in snippets(REPOSITORY / page):
        known = snippet.language in LANGUAGES + OTHER or snippet.language.startswith("{")
        assert known, f"{page}:{snippet.line}: {snippet.language}"
        if snippet.comment.startswith(("not run", "output of")):
            reason = r"(not run|output of): \w.{9,}"
            assert re.fullmatch(reason, snippet.comment), f"{page}:{snippet.line}"
        elif snippet.language in OUTPUT:
            is_command = COMMAND.match(snippet.text)
            assert not is_command, f"{page}:{snippet.line}: commands are of the language console"


def test_the_next_block_is_the_output_if_little_stands_between() -> None:
    command, output = "```console\ndate\n```\n", "```text\nnoon\n```\n"
    for between in ("", "\n", "\nIt prints\nthe\ntime:\n\n"):
        assert parse(command + between + output)[0].shown == "noon\n"
    for between in ("\n1\n2\n3\n4\n\n", "\nOne.\n\nTwo.\n\n", "\n## Next\n\n", "\n- item\n\n"):
        assert parse(command + between + output)[0].shown == ""
    assert parse(f"{command}\n<!-- output of: another clock -->\n{output}")[0].shown == ""
    assert parse(f"<!-- not run: no clock -->\n{command}\n{output}")[0].shown == ""


def test_blocks_of_lists_and_below_prompts_are_found() -> None:
    page = "- item\n\n  <!-- files: a.cool -->\n  ```console\n  $ date\n  noon\n    sharp\n  ```\n"
    assert parse(page) == [
        Snippet(4, "console", "$ date\nnoon\n  sharp\n", "files: a.cool", "noon\n  sharp\n")
    ]


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        ("one two\n  three", None),
        ("one\n...\nfour in 12 s", None),
        ("four in ... s", None),
        ("four in ...2 s", None),
        ("four in 2 s", "four in 2 s"),
        ("four\none", "one"),
        ("four ... s", "four ... s"),
    ],
)
def test_output_is_compared_by_words(shown: str, missing: str | None) -> None:
    assert first_missing_line(shown, "one two three\n\nfour  in 12 s\n") == missing
