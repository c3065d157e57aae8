"""Read numbers and text from a binary file, and name the place where it is cut or damaged."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.errors import InputError
from counterpoise.ingest.reader_interface import FETCH_AGAIN


class ByteReader:
    """A little-endian binary file.

    Parameters
    ----------
    stream : io.BufferedReader
        The open file.
    size : int
        Its length in bytes.
    uri : str
        Path or URL, for messages.
    """

    def __init__(self, stream: io.BufferedReader[Any], size: int, uri: str) -> None:
        self._stream, self.size, self.uri = stream, size, uri
        self._section = "header"

    @property
    def position(self) -> int:
        """The byte that is read next."""
        return self._stream.tell()

    def seek(self, position: int, section: str) -> None:
        """Move to a byte; ``section`` says in messages what is read there."""
        self._section = section
        self._stream.seek(position)

    def read_up_to(self, size: int) -> bytes:
        """Read at most ``size`` bytes; fewer at the end of the file."""
        return self._stream.read(size)

    def read(self, size: int) -> bytes:
        """Read exactly ``size`` bytes."""
        data = self._stream.read(size)
        if len(data) < size:
            raise self.cut_short()
        return data

    def unpack(self, fields: str) -> tuple[Any, ...]:
        """Read values; ``fields`` are codes of the module `struct`."""
        return struct.unpack("<" + fields, self.read(struct.calcsize("<" + fields)))

    def read_count(self, entry_bytes: int) -> int:
        """Read the number of entries that follow, each of at least ``entry_bytes`` bytes."""
        (number,) = self.unpack("i")
        if number < 0:
            raise self.damaged(f"it announces {number} entries")
        if number * entry_bytes > self.size - self._stream.tell():
            raise self.cut_short()
        return int(number)

    def read_array(self, dtype: np.dtype[Any], number: int) -> NDArray[Any]:
        """Read ``number`` values of a type."""
        return np.frombuffer(self.read(dtype.itemsize * number), dtype)

    def read_text(self) -> str:
        """Read text that ends with a zero byte."""
        text = b""
        while window := self._stream.peek(1):
            head, zero, _ = window.partition(b"\0")
            text += self._stream.read(len(head) + len(zero))[: len(head)]
            if zero:
                return text.decode("utf-8", errors="replace")
        raise self.cut_short()

    def cut_short(self) -> InputError:
        """Return the error about a file that ends in the section that is being read."""
        return InputError(
            self.uri,
            f"is cut short: it ends at byte {self.size:,}, in the middle of its {self._section}.",
            FETCH_AGAIN,
        )

    def damaged(self, fault: str) -> InputError:
        """Return the error about a fault in the section that is being read."""
        return InputError(self.uri, f"has a damaged {self._section}: {fault}.", FETCH_AGAIN)
