"""Maps on web servers: fetched whole, once, and kept by content under ``resources/remote``.

A file is streamed to a temporary name, checked against the size that the server tells, and renamed
to its SHA-256 under ``content/``; the name that the workflow reads is a link to it. A link and not
a second hard link, since Snakemake sets the time of what a job has made, and that of another
address with the same content must stay.
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
from urllib.parse import unquote, urlsplit

from counterpoise._version import __version__
from counterpoise.errors import InputError, without_credentials
from counterpoise.files import read_json, temporary_beside, write_json

if TYPE_CHECKING:
    from requests import Response, Session

FOLDER = "resources/remote"
LOGS = "resources/logs/download"
WAITS = (2.0, 5.0, 15.0, 30.0, 60.0)  # seconds before each further try
TIMEOUTS = (30.0, 60.0)  # seconds for a connection, and for the next bytes of an answer
PIECE = 1 << 16  # bytes read at a time; a cut connection loses what came of the last piece
LONGEST_WAIT = 300.0  # seconds, whatever a server asks for


def split_group(uri: str) -> tuple[str, str]:
    """The address of the file, and the group of ``URL::/group`` with its colons, or nothing.

    Looked for behind the host, whose own number may hold colons: ``http://[::1]/a.mcool::/b``.
    """
    start = uri.find("/", uri.find("://") + 3)
    at = uri.rfind("::/", start) if start > 0 else -1
    return (uri, "") if at < 0 else (uri[:at], uri[at:])


def public(uri: str) -> str:
    """An address as records and messages show it: without user, password and query."""
    url, group = split_group(uri)
    return without_credentials(url) + group


def problem_of(uri: str) -> str | None:
    """Why an address cannot be a sample's, in words; None where it can."""
    url, _ = split_group(uri)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"is no valid address ({error}); correct it"
    if not host or re.search(r"\s", url):
        return "is no valid address; correct it"
    if "@" in parts.netloc:
        return (
            "holds a user name or password, which would be written to logs; put them into the file "
            "~/.netrc, where they are found by the server's name, and leave them out here"
        )
    if "::" in parts.path:
        return "names its group without a slash; write ::/ and the group, or leave it out"
    return None


def key_of(uri: str) -> str:
    """What tells one address from another, in 16 hexadecimal digits."""
    return hashlib.sha256(split_group(uri)[0].encode()).hexdigest()[:16]


def local_path(uri: str) -> str:
    """Where the file of an address is kept: named like it, as far as that is safe for any disk."""
    name = unquote(urlsplit(split_group(uri)[0]).path).rpartition("/")[2]
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".-")[-100:]
    return f"{FOLDER}/{key_of(uri)}/{safe or 'map'}"


def log_path(uri: str) -> str:
    """Where the job that fetches an address writes what it says."""
    return f"{LOGS}{local_path(uri).removeprefix(FOLDER)}.log"


@contextmanager
def naming(url: str | None) -> Iterator[None]:
    """Errors about a fetched file name the address that it came from."""
    try:
        yield
    except InputError as error:
        if url is None:
            raise
        remedy = f"{error.remedy} (What came from there is {error.source}.)"
        raise InputError(url, error.problem, remedy) from error


def download(
    url: str,
    output: str | Path,
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    waits: Sequence[float] = WAITS,
) -> dict[str, Any]:
    """Fetch the file of an address, unless the one that was fetched before is still the same.

    Proxies, certificates and ``~/.netrc`` are those of the environment, as ``requests`` finds them.

    Parameters
    ----------
    output : becomes a link to ``content/<SHA-256>`` two folders up, or a copy where a disk has no
        links. Beside it ``<name>.json`` records the file and is asked about the next time.
    say : is told what happens.
    progress : called with the bytes that are there and the total, if known.
    waits : seconds before each further try, begun anew whenever a try got further than the last.

    Returns
    -------
    The record: ``url`` without user, password and query, ``sha256``, ``bytes``, and ``etag`` and
    ``last_modified`` where the server tells them.

    Raises
    ------
    InputError : the server refused, or could not be reached, or never gave the whole file.
    """
    import requests

    output = Path(output)
    content = output.parent.parent / "content"
    content.mkdir(parents=True, exist_ok=True)
    output.parent.mkdir(exist_ok=True)
    beside = output.with_name(output.name + ".json")
    known = _still_here(beside, content)
    part = temporary_beside(content / output.parent.name)
    try:
        with requests.Session() as session, open(part, "xb") as stream:
            transfer = _Transfer(url, session, stream, known)
            _until_whole(transfer, say, progress, waits)
        if transfer.unchanged:
            assert known is not None
            say(f"unchanged on the server: {known['bytes']:,} bytes")
            record = known
        else:
            record = transfer.record()
            os.replace(part, content / record["sha256"])
            write_json(beside, record)
            say(f"{record['bytes']:,} bytes, SHA-256 {record['sha256']}")
    finally:
        part.unlink(missing_ok=True)
    _link(content / record["sha256"], output)
    return record


