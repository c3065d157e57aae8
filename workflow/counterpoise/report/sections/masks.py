"""What each sample costs in masked bins: by reason, and what it costs its group."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from counterpoise.mask import Reason, describe_notes
from counterpoise.mask.sharing import Cost
from counterpoise.report.formats import format_number
from counterpoise.report.svg import COLOURS
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import ResultPaths

MOST_ROWS = 100  # the other samples are in samples.tsv
REASONS = [reason.name.lower() for reason in Reason if reason is not Reason.KEPT]
MEANINGS = {
    "empty": "no contacts",
    "regions": "outside of the regions",
    "min_nnz": "too few partner bins",
    "min_count": "too few contacts",
    "mad": "far fewer contacts than others",
    "max_count": "too many contacts",
    "mad_above": "far more contacts than others",
    "blacklist": "in the blacklist",
    "shared": "masked by the group",
}
GREY = "#8b929a"
FILLS = dict(zip(REASONS, (GREY, *COLOURS, "#7a5195", "#9c6b30"), strict=True))


@dataclass(frozen=True)
class MaskedMap:
    """The mask of a map.

    Attributes
    ----------
    sample : str
        Name of the sample.
    resolution : int
        Bin size in base pairs.
    bins, kept : int
        Bins of the map, and those that the mask keeps.
    masked : dict of str to int
        Bins by the reason why they are masked.
    thresholds : str
        The cutoffs of the filters, in words.
    notes : str
        What does not fit the map in its files of intervals; empty if all fits.
    group : str
        The group with which the sample shares its mask, as in paths; empty for none.
    required, voters : int
        Samples of the group that must keep a bin, and samples that vote; 0 without a group.
    """

    sample: str
    resolution: int
    bins: int
    kept: int
    masked: dict[str, int]
    thresholds: str
    notes: str
    group: str = ""
    required: int = 0
    voters: int = 0

    @property
    def lost(self) -> int:
        """Number of masked bins."""
        return self.bins - self.kept


class GroupCost(NamedTuple):
    """What a sample costs its group at a resolution.

    Attributes
    ----------
    sample : str
        Name of the sample.
    group : str
        Its group.
    resolution : int
        Bin size in base pairs.
    cost : Cost
        Numbers of bins.
    """

    sample: str
    group: str
    resolution: int
    cost: Cost


@dataclass(frozen=True)
class MaskSection:
    """What the section shows.

    Attributes
    ----------
    reasons : list of str
        Reasons for which a bin of any map is masked, in the order of the filters.
    rows : list of MaskedMap
        The finest map of each sample; of many samples, those that lose most.
    samples : int
        Number of samples.
    costs : list of GroupCost
        What samples cost their groups, the dearest first.
    coarser : list of MaskedMap
        The other maps; of many, those that lose most.
    coarser_maps : int
        Number of the other maps.
    largest : float
        The largest share of masked bins.
    """

    reasons: list[str]
    rows: list[MaskedMap]
    samples: int
    costs: list[GroupCost]
    coarser: list[MaskedMap]
    coarser_maps: int
    largest: float

    @property
    def fills(self) -> dict[str, str]:
        """Colour of each reason."""
        return {reason: FILLS[reason] for reason in self.reasons}

    @property
    def meanings(self) -> dict[str, str]:
        """Meaning of each reason in a few words."""
        return {reason: MEANINGS[reason] for reason in self.reasons}


def describe_masks(
    paths: ResultPaths, maps: Sequence[tuple[str, int]]
) -> tuple[MaskSection, list[MaskedMap]]:
    """Read the masks of all maps.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    maps : sequence of tuple of str and int
        Samples and resolutions of the maps that have a result.

    Returns
    -------
    section : MaskSection
        What the section shows.
    masks : list of MaskedMap
        All masks, in the order of the maps.
    """
    masks = [read_masked_map(paths, *place) for place in maps]
    finest: dict[str, MaskedMap] = {}
    for mask in masks:
        if mask.sample not in finest or mask.resolution < finest[mask.sample].resolution:
            finest[mask.sample] = mask
    rows = list(finest.values())
    coarser = [mask for mask in masks if mask is not finest[mask.sample]]
    shares = [mask.lost / mask.bins for mask in rows if mask.bins]
    section = MaskSection(
        [reason for reason in REASONS if any(mask.masked.get(reason) for mask in masks)],
        _most_masked(rows),
        len(rows),
        _read_costs(paths, rows)[:MOST_ROWS],
        _most_masked(coarser),
        len(coarser),
        max(shares, default=0.0),
    )
    return section, masks


def read_masked_map(paths: ResultPaths, sample: str, resolution: int) -> MaskedMap:
    """Read the mask of a map.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    sample : str
        Name of the sample.
    resolution : int
        Bin size in base pairs.

    Returns
    -------
    MaskedMap
    """
    kept, summary = read_mask(paths.mask(sample, resolution))
    shared = summary.get("shared", {})
    return MaskedMap(
        sample,
        resolution,
        len(kept),
        int(kept.sum()),
        {name: number for name, number in summary["reasons"].items() if name in REASONS},
        describe_thresholds(summary["thresholds"]),
        describe_notes(summary.get("notes", {})),
        shared.get("group", ""),
        shared.get("required", 0),
        shared.get("samples", 0),
    )


def describe_thresholds(thresholds: Mapping[str, Any]) -> str:
    """Describe the thresholds of a mask.

    Parameters
    ----------
    thresholds : mapping
        By filter a number, or a number for each chromosome.

    Returns
    -------
    str
        ``min_nnz 10; mad 31.5 to 80.2 by chromosome``.
    """
    parts = []
    for name, value in thresholds.items():
        if not isinstance(value, dict):
            parts.append(f"{name} {format_number(value)}")
        elif value:
            low, high = format_number(min(value.values())), format_number(max(value.values()))
            span = low if low == high else f"{low} to {high} by chromosome"
            parts.append(f"{name} {span}")
    return "; ".join(parts)


def _most_masked(rows: list[MaskedMap]) -> list[MaskedMap]:
    """Return the maps; of many, those with the largest shares of masked bins, the largest first."""
    if len(rows) <= MOST_ROWS:
        return rows
    return sorted(rows, key=lambda mask: -mask.lost / max(mask.bins, 1))[:MOST_ROWS]


def _read_costs(paths: ResultPaths, masks: Sequence[MaskedMap]) -> list[GroupCost]:
    """Read what the samples of these maps cost their groups, the dearest first."""
    costs: list[GroupCost] = []
    for group, resolution in dict.fromkeys((m.group, m.resolution) for m in masks if m.group):
        path = Path(paths.shared_mask(group, resolution).costs)
        with open(path, encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                cost = Cost(*(int(row[name]) for name in Cost._fields))
                costs.append(GroupCost(row["sample"], group, resolution, cost))
    return sorted(costs, key=lambda each: (-each.cost.removed_alone, -each.cost.lost))
