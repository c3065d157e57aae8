"""Revisions of the stages: small numbers, raised by hand when results change.

The settings of a job carry the revision of its rule, so a new release repeats the jobs whose
results it would change, and no others. Raise a number by one when what the rule writes changes for
the same input and settings: a number, a column, a key. A faster way to the same numbers does not
raise it, and neither does a new message. ``tests/cohort/test_revisions.py`` fails if results
changed and the revision did not, and ``docs/guides/reprocessing.md`` says what runs again.

Each method has a revision of its own, at its registration in ``methods/``. That of ``balance`` here
is for what all methods share. The rule ``balance_alone`` has the revisions of ``balance``.
"""

from __future__ import annotations

from counterpoise.methods import methods

# By rule. Raising one of these repeats the jobs that depend on it, too.
REVISIONS = {
    "inspect": 2,
    "ingest": 3,
    "merge": 1,
    "find_least": 1,
    "thin": 1,
    "mask": 4,
    "shared_mask": 1,
    "final_mask": 1,
    "pool": 1,
    "file_prior": 1,
    "balance": 7,
    "export": 4,
    "plot": 5,
    "compare": 6,
    "report": 6,
    "track": 6,
    "differences": 2,
}


def of_method(algorithm: str) -> list[int]:
    """Return the revision of the rule ``balance`` for one method.

    Parameters
    ----------
    algorithm : str
        Name of a method.

    Returns
    -------
    list of int
        The revision for all methods, that of the method, and those of its candidates.
    """
    method = methods()[algorithm]
    candidates = method.candidates(method.settings()) if method.candidates else {}
    own = [methods()[name].revision for name in candidates]
    return [REVISIONS["balance"], method.revision, *own]
