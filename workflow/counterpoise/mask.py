"""Filters on bins: cooler's filters in cooler's order, and a blacklist.

To add a filter, append its setting to ``MaskSettings`` and a member to ``Reason``, write a function
that finds the bins that fail, and add a row to ``FILTERS``. The configuration and its
documentation, stored masks and the report's table of masks follow from these. Edit by hand:

- the order of the filters in the docstring of ``mask_bins``;
- the reasons and thresholds in ``docs/outputs.md``;
- the choice ``mask=none`` in ``cohort/conf_files.py``, if the filter is on by default;
- the attributes of weight columns in ``store/mcool.py``, if cooler has the filter too.

A filter may read the source's own columns, such as GC, in ``measured.bins.extra``. They are absent
from ``.hic`` files and from levels that were summed from smaller bins.

Follows ``cooler.balance_cooler`` 0.11 (``min_nnz``, ``min_count``, ``mad_max``, ``blacklist``).
"""

from __future__ import annotations

import gzip
import math
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoise.cards import render_card
from counterpoise.contacts.bins import BinTable, pluralise
from counterpoise.contacts.contact_map import (
    COUNT_TYPES,
    ContactMap,
    describe_type,
    plain_number,
)
from counterpoise.contacts.selection import first_far_columns
from counterpoise.errors import ConfigError, InputError
from counterpoise.native import call

CHUNK_PIXELS = 1 << 22  # pixels that a worker reads at a time
WORKERS = 2

DISPLAY_LINES = ("track", "browser")  # first words of lines that tell browsers how to draw
GZIP_MAGIC = b"\x1f\x8b"
WHOLE_NUMBER = re.compile(r"[0-9]+")
LISTED_CHROMOSOMES = 20  # unknown chromosomes of a blacklist that records name
LONGEST_QUOTE = 100  # characters of a wrong line that a message shows


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
        The contacts of each bin are divided by the median of its chromosome. A bin is masked if
        the quotient is below exp(m - mad_max * MAD), where m and MAD are the median and the MAD
        of the logarithms of the quotients over all bins that have contacts.
    ignore_diags : int, default 2
        Number of diagonals that the filters do not count: pixels with bin2 - bin1 below this.
        Pixels between neighbouring chromosomes are among them, unless ``ignore_diags_trans`` is
        false.
    ignore_diags_trans : bool, default True
        Whether these diagonals include pixels between chromosomes, as in cooler.
    cis_only : bool, default False
        Count only contacts within chromosomes.
    blacklist : str or None, default None
        BED file, also packed with gzip; bins that overlap one of its intervals are masked.
    """

    min_nnz: int = 10
    min_count: int = 0
    mad_max: float = 5.0
    ignore_diags: int = 2
    ignore_diags_trans: bool = field(default=True, kw_only=True)
    cis_only: bool = False
    blacklist: str | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that are negative, infinite, NaN or, for counts, not whole."""
        for setting in fields(self):
            key, value = setting.name, plain_number(getattr(self, setting.name))
            setattr(self, key, value)
            if isinstance(setting.default, bool) or not isinstance(setting.default, int | float):
                continue
            if isinstance(setting.default, int) and not isinstance(value, Integral):
                raise ConfigError(f"mask.{key} is {value!r}; it must be a whole number.")
            if not 0 <= value < math.inf:
                raise ConfigError(f"mask.{key} is {value}; it must be a number, zero or more.")


# Stands for the defaults of ``MaskSettings``, which are the workflow's.
DEFAULT_MASK: Final = "default"
MaskOptions = MaskSettings | dict[str, Any] | None | Literal["default"]


def make_mask_settings(settings: MaskOptions) -> MaskSettings:
    """Return the settings of the filters.

    Parameters
    ----------
    settings : MaskSettings, dict, None or "default"
        The settings, or those that differ from the defaults, by name. None turns all filters off,
        so that empty bins alone are masked.

    Returns
    -------
    MaskSettings

    Raises
    ------
    ConfigError
        If there is no setting of a name, a value is out of range, or ``settings`` is of another
        type.
    """
    if settings is None:
        return MaskSettings(min_nnz=0, min_count=0, mad_max=0.0, ignore_diags=0)
    if isinstance(settings, str) and settings == DEFAULT_MASK:
        return MaskSettings()
    if isinstance(settings, MaskSettings):
        return settings
    if not isinstance(settings, dict):
        raise ConfigError(
            "filters are given as MaskSettings, as a dict such as {'min_nnz': 5}, or as None for "
            f"empty bins only; this is {describe_type(settings)}."
        )
    names = [setting.name for setting in fields(MaskSettings)]
    unknown = sorted(str(name) for name in settings if name not in names)
    if unknown:
        raise ConfigError(f"the mask has no setting {unknown[0]!r}; it has {', '.join(names)}.")
    return MaskSettings(**settings)


