"""Decide whether maps were read from the current content of their source files."""

from __future__ import annotations

import sys
from pathlib import Path

from counterpoise.cohort.cohort import Cohort
from counterpoise.files import FileState, read_record, sha256
from counterpoise.jobs.inspect import InspectJob
from counterpoise.store.paths import ResultPaths

# Bytes of files with a new date that are read while jobs are planned, to see whether their content
# is new: a few minutes. Maps of further files are read again.
MOST_COMPARED = 100 * 10**9
# Bytes from which on the user is told about it.
LARGE = 100 * 10**6


class SourceFiles:
    """The source files of a cohort, compared with the maps that were read from them.

    Parameters
    ----------
    cohort : Cohort
        The cohort.
    paths : ResultPaths
        Paths of its results as jobs see them.
    """

    def __init__(self, cohort: Cohort, paths: ResultPaths) -> None:
        self.cohort, self.paths = cohort, paths
        self._unread = MOST_COMPARED
        self._digests: dict[str, str | None] = {}

    def is_current(self, sample: str, resolution: int) -> bool:
        """Return whether a map has the content that the file of its sample has now.

        The SHA-256 of the file is computed only if its date is new and its size is not.

        Parameters
        ----------
        sample : str
            Name of the sample.
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        bool
            False also for a file that a rule makes, perhaps in this run of the workflow, and if
            ``inspect`` would run with other settings.
        """
        if self.cohort.is_made(sample):
            return False
        record = read_record(self.paths.input_record(sample))
        state = read_record(self.paths.input_state(sample))
        source = read_record(self.paths.whole_map_files(sample, resolution).source)
        digest = record.get("identity", {}).get("sha256")
        if digest is None or digest != source.get("identity", {}).get("sha256"):
            return False
        job = InspectJob.of(self.cohort, sample).to_params()
        settings = state.get("settings", {})
        now, then = job.pop("size_and_date"), settings.pop("size_and_date", None)
        if settings != job or now is None:
            return False
        if now == then == [state.get("bytes"), state.get("modified_ns")]:
            return True
        same_size = bool(now[0] == state.get("bytes"))
        return same_size and self._digest(sample) == digest

    def finer_resolution(self, sample: str, resolution: int) -> int | None:
        """Return the resolution of the finer map that is summed to a map.

        A map that exists stays as it was made, so that none is made again because a finer
        resolution is added or removed.

        Parameters
        ----------
        sample : str
            Name of the sample.
        resolution : int
            Bin size in base pairs.

        Returns
        -------
        int or None
            None if the map is read from the source.
        """
        record = read_record(self.paths.whole_map_files(sample, resolution).source)
        if "group" in record:
            finer = record["coarsened_from"] if record["group"] is None else None
            if finer is None or Path(self.paths.whole_map_files(sample, finer).source).is_file():
                return finer
        return self.cohort.finer_resolution(sample, resolution)

    def _digest(self, sample: str) -> str | None:
        """Return the SHA-256 of a sample's file; None if too much was read already."""
        path = self.cohort.source_file(sample)
        if path not in self._digests:
            size = FileState.of(path).bytes
            self._digests[path] = None
            if size <= self._unread:
                self._unread -= size
                if size >= LARGE:
                    note = f"{path} has a new date; comparing its content ({size:,} bytes)."
                    print(f"counterpoise: {note}", file=sys.stderr)
                self._digests[path] = sha256(path)
        return self._digests[path]
