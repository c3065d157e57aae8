"""Pages of the repository that lie outside of docs/, and links to them.

A few pages, such as CHANGELOG.md, are read on their own and are pages of the site too. A page of
``docs/`` that only includes such a page stands for it. Links to the file become links to this page;
links to other files of the repository, which the site does not have, become their path.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

INCLUDE = re.compile(r"^```\{include\} (\S+)$", re.M)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def included_pages(docs: Path) -> dict[Path, Path]:
    """Return the page of ``docs`` that stands for each file outside."""
    pages = {}
    for page in docs.rglob("*.md"):
        for match in INCLUDE.finditer(page.read_text(encoding="utf-8")):
            pages[(page.parent / match[1]).resolve()] = page
    return pages


def rewrite(text: str, place: Path, page: Path, docs: Path) -> str:
    """Make links of a text fit for the site.

    Parameters
    ----------
    text : str
        Markdown.
    place : pathlib.Path
        Folder of the file that has the text; its links are relative to it.
    page : pathlib.Path
        Page of the site where the text is shown.
    docs : pathlib.Path
        Root of the site's sources.
    """
    pages = included_pages(docs)

    def link(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        if "://" in target or target.startswith(("#", "mailto:")):
            return match[0]
        path, hash_mark, anchor = target.partition("#")
        file = (place / path).resolve()
        if not file.exists():
            return match[0]  # Sphinx reports it
        file = pages.get(file, file)
        if not file.is_relative_to(docs) and not mark:  # pictures are copied
            name = file.relative_to(docs.parent).as_posix()
            return label if f"`{name}`" in label else f"{label} (`{name}`)"
        return f"{mark}[{label}]({os.path.relpath(file, page.parent)}{hash_mark}{anchor})"

    return LINK.sub(link, text)


def on_page(app: Sphinx, name: str, source: list[str]) -> None:
    docs = Path(app.srcdir)
    page = docs / f"{name}.md"
    if page.exists():
        source[0] = rewrite(source[0], page.parent, page, docs)


def on_include(app: Sphinx, path: Path, _: str, source: list[str]) -> None:
    docs = Path(app.srcdir)
    place = (docs / path).resolve().parent
    page = docs / f"{app.env.docname}.md"  # MyST gives only the last part of it as the name
    source[0] = rewrite(source[0], place, page, docs)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", on_page)
    app.connect("include-read", on_include)
    return {"parallel_read_safe": True}
