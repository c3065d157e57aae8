"""Write docs/reference/messages.md, the index of messages, from the code."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from counterpoise.records.facts import Fact
from counterpoise.records.fitness import FitnessSettings
from counterpoise.records.verdict import Cause
from counterpoise.records.wording import fitness_label, sentence
from counterpoise.report.statuses import (
    MISSING,
    MISSING_MEANING,
    fitness_meanings,
    status_meanings,
)
from tests.support import REPOSITORY
from tests.support.messages.collect import Message, Package
from tests.support.messages.notes import (
    CAUSES,
    FACT_SECTIONS,
    FACTS,
    GROUPS,
    KINDS,
    NOT_MESSAGES,
    OTHER_TYPE,
    PASS_ANOTHER,
    REMEDIES,
    SPOKEN,
    STATUSES,
    Group,
    facts_of,
)

MARKUP = re.compile(r"([\\*\[\]<>|#~$]|(?<!\w)_|_(?!\w))")
# A first word that is a command, a setting or a name of Python, and not a word of English.
CODE = re.compile(r"\s*(counterpoise\b|\S*[=._]\w)")
PAGE = "docs/reference/messages.md"
INTRODUCTION = """\
# Messages

<!-- This page is generated: `make accept` writes it. Edit the messages in the code, or
`tests/support/messages/notes.py`. -->

This page lists what Counterpoise says about a map, a file or a setting, what it means and what to
do. It is made from the code, so nearly every word of a message is here.

**To find a message**, paste it into the box below. Where there is no box, search this page (Ctrl-F)
for a few words of the message that are not names or numbers of yours. `<path>` and other words in
angle brackets stand for such names and numbers. In the sentences about verdicts, the numbers and
bins are examples. If you do not have a message, begin with [When a map
fails](../guides/troubleshooting.md).

In most messages the second column is the end of the message itself. A command and a job print
`counterpoise:` before a message; that of a job is the last line of its log.
"""
VERDICTS = """\
## Verdicts

`verdict.json`, the report and the figures use these words. [Outputs](outputs.md#verdictjson) says
how the values are computed.
"""
REASONS = """\
## Sentences of a reason

The reason of a verdict consists of these sentences. `verdict.json` has each as
[a fact](outputs.md#facts) with its numbers; the name of the fact is given here.
"""
ERRORS = """\
## Errors and other messages
"""


@cache
def messages() -> tuple[Message, ...]:
    """Return every message of the package."""
    package = Package(REPOSITORY / "workflow/counterpoise")
    spoken = (each for where in SPOKEN for each in package.texts(*where))
    return tuple(
        dict.fromkeys(
            each for each in (*package.messages(), *spoken) if each.problem not in NOT_MESSAGES
        )
    )


def group_of(module: str) -> Group:
    """Return the section that has the messages of a module."""
    fitting = [
        (len(start), group)
        for group in GROUPS
        for start in group.modules
        if module.startswith(start)
    ]
    return max(fitting, key=lambda pair: pair[0])[1]


def remedies(message: Message) -> list[str]:
    """Return what to do about a message; none if nothing says it."""
    if message.remedy:
        return [escape(message.remedy)]
    of_kind = PASS_ANOTHER if OTHER_TYPE.search(message.problem) else KINDS.get(message.kind)
    return [each for each in (REMEDIES.get(message.problem, of_kind),) if each]


def messages_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, VERDICTS, *_verdicts(), REASONS, *_reasons(), ERRORS]
    by_group: dict[str, list[Message]] = defaultdict(list)
    for message in messages():
        by_group[group_of(message.module).title].append(message)
    for group in GROUPS:
        parts += [f"### {group.title}\n", f"{_wrap(group.about)}\n", _errors(by_group[group.title])]
    return "\n".join(parts)


def _verdicts() -> list[str]:
    meanings = status_meanings()
    statuses = [
        (code(value), escape(meanings[value]), STATUSES[status])
        for status in STATUSES
        for value in [status.value]
    ]
    statuses.append((code(MISSING), escape(MISSING_MEANING), "Read the reason, and run again."))
    fitnesses = [
        (code(fitness_label(fitness)), code(fitness.value), escape(meaning))
        for fitness, meaning in fitness_meanings(FitnessSettings()).items()
    ]
    causes = [(code(cause.value), *CAUSES[cause]) for cause in Cause if cause is not Cause.NONE]
    return [
        "### Statuses\n",
        table(("status", "meaning", "what to do"), statuses),
        "### Fitness\n",
        "The limits are settings of the cohort ([fitness](settings.md#fitness)); these are the "
        "defaults.\n",
        table(("label", "value", "meaning and what to do"), fitnesses),
        "### Causes\n",
        table(("cause", "meaning", "what to do"), causes),
    ]


def _reasons() -> list[str]:
    parts = []
    for title, module in FACT_SECTIONS.items():
        rows = [_reason(kind) for kind in facts_of(module)]
        head = ("sentence", "fact and meaning", "what to do")
        parts += [f"### {title}\n", table(head, rows)]
    return parts


def _reason(kind: type[Fact]) -> tuple[str, str, str]:
    note = FACTS[kind]
    sentences = list(dict.fromkeys(sentence(example) for example in note.examples))
    meaning = escape(plain(inspect.getdoc(kind) or "").partition("\n")[0])
    return "<br>".join(map(code, sentences)), f"`{kind.code}`: {meaning}", note.do


def _errors(group: Iterable[Message]) -> str:
    """Render the messages of a section, each once, with all that can be done about it."""
    actions: dict[str, list[str]] = {}
    for message in group:
        known = actions.setdefault(message.problem, [])
        known += [each for each in remedies(message) if each not in known]
    rows = sorted((code(problem), "<br>Or: ".join(known)) for problem, known in actions.items())
    rows.sort(key=lambda row: re.sub(r"<[^<>]*>|\W", "", row[0]).lower())
    return table(("message", "what to do"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def code(text: str) -> str:
    """Render a text as code in a cell of a table, whatever it holds."""
    text = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def escape(text: str) -> str:
    """Escape what Markdown would read as markup, and begin with a capital unless with code."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    escaped = [part if part.startswith("`") else MARKUP.sub(r"\\\1", part) for part in parts]
    whole = "".join(escaped)
    return whole if CODE.match(text) else whole[:1].upper() + whole[1:]


def plain(docstring: str) -> str:
    """Turn the literals of a docstring into those of Markdown."""
    return docstring.replace("``", "`")


def _wrap(text: str) -> str:
    words, lines = text.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 98:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
