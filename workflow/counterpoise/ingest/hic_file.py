"""The skeleton of a `.hic` file (versions 6 to 9): its header, index and blocks.

It is read in plain Python, so that a wrong or damaged file is recognised before any C++ library
sees it. The contacts themselves are read by the libraries in `ingest.hic_engines`.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.errors import InputError
from counterpoise.ingest.byte_reader import ByteReader
from counterpoise.ingest.hic_block import block_bins
from counterpoise.ingest.http_file import HttpFile
from counterpoise.ingest.reader_interface import FETCH_AGAIN
from counterpoise.ingest.urls import is_url

VERSIONS = range(6, 10)
_READ_AHEAD = 1 << 20  # bytes of one web request: an index or a few hundred blocks of contacts
_UNITS = (b"BP\0", b"FRA")  # what begins the section after the index, after a number
_BLOCK = np.dtype([("number", "<i4"), ("position", "<i8"), ("bytes", "<i4")])


@dataclass(frozen=True)
class Header:
    """The head of a `.hic` file, without the pseudo-chromosome "All".

    Attributes
    ----------
    version : int
        6 to 9.
    index_position : int
        Byte at which the index of matrices begins.
    assembly : str or None
        Name of the genome; None where it is empty.
    numbers : tuple of int
        Number of each chromosome in the file.
    listed : int
        Number of chromosomes that the file lists, with "All".
    chromosomes : tuple of str
        Names.
    lengths : tuple of int
        Lengths in base pairs.
    resolutions : tuple of int
        Bin sizes in base pairs, in the file's order.
    """

    version: int
    index_position: int
    assembly: str | None
    numbers: tuple[int, ...]
    listed: int
    chromosomes: tuple[str, ...]
    lengths: tuple[int, ...]
    resolutions: tuple[int, ...]


class HicFile:
    """An open `.hic` file; ``header`` and ``matrices`` are read when first used.

    Parameters
    ----------
    stream : io.BufferedReader
        The open file.
    size : int
        Its length in bytes.
    uri : str
        Path or URL, for messages.
    identity : dict, optional
        For a URL, what the server says of the content (see `HttpFile`).
    """

    def __init__(
        self,
        stream: io.BufferedReader[Any],
        size: int,
        uri: str,
        identity: dict[str, Any] | None = None,
    ) -> None:
        self.uri, self.identity = uri, identity or {}
        self._bytes = ByteReader(stream, size, uri)
        self._matrix_ends: dict[int, int] = {}  # by the position at which a matrix begins

    @cached_property
    def header(self) -> Header:
        """The header, checked.

        Raises
        ------
        InputError
            If the file is of another format or version, or is cut short.
        """
        version = self._read_version()
        data = self._bytes
        (index_position,) = data.unpack("q")
        assembly = data.read_text()
        if version > 8:
            data.unpack("qq")  # position and length of the normalisation vectors, which are unused
        for _ in range(data.read_count(2)):  # attributes
            data.read_text(), data.read_text()
        listed = [
            (number, data.read_text(), *data.unpack("q" if version > 8 else "i"))
            for number in range(data.read_count(5))
        ]
        resolutions = data.read_array(np.dtype("<i4"), data.read_count(4))
        if (resolutions <= 0).any():
            raise data.damaged(f"it lists a resolution of {resolutions.min()} bp")
        self._check_index_position(index_position)
        chromosomes = [entry for entry in listed if entry[1].lower() != "all"]
        return Header(
            version,
            index_position,
            _assembly_name(assembly),
            tuple(number for number, _, _ in chromosomes),
            len(listed),
            tuple(name for _, name, _ in chromosomes),
            tuple(length for _, _, length in chromosomes),
            tuple(int(resolution) for resolution in resolutions),
        )

    def _read_version(self) -> int:
        """Check the signature and return the version."""
        self._bytes.seek(0, "header")
        start = self._bytes.read_up_to(8)
        if not start.startswith(b"HIC\0"):
            raise _not_hic(self.uri, start)
        self._bytes.seek(4, "header")
        (version,) = self._bytes.unpack("i")
        if version not in VERSIONS:
            raise InputError(
                self.uri,
                f"is a .hic file of version {version}; versions 6 to 9 can be read.",
                "Write it again with Juicer tools, HiCTools or hictk.",
            )
        return int(version)

    def _check_index_position(self, position: int) -> None:
        """Refuse a file whose index was never written or lies behind its end."""
        if position <= 0:
            raise InputError(
                self.uri,
                "was never finished: its index is missing.",
                "Let the program that writes it run to its end, or fetch the file again.",
            )
        if position >= self._bytes.size:
            raise InputError(
                self.uri,
                f"is cut short: its index should begin at byte {position:,}, but the file ends at "
                f"byte {self._bytes.size:,}.",
                FETCH_AGAIN,
            )

    @cached_property
    def matrices(self) -> list[tuple[int, int, int]]:
        """The matrices of chromosome pairs, sorted.

        Each is ``(first, second, position)``: indices into ``header.chromosomes`` with
        ``first <= second``, and the byte at which the matrix begins.

        Raises
        ------
        InputError
            If the index is cut short or contradicts itself.
        """
        header, data = self.header, self._bytes
        index_of = {number: index for index, number in enumerate(header.numbers)}
        data.seek(header.index_position, "index of matrices")
        data.unpack("q" if header.version > 8 else "i")
        matrices: dict[tuple[int, ...], int] = {}
        for _ in range(data.read_count(14)):
            key = data.read_text()
            position, size = data.unpack("qi")
            pair = self._parse_key(key)
            if pair is None or not 0 < position < data.size:
                raise data.damaged(f"the entry {key[:40]!r} makes no sense")
            if pair in matrices:
                raise data.damaged(f"the entry {key[:40]!r} is given twice")
            matrices[pair] = position
            self._matrix_ends[position] = position + size
        self._check_end_of_index()
        return sorted(
            (index_of[first], index_of[second], position)
            for (first, second), position in matrices.items()
            if first in index_of and second in index_of
        )

    def _parse_key(self, key: str) -> tuple[int, int] | None:
        """Return the numbers of a pair of chromosomes, in order; None if they are unknown."""
        first, _, second = key.partition("_")
        if not (first.isdecimal() and second.isdecimal()):
            return None
        low, high = sorted((int(first), int(second)))
        return (low, high) if high < self.header.listed else None

    def _check_end_of_index(self) -> None:
        """Check that what follows the index is the next section, if the file goes on."""
        number = self._bytes.read_up_to(4)
        if len(number) == 4 and number != bytes(4) and self._bytes.read_up_to(3) not in _UNITS:
            raise self._bytes.damaged("it has more entries than it announces")

    def blocks(self, position: int, resolution: int) -> NDArray[Any] | None:
        """Return the blocks of one matrix at a resolution.

        Parameters
        ----------
        position : int
            Byte at which the matrix begins.
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        ndarray or None
            Structured array with the fields ``number``, ``position`` (byte) and ``bytes``, in
            the order of the file; None if the matrix lacks the resolution.

        Raises
        ------
        InputError
            If the file is cut short or a block lies outside of it.
        """
        data = self._bytes
        data.seek(position, "list of blocks")
        data.unpack("ii")
        lists: dict[tuple[str, int], NDArray[Any]] = {}
        for _ in range(data.read_count(32)):
            unit = data.read_text()
            *_sums, size, _rows, _columns = data.unpack("i4fiii")
            is_unknown = unit == "BP" and size not in self.header.resolutions
            if (unit, size) in lists or is_unknown or unit not in ("BP", "FRAG"):
                raise data.damaged(f"it lists a resolution of {size} {unit[:4]}")
            lists[unit, size] = data.read_array(_BLOCK, data.read_count(_BLOCK.itemsize))
        if data.position != self._matrix_ends.get(position, data.position):
            raise data.damaged("its length is not that in the index")
        blocks = lists.get(("BP", resolution))
        if blocks is None:
            return None
        self._check_blocks(blocks)
        return np.sort(blocks, order="position")

    def _check_blocks(self, blocks: NDArray[Any]) -> None:
        """Refuse blocks that are empty, given twice or outside the file."""
        if (blocks["position"] <= 0).any() or (blocks["bytes"] <= 0).any():
            raise self._bytes.damaged("a block of contacts has an impossible position or length")
        if len(np.unique(blocks["number"])) < len(blocks):
            raise self._bytes.damaged("a block of contacts is given twice")
        end = np.minimum(blocks["position"], 2**62) + blocks["bytes"]  # never wraps around
        if len(end) and end.max() > self._bytes.size:
            raise InputError(
                self.uri,
                f"is cut short: a block of contacts should end at byte {end.max():,}, but the "
                f"file ends at byte {self._bytes.size:,}.",
                FETCH_AGAIN,
            )

    def count_records(self, blocks: NDArray[Any]) -> int:
        """Count the contact records in blocks; every block is inflated and its checksum verified.

        Parameters
        ----------
        blocks : ndarray
            From `blocks`.

        Returns
        -------
        int
            Number of records that the blocks announce.

        Raises
        ------
        InputError
            If a block is damaged; the message names its place in the file.
        """
        return sum(struct.unpack_from("<i", content)[0] for _, content in self._inflate(blocks))

    def count_outside(self, blocks: NDArray[Any], rows: int, columns: int) -> int:
        """Count the contact records that lie beyond the end of a chromosome.

        Parameters
        ----------
        blocks : ndarray
            From `blocks`.
        rows, columns : int
            Number of bins of the first and second chromosome.

        Returns
        -------
        int

        Raises
        ------
        InputError
            If a block is damaged; the message names its place in the file.
        """
        outside = 0
        for position, content in self._inflate(blocks):
            try:
                bin1, bin2 = block_bins(content, self.header.version)
            except ValueError as error:
                raise self._bytes.damaged(
                    f"the block of contacts at byte {position:,} cannot be read ({error})"
                ) from error
            outside += int(np.count_nonzero((bin1 >= rows) | (bin2 >= columns)))
        return outside

    def _inflate(self, blocks: NDArray[Any]) -> Iterator[tuple[int, bytes]]:
        """Yield the position and the content of each block."""
        for block in blocks:
            position = int(block["position"])
            self._bytes.seek(position, "block of contacts")
            try:
                content = zlib.decompress(self._bytes.read(int(block["bytes"])))
            except zlib.error as error:
                raise self._bytes.damaged(
                    f"the block of contacts at byte {position:,} does not decompress ({error})"
                ) from error
            if len(content) < 4:
                raise self._bytes.damaged(f"the block of contacts at byte {position:,} is empty")
            yield position, content


@contextmanager
def open_hic_file(uri: str) -> Iterator[HicFile]:
    """Open a local file or URL; of a URL, only the first bytes are read.

    Parameters
    ----------
    uri : str
        Path or http(s) URL.

    Yields
    ------
    HicFile

    Raises
    ------
    InputError
        If the file is missing, unreadable or empty, or if a server cannot be reached or sends
        complete files only.
    """
    if is_url(uri):
        remote = HttpFile(uri)
        with io.BufferedReader(remote, _READ_AHEAD) as stream:
            yield HicFile(stream, remote.size, uri, remote.identity)
        return
    try:
        local = open(uri, "rb")  # noqa: SIM115 - closed below, so that only opening is guarded
    except OSError as error:
        raise InputError(
            uri, f"cannot be opened ({error.strerror}).", "Check the path and its permissions."
        ) from error
    with local:
        size = os.fstat(local.fileno()).st_size
        if size == 0:
            raise InputError(uri, "is empty (0 bytes).", "Copy or download it again.")
        yield HicFile(local, size, uri)


def _not_hic(uri: str, start: bytes) -> InputError:
    """Return the error about a file that begins with ``start`` instead of a `.hic` signature."""
    if start.startswith(b"\x89HDF"):
        remedy = (
            "Convert it with `fanc to-cooler` if FAN-C wrote it; if it is a "
            "cooler, give it the ending .cool or .mcool."
        )
        if is_url(uri):
            remedy = "Only .hic can be read in place; download the file and give its path."
        problem = f"is an HDF5 file and not a Juicer .hic file{_describe_hdf5(uri)}."
        return InputError(uri, problem, remedy)
    if start.startswith(b"\x1f\x8b"):
        return InputError(uri, "is compressed with gzip.", "Unpack it with `gunzip` first.")
    return InputError(
        uri,
        "is not a .hic file: it does not begin with the letters HIC.",
        "Check that the path is right and that the download is the map and not a web page.",
    )


def _describe_hdf5(uri: str) -> str:
    """Recognise FAN-C's own format, which is written with PyTables and marks the root group."""
    if is_url(uri):
        return ""
    import h5py

    try:
        with h5py.File(uri, "r", locking=False) as file:
            if "PYTABLES_FORMAT_VERSION" in file.attrs and {"regions", "edges"} <= set(file):
                return ": it is in FAN-C's own format, which uses the ending .hic too"
    except OSError:  # damaged HDF5 is reported as HDF5
        pass
    return ""


def _assembly_name(text: str) -> str | None:
    """Return the genome's name; some writers store the path of the chromosome sizes instead."""
    return Path(text).name.removesuffix(".chrom.sizes") or None
