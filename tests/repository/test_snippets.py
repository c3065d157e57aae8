"""Every block of commands, Python and settings in the documentation runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.support.snippets import LANGUAGES, OTHER, Page, Snippet, pages, snippets, write_maps

WORKFLOW = re.compile(r"counterpoise run\b|snakemake ")


def run_pages() -> list[object]:
    """Return the pages with blocks to run; those that run the workflow are slow."""
    params = []
    for page in pages():
        blocks = [snippet for snippet in snippets(page) if snippet.is_run]
        is_slow = any(WORKFLOW.search(block.text) for block in blocks)
        name = str(page.relative_to(REPOSITORY))
        if blocks:
            marks = [pytest.mark.workflow] if is_slow else []
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
        if snippet.comment.startswith("not run"):
            assert re.fullmatch(r"not run: \w.{9,}", snippet.comment), f"{page}:{snippet.line}"
