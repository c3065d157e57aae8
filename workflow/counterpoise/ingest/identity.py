"""Identify the content of a file by its SHA-256, and notice when it changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from counterpoise.errors import InputError
from counterpoise.files import FileState, sha256


def identify(path: str | Path) -> tuple[str, FileState]:
    """Return the SHA-256 of a file, and the state in which it had this content.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    sha256 : str
        64 hexadecimal digits.
    state : FileState
        The state of the file.

    Raises
    ------
    InputError
        If the file changes while it is read.
    """
    before = FileState.of(path)
    digest = sha256(path)
    refuse_change(path, before, FileState.of(path))
    return digest, before


@dataclass(frozen=True)
class ExpectedContent:
    """The content that a file must have while it is read.

    Attributes
    ----------
    path : str
        The file.
    sha256 : str
        SHA-256 of the content.
    state : tuple of int
        A ``FileState`` in which the file had this content.
    record : str
        File that records the SHA-256; messages name it.
    before : FileState
        The state of the file before it was opened.
    """

    path: str
    sha256: str
    state: tuple[int, ...]
    record: str
    before: FileState

    def check(self) -> None:
        """Refuse what was read if it is not the expected content.

        The file is read again for its SHA-256 only if its state is not the one that is known.

        Raises
        ------
        InputError
            If the file changed while it was read, or has another SHA-256.
        """
        if self.before != tuple(self.state):
            digest = sha256(self.path)
            if digest != self.sha256:
                raise InputError(
                    self.path,
                    f"was replaced or changed after it was inspected: its SHA-256 is {digest}, "
                    f"and {self.record} says {self.sha256}.",
                    f"Delete {self.record} and run the workflow again, which inspects the new "
                    "file; or put the old file back.",
                )
        refuse_change(self.path, self.before, FileState.of(self.path))


def refuse_change(path: str | Path, before: FileState | None, now: FileState) -> None:
    """Refuse a file whose state changed while it was read.

    Parameters
    ----------
    path : str or Path
        The file.
    before, now : FileState or None
        Its states before and after; None if the file did not exist.

    Raises
    ------
    InputError
        If they differ.
    """
    if now != before:
        raise InputError(
            path,
            "changed while it was read.",
            "Wait until nothing writes to it and run the workflow again.",
        )
