"""The environment that jobs inherit from the process that starts them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

# Variables that say where a library keeps its cache: matplotlib, Triton, PyTorch's compiler.
CACHES = {
    "MPLCONFIGDIR": "matplotlib",
    "TRITON_CACHE_DIR": "triton",
    "TORCHINDUCTOR_CACHE_DIR": "torch",
}


def prepare_jobs() -> None:
    """Let the jobs find their ``python``, this package and caches, through what they inherit.

    The ``python`` is the one that runs Snakemake, also where no environment was activated; the
    package is this one, also in a conda environment of the rules' own. Libraries that would keep
    a cache in the home directory, which on a cluster's nodes may be slow or read-only, keep it in
    the node's own temporary folder.
    """
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", Path(__file__).parents[2])
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
