"""``counterpoise init``: a folder with a cohort to run."""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.contacts.resolutions import parse_size
from counterpoise.errors import ConfigError, InputError, MissingExtraError
from counterpoise.files import atomic_write
from counterpoise.ingest.formats import FORMATS, inspect_source, read_bins
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.ingest.urls import is_url, public_url, split_group, url_problem
from counterpoise.installation import require_module, workflow_folder
from counterpoise.methods import methods
from counterpoise.records.wording import list_names

# Levels that a new cohort asks for, in base pairs, if the files have any of them.
FINEST, COARSEST = 10_000, 1_000_000
LONGEST_NAME = 80  # letters; the sample sheet takes 100
SUFFIXES = tuple(suffix for row in FORMATS for suffix in row.suffixes)

COHORT = """\
# A cohort: which maps are balanced, at which resolutions, with which methods. A setting that is
# not here has its default; add those that you change, such as `mask: {{min_nnz: 5}}`.
sample_sheet: {sheet}
# Bin sizes. A size that a file lacks is summed from a finer one.{others}
resolutions: [{resolutions}]
# Of {methods}.
# The weights of the first become the column `weight`.
methods:
  ice:
  kr:
"""
SHEET = "samples.tsv"
GENOMES = """\
Warning: {others} {have} other chromosomes than {first}: {example}.
The report compares only chromosomes of the same name and length. Make a cohort for each
genome, unless this one is meant to hold several."""
CONDITIONS = """\
Fill in the column condition of {sheet}: without it the report cannot tell conditions from
replicates. Log ratios are to the first condition of the sheet; compare_to in
conf/cohort/{name}.yaml names another."""


@click.command("init")
@click.argument("folder", metavar="FOLDER")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "-r",
    "--resolutions",
    metavar="LIST",
    help="Bin sizes, such as 10kb,100kb. Default: those from 10 kb to 1 Mb that all FILEs have, or "
    "that can be summed; all such sizes if none is in this range.",
)
def command(folder: str, sources: tuple[str, ...], resolutions: str | None) -> None:
    """Write a cohort to run into FOLDER.

    A FILE is a .cool, .mcool or .hic, a folder that holds such files, or the URL of one. FOLDER
    gets conf/cohort/NAME.yaml (NAME is that of FOLDER), samples.tsv, and profiles to edit. No file
    is overwritten.
    """
    home = Path(folder)
    name = _name_cohort(home)
    uris = _list_maps(sources)
    infos = [inspect_source(uri, identify=False, quick=True) for uri in uris if not is_url(uri)]
    if resolutions is None:
        common = _common_levels(infos)
        sizes = [size for size in common if FINEST <= size <= COARSEST] or common
    else:
        common = sizes = _parse_sizes(resolutions, infos)
    texts = {
        f"conf/cohort/{name}.yaml": _cohort_text(sizes, common),
        SHEET: _sheet_text(uris, home),
        **_profiles(),
    }
    warning = _describe_genomes(infos, sizes[-1])
    _write(home, texts)
    levels = ", ".join(map(format_base_pairs, sizes))
    click.echo(f"{name}: {len(uris)} sample{'s' if len(uris) > 1 else ''} at {levels}")
    for path in texts:
        click.echo(f"  {home / path}")
    if warning:
        click.echo(warning)
    enter = "" if home.resolve() == Path.cwd() else f"cd {shlex.quote(folder)} && "
    if len(uris) > 1:
        click.echo(CONDITIONS.format(sheet=SHEET, name=name))
    click.echo(f"Choose the methods in conf/cohort/{name}.yaml. Next:")
    click.echo(f"  {enter}counterpoise run    # with -n: only show what would run")
    click.echo("  counterpoise ui     # then: the report, and the runs in MLflow")
    try:
        require_module("snakemake", "counterpoise run needs")
    except MissingExtraError as error:
        click.echo(f"First: {error}")


