"""The native library: C functions with a plain interface, called through ctypes.

A wheel holds it; in a clone, ``make setup`` compiles it (``setup.py``). It does not use Python's C
interface, so one library serves every version of Python, and a job loads it in a millisecond.
"""

from __future__ import annotations

import ctypes
import operator
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from counterpoise.errors import SetupError

# The same on every system; the loaders of Linux and macOS take any ending.
FILE_NAME = "_native.so"

# Raised, here and in native/reading.c, when the arguments of a function or a structure change.
INTERFACE = 4

# Arguments of each function: p an array (or an address), i an integer, d a float.
SIGNATURES = {
    "interface": "",
    "processor_level": "",
    "row_bounds": "ppiiippdippp",
    "measure_slab": "ppiiippip",
    "fill_slab": "ppiiippppp",
    "product": "ppipp",
    "read_chunks": "piippiiiip",
    "check_pixels": "pppiiip",
    "add_marginals": "pppiiipppp",
    "add_statistics": "pppiippipp",
    "add_to_picture": "pppiipppiip",
    "coarsen_pixels": "pppiippippp",
}
_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "d": ctypes.c_double}
_REMEDY = (
    "Install the package again, in a clone of the repository: 'make setup', or 'pip install "
    "--force-reinstall .'."
)


def available_threads() -> int:
    """Return the number of processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_library(folder: Path, interface: int = INTERFACE) -> ctypes.CDLL:
    """Load the native library from a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with the compiled library.
    interface : int
        Version of the interface that the library must have.

    Returns
    -------
    ctypes.CDLL
        The library, with the argument types of ``SIGNATURES``.

    Raises
    ------
    SetupError
        The library is missing, cannot be loaded or has another interface.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise SetupError(f"counterpoise's native library is missing. {_REMEDY}")
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise SetupError(
            f"counterpoise's native library cannot be loaded ({error}). {_REMEDY}"
        ) from error
    if not hasattr(loaded, "interface") or loaded.interface() != interface:
        raise SetupError(f"counterpoise's native library is of another version. {_REMEDY}")
    for name, signature in SIGNATURES.items():
        function = getattr(loaded, name)
        function.argtypes = [_TYPES[kind] for kind in signature]
        function.restype = ctypes.c_int64
    return loaded


@cache
def library() -> ctypes.CDLL:
    """Return the library that was compiled at installation; see ``load_library``."""
    return load_library(Path(__file__).parent)


def call(name: str, *arguments: Any) -> int:
    """Call a function of the native library.

    The interpreter's lock is released meanwhile, so threads run in parallel.

    Parameters
    ----------
    name : str
        Name of the function.
    *arguments : numpy.ndarray, int or float
        As ``SIGNATURES`` says; arrays must be contiguous.

    Returns
    -------
    int
        The function's result.

    Raises
    ------
    TypeError
        An argument has another type than the signature says.
    ValueError
        The number of arguments is wrong, or an array is not contiguous.
    """
    converted = [
        _CONVERTERS[kind](argument)
        for kind, argument in zip(SIGNATURES[name], arguments, strict=True)
    ]
    return int(getattr(library(), name)(*converted))


def _address(argument: Any) -> int:
    """Return the address of an array's data, or an address as it is."""
    if not isinstance(argument, np.ndarray):
        return operator.index(argument)
    if not argument.flags.c_contiguous:
        raise ValueError("the native library takes contiguous arrays only")
    return int(argument.ctypes.data)


_CONVERTERS: dict[str, Callable[[Any], int | float]] = {
    "p": _address,
    "i": operator.index,
    "d": float,
}
