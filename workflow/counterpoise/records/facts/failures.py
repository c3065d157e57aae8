"""Why nothing was balanced, or not to the end, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

from counterpoise.records.facts.base import Fact
from counterpoise.records.facts.bins import Masked


class Unit(StrEnum):
    """Units in which methods count their work."""

    ITERATIONS = "iterations"
    PRODUCTS = "products"
    STEPS = "steps"


class Remedy(StrEnum):
    """Remedies for a part that is not balanced."""

    ISOLATE = "isolate"
    RAISE_LIMIT = "raise_limit"
    DROP = "drop"
    KEEP_DIAGONALS = "keep_diagonals"
    LARGER_BINS = "larger_bins"
    MORE_CONTACTS = "more_contacts"
    LEAVE_OUT = "leave_out"
    MORE_ITERATIONS = "more_iterations"
    USE_KR = "use_kr"
    USE_KDE_EB = "use_kde_eb"
    CHECK_COPY_NUMBERS = "check_copy_numbers"


class EmptyCause(StrEnum):
    """Why a part has nothing to balance."""

    NO_CONTACTS = "no_contacts"
    MASKED = "masked"
    ON_DIAGONALS = "on_diagonals"
    ONE_CHROMOSOME = "one_chromosome"
    NO_TRANS = "no_trans"
    NO_CIS = "no_cis"
    IN_REGIONS = "in_regions"


class Empty(Fact, code="empty"):
    """The part has no kept bin, or no contacts between kept bins.

    Attributes
    ----------
    kept : int
        Kept bins of the part; for the cause ``masked``, those with contacts.
    cause : EmptyCause or None
        There are no contacts, or not without masked bins, or only on ignored diagonals; a map of
        one chromosome, or of several, has none between chromosomes; or none are within them; or
        none are left inside the regions of the mask. None for another cause, and in files of
        earlier versions.
    with_contacts : int
        Bins of the part that have contacts, for the cause ``masked``; else 0.
    masked : tuple of Masked
        Which filters removed them, if the part is the whole map.
    ignored : int
        Number of ignored diagonals, for the cause ``on_diagonals``; else 0.
    """

    kept: int
    cause: EmptyCause | None = None
    with_contacts: int = 0
    masked: tuple[Masked, ...] = ()
    ignored: int = 0


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


class DominantChromosome(Fact, code="dominant_chromosome"):
    """One chromosome has too many bins for equal row sums of contacts between chromosomes.

    Attributes
    ----------
    label : str
        Its name.
    bins, of : int
        Its bins, and those of all chromosomes, with contacts between chromosomes.
    """

    label: str
    bins: int
    of: int


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


class LargerBins(Fact, code="larger_bins"):
    """Larger bins are expected to have enough contacts for weights that are fit for use.

    Attributes
    ----------
    times : int
        How many of the bins they span.
    size : float or None
        Their length in base pairs; None for bins of unequal length, and of a matrix.
    """

    times: int
    size: float | None


# Actions that the values of remedies are for.
VALUES_OF_REMEDIES = {
    "larger": (Remedy.LARGER_BINS,),
    "isolate_limit": (Remedy.RAISE_LIMIT, Remedy.ISOLATE),
    "tolerance": (Remedy.ISOLATE,),
    "iteration_setting": (Remedy.MORE_ITERATIONS,),
}


class Remedies(Fact, code="remedies"):
    """Remedies that a user can try.

    Attributes
    ----------
    actions : tuple of Remedy
        Alternatives; any one of them may be enough.
    larger : LargerBins or None
        The bins of ``larger_bins``; None without it.
    isolate_limit : float or None
        The limit to set with ``raise_limit``, and with ``isolate`` where the one that is set is
        too low; None elsewhere.
    tolerance : float or None
        The tolerance to set with ``isolate`` in the place of cooler's rule, under which no bins
        are isolated; None elsewhere.
    iteration_setting : str
        The setting that limits the iterations, for ``more_iterations``; empty elsewhere, and where
        the method has none.
    """

    actions: tuple[Remedy, ...]
    larger: LargerBins | None = None
    isolate_limit: float | None = None
    tolerance: float | None = None
    iteration_setting: str = ""

    def __post_init__(self) -> None:
        """Refuse an action without its value, and a value without its action."""
        required = {Remedy.LARGER_BINS: self.larger, Remedy.RAISE_LIMIT: self.isolate_limit}
        for action, value in required.items():
            if action in self.actions and value is None:
                raise ValueError(f"remedy {action} has no value")
        for name, actions in VALUES_OF_REMEDIES.items():
            if getattr(self, name) not in (None, "") and not set(actions) & set(self.actions):
                raise ValueError(f"{name} is for the remedy {' or '.join(actions)}")
