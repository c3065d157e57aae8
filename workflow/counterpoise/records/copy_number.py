"""The use of copy numbers on one map: the targets of its row sums."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CopyNumberUse:
    """The use of copy numbers.

    Attributes
    ----------
    file, sha256 : str
        Name and SHA-256 of the file; empty for values given as an array.
    lowest, highest : float or None
        Least and largest copy number of the bins that are balanced; None if there are none.
    absent : int
        Bins that the mask keeps, but that have no copies and so get no weight.
    uncovered : int
        Bins that the file does not cover; they have its median copy number.
    """

    file: str
    sha256: str
    lowest: float | None
    highest: float | None
    absent: int
    uncovered: int

    @property
    def source(self) -> str:
        """Name of the file, or ``array``."""
        return self.file or "array"
