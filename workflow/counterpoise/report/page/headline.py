"""The answer at the top of the page: which samples can be used, and what to do about the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.records.fitness import Fitness
from counterpoise.records.wording import list_names
from counterpoise.report.concordance import AGREES_LESS
from counterpoise.report.statuses import MISSING, UNBALANCED, describe_fitness_of
from counterpoise.report.table import Row
from counterpoise.store.source_record import group_by_assembly

CHECK_SAMPLE = "Look for a swapped or failed library."
MEND = "Mend the cause and run again."
DEEPER = "Sequence it deeper, sum it with its replicates, or use larger bins."
UNSHARE = (
    "Give the failed sample of its group a group of its own, or ask for a smaller share of the "
    "samples with mask.shared."
)
MASKED_BY_OTHERS = "Most of its bins are masked only because other samples mask them."
READ_FIRST = "Read the reason before you use it."


@dataclass(frozen=True)
class LevelCounts:
    """Numbers of samples that can be used at a resolution, with the primary method.

    Attributes
    ----------
    resolution : int
        Bin size in base pairs.
    counts : dict of str to int
        Number of samples by fitness, and of those without a result as ``missing``.
    not_made : int
        Number of the other samples: their own ``resolutions`` do not hold this one.
    """

    resolution: int
    counts: Mapping[str, int]
    not_made: int = 0

    @property
    def usable(self) -> int:
        """Number of samples that can be used, with caution or without."""
        return self.counts[Fitness.GOOD.value] + self.counts[Fitness.CAUTION.value]

    @property
    def samples(self) -> int:
        """Number of samples that have this resolution or should have it."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Doubt:
    """A sample to look at, or several with the same reason.

    Attributes
    ----------
    samples : tuple of str
        The samples.
    fitness : str
        Fitness of its run, or ``missing``.
    label : str
        The fitness in words.
    remedy : str
        What to do.
    why : str
        Why.
    """

    samples: tuple[str, ...]
    fitness: str
    label: str
    remedy: str
    why: str

    @property
    def number(self) -> int:
        """Number of samples."""
        return len(self.samples)


@dataclass(frozen=True)
class Findings:
    """What the summary does not hold.

    Attributes
    ----------
    masked_by_others : container of (str, int)
        Sample and resolution of the maps that lose most bins to the masks of their group.
    lacking : container of (str, int)
        Sample and resolution of the levels that files lack.
    unfit : dict of (str, int, str) to str
        Why chromosomes are not for use, by sample, resolution and method.
    """

    masked_by_others: Container[tuple[str, int]] = ()
    lacking: Container[tuple[str, int]] = ()
    unfit: Mapping[tuple[str, int, str], str] = field(default_factory=dict)


NOTHING_FOUND = Findings()


@dataclass(frozen=True)
class Headline:
    """What the page says first about a resolution.

    Attributes
    ----------
    level : LevelCounts
        The counts at the resolution.
    answer : str
        How many samples can be used.
    doubts : list of Doubt
        The samples to look at.
    """

    level: LevelCounts
    answer: str
    doubts: list[Doubt]


def count_levels(rows: Sequence[Row], primary: str) -> list[LevelCounts]:
    """Count the samples of each fitness at each resolution.

    Parameters
    ----------
    rows : sequence of dict
        Rows of the summary.
    primary : str
        The primary method.

    Returns
    -------
    list of LevelCounts
        From the smallest bins to the largest.
    """
    counts: dict[int, Counter[str]] = {}
    for row in rows:
        if row["method"] == primary:
            counts.setdefault(row["resolution"], Counter())[row["fitness"] or MISSING] += 1
    samples = len({row["sample"] for row in rows if row["method"] == primary})
    return [
        LevelCounts(size, counts[size], samples - counts[size].total()) for size in sorted(counts)
    ]


def choose_level(levels: Sequence[LevelCounts]) -> LevelCounts | None:
    """Return the finest level at which a sample can be used; without one, the coarsest.

    Parameters
    ----------
    levels : sequence of LevelCounts
        From the smallest bins to the largest.
    """
    usable = [level for level in levels if level.usable]
    return next(iter(usable or levels[-1:]), None)


def answer(level: LevelCounts) -> str:
    """Say how many samples can be used.

    Parameters
    ----------
    level : LevelCounts
        The counts at a resolution.

    Examples
    --------
    >>> answer(LevelCounts(10_000, Counter(good=9, caution=2, no=1)))
    '11 samples can be used at 10 kb, 2 of them with caution; 1 cannot.'
    >>> answer(LevelCounts(10_000, Counter(good=2)))
    'All 2 samples can be used at 10 kb.'
    >>> answer(LevelCounts(10_000, Counter(good=2), not_made=1))
    '2 samples can be used at 10 kb; 1 is not made at 10 kb.'
    """
    bins, usable, careful = (
        format_base_pairs(level.resolution), level.usable, level.counts[Fitness.CAUTION.value],
    )  # fmt: skip
    others = level.samples - usable
    absent = ""
    if level.not_made:
        absent = f"; {level.not_made:,} {'is' if level.not_made == 1 else 'are'} not made at {bins}"
    if not usable:
        return f"No sample can be used at {bins}{absent}."
    every = "All " if not (others or level.not_made) and usable > 1 else ""
    subject = f"{every}{usable:,} sample{'s' if usable > 1 else ''}"
    caution = ""
    if careful:
        number = "" if careful == usable == 1 else "all " if careful == usable else f"{careful:,} "
        caution = f", {number}{'of them ' if careful < usable else ''}with caution"
    rest = f"; {others:,} cannot" if others else ""
    return f"{subject} can be used at {bins}{caution}{rest}{absent}."