def safe_name(text: str) -> str:
    """Return a name that samples and cohorts may have.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text with an underscore for each run of other characters than ASCII letters, digits,
        ``.``, ``_`` and ``-``; it begins with a letter or digit.

    Examples
    --------
    >>> safe_name("wild type (2)"), safe_name(".x"), safe_name("")
    ('wild_type_2', 'x', 'map')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("_.-")[:LONGEST_NAME] or "map"


def _name_cohort(home: Path) -> str:
    """Return the name of the cohort in a folder; refuse one that the package has."""
    name = safe_name(home.resolve().name)
    packaged = workflow_folder() / "conf" / "cohort"
    if any(path.stem.lower() == name.lower() for path in packaged.glob("*.yaml")):
        raise ConfigError(
            f"{home}: {name} is a cohort of the package; choose a folder of another name."
        )
    return name


def _list_maps(sources: Sequence[str]) -> list[str]:
    """Return each map once: paths as given, the files of folders in order of their names, URLs."""
    uris: dict[str, str] = {}
    for source in sources:
        if is_url(source):
            if problem := url_problem(source):
                raise ConfigError(f"{public_url(source)} {problem}.")
            uris[source] = source
            continue
        for path in _files_of(source) if os.path.isdir(source) else [source]:
            uris.setdefault(os.path.abspath(path), path)
    return list(uris.values())


def _files_of(folder: str) -> list[str]:
    """Return the maps in a folder, without those in its subfolders."""
    paths = [
        str(path)
        for path in sorted(Path(folder).iterdir())
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    ]
    if not paths:
        raise InputError(
            folder, f"holds no file that ends with {', '.join(SUFFIXES)}.", "Name the files."
        )
    return paths


def _has_level(info: SourceInfo, size: int) -> bool:
    """Return whether a file has a level, or a finer one that can be summed to it."""
    try:
        info.find_level(size)
    except InputError:
        return False
    return True


def _common_levels(infos: Sequence[SourceInfo]) -> list[int]:
    """Return the levels of any file that all of them can give."""
    if not infos:
        raise ConfigError("files by URL are not read now; give their resolutions: -r 10kb,100kb.")
    for info in infos:
        if not any(level.resolution for level in info.levels):
            raise InputError(
                info.uri,
                "has bins of unequal size only, which a cohort cannot take.",
                "Make a map with bins of one size from the contacts, for example with cooler "
                "cload; counterpoise balance takes this file as it is.",
            )
    sizes = {level.resolution for info in infos for level in info.levels if level.resolution}
    common = sorted(size for size in sizes if all(_has_level(info, size) for info in infos))
    if not common:
        levels = "; ".join(f"{info.uri}: {info.describe_levels()}" for info in infos)
        raise ConfigError(
            f"no resolution can be had of all files ({levels}). Make a cohort of those that fit "
            "together."
        )
    return common


def _parse_sizes(text: str, infos: Sequence[SourceInfo]) -> list[int]:
    """Return the sizes that a list names; refuse one that a file cannot give."""
    sizes = sorted({parse_size(part) for part in text.split(",")})
    for info in infos:
        for size in sizes:
            info.find_level(size)
    return sizes


def _describe_genomes(infos: Sequence[SourceInfo], size: int) -> str:
    """Say which files have other chromosomes than the first one; empty if none has."""
    if len(infos) < 2:
        return ""
    lengths = {info.uri: _read_lengths(info, size) for info in infos}
    first, *rest = lengths
    differences = {uri: _find_difference(lengths, first, uri) for uri in rest}
    others = [uri for uri in rest if differences[uri]]
    if not others:
        return ""
    return GENOMES.format(
        others=list_names(others),
        have="has" if len(others) == 1 else "have",
        first=first,
        example=differences[others[0]],
    )


def _read_lengths(info: SourceInfo, size: int) -> dict[str, int]:
    """Return the lengths of a file's chromosomes, from a level that gives bins of a size."""
    bins = read_bins(info, info.find_level(size))
    return dict(zip(bins.chromosomes, bins.lengths.tolist(), strict=True))


