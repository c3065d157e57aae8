"""Pixels of a balanced cooler, compressed on several threads.

h5py would compress them on one core, so that threads compress the chunks and HDF5 receives them
finished.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from isal import isal_zlib
from numpy.typing import NDArray

from counterpoise.store.arrow import to_numpy

CHUNK = 1 << 18  # pixels in an HDF5 chunk
# Level 1 of isal takes a seventh more bytes than level 6 of zlib, in a tenth of its time.
LEVEL = 1
THREADS = 2

Queue = deque[tuple[h5py.Dataset, int, Future[bytes]]]


def copy_pixels(
    group: h5py.Group,
    path: str,
    n: int,
    positions: NDArray[np.int64] | None = None,
    check: Callable[[], None] = lambda: None,
    *,
    chunk: int = CHUNK,
) -> tuple[int | float, NDArray[np.int64]]:
    """Stream the pixels of a map into the ``pixels`` group of a cooler.

    Parameters
    ----------
    group : h5py.Group
        The empty group.
    path : str
        The map's ``pixels.parquet``.
    n : int
        Number of bins of the cooler.
    positions : numpy.ndarray, optional
        int64 [bins of the map], the number of each bin in the cooler; by default the same.
    check : callable, optional
        Called after each chunk; raises an error if the disk is full.
    chunk : int
        Pixels in an HDF5 chunk.

    Returns
    -------
    total : int or float
        Sum of all counts.
    row_ends : int64 [bins + 1]
        Number of pixels before each row.
    """
    file = pq.ParquetFile(path, memory_map=True)
    size = max(min(file.metadata.num_rows, chunk), 1)
    datasets = _create_datasets(group, file, size)
    per_row = np.zeros(n + 1, dtype=np.int64)
    total: int | float = 0
    queue: Queue = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for number, table in enumerate(_read_pieces(file, size)):
            columns = {name: to_numpy(table[name]) for name in datasets}
            if positions is not None:
                columns |= {name: positions[columns[name]] for name in ("bin1_id", "bin2_id")}
            for name, dataset in datasets.items():
                job = pool.submit(_compress, columns[name], dataset.dtype, size)
                queue.append((dataset, number * size, job))
            bin1, count = columns["bin1_id"], columns["count"]
            lo, hi = int(bin1[0]), int(bin1[-1]) + 1
            per_row[lo + 1 : hi + 1] += np.bincount(bin1 - lo, minlength=hi - lo)
            is_float = np.issubdtype(count.dtype, np.floating)
            total += count.sum(dtype=np.float64 if is_float else np.int64).item()
            # Chunks are written in order; only as many wait as keep the threads busy.
            while len(queue) > 2 * THREADS * len(datasets):
                _write_first(queue)
                check()
        while queue:
            _write_first(queue)
    return total, np.cumsum(per_row)


def _create_datasets(group: h5py.Group, file: pq.ParquetFile, size: int) -> dict[str, h5py.Dataset]:
    """Create the empty columns; counts are int32, or int64 or float64 if they need it."""
    count_type = file.schema_arrow.field("count").type.to_pandas_dtype()
    if np.issubdtype(count_type, np.floating):
        stored_type: type = np.float64
    else:
        stored_type = np.int64 if count_type is np.int64 else np.int32
    types = {"bin1_id": np.int64, "bin2_id": np.int64, "count": stored_type}
    return {
        name: group.create_dataset(
            name,
            (file.metadata.num_rows,),
            dtype,
            chunks=(size,),
            maxshape=(None,),
            compression="gzip",
            compression_opts=LEVEL,
            shuffle=True,
        )
        for name, dtype in types.items()
    }


def _read_pieces(file: pq.ParquetFile, size: int) -> Iterator[pa.Table]:
    """Read the rows of a Parquet file, ``size`` at a time; the last piece may be shorter."""
    rest = file.schema_arrow.empty_table()
    for index in range(file.num_row_groups):
        rest = pa.concat_tables([rest, file.read_row_group(index)])
        while rest.num_rows >= size:
            yield rest.slice(0, size)
            rest = rest.slice(size)
    if rest.num_rows:
        yield rest


def _compress(values: NDArray[Any], dtype: np.dtype[Any], size: int) -> bytes:
    """Compress a chunk as HDF5 stores it: padded with zeros, shuffled, deflated."""
    planes = np.zeros((dtype.itemsize, size), np.uint8)
    # Row k holds byte k of every value, the lowest byte first.
    planes[:, : len(values)] = values.astype(dtype).view(np.uint8).reshape(len(values), -1).T
    return bytes(isal_zlib.compress(planes, LEVEL))


def _write_first(queue: Queue) -> None:
    """Write the first chunk of the queue as soon as it is compressed."""
    dataset, offset, job = queue.popleft()
    dataset.id.write_direct_chunk((offset,), job.result())
