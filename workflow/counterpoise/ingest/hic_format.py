"""The skeleton of a `.hic` file (versions 6 to 9): header, index, and where the blocks lie.

Read in plain Python, so that a file can be known for what it is, whole or cut, before any C++
reader sees it. The contacts themselves are left to the engines of ``ingest.hic``.
"""

from __future__ import annotations

import io
import os
import struct
import urllib.error
import urllib.request
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
from counterpoise.ingest.source import is_url

VERSIONS = range(6, 10)
TIMEOUT_SECONDS = 60.0  # for an answer of a web server
_READ_AHEAD = 1 << 20  # bytes asked for at once: an index or a few hundred blocks of contacts
_BLOCK = np.dtype([("number", "<i4"), ("position", "<i8"), ("bytes", "<i4")])
_FETCH_AGAIN = "Compare its size and checksum with the source and fetch it again."


@dataclass(frozen=True)
class Header:
    """The head of a `.hic` file, without the pseudo-chromosome "All".

    Attributes
    ----------
    version : 6 to 9.
    footer : byte at which the index begins.
    assembly : genome name, or None where it is empty.
    numbers : the file's own number of each chromosome.
    chromosomes, lengths : names, and base pairs.
    resolutions : bin sizes in base pairs, in the file's order.
    """

    version: int
    footer: int
    assembly: str | None
    numbers: tuple[int, ...]
    chromosomes: tuple[str, ...]
    lengths: tuple[int, ...]
    resolutions: tuple[int, ...]


