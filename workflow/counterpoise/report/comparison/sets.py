"""The sets of samples that are compared: the conditions of a cohort, or its single samples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from counterpoise.report.comparison.samples import Sample
from counterpoise.store.runs import is_merged

MOST_SINGLE = 8  # samples of one condition that are compared with each other


@dataclass(frozen=True)
class SampleSet:
    """Samples that are shown as one.

    Attributes
    ----------
    name : str
        Name of the condition, or of the sample.
    samples : list of Sample
        The samples that are pooled.
    apart : list of Sample
        Further samples of it that stand out. They are shown separately, and are in no pool.
    """

    name: str
    samples: list[Sample]
    apart: list[Sample]


def leave_out_merged(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples without those that are sums of others.

    Parameters
    ----------
    samples : sequence of Sample
        Samples of a cohort.

    Returns
    -------
    list of Sample
        The samples that hold contacts of their own.
    """
    names = {sample.name for sample in samples}
    members = {sample.name: sample.labels.members for sample in samples}
    return [sample for sample in samples if not is_merged(sample.name, names, members)]


def divide_samples(samples: Sequence[Sample], apart: Collection[str]) -> list[SampleSet]:
    """Divide samples by condition.

    Parameters
    ----------
    samples : sequence of Sample
        Samples that can be compared.
    apart : collection of str
        Names of the samples that stand out.

    Returns
    -------
    list of SampleSet
        The groups of the cohort in the order of their first samples. Without two groups, each of
        up to ``MOST_SINGLE`` samples is a set, and more are one set. A set whose samples all stand
        out keeps them.
    """
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.labels.group, []).append(sample)
    if len(groups) == 1 and len(samples) <= MOST_SINGLE:
        return [SampleSet(sample.name, [sample], []) for sample in samples]
    others = "no condition" if len(groups) > 1 else "all samples"
    sets = []
    for group, members in groups.items():
        usual = [sample for sample in members if sample.name not in apart]
        outliers = [sample for sample in members if sample.name in apart] if usual else []
        sets.append(SampleSet(group or others, usual or members, outliers))
    return sets
