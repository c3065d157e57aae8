"""Read ``report.html`` without a browser."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

from counterpoise.report.page.data import RUN_TEXTS

TEXT_COLUMNS = {
    "runs": (*RUN_TEXTS, "label", "outcome"), "samples": ("group", "stands_out"),
}  # fmt: skip


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects attributes and text."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.element_texts: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        identity = self.tags[-1][1].get("id") if self.tags else None
        if self.open[-1:] == ["script"] and identity:
            self.element_texts[identity] = data
        self.text.append(data)

    @property
    def data(self) -> dict[str, Any]:
        """The numbers that the script draws, with the texts of the columns of texts."""
        data = json.loads(self.element_texts["data"])
        for table in ("runs", "samples"):
            for name in TEXT_COLUMNS[table]:
                column = data[table][name]
                data[table][name] = [
                    None if number is None else data["texts"][number] for number in column
                ]
        return dict(data)

    @property
    def pictures(self) -> dict[int, dict[str, str | None]]:
        """The embedded plots by the position of their run."""
        scripts = [each for each in self.all("script") if each.get("class") == "picture"]
        return {int(str(each["id"]).removeprefix("picture-")): each for each in scripts}

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]