class HicFile:
    """An open `.hic` file; ``header`` and ``pairs`` are read when first asked for.

    Attributes
    ----------
    uri : path or URL, as in messages.
    size : bytes.
    identity : of a URL, what its server says of the content (see ``RemoteFile``).
    """

    def __init__(self, stream: io.BufferedReader[Any], size: int, uri: str) -> None:
        self._stream, self.size, self.uri = stream, size, uri
        self.identity: dict[str, Any] = {}
        self._place = "header"

    @cached_property
    def header(self) -> Header:
        """Read and check the header.

        Raises
        ------
        InputError : empty, another format, another version, or cut short.
        """
        self._seek(0, "header")
        start = self._stream.read(8)
        if not start.startswith(b"HIC\0"):
            raise not_hic(self.uri, start)
        self._seek(4, "header")
        (version,) = self._unpack("i")
        if version not in VERSIONS:
            raise InputError(
                self.uri,
                f"is a .hic file of version {version}; versions 6 to 9 can be read.",
                "Write it again with Juicer tools, HiCTools or hictk.",
            )
        (footer,) = self._unpack("q")
        assembly = self._text()
        if version > 8:
            self._unpack("qq")  # where the normalisation vectors are listed; they are never read
        for _ in range(self._count(2)):
            self._text(), self._text()
        listed = [
            (number, self._text(), *self._unpack("q" if version > 8 else "i"))
            for number in range(self._count(5))
        ]
        resolutions = self._array(np.dtype("<i4"), self._count(4))
        if (resolutions <= 0).any():
            raise self._damaged(f"it lists a resolution of {resolutions.min()} bp")
        if footer <= 0:
            raise InputError(
                self.uri,
                "was never finished: its index is missing.",
                "Let the program that writes it run to its end, or fetch the file again.",
            )
        if footer >= self.size:
            raise InputError(
                self.uri,
                f"is cut short: its index should begin at byte {footer:,}, but the file ends at "
                f"byte {self.size:,}.",
                _FETCH_AGAIN,
            )
        kept = [entry for entry in listed if entry[1].lower() != "all"]
        return Header(
            version,
            footer,
            _assembly(assembly),
            tuple(number for number, _, _ in kept),
            tuple(name for _, name, _ in kept),
            tuple(length for _, _, length in kept),
            tuple(int(resolution) for resolution in resolutions),
        )

    @cached_property
    def pairs(self) -> list[tuple[int, int, int]]:
        """Chromosome indices (in ``header.chromosomes``, first <= second) and byte of each matrix.

        Raises
        ------
        InputError : the index is cut short or contradicts itself.
        """
        header = self.header
        own = {number: index for index, number in enumerate(header.numbers)}
        self._seek(header.footer, "index of matrices")
        self._unpack("q" if header.version > 8 else "i")
        found = []
        for _ in range(self._count(14)):
            key = self._text()
            position, _size = self._unpack("qi")
            first, _, second = key.partition("_")
            if not (first.isdecimal() and second.isdecimal() and 0 < position < self.size):
                raise self._damaged(f"the entry {key[:40]!r} makes no sense")
            if int(first) in own and int(second) in own:
                one, two = sorted((own[int(first)], own[int(second)]))
                found.append((one, two, position))
        return sorted(found)

    def blocks(self, position: int, resolution: int) -> NDArray[Any] | None:
        """The blocks of one matrix at a resolution, in file order; None where it lacks it.

        Returns
        -------
        structured [blocks] with fields ``number``, ``position`` (byte) and ``bytes``.

        Raises
        ------
        InputError : cut short, or a block that lies outside the file.
        """
        self._seek(position, "list of blocks")
        self._unpack("ii")
        for _ in range(self._count(49)):
            unit = self._text()
            *_sums, size, _rows, _columns = self._unpack("i4fiii")
            listed = self._array(_BLOCK, self._count(_BLOCK.itemsize))
            if unit != "BP" or size != resolution:
                continue
            if (listed["position"] <= 0).any() or (listed["bytes"] < 0).any():
                raise self._damaged("a block of contacts has an impossible place")
            end = np.minimum(listed["position"], 2**62) + listed["bytes"]  # never wraps around
            if len(end) and end.max() > self.size:
                raise InputError(
                    self.uri,
                    f"is cut short: a block of contacts should end at byte {end.max():,}, but the "
                    f"file ends at byte {self.size:,}.",
                    _FETCH_AGAIN,
                )
            return np.sort(listed, order="position")
        return None

    def stored_records(self, blocks: NDArray[Any]) -> int:
        """The number of contact records in these blocks; every block is inflated and its checksum
        verified on the way.

        Raises
        ------
        InputError : a block is damaged; names its place in the file.
        """
        total = 0
        for block in blocks[blocks["bytes"] > 0]:
            self._seek(int(block["position"]), "block of contacts")
            try:
                content = zlib.decompress(self._read(int(block["bytes"])))
            except zlib.error as error:
                raise self._damaged(
                    f"the block of contacts at byte {block['position']:,} does not decompress "
                    f"({error})"
                ) from error
            total += struct.unpack_from("<i", content)[0] if len(content) >= 4 else 0
        return total

    def _seek(self, position: int, place: str) -> None:
        self._place = place
        self._stream.seek(position)

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise self._cut()
        return data

    def _unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self._read(struct.calcsize("<" + layout)))

    def _count(self, bytes_each: int) -> int:
        """A number of things to come, which must fit into what is left of the file."""
        (number,) = self._unpack("i")
        if number < 0:
            raise self._damaged(f"it announces {number} entries")
        if number * bytes_each > self.size - self._stream.tell():
            raise self._cut()
        return int(number)

    def _array(self, dtype: np.dtype[Any], number: int) -> NDArray[Any]:
        return np.frombuffer(self._read(dtype.itemsize * number), dtype)

    def _text(self) -> str:
        """Bytes up to the next zero byte."""
        text = b""
        while window := self._stream.peek(1):
            head, zero, _ = window.partition(b"\0")
            text += self._stream.read(len(head) + len(zero))[: len(head)]
            if zero:
                return text.decode("utf-8", errors="replace")
        raise self._cut()

    def _cut(self) -> InputError:
        return InputError(
            self.uri,
            f"is cut short: it ends at byte {self.size:,}, in the middle of its {self._place}.",
            _FETCH_AGAIN,
        )

    def _damaged(self, what: str) -> InputError:
        return InputError(self.uri, f"has a damaged {self._place}: {what}.", _FETCH_AGAIN)


