"""A file on a web server, read in place by ranges of bytes."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from typing import Any

from counterpoise.errors import InputError

TIMEOUT_SECONDS = 60.0
_CHECK_NETWORK = "Check the address and the network, or download the file and give its path."


class HttpFile(io.RawIOBase):
    """A seekable, read-only file behind an http(s) URL.

    Parameters
    ----------
    url : str
        Address of the file.

    Attributes
    ----------
    size : int
        Length of the file in bytes.
    identity : dict
        What the server says of this content: ``bytes``, and ``etag`` and ``last_modified`` where
        it sends them.

    Raises
    ------
    InputError
        If the server cannot be reached, refuses, or does not send ranges of bytes.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url, self._position = url, 0
        # A range instead of a HEAD request: signed links often allow GET only.
        _, headers = self._get(0, 1)
        total = headers.get("Content-Range", "").rpartition("/")[2]
        if not total.isdigit():
            raise InputError(
                url,
                "is on a server that does not tell its size.",
                "Download it and give its path.",
            )
        self.size = int(total)
        self.identity: dict[str, Any] = {"bytes": self.size}
        for key, name in (("etag", "ETag"), ("last_modified", "Last-Modified")):
            if headers.get(name):
                self.identity[key] = headers[name]

    def readable(self) -> bool:
        """Return True: the file can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: the position can be changed."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position relative to the start, the current position or the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` from the position on; return the number of bytes read."""
        length = min(len(buffer), self.size - self._position)
        if length <= 0:
            return 0
        data, _ = self._get(self._position, length)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _get(self, position: int, length: int) -> tuple[bytes, Any]:
        """Request a range of bytes; return it and the headers of the response."""
        request = urllib.request.Request(
            self._url, headers={"Range": f"bytes={position}-{position + length - 1}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                if response.status != 206:
                    raise InputError(
                        self._url,
                        "is on a server that sends complete files only, not ranges of bytes.",
                        "Download it and give its path.",
                    )
                return response.read(length), response.headers
        except urllib.error.HTTPError as error:
            raise self._refused(error) from error
        except OSError as error:  # URLError, time-outs and broken connections are all OSErrors
            reason = getattr(error, "reason", error)
            raise InputError(self._url, f"cannot be reached ({reason}).", _CHECK_NETWORK) from error

    def _refused(self, error: urllib.error.HTTPError) -> InputError:
        """Return the error about a status that brings no bytes."""
        if error.code == 416:
            return InputError(
                self._url, "is empty or shorter than it was.", "Check the file on the server."
            )
        return InputError(
            self._url,
            f"was refused by its server (HTTP {error.code} {error.reason}).",
            "Check the address, and that it opens without a login.",
        )
