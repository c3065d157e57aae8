"""The settings of the cohort, and which of them are not the defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from counterpoise.report.sections.facts import Setting


class SettingsGroup(NamedTuple):
    """The settings of a section of the configuration.

    Attributes
    ----------
    section : str
        Name of the section.
    changed : list of Setting
        Those that differ from their defaults.
    kept : list of Setting
        The others.
    """

    section: str
    changed: list[Setting]
    kept: list[Setting]


def group_settings(settings: Sequence[Setting]) -> list[SettingsGroup]:
    """Group settings by section.

    Parameters
    ----------
    settings : sequence of Setting
        The settings.

    Returns
    -------
    list of SettingsGroup
        In the order of the settings.
    """
    groups: dict[str, SettingsGroup] = {}
    for setting in settings:
        group = groups.setdefault(setting.section, SettingsGroup(setting.section, [], []))
        (group.kept if setting.default is None else group.changed).append(setting)
    return list(groups.values())