@contextmanager
def open_hic_file(uri: str) -> Iterator[HicFile]:
    """Open a local file or URL; nothing is read but, for a URL, its first bytes.

    Raises
    ------
    InputError : not there, not readable, empty; a server that is unreachable or answers whole files
        only.
    """
    if is_url(uri):
        remote = RemoteFile(uri)
        with io.BufferedReader(remote, _READ_AHEAD) as stream:
            file = HicFile(stream, remote.size, uri)
            file.identity = remote.identity
            yield file
        return
    try:
        raw = open(uri, "rb")  # noqa: SIM115 - closed below, so that only opening is guarded
    except OSError as error:
        raise InputError(
            uri, f"cannot be opened ({error.strerror}).", "Check the path and its permissions."
        ) from error
    with raw:
        size = os.fstat(raw.fileno()).st_size
        if size == 0:
            raise InputError(uri, "is empty (0 bytes).", "Copy or download it again.")
        yield HicFile(raw, size, uri)


class RemoteFile(io.RawIOBase):
    """A file on a web server, read by ranges of bytes.

    Attributes
    ----------
    size : bytes.
    identity : what the server says of this content: ``bytes``, and ``etag`` and
        ``last_modified`` where it names them.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url, self._position = url, 0
        # A range and not HEAD: signed links often allow nothing but GET.
        _, headers = self._get(0, 1)
        total = headers.get("Content-Range", "").rpartition("/")[2]
        if not total.isdigit():
            raise InputError(
                url, "is on a server that does not tell its size.", "Download it and give its path."
            )
        self.size = int(total)
        self.identity: dict[str, Any] = {"bytes": self.size}
        for key, name in (("etag", "ETag"), ("last_modified", "Last-Modified")):
            if headers.get(name):
                self.identity[key] = headers[name]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self.size - self._position)
        if wanted <= 0:
            return 0
        data, _ = self._get(self._position, wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _get(self, position: int, length: int) -> tuple[bytes, Any]:
        request = urllib.request.Request(
            self._url, headers={"Range": f"bytes={position}-{position + length - 1}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                if answer.status != 206:
                    raise InputError(
                        self._url,
                        "is on a server that sends whole files only, not the parts asked for.",
                        "Download it and give its path.",
                    )
                return answer.read(length), answer.headers
        except urllib.error.HTTPError as error:
            if error.code == 416:
                raise InputError(
                    self._url, "is empty or shorter than it was.", "Check the file on the server."
                ) from error
            raise InputError(
                self._url,
                f"was refused by its server (HTTP {error.code} {error.reason}).",
                "Check the address, and that it opens without a login.",
            ) from error
        except OSError as error:  # URLError, time-outs and broken connections are all OSErrors
            raise InputError(
                self._url,
                f"cannot be reached ({getattr(error, 'reason', error)}).",
                "Check the address and the network, or download the file and give its path.",
            ) from error


def not_hic(uri: str, start: bytes) -> InputError:
    """The error for a file that begins with ``start``, which is not the signature of a `.hic`."""
    if start.startswith(b"\x89HDF"):
        remedy = (
            "Convert it with `fanc to-cooler` or `fanc to-juicer` if FAN-C wrote it; if it is a "
            "cooler, give it the ending .cool or .mcool."
        )
        if is_url(uri):
            remedy = "Only .hic can be read where it is; download the file and give its path."
        problem = f"is an HDF5 file and no Juicer .hic file{_hdf5_kind(uri)}."
        return InputError(uri, problem, remedy)
    if start.startswith(b"\x1f\x8b"):
        return InputError(uri, "is compressed with gzip.", "Unpack it with `gunzip` first.")
    return InputError(
        uri,
        "is no .hic file: it does not begin with the letters HIC.",
        "Check that the path is right and that the download was the map and not a web page.",
    )


def _hdf5_kind(uri: str) -> str:
    """FAN-C writes its maps with PyTables, which leaves its mark on the root group."""
    if is_url(uri):
        return ""
    import h5py

    try:
        with h5py.File(uri, "r", locking=False) as file:
            if "PYTABLES_FORMAT_VERSION" in file.attrs and {"regions", "edges"} <= set(file):
                return ": it is in FAN-C's own format, which uses the ending .hic too"
    except OSError:  # damaged as well; that it is HDF5 is what has to be said
        pass
    return ""


def _assembly(text: str) -> str | None:
    """Some writers store the path of the chromosome sizes in place of the genome's name."""
    return Path(text).name.removesuffix(".chrom.sizes") or None
