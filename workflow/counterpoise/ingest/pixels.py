"""Writing of maps: from a level of a source to pixels, bins and source record."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.contacts.contact_map import Chunk
from counterpoise.files import atomic_write, scratch_space, write_json
from counterpoise.ingest.chromosome_choice import ChromosomeSettings, choose_chromosomes
from counterpoise.ingest.finer import open_sum_of_source
from counterpoise.ingest.hic_engines import DEFAULT_ENGINE
from counterpoise.ingest.read import CheckedMap, open_contacts
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.ingest.statistics import MapStatistics
from counterpoise.store.arrow import to_arrow
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import ROW_GROUP, write_bins

PACKED_BYTES = 3  # about, of a pixel in the compressed file


def write_map(
    info: SourceInfo,
    resolution: int,
    files: MapFiles,
    engine: str = DEFAULT_ENGINE,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    url: str | None = None,
    row_group: int = ROW_GROUP,
    check: Callable[[], None] = lambda: None,
    finer: MapFiles | None = None,
    chromosomes: ChromosomeSettings | None = None,
) -> dict[str, Any]:
    """Stream one level of a source, or the sums of a finer map of it, into the files of a map.

    Parameters
    ----------
    info : SourceInfo
        What the source holds.
    resolution : int
        Bin size in base pairs.
    files : MapFiles
        Where the map goes.
    engine : str
        Reader of `.hic` files.
    progress : callable
        Receives the number of pixels read so far and the total, if known.
    url : str, optional
        Address from which the file was downloaded; recorded instead of its path.
    row_group : int
        Largest number of pixels in a row group.
    check : callable
        Called when all pixels are read and nothing is written yet; an error ends the job.
    finer : MapFiles, optional
        A finer map of the source, which is summed instead of reading the source.
    chromosomes : ChromosomeSettings, optional
        The chromosomes to read and their order; a finer map has these already.

    Returns
    -------
    dict
        The record written to ``source.json``.
    """
    if finer:
        opened, chromosomes = open_sum_of_source(info, finer, resolution), None
    else:
        opened = open_contacts(info.uri, resolution, engine, info)
    with opened as level, choose_chromosomes(level, chromosomes) as reading:
        reading.record["uri"] = url or reading.record["uri"]
        return write_reading(reading, files, progress, row_group, check)


def write_reading(
    reading: CheckedMap,
    files: MapFiles,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    row_group: int = ROW_GROUP,
    check: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Stream a map into its files.

    Memory holds a few chunks, however large the map is. Pixels pass through uncompressed scratch
    files in TMPDIR (12 to 16 bytes a pixel), because the narrowest count type is known only after
    the last pixel.

    Parameters
    ----------
    reading : CheckedMap
        The map.
    files : MapFiles
        Where it goes.
    progress : callable
        As for `write_map`.
    row_group : int
        As for `write_map`.
    check : callable
        As for `write_map`.

    Returns
    -------
    dict
        The record written to ``source.json``.
    """
    with tempfile.TemporaryDirectory(prefix="counterpoise-") as scratch:
        spool = _Spool(Path(scratch), reading.total)
        statistics = MapStatistics(reading.bins)
        for chunk in reading.chunks():
            spool.append(chunk)
            statistics.add(chunk)
            progress(spool.nnz, reading.total)
        check()
        with atomic_write(files.pixels, needed=PACKED_BYTES * spool.nnz) as temporary:
            _write_pixels(temporary, spool, row_group)
        write_bins(files.bins, reading.bins)
        record = reading.source_record(spool.nnz)
        record["count_type"] = str(spool.count_type())
        record["statistics"] = statistics.record(integral=spool.integral)
        write_json(files.source, record)
        return record


class _Spool:
    """Chunks in uncompressed scratch files, with the figures that decide the count type.

    Attributes
    ----------
    nnz : int
        Pixels so far.
    integral : bool
        Whether all counts so far are integral.
    largest : float
        Largest count so far.
    bytes : int
        Size of the files so far.
    """

    def __init__(self, folder: Path, total: int | None) -> None:
        self.folder, self._total = folder, total
        self.nnz = self.bytes = 0
        self.chunks = 0
        self.integral = True
        self.largest = 0.0

    def append(self, chunk: Chunk) -> None:
        """Write a chunk."""
        count = chunk[2]
        if count.dtype.kind == "f" and self.integral:
            self.integral = bool((count == np.floor(count)).all())
        self.largest = max(self.largest, count.max())
        pixel_bytes = sum(column.itemsize for column in chunk)
        needed = self._total and self._total * pixel_bytes
        with scratch_space(self.folder.parent, lambda: self.bytes, needed):
            for name, column in zip("abc", chunk, strict=True):
                np.save(self.folder / f"{self.chunks}{name}.npy", column)
        self.bytes += pixel_bytes * len(count)
        self.chunks += 1
        self.nnz += len(count)

    def count_type(self) -> np.dtype[Any]:
        """Return the narrowest of uint8, uint16, int32, int64; float64 if counts are fractions."""
        if not self.integral or self.largest >= 2**63:
            return np.dtype(np.float64)
        types = (np.uint8, np.uint16, np.int32, np.int64)
        return np.dtype(next(t for t in types if self.largest <= np.iinfo(t).max))

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks with counts of the narrowest type."""
        for number in range(self.chunks):
            bin1, bin2, count = (np.load(self.folder / f"{number}{name}.npy") for name in "abc")
            yield bin1, bin2, count.astype(self.count_type())


def _write_pixels(path: Path, spool: _Spool, row_group: int) -> None:
    """Write the pixels as Parquet, delta-packed and compressed."""
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
                pa.Table.from_arrays([to_arrow(c) for c in columns], schema=schema),
                row_group_size=row_group,
            )
