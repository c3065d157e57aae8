"""Settings, versions and inputs that differ between two folders of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

MOST_VALUES = 3  # pairs of values of one setting that are listed; of more, only how many there are


class SettingChange(NamedTuple):
    """A setting that differs.

    Attributes
    ----------
    name : str
        The setting as the configuration spells it, a version, or what is recorded of the input.
    a, b : object
        Its values; None if one has no such setting.
    runs : int
        Number of runs that it concerns.
    """

    name: str
    a: Any
    b: Any
    runs: int


def list_changes(
    verdicts: Iterable[tuple[str, Mapping[str, Any], Mapping[str, Any]]],
) -> list[SettingChange]:
    """List the settings, versions and inputs that differ.

    Parameters
    ----------
    verdicts : iterable of tuple
        The method's name and both verdicts of each run that has a result in both.

    Returns
    -------
    list of SettingChange
        In the order of the names in which they occur: first settings, then versions, then inputs.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    values: dict[tuple[str, str, str], tuple[Any, Any]] = {}
    for method, one, other in verdicts:
        a, b = flatten(method, one), flatten(method, other)
        for name in {**a, **b}:
            if a.get(name) != b.get(name):
                key = (name, repr(a.get(name)), repr(b.get(name)))
                values[key] = a.get(name), b.get(name)
                counts[key] += 1
    changes = [SettingChange(key[0], *values[key], counts[key]) for key in counts]
    names = list(dict.fromkeys(change.name for change in changes))
    return [
        each
        for name in sorted(names, key=_rank)
        for each in _shorten([change for change in changes if change.name == name])
    ]


def flatten(method: str, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a verdict records of settings, versions and input, by a name for each value.

    Parameters
    ----------
    method : str
        Name of the method in the cohort.
    verdict : mapping
        The verdict.
    """
    source = verdict.get("source", {})
    settings = {"method": verdict.get("method"), **verdict.get("settings", {})}
    mask = verdict.get("mask", {}).get("settings", {})
    copies = verdict.get("copy_number") or {}
    prior = verdict.get("prior") or {}
    return {
        **{f"methods.{method}.{key}": value for key, value in settings.items()},
        f"methods.{method}.apply_weights_of": verdict.get("weights_of"),
        f"methods.{method}.prior": prior.get("sources"),
        **{f"mask.{key}": value for key, value in mask.items()},
        "copy_number": copies.get("source"),
        **{f"fitness.{key}": value for key, value in verdict.get("fitness_limits", {}).items()},
        **{f"version of {key}": value for key, value in verdict.get("versions", {}).items()},
        "backend": verdict.get("backend"),
        "device": verdict.get("device"),
        "input: SHA-256": source.get("identity", {}).get("sha256"),
        "input: contacts": source.get("contacts"),
        "input: coarsened from": source.get("coarsened_from"),
    }


def _rank(name: str) -> int:
    """Return where a name is listed: settings, versions, the machine, inputs."""
    if name.startswith("input: "):
        return 3
    if name in ("backend", "device"):
        return 2
    return 1 if name.startswith("version of ") else 0


def _shorten(changes: list[SettingChange]) -> list[SettingChange]:
    """Return the changes of one setting, as a single one if there are many."""
    if len(changes) <= MOST_VALUES:
        return changes
    a, b = ({repr(getattr(change, side)) for change in changes} for side in "ab")
    runs = sum(change.runs for change in changes)
    return [SettingChange(changes[0].name, f"{len(a)} values", f"{len(b)} values", runs)]
