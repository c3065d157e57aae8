"""Change a file that belongs to the user, so that it is as it was or complete at any moment."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from counterpoise.errors import DiskFullError, InputError
from counterpoise.files import FileState, atomic_write, format_bytes

OTHER_FILE = "write to another file (-o OUT.mcool)"


@contextmanager
def changed_copy(
    path: str | Path, state: FileState, growth: int = 0, remedy: str = OTHER_FILE
) -> Iterator[Path]:
    """Copy a file into its own folder, and rename the copy over it when it has been changed.

    Parameters
    ----------
    path : str or Path
        The file, or a symbolic link to it, which stays.
    state : FileState
        Its state before it was read.
    growth : int
        About how many bytes the change adds.
    remedy : str
        What the user can do where the file cannot be replaced.

    Yields
    ------
    Path
        The copy. If the block raises, it is removed and the file stays as it was.

    Raises
    ------
    InputError
        If the file cannot be changed, or another program has changed it since it was read.
    DiskFullError
        If the disk lacks the space for a copy; the message names it.
    """
    final = Path(path).resolve()
    before = final.stat()
    refuse_changed_since(path, state)
    require_changeable(final, growth, remedy)
    with atomic_write(final, before.st_size + growth) as copy:
        shutil.copyfile(final, copy)
        yield copy
        os.chmod(copy, stat.S_IMODE(before.st_mode))
        _keep_owner(copy, before, final, remedy)
        _sync(copy)
        refuse_changed_since(path, state)
    _sync(final.parent)


def refuse_changed_since(path: str | Path, state: FileState) -> None:
    """Refuse a file that another program has changed since it was read.

    Parameters
    ----------
    path : str or Path
        The file.
    state : FileState
        Its state before it was read.

    Raises
    ------
    InputError
        If its state is another one now.
    """
    if FileState.of(path) != state:
        raise InputError(
            path,
            "was changed by another program meanwhile, so it was left as it is now.",
            "Run the command again when nothing else writes to the file.",
        )


def require_changeable(path: str | Path, growth: int = 0, remedy: str = OTHER_FILE) -> None:
    """Refuse a file that cannot be changed, before anything is computed.

    Parameters
    ----------
    path : str or Path
        The file.
    growth : int
        About how many bytes the change adds.
    remedy : str
        What the user can do instead.

    Raises
    ------
    InputError
        If nobody, or not this user, may write to the file or to its folder, or if a copy would
        belong to another user.
    DiskFullError
        If the disk lacks the space for a copy; the message names it.
    """
    final = Path(path).resolve()
    status = final.stat()
    if not status.st_mode & 0o222 or not os.access(final, os.W_OK):
        raise InputError(path, "is read-only.", f"Allow writing, or {remedy}.")
    if not os.access(final.parent, os.W_OK | os.X_OK):
        raise InputError(
            path, "is in a folder that this user may not write to.", f"Allow it, or {remedy}."
        )
    if os.geteuid() not in (0, status.st_uid):
        raise InputError(
            path,
            "belongs to another user, which a changed copy of yours would not.",
            f"Let its owner do this, or {remedy}.",
        )
    needed, free = status.st_size + growth, shutil.disk_usage(final.parent).free
    if free < needed:
        raise DiskFullError(
            f"{final.parent}: a changed copy of {final.name} takes about {format_bytes(needed)}, "
            f"and {format_bytes(free)} are free. Free some space, or {remedy}."
        )


def _keep_owner(copy: Path, before: os.stat_result, final: Path, remedy: str) -> None:
    """Give a copy the owner and the group of the file, as far as the system allows it."""
    made = copy.stat()
    if (made.st_uid, made.st_gid) == (before.st_uid, before.st_gid):
        return
    try:
        os.chown(copy, before.st_uid, before.st_gid)
    except PermissionError as error:
        raise InputError(
            final,
            "belongs to another user or group, which a changed copy of yours would not.",
            f"Let its owner do this, or {remedy}.",
        ) from error
    os.chmod(copy, stat.S_IMODE(before.st_mode))  # a new owner clears some bits


def _sync(path: Path) -> None:
    """Write a file, or the names in a folder, through to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
