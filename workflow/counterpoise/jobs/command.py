"""Command lines of the scripts in ``scripts/``."""

from __future__ import annotations

import argparse
import ast
import signal
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from counterpoise.errors import CounterpoiseError
from counterpoise.files import is_disk_full
from counterpoise.jobs.job import Job
from counterpoise.jobs.limits import JOB_MB, address_space_mb, check_address_space
from counterpoise.jobs.resources import SNAKEMAKE_MB
from counterpoise.process import exit_on_signal, keep_freed_memory
from counterpoise.store.paths import MapFiles, MultiqcFiles


class _MapAction(argparse.Action):
    """Stores the files of a map, given one or all of them."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        setattr(namespace, self.dest, MapFiles.in_folder(Path(values[-1]).parent))


# Options of the scripts, as ``argparse`` takes them.
OPTIONS: dict[str, dict[str, Any]] = {
    "map": {
        "nargs": "+",
        "action": _MapAction,
        "metavar": "PATH",
        "required": True,
        "help": "source.json of a map, or its three files, which are in one folder",
    },
    "finer": {
        "nargs": "*",
        "default": [],
        "metavar": "PATH",
        "help": "the three files of a finer map of the sample, which is summed",
    },
    "whole": {
        "nargs": "*",
        "default": [],
        "metavar": "PATH",
        "help": "the three files of the map of which contacts are drawn",
    },
    "least": {
        "nargs": "*",
        "default": [],
        "metavar": "PATH",
        "help": "JSON file that find_least.py wrote",
    },
    "run": {
        "nargs": 3,
        "metavar": ("WEIGHTS", "TRACE", "VERDICT"),
        "required": True,
        "help": "the three files of a run: weights.parquet, trace.parquet, verdict.json",
    },
    "verdicts": {
        "nargs": "+",
        "metavar": "PATH",
        "required": True,
        "help": "verdict.json of each run, next to the run's other files",
    },
    "mask": {"required": True, "help": "Parquet file of the map's mask"},
    "group": {"required": True, "help": "name of a group of samples, as in paths"},
    "group-mask": {"required": True, "help": "Parquet file of the mask of a group of samples"},
    "shared": {
        "nargs": 2,
        "metavar": ("MASK", "COSTS"),
        "required": True,
        "help": "Parquet file and table to write of the mask of a group",
    },
    "record": {"required": True, "help": "JSON file that inspect_input.py wrote"},
    "state": {"required": True, "help": "JSON file with the state of the source file"},
    "first": {
        "nargs": "*",
        "default": [],
        "metavar": "PATH",
        "help": "record and version of another sample with the same file, which was read before",
    },
    "prior": {
        "nargs": "*",
        "default": [],
        "metavar": "PATH",
        "help": "pool of the sample's group and the sample's weights without a prior, or the prior "
        "by a file",
    },
    "applied": {
        "nargs": "*",
        "default": [],
        "metavar": "PATH",
        "help": "weights.parquet of the sample whose weights are applied, and bins.parquet of its "
        "map",
    },
    "output": {"required": True, "help": "file to write"},
    "concordance": {"required": True, "help": "table of pairs of samples to write"},
    "outputs": {
        "nargs": "+",
        "metavar": "PATH",
        "required": True,
        "help": "file to write for each run",
    },
    "summary": {"required": True, "help": "summary.tsv to write"},
    "samples": {"required": True, "help": "samples.tsv to write"},
    "report": {"required": True, "help": "report.html to write"},
    "multiqc": {
        "nargs": len(MultiqcFiles._fields),
        "metavar": tuple(name.upper() for name in MultiqcFiles._fields),
        "required": True,
        "help": "files for MultiQC to write",
    },
    "differences": {"required": True, "help": "differences.html to write"},
    "table": {"required": True, "help": "differences.tsv to write"},
    "sample": {"help": "name of the sample"},
    "method": {"required": True, "help": "name of the method in the cohort"},
    "resolution": {"type": int, "required": True, "help": "bin size in base pairs"},
    "root": {"default": "results", "help": "folder of all cohorts' results (default: results)"},
    "threads": {"type": int, "help": "threads; by default all that the process may use"},
    "memory-mb": {
        "type": int,
        "help": f"memory of the job in MiB, of which {SNAKEMAKE_MB} are for the processes around "
        "it; a larger map streams from disk",
    },
    "package": {"required": True, "help": "name of the package on PyPI"},
    "archive": {"required": True, "help": "source package to read"},
    "matrix": {"required": True, "help": "contacts: lines of bin, bin, count"},
    "bed": {"required": True, "help": "bins: lines of chromosome, start, end, number"},
}


def run(main: Callable[[], None]) -> None:
    """Run a script and end with status 1 after an error.

    An error of Counterpoise is printed without a traceback. SIGTERM, with which a scheduler ends a
    job, ends the script as an exception does: half-written files are removed. The script imports
    its job in ``main``, after the limit on the address space was checked.

    Parameters
    ----------
    main : callable
        The script.
    """
    signal.signal(signal.SIGTERM, exit_on_signal)
    keep_freed_memory()
    try:
        check_address_space(JOB_MB)
        main()
    except CounterpoiseError as error:
        sys.exit(f"counterpoise: {error}")
    except MemoryError as error:
        sys.exit(f"counterpoise: the job ran out of memory{_describe_memory(error)}.")
    except Exception as error:
        if not is_disk_full(error):
            raise
        sys.exit(f"counterpoise: a disk is full: {' '.join(str(error).split())}")


def _describe_memory(error: MemoryError) -> str:
    """Return what is known about a lack of memory, and the remedy."""
    detail = f" ({error})" if str(error) else ""
    if (limit := address_space_mb()) is not None:
        return f"{detail}: its address space is limited to {limit:,} MiB (ulimit -v); raise this"
    return f"{detail}; give its rule more mem_mb"


def parse(description: str | None, job: type[Job], *options: str) -> argparse.Namespace:
    """Parse the command line of a script.

    Parameters
    ----------
    description : str or None
        What the script does.
    job : type
        Class of its job.
    *options : str
        Names of its options, among ``OPTIONS``.

    Returns
    -------
    argparse.Namespace
        The values by name, and the job as ``job``.
    """
    names = ", ".join(item.name for item in fields(job))
    parser = argparse.ArgumentParser(description=description)
    for option in options:
        parser.add_argument(f"--{option}", **OPTIONS[option])
    parser.add_argument(
        "--settings",
        dest="job",
        type=lambda text: job.from_params(read_settings(text)),
        default="{}",
        help=f"Python dictionary with the settings of the job ({names}); '-' reads it from "
        "standard input",
    )
    return parser.parse_args()


def read_settings(text: str) -> dict[str, Any]:
    """Read the settings of a job, a Python literal.

    Parameters
    ----------
    text : str
        The literal; ``-`` for standard input, because Linux takes no argument of more than 128 kB
        and the names of a thousand samples are longer.

    Returns
    -------
    dict
        The settings.

    Raises
    ------
    argparse.ArgumentTypeError
        If the literal is not a dictionary.
    """
    value = ast.literal_eval(sys.stdin.read() if text == "-" else text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"not a dictionary: {text}")
    return value
