"""The use of a prior on one map: how far the bias of other maps applies to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RatedStrength:
    """A strength and what weights along the prior would be worth with it.

    Attributes
    ----------
    strength : float
        Power of the prior's bias; 0 for no use of it.
    excess : float
        The expected excess, over the bins of all parts on which the strengths were compared.
    error : float
        Standard deviation of the difference from the best one.
    """

    strength: float
    excess: float
    error: float


@dataclass(frozen=True)
class PriorUse:
    """The use of a prior.

    Attributes
    ----------
    sources : tuple of str
        The maps that it is made of.
    bins : int
        Kept bins that it has a bias for.
    strength : float
        alpha, the power of the bias that was used: 0 where it does not help, 1 for all of it, more
        where the prior is a pool of shallow samples.
    error : float or None
        Standard error of alpha by counting; None where the map says nothing about it, as without
        smoothing.
    matvecs : int
        Matrix-vector products by which alpha was found, in addition to those of the parts.
    candidates : tuple of RatedStrength
        The strengths that were compared; empty where none could be.
    """

    sources: tuple[str, ...]
    bins: int
    strength: float
    error: float | None
    matvecs: int
    candidates: tuple[RatedStrength, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the use as it is written to ``verdict.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> PriorUse:
        """Return the use that ``to_dict`` wrote."""
        candidates = tuple(RatedStrength(**each) for each in record["candidates"])
        sources = tuple(record["sources"])
        return cls(**{**record, "sources": sources, "candidates": candidates})
