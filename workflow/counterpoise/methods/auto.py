"""AUTO: for each map the simplest method whose weights are worth as much as the best.

The candidates are ``kr``, ``kde_eb`` and ``kde``, from the simplest on. Each balances the map, and
their expected unevenness is compared (``counterpoise.balancing.choosing``). With many contacts
``kr`` wins, whose weights follow each bin; with few contacts the kernel methods win, which average
neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import Method, MethodSettings, OnFailure
from counterpoise.methods.kde import KdeSettings
from counterpoise.methods.kde_eb import KdeEbSettings
from counterpoise.methods.kr import KrSettings

# Of results that are worth the same, the first is taken.
CANDIDATES: Mapping[str, type[MethodSettings]] = {
    "kr": KrSettings,
    "kde_eb": KdeEbSettings,
    "kde": KdeSettings,
}


@dataclass
class AutoSettings(MethodSettings):
    """Settings of the choice between methods, which all candidates share.

    Attributes
    ----------
    scope : {"genome", "cis", "trans"}, default "cis"
        As for the candidates.
    ignore_diags : int, default 2
        As for kernel methods.
    on_failure : {"nan", "keep", "drop", "stop"}, default "nan"
        What candidates do with a part that they cannot balance: nan, keep, drop or stop.
        With ``nan``, ``kr`` isolates the few bins that rule out an exact balancing, as it does by
        default. A candidate that leaves one bin in a hundred more without weights than another is
        not chosen. ``stop`` fails the job if no candidate balances the map.
    """

    scope: str = Scope.CIS.value
    ignore_diags: int = 2


def candidate_settings(settings: AutoSettings) -> dict[str, MethodSettings]:
    """Return the settings of each candidate: the shared ones, and its own defaults.

    The bootstrap is left out: only the chosen method's errors are wanted.

    Parameters
    ----------
    settings : AutoSettings
        The shared settings.

    Returns
    -------
    dict of str to MethodSettings
        By method, the simplest first.
    """
    shared: dict[str, Any] = {
        field.name: getattr(settings, field.name) for field in fields(MethodSettings)
    }
    shared["bootstrap"] = 0
    if settings.on_failure in (OnFailure.NAN, OnFailure.STOP):
        del shared["on_failure"]
    return {name: kind(**shared) for name, kind in CANDIDATES.items()}


METHODS = (
    Method(
        "auto",
        AutoSettings,
        None,
        "for each map the simplest of kr, kde_eb and kde whose weights are worth as much as the "
        "best",
        candidates=candidate_settings,
    ),
)
