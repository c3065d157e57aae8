"""The environment that jobs inherit from the process that starts them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from counterpoise.files import temporary_path

# The variable with the folder of the scripts; the rules name it.
SCRIPTS = "COUNTERPOISE_SCRIPTS"

# Variables with the cache folder of a library: matplotlib, Triton, PyTorch's compiler.
CACHES = {
    "MPLCONFIGDIR": "matplotlib",
    "TRITON_CACHE_DIR": "triton",
    "TORCHINDUCTOR_CACHE_DIR": "torch",
}


def prepare_jobs(scripts: str | Path) -> None:
    """Set the environment variables that jobs inherit.

    Jobs use the ``python`` that runs Snakemake, even if no environment is activated, and this
    package, even in a conda environment of their own. They find the scripts through ``SCRIPTS``, so
    that no path of this machine appears in the shell commands that Snakemake records. Libraries
    that would keep a cache in the home directory, which may be slow or read-only on the nodes of a
    cluster, keep it in the temporary folder of each node.

    Parameters
    ----------
    scripts : str or Path
        Folder of the scripts.
    """
    os.environ[SCRIPTS] = str(scripts)
    _prepend("PATH", Path(sys.executable).parent)
    _prepend("PYTHONPATH", _folder_of_the_package())
    _place_caches()


def _folder_of_the_package() -> Path:
    """Return a folder from which Python imports this package and no other.

    A conda environment has packages and perhaps a Python of its own, so those that were installed
    next to this one must not come before them. The working folder then has a link to this package.
    """
    package = Path(__file__).parents[1]
    if not any(package.parent.glob("*.dist-info")):
        return package.parent
    folder = Path(".snakemake", "counterpoise").absolute()
    link = folder / package.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink() or link.readlink() != package:
            temporary = temporary_path(link)
            temporary.symlink_to(package)
            temporary.replace(link)
    except OSError:  # the working folder is read-only
        return package.parent
    return folder


def _place_caches() -> None:
    """Place caches in the node's temporary folder, unless the user chose a place.

    Where our folder there belongs to someone else, the libraries choose.
    """
    # tempfile.gettempdir() would write a file to test the folder.
    scratch = Path(os.environ.get("TMPDIR") or "/tmp", f"counterpoise-{os.getuid()}")
    usable = _is_private(scratch)
    for variable, folder in CACHES.items():
        current = os.environ.get(variable)
        # A cluster's job inherits what this function set on the node that sent the job.
        if current is not None and Path(current).parent.name != scratch.name:
            continue
        if usable:
            os.environ[variable] = str(scratch / folder)
        else:
            os.environ.pop(variable, None)


def _is_private(folder: Path) -> bool:
    """Make the folder if it is missing; tell whether only this user can write to it.

    Libraries load what is in these caches as code, and anyone can write to a temporary folder.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:  # the disk is missing, full or read-only
        return False
    closed = not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and closed


def _prepend(variable: str, folder: Path) -> None:
    """Put a folder first in a variable that lists folders, whether it is listed already or not."""
    others = [part for part in os.environ.get(variable, "").split(os.pathsep) if part]
    os.environ[variable] = os.pathsep.join([str(folder), *others])
