"""The facts that a reason consists of, as data.

``verdict.json`` lists them for every part, so that a program can filter by fact instead of
parsing sentences. ``counterpoise.records.wording`` renders each fact as a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, dataclass_transform

from counterpoise.contacts.bins import BinTable

# Facts name at most this many bins; their number is a value of its own.
NAMED_BINS = 3


class Unit(StrEnum):
    """Units in which methods count their work."""

    ITERATIONS = "iterations"
    PRODUCTS = "products"
    STEPS = "steps"


class Remedy(StrEnum):
    """Remedies for a part that is not balanced."""

    ISOLATE = "isolate"
    MASK_SPARSEST = "mask_sparsest"
    MASK_MORE = "mask_more"
    KEEP_DIAGONALS = "keep_diagonals"
    LARGER_BINS = "larger_bins"
    MORE_ITERATIONS = "more_iterations"
    USE_KR = "use_kr"


class SearchNote(StrEnum):
    """Limits of the evidence for the choice of a bandwidth."""

    NONE = ""
    ALL_REJECTED = "all_rejected"
    WIDER_REJECTED = "wider_rejected"
    NO_SMOOTHING = "no_smoothing"
    WIDEST = "widest"
    NARROWER_REJECTED = "narrower_rejected"


@dataclass_transform(frozen_default=True)
class Fact:
    """One finding with its values.

    A subclass states its code in the class statement; ``verdict.json`` stores it under ``fact``.
    Type checkers take it for a frozen dataclass. At run time only its ``__init__`` is generated:
    all methods of a frozen dataclass, for every kind of fact, would slow the start of every job.
    """

    code: ClassVar[str]
    kinds: ClassVar[dict[str, type[Fact]]] = {}

    def __init_subclass__(cls, code: str) -> None:
        """Register a kind of fact under its code."""
        cls.code = code
        Fact.kinds[code] = cls
        dataclass(eq=False, repr=False)(cls)

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a fact of the same kind with the same values."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        """Return a hash of the kind and the values."""
        return hash((self.code, *vars(self).values()))

    def __repr__(self) -> str:
        """Return the fact as Python code."""
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"

    def to_dict(self) -> dict[str, Any]:
        """Return the code and the values as JSON types."""
        values = {name: _to_plain(value) for name, value in vars(self).items()}
        return {"fact": self.code, **values}

    @staticmethod
    def from_dict(record: dict[str, Any]) -> Fact:
        """Return the fact that ``to_dict`` wrote."""
        values = {key: _from_plain(value) for key, value in record.items() if key != "fact"}
        return Fact.kinds[record["fact"]](**values)


def _to_plain(value: Any) -> Any:
    """Convert facts to dictionaries and tuples to lists."""
    if isinstance(value, Fact):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


def _from_plain(value: Any) -> Any:
    """Convert dictionaries to facts and lists to tuples."""
    if isinstance(value, dict):
        return Fact.from_dict(value)
    return tuple(_from_plain(item) for item in value) if isinstance(value, list) else value


def first_names(bins: BinTable, indices: Iterable[int]) -> tuple[str, ...]:
    """Return the first few bins by name, such as ``chr1:10,000-20,000``.

    Parameters
    ----------
    bins : BinTable
        The bin table.
    indices : iterable of int
        Bins.
    """
    return tuple(
        bins.describe(int(index)) for index, _ in zip(indices, range(NAMED_BINS), strict=False)
    )


# --- why nothing was balanced, or not to the end ----------------------------------------------


class Empty(Fact, code="empty"):
    """The part has no kept bin, or no contacts between kept bins.

    Attributes
    ----------
    kept : int
        Kept bins of the part.
    """

    kept: int


class NoSupport(Fact, code="no_support"):
    """No exact balancing exists: some bins share too few partners.

    Attributes
    ----------
    blocking : int
        Number of these bins.
    bins : tuple of str
        The first of them by name, those with the fewest contacts first.
    partners : int
        Number of bins that they have contacts with.
    """

    blocking: int
    bins: tuple[str, ...]
    partners: int


class NoTotalSupport(Fact, code="no_total_support"):
    """Exact balancing exists only as a limit in which some entries of the map vanish.

    Attributes
    ----------
    blocking : int
        Number of bins that use up all their partners.
    bins : tuple of str
        The first of them by name, those with the fewest contacts first.
    partners : int
        Number of bins that they have contacts with.
    entries : int or None
        Entries of the map that would have to vanish; None on a map too large to count them.
    """

    blocking: int
    bins: tuple[str, ...]
    partners: int
    entries: int | None


class Disconnected(Fact, code="disconnected"):
    """The map has several connected components, which this method cannot bring to one scale.

    Attributes
    ----------
    components : int
        Connected components of the nonzero pattern.
    """

    components: int


class Balanceable(Fact, code="balanceable"):
    """An exact balancing exists, although the method did not reach it."""


class ExistenceUnknown(Fact, code="existence_unknown"):
    """It is not known whether weights exist with which row sums follow the copy numbers."""


class NotExamined(Fact, code="not_examined"):
    """The map has too many contacts to look for the cause in its structure.

    Attributes
    ----------
    limit : int
        Contacts up to which a map is examined.
    """

    limit: int


class LimitReached(Fact, code="limit_reached"):
    """The method reached its limit of iterations or products.

    Attributes
    ----------
    limit : int
        The number that was not enough.
    unit : Unit
        What was counted.
    """

    limit: int
    unit: Unit


class DeviationLeft(Fact, code="deviation_left"):
    """Row sums are not yet equal.

    Attributes
    ----------
    max_deviation : float
        Largest relative deviation from the target.
    smoothed : bool
        Whether the row sums are those that a kernel method smooths.
    """

    max_deviation: float
    smoothed: bool = False


class Measure(StrEnum):
    """Measures of how far row sums are from their target, relative to it."""

    LARGEST = "largest"
    LARGEST_SMOOTHED = "largest_smoothed"
    NORM = "norm"


class CloseEnough(Fact, code="close_enough"):
    """The method stopped above its tolerance, but far below the noise of the weights.

    Attributes
    ----------
    deviation : float
        Deviation of row sums, by the measure that the method compares with its tolerance.
    measure : Measure
        The largest deviation of a row sum; the same of smoothed row sums, for kernel methods; or
        the 2-norm of all deviations, for ``kr``.
    tolerance : float
        The method's tolerance.
    median_error : float
        Median relative standard error of the weights.
    """

    deviation: float
    measure: Measure
    tolerance: float
    median_error: float


class Diverged(Fact, code="diverged"):
    """Weights diverged to zero or infinity.

    Attributes
    ----------
    after : int or None
        When the method noticed; None if only the final weights showed it.
    unit : Unit
        What ``after`` counts.
    """

    after: int | None = None
    unit: Unit = Unit.ITERATIONS


class LargeSpan(Fact, code="large_span"):
    """Some weights went to zero and others to infinity while row sums became equal.

    Attributes
    ----------
    limit : float
        The weights, relative to 1 / sqrt(row sum), span more than this factor.
    """

    limit: float


class Stalled(Fact, code="stalled"):
    """Row sums stopped approaching one.

    Attributes
    ----------
    steps : int
        Outer steps up to the last improvement.
    """

    steps: int


class WouldNotSettle(Fact, code="would_not_settle"):
    """SCALE's weights kept changing, and it may not drop enough bins to stop that.

    Attributes
    ----------
    dropped_before : bool
        Whether bins were dropped already.
    percent : int
        Largest share of the bins that may be dropped, in percent.
    """

    dropped_before: bool
    percent: int


class SettledUnequal(Fact, code="settled_unequal"):
    """SCALE's weights stopped changing, but row sums are not equal.

    Attributes
    ----------
    tolerated : float
        Largest relative deviation of a row sum that would have been accepted.
    """

    tolerated: float


class Remedies(Fact, code="remedies"):
    """Remedies that a user can try.

    Attributes
    ----------
    actions : tuple of Remedy
        Alternatives; any one of them may be enough.
    """

    actions: tuple[Remedy, ...]


# --- bins without weights ---------------------------------------------------------------------


class FewPartners(Fact, code="few_partners"):
    """SCALE dropped bins because they have contacts with too few others.

    Attributes
    ----------
    number : int
        Number of bins dropped for it.
    fewer_than : int
        Each has contacts with fewer bins than this.
    """

    number: int
    fewer_than: int


class Unsettled(Fact, code="unsettled"):
    """SCALE dropped bins because their weights kept changing.

    Attributes
    ----------
    number : int
        Number of bins dropped for it.
    """

    number: int


class OutOfReach(Fact, code="out_of_reach"):
    """A kernel method dropped bins because no contact is within reach of the kernel.

    Attributes
    ----------
    number : int
        Number of bins dropped for it.
    """

    number: int


class BinsDropped(Fact, code="bins_dropped"):
    """The method dropped bins.

    Attributes
    ----------
    dropped, of : int
        Their number, and the number of bins before.
    bins : tuple of str
        The first of them by name.
    because : tuple of Fact
        Why the method dropped them.
    balanced : bool
        Whether the others could then be balanced.
    """

    dropped: int
    of: int
    bins: tuple[str, ...]
    because: tuple[Fact, ...]
    balanced: bool


class SparsestDropped(Fact, code="sparsest_dropped"):
    """``on_failure: drop`` dropped the sparsest bins, and the others could be balanced.

    Attributes
    ----------
    dropped, of : int
        Their number, and the number of bins before.
    bins : tuple of str
        The first of them by name.
    percentile : int
        Bins with row sums up to this percentile were dropped.
    before : tuple of Fact
        Why the part could not be balanced with them.
    """

    dropped: int
    of: int
    bins: tuple[str, ...]
    percentile: int
    before: tuple[Fact, ...]


class DroppingFailed(Fact, code="dropping_failed"):
    """``on_failure: drop`` found no percentile at which the part could be balanced.

    Attributes
    ----------
    percentile : int
        The largest percentile of row sums that was tried; 0 if none was.
    none_left : bool
        Whether dropping more would have left no bin.
    """

    percentile: int
    none_left: bool


class BinsIsolated(Fact, code="bins_isolated"):
    """``on_failure: isolate`` set bins aside, and the others have an exact balancing.

    Attributes
    ----------
    isolated, of : int
        Their number, and the number of bins before.
    bins : tuple of str
        All of them by name, in the order of the map.
    contacts : float
        Share of the part's contacts that is lost with them.
    before : tuple of Fact
        Why the part could not be balanced with them.
    """

    isolated: int
    of: int
    bins: tuple[str, ...]
    contacts: float
    before: tuple[Fact, ...]


class IsolationRefused(Fact, code="isolation_refused"):
    """``on_failure: isolate`` would have had to set too many bins aside.

    Attributes
    ----------
    needed, of : int
        Bins that would have to go, and the number of bins.
    at_least : bool
        Whether ``needed`` is a lower bound.
    limit : float
        Largest share of the bins that may go.
    """

    needed: int
    of: int
    at_least: bool
    limit: float


class Unconnected(Fact, code="unconnected"):
    """Kept bins have contacts, but none that the method uses.

    Attributes
    ----------
    number : int
        Number of these bins.
    """

    number: int


class NotWritten(Fact, code="not_written"):
    """The weights reached are not written although ``on_failure`` is ``keep``.

    Attributes
    ----------
    limit : float or None
        The weights span more than this factor; None if they or their row sums are not finite.
    """

    limit: float | None


# --- standard errors and bandwidths -----------------------------------------------------------


class FewerResampled(Fact, code="fewer_resampled"):
    """Standard errors rest on fewer resampled maps than were drawn.

    Attributes
    ----------
    used, drawn : int
        Maps that could be balanced, and all that were drawn.
    """

    used: int
    drawn: int


class ScoredBandwidth(Fact, code="scored_bandwidth"):
    """A bandwidth next to the chosen one.

    Attributes
    ----------
    bandwidth : float
        Base pairs.
    score, error : float
        Its score and the standard error, as ``Candidate`` has them.
    """

    bandwidth: float
    score: float
    error: float


class BandwidthChosen(Fact, code="bandwidth_chosen"):
    """A score chose the bandwidth.

    Attributes
    ----------
    bandwidth : float
        Base pairs; 0 for none (SSK).
    kind : str
        The score, as the setting ``score`` names it.
    score, error : float or None
        Its score and the standard error; None where every candidate was rejected.
    neighbours : tuple of ScoredBandwidth
        The next narrower and the next wider candidate, where they have a score.
    note : SearchNote
        What limits the evidence.
    rejected : str
        Why the chosen one was rejected, where all were.
    """

    bandwidth: float
    kind: str
    score: float | None
    error: float | None
    neighbours: tuple[ScoredBandwidth, ...]
    note: SearchNote
    rejected: str = ""


# --- fitness ----------------------------------------------------------------------------------


class FewWeights(Fact, code="few_weights"):
    """Few of the bins with contacts have a weight.

    Attributes
    ----------
    weighted, of : int
        Bins with a weight, and bins with contacts, masked ones included.
    limit : float
        Share below which this counts.
    """

    weighted: int
    of: int
    limit: float


class UnknownErrors(StrEnum):
    """Why the noise of weights is unknown."""

    NO_ERRORS = "no_errors"
    NOT_COUNTS = "not_counts"


class ErrorsUnknown(Fact, code="errors_unknown"):
    """There are weights whose noise is unknown.

    Attributes
    ----------
    because : UnknownErrors
        Why.
    """

    because: UnknownErrors


class LargeErrors(Fact, code="large_errors"):
    """The weights are uncertain.

    Attributes
    ----------
    median_se : float
        Median relative standard error of the weights.
    limit : float
        Error above which this counts.
    """

    median_se: float
    limit: float


class UnevenRowSums(Fact, code="uneven_row_sums"):
    """Balanced row sums are not equal.

    Attributes
    ----------
    cv : float
        RMS deviation from the target, relative to it.
    limit : float
        Deviation above which this counts.
    """

    cv: float
    limit: float


class PartsUnfit(Fact, code="parts_unfit"):
    """The weights of some chromosomes are not usable.

    Attributes
    ----------
    labels : tuple of str
        The chromosomes.
    of : int
        Number of chromosomes with contacts.
    contacts : float
        Share of the contacts that the method used which lies on them.
    limit : float
        Share above which this counts.
    """

    labels: tuple[str, ...]
    of: int
    contacts: float
    limit: float


class Shallow(Fact, code="shallow"):
    """The map has far fewer contacts than others of the cohort.

    Attributes
    ----------
    contacts, median : float
        Contacts of the map, and the median of the maps that it is compared with.
    samples : int
        Number of these maps, this one included.
    group : str
        The group that they are; empty for the whole cohort.
    limit : float
        Share of the median below which this counts.
    """

    contacts: float
    median: float
    samples: int
    group: str
    limit: float
