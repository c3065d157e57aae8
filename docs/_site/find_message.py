"""The box that finds a message: its script and its style, on the page of messages alone."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

PAGE = "reference/messages"


def add_box(app: Sphinx, name: str, *_: Any) -> None:
    """Add the files to this page; a file that is added while a page is written is on it alone."""
    if name == PAGE:
        app.add_js_file("messages.js", loading_method="defer")
        app.add_css_file("messages.css")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", add_box)
    return {"parallel_read_safe": True}
