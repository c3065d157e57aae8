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
from counterpoise.ingest.http_file import HttpFile
from counterpoise.ingest.reader_interface import FETCH_AGAIN
from counterpoise.ingest.urls import is_url

VERSIONS = range(6, 10)
_READ_AHEAD = 1 << 20  # bytes of one web request: an index or a few hundred blocks of contacts
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
        matrices = []
        for _ in range(data.read_count(14)):
            key = data.read_text()
            position, _size = data.unpack("qi")
            first, _, second = key.partition("_")
            if not (first.isdecimal() and second.isdecimal() and 0 < position < data.size):
                raise data.damaged(f"the entry {key[:40]!r} makes no sense")
            if int(first) in index_of and int(second) in index_of:
                pair = sorted((index_of[int(first)], index_of[int(second)]))
                matrices.append((pair[0], pair[1], position))
        return sorted(matrices)

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
        for _ in range(data.read_count(49)):
            unit = data.read_text()
            *_sums, size, _rows, _columns = data.unpack("i4fiii")
            blocks = data.read_array(_BLOCK, data.read_count(_BLOCK.itemsize))
            if unit == "BP" and size == resolution:
                self._check_blocks(blocks)
                return np.sort(blocks, order="position")
        return None

    def _check_blocks(self, blocks: NDArray[Any]) -> None:
        """Refuse blocks that do not lie inside the file."""
        if (blocks["position"] <= 0).any() or (blocks["bytes"] < 0).any():
            raise self._bytes.damaged("a block of contacts has an impossible position")
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
        total = 0
        for block in blocks[blocks["bytes"] > 0]:
            self._bytes.seek(int(block["position"]), "block of contacts")
            try:
                content = zlib.decompress(self._bytes.read(int(block["bytes"])))
            except zlib.error as error:
                raise self._bytes.damaged(
                    f"the block of contacts at byte {block['position']:,} does not decompress "
                    f"({error})"
                ) from error
            total += struct.unpack_from("<i", content)[0] if len(content) >= 4 else 0
        return total


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
            "Convert it with `fanc to-cooler` or `fanc to-juicer` if FAN-C wrote it; if it is a "
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
