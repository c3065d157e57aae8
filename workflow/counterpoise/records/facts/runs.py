"""The map as a whole."""

from __future__ import annotations

from counterpoise.records.facts.base import Fact


class Concentrated(Fact, code="concentrated"):
    """Few bins have many of the contacts, as in capture Hi-C.

    Attributes
    ----------
    few, of : int
        Number of the bins with the most contacts, and of all bins with contacts.
    contacts : float
        Their share of the contacts.
    """

    few: int
    of: int
    contacts: float
