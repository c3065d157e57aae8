"""The outcome of the filters: a reason for each bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.cards import render_card
from counterpoise.contacts.bed import LISTED_CHROMOSOMES
from counterpoise.contacts.bins import pluralise
from counterpoise.mask.quorum import Quorum
from counterpoise.mask.settings import MaskSettings, describe_filters


class Reason(IntEnum):
    """Reasons for which a bin is masked: those of ``FILTERS`` in their order, then ``SHARED``.

    Masks store the names; the numbers may change.
    """

    KEPT = 0
    EMPTY = 1
    REGIONS = 2
    MIN_NNZ = 3
    MIN_COUNT = 4
    MAD = 5
    MAX_COUNT = 6
    MAD_ABOVE = 7
    BLACKLIST = 8
    SHARED = 9


# ``EMPTY`` comes before ``REGIONS``, so that it hides whether a bin overlaps a region.
BEYOND_REGIONS = (Reason.EMPTY, Reason.REGIONS)


def find_beyond_regions(
    reasons: NDArray[np.uint8], regions: str | None
) -> NDArray[np.bool_] | None:
    """Return which bins overlap none of the regions; None without regions.

    Parameters
    ----------
    reasons : uint8 [bins]
        Codes of `Reason`.
    regions : str or None
        The setting of the mask.

    Returns
    -------
    bool [bins] or None
        Bins whose reason is ``EMPTY`` are among them, wherever they are.
    """
    return None if regions is None else np.isin(reasons, BEYOND_REGIONS)


@dataclass(frozen=True)
class Mask:
    """The outcome of the filters.

    Attributes
    ----------
    reasons : numpy.ndarray
        uint8 [bins], a ``Reason`` for each bin.
    nnz : numpy.ndarray
        int64 [bins], the number of bins in contact with each, as the filters count.
    marginal : numpy.ndarray
        float64 [bins], the contacts of each bin, as the filters count.
    settings : MaskSettings
        The filters.
    thresholds : dict
        Cutoffs by filter, in the unit of what it filters; for ``mad`` and ``mad_above`` a dict by
        chromosome with contacts.
    notes : dict
        What a filter says about its file, by filter; see ``Failures.note``.
    regions : list of tuple of int, or None
        First bin and end (exclusive) of each region that is balanced separately; None if regions
        are balanced together.
    quorum : Quorum or None
        How a group of samples decided together on the bins; None for the filters of one sample.
    """

    reasons: NDArray[np.uint8]
    nnz: NDArray[np.int64]
    marginal: NDArray[np.float64]
    settings: MaskSettings
    thresholds: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    quorum: Quorum | None = None
    regions: list[tuple[int, int]] | None = None

    def __repr__(self) -> str:
        """Return one line that says how many bins are kept, and why the others are not."""
        counts = self.counts()
        kept = counts.pop("kept")
        masked = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
        masked = f"; masked: {masked}" if masked else ""
        return f"<Mask: {kept:,} of {len(self.reasons):,} bins kept{masked}>"

    def _repr_html_(self) -> str:
        counts = self.counts()
        kept = f"{counts.pop('kept'):,} of {pluralise(len(self.reasons), 'bin')}"
        masked = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
        rows = [
            ("kept", kept),
            ("masked", masked),
            ("filters", describe_filters(self.summary())),
            ("note", describe_notes(self.notes)),
        ]
        return render_card("Mask", rows)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Whether each bin passed every filter, an array [bins]."""
        return np.equal(self.reasons, Reason.KEPT)

    @property
    def beyond_regions(self) -> NDArray[np.bool_] | None:
        """Bins that overlap none of the ``regions``; None without this setting.

        An array [bins]. Bins whose reason is ``EMPTY`` are among them, wherever they are.
        """
        return find_beyond_regions(self.reasons, self.settings.regions)

    def counts(self) -> dict[str, int]:
        """Count the bins of each reason."""
        tally = np.bincount(self.reasons, minlength=len(Reason))
        return {reason.name.lower(): int(tally[reason]) for reason in Reason}

    def summary(self) -> dict[str, Any]:
        """Return settings, thresholds, counts and, if any, notes as plain values, for records.

        ``regions`` are there if they are balanced separately.
        Of a shared mask, the settings include those of sharing, and ``shared`` is the quorum.
        """
        return {
            "settings": {**asdict(self.settings), **(self.quorum.settings if self.quorum else {})},
            "thresholds": self.thresholds,
            "reasons": self.counts(),
            **({"notes": self.notes} if self.notes else {}),
            **({"regions": [list(each) for each in self.regions]} if self.regions else {}),
            **({"shared": self.quorum.record} if self.quorum else {}),
        }


def describe_notes(notes: Mapping[str, Any]) -> str:
    """Describe what does not fit the map in the blacklist and in the file of regions.

    Parameters
    ----------
    notes : mapping
        ``Mask.notes``, or the notes of a mask's summary.

    Returns
    -------
    str
        Clauses; empty if all fits.
    """
    clauses = []
    for name, note in notes.items():
        if note["unknown_intervals"]:
            names = note["unknown_chromosomes"]
            more = ", ..." if len(names) == LISTED_CHROMOSOMES else ""
            clauses.append(
                f"{name}: {note['unknown_intervals']:,} of {note['intervals']:,} intervals are on "
                f"chromosomes that the map does not have ({', '.join(names)}{more})"
            )
    return "; ".join(clauses)
