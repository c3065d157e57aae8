"""Who computes: what ``backend: auto`` chooses, and why not the GPU where it does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from counterpoise.backends import Backend
from counterpoise.contacts.contact_map import ContactMap, Contacts, StoredContacts
from counterpoise.contacts.selection import Selection
from counterpoise.errors import ConfigError

DEVICES = ("cpu", "cuda")

# When the GPU pays: importing torch, starting CUDA and compiling the kernel take about three
# seconds, and bringing a nonzero there about as long as the CPU needs for some products of it. A
# balancing run takes 60 products or more, each half a nanosecond a nonzero on two cores.
START_SECONDS = 3.0
CPU_SECONDS_A_NONZERO = 60 * 0.5e-9
WORTHWHILE = round(START_SECONDS / CPU_SECONDS_A_NONZERO)  # nonzeros: 100 million

# What the device holds (``backends.torch``): columns and counts of the upper triangle, while the
# layout is made, and of both triangles, twice, since SCALE lays out a map of ones besides; the
# temporaries of one slab; for each bin the vectors of a method and where its segments start.
COLUMN_BYTES, LAYOUT_COLUMN_BYTES, WIDE_COUNT_BYTES = 4, 2, 8
SLAB_BYTES = 3 * 2**30
BIN_BYTES, SEGMENT_BYTES = 256, 32


@dataclass(frozen=True)
class BackendChoice:
    """Backend and device of a run.

    Attributes
    ----------
    backend : ``torch``, or what was asked for; ``auto`` then means the fast one on the CPU.
    device : ``cpu`` or ``cuda``.
    note : why ``auto`` stays on the CPU; empty where it does not, or was not asked.
    """

    backend: Backend
    device: str = "cpu"
    note: str = ""

    @property
    def device_name(self) -> str:
        """The device for records, ``cuda`` with the name of the GPU."""
        if self.device == "cpu":
            return self.device
        import torch

        return f"{self.device} ({torch.cuda.get_device_name()})"


def check_device(backend: str, device: str | None) -> None:
    """Refuse a device that does not exist, and CUDA for a backend that knows none.

    Raises
    ------
    ConfigError
    """
    if device is not None and device not in DEVICES:
        raise ConfigError(f"device is {device!r}; it must be cuda, cpu or null.")
    if device == "cuda" and Backend(backend) not in (Backend.AUTO, Backend.TORCH):
        raise ConfigError(
            f"device is 'cuda', where backend {backend} knows the CPU alone; choose torch or auto."
        )


def choose_backend(
    backend: str, device: str | None, contacts: ContactMap, selections: Iterable[Selection]
) -> BackendChoice:
    """The backend and the device that a run of these selections computes on.

    Parameters
    ----------
    backend : the name of a ``Backend``.
    device : ``cuda``, ``cpu`` or None. With ``auto``, ``cuda`` means: on the GPU or not at all.

    Raises
    ------
    ConfigError : no such device, or ``cuda`` is asked for and there is none.
    """
    check_device(backend, device)
    wanted = Backend(backend)
    if isinstance(contacts, StoredContacts):
        if wanted not in (Backend.AUTO, Backend.NATIVE) or device == "cuda":
            raise ConfigError(
                f"backend {wanted}{' on a GPU' if device == 'cuda' else ''} holds the whole map in "
                "memory, and this one is larger than the job's; give the job more (mem_mb), or "
                "choose backend native."
            )
        streams = "on the CPU: the map streams from disk" if wanted is Backend.AUTO else ""
        return BackendChoice(wanted, note=streams)
    if wanted is Backend.TORCH or device == "cuda":
        from counterpoise.backends.torch import find_device

        return BackendChoice(Backend.TORCH, find_device(device).type)
    if wanted is not Backend.AUTO or device == "cpu":
        return BackendChoice(wanted)
    note = why_not(contacts, list(selections))
    return BackendChoice(wanted, note=note) if note else BackendChoice(Backend.TORCH, "cuda")


def why_not(contacts: Contacts, selections: list[Selection]) -> str:
    """Why ``auto`` leaves these selections to the CPU, cheapest question first; else empty."""
    if missing := no_gpu():
        return missing
    nonzeros = sum(_pixels(contacts, selection) for selection in selections)
    if nonzeros < WORTHWHILE:
        return (
            f"on the CPU, since a map of {nonzeros:,} pixels is balanced there before a GPU is "
            f"ready (it pays from about {WORTHWHILE:,})"
        )
    import torch

    from counterpoise.backends.torch import why_no_cuda

    if not torch.cuda.is_available():
        return f"on the CPU: {why_no_cuda()}"
    needed = max(device_bytes(contacts, selection) for selection in selections)
    free, _ = torch.cuda.mem_get_info()
    if needed > free:
        return (
            f"on the CPU, since the map needs {needed / 2**30:.1f} GiB on the GPU "
            f"and {free / 2**30:.1f} GiB are free there"
        )
    return ""


def no_gpu() -> str:
    """Why there can be no CUDA device here, told without the 1.5 s that importing torch takes.

    NVIDIA's driver makes ``/dev/nvidia0`` and so on (``/dev/dxg`` in WSL) and comes with
    ``nvidia-smi``; ``CUDA_VISIBLE_DEVICES`` is how cluster schedulers hide devices. Empty where
    there may be one.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1", "NoDevFiles"):
        return "on the CPU, since CUDA_VISIBLE_DEVICES hides every GPU"
    if not (_driver_files() or shutil.which("nvidia-smi")):
        return "on the CPU, since this machine has no NVIDIA GPU"
    if find_spec("torch") is None:
        return "on the CPU, since torch is not installed; the GPU needs a CUDA build of it"
    return ""


def _driver_files() -> list[Path]:
    return [*Path("/dev").glob("nvidia[0-9]*"), *Path("/dev").glob("dxg")]


def device_bytes(contacts: Contacts, selection: Selection) -> int:
    """Most memory on the device while a selection is brought there and balanced."""
    narrow = contacts.counts.dtype == np.uint16
    count = contacts.counts.itemsize if narrow else WIDE_COUNT_BYTES
    pixel = COLUMN_BYTES + count + 4 * (LAYOUT_COLUMN_BYTES + count)
    bins = selection.hi - selection.lo
    panels = (bins >> 8 * LAYOUT_COLUMN_BYTES) + 1
    a_bin = BIN_BYTES + SEGMENT_BYTES * panels
    return SLAB_BYTES + bins * a_bin + pixel * _pixels(contacts, selection)


def _pixels(contacts: Contacts, selection: Selection) -> int:
    """Stored pixels in the rows of a selection."""
    return int(contacts.indptr[selection.hi] - contacts.indptr[selection.lo])
