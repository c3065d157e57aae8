"""Revisions of the stages: small numbers, raised by hand when results change.

A job's settings carry the revision of its rule, so a new release runs again what it would make
differently, and nothing else. Raise a number by one when what the rule writes changes for the same
input and settings: a figure, a column, a key. A faster way to the same figures leaves it alone, and
so does a new message. ``tests/cohort/test_revisions.py`` fails where results changed and
the revision did not, and ``docs/reprocessing.md`` says what runs again.

Methods have a revision each, beside their registration in ``methods/``. That of ``balance`` and
``bandwidth`` here is for what all of them share.
"""

from __future__ import annotations

from counterpoise.methods import methods

# By rule. All of these run again what depends on them, too.
REVISIONS = {
    "inspect": 1,
    "ingest": 1,
    "mask": 1,
    "bandwidth": 1,
    "balance": 1,
    "export": 1,
    "plot": 1,
    "compare": 1,
    "report": 1,
    "track": 1,
}


def of_method(stage: str, algorithm: str) -> list[int]:
    """The revision of ``balance`` or ``bandwidth`` for a method: of all methods, and its own."""
    return [REVISIONS[stage], methods()[algorithm].revision]
