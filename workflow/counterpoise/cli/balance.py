"""``counterpoise balance``: weights for every level of a file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from counterpoise.cli.levels import (
    BALANCED,
    NOT_BALANCED,
    LevelResult,
    balance_level,
    load_level,
    read_levels,
    results_to_write,
)
from counterpoise.cli.options import BalancingOptions, MethodRun, balancing_options
from counterpoise.cli.output import Destination, existing_columns, source_state
from counterpoise.errors import ConfigError, CounterpoiseError, InputError
from counterpoise.files import FileState
from counterpoise.ingest.formats import is_cooler_format
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.interface.progress_line import show_progress


@click.command("balance")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--in-place",
    is_flag=True,
    help="Write the columns into FILE: into a copy next to it, which then replaces it.",
)
@click.option("-o", "--output", metavar="OUT", help="Write a .mcool (or, of one level, a .cool).")
@click.option("--stdout", is_flag=True, help="Print the weights, one a line; nan for none.")
@click.option(
    "--name",
    help="Name of the column, for a single method.  [default: weight; with -m kr, KR and weight]",
)
@click.option(
    "-f",
    "--force",
    is_flag=True,
    help="Replace columns, or OUT, that exist. A column whose new weights are discarded "
    "(--convergence-policy) is removed.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Only say whether FILE has the columns that --method or --name would write; status 0 or "
    "1.  [default: weight]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
@balancing_options
def command(
    files: tuple[str, ...],
    in_place: bool,
    output: str | None,
    stdout: bool,
    name: str | None,
    force: bool,
    check: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Balance every level of each FILE.

    FILE is a .mcool or .cool, one level (file.mcool::/resolutions/10000), or a .hic with -o. The
    columns have the workflow's names (KR, GW_ICE, ...), and the weights of the first method are
    also the column weight. Without --method, ICE runs by the rule of cooler balance with its
    limits and fills the column weight. Without --in-place, -o or --stdout nothing is written. The
    status is 0 if every level is balanced with every method, 1 if not, and 2 after an error.
    """
    if in_place + bool(output) + stdout + check > 1:
        raise click.UsageError("Give one of --in-place, -o, --stdout and --check.")
    if (stdout or check) and as_json:
        raise click.UsageError("Give one of --stdout, --check and --json.")
    if output and len(files) > 1:
        raise click.UsageError("-o is for a single FILE (several methods are -m kr -m ice).")
    files = _drop_repeated(files)
    balancing = BalancingOptions.from_options(options)
    if check:
        sys.exit(_check_columns(files, balancing, name))
    destination = Destination(in_place, output, stdout, force)
    if destination.is_nowhere:
        click.echo("Nothing will be written without --in-place or -o OUT.mcool.", err=True)
    tasks = [_prepare_file(uri, balancing, name, destination) for uri in files]
    results = _balance_files(tasks, balancing, destination, as_json)
    if as_json:
        _print_json(results)
    sys.exit(BALANCED if all(result.is_balanced for result in results) else NOT_BALANCED)


def _drop_repeated(files: Sequence[str]) -> tuple[str, ...]:
    """Return each file and level once: also if a link or ./ names it again.

    A level is left out if its whole file is named, too.
    """
    once: dict[tuple[str, str], str] = {}
    for uri in files:
        once.setdefault((_real_path(uri), uri.partition("::")[2].strip("/")), uri)
    return tuple(uri for (path, group), uri in once.items() if not group or (path, "") not in once)


def _real_path(uri: str) -> str:
    """Return the path of a file without links, whatever group the URI names."""
    return os.path.realpath(uri.partition("::")[0])


def _print_json(results: Sequence[LevelResult]) -> None:
    """Print the verdicts as JSON."""
    click.echo(json.dumps([result.to_dict() for result in results], indent=1))


class FileTask(NamedTuple):
    """A file that passed all checks, with the methods to run on each level."""

    info: SourceInfo
    state: FileState
    runs: dict[Level, list[MethodRun]]


def _prepare_file(
    uri: str, balancing: BalancingOptions, name: str | None, destination: Destination
) -> FileTask:
    """Refuse, before anything is computed, what could not be read or written."""
    info, levels = read_levels(uri)
    state = source_state(info)
    runs = {level: balancing.runs(level.resolution, name) for level in levels}
    if destination.stdout and (len(runs) > 1 or any(len(methods) > 1 for methods in runs.values())):
        raise ConfigError("--stdout prints one column: name one level and one method.")
    columns = {level: [each for run in runs[level] for each in run.columns] for level in levels}
    destination.prepare(info, columns)
    return FileTask(info, state, runs)


def _balance_files(
    tasks: Sequence[FileTask], balancing: BalancingOptions, destination: Destination, as_json: bool
) -> list[LevelResult]:
    """Balance the files in turn; after an error, report those before it and name the others."""
    results: list[LevelResult] = []
    changed: dict[str, FileState] = {}  # files of which a later task may have another level
    quiet = as_json or destination.stdout
    for number, task in enumerate(tasks):
        try:
            results += _balance_file(task, balancing, destination, changed, quiet)
        except (CounterpoiseError, OSError) as error:
            if len(tasks) > 1:
                missing = ", ".join(each.info.uri for each in tasks[number:])
                error.add_note(f"Not finished: {missing}.")
            if as_json and results:
                _print_json(results)
            raise
    return results


def _balance_file(
    task: FileTask,
    balancing: BalancingOptions,
    destination: Destination,
    changed: dict[str, FileState],
    quiet: bool,
) -> list[LevelResult]:
    """Balance one file and write what was asked for; ``changed`` gets its state afterwards."""
    info = task.info
    results = []
    for level, runs in task.runs.items():
        with show_progress(sys.stderr.isatty()) as progress:
            # The pixels of one level at a time are in memory.
            loaded = load_level(info, level)
            of_level = list(balance_level(level, loaded, runs, balancing, progress))
            del loaded
        results += of_level
        for result in () if quiet else of_level:
            click.echo(f"{info.uri_of(level)}  {result.describe()}")
    written = results_to_write(info.uri, results, balancing.policy)
    if written is not None and not destination.stdout:
        path = _real_path(info.uri)
        destination.write(info, changed.get(path, task.state), list(task.runs), written)
        if destination.in_place:
            changed[path] = source_state(info)
    for weight in written[0].balance.weights if written and destination.stdout else ():
        click.echo(repr(float(weight)))
    return results


def _check_columns(files: Sequence[str], balancing: BalancingOptions, name: str | None) -> int:
    """Say whether every level has the columns that would be written; return the status."""
    if name and len(balancing.names) > 1:
        raise click.UsageError("--name is for a single method.")
    status = 0
    for uri in files:
        info, levels = read_levels(uri)
        if not is_cooler_format(info.format):
            raise InputError(
                info.uri,
                f"is a .{info.format} file, and --check looks for columns of a cooler.",
                "Convert it with -o OUT.mcool; counterpoise check FILE lists what a .hic file has.",
            )
        for level in levels:
            place = info.uri_of(level)
            existing = existing_columns(place)
            # A name is looked for as it is: also the column of another method.
            runs = [] if name else balancing.runs(level.resolution)
            for column in [name] if name else [each for run in runs for each in run.columns]:
                found = column in existing
                click.echo(f"{place}: {'has' if found else 'no'} column {column!r}")
                status = status if found else 1
    return status