class Reason(IntEnum):
    """Reasons for which a bin is masked, in the order of ``FILTERS``.

    Masks store the names; the numbers may change.
    """

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
    reasons : numpy.ndarray
        uint8 [bins], a ``Reason`` for each bin.
    nnz : numpy.ndarray
        int64 [bins], the number of bins in contact with each, as the filters count.
    marginal : numpy.ndarray
        float64 [bins], the contacts of each bin, as the filters count.
    settings : MaskSettings
        The filters.
    thresholds : dict
        Cutoffs by filter, in the unit of what it filters; for ``mad`` a dict by chromosome with
        contacts.
    notes : dict
        What a filter says about its file, by filter; see ``Failures.note``.
    """

    reasons: NDArray[np.uint8]
    nnz: NDArray[np.int64]
    marginal: NDArray[np.float64]
    settings: MaskSettings
    thresholds: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

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
        """Bins that passed every filter: bool [bins]."""
        return np.equal(self.reasons, Reason.KEPT)

    def counts(self) -> dict[str, int]:
        """Count the bins of each reason."""
        tally = np.bincount(self.reasons, minlength=len(Reason))
        return {reason.name.lower(): int(tally[reason]) for reason in Reason}

    def summary(self) -> dict[str, Any]:
        """Return settings, thresholds, counts and, if any, notes as plain values, for records."""
        return {
            "settings": asdict(self.settings),
            "thresholds": self.thresholds,
            "reasons": self.counts(),
            **({"notes": self.notes} if self.notes else {}),
        }


def mask_bins(
    contacts: ContactMap,
    settings: MaskOptions = DEFAULT_MASK,
    *,
    chunk_pixels: int = CHUNK_PIXELS,
) -> Mask:
    """Filter the bins of a map.

    The order is cooler's: contacts between chromosomes (``cis_only``) and near the diagonal are
    not counted; then ``min_nnz``, ``min_count`` and ``mad_max`` are applied (medians include bins
    that the first two mask), then the blacklist. The first filter that a bin fails is its reason.

    Parameters
    ----------
    contacts : ContactMap
        The map, in memory or on disk.
    settings : MaskSettings, dict, None or "default"
        The filters; a dict holds those that differ from the defaults, None masks empty bins only.
    chunk_pixels : int
        Pixels read at a time.

    Returns
    -------
    Mask

    Raises
    ------
    ConfigError
        A setting is unknown or out of range.
    InputError
        The blacklist cannot be read, or names none of the map's chromosomes.

    Examples
    --------
    >>> from counterpoise.contacts.contact_map import Contacts
    >>> contacts = Contacts.from_matrix([[4, 2, 0], [2, 9, 1], [0, 1, 0]])
    >>> mask_bins(contacts, {"min_nnz": 2, "mad_max": 0, "ignore_diags": 0})
    <Mask: 2 of 3 bins kept; masked: 1 min_nnz>
    """
    settings = make_mask_settings(settings)
    nnz, marginal = _count_contacts(contacts, settings, chunk_pixels)
    measured = MeasuredBins(contacts.bins, nnz, marginal)
    reasons = np.full(len(contacts.bins), Reason.KEPT, dtype=np.uint8)
    thresholds: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    for reason, find_failures in FILTERS:
        failures, threshold, note = find_failures(measured, settings)
        reasons[failures & (reasons == Reason.KEPT)] = reason
        if threshold is not None:
            thresholds[reason.name.lower()] = threshold
        if note is not None:
            notes[reason.name.lower()] = note
    return Mask(reasons, nnz, marginal, settings, thresholds, notes)


def describe_filters(summary: Mapping[str, Any]) -> str:
    """Name the filters of a mask in a few words.

    Parameters
    ----------
    summary : mapping
        The mask's summary; empty for bins that were given as an array.

    Returns
    -------
    str
        Such as ``cooler's filters (min_nnz 10, mad_max 5)`` or ``empty bins only``.

    Examples
    --------
    >>> describe_filters({"settings": asdict(MaskSettings())})
    "cooler's filters (min_nnz 10, mad_max 5)"
    >>> describe_filters({"settings": asdict(make_mask_settings(None))})
    'empty bins only'
    """
    if "settings" not in summary:
        return "given bins"
    settings = summary["settings"]
    numbers = ("min_nnz", "min_count", "mad_max")
    limits = [f"{name} {value:g}" for name in numbers if (value := settings.get(name))]
    if limits and settings.get("cis_only"):
        limits.append("cis only")
    filters = [f"cooler's filters ({', '.join(limits)})"] if limits else []
    if blacklist := settings.get("blacklist"):
        filters.append(f"blacklist {Path(blacklist).name}")
    return " and ".join(filters) or "empty bins only"


def describe_notes(notes: Mapping[str, Any]) -> str:
    """Describe what does not fit the map in the blacklist.

    Parameters
    ----------
    notes : mapping
        ``Mask.notes``, or the notes of a mask's summary.

    Returns
    -------
    str
        A clause; empty if all fits.
    """
    note = notes.get("blacklist", {})
    if not note.get("unknown_intervals"):
        return ""
    names = note["unknown_chromosomes"]
    more = ", ..." if len(names) == LISTED_CHROMOSOMES else ""
    return (
        f"blacklist: {note['unknown_intervals']:,} of {note['intervals']:,} intervals are on "
        f"chromosomes that the map does not have ({', '.join(names)}{more})"
    )


class MeasuredBins(NamedTuple):
    """Measurements of bins, on which filters decide.

    Attributes
    ----------
    bins : BinTable
        The bins of the map.
    nnz, marginal : numpy.ndarray
        See ``Mask``.
    """

    bins: BinTable
    nnz: NDArray[np.int64]
    marginal: NDArray[np.float64]


class Failures(NamedTuple):
    """The outcome of one filter.

    Attributes
    ----------
    bins : numpy.ndarray
        bool [bins], True for bins that fail.
    threshold : object
        What ``Mask.thresholds`` records of the filter; None for nothing.
    note : dict or None
        What ``Mask.notes`` records of the filter's file; None for nothing.
    """

    bins: NDArray[np.bool_]
    threshold: Any = None
    note: dict[str, Any] | None = None


def _find_empty(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins without contacts."""
    return Failures(measured.nnz == 0)


