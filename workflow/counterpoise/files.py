"""Write result files atomically: a file is complete or does not exist."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ABANDONED_SECONDS = 86400.0  # age at which a temporary file of another node is taken for abandoned


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Write a file under a temporary name, and rename it when it is complete.

    Parameters
    ----------
    path : str or Path
        Final name; its folder is made if needed.

    Yields
    ------
    Path
        Temporary name in the same folder. At the end of the block it is renamed to ``path``; if
        the block raises, it is removed and ``path`` stays as it was.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(final)
    try:
        yield temporary
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_path(final: Path) -> Path:
    """Return a temporary name that no other process uses.

    Temporary files that killed processes left of ``final`` are removed. A cluster may start a
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
            path.unlink(missing_ok=True)
    return final.with_name(f".{final.name}.{host}-{os.getpid()}-{secrets.token_hex(4)}.tmp")


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