def _still_here(beside: Path, content: Path) -> dict[str, Any] | None:
    """The record of what was fetched before, if that is whole and the server can be asked about."""
    if not beside.is_file():
        return None
    record: dict[str, Any] = read_json(beside)
    kept = content / record["sha256"]
    whole = kept.is_file() and kept.stat().st_size == record["bytes"]
    return record if whole and _questions(record) else None


def _questions(record: dict[str, Any]) -> dict[str, str]:
    """Headers that ask for the file only if it is another."""
    names = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    return {header: record[key] for key, header in names.items() if key in record}


def _link(target: Path, output: Path) -> None:
    temporary = temporary_beside(output)
    try:
        try:
            temporary.symlink_to(os.path.relpath(target, output.parent))
        except OSError:  # a disk without links
            shutil.copyfile(target, temporary)
        os.replace(temporary, output)
    finally:
        temporary.unlink(missing_ok=True)


class _AgainError(Exception):
    """A try failed in a way that another may not.

    Attributes
    ----------
    least_wait : seconds that the server asks for.
    """

    def __init__(self, problem: str, least_wait: float = 0.0) -> None:
        super().__init__(problem)
        self.least_wait = least_wait


def _until_whole(
    transfer: _Transfer,
    say: Callable[[str], None],
    progress: Callable[[int, int | None], None],
    waits: Sequence[float],
) -> None:
    """Try until the file is whole or all waits are used up."""
    left, furthest = list(waits), 0
    while True:
        try:
            return transfer.attempt(progress)
        except _AgainError as error:
            # Only what was never reached before counts, so that this comes to an end.
            if transfer.done >= furthest + PIECE:
                left, furthest = list(waits), transfer.done
            there = f"{transfer.done:,} bytes are there"
            if not left:
                raise InputError(
                    transfer.url,
                    f"could not be fetched: {error}, also when tried again; {there}.",
                    "Check the address and the network, and run again.",
                ) from error
            wait = max(left.pop(0), min(error.least_wait, LONGEST_WAIT))
            say(f"{error}; {there}; trying again in {wait:g} s")
            time.sleep(wait)


