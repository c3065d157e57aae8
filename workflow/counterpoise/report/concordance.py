"""The concordance of samples: its table, and the samples that stand out by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from pathlib import Path
from statistics import median

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.report.depth import NOT_MERGED
from counterpoise.report.table import read_table, write_table
from counterpoise.store.missing import NOTHING_UNFINISHED, Unfinished
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import is_merged

# A sample stands out if its median concordance is below that of the others by this many of their
# scaled median absolute deviations, and by this amount.
DEVIATIONS, LOSS = 4.0, 0.1
SCALED = 1.4826  # a standard deviation, as a multiple of the median absolute deviation
FEWEST_SAMPLES = 4
AGREES_LESS = "agrees less with"  # in the sentence on a sample that stands out

COLUMNS = ("sample", "other", "scc", "same_group")

Coefficients = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Concordance:
    """The concordance of the samples of a cohort at one resolution.

    Attributes
    ----------
    resolution : int
        Bin size in base pairs.
    coefficients : dict of tuple of str to float
        Stratum-adjusted correlation coefficient of each pair of samples, in both orders.
    """

    resolution: int
    coefficients: Coefficients

    @cached_property
    def samples(self) -> list[str]:
        """The samples that are compared with any other."""
        return list(dict.fromkeys(name for name, _ in self.coefficients))

    def among(self, names: Collection[str]) -> Concordance:
        """Return the coefficients of the pairs whose samples are both among these."""
        known = set(names)
        pairs = {pair: scc for pair, scc in self.coefficients.items() if known.issuperset(pair)}
        return Concordance(self.resolution, pairs)

    def median_with(self, sample: str, others: Sequence[str]) -> float | None:
        """Return the median coefficient of a sample with others; None if there is none."""
        pairs = ((sample, other) for other in others)
        known = [self.coefficients[pair] for pair in pairs if pair in self.coefficients]
        return median(known) if known else None


def write_concordance(
    pairs: Sequence[tuple[str, str, float]], groups: Mapping[str, str], path: str | Path
) -> None:
    """Write ``compare/<resolution>.tsv``.

    Parameters
    ----------
    pairs : sequence of tuple of str, str and float
        Names of two samples and their coefficient; NaN if it is unknown.
    groups : mapping
        Group of each sample; empty for none.
    path : str or Path
        Where the table goes.
    """
    rows = [
        {
            "sample": one,
            "other": other,
            "scc": None if isnan(coefficient) else round(coefficient, 6),
            "same_group": str(bool(groups[one]) and groups[one] == groups[other]).lower(),
        }
        for one, other, coefficient in pairs
    ]
    write_table(rows, COLUMNS, path)


def read_concordance(path: str | Path, resolution: int) -> Concordance:
    """Read ``compare/<resolution>.tsv``.

    Parameters
    ----------
    path : str or Path
        The table.
    resolution : int
        Its bin size in base pairs.

    Returns
    -------
    Concordance
        The pairs whose coefficient is known.
    """
    coefficients: Coefficients = {}
    for row in read_table(path):
        if row["scc"]:
            for pair in ((row["sample"], row["other"]), (row["other"], row["sample"])):
                coefficients[pair] = float(row["scc"])
    return Concordance(resolution, coefficients)


def choose_concordance(
    paths: ResultPaths,
    resolutions: Sequence[int],
    unfinished: Unfinished = NOTHING_UNFINISHED,
) -> Concordance | None:
    """Read the concordance at the finest of the resolutions that compare most samples.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    resolutions : sequence of int
        Bin sizes in base pairs, the finest first.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.

    Returns
    -------
    Concordance or None
        None if no samples were compared.
    """
    files = {size: paths.concordance(size) for size in resolutions}
    tables = [
        read_concordance(path, size)
        for size, path in files.items()
        if Path(path).is_file() and path not in unfinished.output_set
    ]
    return max(tables, key=lambda table: len(table.samples), default=None)


def find_outliers(
    concordance: Concordance,
    groups: Mapping[str, str],
    members: Mapping[str, Collection[str]] = NOT_MERGED,
) -> dict[str, str]:
    """Find the samples whose maps agree less with those of others than these do.

    Parameters
    ----------
    concordance : Concordance
        The concordance of the samples.
    groups : mapping
        Group of each sample; empty for none. Other names in the table are not compared: they are
        those of samples that are no longer in the cohort.
    members : mapping
        Members of the merged samples. Merged samples are not compared: their members are.

    Returns
    -------
    dict of str to str
        A sentence for each sample that stands out. A sample is compared with its group if this has
        ``FEWEST_SAMPLES`` samples or more, else with all samples if these are as many.
    """
    names = [
        name
        for name in concordance.samples
        if name in groups and not is_merged(name, groups, members)
    ]
    sizes = Counter(groups[name] for name in names)
    compared = {
        name: groups[name] if groups[name] and sizes[groups[name]] >= FEWEST_SAMPLES else ""
        for name in names
    }
    outliers = {}
    for group in dict.fromkeys(compared.values()):
        peers = [name for name in compared if not group or compared[name] == group]
        scores = {name: concordance.median_with(name, peers) for name in peers}
        for sample in peers if len(peers) >= FEWEST_SAMPLES else []:
            if compared[sample] == group and (loss := _describe_loss(sample, scores)):
                among = f"the group {group}" if group else "the cohort"
                outliers[sample] = (
                    f"At {format_base_pairs(concordance.resolution)} its map {AGREES_LESS} "
                    f"those of {among} than the others do: {loss}"
                )
    return outliers


def _describe_loss(sample: str, scores: Mapping[str, float | None]) -> str:
    """Describe by how much a sample's median concordance is below that of others, if it is."""
    score = scores[sample]
    others = [each for name, each in scores.items() if name != sample and each is not None]
    if score is None or len(others) + 1 < FEWEST_SAMPLES:
        return ""
    usual = median(others)
    spread = SCALED * median(abs(each - usual) for each in others)
    if usual - score <= max(DEVIATIONS * spread, LOSS):
        return ""
    return f"its median concordance is {score:.2f}, theirs {usual:.2f}."
