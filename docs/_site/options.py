"""Options of the command line, as sphinx-click reads them, in the form of the other pages.

A subcommand's section of the page is written by hand, so its help text is not shown again. Defaults
and allowed words stand in the text of an option instead of fields below it.
"""

from __future__ import annotations

import re

import click
from sphinx.application import Sphinx


def remove(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Show nothing of this kind."""
    lines.clear()


def compact(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Write defaults and allowed words of options as sentences."""
    blocks = re.split(r"\n(?=\.\. option::)", "\n".join(lines))
    lines[:] = [line for block in blocks for line in [*_compact(block), ""]]


def _compact(block: str) -> list[str]:
    """Return the lines of one option: its names, an empty line, its text."""
    head, *rest = block.splitlines()
    words = " ".join(line.strip() for line in rest)
    words, _, choices = words.partition(":options:")
    words, _, default = words.partition(":default:")
    sentences = [words.strip()]
    if choices.strip():
        listed = ", ".join(f"``{word.strip()}``" for word in choices.split("|"))
        sentences.append(f"One of {listed}.")
    if default.strip():
        sentences.append(f"Default: {default.strip()}.")
    text = " ".join(sentences)
    text = re.sub(r"\s*\[default: ([^]]*)\]", r" Default: \1.", text)
    text = re.sub(r"``'(.*?)'``", r"``\1``", text)
    text = re.sub(r"(?<![\w`-])(--?[a-z][a-z-]*)", r"``\1``", text)  # options, before smart quotes
    return [head.replace("_", "-"), "", f"    {re.sub(r' {2,}', ' ', text)}"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the handlers; called by Sphinx."""
    app.setup_extension("sphinx_click")
    app.connect("sphinx-click-process-description", remove)
    app.connect("sphinx-click-process-arguments", remove)
    app.connect("sphinx-click-process-options", compact)
    return {"parallel_read_safe": True}
