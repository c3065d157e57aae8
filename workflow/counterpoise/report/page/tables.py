"""The rows of the tables of masks and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from counterpoise.mask import Reason, describe_notes
from counterpoise.report.formats import DASH, format_number
from counterpoise.report.table import Row
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.source_record import read_source


def mask_row(paths: ResultPaths, sample: str, resolution: int) -> dict[str, Any]:
    """Return the number of bins that the mask of a map removed by reason, and its thresholds."""
    kept, summary = read_mask(paths.mask(sample, resolution))
    return {
        "sample": sample,
        "resolution": resolution,
        "bins": len(kept),
        "kept": int(kept.sum()),
        "masked": summary["reasons"],
        "thresholds": describe_thresholds(summary["thresholds"]),
        "notes": describe_notes(summary.get("notes", {})),
    }


def list_reasons(masks: Sequence[Row]) -> list[str]:
    """Return the reasons for which a bin of any map is masked, in the order of the filters."""
    names = [reason.name.lower() for reason in Reason if reason is not Reason.KEPT]
    return [name for name in names if any(mask["masked"].get(name) for mask in masks)]


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


def input_row(paths: ResultPaths, sample: str, resolution: int) -> dict[str, Any]:
    """Return the record of a map's source, with None for what is unknown."""
    record = read_source(paths.map_files(sample, resolution).source)
    unknown = dict.fromkeys(("uri", "format", "coarsened_from", "contacts", "nnz", "assembly"))
    return {
        **unknown,
        **record,
        "sample": sample,
        "resolution": resolution,
        "notes": record.get("notes", []),
        "identity": record.get("identity", {}).get("sha256") or DASH,
    }
