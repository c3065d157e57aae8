"""Write HDF5 files so that a full disk ends in an error and not in a crash.

If the system refuses a write of HDF5, the library fails again when it closes the file, once for
each open object, and may crash the process. So HDF5 writes through `Output`, which keeps the first
error and lets HDF5 believe that all is well, until the caller asks.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py


class Output(io.FileIO):
    """A file that keeps the first error of writing instead of raising it.

    Parameters
    ----------
    path : str or Path
        The file.
    mode : {"w+", "r+"}
        Create a new file, or change an existing one.
    """

    def __init__(self, path: str | Path, mode: str = "w+") -> None:
        super().__init__(path, mode)
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the error of writing, if there was one.

        Raises
        ------
        OSError
            The first error.
        """
        if self._error is not None:
            raise self._error

    def write(self, data: Any) -> int:
        """Write all bytes, unless an earlier write failed; return their number."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view) and self._error is None:
                done += super().write(view[done:]) or 0
        except OSError as error:
            self._error = error
        return len(view)

    def readinto(self, buffer: Any) -> int:
        """Read bytes; those that could not be written are zero."""
        view = memoryview(buffer).cast("B")
        done = super().readinto(view) or 0
        if self._error is not None:
            view[done:] = bytes(len(view) - done)
            return len(view)
        return done

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file, unless an earlier write failed."""
        try:
            return self.tell() if self._error else super().truncate(size)
        except OSError as error:
            self._error = error
            return self.tell()


@contextmanager
def create_hdf5(path: str | Path) -> Iterator[tuple[h5py.File, Output]]:
    """Create an HDF5 file.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    file : h5py.File
        The open file.
    output : Output
        Its ``check`` tells early whether the disk is full.

    Raises
    ------
    OSError
        If the file could not be written.
    """
    with _open(path, "w+", "w") as opened:
        yield opened


@contextmanager
def edit_hdf5(path: str | Path) -> Iterator[tuple[h5py.File, Output]]:
    """Change an HDF5 file in place.

    Parameters
    ----------
    path : str or Path
        The file, which nobody else reads: it is incomplete until the block ends.

    Yields
    ------
    file : h5py.File
        The open file.
    output : Output
        Its ``check`` tells early whether the disk is full.

    Raises
    ------
    OSError
        If the file could not be written.
    """
    with _open(path, "r+", "r+") as opened:
        yield opened


@contextmanager
def _open(path: str | Path, mode: str, hdf5_mode: str) -> Iterator[tuple[h5py.File, Output]]:
    """Open an HDF5 file for writing; raise the first error when it is closed."""
    with Output(path, mode) as output:
        with h5py.File(output, hdf5_mode) as file:
            yield file, output
        output.check()
