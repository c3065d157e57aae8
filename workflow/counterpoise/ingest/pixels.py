"""Ingest: from a level of a source to the pixels, bins and record that every job reads."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.contacts.contact_map import (
    Chunk,
)
from counterpoise.files import atomic_write, write_json
from counterpoise.ingest.read import open_contacts
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.store.arrow import numbers
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import ROW_GROUP, write_bins


def write_map(
    info: SourceInfo,
    resolution: int,
    files: MapFiles,
    engine: str = "hictkpy",
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    url: str | None = None,
    row_group: int = ROW_GROUP,
) -> dict[str, Any]:
    """Stream one level of a source into the files of a map.

    Memory stays at a few chunks whatever the size: pixels pass through uncompressed scratch files
    in TMPDIR (12 to 16 bytes a pixel), because the narrowest count type is known only when all
    have been seen.

    Parameters
    ----------
    progress : called with the number of pixels read so far and the total, if known.
    url : where the file was fetched from; recorded in place of its path.

    Returns
    -------
    The record written to ``source.json``.
    """
    with (
        open_contacts(info.uri, resolution, engine, info) as reading,
        tempfile.TemporaryDirectory(prefix="counterpoise-") as scratch,
    ):
        spool = _Spool(Path(scratch))
        for chunk in reading.chunks():
            spool.append(chunk)
            progress(spool.nnz, reading.total)
        with atomic_write(files.pixels) as temporary:
            _write_pixels(temporary, spool, row_group)
        write_bins(files.bins, reading.bins)
        record = reading.source_record(spool.nnz)
        record["count_type"] = str(spool.count_type())
        record["uri"] = url or record["uri"]
        write_json(files.source, record)
        return record


class _Spool:
    """Chunks on disk, uncompressed, with what must be known of all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nnz = 0
        self.pieces = 0
        self.whole = True
        self.top = 0.0

    def append(self, chunk: Chunk) -> None:
        count = chunk[2]
        if count.dtype.kind == "f" and self.whole:
            self.whole = bool((count == np.floor(count)).all())
        self.top = max(self.top, count.max())
        for name, column in zip("abc", chunk, strict=True):
            np.save(self.folder / f"{self.pieces}{name}.npy", column)
        self.pieces += 1
        self.nnz += len(count)

    def count_type(self) -> np.dtype[Any]:
        """The narrowest of uint8, uint16, int32, int64 for whole counts, else float64."""
        if not self.whole or self.top >= 2**63:
            return np.dtype(np.float64)
        types = (np.uint8, np.uint16, np.int32, np.int64)
        return np.dtype(next(t for t in types if self.top <= np.iinfo(t).max))

    def __iter__(self) -> Iterator[Chunk]:
        for piece in range(self.pieces):
            bin1, bin2, count = (np.load(self.folder / f"{piece}{name}.npy") for name in "abc")
            yield bin1, bin2, count.astype(self.count_type())


def _write_pixels(path: Path, spool: _Spool, row_group: int) -> None:
    count_type = pa.from_numpy_dtype(spool.count_type())
    schema = pa.schema([("bin1_id", pa.int32()), ("bin2_id", pa.int32()), ("count", count_type)])
    delta = {"bin1_id": "DELTA_BINARY_PACKED", "bin2_id": "DELTA_BINARY_PACKED"}
    if not pa.types.is_floating(count_type):
        delta["count"] = "DELTA_BINARY_PACKED"
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=False, column_encoding=delta
    ) as writer:
        for columns in spool:
            writer.write_table(
                pa.Table.from_arrays([numbers(c) for c in columns], schema=schema),
                row_group_size=row_group,
            )
