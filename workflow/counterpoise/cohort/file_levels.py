"""Levels of the samples' files. Several files are opened at a time, and the answers are kept."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from counterpoise.cohort.revisions import REVISIONS
from counterpoise.errors import DiskFullError, InputError
from counterpoise.files import FileState, read_record, write_json
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.reader_interface import SourceInfo

# Each thread starts a process that tries HDF5 files, which takes as long as opening so many files.
FILES_PER_THREAD = 50
MOST_THREADS = 4


class FileLevels:
    """Levels of files, by path. Each file is opened once.

    Parameters
    ----------
    record : Path, optional
        JSON file that keeps the answers, with size and dates of each file. If it is missing or
        damaged, the files are opened again.

    Attributes
    ----------
    problems : dict of str to str
        Why a file that there is cannot be read, by path.
    """

    def __init__(self, record: Path | None = None) -> None:
        self.record = record
        self.problems: dict[str, str] = {}
        self._answers: dict[str, SourceInfo | None] = {}

    def find(self, uri: str, engine: str) -> SourceInfo | None:
        """Return what a local file holds, from its headers.

        Parameters
        ----------
        uri : str
            Path, or path with a group.
        engine : str
            Reader of `.hic` files.

        Returns
        -------
        SourceInfo or None
            None if there is no file yet, or if it cannot be read: the rule ``inspect`` then fails
            with the reason, which costs this sample only.
        """
        if uri not in self._answers:
            self._answers[uri] = self._recall(uri, _state(uri)) or self._look_into(uri, engine)
        return self._answers[uri]

    def find_all(self, uris: Iterable[str], engine: str) -> None:
        """Find what many files hold, several at a time, and keep the answers in the record.

        Parameters
        ----------
        uris : iterable of str
            Paths, perhaps with groups.
        engine : str
            Reader of `.hic` files.
        """
        # The state is taken first: a file that changes meanwhile is opened again next time.
        states = {uri: _state(uri) for uri in uris}
        self._answers |= {uri: self._recall(uri, state) for uri, state in states.items()}
        unknown = [uri for uri, state in states.items() if state and not self._answers[uri]]
        with ThreadPoolExecutor(min(MOST_THREADS, 1 + len(unknown) // FILES_PER_THREAD)) as pool:
            answers = pool.map(lambda uri: self._look_into(uri, engine), unknown)
            self._answers.update(zip(unknown, answers, strict=True))
        if any(self._answers[uri] for uri in unknown):
            self._write_record(states)

    def _look_into(self, uri: str, engine: str) -> SourceInfo | None:
        """Return what a file holds; None if there is none, or if it cannot be read."""
        try:
            return inspect_source(uri, engine, identify=False, quick=True)
        except (InputError, OSError) as error:
            if _state(uri):
                self.problems[uri] = str(error)
            return None

    @cached_property
    def _recorded(self) -> dict[str, Any]:
        """The kept answers by path; none if another revision of the code wrote them."""
        record = read_record(self.record) if self.record else {}
        return record.get("files", {}) if record.get("revision") == REVISIONS["inspect"] else {}

    def _recall(self, uri: str, state: FileState | None) -> SourceInfo | None:
        """Return the kept answer for a file; None if the file has changed since."""
        try:
            entry = self._recorded[uri]
            is_current = state is not None and entry["state"] == list(state)
            return SourceInfo.from_dict(entry["info"]) if is_current else None
        except (KeyError, TypeError):  # unknown or damaged: the file is opened
            return None

    def _write_record(self, states: dict[str, FileState | None]) -> None:
        """Write the record of these files, if there is one."""
        if self.record is None:
            return
        files = {
            uri: {"state": state, "info": asdict(info)}
            for uri, state in states.items()
            if (info := self._answers[uri])
        }
        # Without space or permission there is no record, and the next plan takes longer.
        with suppress(OSError, DiskFullError):
            write_json(self.record, {"revision": REVISIONS["inspect"], "files": files})


def _state(uri: str) -> FileState | None:
    """Return the state of a file; None if there is none."""
    path = Path(uri.partition("::")[0])
    return FileState.of(path) if path.is_file() else None
