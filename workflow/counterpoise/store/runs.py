"""The balancing runs of a cohort."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

Labels = dict[str, str]  # text by column of the sample sheet


class Plots(StrEnum):
    """The runs of a map that are plotted: that of the primary method, all, or none."""

    PRIMARY = "primary"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True)
class RunKey:
    """A run: a sample at a resolution, balanced by a method.

    Attributes
    ----------
    sample : str
        Name of the sample.
    resolution : int
        Bin size in base pairs.
    method : str
        Name of the method in the cohort.
    labels : dict of str to str
        Labels of the sample, for reports and tracking; two runs are equal whatever their labels.
    group : str
        Group of the sample; empty for none.
    absent : str or None
        Why there can be no such run: what its file lacks.
    unplotted : str
        Why the settings ask for no plot of the run; empty if they ask for one.
    """

    sample: str
    resolution: int
    method: str
    labels: Labels = field(default_factory=dict, compare=False)
    group: str = field(default="", compare=False)
    absent: str | None = field(default=None, compare=False)
    unplotted: str = field(default="", compare=False)

    @property
    def place(self) -> tuple[str, int, str]:
        """Return sample, resolution and method: the arguments of ``ResultPaths``."""
        return self.sample, self.resolution, self.method


@dataclass(frozen=True)
class SampleLabels:
    """Labels and group of a sample, from the sample sheet.

    Attributes
    ----------
    labels : dict of str to str
        Text by column; none for empty cells.
    group : str
        The samples of a group have the same; empty for none.
    """

    labels: Labels = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True)
class SampleEntry:
    """A sample, as reports and tracking see it.

    Attributes
    ----------
    resolutions : list of int
        Bin sizes in base pairs at which the sample is balanced.
    labels : dict of str to str
        Its labels.
    group : str
        Its group; empty for none.
    absent : dict of int to str
        Why the sample is not balanced at further resolutions that were asked for, by resolution.
    """

    resolutions: list[int]
    labels: Labels = field(default_factory=dict)
    group: str = ""
    absent: dict[int, str] = field(default_factory=dict)


def list_runs(
    samples: dict[str, SampleEntry], methods: Iterable[str], plotted: Collection[str]
) -> list[RunKey]:
    """Return every run of a cohort: sample x resolution x method.

    Parameters
    ----------
    samples : dict of str to SampleEntry
        Samples by name.
    methods : iterable of str
        Names of the methods.
    plotted : collection of str
        Those whose runs have a plot.

    Returns
    -------
    list of RunKey
        In the order of samples, then resolutions, then methods.
    """
    setting = f"qc.plots is {Plots.PRIMARY if plotted else Plots.NONE}"
    reasons = {name: "" if name in plotted else setting for name in methods}
    return [
        RunKey(name, size, method, sample.labels, sample.group, unplotted=reason)
        for name, sample in samples.items()
        for size in sample.resolutions
        for method, reason in reasons.items()
    ]


def list_absent_runs(samples: dict[str, SampleEntry], methods: Iterable[str]) -> list[RunKey]:
    """Return the runs that were asked for and that the samples' files do not allow.

    Parameters
    ----------
    samples : dict of str to SampleEntry
        Samples by name.
    methods : iterable of str
        Names of the methods.

    Returns
    -------
    list of RunKey
        In the order of samples, then resolutions, then methods; each says why in ``absent``.
    """
    names = list(methods)
    return [
        RunKey(name, resolution, method, sample.labels, sample.group, reason)
        for name, sample in samples.items()
        for resolution, reason in sample.absent.items()
        for method in names
    ]


def compared_samples(runs: Iterable[RunKey]) -> dict[int, list[str]]:
    """Return the samples of each resolution at which there are two or more.

    Parameters
    ----------
    runs : iterable of RunKey
        The runs of a cohort.

    Returns
    -------
    dict of int to list of str
        Names of samples by resolution, in the order of the runs.
    """
    samples: dict[int, dict[str, None]] = {}
    for run in runs:
        samples.setdefault(run.resolution, {})[run.sample] = None
    return {resolution: list(names) for resolution, names in samples.items() if len(names) > 1}
