"""The columns of weights in coolers: their values, conventions and attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from counterpoise.records.verdict import Verdict
from counterpoise.store.tiling import Tiling

WEIGHT_COLUMN = "weight"  # the column that cooler uses by default
DIVISIVE = ("KR", "VC", "VC_SQRT")  # cooler divides only by columns of these names
ERRORS = "_se"  # appended to the name of a column of weights
COMPRESSION = {"compression": "gzip", "compression_opts": 6, "shuffle": True}


def write_weight_column(
    table: h5py.Group,
    name: str,
    weights: NDArray[np.float64],
    errors: NDArray[np.float64],
    verdict: Verdict,
    tiling: Tiling,
) -> None:
    """Write weights and their standard errors as columns of a cooler's bin table.

    Parameters
    ----------
    table : h5py.Group
        The group ``bins``.
    name : str
        Name of the column of weights. It decides the convention.
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    errors : float64 [bins]
        Their relative standard errors, NaN where unknown.
    verdict : Verdict
        The run's verdict.
    tiling : Tiling
        The bins of the map among those of the cooler.
    """
    values = juicer_vector(weights, verdict) if name in DIVISIVE else weights
    dataset = table.create_dataset(name, data=tiling.spread(values), **COMPRESSION)
    dataset.attrs.update(_weight_attributes(name, verdict, tiling))
    # Relative errors are the same for multiplicative and divisive weights.
    dataset = table.create_dataset(name + ERRORS, data=tiling.spread(errors), **COMPRESSION)
    bootstrap = verdict.settings.get("bootstrap", 0)
    dataset.attrs.update({"relative": True, "of": name, "bootstrap": bootstrap})


def write_adopted_column(
    table: h5py.Group,
    name: str,
    weights: NDArray[np.float64],
    attributes: Mapping[str, Any],
    tiling: Tiling,
) -> None:
    """Write multiplicative weights that another column gave.

    Parameters
    ----------
    table : h5py.Group
        The group ``bins``.
    name : str
        Name of the new column.
    weights : float64 [bins]
        Multiplicative weights, NaN for none.
    attributes : mapping
        Its attributes as JSON values.
    tiling : Tiling
        The bins of the map among those of the cooler.
    """
    dataset = table.create_dataset(name, data=tiling.spread(weights), **COMPRESSION)
    for key, value in attributes.items():
        dataset.attrs[key] = to_attribute(value)


def to_attribute(value: Any) -> Any:
    """Convert a JSON value to an HDF5 attribute; JSON keeps NaN and infinity as text.

    Parameters
    ----------
    value : object
        Text, a number, a list or None.

    Returns
    -------
    object
        What h5py stores.
    """
    if isinstance(value, list):
        items = np.array([to_attribute(item) for item in value])
        return items.astype(h5py.string_dtype()) if items.dtype.kind == "U" else items
    if value in ("nan", "inf", "-inf"):
        return float(value)
    return "null" if value is None else value


def remove_weight_column(table: h5py.Group, name: str) -> None:
    """Remove a column of weights and that of their standard errors, where they exist.

    Parameters
    ----------
    table : h5py.Group
        The group ``bins``.
    name : str
        Name of the column of weights.
    """
    for each in (name, name + ERRORS):
        if table.get(each, getlink=True) is not None:  # also a link that leads nowhere
            del table[each]


def _weight_attributes(column: str, verdict: Verdict, tiling: Tiling) -> dict[str, Any]:
    """Return the attributes of a column: cooler's own where they exist, and the verdict."""
    mask, settings = verdict.mask.get("settings", {}), verdict.settings
    copies = verdict.copy_number
    tolerance = settings.get("tolerance")
    attributes = {
        "divisive_weights": column in DIVISIVE,
        "converged": verdict.status.balanced,
        "status": verdict.status.value,
        "reason": verdict.reason,
        "method": verdict.method,
        "scope": verdict.scope,
        "cis_only": verdict.scope == "cis",
        "trans_only": verdict.scope == "trans",
        "ignore_diags": settings["ignore_diags"],
        "tol": settings["cooler_variance"] if tolerance == "cooler" else tolerance,
        "min_nnz": mask.get("min_nnz"),
        "min_count": mask.get("min_count"),
        "mad_max": mask.get("mad_max"),
        "iterations": verdict.iterations,
        "matvecs": verdict.matvecs,
        "max_deviation": verdict.max_deviation,
        "rms_deviation": verdict.rms_deviation,
        "regions": _name_regions(verdict, tiling),
        "weights_of": verdict.weights_of,
        "copy_number": copies and copies.source,
        "copy_number_sha256": copies and copies.sha256,
        "settings": json.dumps(settings, sort_keys=True),
        "versions": json.dumps(verdict.versions, sort_keys=True),
    }
    return {key: value for key, value in attributes.items() if value is not None}


def _name_regions(verdict: Verdict, tiling: Tiling) -> str | None:
    """Return the regions that were balanced separately, as JSON; None if there are none."""
    regions = np.array(verdict.mask.get("regions", []), dtype=np.int64).reshape(-1, 2)
    if not len(regions):
        return None
    first, last = regions[:, 0], regions[:, 1] - 1
    if tiling.positions is not None:
        first, last = tiling.positions[first], tiling.positions[last]
    bins = tiling.bins
    names = [bins.chromosomes[number] for number in bins.chromosome_ids[first]]
    starts, ends = bins.start[first].tolist(), bins.end[last].tolist()
    return json.dumps([list(region) for region in zip(names, starts, ends, strict=True)])


def juicer_vector(weights: NDArray[np.float64], verdict: Verdict) -> NDArray[np.float64]:
    """Convert weights to a divisive vector on Juicer's scale.

    On this scale the balanced total of each part equals its raw total.

    Parameters
    ----------
    weights : float64 [bins]
        Multiplicative weights.
    verdict : Verdict
        The run's verdict, with the totals of each part.

    Returns
    -------
    float64 [bins]
        ``f / weight`` with ``f`` the part's ``juicer_factor``; NaN in parts without contacts.
    """
    vector = np.full(len(weights), np.nan)
    for part in verdict.parts:
        factor = part.juicer_factor
        if factor is not None:
            span = slice(part.first_bin, part.first_bin + part.bins)
            vector[span] = factor / weights[span]
    return vector
