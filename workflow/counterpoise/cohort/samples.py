"""Samples of a cohort, from YAML or a sample sheet, and the checks that they pass at the start."""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from counterpoise.cohort.resolutions import read_resolutions
from counterpoise.errors import ConfigError
from counterpoise.ingest.urls import is_url, public_url, url_problem
from counterpoise.installation import workflow_folder
from counterpoise.report.samples import COLUMN_NAMES as SAMPLE_COLUMNS
from counterpoise.report.summary import COLUMN_NAMES
from counterpoise.report.table import USUAL_LABELS
from counterpoise.tracking.values import TAGS

# Names of labels: MLflow's tags take these characters.
LABEL = re.compile(r"[A-Za-z][A-Za-z0-9 _.-]{0,99}")
# Names that have another meaning in ``summary.tsv``, ``samples.tsv`` or among the tags of MLflow.
RESERVED_LABELS = {*COLUMN_NAMES, *SAMPLE_COLUMNS, *TAGS} - set(USUAL_LABELS)
RESERVED_PREFIXES = ("mlflow.", "counterpoise.", "version.", "input_")
SHORTEST_STEM = 3  # letters of a beginning of a column's name, such as rep for replicate
LONGEST_LINE = 100_000  # characters; the reader of csv takes no cell of more than 131,072
SCHEMA = "workflow/schemas/samples.schema.json"  # in the folder of the workflow


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
    resolutions : list of int, str or None, default None
        Bin sizes for this sample, instead of the cohort's; written as those.
    copy_number : str or None, default None
        Table of segments with the copy numbers of these cells, instead of the cohort's.
    labels : dict of str to str, default {}
        Further labels, such as cell_type; in a sheet every further column is one.
    """

    path: str = MISSING
    condition: str | None = None
    replicate: str | None = None
    assembly: str | None = None
    resolutions: Any = None
    copy_number: str | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def all_labels(self) -> dict[str, str]:
        """Condition, replicate and the further labels, without those that are not given."""
        labels = {"condition": self.condition, "replicate": self.replicate, **self.labels}
        return {name: text for name, text in labels.items() if text}


@dataclass(frozen=True)
class SampleTable:
    """Samples by name, with the place of each in its file for messages.

    Attributes
    ----------
    origin : str
        Path of the sheet, or the key of the configuration.
    samples : dict of str to Sample
        The samples.
    rows : dict of str to int
        Row of each sample in the sheet; empty for samples in YAML.
    """

    origin: str
    samples: dict[str, Sample]
    rows: dict[str, int] = field(default_factory=dict)

    def place(self, name: str, column: str) -> str:
        """Name the place of one cell or key for a message.

        Parameters
        ----------
        name : str
            Name of a sample.
        column : str
            Column of the sheet or key of the sample.

        Returns
        -------
        str
            For instance ``samples.tsv: row 3, column path`` or ``samples.wild.path``.
        """
        if name in self.rows:
            return f"{self.origin}: row {self.rows[name]}, column {column}"
        return f"{self.origin}.{name}.{column}"

    def validate(self, root: Path, made: set[str] | None) -> dict[str, Sample]:
        """Check the names, resolutions and files of all samples.

        Parameters
        ----------
        root : pathlib.Path
            Folder from which relative paths count.
        made : set of str or None
            Paths that a rule of the workflow makes, which need not exist; None for all paths.

        Returns
        -------
        dict of str to Sample
            The samples by name.

        Raises
        ------
        ConfigError
            If there are no samples, a name is unsafe, two names differ only in case, a resolution
            is impossible, or a file or address cannot be read.
        """
        if not self.samples:
            raise ConfigError(
                f"{self.origin}: there are no samples; add a line with the name and the path of "
                "each below the header."
            )
        lower: dict[str, str] = {}
        for name, sample in self.samples.items():
            check_name(self.place(name, "sample"), name)
            if other := lower.get(name.lower()):
                raise ConfigError(
                    f"{self.place(name, 'sample')}: {name!r} and {other!r} differ only in case, "
                    "and would be one folder on some disks; rename one."
                )
            lower[name.lower()] = name
            if sample.resolutions is not None:
                place = self.place(name, "resolutions")
                sample.resolutions = read_resolutions(place, sample.resolutions)
            if sample.copy_number:
                check_table(self.place(name, "copy_number"), sample.copy_number, root, made)
            for label in sample.labels:
                check_label(self.place(name, "labels"), label)
            if is_url(sample.path):
                self._check_url(name, sample.path)
            else:
                self._check_file(name, sample.path.partition("::")[0], root, made)
        return self.samples

    def _check_url(self, name: str, url: str) -> None:
        """Refuse an address that cannot be downloaded."""
        if problem := url_problem(url):
            place = self.place(name, "path")
            raise ConfigError(f"{place}: {public_url(url)} {problem} (sample {name}).")

    def _check_file(self, name: str, path: str, root: Path, made: set[str] | None) -> None:
        """Refuse a path that is no file and that no rule makes."""
        if made is None and "{" in path:
            raise ConfigError(
                f"{self.place(name, 'path')}: with files_made, Snakemake takes {{ in the path "
                f"{path} for the beginning of a wildcard (sample {name}); rename the file."
            )
        other_protocol = "://" in path
        if not other_protocol and (made is None or path in made):
            return
        if os.path.isfile(root / path):
            return
        if other_protocol:
            problem = "cannot be read: the only addresses are http(s)"
        else:
            problem = "is a folder" if os.path.isdir(root / path) else "does not exist"
        raise ConfigError(
            f"{self.place(name, 'path')}: the file {path} {problem} "
            f"(sample {name}); correct the path or remove the sample."
        )


def check_table(place: str, path: str, root: Path, made: set[str] | None) -> None:
    """Refuse a table of regions that does not exist and that no rule makes.

    Parameters
    ----------
    place : str
        Key or cell that names it, for the message.
    path : str
        The file.
    root, made : pathlib.Path, set of str or None
        As for ``SampleTable.validate``.

    Raises
    ------
    ConfigError
        If there is no such file, or Snakemake cannot take its path.
    """
    if made is None and "{" in path:
        raise ConfigError(
            f"{place}: with files_made, Snakemake takes {{ in the path {path} for the beginning of "
            "a wildcard; rename the file."
        )
    if made is not None and path not in made and not os.path.isfile(root / path):
        raise ConfigError(f"{place}: the file {path} does not exist; correct the path.")


def check_name(place: str, name: str) -> None:
    """Refuse a name that is not a safe file name on every system.

    Parameters
    ----------
    place : str
        Where the name is written, for the message.
    name : str
        Name of a sample, method, cohort or source.

    Raises
    ------
    ConfigError
        If the name does not have the form that the sheet's schema asks of samples.
    """
    form = schema()["properties"]["sample"]
    if len(name) > form["maxLength"]:
        raise ConfigError(
            f"{place}: the name {_shorten(name)} has {len(name):,} letters; shorten it to "
            f"{form['maxLength']} or fewer."
        )
    if not re.fullmatch(form["pattern"], name):
        raise ConfigError(
            f"{place}: the name {name!r} cannot be used in paths; "
            "use letters, digits, '.', '_' and '-', beginning with a letter or digit."
        )


def check_label(place: str, label: str) -> None:
    """Refuse a name of a label that the summary or MLflow cannot take.

    Parameters
    ----------
    place : str
        Where the name is written, for the message.
    label : str
        The name.

    Raises
    ------
    ConfigError
        If it has other characters than letters, digits, blanks, ``_``, ``-`` and ``.``, is too
        long, or is the name of a column or tag that has another meaning.
    """
    if not LABEL.fullmatch(label):
        raise ConfigError(
            f"{place}: the label {_shorten(label)} has a name that MLflow does not take; use at "
            "most 100 letters, digits, blanks, '_', '-' and '.', beginning with a letter."
        )
    if label in RESERVED_LABELS or label.startswith(RESERVED_PREFIXES):
        raise ConfigError(
            f"{place}: the label {label!r} has the name of a column of summary.tsv or a tag of "
            "MLflow; rename it."
        )


@cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of the sheet: its columns, and what they may hold.

    Returns
    -------
    dict of str to object
        The content of ``SCHEMA``.
    """
    loaded: dict[str, Any] = json.loads((workflow_folder() / SCHEMA).read_text("utf-8"))
    return loaded


