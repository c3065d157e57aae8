"""The coolers of a cohort: what is in them, and how other programs open them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from counterpoise.contacts.selection import COLUMN_PREFIXES, Scope
from counterpoise.store.paths import ResultPaths
from counterpoise.store.weight_columns import DIVISIVE, ERRORS, WEIGHT_COLUMN

MOST_ROWS = 100
SCOPES = {
    Scope.CIS: "each chromosome",
    Scope.GENOME: "the whole genome",
    Scope.TRANS: "between chromosomes",
}
EACH_REGION = "each region"


class WeightColumn(NamedTuple):
    """A column of weights in the coolers.

    Attributes
    ----------
    name : str
        Its name.
    method : str
        The method whose weights it holds.
    balanced : str
        Which contacts were balanced.
    convention : str
        ``multiplicative`` or ``divisive``.
    errors : str
        The column of their standard errors.
    """

    name: str
    method: str
    balanced: str
    convention: str
    errors: str


class CoolerFile(NamedTuple):
    """The cooler of a sample.

    Attributes
    ----------
    sample : str
        Name of the sample.
    path : str
        Its path from the folder in which the workflow runs.
    resolutions : list of int
        Its levels in base pairs.
    missing : bool
        Whether it was not written, because a job failed.
    """

    sample: str
    path: str
    resolutions: list[int]
    missing: bool

    @property
    def uri(self) -> str:
        """The address of its finest level, as cooler takes it."""
        return f"{self.path}::resolutions/{self.resolutions[0]}"


class Snippet(NamedTuple):
    """How a program opens a cooler.

    Attributes
    ----------
    program : str
        The program.
    code : str
        What to type.
    language : {"python", "bash"}
        What the code is.
    note : str
        What to know about it.
    """

    program: str
    code: str
    language: str
    note: str


class FilesSection(NamedTuple):
    """What the section shows.

    Attributes
    ----------
    columns : list of WeightColumn
        The columns of all coolers.
    files : list of CoolerFile
        The coolers, at most ``MOST_ROWS``.
    samples : int
        Number of samples.
    snippets : list of Snippet
        How to open the first of them.
    by_region : bool
        Whether each region of the mask was balanced separately.
    """

    columns: list[WeightColumn]
    files: list[CoolerFile]
    samples: int
    snippets: list[Snippet]
    by_region: bool


def describe_files(
    paths: ResultPaths,
    resolutions: Mapping[str, Sequence[int]],
    columns: Mapping[str, str],
    primary: str,
    missing: Collection[str],
    *,
    by_region: bool = False,
) -> FilesSection | None:
    """Describe the coolers.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    resolutions : mapping
        The levels of each sample.
    columns : mapping
        Name of the column of each method.
    primary : str
        The method whose weights are also the column ``weight``.
    missing : collection of str
        Files that were not written.
    by_region : bool, optional
        Whether each region of the mask was balanced separately.

    Returns
    -------
    FilesSection or None
        None if the columns are unknown.
    """
    if not columns:
        return None
    files = [
        CoolerFile(name, paths.cooler(name), sorted(sizes), paths.cooler(name) in missing)
        for name, sizes in resolutions.items()
    ]
    named = [(WEIGHT_COLUMN, primary), *((column, method) for method, column in columns.items())]
    listed = [_describe_column(name, method, columns[method], by_region) for name, method in named]
    written = [file for file in files if not file.missing]
    snippets = list_snippets(written[0], listed) if written else []
    return FilesSection(listed, files[:MOST_ROWS], len(files), snippets, by_region)


def _describe_column(name: str, method: str, column: str, by_region: bool) -> WeightColumn:
    """Describe a column; that of the method tells the scope."""
    scope = next(
        scope
        for scope in (Scope.GENOME, Scope.TRANS, Scope.CIS)
        if column.startswith(COLUMN_PREFIXES[scope])
    )
    convention = "divisive" if name in DIVISIVE else "multiplicative"
    balanced = EACH_REGION if by_region else SCOPES[scope]
    return WeightColumn(name, method, balanced, convention, name + ERRORS)


def list_snippets(file: CoolerFile, columns: Sequence[WeightColumn]) -> list[Snippet]:
    """List how programs open a cooler.

    Parameters
    ----------
    file : CoolerFile
        The cooler.
    columns : sequence of WeightColumn
        Its columns; the first one is ``weight``.

    Returns
    -------
    list of Snippet
    """
    weight, *others = columns
    other = next((each for each in others if each.method != weight.method), others[0])
    return [
        *_cooler_snippets(file, other),
        _cooltools_snippet(file, columns),
        *_hictk_snippets(file, other),
        _higlass_snippet(file),
    ]


def _cooler_snippets(file: CoolerFile, other: WeightColumn) -> list[Snippet]:
    """Return how cooler opens a file, with its weights and those of another column."""
    return [
        Snippet(
            "cooler, Python",
            f"import cooler\n\n"
            f"clr = cooler.Cooler({file.uri!r})\n"
            f"region = clr.chromnames[0]\n"
            f"matrix = clr.matrix(balance=True).fetch(region)  # weight\n"
            f"other = clr.matrix(balance={other.name!r}).fetch(region)  # {other.method}",
            "python",
            "cooler divides by the columns "
            f"{', '.join(DIVISIVE)} because of their names, and multiplies by all others: both "
            "are right for these files.",
        ),
        Snippet(
            "cooler, command line",
            f"cooler ls {shlex.quote(file.path)}\n"
            f"cooler dump --join --balanced --header \\\n  {shlex.quote(file.uri)} | head",
            "bash",
            "The column balanced is by weight.",
        ),
    ]


def _cooltools_snippet(file: CoolerFile, columns: Sequence[WeightColumn]) -> Snippet:
    """Return how cooltools opens a file."""
    multiplied = [each.name for each in columns if each.name not in DIVISIVE]
    return Snippet(
        "cooltools",
        "import cooler\nimport cooltools\n\n"
        f"clr = cooler.Cooler({file.uri!r})\n"
        f"expected = cooltools.expected_cis(clr, clr_weight_name={WEIGHT_COLUMN!r}, "
        "ignore_diags=2)",
        "python",
        f"cooltools multiplies by any column, so use one of {', '.join(multiplied)}.",
    )


def _hictk_snippets(file: CoolerFile, other: WeightColumn) -> list[Snippet]:
    """Return how hictk opens a file with another column, and makes the file that Juicebox opens."""
    name, size, quoted = other.name, file.resolutions[0], shlex.quote(file.path)
    return [
        Snippet(
            "hictk, Python",
            "import hictkpy\n\n"
            f"file = hictkpy.File({file.path!r}, {size})\n"
            "region = next(iter(file.chromosomes()))\n"
            f"matrix = file.fetch(region, normalization={name!r}).to_numpy()",
            "python",
            "hictk reads from each column whether it divides.",
        ),
        Snippet(
            "hictk, command line; Juicebox and straw",
            f"hictk dump {quoted} --resolution {size} --join --balance {name} | head\n"
            f"hictk convert {quoted} {shlex.quote(file.path.removesuffix('.mcool') + '.hic')}",
            "bash",
            "Juicebox and straw read .hic files, which the second line makes.",
        ),
    ]


def _higlass_snippet(file: CoolerFile) -> Snippet:
    """Return how HiGlass opens a file."""
    return Snippet(
        "HiGlass",
        f"higlass-manage ingest --filetype cooler --datatype matrix {shlex.quote(file.path)}",
        "bash",
        "HiGlass shows weight by default, can divide by KR, VC or VC_SQRT instead (the menu "
        "Transforms of the track), and knows no other column.",
    )
