"""The compiled kernels: C with a plain interface, loaded without a compiler or a cache at run time.

`pip install` builds them (``setup.py``). They know nothing of Python, so one library serves every
version of it, and a job that needs them pays a millisecond.
"""

from __future__ import annotations

import ctypes
import operator
import os
import sysconfig
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from counterpoise.errors import SetupError

# Goes up, here and in native/reading.c, when a kernel's arguments or a structure change.
INTERFACE = 1

# What each kernel takes: p an array (or an address), i a whole number, d a float.
SIGNATURES = {
    "interface": "",
    "processor_level": "",
    "row_bounds": "ppiiipidippp",
    "measure_slab": "ppiiippip",
    "fill_slab": "ppiiippppp",
    "product": "ppiipp",
    "read_chunks": "piippiiiip",
    "check_pixels": "pppiiip",
    "add_marginals": "pppiiiippp",
}
_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "d": ctypes.c_double}


def available_threads() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def library() -> ctypes.CDLL:
    """The library that was built at installation.

    Raises
    ------
    SetupError : it was not built, cannot be loaded, or was built from other sources than these.
    """
    remedy = "Install the package again where it can be compiled ('make setup' or 'pip install .')."
    folder = Path(__file__).parent
    # This interpreter's own first; one built for another Python will do as well.
    own = folder / f"_kernels{sysconfig.get_config_var('EXT_SUFFIX')}"
    found = [own] if own.exists() else sorted(folder.glob("_kernels*.so"))
    if not found:
        raise SetupError(f"counterpoise's compiled kernels are missing. {remedy}")
    try:
        loaded = ctypes.CDLL(str(found[0]))
    except OSError as error:
        raise SetupError(
            f"counterpoise's compiled kernels cannot be loaded ({error}). {remedy}"
        ) from error
    if not hasattr(loaded, "interface") or loaded.interface() != INTERFACE:
        raise SetupError(f"counterpoise's compiled kernels are of another version. {remedy}")
    for name, signature in SIGNATURES.items():
        kernel = getattr(loaded, name)
        kernel.argtypes = [_TYPES[kind] for kind in signature]
        kernel.restype = ctypes.c_int64
    return loaded


def call(name: str, *arguments: Any) -> int:
    """Call a kernel. The interpreter's lock is free meanwhile, so threads run side by side.

    Parameters
    ----------
    arguments : as ``SIGNATURES`` says; arrays must be contiguous.

    Raises
    ------
    TypeError, ValueError : an argument of another kind.
    """
    converted = [
        _CONVERTERS[kind](argument)
        for kind, argument in zip(SIGNATURES[name], arguments, strict=True)
    ]
    return int(getattr(library(), name)(*converted))


def _address(argument: Any) -> int:
    if not isinstance(argument, np.ndarray):
        return operator.index(argument)
    if not argument.flags.c_contiguous:
        raise ValueError("the compiled kernels take contiguous arrays only")
    return int(argument.ctypes.data)


_CONVERTERS: dict[str, Callable[[Any], int | float]] = {
    "p": _address,
    "i": operator.index,
    "d": float,
}
