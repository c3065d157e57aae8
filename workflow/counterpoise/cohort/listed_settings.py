"""The settings of a cohort that its results depend on, next to their defaults, for the report.

Where results are logged and what computes them is not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.conf_files import as_yaml
from counterpoise.cohort.docstrings import leaves
from counterpoise.cohort.entries import AppliedSettings, PriorSettings, other_keys
from counterpoise.cohort.settings import METHOD_KEY, CohortSettings
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.methods import methods
from counterpoise.report.sections.facts import NO_DEFAULT, Setting

SECTIONS = ("chromosomes", "thin", "ingest", "mask", "fitness", "qc")
# The samples have tables of their own; ``sources`` are files to download.
UNLISTED = ("samples", "sources", "methods", "resolutions", "primary", "cohort")


def list_settings(cohort: Cohort) -> list[Setting]:
    """List the settings of a cohort.

    Parameters
    ----------
    cohort : Cohort
        The checked cohort.

    Returns
    -------
    list of Setting
        In the order of the configuration.
    """
    settings = cohort.settings
    sizes = settings.resolutions
    spelled = sizes if isinstance(sizes, str) else ", ".join(map(format_base_pairs, sizes))
    first = next(iter(cohort.methods), "")
    listed = [
        Setting("cohort", "cohort", settings.cohort, NO_DEFAULT),
        Setting("cohort", "resolutions", spelled, NO_DEFAULT),
        Setting(
            "cohort", "primary", settings.primary, None if settings.primary == first else first
        ),
        *_compare("cohort", settings, CohortSettings),
    ]
    for section in SECTIONS:
        part = getattr(settings, section)
        listed += _compare(section, part, type(part))
    for name in cohort.methods:
        listed += _list_method(cohort, name)
    return listed


def _list_method(cohort: Cohort, name: str) -> Iterator[Setting]:
    """Yield the settings of an entry of ``methods``."""
    section, algorithm = f"methods.{name}", cohort.algorithms[name]
    if algorithm != name:
        yield Setting(section, METHOD_KEY, algorithm, name)
    settings = cohort.methods[name]
    yield from _compare(section, settings, type(settings))
    others: dict[str, Any] = {
        "prior": cohort.priors.get(name, PriorSettings()),
        "applied": AppliedSettings(cohort.weights_of.get(name)),
    }
    for part, kind in other_keys(methods()[algorithm]).items():
        yield from _compare(section, others[part], kind)


def _compare(section: str, settings: object, kind: type) -> Iterator[Setting]:
    """Yield the settings of a dataclass, each with its default if it differs from it."""
    defaults = kind()  # which may fill in what a field leaves open
    for item in leaves(kind):
        if item.name not in UNLISTED:
            value, default = (_spell(getattr(each, item.name)) for each in (settings, defaults))
            yield Setting(section, item.name, value, None if value == default else default)


def _spell(value: Any) -> str:
    """Spell a value in YAML on one line."""
    if isinstance(value, list | tuple | Mapping):
        text = yaml.safe_dump(value, default_flow_style=True, width=10**9, allow_unicode=True)
        return str(text).strip()
    return as_yaml(value)
