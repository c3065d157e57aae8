"""The choice of backend and device for a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from counterpoise.backends import AUTO, backends, find_backend
from counterpoise.backends.base import BackendSpec
from counterpoise.contacts.contact_map import ContactMap, StoredContacts
from counterpoise.contacts.selection import Selection
from counterpoise.errors import ConfigError


@dataclass(frozen=True)
class BackendChoice:
    """Backend and device of a run.

    Attributes
    ----------
    backend : str
        Name of a backend, never ``auto``.
    device : str
        ``cpu``, ``cuda`` or another device of the backend.
    note : str
        Why ``auto`` did not use a backend of higher rank; empty if it took the first, or if the
        backend or the device was asked for by name.
    """

    backend: str
    device: str = "cpu"
    note: str = ""

    @property
    def device_name(self) -> str:
        """The device as verdicts name it, such as ``cuda (NVIDIA H100)``."""
        return find_backend(self.backend).describe_device(self.device)


def check_device(backend: str, device: str | None) -> None:
    """Refuse a device that no backend knows, or that the chosen backend does not.

    Parameters
    ----------
    backend : str
        ``auto`` or the name of a backend.
    device : str, optional
        Name of a device.

    Raises
    ------
    ConfigError
        There is no such backend or device, or they do not go together.
    """
    spec = None if backend == AUTO else find_backend(backend)
    if device is None:
        return
    suitable = [each.name for each in backends().values() if device in each.devices]
    if not suitable:
        names = dict.fromkeys(name for each in backends().values() for name in each.devices)
        raise ConfigError(f"device is {device!r}; it must be {', '.join(names)} or null.")
    if spec is not None and device not in spec.devices:
        raise ConfigError(
            f"device is {device!r}, but backend {backend} runs on {', '.join(spec.devices)} only; "
            f"choose {', '.join(suitable)} or {AUTO}."
        )


def automatic_backends(device: str | None = None) -> list[BackendSpec]:
    """Return the backends that ``auto`` tries.

    Parameters
    ----------
    device : str, optional
        Name of a device; only backends whose first device it is are returned.

    Returns
    -------
    list of BackendSpec
        In descending order of ``auto_rank``.
    """
    ranked = [
        (spec.auto_rank, spec)
        for spec in backends().values()
        if spec.auto_rank is not None and device in (None, spec.devices[0])
    ]
    return [spec for _, spec in sorted(ranked, key=lambda pair: -pair[0])]


def expected_backend(backend: str, device: str | None) -> BackendSpec:
    """Return the backend for which jobs request memory and an environment.

    The map is not yet known.

    Parameters
    ----------
    backend : str
        ``auto`` or the name of a backend.
    device : str, optional
        Name of a device.

    Returns
    -------
    BackendSpec
        For ``auto`` the best on this device, by default the one that accepts every map.
    """
    if backend != AUTO:
        return find_backend(backend)
    return automatic_backends(device)[0 if device else -1]


def choose_backend(
    backend: str, device: str | None, contacts: ContactMap, selections: Iterable[Selection]
) -> BackendChoice:
    """Choose the backend and the device that balance these selections.

    Parameters
    ----------
    backend : str
        ``auto`` or the name of a backend.
    device : str, optional
        A device. With ``auto``, backends on other devices are not considered, and the one on this
        device is used whatever the size of the map.
    contacts : ContactMap
        The map.
    selections : iterable of Selection
        The parts to balance.

    Returns
    -------
    BackendChoice

    Raises
    ------
    ConfigError
        There is no such backend or device, or the map is on disk and the backend cannot stream.
    """
    check_device(backend, device)
    if isinstance(contacts, StoredContacts):
        return _choose_streaming(backend, device)
    if backend != AUTO:
        return BackendChoice(backend, find_backend(backend).find_device(device))
    parts = list(selections)
    notes: list[str] = []
    for spec in automatic_backends(device):
        objection = "" if device else spec.decline(contacts, parts)
        if not objection:
            return BackendChoice(spec.name, spec.find_device(device), "; ".join(notes))
        notes.append(objection)
    raise ConfigError(f"no backend accepts the map: {'; '.join(notes)}.")


def _choose_streaming(backend: str, device: str | None) -> BackendChoice:
    """Choose a backend for a map that is on disk because it is larger than the job's memory."""
    candidates = automatic_backends(device) if backend == AUTO else [find_backend(backend)]
    for spec in candidates:
        if spec.streams:
            note = "on the CPU: the map streams from disk" if backend == AUTO else ""
            return BackendChoice(spec.name, spec.find_device(device), note)
    streaming = " or ".join(spec.name for spec in backends().values() if spec.streams)
    raise ConfigError(
        f"backend {backend}{f' on device {device}' if device else ''} holds the whole map in "
        "memory, and this one is larger than the job's; give the job more (mem_mb), or "
        f"choose backend {streaming}."
    )
