"""Write result files atomically: a file is complete or does not exist."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from counterpoise.errors import DiskFullError

ABANDONED_SECONDS = 86400.0  # age at which a temporary file of another node is taken for abandoned

# Errors of a disk that takes no more: it is full, or the quota or ``ulimit -f`` is reached.
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LARGER_TMPDIR = "Set TMPDIR to a folder on a larger disk and run again."
# numpy's ``save`` raises an error without a number.
_FULL_DISK_TEXT = re.compile(
    "|".join(re.escape(os.strerror(number)) for number in FULL_DISK)
    + r"|\d+ requested and \d+ written|database or disk is full"
)


class FileState(NamedTuple):
    """Signs of a file's content: two equal states mean that nobody wrote to the file.

    The time of change is set by the system alone. So a file that was replaced by another one of the
    same size and date (``cp -p``, ``rsync -t``) has another state.

    Attributes
    ----------
    bytes : int
        Size.
    modified_ns : int
        Modification time in nanoseconds, which users can set.
    changed_ns : int
        Time of the last change of content or attributes in nanoseconds.
    inode : int
        Number of the file on its disk.
    """

    bytes: int
    modified_ns: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, path: str | Path) -> Self:
        """Return the state of a file; of the file that a link leads to."""
        status = os.stat(path)
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    @property
    def size_and_date(self) -> list[int]:
        """Size (bytes) and modification time (nanoseconds), which a copy of a folder keeps."""
        return [self.bytes, self.modified_ns]


@contextmanager
def atomic_write(path: str | Path, needed: int | None = None) -> Iterator[Path]:
    """Write a file under a temporary name, and rename it when it is complete.

    Parameters
    ----------
    path : str or Path
        Final name; its folder is made if needed.
    needed : int, optional
        About how many bytes the file takes, for the error about a full disk.

    Yields
    ------
    Path
        Temporary name in the same folder. At the end of the block it is renamed to ``path``; if
        the block raises, it is removed and ``path`` stays as it was.

    Raises
    ------
    DiskFullError
        If the disk of the folder is full.
    """
    final = Path(path)
    with name_full_disk(final.parent, needed=needed, name=final.name):
        final.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(final)

    def written() -> int:
        return temporary.stat().st_size if temporary.exists() else 0

    try:
        with name_full_disk(final.parent, written, needed, final.name):
            yield temporary
            os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def name_full_disk(
    folder: str | Path,
    written: Callable[[], int] = int,
    needed: int | None = None,
    name: str = "a scratch file",
    remedy: str = "Make room there and run again.",
) -> Iterator[None]:
    """Turn the error of a full disk into one that names the folder and what is needed there.

    Parameters
    ----------
    folder : str or Path
        Folder in which the block writes.
    written : callable, optional
        Returns how many bytes the block has written.
    needed : int, optional
        About how many bytes it writes in all, if this is known.
    name : str
        What it writes.
    remedy : str
        What the user can do.

    Raises
    ------
    DiskFullError
        If the block raises an error of a full disk, whatever its type.
    """
    try:
        yield
    except Exception as error:
        if inner := _find_full_disk(error):
            raise inner from error
        if is_disk_full(error):
            raise full_disk_error(folder, error, written(), needed, name, remedy) from error
        raise


def full_disk_error(
    folder: str | Path,
    error: BaseException,
    written: int,
    needed: int | None,
    name: str,
    remedy: str,
) -> DiskFullError:
    """Return the error about a full disk.

    Parameters
    ----------
    folder : str or Path
        Folder in which a file was written.
    error : BaseException
        Error of the system.
    written : int
        Bytes that could be written.
    needed : int or None
        About how many bytes the file takes; None if this is unknown.
    name : str
        What was written.
    remedy : str
        What the user can do.

    Returns
    -------
    DiskFullError
    """
    known = needed is not None and needed > written
    amount = f"about {format_bytes(needed or 0)}" if known else f"over {format_bytes(written)}"
    return DiskFullError(
        f"{folder}: {_describe_full_disk(folder, error)} {name} takes {amount}, of which "
        f"{format_bytes(written)} could be written. {remedy}"
    )


def _find_full_disk(error: BaseException) -> DiskFullError | None:
    """Return the error about a full disk that led to an error, such as one of closing the file."""
    return next((cause for cause in _causes(error) if isinstance(cause, DiskFullError)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def scratch_space(
    folder: str | Path, written: Callable[[], int], needed: int | None = None
) -> AbstractContextManager[None]:
    """Name the temporary folder in the error of a full disk (see `name_full_disk`).

    Parameters
    ----------
    folder : str or Path
        Folder of the scratch file.
    written : callable
        Returns how many bytes were written.
    needed : int, optional
        How many bytes will be written in all.

    Returns
    -------
    context manager
    """
    return name_full_disk(folder, written, needed, remedy=LARGER_TMPDIR)


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error, or one that led to it, says that a disk takes no more.

    Parameters
    ----------
    error : BaseException
        Of any library: HDF5 and Arrow say it in the text of various errors.

    Returns
    -------
    bool
    """
    return any(
        getattr(cause, "errno", None) in FULL_DISK or _FULL_DISK_TEXT.search(str(cause))
        for cause in _causes(error)
    )


