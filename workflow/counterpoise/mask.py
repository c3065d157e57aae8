"""Which bins can be trusted: cooler's filters in cooler's order, and a blacklist.

Matched: ``cooler.balance_cooler`` 0.11 (``min_nnz``, ``min_count``, ``mad_max``, ``blacklist``).
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import COUNT_TYPES, ContactMap
from counterpoise.errors import ConfigError, InputError
from counterpoise.native import call

PIECE = 1 << 22  # pixels that are looked at together
WORKERS = 2


@dataclass
class MaskSettings:
    """Filters on bins. A bin is masked by the first filter that it fails.

    Attributes
    ----------
    min_nnz : int, default 10
        Smallest number of bins that a bin must have contacts with.
    min_count : int, default 0
        Smallest number of contacts of a bin.
    mad_max : float, default 5.0
        Largest distance below the median of log contacts, in MADs; 0 turns the filter off.
        A bin is masked if its contacts, relative to the median of its chromosome, lie below
        exp(median - mad_max * MAD) of the logarithms of all bins.
    ignore_diags : int, default 2
        Number of diagonals that the filters do not count: pixels with bin2 - bin1 below this.
    cis_only : bool, default False
        Count only contacts within chromosomes.
    blacklist : str or None, default None
        BED file; bins that overlap one of its intervals are masked.
    """

    min_nnz: int = 10
    min_count: int = 0
    mad_max: float = 5.0
    ignore_diags: int = 2
    cis_only: bool = False
    blacklist: str | None = None

    def __post_init__(self) -> None:
        for key in ("min_nnz", "min_count", "mad_max", "ignore_diags"):
            if key != "mad_max" and not isinstance(getattr(self, key), Integral):
                raise ConfigError(
                    f"mask.{key} is {getattr(self, key)!r}; it must be a whole number."
                )
            if not 0 <= getattr(self, key) < math.inf:
                raise ConfigError(
                    f"mask.{key} is {getattr(self, key)}; it must be a number, zero or more."
                )


class Reason(IntEnum):
    """Why a bin is masked, in the order of the filters."""

    KEPT = 0
    EMPTY = 1
    MIN_NNZ = 2
    MIN_COUNT = 3
    MAD = 4
    BLACKLIST = 5


@dataclass(frozen=True)
class Mask:
    """The outcome of the filters.

    Attributes
    ----------
    reasons : uint8 [bins], a ``Reason`` for each bin.
    nnz, marginal : int64 and float64 [bins], what the filters looked at: with how many bins each
        is in contact, and its contacts.
    settings : the filters.
    thresholds : their cutoffs in counts; for MAD one of each chromosome with data.
    """

    reasons: NDArray[np.uint8]
    nnz: NDArray[np.int64]
    marginal: NDArray[np.float64]
    settings: MaskSettings
    thresholds: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """bool [bins], True for bins that every filter passed."""
        return np.equal(self.reasons, Reason.KEPT)

    def counts(self) -> dict[str, int]:
        """Number of bins for each reason."""
        tally = np.bincount(self.reasons, minlength=len(Reason))
        return {reason.name.lower(): int(tally[reason]) for reason in Reason}

    def summary(self) -> dict[str, Any]:
        """Settings, thresholds and counts as plain values, for records."""
        return {
            "settings": asdict(self.settings),
            "thresholds": self.thresholds,
            "reasons": self.counts(),
        }


def mask_bins(contacts: ContactMap, settings: MaskSettings | None = None) -> Mask:
    """Filter the bins of a map.

    The order matters and is cooler's: contacts between chromosomes (``cis_only``) and near the
    diagonal are left out first; then ``min_nnz``, ``min_count``, ``mad_max`` (which pools the bins
    that the first two masked as well), then the blacklist.

    Raises
    ------
    InputError : the blacklist cannot be read or names none of the map's chromosomes.
    """
    settings = settings or MaskSettings()
    bins = contacts.bins
    nnz, marginal = _marginals(contacts, settings)

    cutoff, by_chromosome = _mad_cutoffs(marginal, bins, settings.mad_max)
    failed = {
        Reason.BLACKLIST: _blacklisted(settings.blacklist, bins),
        Reason.MAD: marginal < cutoff,
        Reason.MIN_COUNT: marginal < settings.min_count,
        Reason.MIN_NNZ: nnz < settings.min_nnz,
        Reason.EMPTY: nnz == 0,
    }
    reasons = np.full(len(bins), Reason.KEPT, dtype=np.uint8)
    for reason, bad in failed.items():  # from the last filter to the first, which wins
        reasons[bad] = reason
    thresholds = {
        "min_nnz": settings.min_nnz,
        "min_count": settings.min_count,
        "mad": by_chromosome,
    }
    return Mask(reasons, nnz, marginal, settings, thresholds)


def _marginals(
    contacts: ContactMap, settings: MaskSettings
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each bin, with how many bins it is in contact and its contacts, as the filters count."""
    bins = contacts.bins
    border = np.full(len(bins), len(bins))
    if settings.cis_only:
        border = np.repeat(bins.offsets[1:], np.diff(bins.offsets))
    cuts = np.searchsorted(contacts.indptr, np.arange(PIECE, contacts.nnz, PIECE))
    pieces = list(pairwise([0, *cuts.tolist(), len(bins)]))

    # Every worker has its own pieces and sums, however many processors there are: the same bits
    # everywhere, and two pieces in memory.
    def share(worker: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        nnz, marginal = np.zeros(len(bins), np.int64), np.zeros(len(bins))
        for a, z in pieces[worker::WORKERS]:
            columns, counts = contacts.entries(contacts.indptr[a], contacts.indptr[z])
            call(
                "add_marginals",
                contacts.indptr[a : z + 1],
                columns,
                counts,
                COUNT_TYPES.index(counts.dtype),
                a,
                z - a,
                settings.ignore_diags,
                border[a:z],
                nnz,
                marginal,
            )
        return nnz, marginal

    with ThreadPoolExecutor(WORKERS) as pool:
        shares = list(pool.map(share, range(WORKERS)))
    nnz, marginal = (np.sum(parts, axis=0) for parts in zip(*shares, strict=True))
    return nnz, marginal


def _mad_cutoffs(
    marginal: NDArray[np.float64], bins: BinTable, mad_max: float
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """The MAD filter's cutoff in counts, for each bin and by chromosome (section 13.4)."""
    cutoff = np.zeros(len(bins))
    positive = marginal > 0
    if mad_max <= 0 or not positive.any():
        return cutoff, {}
    medians: dict[str, float] = {}
    relative = np.zeros(len(bins))
    spans = [span for span in bins.chromosome_ranges() if positive[span[1] : span[2]].any()]
    for name, lo, hi in spans:
        medians[name] = _median(marginal[lo:hi][positive[lo:hi]])
        relative[lo:hi] = marginal[lo:hi] / medians[name]
    logs = np.log(relative[positive])
    center = _median(logs)
    spread = _median(np.abs(logs - center))
    floor = float(np.exp(center - mad_max * spread))
    for _, lo, hi in spans:
        # Compared as cooler does, relative to the median, so that ties fall the same way.
        cutoff[lo:hi] = np.where(relative[lo:hi] < floor, np.inf, 0)
    return cutoff, {name: floor * median for name, median in medians.items()}


def _median(values: NDArray[np.float64]) -> float:
    """numpy's median, to the bit, of one value or more without NaN.

    numpy's own imports ``numpy.ma`` at its first use, and every job would pay for that.
    """
    lower, upper = (len(values) - 1) // 2, len(values) // 2
    ordered = np.partition(values, [lower, upper])
    return float((ordered[lower] + ordered[upper]) / 2)


def _blacklisted(path: str | None, bins: BinTable) -> NDArray[np.bool_]:
    """bool [bins], True where an interval of the BED file touches the bin."""
    bad = np.zeros(len(bins), dtype=bool)
    if path is None:
        return bad
    if not Path(path).is_file():
        raise InputError(path, "is not there.", "Check mask.blacklist in the configuration.")
    spans = {name: (lo, hi) for name, lo, hi in bins.chromosome_ranges()}
    seen: set[str] = set()
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith(("#", "track", "browser")):
                continue
            fields = line.split()
            whole = len(fields) >= 3 and fields[1].isdigit() and fields[2].isdigit()
            if not whole or int(fields[1]) > int(fields[2]):
                raise InputError(
                    path,
                    f"line {number} is no BED interval: {line.strip()!r}.",
                    "Each line needs chromosome, start and end.",
                )
            seen.add(fields[0])
            begin, end = int(fields[1]), int(fields[2])
            if fields[0] in spans and begin < end:
                lo, hi = spans[fields[0]]
                first = lo + np.searchsorted(bins.end[lo:hi], begin, side="right")
                last = lo + np.searchsorted(bins.start[lo:hi], end, side="left")
                bad[first:last] = True
    if seen and not seen & set(spans):
        raise InputError(
            path,
            f"names no chromosome of the map: it has {', '.join(sorted(seen)[:3])}, "
            f"the map has {', '.join(bins.chromosomes[:3])}.",
            "Rename the chromosomes of the one or the other (chr1 against 1 is the usual cause).",
        )
    return bad
