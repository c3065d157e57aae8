"""The maps of a cohort: their sources and masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from counterpoise.mask import Reason, describe_notes
from counterpoise.report.figures import map_figures
from counterpoise.report.formats import format_number
from counterpoise.report.table import Row
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.source_record import read_source


def map_row(paths: ResultPaths, sample: str, resolution: int) -> Row:
    """Return the record of a map's source, and what its mask removed.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    sample : str
        The sample.
    resolution : int
        Bin size in base pairs.

    Returns
    -------
    dict
        The record of the source with its statistics and figures, the number of bins, of kept bins
        and of masked bins by reason, and the thresholds in words.
    """
    record = read_source(paths.map_files(sample, resolution).source)
    kept, summary = read_mask(paths.mask(sample, resolution))
    return {
        **record,
        **map_figures(record)._asdict(),
        **summary["reasons"],
        "sample": sample,
        "resolution": resolution,
        "bins": len(kept),
        "kept": int(kept.sum()),
        "thresholds": describe_thresholds(summary["thresholds"]),
        "mask_notes": describe_notes(summary.get("notes", {})),
        "identity": record.get("identity", {}).get("sha256"),
        "notes": "; ".join(record.get("notes", [])),
    }


def list_reasons(maps: Sequence[Row]) -> list[str]:
    """Return the reasons for which a bin of any map is masked, in the order of the filters.

    Parameters
    ----------
    maps : sequence of dict
        Rows of ``map_row``.
    """
    names = [reason.name.lower() for reason in Reason if reason is not Reason.KEPT]
    return [name for name in names if any(row.get(name) for row in maps)]


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
