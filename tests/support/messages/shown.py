"""Messages that other pages show, and their entries on the page of messages."""

from __future__ import annotations

import re

from tests.support import REPOSITORY
from tests.support.messages.collect import Message
from tests.support.messages.page import messages

SHOWN_IN = ("docs/guides/troubleshooting.md", *sorted(
    path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("docs/coming-from/*.md")
))  # fmt: skip
# Words that stand for a name in an example: a sample, and what a column of weights is.
NAMES_OF_EXAMPLES = {"map", "multiplicative", "all contacts"}


def shown_messages(page: str) -> list[str]:
    """Return the messages in the blocks of text of a page, each with its wrapped lines joined."""
    shown = []
    for block in re.findall(r"^```(?:text|console)\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        indent = None
        for line in block.splitlines():
            margin = len(line) - len(line.lstrip())
            if match := re.match(r"\s*(?:!|counterpoise:) (.*)", line):
                shown.append(match[1])
                indent = margin
            elif indent is not None and margin > indent:
                shown[-1] += f" {line.strip()}"
            else:
                indent = None
    return shown


def template_of(message: str) -> Message | None:
    """Return the template of the page that fits a whole message; its words are on the page.

    A placeholder stands for names and numbers: nobody would find plain words in its place.
    """
    for template in messages():
        halves = [
            "(.+?)".join(map(re.escape, re.split("<[^<>]*>", half.rstrip("."))))
            for half in (template.problem, template.remedy)
            if half
        ]
        pattern = r"[.;:]? ".join(halves)
        match = re.search(rf"(?:^|[ :]){pattern}$", message.rstrip("."))
        if match and not any(
            re.fullmatch("[A-Za-z ]+", value) and value not in NAMES_OF_EXAMPLES
            for value in match.groups()
        ):
            return template
    return None
