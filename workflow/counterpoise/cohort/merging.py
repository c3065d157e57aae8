"""Samples that are made of others: the sections ``merge`` and ``merge_members``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from counterpoise.cohort.samples import Sample, check_name
from counterpoise.cohort.spelling import suggest
from counterpoise.errors import ConfigError

GROUP = "group"  # the word that merges every group
LABELS = ("condition", "replicate", "assembly", "copy_number")


class Members(StrEnum):
    """Values of ``merge_members``."""

    BALANCE = "balance"
    ONLY_MERGE = "only_merge"


@dataclass(frozen=True)
class MergedSamples:
    """Samples of a cohort after merging.

    Attributes
    ----------
    samples : dict of str to Sample
        Samples that are balanced and reported; merged ones come last.
    members : dict of str to list of str
        Names of the members of each merged sample.
    only_merged : dict of str to Sample
        Samples that are read for merged ones and not balanced.
    """

    samples: dict[str, Sample]
    members: dict[str, list[str]] = field(default_factory=dict)
    only_merged: dict[str, Sample] = field(default_factory=dict)


def merge_samples(
    merge: Any,
    keep: str,
    samples: dict[str, Sample],
    find_groups: Callable[[], Mapping[str, list[str]]],
) -> MergedSamples:
    """Add the samples that are made of others.

    Parameters
    ----------
    merge : object
        The section ``merge``: lists of names or patterns by the name of the new sample, or the word
        ``group``.
    keep : str
        The key ``merge_members``, one of ``Members``.
    samples : dict of str to Sample
        Samples with a file.
    find_groups : callable
        Returns the names of samples by group.

    Returns
    -------
    MergedSamples
        With the given samples alone if ``merge`` is empty.

    Raises
    ------
    ConfigError
        If ``merge`` is neither, an entry names no sample, a merged sample has fewer than two
        members, or its name is taken or unsafe.
    """
    if keep not in list(Members):
        raise ConfigError(f"merge_members is {keep!r}; it must be {' or '.join(Members)}.")
    if not merge:
        return MergedSamples(samples)
    members = _merge_groups(find_groups()) if merge == GROUP else _find_members(merge, samples)
    _check_names(members, samples, by_group=merge == GROUP)
    only_merged = {
        name: samples[name]
        for name in dict.fromkeys(name for names in members.values() for name in names)
        if keep == Members.ONLY_MERGE
    }
    balanced = {name: sample for name, sample in samples.items() if name not in only_merged}
    for name, names in members.items():
        if len({samples[each].copy_number for each in names}) > 1:
            raise ConfigError(
                f"merge.{name}: its members have different tables of copy numbers; give them one "
                "table, or leave the others out."
            )
    merged = {name: _combine([samples[k] for k in names]) for name, names in members.items()}
    return MergedSamples({**balanced, **merged}, members, only_merged)


def _merge_groups(groups: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the members of one sample for each group of two or more."""
    members = {name: names for name, names in groups.items() if len(names) > 1}
    if not members:
        raise ConfigError(
            "merge: no group has two samples; change group_by, or name the members of each merged "
            "sample."
        )
    return members


def _find_members(merge: Any, samples: Iterable[str]) -> dict[str, list[str]]:
    """Return the members of each sample that the section names."""
    if not isinstance(merge, dict):
        raise ConfigError(
            f"merge is {merge!r}; write lists of samples by the name of the new sample, or the "
            f"word {GROUP}."
        )
    members = {}
    for name, entries in merge.items():
        place = f"merge.{name}"
        texts = entries if isinstance(entries, list) else [entries]
        for text in (name, *texts):
            if not isinstance(text, str):
                raise ConfigError(f"{place}: {text!r} is no name; put it in quotes.")
        members[name] = _expand(place, texts, list(samples))
    return members


def _expand(place: str, texts: list[str], samples: list[str]) -> list[str]:
    """Return the samples that have one of these names, or a name of one of these patterns."""
    names: dict[str, None] = {}
    for text in texts:
        matching = [name for name in samples if name == text or fnmatchcase(name, text)]
        if not matching:
            raise ConfigError(f"{place}: there is no sample {text}.{suggest(text, samples)}")
        names.update(dict.fromkeys(matching))
    if len(names) < 2:
        raise ConfigError(
            f"{place} has one member ({', '.join(names)}); name two or more, or remove the entry."
        )
    return list(names)


def _check_names(members: Iterable[str], samples: Iterable[str], *, by_group: bool) -> None:
    """Refuse a merged sample whose name is no safe name, or that of another sample."""
    taken = {name.lower(): name for name in samples}
    for name in members:
        check_name("merge", name)
        if other := taken.get(name.lower()):
            if by_group:
                raise ConfigError(
                    f"merge.{name}: the group would be a sample of this name, and there is already "
                    f"a sample {other}; rename the sample, or change the labels of the group."
                )
            raise ConfigError(
                f"merge.{name}: there is already a sample {other}; choose a name that differs from "
                "it by more than case."
            )
        taken[name.lower()] = name


def _combine(members: list[Sample]) -> Sample:
    """Return a sample without a file, with the labels that all members share."""
    first, *others = members
    shared = {
        key: value
        for key in LABELS
        if (value := getattr(first, key)) and all(getattr(m, key) == value for m in others)
    }
    labels = {
        key: value
        for key, value in first.labels.items()
        if all(member.labels.get(key) == value for member in others)
    }
    return Sample(path="", labels=labels, **shared)
