"""Check the compressed chunks of an HDF5 dataset.

HDF5 does not compare the length of an inflated chunk with the length that the dataset needs. If a
chunk inflates to fewer bytes, the rest of its values is whatever lies in memory. Datasets that
HDF5 itself reads are therefore checked here first, chunk by chunk.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

GZIP = h5py.h5z.FILTER_DEFLATE
SHUFFLE = h5py.h5z.FILTER_SHUFFLE
CHECKSUM = h5py.h5z.FILTER_FLETCHER32
LZF = h5py.h5z.FILTER_LZF
_CHECKSUM_BYTES = 4


def filters(dataset: h5py.Dataset) -> list[int]:
    """Return the numbers of a dataset's filters, in the order in which they are applied.

    Parameters
    ----------
    dataset : h5py.Dataset
        The dataset.

    Returns
    -------
    list of int
        HDF5's numbers of the filters.
    """
    properties = dataset.id.get_create_plist()
    return [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]


def is_written(dataset: h5py.Dataset) -> bool:
    """Return whether all values of a dataset are stored.

    HDF5 gives the fill value for what was never written, so a few bytes can claim any size.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset of one dimension.

    Returns
    -------
    bool
        Whether every chunk, or the whole of a dataset without chunks, has been written.
    """
    if dataset.chunks is None:
        return bool(dataset.id.get_storage_size() or not dataset.size)
    return bool(dataset.id.get_num_chunks() == -(-dataset.shape[0] // dataset.chunks[0]))


def read_column(dataset: h5py.Dataset) -> NDArray[Any]:
    """Read a whole column, after a check of its chunks.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset of one dimension.

    Returns
    -------
    ndarray
        Its values.

    Raises
    ------
    OSError
        If a chunk is damaged.
    """
    check_chunks(dataset)
    return np.asarray(dataset[:])


def check_chunks(dataset: h5py.Dataset) -> None:
    """Check that every chunk of a dataset holds as many bytes as its values take.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset of one dimension.

    Raises
    ------
    OSError
        If a chunk is damaged, or is compressed with a filter whose output cannot be checked. The
        message names the values.
    """
    pipeline = filters(dataset)
    if not pipeline:
        return
    unknown = [number for number in pipeline if number not in _UNDO]
    if unknown:
        raise OSError(
            f"it is compressed with the HDF5 filter {unknown[0]}, which cannot be checked; "
            "'h5repack -f GZIP=6 OLD NEW' writes the file with gzip"
        )
    length = dataset.chunks[0]
    expected = length * dataset.id.get_type().get_size()
    chunks: list[Any] = []
    dataset.id.chunk_iter(chunks.append)
    for chunk in chunks:
        first = int(chunk.chunk_offset[0])
        _, packed = dataset.id.read_direct_chunk((first,))
        applied = [n for i, n in enumerate(pipeline) if not chunk.filter_mask >> i & 1]
        check_length(packed, applied, expected, f"{dataset.name} from value {first:,} on")


def check_length(packed: bytes, applied: list[int], expected: int, place: str) -> None:
    """Check the number of bytes that a stored chunk gives.

    Parameters
    ----------
    packed : bytes
        The chunk as it is stored.
    applied : list of int
        Filters of the chunk, in the order in which they were applied.
    expected : int
        Number of bytes that its values take.
    place : str
        What the chunk holds, for the message.

    Raises
    ------
    OSError
        If the chunk does not decompress, or decompresses to another number of bytes.
    """
    data, length = packed, len(packed)
    for position in range(len(applied) - 1, -1, -1):
        checksums = _CHECKSUM_BYTES * applied[:position].count(CHECKSUM)
        try:
            data, length = _UNDO[applied[position]](data, length, expected + checksums)
        except (zlib.error, IndexError, ValueError) as error:
            raise OSError(f"the chunk of {place} does not decompress ({error})") from error
    if length != expected:
        raise OSError(
            f"the chunk of {place} decompresses to {length:,} bytes instead of {expected:,}"
        )


def _inflate(data: bytes, _: int, limit: int) -> tuple[bytes, int]:
    """Undo gzip; data are never inflated beyond the limit."""
    stream = zlib.decompressobj()
    inflated = stream.decompress(data, limit + 1)
    if not stream.eof and len(inflated) <= limit:
        raise ValueError("it is cut short")
    return inflated, len(inflated)


def _measure_lzf(data: bytes, _: int, limit: int) -> tuple[bytes, int]:
    """Return the length of LZF data when decompressed, without decompressing them."""
    position = length = 0
    while position < len(data):
        control = data[position]
        if control < 32:  # so many literal bytes and one follow
            position += control + 2
            length += control + 1
        else:  # a copy of earlier bytes; a further byte holds the rest of a long length
            is_long = control >> 5 == 7
            length += (control >> 5) + 2 + (data[position + 1] if is_long else 0)
            position += 3 if is_long else 2
    if position != len(data):
        raise ValueError("it is cut short")
    return b"", length


# What is left of data and of their length when a filter is undone. Shuffle changes neither, and
# HDF5 verifies checksums.
_UNDO: dict[int, Callable[[bytes, int, int], tuple[bytes, int]]] = {
    GZIP: _inflate,
    LZF: _measure_lzf,
    SHUFFLE: lambda data, length, limit: (data, length),
    CHECKSUM: lambda data, length, limit: (data[:-_CHECKSUM_BYTES], length - _CHECKSUM_BYTES),
}
