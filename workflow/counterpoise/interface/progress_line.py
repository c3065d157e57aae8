"""Progress of a long call as one line that is rewritten: in a terminal and in a notebook."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY_SECONDS = 0.5  # between two lines about one part
QUIET_SECONDS = 2.0  # a notebook shows the progress of calls that take longer


class ProgressLine:
    """Writes each message over the last one, after the seconds so far.

    Parameters
    ----------
    quiet_seconds : float
        Messages of the first seconds are not shown.

    Attributes
    ----------
    every_seconds : float
        How often a long part reports; see ``counterpoise.methods.recorder``.
    """

    every_seconds = EVERY_SECONDS

    def __init__(self, quiet_seconds: float = 0.0) -> None:
        self._start = time.monotonic()
        self._quiet_seconds = quiet_seconds
        self._length = 0

    def __call__(self, message: str) -> None:
        """Show a message.

        Parameters
        ----------
        message : str
            Text of the line, cut to the width of the terminal.
        """
        width = shutil.get_terminal_size().columns - 1
        seconds = time.monotonic() - self._start
        if seconds < self._quiet_seconds:
            return
        self._write(f"{seconds:5.0f} s  {message}"[:width])

    def clear(self) -> None:
        """Remove the line."""
        if not self._length:
            return
        self._write("")
        sys.stderr.write("\r")
        sys.stderr.flush()

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._length))
        sys.stderr.flush()
        self._length = len(text)


@contextmanager
def show_progress(
    progress: Callable[[str], None] | bool | None,
) -> Iterator[Callable[[str], None]]:
    """Turn the argument ``progress`` of a function into a callable.

    Parameters
    ----------
    progress : callable, bool or None
        Receives a line of text as each part is done. True shows the last one on standard error
        until the block ends, and False nothing. None shows it in a notebook, if the block takes
        longer than two seconds.

    Yields
    ------
    callable
        Receives the lines.
    """
    if progress is None and "ipykernel" in sys.modules:
        line = ProgressLine(QUIET_SECONDS)
    elif progress is True:
        line = ProgressLine()
    else:
        yield progress or (lambda message: None)
        return
    try:
        yield line
    finally:
        line.clear()
