"""Balanced coolers: one `.mcool` a sample, all resolutions, one column a method.

Written with h5py to cooler's schema (version 3) and not by ``cooler.create_cooler``, which stores
the time of writing: here the same results give the same bytes. Pixels are compressed by threads
and handed to HDF5 as finished chunks, since h5py would compress them on one core.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from isal import isal_zlib
from numpy.typing import NDArray

from counterpoise._version import __version__
from counterpoise.contacts.bins import BinTable
from counterpoise.files import atomic_write, read_json
from counterpoise.records.verdict import Verdict
from counterpoise.store.arrow import values_of
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_bins
from counterpoise.store.weights import read_errors, read_verdict, read_weights

# cooler divides by columns of these names and multiplies by every other (FORMATS: "How it reads").
DIVISIVE = ("KR", "VC", "VC_SQRT")
COMPRESSION = {"compression": "gzip", "compression_opts": 6, "shuffle": True}
ERRORS = "_se"  # after the name of a column of weights
CHUNK = 1 << 18
# isal's level for pixels: a seventh larger than zlib's level 6, in a tenth of its time.
LEVEL = 1
WRITE_THREADS = 2
# An HDF5 object header holds 64 KiB; longer chromosome lists cannot be an enum.
ENUM_LIMIT = 64_000


def write_mcool(
    paths: ResultPaths,
    sample: str,
    resolutions: list[int],
    columns: dict[str, str],
    primary: str,
    output: str,
    assembly: str | None = None,
) -> None:
    """Write a sample's `.mcool` from its maps and weights.

    Parameters
    ----------
    columns : the column's name of each method.
    primary : the method whose weights are also written as ``weight``.
    assembly : instead of the one that the source names.
    """
    with atomic_write(output) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2, "bin-type": "fixed"})
        for resolution in sorted(resolutions):
            group = file.create_group(f"resolutions/{resolution}")
            map_files = paths.map_files(sample, resolution)
            bins, source = read_bins(map_files.bins), read_json(map_files.source)
            source["assembly"] = assembly or source["assembly"]
            _write_level(group, bins, source, map_files.pixels)
            written = {"weight", *columns.values()}
            written |= {column + ERRORS for column in written}
            _carry_over(group["bins"], bins, source["column_attributes"], written)
            for method, column in columns.items():
                files = paths.run_files(sample, resolution, method)
                weights, errors = read_weights(files.weights), read_errors(files.weights)
                verdict = read_verdict(files.verdict)
                for name in (column, "weight") if method == primary else (column,):
                    _write_weights(group["bins"], name, weights, verdict)
                    _write_errors(group["bins"], name, errors, verdict)


def _write_level(group: h5py.Group, bins: BinTable, source: dict[str, Any], pixels: str) -> None:
    chroms = group.create_group("chroms")
    names = np.array([name.encode() for name in bins.chromosomes])
    chroms.create_dataset("name", data=names, **COMPRESSION)
    chroms.create_dataset("length", data=bins.lengths.astype(np.int32), **COMPRESSION)
    table = group.create_group("bins")
    ids: Any = np.dtype(np.int32)
    # HDF5 pads each name, with its closing zero, to 8 bytes, and adds a number of 4.
    if sum(len(name) // 8 * 8 + 12 for name in names) < ENUM_LIMIT:
        ids = h5py.enum_dtype({name: i for i, name in enumerate(bins.chromosomes)}, np.int32)
    table.create_dataset("chrom", data=bins.chromosome_ids, dtype=ids, **COMPRESSION)
    table.create_dataset("start", data=bins.start, **COMPRESSION)
    table.create_dataset("end", data=bins.end, **COMPRESSION)
    total, row_ends = _copy_pixels(group.create_group("pixels"), pixels, len(bins))
    indexes = group.create_group("indexes")
    indexes.create_dataset("chrom_offset", data=bins.offsets, **COMPRESSION)
    indexes.create_dataset("bin1_offset", data=row_ends, **COMPRESSION)
    group.attrs.update(
        {
            "format": "HDF5::Cooler",
            "format-version": 3,
            "format-url": "https://github.com/open2c/cooler",
            "generated-by": f"counterpoise-{__version__}",
            "storage-mode": "symmetric-upper",
            "bin-type": "fixed",
            "bin-size": bins.resolution,
            "nbins": len(bins),
            "nchroms": len(bins.chromosomes),
            "nnz": source["nnz"],
            "sum": total,
            "genome-assembly": source["assembly"] or "unknown",
            "metadata": json.dumps({"counterpoise": _origin(source)}, sort_keys=True),
        }
    )


def _origin(source: dict[str, Any]) -> dict[str, Any]:
    keys = ("uri", "format", "identity", "resolution", "coarsened_from", "notes")
    return {key: source[key] for key in keys}


def _copy_pixels(group: h5py.Group, path: str, n: int) -> tuple[int | float, NDArray[np.int64]]:
    """Stream the pixels into ``pixels``; returns the sum of counts and entries up to each row."""
    file = pq.ParquetFile(path, memory_map=True)
    nnz = file.metadata.num_rows
    count_type = file.schema_arrow.field("count").type.to_pandas_dtype()
    whole = not np.issubdtype(count_type, np.floating)
    wide = np.int64 if count_type is np.int64 else np.int32 if whole else np.float64
    types = {"bin1_id": np.int64, "bin2_id": np.int64, "count": wide}
    size = max(min(nnz, CHUNK), 1)
    datasets = {
        name: group.create_dataset(
            name,
            (nnz,),
            dtype,
            chunks=(size,),
            maxshape=(None,),
            compression="gzip",
            compression_opts=LEVEL,
            shuffle=True,
        )
        for name, dtype in types.items()
    }
    per_row = np.zeros(n + 1, dtype=np.int64)
    total: int | float = 0
    waiting: deque[tuple[h5py.Dataset, int, Future[bytes]]] = deque()
    with ThreadPoolExecutor(WRITE_THREADS) as pool:
        for number, table in enumerate(_pieces(file, size)):
            columns = {name: values_of(table[name]) for name in types}
            for name, dataset in datasets.items():
                job = pool.submit(_compressed, columns[name], dataset.dtype, size)
                waiting.append((dataset, number * size, job))
            bin1, count = columns["bin1_id"], columns["count"]
            lo, hi = int(bin1[0]), int(bin1[-1]) + 1
            per_row[lo + 1 : hi + 1] += np.bincount(bin1 - lo, minlength=hi - lo)
            total += count.sum(dtype=np.int64 if whole else np.float64).item()
            # Always in the same order, and no more of them in memory than keep the threads busy.
            while len(waiting) > 2 * WRITE_THREADS * len(types):
                _write_first(waiting)
        while waiting:
            _write_first(waiting)
    return total, np.cumsum(per_row)


def _pieces(file: pq.ParquetFile, size: int) -> Iterator[pa.Table]:
    """The rows of a Parquet file, ``size`` at a time; the last piece may hold fewer."""
    held = file.schema_arrow.empty_table()
    for index in range(file.num_row_groups):
        held = pa.concat_tables([held, file.read_row_group(index)])
        while held.num_rows >= size:
            yield held.slice(0, size)
            held = held.slice(size)
    if held.num_rows:
        yield held


def _compressed(values: NDArray[Any], dtype: np.dtype[Any], size: int) -> bytes:
    """A chunk of ``size`` values as HDF5 stores it: filled up with zeros, shuffled, deflated."""
    planes = np.zeros((dtype.itemsize, size), np.uint8)
    # Byte k of every value stands together, the lowest first.
    planes[:, : len(values)] = values.astype(dtype).view(np.uint8).reshape(len(values), -1).T
    return bytes(isal_zlib.compress(planes, LEVEL))


def _write_first(waiting: deque[tuple[h5py.Dataset, int, Future[bytes]]]) -> None:
    dataset, offset, job = waiting.popleft()
    dataset.id.write_direct_chunk((offset,), job.result())


def _carry_over(
    table: h5py.Group, bins: BinTable, attributes: dict[str, Any], written: set[str]
) -> None:
    """The source's own bin columns; one whose name is taken gets ``_source`` appended."""
    taken = written | set(bins.extra)
    for name, values in bins.extra.items():
        target = name
        while target in (written if target == name else taken):
            target += "_source"
        taken.add(target)
        dataset = table.create_dataset(target, data=values, **COMPRESSION)
        for key, value in attributes.get(name, {}).items():
            dataset.attrs[key] = _attribute(value)