def _describe_full_disk(folder: str | Path, error: BaseException) -> str:
    """Say that the disk of a folder is full, and how much is free; or that a file is too large."""
    if os.strerror(errno.EFBIG) in str(error):
        return "files may not become larger (ulimit -f, or a limit of the disk);"
    existing = next(path for path in (Path(folder), *Path(folder).parents) if path.exists())
    free = format_bytes(shutil.disk_usage(existing).free)
    return f"its disk or your quota is full ({free} are free now);"


def format_bytes(number: int) -> str:
    """Return a number of bytes with a unit.

    Parameters
    ----------
    number : int
        Bytes.
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number} bytes"


def temporary_path(final: Path) -> Path:
    """Return a temporary name, of a file or a folder, that no other process uses.

    What killed processes left under such names of ``final`` is removed. A cluster may start a
    job twice, also on different nodes, so the name holds the host and the process.

    Parameters
    ----------
    final : Path
        Name that the file will get, in an existing folder.

    Returns
    -------
    Path
        Name in the same folder, which begins with a dot and ends with ``.tmp``.
    """
    host = socket.gethostname().replace(".", "_")
    pattern = re.compile(rf"\.{re.escape(final.name)}\.([^.]+)\.tmp")
    for path in final.parent.iterdir():
        if (match := pattern.fullmatch(path.name)) and _is_abandoned(path, match[1], host):
            remove(path)
    return final.with_name(f".{final.name}.{host}-{os.getpid()}-{secrets.token_hex(4)}.tmp")


def remove(path: Path) -> None:
    """Remove a file or a folder; another process may do so at the same time.

    Parameters
    ----------
    path : Path
        The file, link or folder.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_abandoned(path: Path, owner: str, host: str) -> bool:
    """Return whether the process of a temporary file has ended, or, on another node, must have."""
    if local := re.fullmatch(rf"{re.escape(host)}-(\d+)-[0-9a-f]+", owner):
        try:
            os.kill(int(local[1]), 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # the process exists and belongs to another user
            return False
        return False
    try:
        return time.time() - path.lstat().st_mtime > ABANDONED_SECONDS
    except FileNotFoundError:  # its process has just ended
        return False


def write_json(path: str | Path, record: Any) -> None:
    """Write JSON with sorted keys.

    Parameters
    ----------
    path : str or Path
        File to write.
    record : object
        What `json.dumps` accepts.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, because JSON has neither.
    """
    with atomic_write(path) as temporary:
        text = json.dumps(record, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file.

    Parameters
    ----------
    path : str or Path
        File to read.

    Returns
    -------
    object
        Value that the file holds.
    """
    return json.loads(Path(path).read_text(encoding="utf-8"))


def read_record(path: str | Path) -> dict[str, Any]:
    """Return a JSON record that may be missing.

    Parameters
    ----------
    path : str or Path
        File to read.

    Returns
    -------
    dict
        Its content; empty if the file is missing or damaged, which says nothing about what it
        describes. The job that reads it names the damage.
    """
    if not Path(path).is_file():
        return {}
    try:
        record = read_json(path)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def check_types(record: Any, types: dict[str, type]) -> None:
    """Refuse a record whose values are not of the expected types.

    Parameters
    ----------
    record : object
        What a JSON file holds.
    types : dict of str to type
        Types by key; a missing key is accepted.

    Raises
    ------
    TypeError
        Names the key.
    """
    if not isinstance(record, dict):
        raise TypeError(f"it holds a {type(record).__name__} and no object")
    for key, kind in types.items():
        if key in record and not isinstance(record[key], kind):
            raise TypeError(f"{key} is a {type(record[key]).__name__}")


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes.

    Parameters
    ----------
    path : str or Path
        File to read.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