def _find_few_partners(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins in contact with fewer than ``min_nnz`` bins."""
    return Failures(measured.nnz < settings.min_nnz, settings.min_nnz)


def _find_few_contacts(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins with fewer than ``min_count`` contacts."""
    return Failures(measured.marginal < settings.min_count, settings.min_count)


def _find_outliers(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins with few contacts for their chromosome, by ``mad_max``."""
    bins, marginal = measured.bins, measured.marginal
    failures = np.zeros(len(bins), dtype=bool)
    positive = marginal > 0
    if settings.mad_max <= 0 or not positive.any():
        return Failures(failures, {})
    medians: dict[str, float] = {}
    relative = np.zeros(len(bins))
    ranges = [each for each in bins.chromosome_ranges() if positive[each[1] : each[2]].any()]
    for name, lo, hi in ranges:
        medians[name] = _median(marginal[lo:hi][positive[lo:hi]])
        relative[lo:hi] = marginal[lo:hi] / medians[name]
    logs = np.log(relative[positive])
    center = _median(logs)
    spread = _median(np.abs(logs - center))
    floor = float(np.exp(center - settings.mad_max * spread))
    for _, lo, hi in ranges:
        # Relative to the median, as in cooler, so that ties fall the same way.
        failures[lo:hi] = relative[lo:hi] < floor
    return Failures(failures, {name: floor * median for name, median in medians.items()})


def _median(values: NDArray[np.float64]) -> float:
    """Return the median of one or more finite values.

    ``numpy.median`` gives the same bits but imports ``numpy.ma``, which would slow every job.
    """
    lower, upper = (len(values) - 1) // 2, len(values) // 2
    ordered = np.partition(values, [lower, upper])
    return float((ordered[lower] + ordered[upper]) / 2)


def _find_blacklisted(measured: MeasuredBins, settings: MaskSettings) -> Failures:
    """Find bins that overlap an interval of the ``blacklist``."""
    bins = measured.bins
    failures = np.zeros(len(bins), dtype=bool)
    if settings.blacklist is None:
        return Failures(failures)
    ranges = {name: (lo, hi) for name, lo, hi in bins.chromosome_ranges()}
    intervals: Counter[str] = Counter()
    for name, start, end in _read_intervals(settings.blacklist):
        intervals[name] += 1
        if name in ranges and start < end:
            lo, hi = ranges[name]
            first = lo + np.searchsorted(bins.end[lo:hi], start, side="right")
            last = lo + np.searchsorted(bins.start[lo:hi], end, side="left")
            failures[first:last] = True
    unknown = sorted(set(intervals) - set(ranges))
    if unknown and len(unknown) == len(intervals):
        raise InputError(
            settings.blacklist,
            f"names no chromosome of the map: it has {', '.join(unknown[:3])}, "
            f"the map has {', '.join(bins.chromosomes[:3])}.",
            "Rename the chromosomes of either (chr1 versus 1 is the usual cause).",
        )
    note = {
        "intervals": intervals.total(),
        "unknown_intervals": sum(intervals[name] for name in unknown),
        "unknown_chromosomes": unknown[:LISTED_CHROMOSOMES],
    }
    return Failures(failures, note=note)


# Filters in the order in which they are applied: a bin's reason is the first that it fails.
FILTERS: tuple[tuple[Reason, Callable[[MeasuredBins, MaskSettings], Failures]], ...] = (
    (Reason.EMPTY, _find_empty),
    (Reason.MIN_NNZ, _find_few_partners),
    (Reason.MIN_COUNT, _find_few_contacts),
    (Reason.MAD, _find_outliers),
    (Reason.BLACKLIST, _find_blacklisted),
)


def _read_intervals(path: str) -> Iterator[tuple[str, int, int]]:
    """Read the chromosome, start and end of each interval of a BED file, packed or not."""
    if not os.path.isfile(path):
        raise InputError(path, "does not exist.", "Check mask.blacklist in the configuration.")
    may_be_header = True
    for number, line in _read_lines(path):
        columns = line.split("\t") if line.count("\t") >= 2 else line.split()
        columns = [column.strip() for column in columns]
        complete = len(columns) >= 3 and all(map(WHOLE_NUMBER.fullmatch, columns[1:3]))
        if complete and columns[0] and int(columns[1]) <= int(columns[2]):
            yield columns[0], int(columns[1]), int(columns[2])
            may_be_header = False
        elif not (line.split()[0] in DISPLAY_LINES or (may_be_header and _is_header(columns))):
            raise InputError(
                path,
                f"line {number} is not a BED interval: {line.strip()[:LONGEST_QUOTE]!r}.",
                "Each line needs chromosome, start and end.",
            )


def _read_lines(path: str) -> Iterator[tuple[int, str]]:
    """Read the lines of a text file, packed or not, that are neither empty nor comments."""
    with open(path, "rb") as stream:
        packed = stream.read(2) == GZIP_MAGIC
    try:
        with (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip() and not line.startswith("#"):
                    yield number, line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            path, f"is damaged ({error}).", "Copy or download the file again."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            path, f"is not UTF-8 text ({error}).", "Save the BED file as plain text."
        ) from error


def _is_header(columns: list[str]) -> bool:
    """Return whether these are names of columns, as some tools write above the intervals."""
    names = [re.sub("chrom|[^a-z]", "", column.lower()) for column in columns[1:3]]
    return names in (["start", "end"], ["start", "stop"])


def bins_with_contacts(contacts: ContactMap) -> NDArray[np.bool_]:
    """Return which bins have a contact, on any diagonal and with any bin.

    Parameters
    ----------
    contacts : ContactMap
        The map.

    Returns
    -------
    numpy.ndarray
        bool [bins].
    """
    nnz, _ = _count_contacts(contacts, MaskSettings(ignore_diags=0), CHUNK_PIXELS)
    return nnz > 0


def _count_contacts(
    contacts: ContactMap, settings: MaskSettings, chunk_pixels: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return, for each bin, the number of bins in contact and the contacts that filters count."""
    bins = contacts.bins
    border = np.full(len(bins), len(bins))
    if settings.cis_only:
        border = bins.chromosome_ends
    ends = None if settings.ignore_diags_trans else bins.chromosome_ends
    far = first_far_columns(len(bins), settings.ignore_diags, ends)
    cuts = np.searchsorted(contacts.indptr, np.arange(chunk_pixels, contacts.nnz, chunk_pixels))
    chunks = list(pairwise([0, *cuts.tolist(), len(bins)]))

    # Each worker has its own chunks and sums, whatever the number of processors: the same bits
    # everywhere, and two chunks in memory.
    def count_share(worker: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        nnz, marginal = np.zeros(len(bins), np.int64), np.zeros(len(bins))
        for first, last in chunks[worker::WORKERS]:
            columns, counts = contacts.entries(contacts.indptr[first], contacts.indptr[last])
            call(
                "add_marginals",
                contacts.indptr[first : last + 1],
                columns,
                counts,
                COUNT_TYPES.index(counts.dtype),
                first,
                last - first,
                far[first:last],
                border[first:last],
                nnz,
                marginal,
            )
        return nnz, marginal

    with ThreadPoolExecutor(WORKERS) as pool:
        shares = list(pool.map(count_share, range(WORKERS)))
    nnz, marginal = (np.sum(parts, axis=0) for parts in zip(*shares, strict=True))
    return nnz, marginal
