"""``samples.tsv``: one row per sample.

To add a column, add a row to ``COLUMNS``, raise the revision of ``report`` and run ``make accept``,
which writes the table in ``docs/reference/outputs.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counterpoise.mask import Reason
from counterpoise.records.fitness import FitnessSettings
from counterpoise.records.wording import fitness_reason
from counterpoise.report.concordance import Concordance, choose_concordance, find_outliers
from counterpoise.report.depth import find_shallow
from counterpoise.report.figures import FIGURE_COLUMNS
from counterpoise.report.statuses import MISSING
from counterpoise.report.table import (
    USUAL_LABELS,
    Column,
    Row,
    add_labels,
    label_column,
    read_table,
    write_table,
)
from counterpoise.store.masks import read_mask
from counterpoise.store.missing import NOTHING_UNFINISHED, Unfinished
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import Labels, SampleEntry, find_peers

# A map can be used at a resolution if this share of its bins has 1,000 contacts (Rao et al. 2014).
SHARE_OF_BINS = 0.8


@dataclass(frozen=True)
class SampleResult:
    """A sample and its results.

    Attributes
    ----------
    name : str
        The sample.
    entry : SampleEntry
        Its labels, group and resolutions.
    finest : dict
        The row of the summary of its finest map that has a result, of any method; empty if there
        is none.
    primary : dict
        The row of the primary method on this map; empty if it has no result.
    masked : dict of str to int
        Bins of this map by the reason why they are masked, and ``kept``.
    usable : int or None
        The finest resolution at which enough bins have 1,000 contacts.
    within, between : float or None
        Median concordance with the other samples of its group, and with the samples of no or
        another group.
    concordance : int or None
        Resolution of the two, in base pairs.
    stands_out : str
        Why the sample stands out; empty if it does not.
    """

    name: str
    entry: SampleEntry
    finest: Row = field(default_factory=dict)
    primary: Row = field(default_factory=dict)
    masked: dict[str, int] = field(default_factory=dict)
    usable: int | None = None
    within: float | None = None
    between: float | None = None
    concordance: int | None = None
    stands_out: str = ""

    @property
    def labels(self) -> Labels:
        """The labels of the sample."""
        return self.entry.labels


def _column_of_summary(column: Column) -> Column:
    """Return a column with the values of the finest map."""
    return column._replace(value=lambda sample: sample.finest.get(column.name))


def _mask_column(reason: str) -> Column:
    """Return the column of the number of bins that are masked for a reason."""
    return Column(
        f"masked_{reason}",
        f"number of its bins that are masked for the [reason](#mask-reasons) `{reason}`",
        lambda sample: sample.masked.get(reason, 0) if sample.masked else None,
    )


COLUMNS = (
    Column("sample", "name of the sample", lambda s: s.name),
    *map(label_column, USUAL_LABELS),
    Column(
        "sample_group",
        "its [group](../guides/configuration.md#groups-of-samples)",
        lambda s: s.entry.group or None,
    ),
    Column(
        "resolution",
        "bin size in base pairs of its finest map that has a result; the columns up to "
        "`expected_unevenness` are those of this map",
        lambda s: s.finest.get("resolution"),
    ),
    Column("contacts", "sum of the counts over the pixels", lambda s: s.finest.get("contacts")),
    *map(_column_of_summary, FIGURE_COLUMNS),
    Column("bins", "number of bins", lambda s: s.finest.get("bins")),
    Column("kept", "number of bins that the mask keeps", lambda s: s.masked.get("kept")),
    *(_mask_column(reason.name.lower()) for reason in Reason if reason is not Reason.KEPT),
    Column(
        "expected_unevenness",
        "that of the primary method, as in `verdict.json`",
        lambda s: s.primary.get("expected_unevenness"),
    ),
    Column(
        "usable_resolution",
        "the finest of its resolutions at which 80 % of the bins have 1,000 contacts, if any",
        lambda s: s.usable,
    ),
    Column(
        "concordance_within",
        "median [concordance](#concordance) with the other samples of its group",
        lambda s: s.within,
    ),
    Column(
        "concordance_between",
        "median concordance with all samples that are not of its group",
        lambda s: s.between,
    ),
    Column(
        "concordance_resolution",
        "resolution of the two, the same for all samples",
        lambda s: s.concordance,
    ),
    Column("stands_out", "[why it stands out](#samplestsv); empty if not", lambda s: s.stands_out),
)
COLUMN_NAMES = tuple(column.name for column in COLUMNS)


def sample_rows(
    paths: ResultPaths,
    samples: Mapping[str, SampleEntry],
    rows: Sequence[Row],
    primary: str,
    unfinished: Unfinished = NOTHING_UNFINISHED,
    limits: FitnessSettings | None = None,
) -> list[Row]:
    """Compute a row for each sample.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    samples : mapping
        The samples by name.
    rows : sequence of dict
        The summary: a row for each run.
    primary : str
        The cohort's primary method.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.
    limits : FitnessSettings, optional
        ``depth_caution`` is for the comparison with the cohort.

    Returns
    -------
    list of dict
        Values by column; None where unknown.
    """
    complete = [row for row in rows if row["status"] != MISSING]
    groups = {name: entry.group for name, entry in samples.items()}
    sizes = sorted({size for entry in samples.values() for size in entry.resolutions})
    concordance = choose_concordance(paths, sizes, unfinished)
    members = {name: entry.members for name, entry in samples.items() if entry.members}
    remarks = _list_remarks(complete, groups, members, concordance, limits or FitnessSettings())
    by_sample: dict[str, list[Row]] = {name: [] for name in samples}
    for row in complete:
        by_sample[row["sample"]].append(row)
    results = []
    for name, entry in samples.items():
        result = SampleResult(
            name,
            entry,
            **_describe_maps(paths, by_sample[name], primary),
            **_describe_concordance(concordance, name, groups, members),
            stands_out=" ".join(remarks.get(name, [])),
        )
        results.append(result)
    columns = add_labels(COLUMNS, [entry.labels for entry in samples.values()])
    return [{column.name: column.value(result) for column in columns} for result in results]


def _describe_maps(paths: ResultPaths, rows: Sequence[Row], primary: str) -> dict[str, Any]:
    """Return the fields of a ``SampleResult`` that come from the rows of its runs."""
    if not rows:
        return {}
    finest = min(rows, key=lambda row: row["resolution"])
    place = finest["sample"], finest["resolution"]
    of_primary = [row for row in rows if (row["resolution"], row["method"]) == (place[1], primary)]
    usable = [row["resolution"] for row in rows if (row["bins_with_1000"] or 0) >= SHARE_OF_BINS]
    return {
        "finest": finest,
        "primary": of_primary[0] if of_primary else {},
        "masked": read_mask(paths.mask(*place))[1]["reasons"],
        "usable": min(usable, default=None),
    }


def _describe_concordance(
    concordance: Concordance | None,
    name: str,
    groups: Mapping[str, str],
    members: Mapping[str, list[str]],
) -> dict[str, Any]:
    """Return the fields of a ``SampleResult`` that come from the concordance."""
    if concordance is None or name not in concordance.samples:
        return {}
    group = groups[name]
    peers = find_peers(name, groups, members)
    within = [other for other in peers if group and groups[other] == group]
    between = [other for other in peers if other not in within]
    return {
        "within": concordance.median_with(name, within),
        "between": concordance.median_with(name, between),
        "concordance": concordance.resolution,
    }


def _list_remarks(
    rows: Sequence[Row],
    groups: Mapping[str, str],
    members: Mapping[str, list[str]],
    concordance: Concordance | None,
    limits: FitnessSettings,
) -> dict[str, list[str]]:
    """List why samples stand out, in sentences: too few contacts, too little concordance."""
    remarks: dict[str, list[str]] = {}
    contacts = {
        (row["sample"], row["resolution"]): float(row["contacts"])
        for row in rows
        if row["contacts"] is not None
    }
    shallow = find_shallow(contacts, groups, limits.depth_caution, members)
    for sample, resolution in sorted(shallow, key=lambda place: place[1]):  # the finest map first
        remarks.setdefault(sample, [fitness_reason([shallow[sample, resolution]])])
    outliers = find_outliers(concordance, groups, members) if concordance else {}
    for sample, sentence in outliers.items():
        remarks.setdefault(sample, []).append(sentence)
    return remarks


def write_samples(rows: Sequence[Row], path: str | Path) -> None:
    """Write ``samples.tsv``.

    Parameters
    ----------
    rows : sequence of dict
        Those of ``sample_rows``.
    path : str or Path
        Where the table goes.
    """
    write_table(rows, COLUMN_NAMES, path)


def read_usable_resolutions(path: str | Path) -> dict[str, int]:
    """Read the usable resolution of each sample that has one, from a file of ``write_samples``.

    Parameters
    ----------
    path : str or Path
        The table.

    Returns
    -------
    dict of str to int
        Base pairs by sample.
    """
    rows = read_table(path)
    return {
        row["sample"]: int(row["usable_resolution"]) for row in rows if row["usable_resolution"]
    }