def read_sheet(path: Path) -> SampleTable:
    """Read a sample sheet: a header line and one sample per row.

    Parameters
    ----------
    path : pathlib.Path
        The sheet: separated by tabs, or, if its name ends with ``.csv``, by commas or semicolons.
        Lines that begin with ``#`` and empty lines are skipped, as are empty cells at the right.

    Returns
    -------
    SampleTable
        The samples with their rows.

    Raises
    ------
    ConfigError
        If a column is unknown, missing or repeated, a required cell is empty, a quote is not
        closed, or a sample is listed twice; the message names row and column.
    """
    lines = _read_lines(path)
    header = lines[0][1]
    _check_header(path, header)
    samples: dict[str, Sample] = {}
    rows: dict[str, int] = {}
    for number, cells in lines[1:]:
        row = _parse_row(path, number, header, cells)
        name = row.pop("sample")
        if name in samples:
            raise ConfigError(
                f"{path}: row {number}, column sample: {name!r} is already in row {rows[name]}; "
                "rename one, or remove its row."
            )
        samples[name] = _make_sample(row)
        rows[name] = number
    return SampleTable(str(path), samples, rows)


def _make_sample(row: dict[str, str]) -> Sample:
    """Make a sample from the cells of its row by column."""
    known = {key: row.pop(key) or None for key in schema()["properties"] if key in row}
    labels = {column: cell for column, cell in row.items() if cell}
    return Sample(**known, labels=labels)  # type: ignore[arg-type]


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Read the line numbers and cells of all lines that hold something, the header first.

    Empty cells at the end of a line are removed.
    """
    if not os.path.isfile(path):
        raise ConfigError(
            f"sample_sheet: the file {path} does not exist; correct the path (a relative one "
            "starts from the current folder)."
        )
    try:
        with open(path, encoding="utf-8-sig") as stream:
            lines = [(n, line) for n, line in enumerate(stream, 1) if line.lstrip()[:1] != "#"]
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: the sheet is not UTF-8 text ({error}); save it as text with tabs, or as "
            ".csv, in UTF-8."
        ) from error
    delimiter = _find_delimiter(path, next((line for _, line in lines if line.strip()), ""))
    rows = [(number, _split_line(path, number, line, delimiter)) for number, line in lines]
    rows = [(number, cells) for number, cells in rows if cells and cells[0][:1] != "#"]
    if not rows:
        separator = "comma" if path.suffix.lower() == ".csv" else "tab"
        raise ConfigError(
            f"{path}: the sheet is empty; its first line names the columns, at least sample and "
            f"path with a {separator} between them."
        )
    return rows


def _find_delimiter(path: Path, header: str) -> str:
    """Return the character that separates the columns: in ``.csv`` the most frequent one."""
    return max(",;\t", key=header.count) if path.suffix.lower() == ".csv" else "\t"


def _split_line(path: Path, number: int, line: str, delimiter: str) -> list[str]:
    """Return the cells of a line, without empty cells at its end."""
    if len(line) > LONGEST_LINE:
        raise ConfigError(
            f"{path}: row {number} has {len(line):,} characters; at most {LONGEST_LINE:,} are read."
        )
    try:
        # Line by line: a quote that is not closed would swallow the samples after it.
        reader = csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True)
        cells = next(reader, [])
    except csv.Error as error:
        raise ConfigError(
            f"{path}: row {number}: a quote is not closed in its cell ({error}); remove it, or "
            'write "" for a quote inside quotes.'
        ) from error
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _check_header(path: Path, header: list[str]) -> None:
    """Refuse repeated and missing columns, and labels that may be a misspelt column."""
    for column in filter(None, header):
        if header.count(column) > 1:
            raise ConfigError(f"{path}: column {_shorten(column)} occurs twice; rename one.")
        if column not in schema()["properties"]:
            if meant := _similar_column(column, header):
                raise ConfigError(
                    f"{path}: column {_shorten(column)}: did you mean {meant!r}? Columns of other "
                    "names are labels."
                )
            if len(header) > 1:
                check_label(str(path), column)
    for column in schema()["required"]:
        if column not in header:
            separated = " (is it tab-separated?)" if path.suffix.lower() != ".csv" else ""
            raise ConfigError(
                f"{path}: column {column!r} is missing"
                f"{separated if len(header) == 1 else ''}; columns are {', '.join(header)}."
            )


def _similar_column(column: str, header: list[str]) -> str | None:
    """Return the column that a name may stand for; None if there is none, or the sheet has it."""
    missing = [name for name in schema()["properties"] if name not in header]
    lower = column.lower()
    close = get_close_matches(lower, missing, n=1, cutoff=0.75)
    begun = [name for name in missing if len(lower) >= SHORTEST_STEM and name.startswith(lower)]
    return next(iter([*close, *begun]), None)


def _parse_row(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, str]:
    """Return the cells of a row by column; missing optional ones are empty."""
    cells = cells + [""] * (len(header) - len(cells))
    for position, cell in enumerate(cells):
        if cell and (position >= len(header) or not header[position]):
            raise ConfigError(
                f"{path}: row {number}: the cell {_shorten(cell)} is in column {position + 1}, "
                "which has no name; remove the cell."
            )
    row = {column: cell for column, cell in zip(header, cells, strict=False) if column}
    for column in schema()["required"]:
        if not row[column]:
            raise ConfigError(
                f"{path}: row {number}, column {column}: the cell is empty; fill it, or remove the "
                "row."
            )
    return row


def _shorten(text: str) -> str:
    """Return the beginning of a text in quotes, for a message."""
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
