"""Reasons why runs are not fit for use, by sample, with the runs that they hold for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.records.facts import Fact, PartsUnfit
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Verdict
from counterpoise.records.wording import fitness_reason, list_names, sentence
from counterpoise.report.statuses import MISSING, UNBALANCED
from counterpoise.report.summary import unfit_chromosomes
from counterpoise.report.table import Row

# Kind of the reasons that depend on the other samples, which ask for caution whatever else holds.
IN_COHORT = "cohort"


class UnfitReason(NamedTuple):
    """A reason for which runs of a sample are not fit for use.

    Attributes
    ----------
    text : str
        The reason, with the numbers of one run.
    runs : str
        That run and the others, in words.
    fitness : str
        The worst fitness of these runs, or ``missing``; ``caution`` for reasons that depend on the
        other samples.
    """

    text: str
    runs: str
    fitness: str


def reasons_by_sample(
    rows: Sequence[Row],
    causes: Mapping[int, Sequence[Fact]],
    notes: Mapping[int, Sequence[Fact]],
    unfit: Mapping[tuple[str, int, str], str],
    primary: str,
) -> dict[str, list[UnfitReason]]:
    """List the reasons of each sample.

    Parameters
    ----------
    rows : sequence of dict
        Rows of the summary.
    causes : mapping
        Causes of the fitness of each run that has a result, by the position of its row.
    notes : mapping
        Notes on the map of each run that has a result, likewise.
    unfit : mapping
        What `explain_unfit` says of runs, by sample, resolution and method.
    primary : str
        The primary method; where it is affected, the numbers are its.

    Returns
    -------
    dict of str to list of UnfitReason
        For samples that have any; those whose runs are all good come last.
    """
    found: dict[str, dict[str, list[tuple[Row, str]]]] = {}
    for index, row in enumerate(rows):
        reasons = _run_reasons(row, causes.get(index, ()), notes.get(index, ()))
        if text := unfit.get((row["sample"], row["resolution"], row["method"])):
            reasons.append(("chromosomes", text))
        for kind, text in reasons:
            found.setdefault(row["sample"], {}).setdefault(kind, []).append((row, text))
    runs: dict[str, list[Row]] = {}
    for row in rows:
        runs.setdefault(row["sample"], []).append(row)
    merged = {
        sample: [
            _reason(kind, affected, runs[sample], primary)
            for kind, every in kinds.items()
            for affected in _split(every)
        ]
        for sample, kinds in found.items()
    }
    return dict(sorted(merged.items(), key=lambda each: _are_of_good_runs(each[1])))


def explain_unfit(verdict: Verdict) -> str:
    """Say why chromosomes are not for use, where those of others are.

    Parameters
    ----------
    verdict : Verdict
        The verdict of a run.

    Returns
    -------
    str
        The cause of the first one; empty without any, for a run that is not for use itself, and
        where its reason or the causes of its fitness say it.
    """
    said = any(isinstance(cause, PartsUnfit) for cause in verdict.fitness_causes)
    if said or verdict.fitness is Fitness.NO:
        return ""
    named = unfit_chromosomes(verdict)
    parts = [
        part
        for part in verdict.parts
        if part.label in named and part.status.value not in UNBALANCED
    ]
    if not parts:
        return ""
    first = parts[0]
    words = [fitness_reason(first.fitness_causes), "" if first.weighted else first.reason]
    place = f". On {first.label}" if len(parts) > 1 else ""
    labels = list_names([part.label for part in parts])
    return f"The weights of {labels} are not for use{place}: {' '.join(filter(None, words))}"


def _run_reasons(row: Row, causes: Sequence[Fact], notes: Sequence[Fact]) -> list[tuple[str, str]]:
    """Return kind and text of each reason for which a run is not fit, or has no result.

    Notes are listed, too; the reason of a run that is not balanced begins with them.
    """
    if row["status"] == MISSING:
        return [(f"missing {row['reason']}", row["reason"])]
    reasons = [(fact.code, fitness_reason([fact])) for fact in causes]
    of_run = " ".join(text for _, text in reasons)
    in_cohort = (row["fitness_reason"] or "").removeprefix(of_run).strip()
    reasons += [(IN_COHORT, in_cohort)] if in_cohort else []
    if row["status"] in UNBALANCED:
        return [*reasons, (row["status"], row["reason"])]
    return reasons + [(note.code, sentence(note)) for note in notes]


def _split(affected: Sequence[tuple[Row, str]]) -> list[list[tuple[Row, str]]]:
    """Split runs with the same kind of reason: by resolution and fitness, unless all agree."""
    if len({text for _, text in affected}) == 1:
        return [list(affected)]
    split: dict[tuple[int, str], list[tuple[Row, str]]] = {}
    for row, text in affected:
        split.setdefault((row["resolution"], row["fitness"]), []).append((row, text))
    return list(split.values())


def _reason(
    kind: str, affected: Sequence[tuple[Row, str]], runs: Sequence[Row], primary: str
) -> UnfitReason:
    """Merge the same reason of several runs of a sample."""
    shown, text = min(
        affected, key=lambda each: (each[0]["method"] != primary, each[0]["resolution"])
    )
    others = [row for row, _ in affected if row is not shown]
    order = [each.value for each in Fitness] + [MISSING]
    worst = max((row["fitness"] or MISSING for row, _ in affected), key=order.index)
    if kind == IN_COHORT:
        worst = Fitness.CAUTION.value
    if len({text for _, text in affected}) == 1:
        return UnfitReason(text, _list_runs([row for row, _ in affected], runs), worst)
    also = f"; similar: {_list_runs(others, runs)}" if others else ""
    return UnfitReason(
        text, f"{format_base_pairs(shown['resolution'])} {shown['method']}{also}", worst
    )


def _are_of_good_runs(reasons: Sequence[UnfitReason]) -> bool:
    """Tell whether reasons are of some chromosomes of good runs alone."""
    return all(reason.fitness == Fitness.GOOD.value for reason in reasons)


def _list_runs(affected: Sequence[Row], runs: Sequence[Row]) -> str:
    """Name runs of a sample: ``10 kb all methods, 50 kb ice and kr``."""
    if len(affected) == len(runs):
        return "all runs"
    sizes = dict.fromkeys(row["resolution"] for row in affected)
    words = []
    for size in sizes:
        methods = [row["method"] for row in affected if row["resolution"] == size]
        number = sum(row["resolution"] == size for row in runs)
        named = " ".join(methods) if len(methods) < number or number == 1 else "all methods"
        words.append(f"{format_base_pairs(size)} {named}")
    return ", ".join(words)