def _find_difference(lengths: Mapping[str, Mapping[str, int]], first: str, other: str) -> str:
    """Say where two files do not have one genome; empty if it may be the same."""
    ours, theirs = lengths[first], lengths[other]
    shared = [name for name in ours if name in theirs]
    if not shared:
        names = [f"{next(iter(lengths[uri]), 'none')} in {uri}" for uri in (other, first)]
        return f"none has the same name ({', '.join(names)})"
    differing = [name for name in shared if ours[name] != theirs[name]]
    if not differing:
        return ""
    longest = max(differing, key=lambda name: ours[name])
    return f"{longest} has {theirs[longest]:,} bp in {other} and {ours[longest]:,} bp in {first}"


def _cohort_text(sizes: Sequence[int], common: Sequence[int]) -> str:
    """Return the text of the cohort's file."""
    left_out = sorted(set(common) - set(sizes))
    others = f"\n# Every file can also give {_list_sizes(left_out)}." if left_out else ""
    return COHORT.format(
        others=others,
        resolutions=_list_sizes(sizes),
        sheet=SHEET,
        methods=", ".join(sorted(methods())),
    )


def _list_sizes(sizes: Sequence[int]) -> str:
    """Return sizes as a cohort's file may name them, such as ``10kb``."""
    words = [(size, format_base_pairs(size).replace(" ", "")) for size in sizes]
    return ", ".join(text if parse_size(text) == size else str(size) for size, text in words)


def _sheet_text(uris: Sequence[str], home: Path) -> str:
    """Return the text of the sample sheet; paths inside the folder are relative."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter="\t", lineterminator="\n")
    rows.writerow(["sample", "path", "condition"])
    for name, uri in zip(name_samples(uris), uris, strict=True):
        path = uri if is_url(uri) else os.path.abspath(uri)
        if not is_url(uri) and Path(path).is_relative_to(os.path.abspath(home)):
            path = os.path.relpath(path, home)
        if re.search(r"[\t\r\n]", path):
            raise InputError(path, "has a tab or line break in its name.", "Rename the file.")
        rows.writerow([name, path, ""])
    return text.getvalue()


def name_samples(uris: Sequence[str]) -> list[str]:
    """Return a name for each map: that of its file, and more where names would be equal.

    Parameters
    ----------
    uris : sequence of str
        Paths or URLs.

    Returns
    -------
    list of str
        Names that differ in more than case.

    Examples
    --------
    >>> name_samples(["a/wild.mcool", "a/knockout.mcool"])
    ['wild', 'knockout']
    >>> name_samples(["wild/map.mcool", "knockout/map.mcool"])
    ['wild_map', 'knockout_map']
    >>> name_samples(["a/map.cool", "a/map.hic", "a/wild.cool"])
    ['map_cool', 'map_hic', 'wild']
    """
    files = [Path(split_group(uri)[0] if is_url(uri) else uri.partition("::")[0]) for uri in uris]
    forms: tuple[Callable[[Path], str], ...] = (
        lambda path: f"{path.absolute().parent.name}_{path.stem}",
        lambda path: f"{path.stem}_{path.suffix.lstrip('.')}",
    )
    names = [safe_name(path.stem) for path in files]
    for form in forms:
        for number in _find_equal(names):
            names[number] = safe_name(form(files[number]))
    for number in _find_equal(names):
        names[number] = f"{names[number]}_{number + 1}"
    return names


def _find_equal(names: Sequence[str]) -> list[int]:
    """Return the places of the names that occur more than once, in any case."""
    lower = [name.lower() for name in names]
    return [number for number, name in enumerate(lower) if lower.count(name) > 1]


def _profiles() -> dict[str, str]:
    """Return the texts of the packaged profiles by the path that they get."""
    home = workflow_folder()
    paths = sorted(home.glob("profiles/*/config.yaml"))
    return {str(path.relative_to(home)): path.read_text(encoding="utf-8") for path in paths}


def _write(home: Path, texts: dict[str, str]) -> None:
    """Write files; refuse, before the first, those that exist."""
    for path in (home / name for name in texts):
        if os.path.lexists(path):
            raise InputError(
                path,
                "exists already, and nothing was written.",
                f"Choose another folder. Maps are added as lines of {home / SHEET}.",
            )
        blocked = next((each for each in path.parents if each.is_file()), None)
        if blocked:
            raise InputError(blocked, "is a file and no folder.", "Choose another folder.")
    for name, text in texts.items():
        with atomic_write(home / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