def write_headline(
    rows: Sequence[Row],
    samples: Sequence[Row],
    primary: str,
    level: LevelCounts,
    findings: Findings = NOTHING_FOUND,
) -> Headline:
    """Write what the page says first about a resolution.

    Parameters
    ----------
    rows, samples : sequence of dict
        As for `list_doubts`.
    primary : str
        As for `list_doubts`.
    level : LevelCounts
        As for `list_doubts`.
    findings : Findings
        As for `list_doubts`.
    """
    return Headline(level, answer(level), list_doubts(rows, samples, primary, level, findings))


def list_doubts(
    rows: Sequence[Row],
    samples: Sequence[Row],
    primary: str,
    level: LevelCounts,
    findings: Findings = NOTHING_FOUND,
) -> list[Doubt]:
    """List the samples to look at, each once, with what to do and why.

    Parameters
    ----------
    rows, samples : sequence of dict
        Rows of the summary and of the table of samples.
    primary : str
        The primary method.
    level : LevelCounts
        The resolution that the answer is about.
    findings : Findings, optional
        What the summary does not hold.

    Returns
    -------
    list of Doubt
        The least fit first: samples whose run is not fit for use, and samples that stand out. A
        sample that is not made at the resolution is judged at its finest one.
    """
    of_primary: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row["method"] == primary:
            of_primary.setdefault(row["sample"], {})[row["resolution"]] = row
    remarks = {row["sample"]: row["stands_out"] for row in samples}
    doubts = []
    for sample, by_resolution in of_primary.items():
        at_level = level.resolution in by_resolution
        size = level.resolution if at_level else min(by_resolution)
        doubt = _doubt(by_resolution, remarks.get(sample, ""), size, findings)
        if doubt and not at_level:
            doubt = replace(doubt, label=f"{doubt.label} at {format_base_pairs(size)}")
        doubts.append(doubt)
    order = [MISSING, *(each.value for each in reversed(Fitness))]
    merged: dict[Doubt, list[str]] = {}
    for doubt in filter(None, doubts):
        merged.setdefault(replace(doubt, samples=()), []).extend(doubt.samples)
    same = [replace(doubt, samples=tuple(names)) for doubt, names in merged.items()]
    return sorted(same, key=lambda doubt: order.index(doubt.fitness))


def _doubt(
    by_resolution: Mapping[int, Row], remark: str, resolution: int, findings: Findings
) -> Doubt | None:
    """Return what is doubtful about a sample, from its rows by resolution; None if nothing is."""
    row = by_resolution[resolution]
    fitness = row["fitness"] or MISSING
    new_remark = " ".join(each for each in _sentences(remark) if each not in _why(row))
    if fitness == Fitness.GOOD.value and not new_remark and not row["chromosomes_unfit"]:
        return None
    coarser = [by_resolution[size] for size in sorted(by_resolution) if size > resolution]
    place = row["sample"], resolution
    remedy = _remedy(row, coarser, new_remark, place in findings.lacking)
    why = [_why(row), findings.unfit.get((*place, row["method"]), ""), new_remark]
    if place in findings.masked_by_others:
        remedy, why = UNSHARE, [MASKED_BY_OTHERS, *why]
    return Doubt(
        (row["sample"],), fitness, describe_fitness_of(row), remedy, " ".join(filter(None, why))
    )


def _why(row: Row) -> str:
    """Return why a run is not fit, or why it has no result."""
    if not row["fitness"]:
        return str(row["reason"])
    # The number of contacts explains a failure better than the structure of the map.
    explained = len(_sentences(row["fitness_reason"])) > 1
    cause = row["reason"] if row["status"] in UNBALANCED and not explained else ""
    return " ".join(filter(None, [row["fitness_reason"], cause]))


def _remedy(row: Row, coarser: Sequence[Row], remark: str, lacks_level: bool) -> str:
    """Say what to do about a sample: use larger bins that serve, else mend or sequence."""
    better = [each for each in coarser if each["fitness"] == Fitness.GOOD.value]
    if not row["fitness"] and not lacks_level:
        return MEND
    if AGREES_LESS in remark:  # at all resolutions
        return CHECK_SAMPLE
    if row["fitness"] == Fitness.GOOD.value:
        return CHECK_SAMPLE if remark else READ_FIRST
    if better:
        return f"Use it at {format_base_pairs(better[0]['resolution'])}."
    if not row["fitness"]:
        return MEND
    if row["fitness"] == Fitness.CAUTION.value:
        return READ_FIRST
    return DEEPER


def _sentences(text: str) -> list[str]:
    """Split a text into sentences, which begin with a capital."""
    parts = text.split(". ")
    return [f"{part}." for part in parts[:-1]] + [part for part in parts[-1:] if part]


def describe_assemblies(assemblies: Mapping[str, str | None]) -> str:
    """Say that samples have different assemblies; empty if they do not.

    Parameters
    ----------
    assemblies : mapping
        Assembly of each sample, as its file states it; files that state none are skipped.
    """
    samples = group_by_assembly(assemblies.items())
    if len(samples) < 2:
        return ""
    groups = "; ".join(f"{name} ({list_names(each)})" for name, each in samples.items())
    return f"Files state different assemblies: {groups}."
