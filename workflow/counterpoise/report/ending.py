"""Last lines of a workflow in the terminal: the results of a cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Status
from counterpoise.records.wording import fitness_label
from counterpoise.report.statuses import NO_RESULT

NAMED_SAMPLES = 10  # of those without results, and of those with runs that need attention

TextRow = Mapping[str, str]  # a row of summary.tsv


def describe_results(rows: Sequence[TextRow], title: str, primary: str) -> list[str]:
    """Describe what has a result and what it is worth, each sample once.

    Parameters
    ----------
    rows : sequence of mapping
        The rows of ``summary.tsv``, as texts.
    title : str
        Name of the cohort.
    primary : str
        The primary method, whose reasons are preferred.

    Returns
    -------
    list of str
        How many runs there are of each fitness; then the samples without results, and those with
        runs that are not good, with a reason for each.
    """
    samples: dict[str, list[TextRow]] = {}
    for row in rows:
        samples.setdefault(row["sample"], []).append(row)
    counts = Counter(row["fitness"] for row in rows)
    labels = {**{each.value: fitness_label(each) for each in Fitness}, "": f"with {NO_RESULT}"}
    words = [f"{counts[key]:,} {label}" for key, label in labels.items() if counts[key]]
    missing = {
        name: line for name, own in samples.items() if (line := _describe_missing(name, own))
    }
    doubtful = [
        line
        for fitness in (Fitness.NO, Fitness.CAUTION)
        for name, own in samples.items()
        if (line := _describe_worst(name, own, fitness, primary))
    ]
    return [
        f"Cohort {title}: {pluralise(len(samples), 'sample')}, {pluralise(len(rows), 'run')}: "
        f"{', '.join(words)}.",
        *_shorten(list(missing.values())),
        *_shorten(doubtful),
    ]


def _describe_missing(sample: str, rows: Sequence[TextRow]) -> str:
    """Say how many runs of a sample have no result, and why the first has none."""
    missing = [row for row in rows if not row["fitness"]]
    if not missing:
        return ""
    what = NO_RESULT if len(missing) == len(rows) else f"{_count(missing, rows)} with {NO_RESULT}"
    return f"  {sample}: {what}: {missing[0]['reason']}"


def _describe_worst(sample: str, rows: Sequence[TextRow], fitness: Fitness, primary: str) -> str:
    """Say how many runs of a sample have a fitness, if it is their worst, and why one has it."""
    found = [row for row in rows if row["fitness"] == fitness.value]
    is_worst = fitness is Fitness.NO or not any(row["fitness"] == Fitness.NO for row in rows)
    if not found or not is_worst:
        return ""
    shown = next((row for row in found if row["method"] == primary), found[0])
    where = f"{format_base_pairs(int(shown['resolution']))}, {shown['method']}"
    share = _count(found, rows)
    why = shown["fitness_reason"]
    if shown["status"] == Status.EMPTY:
        why = f"{why} {shown['reason']}"
    return f"  {sample}: {share} {fitness_label(fitness)} ({where}: {why})"


def _count(some: Sequence[TextRow], rows: Sequence[TextRow]) -> str:
    """Return how many of the runs these are."""
    return f"{len(some)} of {pluralise(len(rows), 'run')}"


def _shorten(lines: list[str]) -> list[str]:
    """Return the first lines and the number of the others."""
    more = len(lines) - NAMED_SAMPLES
    rest = [f"  ... and {pluralise(more, 'other sample')}; see the report"] if more > 0 else []
    return [*lines[:NAMED_SAMPLES], *rest]
