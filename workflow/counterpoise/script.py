"""What the thin scripts under ``scripts/`` share."""

from __future__ import annotations

import argparse
import ast
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from counterpoise.errors import CounterpoiseError
from counterpoise.memory import keep_freed_memory


def run(main: Callable[[], None]) -> None:
    """Run a script; an error meant for the user is printed without a traceback, exit status 1."""
    keep_freed_memory()
    try:
        main()
    except CounterpoiseError as error:
        sys.exit(f"counterpoise: {error}")
    except MemoryError as error:
        sys.exit(f"counterpoise: the job ran out of memory ({error}); give its rule more mem_mb.")


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


def prepare_jobs() -> None:
    """Let the jobs find their ``python`` and this package, through what they inherit.

    The ``python`` is the one that runs Snakemake, also where no environment was activated; the
    package is this one, also in a conda environment of the rules' own.
    """
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", Path(__file__).parent.parent)


def _prepend(variable: str, folder: Path) -> None:
    others = [part for part in os.environ.get(variable, "").split(os.pathsep) if part]
    os.environ[variable] = os.pathsep.join(dict.fromkeys([str(folder), *others]))


def settings(text: str) -> dict[str, Any]:
    """The settings of a job, a Python literal: the text itself, or ``-`` for standard input.

    Linux takes no argument of more than 128 kB, and the names of a thousand samples are more.
    """
    value = ast.literal_eval(sys.stdin.read() if text == "-" else text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"not a dictionary: {text}")
    return value


def say(message: str) -> None:
    """A line of progress on standard error, which the workflow keeps as the job's log."""
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


class Progress:
    """Pixels read so far, a line every few seconds."""

    def __init__(self, every_seconds: float = 5.0) -> None:
        self.every, self.begin, self.last = every_seconds, time.monotonic(), time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self.last < self.every:
            return
        self.last = now
        share = f" of {total:,} ({done / total:.0%})" if total else ""
        say(f"{done:,} pixels{share}, {done / (now - self.begin):,.0f} a second")
