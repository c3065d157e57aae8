"""Which maps of a folder can be balanced exactly, and what KR says of them.

python -m benchmarks.verdicts FOLDER [SCOPE ...]        (genome cis trans; genome by default)

A line for each map, level and scope: what was decided before iterating (total support, support
only, no support), KR's verdict and its reason, cut short. Only empty bins are masked, no diagonal
is dropped. Files that cannot be read are told apart from maps that cannot be balanced.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import counterpoise as cp
from counterpoise.backends.scipy import selected_matrix
from counterpoise.balancing.support import EXAMINE_LIMIT, Decision, decide
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.records.verdict import Cause

SUFFIXES = (".cool", ".mcool", ".hic")
SHORT = 110  # characters of a reason

TOTAL, SUPPORT_ONLY, NO_SUPPORT = "total support", "support only", "no support"
UNDECIDED, EMPTY = "undecided", "empty"


@dataclass(frozen=True)
class Line:
    """One map, level and scope: the decisions on its parts, and KR's verdict on the whole."""

    name: str
    level: str
    scope: str
    decisions: Counter[str]
    verdict: cp.Verdict


def word(decision: Decision) -> str:
    """A decision in two words."""
    if decision.exists is None:
        return UNDECIDED
    words = {Cause.NO_SUPPORT: NO_SUPPORT, Cause.NO_TOTAL_SUPPORT: SUPPORT_ONLY}
    return words.get(decision.cause, TOTAL)


def decisions(contacts: Contacts, scope: Scope) -> Counter[str]:
    """How many parts (chromosomes, for cis) of a map fall to each word."""
    found: Counter[str] = Counter()
    for part in select(contacts.bins, np.ones(len(contacts.bins), dtype=bool), scope):
        if contacts.indptr[part.hi] == contacts.indptr[part.lo]:
            found[EMPTY] += 1
            continue
        filled = np.asarray(selected_matrix(contacts, part).sum(axis=1)).ravel() > 0
        selection = replace(part, kept=filled)
        found[word(decide(contacts, selection, EXAMINE_LIMIT)) if filled.any() else EMPTY] += 1
    return found


def line(name: str, level: str, contacts: Contacts, scope: Scope) -> Line:
    verdict = cp.balance(contacts, "kr", scope=scope.value).verdict
    return Line(name, level, scope.value, decisions(contacts, scope), verdict)


def levels(path: Path) -> Iterator[tuple[str, Contacts]]:
    """Every level of a file with its name: bin size, or the group where bins are unequal."""
    source = inspect_source(str(path), identify=False)
    for level in source.levels:
        if source.format == "hic":
            yield f"{level.resolution}", cp.read_contacts(path, level.resolution)
        else:
            yield f"{level.resolution or level.group}", cp.read_contacts(f"{path}::{level.group}")


def shown(entry: Line) -> str:
    """The line as a row of a table."""
    parts = entry.decisions
    several = sum(parts.values()) > 1
    decided = ", ".join(f"{n} {name}" if several else name for name, n in parts.most_common())
    reason = entry.verdict.reason
    reason = reason if len(reason) <= SHORT else f"{reason[:SHORT]}..."
    cells = (entry.name, entry.level, entry.scope, decided, entry.verdict.status.value, reason)
    return row(*cells)


def row(*cells: str) -> str:
    """A row of the table; sequence names may hold the character that separates its cells."""
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def main() -> None:
    folder = Path(sys.argv[1])
    scopes = [Scope(name) for name in sys.argv[2:]] or [Scope.GENOME]
    print("| map | level | scope | an exact balancing | kr | reason |\n|---|---|---|---|---|---|")
    for path in sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES):
        name = str(path.relative_to(folder))
        try:
            for level, contacts in levels(path):
                for scope in scopes:
                    print(shown(line(name, level, contacts, scope)), flush=True)
        except InputError as error:
            print(row(name, "-", "-", "-", "not read", error.problem[:SHORT]), flush=True)


if __name__ == "__main__":
    main()
