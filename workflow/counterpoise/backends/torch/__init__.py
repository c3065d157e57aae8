"""The torch backend: whole algorithms on a CUDA device, or on the CPU by the same code.

This module decides whether a GPU is worth using, without importing torch (1.5 s) before it must.

============= ============================================================================
``operator``  the product ``y = A x``, by a Triton program or by torch's own operations
``panel_csr`` the sparse format of a map on the device
``triton``    the product of the panel CSR on CUDA, as programs in Triton
============= ============================================================================
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from counterpoise.backends.base import BackendSpec, Operator
from counterpoise.contacts.contact_map import ContactMap, Contacts
from counterpoise.contacts.selection import Selection
from counterpoise.errors import ConfigError
from counterpoise.installation import name_missing_extra

# When a GPU pays: importing torch, starting CUDA and compiling the Triton programs take 3.7 s on an
# H100, where KR and ICE of a map in memory then save 7.5 ns a nonzero beside two cores, on average
# (benchmarks/README.md, "GPU"; beside four cores half of that): 3.7 s / 7.5 ns.
GPU_MIN_PIXELS = 500_000_000

# Memory on the device (see ``panel_csr``): columns and counts of the upper triangle while the panel
# CSR is made, and of both triangles, twice, since SCALE makes a second map of ones; the temporaries
# of one slab; for each bin the vectors of a method and the starts of its segments.
COLUMN_BYTES, PANEL_COLUMN_BYTES, WIDE_COUNT_BYTES = 4, 2, 8
SLAB_BYTES = 3 * 2**30
BIN_BYTES, SEGMENT_BYTES = 256, 32


def decline_map(contacts: Contacts, selections: Sequence[Selection]) -> str:
    """Explain why ``auto`` should balance these selections on the CPU, cheapest question first.

    Parameters
    ----------
    contacts : Contacts
        The map, in memory.
    selections : sequence of Selection
        Parts that are balanced one after the other.

    Returns
    -------
    str
        The reason; empty if a GPU is there, has room for the map and will be faster.
    """
    if missing := explain_missing_gpu():
        return missing
    pixels = sum(_count_pixels(contacts, selection) for selection in selections)
    if pixels < GPU_MIN_PIXELS:
        return (
            f"on the CPU, since a map of {pixels:,} pixels is balanced there before a GPU is "
            f"ready (it pays from about {GPU_MIN_PIXELS:,})"
        )
    import torch

    if not torch.cuda.is_available():
        return f"on the CPU: {explain_missing_cuda()}"
    needed = max(predict_device_bytes(contacts, selection) for selection in selections)
    free, _ = torch.cuda.mem_get_info()
    if needed > free:
        return (
            f"on the CPU, since the map needs {needed / 2**30:.1f} GiB on the GPU "
            f"and {free / 2**30:.1f} GiB are free there"
        )
    return ""


def explain_missing_gpu() -> str:
    """Explain why this process has no CUDA device, without importing torch.

    NVIDIA's driver creates ``/dev/nvidia0`` and so on (``/dev/dxg`` in WSL) and comes with
    ``nvidia-smi``; cluster schedulers hide devices with ``CUDA_VISIBLE_DEVICES``.

    Returns
    -------
    str
        The reason; empty if there may be a device.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1", "NoDevFiles"):
        return "on the CPU, since CUDA_VISIBLE_DEVICES hides every GPU"
    if not (_driver_files() or shutil.which("nvidia-smi")):
        return "on the CPU, since this machine has no NVIDIA GPU"
    if find_spec("torch") is None:
        return "on the CPU, since torch is not installed; the GPU needs a CUDA build of it"
    return ""


def _driver_files() -> list[Path]:
    """Return the device files that NVIDIA's driver creates."""
    return [*Path("/dev").glob("nvidia[0-9]*"), *Path("/dev").glob("dxg")]


def explain_missing_cuda() -> str:
    """Explain why torch finds no CUDA device, and what helps."""
    import torch

    if torch.version.cuda is None:
        return (
            f"the installed torch {torch.__version__} is built without CUDA; install a CUDA build "
            "of it"
        )
    return (
        "torch finds no CUDA device; look at nvidia-smi, at the driver's version and at "
        "CUDA_VISIBLE_DEVICES"
    )


def predict_device_bytes(contacts: Contacts, selection: Selection) -> int:
    """Predict the most memory that a selection takes on the device.

    Parameters
    ----------
    contacts : Contacts
        The map.
    selection : Selection
        The part that is balanced.

    Returns
    -------
    int
        Bytes.
    """
    narrow = contacts.counts.dtype == np.uint16
    count = contacts.counts.itemsize if narrow else WIDE_COUNT_BYTES
    pixel = COLUMN_BYTES + count + 4 * (PANEL_COLUMN_BYTES + count)
    bins = selection.hi - selection.lo
    panels = (bins >> 8 * PANEL_COLUMN_BYTES) + 1
    per_bin = BIN_BYTES + SEGMENT_BYTES * panels
    return SLAB_BYTES + bins * per_bin + pixel * _count_pixels(contacts, selection)


def _count_pixels(contacts: Contacts, selection: Selection) -> int:
    """Return the number of stored pixels in the rows of a selection."""
    return int(contacts.indptr[selection.hi] - contacts.indptr[selection.lo])


def find_device(device: str | None) -> str:
    """Return the name of the device to use.

    Parameters
    ----------
    device : {"cuda", "cpu"}, optional
        None finds CUDA if there is some, else the CPU.

    Returns
    -------
    str
        ``cuda`` or ``cpu``.

    Raises
    ------
    ConfigError
        ``cuda`` is asked for and there is none.
    MissingExtraError
        PyTorch is not installed.
    """
    with name_missing_extra("the backend torch needs"):
        import torch

    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise ConfigError(f"device is 'cuda': {explain_missing_cuda()}.")
    return device or ("cuda" if has_cuda else "cpu")


def _describe_device(device: str) -> str:
    """Return the device with the name of the GPU, such as ``cuda (NVIDIA H100)``."""
    if device == "cpu":
        return device
    import torch

    return f"{device} ({torch.cuda.get_device_name()})"


def _make_operator(
    contacts: ContactMap, selection: Selection, threads: int | None, device: str | None
) -> Operator:
    """Make the operator, a ``TorchOperator``."""
    from counterpoise.backends.torch.operator import TorchOperator

    return TorchOperator(contacts.load(), selection, find_device(device), threads)


BACKENDS = (
    BackendSpec(
        "torch",
        "PyTorch on a GPU if there is one, else on the CPU; `backend.device=cuda` requires a GPU",
        _make_operator,
        devices=("cuda", "cpu"),
        auto_rank=1,
        decline=decline_map,
        find_device=find_device,
        describe_device=_describe_device,
        libraries=("torch",),
        environment="counterpoise-torch",
        memory_mb=3000,
    ),
)
