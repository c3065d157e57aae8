"""What the thin scripts under ``scripts/`` share."""

from __future__ import annotations

import argparse
import ast
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from counterpoise.errors import CounterpoiseError
from counterpoise.jobs.memory import AROUND
from counterpoise.process import keep_freed_memory
from counterpoise.store.paths import BASE, Layout

# Variables that say where a library keeps its cache: matplotlib, Triton, PyTorch's compiler.
CACHES = {
    "MPLCONFIGDIR": "matplotlib",
    "TRITON_CACHE_DIR": "triton",
    "TORCHINDUCTOR_CACHE_DIR": "torch",
}


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


def add_memory(arguments: argparse.ArgumentParser) -> None:
    """``--memory-mb``, the memory of the job; what comes of it is the program's own."""
    arguments.add_argument(
        "--memory-mb",
        type=lambda text: int(text) - AROUND,
        help=f"of the job, {AROUND} of it for what runs around it; larger maps stream from disk",
    )


def prepare_jobs() -> None:
    """Let the jobs find their ``python``, this package and caches, through what they inherit.

    The ``python`` is the one that runs Snakemake, also where no environment was activated; the
    package is this one, also in a conda environment of the rules' own. Libraries that would keep
    a cache in the home directory, which on a cluster's nodes may be slow or read-only, keep it in
    the node's own temporary folder.
    """
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", Path(__file__).parent.parent)
    _caches_in_scratch()


def _caches_in_scratch() -> None:
    """Each node's own folder, unless the user named one, or another user took ours."""
    # Not tempfile.gettempdir(), which writes a file to see whether it can.
    scratch = Path(os.environ.get("TMPDIR") or "/tmp", f"counterpoise-{os.getuid()}")
    ours = _is_ours(scratch)
    for variable, folder in CACHES.items():
        given = os.environ.get(variable)
        # A cluster's job inherits what was set here on the node from which it was sent.
        if given is not None and Path(given).parent.name != scratch.name:
            continue
        if ours:
            os.environ[variable] = str(scratch / folder)
        else:
            os.environ.pop(variable, None)


def _is_ours(folder: Path) -> bool:
    """Whether the folder, made if need be, is a real one that nobody else can write to.

    What lies in these caches is loaded as code, and a temporary folder is everybody's.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError:  # no such disk, or a full or read-only one: the libraries choose for themselves
        return False
    closed = not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and closed


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


def layout(arguments: argparse.Namespace) -> Layout:
    """Where the results are of the cohort, or experiment on it, that the settings name."""
    named = arguments.settings
    return Layout(named["cohort"], arguments.root, named.get("experiment", BASE))
