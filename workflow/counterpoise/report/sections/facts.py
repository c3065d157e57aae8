"""What the page says about a cohort that is in none of its result files."""

from __future__ import annotations

from dataclasses import dataclass, field

NO_DEFAULT = ""  # stands for the default of a setting that has to be given


@dataclass(frozen=True)
class Setting:
    """A setting of the cohort.

    Attributes
    ----------
    section : str
        Its section of the configuration, such as ``mask`` or ``methods.kr``; ``cohort`` for none.
    name : str
        Its key.
    value : str
        Its value, as YAML spells it.
    default : str or None
        The default if the value differs from it, else None; ``NO_DEFAULT`` for a setting without.
    """

    section: str
    name: str
    value: str
    default: str | None = None


@dataclass(frozen=True)
class CohortFacts:
    """The configuration of a cohort as its page shows it.

    Attributes
    ----------
    primary : str
        The primary method; empty if unknown.
    columns : dict of str to str
        Name of the column of each method in the coolers.
    settings : list of Setting
        The settings that results depend on.
    groups : list of str
        Names in paths of the groups of samples that share a mask, a prior or a number of contacts.
    members : list of str
        Samples that are only read, as members of merged ones.
    """

    primary: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
