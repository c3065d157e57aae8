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
    balanced : int
        Bins with contacts to which it gives weights on parts that it balances.
    matvecs : int
        Matrix-vector products that it took.
    expected_unevenness : float or None
        How uneven new contacts would be on the compared bins, in percent; None where it is not
        compared, or the error of the estimate is larger than the estimate.
    unevenness_at_most : float or None
        Upper bound of the same in percent; None where it is not compared.
    excess, error : float or None
        By how much the square of this figure, as a fraction, exceeds that of the best candidate,
        and the standard deviation of this difference; None likewise.
    as_good : bool
        Whether it is as good as the best candidate.
    parts : dict of str to float or None
        The expected excess of each part by label, over all its bins with weights.
    rejected : str
        Why it is not compared, in words; empty where it is.
    """

    method: str
    balanced: int
    matvecs: int
    expected_unevenness: float | None
    unevenness_at_most: float | None
    excess: float | None
    error: float | None
    as_good: bool
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
    compared : int
        Bins on which candidates were compared: those to which each of them gives a weight, on
        parts of which the expected excess is known with each.
    candidates : tuple of RatedMethod
        All candidates, the simplest first.
    """

    by: str
    settings: dict[str, Any]
    method: str
    compared: int
    candidates: tuple[RatedMethod, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as it is written to ``verdict.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Choice:
        """Return the choice that ``to_dict`` wrote."""
        candidates = tuple(RatedMethod(**each) for each in record["candidates"])
        return cls(**{**record, "candidates": candidates})