def _attribute(value: Any) -> Any:
    """A JSON value as an HDF5 attribute; NaN and infinity, kept as text in JSON, as numbers."""
    if isinstance(value, list):
        items = np.array([_attribute(item) for item in value])
        return items.astype(h5py.string_dtype()) if items.dtype.kind == "U" else items
    if value in ("nan", "inf", "-inf"):
        return float(value)
    return "null" if value is None else value


def _write_weights(
    table: h5py.Group, column: str, weights: NDArray[np.float64], verdict: Verdict
) -> None:
    """One column, with cooler's attributes where it has them and the whole verdict beside."""
    divisive = column in DIVISIVE
    values = juicer_vector(weights, verdict) if divisive else weights
    dataset = table.create_dataset(column, data=values, **COMPRESSION)
    mask = verdict.mask.get("settings", {})
    known = {
        "divisive_weights": divisive,
        "converged": verdict.status.good,
        "status": verdict.status.value,
        "reason": verdict.reason,
        "method": verdict.method,
        "scope": verdict.scope,
        "cis_only": verdict.scope == "cis",
        "trans_only": verdict.scope == "trans",
        "ignore_diags": verdict.settings["ignore_diags"],
        "tol": verdict.settings.get("tolerance"),
        "min_nnz": mask.get("min_nnz"),
        "min_count": mask.get("min_count"),
        "mad_max": mask.get("mad_max"),
        "iterations": verdict.iterations,
        "matvecs": verdict.matvecs,
        "max_deviation": verdict.max_deviation,
        "rms_deviation": verdict.rms_deviation,
        "settings": json.dumps(verdict.settings, sort_keys=True),
        "versions": json.dumps(verdict.versions, sort_keys=True),
    }
    dataset.attrs.update({key: value for key, value in known.items() if value is not None})


def _write_errors(
    table: h5py.Group, column: str, errors: NDArray[np.float64], verdict: Verdict
) -> None:
    """Standard errors of a column of weights, relative, so the same for either convention."""
    dataset = table.create_dataset(column + ERRORS, data=errors, **COMPRESSION)
    dataset.attrs.update(
        {"relative": True, "of": column, "bootstrap": verdict.settings.get("bootstrap", 0)}
    )


def juicer_vector(weights: NDArray[np.float64], verdict: Verdict) -> NDArray[np.float64]:
    """Divisive vector on Juicer's scale: the balanced total of each part equals the raw one.

    Parameters
    ----------
    weights : float64 [bins], multiplicative.

    Returns
    -------
    float64 [bins], f / weight with f as in section 15 of Juicer's convention (``PartVerdict``).
    """
    vector = np.full(len(weights), np.nan)
    for part in verdict.parts:
        factor = part.juicer_factor
        if factor is not None:
            inside = slice(part.first_bin, part.first_bin + part.bins)
            vector[inside] = factor / weights[inside]
    return vector
