"""The compiled kernels: C with a plain interface, loaded without a compiler or a cache at run time.

`pip install` builds them (``setup.py``). They know nothing of Python, so one library serves every
version of it, and a job that needs them pays a millisecond.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.errors import SetupError

COUNT_TYPES = [np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.float64)]


def available_threads() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def library() -> ctypes.CDLL:
    """The library that was built at installation.

    Raises
    ------
    SetupError : it was not built.
    """
    found = sorted(Path(__file__).parent.glob("_kernels*.so"))
    if not found:
        raise SetupError(
            "counterpoise's compiled kernels are missing. Install the package where it can be "
            "compiled ('make setup', or 'pip install .' with a C compiler), or set "
            "backend=scipy, which is slow."
        )
    loaded = ctypes.CDLL(str(found[0]))
    for name in ("measure_slab", "processor_level", "product", "check_pixels", "read_chunks"):
        getattr(loaded, name).restype = ctypes.c_int64
    return loaded


def address(array: NDArray[Any]) -> ctypes.c_void_p:
    """Where a contiguous array's first value lies."""
    if not array.flags.c_contiguous:
        raise ValueError("the compiled kernels take contiguous arrays only")
    return ctypes.c_void_p(array.ctypes.data)


def call(name: str, *arguments: Any) -> int:
    """Call a kernel: arrays go by address, whole numbers as int64, floats as double.

    The interpreter's lock is free meanwhile, so threads run side by side.
    """
    return int(getattr(library(), name)(*map(_converted, arguments)) or 0)


def _converted(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return address(argument)
    if isinstance(argument, (float, np.floating)):
        return ctypes.c_double(float(argument))
    return argument if isinstance(argument, ctypes.c_void_p) else ctypes.c_int64(int(argument))
