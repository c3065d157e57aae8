"""The samples of a cohort, from YAML or a sheet, checked at the door."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from counterpoise.errors import ConfigError
from counterpoise.ingest.urls import is_url, public_url, url_problem

SCHEMA = Path(__file__).parents[2] / "schemas" / "samples.schema.json"


@dataclass
class Sample:
    """One contact map.

    Attributes
    ----------
    path : str
        File or http(s) address; both may end in ``::/group``.
    condition : str or None, default None
        What was done to the cells, for the report and for tracking.
    replicate : str or None, default None
        Which replicate of the condition, for the report and for tracking.
    assembly : str or None, default None
        Genome assembly to write into the coolers, instead of the one that the file names.
    resolutions : list of int or None, default None
        Bin sizes in base pairs for this sample, instead of the cohort's (in YAML only).
    """

    path: str = MISSING
    condition: str | None = None
    replicate: str | None = None
    assembly: str | None = None
    resolutions: list[int] | None = None


@dataclass(frozen=True)
class SampleTable:
    """Samples by name and where each was written, for messages."""

    origin: str
    samples: dict[str, Sample]
    rows: dict[str, int] = field(default_factory=dict)

    def place(self, name: str, column: str) -> str:
        if name in self.rows:
            return f"{self.origin}: row {self.rows[name]}, column {column}"
        return f"{self.origin}.{name}.{column}"

    def checked(self, root: Path, made: set[str] | None) -> dict[str, Sample]:
        """The samples, if every name is safe, and every file there or about to be made.

        Parameters
        ----------
        root : folder from which relative paths count.
        made : paths that a rule of the workflow makes; None: any may be made.
        """
        if not self.samples:
            raise ConfigError(f"{self.origin}: there are no samples.")
        lower: dict[str, str] = {}
        for name, sample in self.samples.items():
            check_name(self.place(name, "sample"), name)
            if other := lower.get(name.lower()):
                raise ConfigError(
                    f"{self.place(name, 'sample')}: {name!r} and {other!r} differ only in case, "
                    "and would be one folder on some disks; rename one."
                )
            lower[name.lower()] = name
            check_resolutions(self.place(name, "resolutions"), sample.resolutions or [])
            if is_url(sample.path):
                if problem := url_problem(sample.path):
                    raise ConfigError(
                        f"{self.place(name, 'path')}: {public_url(sample.path)} {problem} "
                        f"(sample {name})."
                    )
                continue
            path = sample.path.partition("::")[0]
            if "://" not in path and (made is None or path in made):
                continue
            if not (root / path).is_file():
                what = "is a folder" if (root / path).is_dir() else "does not exist"
                what = "cannot be read: of addresses only http(s) can" if "://" in path else what
                raise ConfigError(
                    f"{self.place(name, 'path')}: the file {path} {what} "
                    f"(sample {name}); correct the path or remove the sample."
                )
        return self.samples


def check_name(place: str, name: str) -> None:
    """Refuse a name that cannot be a file name on every system."""
    # What the sheet's schema says of samples is safe for any file name and wildcard.
    if not re.fullmatch(schema()["properties"]["sample"]["pattern"], name):
        raise ConfigError(
            f"{place}: the name {name!r} cannot be used in paths; "
            "use letters, digits, '.', '_' and '-', beginning with a letter or digit."
        )


def check_resolutions(place: str, resolutions: list[int]) -> None:
    """Refuse bin sizes below one base pair and repetitions."""
    for number, resolution in enumerate(resolutions):
        if resolution <= 0:
            raise ConfigError(f"{place}[{number}] is {resolution}; a bin has at least 1 bp.")
        if resolution in resolutions[:number]:
            raise ConfigError(f"{place}[{number}]: {resolution} is listed twice.")


@cache
def schema() -> dict[str, Any]:
    """The sheet's JSON schema: its columns, which are required and what they may hold."""
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return loaded


def read_sheet(path: Path) -> SampleTable:
    """Read a sample sheet: tab-separated, a header line, one sample a row.

    Raises
    ------
    ConfigError : names the row and the column: an unknown or missing column, an empty cell, a
        sample given twice.
    """
    if not path.is_file():
        raise ConfigError(f"sample_sheet: the file {path} does not exist.")
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter="\t")
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: the sheet is not UTF-8 text ({error}); save it so.") from error
    lines = [(number, cells) for number, cells in lines if any(cells) and cells[0][:1] != "#"]
    if not lines:
        raise ConfigError(f"{path}: the sheet is empty; its first line names the columns.")
    allowed, required = list(schema()["properties"]), schema()["required"]
    header = lines[0][1]
    for column in header:
        if column not in allowed:
            hint = " (is it tab-separated?)" if len(header) == 1 else ""
            raise ConfigError(
                f"{path}: column {column!r} is not known{hint}; columns are {', '.join(allowed)}."
            )
        if header.count(column) > 1:
            raise ConfigError(f"{path}: column {column!r} is there twice.")
    for column in required:
        if column not in header:
            raise ConfigError(f"{path}: column {column!r} is missing.")
    samples: dict[str, Sample] = {}
    rows: dict[str, int] = {}
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            raise ConfigError(
                f"{path}: row {number} has {len(cells)} cells, the header has {len(header)}."
            )
        row = dict(zip(header, cells, strict=True))
        for column in required:
            if not row[column]:
                raise ConfigError(f"{path}: row {number}, column {column}: the cell is empty.")
        name = row.pop("sample")
        if name in samples:
            raise ConfigError(
                f"{path}: row {number}, column sample: {name!r} is already in row {rows[name]}."
            )
        samples[name] = Sample(**{key: value or None for key, value in row.items()})  # type: ignore[arg-type]
        rows[name] = number
    return SampleTable(str(path), samples, rows)
