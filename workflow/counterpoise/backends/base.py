"""The contract of a backend: the operator that methods use, and the declaration of a backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector
from counterpoise.contacts.contact_map import ContactMap, Contacts
from counterpoise.contacts.selection import Selection


class Operator(Protocol):
    """The symmetric matrix A of one selection of contacts, restricted to its kept bins.

    Attributes
    ----------
    size : int
        Number of kept bins.
    xp : module
        ``numpy``, or ``torch`` if the vectors live on its device. Methods use only names that
        both have (``xp.sqrt``, ``xp.where``, ``x.sum()``), so they run on either.
    """

    size: int

    @property
    def xp(self) -> Any:
        """The module that computes with this operator's vectors."""
        ...

    def ones(self) -> Vector:
        """Return float64 [size] of ones on the device of this operator."""
        ...

    def product(self, x: Vector) -> Vector:
        """Multiply by A.

        Parameters
        ----------
        x : Vector
            float64 [size].

        Returns
        -------
        Vector
            A x, float64 [size]. The same x gives the same bits at every call.
        """
        ...

    def restrict(self, kept: NDArray[np.bool_]) -> Operator:
        """Return the operator on fewer bins, which shares the memory of this one.

        Parameters
        ----------
        kept : numpy.ndarray
            bool [size], True for the bins that stay.
        """
        ...


MakeOperator = Callable[[ContactMap, Selection, int | None, str | None], Operator]


def _never_decline(contacts: Contacts, selections: Sequence[Selection]) -> str:
    """Accept every map: ``BackendSpec.decline`` of a backend that always works."""
    return ""


def _find_cpu(device: str | None) -> str:
    """Return ``cpu``: ``BackendSpec.find_device`` of a backend that knows nothing else."""
    return "cpu"


@dataclass(frozen=True)
class BackendSpec:
    """Declaration of a backend.

    A module of ``counterpoise.backends`` lists its own in ``BACKENDS``. All modules are imported
    to read these lists, so imports that cost time (torch) belong inside the functions.

    Attributes
    ----------
    name : str
        Name in the configuration, in ``counterpoise.balance`` and in the verdict.
    summary : str
        What it is, in one phrase without a period, for ``conf/backend/NAME.yaml``.
    make_operator : callable
        ``make_operator(contacts, selection, threads, device)`` returns an ``Operator``.
    devices : tuple of str, default ("cpu",)
        Devices that can be asked for; the first is the one that ``auto`` uses.
    streams : bool, default False
        Whether maps that stay on disk (``StoredContacts``) are balanced without loading them.
    auto_rank : int, optional
        ``auto`` tries backends in descending order of this number. None: only by name.
    decline : callable
        ``decline(contacts, selections)`` returns why ``auto`` should not use this backend for
        these selections, or an empty string to accept them.
    find_device : callable
        ``find_device(device)`` returns the name of the device used when ``device`` (a name, or
        None) is asked for; raises ``ConfigError`` if the machine has none.
    describe_device : callable
        ``describe_device(device)`` returns the device as verdicts name it.
    libraries : tuple of str
        Distributions whose versions verdicts record.
    environment : str
        File under ``envs/`` (without its ending) that jobs with this backend need.
    memory_mb : int
        Memory in MiB that the libraries of this backend add to a job.
    """

    name: str
    summary: str
    make_operator: MakeOperator
    devices: tuple[str, ...] = ("cpu",)
    streams: bool = False
    auto_rank: int | None = None
    decline: Callable[[Contacts, Sequence[Selection]], str] = _never_decline
    find_device: Callable[[str | None], str] = _find_cpu
    describe_device: Callable[[str], str] = str
    libraries: tuple[str, ...] = ()
    environment: str = "counterpoise"
    memory_mb: int = 0
