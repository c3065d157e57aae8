"""Writing results so that a file is either whole or not there."""

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

ABANDONED_SECONDS = 86400.0  # a file of another node that nobody has written to for so long


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary name beside ``path``, renamed to it at the end of the block if all went well."""
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(final)
    try:
        yield temporary
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(final: Path) -> Path:
    """A temporary name that no other process has; what killed ones left of ``final`` is removed.

    A cluster may start a job twice, also on another node, so the name tells host and process.
    """
    host = socket.gethostname().replace(".", "_")
    pattern = re.compile(rf"\.{re.escape(final.name)}\.([^.]+)\.tmp")
    for path in final.parent.iterdir():
        if (match := pattern.fullmatch(path.name)) and _abandoned(path, match[1], host):
            path.unlink(missing_ok=True)
    return final.with_name(f".{final.name}.{host}-{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _abandoned(path: Path, owner: str, host: str) -> bool:
    if local := re.fullmatch(rf"{re.escape(host)}-(\d+)-[0-9a-f]+", owner):
        try:
            os.kill(int(local[1]), 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # of another user, so it is there
            return False
        return False
    try:
        return time.time() - path.lstat().st_mtime > ABANDONED_SECONDS
    except FileNotFoundError:  # its process has just ended
        return False


def write_json(path: str | Path, record: Any) -> None:
    """Write JSON with sorted keys; NaN is refused, since JSON has none."""
    with replacing(path) as temporary:
        text = json.dumps(record, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
