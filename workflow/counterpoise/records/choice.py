"""The choice between methods on one map: the candidates and the chosen one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RatedMethod:
    """A candidate and what its weights are worth.

    Attributes
    ----------
    method : str
        Its name.
    weighted : int
        Bins with contacts that it balances.
    matvecs : int
        Matrix-vector products that it took.
    expected_unevenness : float or None
        How uneven new contacts would be, in percent, over the parts that are compared; None where
        it is not considered or values are no counts.
    deviations : float or None
        Standard deviations by which the square of this figure exceeds the least; None likewise.
    parts : dict of str to float or None
        The expected unevenness of each part by label, in percent.
    rejected : str
        Why it is not considered, in words; empty where it is.
    """

    method: str
    weighted: int
    matvecs: int
    expected_unevenness: float | None
    deviations: float | None
    parts: dict[str, float | None]
    rejected: str = ""


@dataclass(frozen=True)
class Choice:
    """The choice.

    Attributes
    ----------
    by : str
        Name of the method that chose.
    settings : dict
        Its settings, which the candidates share.
    method : str
        The chosen one.
    candidates : tuple of RatedMethod
        All candidates, the simplest first.
    """

    by: str
    settings: dict[str, Any]
    method: str
    candidates: tuple[RatedMethod, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as it is written to ``verdict.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Choice:
        """Return the choice that ``to_dict`` wrote."""
        candidates = tuple(RatedMethod(**each) for each in record["candidates"])
        return cls(**{**record, "candidates": candidates})
