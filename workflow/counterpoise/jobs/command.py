"""What the thin scripts under ``scripts/`` share."""

from __future__ import annotations

import argparse
import ast
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from counterpoise.errors import CounterpoiseError
from counterpoise.jobs.memory import AROUND
from counterpoise.process import keep_freed_memory
from counterpoise.store.paths import BASE, ResultPaths


def run(main: Callable[[], None]) -> None:
    """Run a script; an error meant for the user is printed without a traceback, exit status 1.

    SIGTERM, with which a scheduler ends a job, ends it as an exception does: files that were half
    written are removed.
    """
    signal.signal(signal.SIGTERM, _end)
    keep_freed_memory()
    try:
        main()
    except CounterpoiseError as error:
        sys.exit(f"counterpoise: {error}")
    except MemoryError as error:
        sys.exit(f"counterpoise: the job ran out of memory ({error}); give its rule more mem_mb.")


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def parser(description: str | None, *paths: str) -> argparse.ArgumentParser:
    """A parser with ``--settings`` and the named required path options."""
    result = argparse.ArgumentParser(description=description)
    for path in paths:
        result.add_argument(f"--{path}", required=True)
    result.add_argument("--root", default="results", help="folder of all cohorts' results")
    result.add_argument(
        "--settings",
        type=settings,
        default={},
        help="a Python dictionary, as the workflow passes it: \"{'method': 'kr'}\"; '-' reads it "
        "from standard input",
    )
    return result


def add_map(arguments: argparse.ArgumentParser) -> None:
    """Add ``--map``, the three files of a map (``MapFiles``)."""
    arguments.add_argument("--map", nargs=3, required=True, metavar=("PIXELS", "BINS", "SOURCE"))


def add_run(arguments: argparse.ArgumentParser) -> None:
    """Add ``--run``, the three files of a balancing run (``RunFiles``)."""
    names = ("WEIGHTS", "TRACE", "VERDICT")
    arguments.add_argument("--run", nargs=3, required=True, metavar=names)


def add_memory(arguments: argparse.ArgumentParser) -> None:
    """``--memory-mb``, the memory of the job; what comes of it is the program's own."""
    arguments.add_argument(
        "--memory-mb",
        type=lambda text: int(text) - AROUND,
        help=f"of the job, {AROUND} of it for what runs around it; larger maps stream from disk",
    )


def settings(text: str) -> dict[str, Any]:
    """The settings of a job, a Python literal: the text itself, or ``-`` for standard input.

    Linux takes no argument of more than 128 kB, and the names of a thousand samples are more.
    """
    value = ast.literal_eval(sys.stdin.read() if text == "-" else text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"not a dictionary: {text}")
    return value


def result_paths(arguments: argparse.Namespace) -> ResultPaths:
    """Where the results are of the cohort, or experiment on it, that the settings name."""
    named = arguments.settings
    return ResultPaths(named["cohort"], arguments.root, named.get("experiment", BASE))
