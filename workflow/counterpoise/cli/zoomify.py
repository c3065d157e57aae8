"""``counterpoise zoomify``: coarser levels of one map, and their weights."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from counterpoise.cli.building import SAMPLE, build_mcool, temporary_results
from counterpoise.cli.levels import (
    BALANCED,
    NOT_BALANCED,
    LevelResult,
    balance_level,
    read_levels,
    results_to_write,
)
from counterpoise.cli.options import BalancingOptions, balancing_options
from counterpoise.cli.output import refuse_output, report_written
from counterpoise.contacts.resolutions import parse_resolutions
from counterpoise.errors import ConfigError, InputError
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import open_contacts
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.interface.progress_line import show_progress
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map


@click.command("zoomify")
@click.argument("file", metavar="FILE")
@click.option(
    "-r",
    "--resolutions",
    default="B",
    show_default=True,
    metavar="LIST",
    help="Levels of OUT, separated by commas: sizes (10000, 10kb, 1Mb) and series that end where "
    "the genome takes 256 bins. B doubles the size, N multiplies it by 2, 5 and 10; both begin at "
    "the level of FILE, or at a size: 5000N. 4DN stands for 1000,2000,5000N.",
)
@click.option(
    "-o", "--out", "--output", "output", metavar="OUT", help="The .mcool.  [default: FILE.mcool]"
)
@click.option(
    "--balance/--no-balance",
    "is_balanced",
    default=True,
    show_default=True,
    help="Write weights for each level, or pixels only (the default of cooler zoomify).",
)
@click.option("-f", "--force", is_flag=True, help="Replace OUT if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@balancing_options
def command(
    file: str,
    resolutions: str,
    output: str | None,
    is_balanced: bool,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Write coarser levels of the map in FILE, and their weights.

    FILE is a .cool, one level (file.mcool::/resolutions/1000), or a .mcool or .hic, of which the
    finest level is taken. It is read once. OUT holds the levels of -r and no other, and is written
    next to FILE by default. Pixels are those of cooler zoomify; columns and options are those of
    counterpoise balance: without --method, ICE by the rule of cooler balance fills the column
    weight. The status is 0 if every level is balanced with every method, 1 if not, and 2 after an
    error.
    """
    if not is_balanced and options["names"]:
        raise click.UsageError("--no-balance computes no weights; leave --method out.")
    balancing = BalancingOptions.from_options(options)
    output = output or str(Path(file.partition("::")[0]).with_suffix(".mcool"))
    if Path(output).suffix != ".mcool":
        raise ConfigError(f"-o {output}: the name of the output ends with .mcool.")
    refuse_output(output, file, force, remedy="give another name with -o OUT.mcool")
    info, finest = _find_finest(file)
    sizes = _find_sizes(info, finest, resolutions)
    runs = {size: balancing.runs(size) if is_balanced else [] for size in sizes}
    results: list[LevelResult] = []
    with temporary_results(output) as paths:
        _write_maps(info, finest, sizes, paths)
        for size in sizes:
            level = Level(size, f"/resolutions/{size}")
            contacts = read_map(paths.map_files(SAMPLE, size))
            with show_progress(sys.stderr.isatty()) as progress:
                of_level = list(balance_level(level, contacts, runs[size], balancing, progress))
            results += of_level
            for result in of_level if not as_json else ():
                click.echo(f"{output}::{level.group}  {result.describe()}")
        written = results_to_write(file, results, balancing.policy)
        if written is not None:
            build_mcool(paths, sizes, written, output)
            report_written(output, written)
    if as_json:
        click.echo(json.dumps([result.to_dict() for result in results], indent=1))
    sys.exit(BALANCED if all(result.is_balanced for result in results) else NOT_BALANCED)


def _find_finest(file: str) -> tuple[SourceInfo, int]:
    """Return a file as a source of its finest level only, and the bin size of this level."""
    info, levels = read_levels(file)
    sizes = [level.resolution for level in levels]
    if not sizes or sizes[0] is None:
        raise InputError(
            file,
            "has bins of unequal length, which are not summed.",
            "Bin the contacts again, into bins of one size.",
        )
    return replace(info, levels=(levels[0],)), sizes[0]


def _find_sizes(info: SourceInfo, finest: int, resolutions: str) -> list[int]:
    """Return the bin sizes to write; that of the file if its map is too small for a series."""
    with open_contacts(info.uri, finest, info=info) as checked:
        genome = int(checked.bins.lengths.sum())
    try:
        return parse_resolutions(resolutions, finest, genome) or [finest]
    except ConfigError as error:
        raise ConfigError(f"{info.uri}: -r {resolutions}: {error}") from error


def _write_maps(info: SourceInfo, finest: int, sizes: Sequence[int], paths: ResultPaths) -> None:
    """Read the map once, and sum each larger size from the largest that divides it."""
    is_base = all(size % sizes[0] == 0 for size in sizes)
    written: list[int] = []
    for size in sizes if is_base else sorted({finest, *sizes}):
        divisors = [smaller for smaller in written if size % smaller == 0]
        finer = paths.map_files(SAMPLE, divisors[-1]) if divisors else None
        write_map(info, size, paths.map_files(SAMPLE, size), finer=finer)
        written.append(size)
