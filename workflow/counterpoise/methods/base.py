"""The contract of a method: its settings, the problem it solves and the solution it returns.

A method is a ``Method``: a name, a dataclass of settings and a function ``solve``. For each part of
a map (a chromosome or the genome) ``balance`` builds a ``Problem`` and calls
``solve(problem, settings)``, which returns a ``Solution``. Everything else happens outside of the
method: selecting contacts and bins, judging the row sums, scaling to the target, standard errors,
and dropping bins where ``on_failure`` says so. How to add a method is described in
``counterpoise.methods``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import Vector
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.chromosomes import ChromosomeBins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selected import Piece
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.methods.recorder import Recorder
from counterpoise.records.citations import Citation
from counterpoise.records.excess import Excess
from counterpoise.records.facts import Fact
from counterpoise.records.numbers import require_number
from counterpoise.records.search import Search
from counterpoise.records.verdict import Cause, Status


class Target(StrEnum):
    """Targets of balanced row sums.

    Attributes
    ----------
    UNIT : str
        One.
    TOTAL : str
        The row sum with which the part keeps its raw total.
    MEAN : str
        The mean raw row sum over all parts.
    """

    UNIT = "unit"
    TOTAL = "total"
    MEAN = "mean"


class OnFailure(StrEnum):
    """Treatments of a part that cannot be balanced; see ``MethodSettings.on_failure``."""

    NAN = "nan"
    ISOLATE = "isolate"
    KEEP = "keep"
    DROP = "drop"
    STOP = "stop"


@dataclass(frozen=True)
class ExtraMemory:
    """Memory that balancing takes in addition to the map and a few vectors.

    Attributes
    ----------
    bin_bytes, pixel_bytes : int
        Bytes for each bin and for each stored pixel of the largest part.
    maps : bool
        Whether maps of the size of the largest part are made, two at a time.
    """

    bin_bytes: int = 0
    pixel_bytes: int = 0
    maps: bool = False


@dataclass
class MethodSettings:
    """Settings that every method has.

    The first sentence of each entry below is the comment in ``conf/method/NAME.yaml``; the whole
    entry is the text in ``docs/reference/settings.md``.

    Attributes
    ----------
    scope : {"genome", "cis", "trans"}, default "genome"
        Contacts that are balanced: all (genome), within chromosomes (cis) or between them (trans).
        With ``cis`` each chromosome is balanced separately.
    ignore_diags : int, default 0
        Number of diagonals to ignore: pixels with bin2 - bin1 below this are not used.
        Bins are numbered through all chromosomes, as in cooler. Pixels between the end of one
        chromosome and the start of the next are therefore ignored, too. Of chromosomes of one bin,
        such as plasmids and scaffolds, this ignores contacts with their neighbours in the table.
        ``ignore_diags_trans: false`` keeps them.
    ignore_diags_trans : bool, default True
        Whether ignored diagonals include pixels between chromosomes, as in cooler.
        With false, diagonals are ignored within chromosomes only: every pixel between chromosomes
        is used. This matters to maps with many short chromosomes.
    on_failure : {"nan", "isolate", "keep", "drop", "stop"}, default "nan"
        If a part cannot be balanced: nan, keep, drop, stop or, for methods with isolate_limit,
        isolate.

        - ``nan``: write no weights for this part.
        - ``isolate``: mask the few bins that rule out an exact balancing, name them as isolated,
          and balance the others; only methods with ``isolate_limit`` can. If more than that share
          of the bins would have to go, none does and no weights are written. A part that merely
          does not converge keeps the weights reached.
        - ``keep``: write the weights reached so far, unless they span more than twelve orders of
          magnitude, as they do on a map without support.
        - ``drop``: remove the sparsest bins until the rest can be balanced: up to the 1st, 2nd,
          3rd, 4th and 10th percentile of row sums, the percentiles of Juicer's KR. Bins with
          equal row sums are removed together, which can be many on a sparse map. The bins are not
          always those that Juicer leaves out: on one map 9 of 1,428 differ, and weights by up to
          84 %.
        - ``stop``: fail the job.

        With all but ``keep``, the existence of an exact balancing is decided first, and a part
        that has none is not iterated.
    bootstrap : int, default 0
        Number of Poisson-resampled maps for standard errors; 0 uses the closed formula.
        Each map is balanced like the original; 20 maps estimate the errors to within 16 %. The
        formula costs one matrix-vector product.
    seed : int, default 1
        Seed of the random numbers of the bootstrap and of held-out contacts.
    """

    scope: str = Scope.GENOME.value
    ignore_diags: int = 0
    ignore_diags_trans: bool = True
    on_failure: str = OnFailure.NAN.value
    bootstrap: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        require_choice("scope", self.scope, Scope)
        require_choice("on_failure", self.on_failure, OnFailure)
        if self.on_failure == OnFailure.ISOLATE and not isinstance(self, ExactSettings):
            raise ConfigError(
                "on_failure is 'isolate', which only methods with isolate_limit have; use nan, "
                "keep, drop or stop."
            )
        self.require_integers(ignore_diags=0, bootstrap=0, seed=0)
        self.ignore_diags = int(self.ignore_diags)  # False is cooler's word for 0
        if not isinstance(self.ignore_diags_trans, bool):
            raise ConfigError(
                f"ignore_diags_trans is {self.ignore_diags_trans!r}; it must be true or false."
            )
        if self.bootstrap == 1:
            raise ConfigError("bootstrap is 1; it must be 0 (for none), 2 or more.")

    @property
    def extra_memory(self) -> ExtraMemory:
        """Memory that the method takes in addition to the map."""
        return ExtraMemory()

    def require_integers(self, **minima: int) -> None:
        """Refuse settings that are not whole numbers of at least the given values.

        Parameters
        ----------
        **minima : int
            The smallest allowed value by the name of the setting.

        Raises
        ------
        ConfigError
            If a setting is not a whole number or is too small.
        """
        for key, minimum in minima.items():
            value = getattr(self, key)
            if not isinstance(value, Integral) or value < minimum:
                raise ConfigError(
                    f"{key} is {value!r}; it must be a whole number from {minimum} up."
                )

    def require_positive(self, *keys: str) -> None:
        """Refuse settings that are not finite numbers above zero.

        Parameters
        ----------
        *keys : str
            Names of the settings.

        Raises
        ------
        ConfigError
            If one of them is zero, negative, infinite, NaN or no number.
        """
        for key in keys:
            require_number(key, getattr(self, key))
            if not 0 < getattr(self, key) < math.inf:
                raise ConfigError(
                    f"{key} is {getattr(self, key)}; it must be a number above zero, and finite."
                )


@dataclass
class EqualSumsSettings(MethodSettings):
    """Settings of methods that make all row sums equal.

    Attributes
    ----------
    target : {"unit", "total", "mean"}, default "unit"
        What the balanced row sums become: unit, total or mean.
        All weights of a part are multiplied by one factor.

        - ``unit``: one.
        - ``total``: the balanced total of the part equals its raw total (Juicer's scale).
        - ``mean``: the mean raw row sum over all parts.

        ``total`` and ``mean`` differ in scope ``cis`` only, where ``mean`` gives every chromosome
        the same row sum.
    """

    target: str = Target.UNIT.value

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        require_choice("target", self.target, Target)


@dataclass
class ExactSettings(EqualSumsSettings):
    """Settings of methods that make the row sums of all bins equal, which not every map allows.

    Attributes
    ----------
    on_failure : {"nan", "isolate", "keep", "drop", "stop"}, default "isolate"
        Methods with these settings isolate by default.
    isolate_limit : float, default 0.01
        Largest share of a part's bins with contacts that ``on_failure: isolate`` isolates.
    """

    on_failure: str = OnFailure.ISOLATE.value
    isolate_limit: float = 0.01

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        require_number("isolate_limit", self.isolate_limit)
        if not 0 <= self.isolate_limit <= 1:
            raise ConfigError(f"isolate_limit is {self.isolate_limit}; it must be from 0 to 1.")


def require_choice(key: str, value: str, choices: type[StrEnum]) -> None:
    """Refuse a value that is not in the enum.

    Parameters
    ----------
    key : str
        Name of the setting, for the message.
    value : str
        Value to check.
    choices : type of StrEnum
        Allowed values.

    Raises
    ------
    ConfigError
        If the value is not one of the choices.
    """
    if value not in list(choices):
        raise ConfigError(f"{key} is {value!r}; it must be one of {', '.join(choices)}.")


def require_diagonal(diagonal: int) -> None:
    """Refuse a count of main-diagonal pixels other than 1 or 2.

    Parameters
    ----------
    diagonal : int
        How often a main-diagonal pixel counts in a row sum.

    Raises
    ------
    ConfigError
        If it is neither 1 nor 2.
    """
    if diagonal not in (1, 2):
        raise ConfigError(f"diagonal is {diagonal}; it must be 1 or 2.")


@dataclass
class Solution:
    """Weights of one part, as a method returns them.

    Attributes
    ----------
    weights : float64 [kept bins without ``dropped`` ones]
        Multiplicative weights; a numpy array or torch tensor, as the operator's vectors are. They
        need not keep the total of the map. With ``EqualSumsSettings`` they make row sums of
        ``Problem.target``, which ``balance`` scales to the setting ``target``; other weights are
        written as they are.
    status : Status
        CONVERGED, COMPUTED (a fixed number of steps), NOT_CONVERGED, or FAILED if numbers are not
        finite.
    iterations : int
        Iterations of the method's outer loop.
    cause : Cause
        Why the part is not balanced; ``Cause.NONE`` if it is.
    facts : tuple of Fact
        The cause with its values; empty if the part is balanced.
    target : float or None
        Balanced row sum that the method aims at, relative to ``Problem.target``; None for "all
        equal".
    unconnected_weight : float
        Weight of bins without a contact; NaN except for methods that copy another program's.
    dropped : bool [kept bins] or None
        True for bins that the method dropped to balance the others; None if it dropped none.
    dropped_because : tuple of Fact
        Why bins were dropped, with the number of bins for each reason.
    bandwidth : float or None
        Bandwidth of a kernel method in base pairs (of the largest chromosome); else None.
    smoothed_deviation : float or None
        Largest relative deviation of a kernel method's smoothed row sums; else None.
    row_sums : float64 [bins of ``weights``] or None
        Balanced row sums of exactly these weights, if the method's last product gave them; None
        if they have to be measured.
    errors : callable or None
        Returns the relative standard errors, float64 of the shape of ``weights`` (NaN where there
        is no weight). None stands for the formula for equal row sums
        (``counterpoise.balancing.standard_errors``).
    unevenness : callable or None
        Returns the expected excess of new contacts; its value is NaN where the method has no
        formula. None stands for the formula for equal row sums
        (``counterpoise.balancing.standard_errors``).
    search : Search or None
        How a kernel method chose its bandwidth; None if it chose none.
    """

    weights: Vector
    status: Status
    iterations: int = 0
    cause: Cause = Cause.NONE
    facts: tuple[Fact, ...] = ()
    target: float | None = None
    unconnected_weight: float = np.nan
    dropped: NDArray[np.bool_] | None = None
    dropped_because: tuple[Fact, ...] = ()
    bandwidth: float | None = None
    smoothed_deviation: float | None = None
    row_sums: Vector | None = None
    errors: Callable[[], Vector] | None = None
    unevenness: Callable[[], Excess] | None = None
    search: Search | None = None


def _unknown(*arguments: Any) -> Any:
    """Stand for what a problem without a map cannot say."""
    raise TypeError("this problem was made of an operator alone, without its contacts")


@dataclass(frozen=True)
class PartPrior:
    """The prior of one part: the bias of its bins according to other maps.

    Attributes
    ----------
    log_bias : ndarray of float64, shape (bins,)
        Logarithm of the bias, up to a constant on each chromosome; NaN where there is none.
    strength : float
        Power of the bias that applies; 0 for none.
    """

    log_bias: NDArray[np.float64]
    strength: float

    def restrict(self, kept: NDArray[np.bool_]) -> PartPrior:
        """Return the prior of fewer bins."""
        return PartPrior(self.log_bias[kept], self.strength)


@dataclass(frozen=True)
class PriorRating:
    """The expected excess of one part for each strength of a prior; the first strength is 0.

    Attributes
    ----------
    bins : int
        Bins of the part.
    excess : ndarray of float64, shape (strengths,)
        The expected excess of the weights.
    squares : ndarray of float64, shape (strengths, strengths)
        For each pair, the sum over the bins of v (r - r')^2, with r and r' the relative row sums
        and v the variance of r by counting.
    information : ndarray of float64, shape (strengths,)
        The inverse of the variance with which the part tells the strength.
    """

    bins: int
    excess: NDArray[np.float64]
    squares: NDArray[np.float64]
    information: NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """One part to balance: its map as an operator, and what methods may ask about it.

    In a bootstrap this is the resampled map; only ``holds_counts`` is about the map itself.

    Attributes
    ----------
    operator : Operator
        The symmetric map A; ``operator.product(x)`` is A x.
    marginal : float64 [bins]
        Raw row sums A 1. All are above zero, except for kernel methods (``Method.fills``).
    record : Recorder
        ``record(iteration, row_sums, target)`` adds a row to the trace and returns the largest
        and the RMS relative deviation from the target. A method with another ``Method.quantity``
        records that in place of balanced row sums.
    nonzeros : callable
        Returns the number of nonzero entries of each row, float64 [bins]; costs as much as
        building the operator.
    chromosomes : callable
        Returns the positions of the bins on their chromosomes.
    sum_by_distance : callable
        ``sum_by_distance(u)`` returns the sums of u_i u_j A_ij and of (u_i u_j)^2 v_ij by
        distance, as ``counterpoise.contacts.distances`` does; one pass over the pixels.
    entries : callable
        ``entries()`` iterates over the entries of A on and above its diagonal, about a million at
        a time: rows and columns (int32, positions of bins, row <= column) and values (float64,
        none is zero), as numpy arrays. A map that stays on disk is read again at each call.
    load : callable
        Returns the raw contacts of the part, from which methods make contacts for
        ``operator_of``: a map of all bins with masked bins and ignored diagonals, in memory.
    operator_of : callable
        ``operator_of(contacts)`` returns the operator of other contacts, selected as those of A.
    holds_counts : bool
        Whether the values of the map are counts.
    bandwidth : Bandwidth or None
        Bandwidth to use whatever the settings say, for resampled maps; None otherwise.
    prior : PartPrior or None
        The bias of the bins by other maps, for methods that take one; None otherwise.
    target : float or float64 [bins], default 1.0
        What balanced row sums become, up to one factor for all bins: one, or the relative copy
        number of each bin, for methods with ``follows_copy_number``.
    """

    operator: Operator
    marginal: Vector
    record: Recorder
    nonzeros: Callable[[], Vector]
    chromosomes: Callable[[], list[ChromosomeBins]]
    sum_by_distance: Callable[[Vector], NDArray[np.float64]] = _unknown
    entries: Callable[[], Iterator[Piece]] = _unknown
    load: Callable[[], Contacts] = _unknown
    operator_of: Callable[[Contacts], Operator] = _unknown
    holds_counts: bool = True
    bandwidth: Bandwidth | None = None
    prior: PartPrior | None = None
    target: float | Vector = 1.0


@dataclass(frozen=True)
class Method:
    """A balancing method: its name, its settings with their defaults, and its solver.

    Attributes
    ----------
    name : str
        Name in configurations and in ``counterpoise.balance``. Upper case in coolers.
    settings : type of MethodSettings
        Dataclass with a default for every setting.
    solve : callable or None
        ``solve(problem, settings)`` balances one part and returns a ``Solution``; None for a
        method that has candidates.
    summary : str
        What the method does, in one phrase without a period, for the tables of methods.
    trans_weighting : bool
        In scope ``trans``, weight contacts by chromosome size as cooler's ICE does; see
        ``counterpoise.contacts.selection.select``.
    version : str
        Program and version that the algorithm follows, if several programs use the name for
        different algorithms.
    quantity : str
        What the iteration brings to its target and the trace records, in the plural: the figure,
        the report, MLflow and lines of progress call it so. Kernel methods have another one.
    fills : bool
        Bins without contacts of their own get weights, from their neighbours.
    follows_copy_number : bool
        The method takes ``Problem.target``: it can make row sums proportional to copy numbers.
    candidates : callable or None
        For a method that chooses between others on each map: ``candidates(settings)`` returns
        their settings by name, the simplest first. See ``counterpoise.balancing.choosing``.
    rate_prior : callable or None
        For a method that takes a prior: ``rate_prior(problem, settings)`` returns what it is worth
        at each strength, or None where that cannot be said. See
        ``counterpoise.balancing.borrowing``.
    cites : tuple of Citation
        The publications of the method, for texts about runs.
    revision : int
        Raised by one when the method's results change; see ``counterpoise.cohort.revisions``.
    """

    name: str
    settings: type[MethodSettings]
    solve: Callable[[Problem, Any], Solution] | None
    summary: str
    trans_weighting: bool = False
    version: str = ""
    quantity: str = "row sums"
    fills: bool = False
    follows_copy_number: bool = False
    candidates: Callable[[Any], dict[str, MethodSettings]] | None = None
    rate_prior: Callable[[Problem, Any], PriorRating | None] | None = None
    cites: tuple[Citation, ...] = ()
    revision: int = 1

    def __post_init__(self) -> None:
        """Refuse a method that neither solves nor chooses, or does both."""
        if (self.solve is None) == (self.candidates is None):
            raise TypeError(f"the method {self.name} has solve or candidates, and not both")

    @property
    def exact(self) -> bool:
        """Whether the method makes the row sums of all bins equal, which not every map allows."""
        return issubclass(self.settings, ExactSettings)
