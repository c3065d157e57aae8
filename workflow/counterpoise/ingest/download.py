"""Download maps from web servers: completely, once, and kept by content.

A file is streamed to a temporary name, checked against the size that the server announces, and
renamed to its SHA-256 under ``content/``. The name that the workflow reads is a link to it. It is a
symbolic and not a hard link, because Snakemake sets the time of what a job has made, and the time
of another URL with the same content must not change.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from counterpoise._version import __version__
from counterpoise.errors import InputError, strip_credentials
from counterpoise.files import name_full_disk, read_json, temporary_path, write_json
from counterpoise.ingest.urls import public_url
from counterpoise.installation import name_missing_extra

if TYPE_CHECKING:
    from requests import Response, Session

WAITS = (2.0, 5.0, 15.0, 30.0, 60.0)  # seconds before each further attempt
MAX_WAIT = 300.0  # seconds, whatever a server asks for
TIMEOUTS = (30.0, 60.0)  # seconds to connect, and to the next bytes of a response
PIECE_BYTES = 1 << 16  # read at a time; a cut connection loses what came of the last piece

Say = Callable[[str], None]
ReportProgress = Callable[[int, int | None], None]


@contextmanager
def name_url_in_errors(url: str | None) -> Iterator[None]:
    """Let an `InputError` about a downloaded file name the URL that it came from.

    Parameters
    ----------
    url : str or None
        URL of the file; None for a file that was not downloaded.

    Raises
    ------
    InputError
        The error from the block; its remedy names the local file.
    """
    try:
        yield
    except InputError as error:
        if url is None:
            raise
        remedy = f"{error.remedy} (The downloaded file is {error.source}.)"
        raise InputError(url, error.problem, remedy) from error


def download(
    url: str,
    output: str | Path,
    say: Say = lambda text: None,
    progress: ReportProgress = lambda done, total: None,
    waits: Sequence[float] = WAITS,
    timeouts: tuple[float, float] = TIMEOUTS,
) -> dict[str, Any]:
    """Download a file, unless the server says that the one downloaded before is unchanged.

    Proxies, certificates and ``~/.netrc`` are those of the environment, as ``requests`` finds them.

    Parameters
    ----------
    url : str
        URL of the file.
    output : str or Path
        Becomes a link to ``content/<SHA-256>`` two folders up, or a copy where the disk has no
        links. ``<output>.json`` holds the record of the file, which the next download compares
        with the server.
    say : callable
        Receives messages.
    progress : callable
        Called with the number of bytes that have arrived and the total, or None if unknown.
    waits : sequence of float
        Seconds before each further attempt. The sequence starts again whenever an attempt gets
        further than all before it.
    timeouts : tuple of float
        Seconds to wait for a connection and for the next bytes.

    Returns
    -------
    dict
        ``url`` without user, password and query, ``sha256``, ``bytes``, and ``etag`` and
        ``last_modified`` where the server sends them.

    Raises
    ------
    InputError
        If the server refuses, cannot be reached, or never sends the complete file.
    MissingExtraError
        If requests is not installed.
    """
    with name_missing_extra("downloads need"):
        import requests

    output = Path(output)
    content = output.parent.parent / "content"
    content.mkdir(parents=True, exist_ok=True)
    output.parent.mkdir(exist_ok=True)
    record_path = output.with_name(output.name + ".json")
    previous = _previous_download(record_path, content)
    partial = temporary_path(content / output.parent.name)
    try:
        with (
            name_full_disk(content),
            requests.Session() as session,
            open(partial, "xb") as stream,
        ):
            transfer = _Transfer(url, session, stream, previous, timeouts)
            _repeat_until_complete(transfer, say, progress, waits)
        if transfer.is_unchanged:
            assert previous is not None
            say(f"unchanged on the server: {previous['bytes']:,} bytes")
            record = previous
        else:
            record = transfer.record()
            os.replace(partial, content / record["sha256"])
            write_json(record_path, record)
            say(f"{record['bytes']:,} bytes, SHA-256 {record['sha256']}")
    finally:
        partial.unlink(missing_ok=True)
    _link(content / record["sha256"], output)
    return record


def _previous_download(record_path: Path, content: Path) -> dict[str, Any] | None:
    """Return the record of an earlier download that is complete and can be compared."""
    if not record_path.is_file():
        return None
    record: dict[str, Any] = read_json(record_path)
    file = content / record["sha256"]
    is_complete = file.is_file() and file.stat().st_size == record["bytes"]
    return record if is_complete and _conditional_headers(record) else None


def _conditional_headers(record: dict[str, Any]) -> dict[str, str]:
    """Return the headers that request a file only if it has changed."""
    names = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    return {header: record[key] for key, header in names.items() if key in record}


def _link(target: Path, output: Path) -> None:
    """Make ``output`` a relative link to ``target``, or a copy on a disk without links."""
    temporary = temporary_path(output)
    try:
        try:
            temporary.symlink_to(os.path.relpath(target, output.parent))
        except OSError:
            shutil.copyfile(target, temporary)
        os.replace(temporary, output)
    finally:
        temporary.unlink(missing_ok=True)


class _TransientError(Exception):
    """An attempt failed in a way that another attempt may not.

    Attributes
    ----------
    min_wait : float
        Seconds that the server asks for.
    """

    def __init__(self, problem: str, min_wait: float = 0.0) -> None:
        super().__init__(problem)
        self.min_wait = min_wait


def _repeat_until_complete(
    transfer: _Transfer, say: Say, progress: ReportProgress, waits: Sequence[float]
) -> None:
    """Attempt a transfer until the file is complete or all waits are used up."""
    remaining, furthest = list(waits), 0
    while True:
        try:
            return transfer.attempt(progress)
        except _TransientError as error:
            # Only bytes that no attempt reached before count, so the loop ends.
            if transfer.done >= furthest + PIECE_BYTES:
                remaining, furthest = list(waits), transfer.done
            arrived = f"{transfer.done:,} bytes have arrived"
            if not remaining:
                raise InputError(
                    transfer.url,
                    f"could not be downloaded: {error}, also when tried again; {arrived}.",
                    "Check the address and the network, and run again.",
                ) from error
            wait = max(remaining.pop(0), min(error.min_wait, MAX_WAIT))
            say(f"{error}; {arrived}; trying again in {wait:g} s")
            time.sleep(wait)


class _Transfer:
    """A file that is being downloaded.

    Attributes
    ----------
    url : str
        URL of the file.
    done : int
        Number of bytes that have arrived.
    is_unchanged : bool
        Whether the server says that the file is the one in ``previous``.
    """

    def __init__(
        self,
        url: str,
        session: Session,
        stream: IO[bytes],
        previous: dict[str, Any] | None,
        timeouts: tuple[float, float],
    ) -> None:
        self.url, self._session, self._stream, self._previous = url, session, stream, previous
        self._timeouts = timeouts
        self.is_unchanged = False
        self._restart()

    def _restart(self) -> None:
        """Forget what has arrived."""
        self._stream.seek(0)
        self._stream.truncate()
        self.done, self._hash = 0, hashlib.sha256()
        self._total: int | None = None
        self._validators: dict[str, str] = {}  # etag and last_modified of this content

    def record(self) -> dict[str, Any]:
        """Return the record of the complete file."""
        sha256 = self._hash.hexdigest()
        return {
            "url": public_url(self.url),
            "bytes": self.done,
            "sha256": sha256,
            **self._validators,
        }

    def attempt(self, progress: ReportProgress) -> None:
        """Send one request, for the rest of the file if the server allows.

        Parameters
        ----------
        progress : callable
            As for `download`.

        Raises
        ------
        _TransientError
            If another attempt may succeed.
        InputError
            If no attempt will succeed.
        """
        from requests import RequestException
        from requests.exceptions import TooManyRedirects

        try:
            with self._session.get(
                self.url, headers=self._headers(), stream=True, timeout=self._timeouts
            ) as response:
                if self._accept(response):
                    for piece in response.iter_content(PIECE_BYTES):
                        self._write(piece)
                        self._hash.update(piece)
                        self.done += len(piece)
                        progress(self.done, self._total)
        except (TooManyRedirects, ValueError) as error:  # ValueError: an invalid address
            raise InputError(
                self.url, f"cannot be downloaded ({_reason(error)}).", "Correct the address."
            ) from error
        except RequestException as error:
            raise _TransientError(_reason(error)) from error
        if not self.is_unchanged and self._total is not None and self.done != self._total:
            raise _TransientError(
                f"the server announced {self._total:,} bytes and sent another number"
            )

    def _write(self, piece: bytes) -> None:
        """Write a piece to the disk, which may be full."""
        folder = Path(self._stream.name).parent
        with name_full_disk(folder, lambda: self.done, self._total, "the downloaded file"):
            self._stream.write(piece)
            self._stream.flush()

    def _headers(self) -> dict[str, str]:
        """Return the headers of the next request."""
        # With compression, sizes and ranges would not be those of the file.
        headers = {"Accept-Encoding": "identity", "User-Agent": f"counterpoise/{__version__}"}
        etag = self._validators.get("etag", "W/")
        validator = self._validators.get("last_modified") if etag.startswith("W/") else etag
        if self.done and validator:
            return {**headers, "Range": f"bytes={self.done}-", "If-Range": validator}
        if self.done:
            self._restart()  # nothing would tell whether the rest belongs to what has arrived
        return {**headers, **_conditional_headers(self._previous or {})}

    def _accept(self, response: Response) -> bool:
        """Check a response; return whether its body continues at ``done`` and is to be read."""
        has_range = "Range" in response.request.headers
        status = response.status_code
        if status == 304 and not has_range and self._previous:
            self.is_unchanged = True
            return False
        if status == 416 and has_range:
            self._restart()
            raise _TransientError("the server has no bytes after those that have arrived")
        if status == 206 and has_range:
            self._check_range(response)
        elif status == 200:
            self._begin(response)
        else:
            raise _status_error(self.url, response)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise InputError(
                self.url,
                "is sent compressed, although the request forbids it, so its size cannot be "
                "checked.",
                "Download it by other means and give the path.",
            )
        return True

    def _begin(self, response: Response) -> None:
        """Start with the first byte of a file."""
        self._restart()
        headers = response.headers
        names = {"etag": "ETag", "last_modified": "Last-Modified"}
        self._validators = {key: headers[name] for key, name in names.items() if headers.get(name)}
        length = headers.get("Content-Length", "")
        if length.isdigit():
            self._total = int(length)
        elif headers.get("Transfer-Encoding", "").lower() != "chunked":
            raise InputError(
                self.url,
                "is on a server that does not tell its size, so a cut file would go unnoticed.",
                "Download it by other means and give the path.",
            )

    def _check_range(self, response: Response) -> None:
        """Refuse a range that does not continue what has arrived, or is of other content."""
        content_range = re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", "").strip()
        )
        etag = self._validators.get("etag")
        has_changed = response.headers.get("ETag", etag) != etag
        if content_range and self._total is None:
            self._total = int(content_range[3])
        if (
            has_changed
            or not content_range
            or (int(content_range[1]), int(content_range[3])) != (self.done, self._total)
        ):
            self._restart()
            raise _TransientError("the server sent another part than the one requested")


_REMEDIES = {
    401: "It asks for a login: put user and password into the file ~/.netrc.",
    403: "You may not read it, or a signed address has expired: ask for access, put user and "
    "password into the file ~/.netrc, or give a new address.",
    404: "There is no such file: correct the address.",
    410: "The file was removed: look for its new address.",
}


def _status_error(url: str, response: Response) -> Exception:
    """Return the error about a status that brings no file."""
    status = response.status_code
    reason = f" ({response.reason})" if response.reason else ""
    answer = f"the server answered {status}{reason}"
    if status in (408, 425, 429) or status >= 500:
        seconds = response.headers.get("Retry-After", "")
        return _TransientError(answer, float(seconds) if seconds.isdecimal() else 0.0)
    remedy = _REMEDIES.get(status, "Open the address in a browser to see what is there.")
    return InputError(url, f"cannot be downloaded: {answer}.", remedy)


def _reason(error: Exception) -> str:
    """Return the innermost cause in words, without the address, whose query may hold secrets."""
    cause: Any = error.args[0] if error.args else error
    cause = getattr(cause, "reason", cause)
    text = strip_credentials(str(cause)).strip().rstrip(".")
    # urllib3 begins with the object that failed: "HTTPConnection(host=..., port=80): refused"
    return re.sub(r"^(<[^>]*>|\w+\([^()]*\)): ", "", text) or type(error).__name__
