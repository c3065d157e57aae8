"""Balanced coolers: one ``.mcool`` per sample with all resolutions, one column per method.

The files follow cooler's schema (version 3). They are written with h5py, since
``cooler.create_cooler`` stores the time of writing: here the same results give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from counterpoise._version import __version__
from counterpoise.contacts.bins import BinTable, coordinate_type
from counterpoise.contacts.selection import Scope, column_name
from counterpoise.files import atomic_write
from counterpoise.methods import methods
from counterpoise.store.cooler_pixels import CHUNK, copy_pixels
from counterpoise.store.hdf5_output import create_hdf5
from counterpoise.store.paths import MapFiles, ResultPaths, RunFiles
from counterpoise.store.pixels import read_bins
from counterpoise.store.source_record import read_source
from counterpoise.store.tiling import Tiling, cover_holes
from counterpoise.store.weight_columns import (
    COMPRESSION,
    ERRORS,
    WEIGHT_COLUMN,
    to_attribute,
    write_weight_column,
)
from counterpoise.store.weights import read_errors, read_verdict, read_weights

# An HDF5 object header holds 64 KiB; longer lists of chromosomes cannot be an enum.
ENUM_LIMIT = 64_000


def write_mcool(
    paths: ResultPaths,
    sample: str,
    resolutions: Sequence[int],
    columns: Mapping[str, str],
    primary: str,
    output: str,
    assembly: str | None = None,
    *,
    reserved: Collection[str] | None = None,
    chunk: int = CHUNK,
) -> None:
    """Write a sample's ``.mcool`` from its maps and weights.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    sample : str
        The sample.
    resolutions : sequence of int
        Its resolutions in base pairs.
    columns : mapping of str to str
        Name of the column of each method.
    primary : str
        The method whose weights are also written as ``weight``.
    output : str
        Where the file goes.
    assembly : str, optional
        Name of the assembly; by default the one that the source names.
    reserved : collection of str, optional
        Names that no column of the source keeps: ``_source`` is appended. By default those of
        ``columns`` and of every method.
    chunk : int
        Pixels in an HDF5 chunk.
    """
    needed = _predict_size(paths, sample, resolutions, columns)
    reserved = _reserved_names(columns) if reserved is None else reserved
    with atomic_write(output, needed) as temporary, create_hdf5(temporary) as (file, disk):
        types = set()
        for resolution in sorted(resolutions):
            group = file.create_group(f"resolutions/{resolution}")
            tiling = _write_map(
                group, paths.map_files(sample, resolution), reserved, assembly, chunk, disk.check
            )
            types.add(group.attrs["bin-type"])
            for method, column in columns.items():
                files = paths.run_files(sample, resolution, method)
                names = (column, WEIGHT_COLUMN) if method == primary else (column,)
                _write_run(group["bins"], files, names, tiling)
                disk.check()
        bin_type = "variable" if "variable" in types else "fixed"
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2, "bin-type": bin_type})


def _predict_size(
    paths: ResultPaths, sample: str, resolutions: Sequence[int], methods: Iterable[str]
) -> int:
    """Return about how many bytes a ``.mcool`` takes."""
    names = list(methods)
    files = [paths.map_files(sample, size).pixels for size in resolutions]
    files += [paths.run_files(sample, size, name).weights for size in resolutions for name in names]
    return predict_size(sum(Path(file).stat().st_size for file in files))


def predict_size(stored: int) -> int:
    """Return about how many bytes a ``.mcool`` takes.

    Parameters
    ----------
    stored : int
        Bytes of the pixels and weights that it is made of.
    """
    return stored * 6 // 5


def _write_map(
    group: h5py.Group,
    files: MapFiles,
    reserved: Collection[str],
    assembly: str | None,
    chunk: int,
    check: Callable[[], None],
) -> Tiling:
    """Write one resolution without weights; return the bins that it has."""
    stored, source = read_bins(files.bins), read_source(files.source)
    source["assembly"] = assembly or source["assembly"]
    tiling = cover_holes(stored)
    bins = tiling.bins
    _write_bins(group, bins)
    total, row_ends = copy_pixels(
        group.create_group("pixels"), files.pixels, len(bins), tiling.positions, check, chunk=chunk
    )
    indexes = group.create_group("indexes")
    indexes.create_dataset("chrom_offset", data=bins.offsets, **COMPRESSION)
    indexes.create_dataset("bin1_offset", data=row_ends, **COMPRESSION)
    group.attrs.update(_level_attributes(bins, source, total))
    extra = {name: tiling.spread(values) for name, values in stored.extra.items()}
    _carry_over(group["bins"], extra, source["column_attributes"], reserved)
    return tiling


def _reserved_names(columns: Mapping[str, str]) -> set[str]:
    """Return the names that no column of the source may keep by default.

    These are the columns that are written here, and the names of every method: a column ``KR``
    next to ours would be taken for ours.
    """
    methods_columns = {column_name(scope, name) for scope in Scope for name in methods()}
    reserved = {WEIGHT_COLUMN, *columns.values(), *methods_columns}
    return reserved | {column + ERRORS for column in reserved}


def _write_bins(group: h5py.Group, bins: BinTable) -> None:
    """Write the tables of chromosomes and of bins."""
    chroms = group.create_group("chroms")
    names = np.array([name.encode() for name in bins.chromosomes])
    chroms.create_dataset("name", data=names, **COMPRESSION)
    chroms.create_dataset(
        "length", data=bins.lengths.astype(coordinate_type(bins.lengths)), **COMPRESSION
    )
    table = group.create_group("bins")
    ids: Any = np.dtype(np.int32)
    # HDF5 pads each name, with its closing zero, to 8 bytes, and adds a number of 4.
    if sum(len(name) // 8 * 8 + 12 for name in names) < ENUM_LIMIT:
        ids = h5py.enum_dtype({name: i for i, name in enumerate(bins.chromosomes)}, np.int32)
    table.create_dataset("chrom", data=bins.chromosome_ids, dtype=ids, **COMPRESSION)
    table.create_dataset("start", data=bins.start, **COMPRESSION)
    table.create_dataset("end", data=bins.end, **COMPRESSION)


def _level_attributes(bins: BinTable, source: dict[str, Any], total: int | float) -> dict[str, Any]:
    """Return the attributes of a resolution, with the identity of its source."""
    keys = ("uri", "format", "identity", "resolution", "coarsened_from", "notes")
    origin = {key: source[key] for key in keys}
    return {
        "format": "HDF5::Cooler",
        "format-version": 3,
        "format-url": "https://github.com/open2c/cooler",
        "generated-by": f"counterpoise-{__version__}",
        "storage-mode": "symmetric-upper",
        "bin-type": "fixed" if bins.resolution else "variable",
        "bin-size": bins.resolution or "null",
        "nbins": len(bins),
        "nchroms": len(bins.chromosomes),
        "nnz": source["nnz"],
        "sum": total,
        "genome-assembly": source["assembly"] or "unknown",
        "metadata": json.dumps({"counterpoise": origin}, sort_keys=True),
    }


def _carry_over(
    table: h5py.Group,
    extra: dict[str, NDArray[Any]],
    attributes: dict[str, Any],
    reserved: Collection[str],
) -> None:
    """Copy the bin columns of the source; a reserved or taken name gets ``_source`` appended."""
    taken = {*reserved, *extra}
    for name, values in extra.items():
        target = name
        while target in (reserved if target == name else taken):
            target += "_source"
        taken.add(target)
        dataset = table.create_dataset(target, data=values, **COMPRESSION)
        for key, value in attributes.get(name, {}).items():
            dataset.attrs[key] = to_attribute(value)


def _write_run(table: h5py.Group, files: RunFiles, names: Sequence[str], tiling: Tiling) -> None:
    """Write the weights and standard errors of a run as columns of each name."""
    weights, errors = read_weights(files.weights), read_errors(files.weights)
    verdict = read_verdict(files.verdict)
    for name in names:
        write_weight_column(table, name, weights, errors, verdict, tiling)