class _Transfer:
    """A file on its way: the bytes that are there, and what the server said of them."""

    def __init__(
        self, url: str, session: Session, stream: IO[bytes], known: dict[str, Any] | None
    ) -> None:
        self.url, self._session, self._stream, self._known = url, session, stream, known
        self.unchanged = False
        self._total: int | None = None
        self._about: dict[str, str] = {}
        self._restart()

    def _restart(self) -> None:
        self._stream.seek(0)
        self._stream.truncate()
        self.done, self._total, self._hash = 0, None, hashlib.sha256()
        self._about = {}

    def record(self) -> dict[str, Any]:
        told = {"url": public(self.url), "bytes": self.done, "sha256": self._hash.hexdigest()}
        return {**told, **self._about}

    def attempt(self, progress: Callable[[int, int | None], None]) -> None:
        """One request, from where the last one ended if the server allows.

        Raises
        ------
        _AgainError : it may go better the next time.
        InputError : it will not.
        """
        from requests import RequestException
        from requests.exceptions import TooManyRedirects

        try:
            with self._session.get(
                self.url, headers=self._headers(), stream=True, timeout=TIMEOUTS
            ) as answer:
                if self._accepted(answer):
                    for piece in answer.iter_content(PIECE):
                        self._stream.write(piece)
                        self._hash.update(piece)
                        self.done += len(piece)
                        progress(self.done, self._total)
        except (TooManyRedirects, ValueError) as error:  # ValueError: an address that is none
            raise InputError(
                self.url, f"cannot be fetched ({_reason(error)}).", "Correct the address."
            ) from error
        except RequestException as error:
            raise _AgainError(_reason(error)) from error
        if not self.unchanged and self._total is not None and self.done != self._total:
            raise _AgainError(f"{self._total:,} bytes were announced and another number came")

    def _headers(self) -> dict[str, str]:
        # Compressed on the way, neither sizes nor ranges would be those of the file.
        headers = {"Accept-Encoding": "identity", "User-Agent": f"counterpoise/{__version__}"}
        etag = self._about.get("etag", "W/")
        same = self._about.get("last_modified") if etag.startswith("W/") else etag
        if self.done and same:
            return {**headers, "Range": f"bytes={self.done}-", "If-Range": same}
        if self.done:
            self._restart()  # nothing would tell whether the rest belongs to what is here
        return {**headers, **_questions(self._known or {})}

    def _accepted(self, answer: Response) -> bool:
        """Whether the answer's body is to be read, from ``done`` on."""
        asked = answer.request.headers
        status = answer.status_code
        if status == 304 and "Range" not in asked and self._known:
            self.unchanged = True
            return False
        if status == 416 and "Range" in asked:
            self._restart()
            raise _AgainError("the server has no bytes behind those that are here")
        if status == 206 and "Range" in asked:
            self._check_rest(answer)
        elif status == 200:
            self._begin(answer)
        else:
            raise _refused(self.url, answer)
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise InputError(
                self.url,
                "is sent compressed by its server, though it was asked not to; so its size cannot "
                "be checked.",
                "Fetch it by other means and give the path.",
            )
        return True

    def _begin(self, answer: Response) -> None:
        self._restart()
        headers = answer.headers
        names = {"etag": "ETag", "last_modified": "Last-Modified"}
        self._about = {key: headers[name] for key, name in names.items() if headers.get(name)}
        length = headers.get("Content-Length", "")
        if length.isdigit():
            self._total = int(length)
        elif headers.get("Transfer-Encoding", "").lower() != "chunked":
            raise InputError(
                self.url,
                "is on a server that does not tell its size, so a cut file would pass for whole.",
                "Fetch it by other means and give the path.",
            )

    def _check_rest(self, answer: Response) -> None:
        """The rest must begin where we are, and be of the same content."""
        given = re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("Content-Range", "").strip()
        )
        other = answer.headers.get("ETag", self._about.get("etag")) != self._about.get("etag")
        if given and self._total is None:
            self._total = int(given[3])
        if other or not given or (int(given[1]), int(given[3])) != (self.done, self._total):
            self._restart()
            raise _AgainError("the server sent another part than the one asked for")


def _refused(url: str, answer: Response) -> Exception:
    """The error for a status that brings no file: another try where that may help."""
    status = answer.status_code
    said = f"the server answered {status}" + (f" ({answer.reason})" if answer.reason else "")
    if status in (408, 425, 429) or status >= 500:
        seconds = answer.headers.get("Retry-After", "")
        return _AgainError(said, float(seconds) if seconds.isdecimal() else 0.0)
    remedy = {
        401: "It asks for a login: put user and password into the file ~/.netrc.",
        403: "You may not read it, or a signed address has run out: ask for access, put user and "
        "password into the file ~/.netrc, or give a new address.",
        404: "There is no such file: correct the address.",
        410: "The file was taken away: look for its new address.",
    }.get(status, "Open the address in a browser to see what is there.")
    return InputError(url, f"cannot be fetched: {said}.", remedy)


def _reason(error: Exception) -> str:
    """The innermost cause in words, without the address, whose query may hold secrets."""
    cause: Any = error.args[0] if error.args else error
    cause = getattr(cause, "reason", cause)
    text = without_credentials(str(cause)).strip().rstrip(".")
    # urllib3 begins with the object that failed: "HTTPConnection(host=..., port=80): refused"
    return re.sub(r"^(<[^>]*>|\w+\([^()]*\)): ", "", text) or type(error).__name__
