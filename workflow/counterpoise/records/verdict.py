"""The verdict on a balancing run: what ``verdict.json`` holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from counterpoise.records.choice import Choice
from counterpoise.records.copy_number import CopyNumberUse
from counterpoise.records.excess import Excess
from counterpoise.records.facts import Fact
from counterpoise.records.fitness import Fitness
from counterpoise.records.prior import PriorUse
from counterpoise.records.search import Search


class Status(StrEnum):
    """Outcome of a method on a map or a part of it, from best to worst.

    ``computed`` is for methods of a fixed number of steps, such as the one of VC, which do not
    make row sums equal; ``empty`` is a part without a single bin to balance.
    """

    CONVERGED = "converged"
    COMPUTED = "computed"
    EMPTY = "empty"
    NOT_CONVERGED = "not_converged"
    FAILED = "failed"

    @property
    def balanced(self) -> bool:
        """Whether the method reached a balance, or made its steps."""
        return self in (Status.CONVERGED, Status.COMPUTED)


class Cause(StrEnum):
    """Causes for which a part is not balanced; the facts of its verdict give the details."""

    NONE = ""
    EMPTY = "empty"
    NO_SUPPORT = "no_support"
    NO_TOTAL_SUPPORT = "no_total_support"
    DISCONNECTED = "disconnected"
    DIVERGED = "diverged"
    LIMIT = "limit"

    @property
    def structural(self) -> bool:
        """Whether the cause lies in which bins have contacts with each other."""
        return self in (Cause.NO_SUPPORT, Cause.NO_TOTAL_SUPPORT, Cause.DISCONNECTED)


@dataclass(frozen=True)
class PartVerdict:
    """The verdict on one part: a chromosome (scope cis) or the genome.

    Attributes
    ----------
    label : str
        Chromosome name, ``genome`` or ``trans``.
    first_bin, bins : int
        Place of the part in the bin table and its size.
    kept : int
        Bins that were balanced.
    status : Status
        How the method ended.
    reason : str
        The facts in words; empty where there is nothing to say.
    iterations, matvecs : int
        Iterations of the method, and symmetric matrix-vector products. The products include
        those of attempts before bins were dropped.
    max_deviation, rms_deviation : float or None
        Largest and RMS relative deviation of balanced row sums from their target, over the
        balanced bins, computed from the final weights; None where there is nothing to measure.
    max_smoothed_deviation : float or None
        Largest relative deviation of the smoothed row sums of a kernel method; None for others.
    raw_total, balanced_total : float
        Sums over the full symmetric map of the contacts that the method used, before and after
        balancing, without the factors by which ``ice`` weights trans contacts. Their ratio gives
        Juicer's scale (``juicer_factor``). ``balanced_total`` is 0 where no weights are written.
    cause : Cause
        Why the part is not balanced.
    unconnected : int
        Kept bins without a contact that the method uses; ``kept`` does not count them.
    isolated : int
        Bins that ``on_failure: isolate`` masked so that the others could be balanced; they
        have no weights and ``kept`` does not count them.
    dropped : int
        Bins that the method or ``on_failure: drop`` gave up so that the others could be
        balanced; they have no weights and ``kept`` does not count them.
    drop_percentile : int
        Percentile of row sums up to which ``on_failure: drop`` dropped bins; 0 for none.
    bandwidth : float or None
        Bandwidth of a kernel method in base pairs; None for other methods.
    search : Search or None
        How the bandwidth was chosen; None if it was given.
    facts : tuple of Fact
        What the reason says, as data.
    with_contacts, weighted : int
        Bins that have contacts, masked ones included, and those of them that have a weight.
    median_se : float or None
        Median relative standard error of the weights.
    expected_excess : float or None
        How much the row sums of new contacts of the same library would vary if they were balanced
        with these weights: their variance beyond counting noise over their squared mean. Chance
        can make the estimate negative. None where no weights are written, values are no counts, or
        the method has no formula.
    excess_error : float or None
        Its standard error.
    expected_unevenness : float or None
        Its square root in percent, the standard deviation; None where the error is larger
        than the estimate.
    unevenness_at_most : float or None
        Upper bound in percent: the square root of the estimate (0 if negative) plus twice its
        standard error. None where the estimate is too far below zero to be chance, and tells
        nothing.
    fitness : Fitness
        Whether the weights may be used.
    fitness_causes : tuple of Fact
        Why they may not, or only with caution.
    """

    label: str
    first_bin: int
    bins: int
    kept: int
    status: Status
    reason: str = ""
    iterations: int = 0
    matvecs: int = 0
    max_deviation: float | None = None
    rms_deviation: float | None = None
    max_smoothed_deviation: float | None = None
    raw_total: float = 0.0
    balanced_total: float = 0.0
    cause: Cause = Cause.NONE
    unconnected: int = 0
    isolated: int = 0
    dropped: int = 0
    drop_percentile: int = 0
    bandwidth: float | None = None
    search: Search | None = None
    facts: tuple[Fact, ...] = ()
    with_contacts: int = 0
    weighted: int = 0
    median_se: float | None = None
    expected_excess: float | None = None
    excess_error: float | None = None
    expected_unevenness: float | None = None
    unevenness_at_most: float | None = None
    fitness: Fitness = Fitness.GOOD
    fitness_causes: tuple[Fact, ...] = ()

    @property
    def excess(self) -> Excess | None:
        """The expected excess with its error."""
        return Excess.of_record(self.expected_excess, self.excess_error)

    @property
    def juicer_factor(self) -> float | None:
        """Factor f of Juicer's scale: v = f / weight makes the balanced total the raw one."""
        if self.raw_total > 0 and self.balanced_total > 0:
            return float((self.balanced_total / self.raw_total) ** 0.5)
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as it is written to ``verdict.json``."""
        record = asdict(replace(self, facts=(), fitness_causes=(), search=None))
        return {
            **record,
            "search": self.search and self.search.to_dict(),
            "facts": [fact.to_dict() for fact in self.facts],
            "fitness_causes": [fact.to_dict() for fact in self.fitness_causes],
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> PartVerdict:
        """Return the verdict that ``to_dict`` wrote."""
        values = {
            "status": Status(record["status"]),
            "cause": Cause(record["cause"]),
            "search": record["search"] and Search.from_dict(record["label"], record["search"]),
            "facts": _read_facts(record["facts"]),
            "fitness": Fitness(record["fitness"]),
            "fitness_causes": _read_facts(record["fitness_causes"]),
        }
        return cls(**{**record, **values})


def _read_facts(records: list[dict[str, Any]]) -> tuple[Fact, ...]:
    """Return facts from their records."""
    return tuple(Fact.from_dict(record) for record in records)


@dataclass(frozen=True)
class Verdict:
    """The verdict on one run: a sample, a resolution and a method.

    Attributes
    ----------
    status : Status
        The worst status of the parts that hold data.
    reason : str
        The reasons of the parts, summed up.
    method : str
        The algorithm.
    name : str
        What the configuration calls it.
    scope : str
        ``genome``, ``cis`` or ``trans``.
    settings : dict
        All settings of the method, defaults included.
    bins : int
        Number of bins of the map.
    kept : int
        Number of bins that were balanced.
    iterations : int
        The most iterations of a part.
    matvecs : int
        Matrix-vector products of all parts.
    max_deviation : float or None
        Largest relative deviation of a row sum from its target, over all parts.
    rms_deviation : float or None
        Root mean square of these deviations.
    parts : tuple of PartVerdict
        The verdict on each part.
    choice : Choice or None
        How the method was chosen; None if it was given. `name` and `choice.settings` are then
        those of the method that chose, `method` and `settings` those of the chosen one.
    prior : PriorUse or None
        How far the bias of other maps was used; None without a prior.
    weights_of : str or None
        The map whose weights were applied to this one; None for weights of its own.
    copy_number : CopyNumberUse or None
        What row sums are proportional to; None where they are to be equal.
    median_se : float or None
        Median relative standard error of the weights.
    expected_excess, excess_error, expected_unevenness, unevenness_at_most : float or None
        As for ``PartVerdict``, over the bins of all parts that have them.
    with_contacts : int
        Number of bins that have contacts, masked ones included, but not those beyond the regions
        of the mask.
    weighted : int
        Number of these bins that have a weight.
    fitness : Fitness
        Whether the weights may be used, by the run's own facts.
    fitness_causes : tuple of Fact
        Why they may not, or only with caution.
    fitness_limits : dict of float
        The limits that it was judged by.
    notes : tuple of Fact
        Facts about the map as a whole, such as larger bins with enough contacts. The reason begins
        with them.
    backend : str
        What computed.
    device : str
        The device on which it computed.
    device_note : str
        Why ``auto`` stayed on the CPU.
    source : dict
        Identity of the input.
    mask : dict
        Summary of the mask.
    versions : dict of str
        Versions of the software.
    run : dict of float
        What differs between runs with the same input, settings and versions: seconds and peak
        memory.
    """

    status: Status
    reason: str
    method: str
    name: str
    scope: str
    settings: dict[str, Any]
    bins: int
    kept: int
    iterations: int
    matvecs: int
    max_deviation: float | None
    rms_deviation: float | None
    parts: tuple[PartVerdict, ...]
    choice: Choice | None = None
    prior: PriorUse | None = None
    weights_of: str | None = None
    copy_number: CopyNumberUse | None = None
    median_se: float | None = None
    expected_excess: float | None = None
    excess_error: float | None = None
    expected_unevenness: float | None = None
    unevenness_at_most: float | None = None
    with_contacts: int = 0
    weighted: int = 0
    fitness: Fitness = Fitness.GOOD
    fitness_causes: tuple[Fact, ...] = ()
    fitness_limits: dict[str, float] = field(default_factory=dict)
    notes: tuple[Fact, ...] = ()
    backend: str = ""
    device: str = "cpu"
    device_note: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    mask: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    run: dict[str, float] = field(default_factory=dict)

    @property
    def excess(self) -> Excess | None:
        """The expected excess with its error."""
        return Excess.of_record(self.expected_excess, self.excess_error)

    @property
    def max_smoothed_deviation(self) -> float | None:
        """As for ``PartVerdict``, over all parts."""
        known = [part.max_smoothed_deviation for part in self.parts]
        return max((value for value in known if value is not None), default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as it is written to ``verdict.json``.

        It has the keys ``prior``, ``weights_of`` and ``copy_number`` only if there is one.
        """
        record = asdict(
            replace(self, parts=(), fitness_causes=(), notes=(), choice=None, prior=None)
        )
        del record["prior"], record["copy_number"]
        if self.weights_of is None:
            del record["weights_of"]
        return {
            **record,
            "choice": self.choice and self.choice.to_dict(),
            **({"prior": self.prior.to_dict()} if self.prior else {}),
            **({"copy_number": asdict(self.copy_number)} if self.copy_number else {}),
            "fitness_causes": [fact.to_dict() for fact in self.fitness_causes],
            "notes": [fact.to_dict() for fact in self.notes],
            "parts": [part.to_dict() for part in self.parts],
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Verdict:
        """Return the verdict that ``to_dict`` wrote."""
        copies = record.get("copy_number")
        values = {
            "status": Status(record["status"]),
            "parts": tuple(PartVerdict.from_dict(part) for part in record["parts"]),
            "choice": record["choice"] and Choice.from_dict(record["choice"]),
            "prior": PriorUse.from_dict(record["prior"]) if "prior" in record else None,
            "copy_number": CopyNumberUse(**copies) if copies else None,
            "fitness": Fitness(record["fitness"]),
            "fitness_causes": _read_facts(record["fitness_causes"]),
            "notes": _read_facts(record.get("notes", [])),
        }
        return cls(**{**record, **values})


def overall_status(parts: Sequence[PartVerdict]) -> Status:
    """Return the worst status of the parts that hold data; ``empty`` if none does.

    Parameters
    ----------
    parts : sequence of PartVerdict
        All parts of a map.
    """
    order = list(Status)
    filled = [part.status for part in parts if part.status is not Status.EMPTY]
    return max(filled, key=order.index, default=Status.EMPTY)
