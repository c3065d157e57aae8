"""Sentences about the differences between two folders of results."""

from __future__ import annotations

from typing import Any

from counterpoise.contacts.bins import pluralise
from counterpoise.records.wording import join_phrases, percent
from counterpoise.report.differences.compare import Differences, Kind, RunDifference
from counterpoise.report.formats import DASH

NAMED_SETTINGS = 4


def describe(differences: Differences) -> list[str]:
    """Say in a few lines what differs and what that did.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    list of str
        Lines for a terminal; none is empty.
    """
    lines = [
        describe_settings(differences),
        describe_effect(differences),
        describe_masks(differences),
        describe_unevenness(differences),
        describe_seconds(differences),
        describe_staleness(differences),
    ]
    return [line for line in lines if line]


def describe_settings(differences: Differences) -> str:
    """Say which settings, versions and inputs differ.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    str
        A sentence.
    """
    if not differences.of_kind(Kind.CHANGED, Kind.SAME):
        return f"{_find_lack(differences)}, so settings were not compared."
    settings = differences.settings
    if not settings:
        return "A and B record the same settings, versions and inputs."
    names = list(dict.fromkeys(change.name for change in settings))
    first = {name: [each for each in settings if each.name == name] for name in names}
    texts = [
        f"{name} is {format_value(changes[0].b)} instead of {format_value(changes[0].a)}"
        if len(changes) == 1
        else f"{name} is another"
        for name, changes in first.items()
    ]
    more = len(texts) - NAMED_SETTINGS
    named = texts[:NAMED_SETTINGS] + ([f"{more} more (see below)"] if more > 0 else [])
    return f"In B, {join_phrases(named)}."


def _find_lack(differences: Differences) -> str:
    """Say which folder has no result, if no run has a result in both."""
    in_a, in_b = (bool(differences.of_kind(kind)) for kind in (Kind.ONLY_A, Kind.ONLY_B))
    if in_a and in_b:
        return "No run has a result in both"
    return "B has no result yet" if in_a else f"{'A has' if in_b else 'A and B have'} no result yet"


def format_value(value: Any) -> str:
    """Return a value as a configuration spells it; a SHA-256 is shortened.

    Parameters
    ----------
    value : object
        The value; None for a setting that is not there.
    """
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    text = str(value)
    is_digest = len(text) == 64 and set(text) <= set("0123456789abcdef")
    return f"{text[:12]}…" if is_digest else text


def describe_effect(differences: Differences) -> str:
    """Say how many runs changed, and how.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    str
        One sentence.
    """
    runs = differences.runs
    if differences.is_none:
        lacking = len(differences.of_kind(Kind.NO_RESULT))
        rest = f"; {pluralise(lacking, 'run')} without a result in both" if lacking else ""
        return (
            f"No difference: {pluralise(len(runs) - lacking, 'run')} with the same weights bit for "
            f"bit, the same mask, status and fitness{rest}."
        )
    counts = [
        f"{number:,} {'has' if number == 1 else 'have'} {text}"
        for number, text in _count(differences)
        if number
    ]
    if not any(run.has_other_fitness for run in runs):
        counts.append("none has another fitness")
    return f"Of {pluralise(len(runs), 'run')}, {join_phrases(counts, '; ')}."


def _count(differences: Differences) -> list[tuple[int, str]]:
    """Return numbers of runs, and what they have."""
    runs = differences.runs
    weights = [run.weights for run in runs if run.weights]
    moved = [each for each in weights if each.moved]
    most = max((each.moved_share for each in moved), default=0.0)
    other_fitness = [run for run in runs if run.has_other_fitness]
    worse = sum(run.is_worse for run in other_fitness)
    return [
        (sum(each.is_same for each in weights), "the same weights bit for bit"),
        (
            len(moved),
            "weights that moved beyond two standard errors "
            f"(at most {percent(most)} of the weights of a run)",
        ),
        (
            len(other_fitness),
            f"another fitness ({worse:,} a worse and {len(other_fitness) - worse:,} a better one)",
        ),
        (len(differences.of_kind(Kind.ONLY_A)), "a result in A only"),
        (len(differences.of_kind(Kind.ONLY_B)), "a result in B only"),
        (len(differences.of_kind(Kind.NO_RESULT)), "a result in neither"),
        (sum(map(_has_other_bins, runs)), "other bins and cannot be compared"),
    ]


def describe_unevenness(differences: Differences) -> str:
    """Say in how many runs the expected unevenness fell and rose.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    str
        A sentence; empty if it is the same in all runs.
    """
    pairs = [run.number("expected_unevenness") for run in differences.of_kind(Kind.CHANGED)]
    known = [(a, b) for a, b in pairs if a is not None and b is not None and a != b]
    if not known:
        return ""
    lower = sum(b < a for a, b in known)
    counts = [(lower, "lower"), (len(known) - lower, "higher")]
    texts = [f"{word} in {pluralise(number, 'run')}" for number, word in counts if number]
    return f"In B, the expected unevenness is {join_phrases(texts)}."


def describe_masks(differences: Differences) -> str:
    """Say how many bins the masks gained and lost.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    str
        A sentence; empty if no mask could be compared, or none changed.
    """
    masks = {run.place[:2]: run.mask for run in differences.runs if run.mask is not None}
    changed = [mask for mask in masks.values() if not mask.is_same]
    if not changed:
        return ""
    gained, lost = (
        sum(sum(getattr(mask, side).values()) for mask in changed) for side in ("gained", "lost")
    )
    return (
        f"The masks of {len(changed):,} of {pluralise(len(masks), 'map')} changed: B keeps "
        f"{pluralise(gained, 'bin')} that A masks, and masks {lost:,} that A keeps."
    )


def describe_seconds(differences: Differences) -> str:
    """Say how long balancing took in both, for the runs that have a result in both.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    str
        A sentence; empty if no run has a result in both.
    """
    both = differences.of_kind(Kind.CHANGED, Kind.SAME)
    pairs = [run.number("seconds") for run in both]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not known:
        return ""
    a, b = (sum(side) for side in zip(*known, strict=True))
    return f"Balancing the runs with a result in both took {a:,.1f} s in A and {b:,.1f} s in B."


def describe_staleness(differences: Differences) -> str:
    """Say that results are newer than the summary of their folder.

    Parameters
    ----------
    differences : Differences
        What differs.

    Returns
    -------
    str
        A sentence with the remedy; empty if none is newer.
    """
    newer = sum(run.is_newer for run in differences.runs)
    if not newer:
        return ""
    return (
        f"The results of {pluralise(newer, 'run')} are newer than the summary.tsv of their folder: "
        "a workflow is running, or was stopped. Fitness and time here may be those of older "
        "weights. Let the workflow finish, then compare again."
    )


def format_change(ratio: float | None) -> str:
    """Format the change of a quantity.

    Parameters
    ----------
    ratio : float or None
        The quantity in B over that in A; None is written as a dash.

    Returns
    -------
    str
        ``+12 %``, ``-0.3 %``, or ``x 3.4`` from a factor of 2 on.
    """
    if ratio is None:
        return DASH
    if ratio >= 2:
        return f"\u00d7 {ratio:.3g}"
    if ratio <= 0.5:
        return f"\u00f7 {1 / ratio:.3g}"
    sign = "+" if ratio >= 1 else "\u2212"
    return f"{sign}{percent(abs(ratio - 1))}"


def _has_other_bins(run: RunDifference) -> bool:
    """Return whether a run has a result in both folders, with other bins."""
    return run.kind is Kind.CHANGED and run.weights is None
