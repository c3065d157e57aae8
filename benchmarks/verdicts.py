"""List which maps of a folder can be balanced exactly, and the verdict of KR on them.

python -m benchmarks.verdicts FOLDER [SCOPE ...]        (genome cis trans; genome by default)

Prints one row per map, level and scope: the decision before iterating (total support, support only,
no support), the verdict of KR and the beginning of its reason. Only empty bins are masked; no
diagonal is ignored. Files that cannot be read are distinguished from maps that cannot be balanced.
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
REASON_LENGTH = 110  # characters

TOTAL, SUPPORT_ONLY, NO_SUPPORT = "total support", "support only", "no support"
UNDECIDED, EMPTY = "undecided", "empty"


@dataclass(frozen=True)
class Line:
    """The decisions on the parts of a map, level and scope, and the verdict of KR."""

    name: str
    level: str
    scope: str
    decisions: Counter[str]
    verdict: cp.Verdict


def decision_name(decision: Decision) -> str:
    """Return the name of a decision."""
    if decision.exists is None:
        return UNDECIDED
    names = {Cause.NO_SUPPORT: NO_SUPPORT, Cause.NO_TOTAL_SUPPORT: SUPPORT_ONLY}
    return names.get(decision.cause, TOTAL)


def decisions(contacts: Contacts, scope: Scope) -> Counter[str]:
    """Count the decisions on the parts of a map."""
    counts: Counter[str] = Counter()
    for part in select(contacts.bins, np.ones(len(contacts.bins), dtype=bool), scope):
        if contacts.indptr[part.hi] == contacts.indptr[part.lo]:
            counts[EMPTY] += 1
            continue
        has_contacts = np.asarray(selected_matrix(contacts, part).sum(axis=1)).ravel() > 0
        selection = replace(part, kept=has_contacts)
        counts[
            decision_name(decide(contacts, selection, EXAMINE_LIMIT))
            if has_contacts.any()
            else EMPTY
        ] += 1
    return counts


def line(name: str, level: str, contacts: Contacts, scope: Scope) -> Line:
    """Balance a level by KR, all its bins or none, and decide on its parts."""
    result = cp.balance(contacts, "kr", mask=None, scope=scope.value, on_failure="nan")
    return Line(name, level, scope.value, decisions(contacts, scope), result.verdict)


def levels(path: Path) -> Iterator[tuple[str, Contacts]]:
    """Yield every level of a file with its name: the bin size, or the group for unequal bins."""
    source = inspect_source(str(path), identify=False)
    for level in source.levels:
        if source.format == "hic":
            yield f"{level.resolution}", cp.read_contacts(path, level.resolution)
        else:
            yield f"{level.resolution or level.group}", cp.read_contacts(f"{path}::{level.group}")


def line_row(entry: Line) -> str:
    """Format a line as a row of the table."""
    parts = entry.decisions
    several = sum(parts.values()) > 1
    decided = ", ".join(f"{n} {name}" if several else name for name, n in parts.most_common())
    reason = entry.verdict.reason
    reason = reason if len(reason) <= REASON_LENGTH else f"{reason[:REASON_LENGTH]}..."
    cells = (entry.name, entry.level, entry.scope, decided, entry.verdict.status.value, reason)
    return row(*cells)


def row(*cells: str) -> str:
    """Format a row of the table and escape the separator, which sequence names may contain."""
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def main() -> None:
    """Print the table of a folder."""
    folder = Path(sys.argv[1])
    scopes = [Scope(name) for name in sys.argv[2:]] or [Scope.GENOME]
    print("| map | level | scope | an exact balancing | kr | reason |\n|---|---|---|---|---|---|")
    for path in sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES):
        name = str(path.relative_to(folder))
        try:
            for level, contacts in levels(path):
                for scope in scopes:
                    print(line_row(line(name, level, contacts, scope)), flush=True)
        except InputError as error:
            print(row(name, "-", "-", "-", "not read", error.problem[:REASON_LENGTH]), flush=True)


if __name__ == "__main__":
    main()
