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
        ``auto`` refuses ``isolate``. With ``nan`` or ``stop`` each candidate does what it does by
        default, so ``kr`` isolates; ``stop`` fails the job if the chosen one does not balance the
        map. A candidate is not chosen if it does not balance a part that another one balances, or
        leaves more than 1 % of the bins without weights that another one balances.
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
