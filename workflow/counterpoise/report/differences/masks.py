"""Bins that a mask gained or lost, by the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.errors import refuse_other_versions
from counterpoise.report.chunks import Flags
from counterpoise.store.arrow import to_numpy


@dataclass(frozen=True)
class MaskChange:
    """The change from mask A to mask B of a map.

    Attributes
    ----------
    gained : dict of str to int
        Number of bins that only B keeps, by the reason for which A masks them.
    lost : dict of str to int
        Number of bins that only A keeps, by the reason for which B masks them.
    """

    gained: dict[str, int]
    lost: dict[str, int]

    @property
    def is_same(self) -> bool:
        """Whether both keep the same bins."""
        return not (self.gained or self.lost)


def compare_masks(a: str | Path, b: str | Path) -> MaskChange | None:
    """Compare two masks of a map.

    Parameters
    ----------
    a, b : str or Path
        The files of the masks, with the same bins.

    Returns
    -------
    MaskChange or None
        None if a file is missing.
    """
    if not (Path(a).is_file() and Path(b).is_file()):
        return None
    (kept_a, reasons_a), (kept_b, reasons_b) = _read_reasons(a), _read_reasons(b)
    return MaskChange(
        _count(reasons_a[kept_b & ~kept_a]),
        _count(reasons_b[kept_a & ~kept_b]),
    )


def _count(reasons: NDArray[np.object_]) -> dict[str, int]:
    """Count reasons, the most frequent first."""
    counts = Counter(reasons.tolist())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _read_reasons(path: str | Path) -> tuple[Flags, NDArray[np.object_]]:
    """Return which bins a mask keeps, and the reason of each bin."""
    with refuse_other_versions(path):
        table = pq.ParquetFile(path).read(columns=["kept", "reason"])
        reason = table["reason"].combine_chunks()
        names = np.array(reason.dictionary.to_pylist(), dtype=object)
        return to_numpy(table["kept"]), names[to_numpy(reason.indices)]
