"""What came of a balancing run, in types and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a method ended on a map or a part of it; from best to worst.

    ``computed`` is for methods of one pass (VC, VC_SQRT), which have nothing that could converge
    and do not make row sums equal; ``empty`` is a part without a single kept bin.
    """

    CONVERGED = "converged"
    COMPUTED = "computed"
    EMPTY = "empty"
    NOT_CONVERGED = "not_converged"
    FAILED = "failed"

    @property
    def good(self) -> bool:
        return self in (Status.CONVERGED, Status.COMPUTED)


class Cause(StrEnum):
    """Why a part is not balanced; the verdict's reason says it in words with the bins named."""

    NONE = ""
    EMPTY = "empty"
    NO_SUPPORT = "no_support"
    NO_TOTAL_SUPPORT = "no_total_support"
    DISCONNECTED = "disconnected"
    DIVERGED = "diverged"
    LIMIT = "limit"


@dataclass(frozen=True)
class PartVerdict:
    """The verdict on one independently balanced part: a chromosome (cis) or the whole map.

    Attributes
    ----------
    label : chromosome name, or ``genome`` or ``trans``.
    first_bin, bins, kept : its place in the bin table, its size and how many bins the mask kept.
    status, cause, reason : the reason is a sentence, empty only where the status needs none.
    isolated : kept bins without a contact that this method uses; they are not among ``kept``.
    dropped : bins given up so that the others could be balanced, by the method itself (``scale``)
        or by ``on_failure: drop``; they are not among ``kept`` and have no weights.
    bandwidth : of a kernel method, in base pairs; None for the others.
    drop_percentile : percentile of row sums up to which ``on_failure: drop`` dropped; 0 for none.
    iterations, matvecs : of the method; matvecs are symmetric matrix-vector products, those spent
        before bins were dropped included.
    max_deviation, rms_deviation : of balanced row sums from their target, relative, over kept
        bins, recomputed from the final weights; None where there is nothing to measure.
    raw_total, balanced_total : sums over the full symmetric map of the contacts that the method
        used, before and after, without the factors by which ``ice`` weights trans contacts; their
        ratio is Juicer's scale (``juicer_factor``). The second is 0 where no weights are written.
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
    raw_total: float = 0.0
    balanced_total: float = 0.0
    cause: Cause = Cause.NONE
    isolated: int = 0
    dropped: int = 0
    drop_percentile: int = 0
    bandwidth: float | None = None

    @property
    def juicer_factor(self) -> float | None:
        """f of Juicer's scale: v = f / weight makes the balanced total equal the raw one."""
        if self.raw_total > 0 and self.balanced_total > 0:
            return float((self.balanced_total / self.raw_total) ** 0.5)
        return None


@dataclass(frozen=True)
class Verdict:
    """The verdict on one sample, resolution and method; what ``verdict.json`` holds.

    ``median_se`` is the median relative standard error of the weights (``uncertainty``).
    ``run`` holds what differs from one run to the next (seconds, peak memory); everything else
    is the same for the same input, settings and versions.
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
    median_se: float | None = None
    backend: str = ""
    device: str = "cpu"
    device_note: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    mask: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    run: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Verdict:
        parts = tuple(
            PartVerdict(**{**part, "status": Status(part["status"]), "cause": Cause(part["cause"])})
            for part in record["parts"]
        )
        return cls(**{**record, "status": Status(record["status"]), "parts": parts})


def overall(parts: Sequence[PartVerdict]) -> tuple[Status, str]:
    """One status and one sentence for all parts: the worst of the parts that hold data.

    Returns
    -------
    status : ``empty`` only if every part is; otherwise the worst of the others.
    reason : for a single part its own; for several how many are balanced, for each cause of
        failure the chromosomes and the reason of the first, and where bins were dropped.
    """
    if len(parts) == 1:
        return parts[0].status, parts[0].reason
    filled = [part for part in parts if part.status is not Status.EMPTY]
    if not filled:
        return Status.EMPTY, "no part of the map has a bin left to balance"
    order = list(Status)
    worst = max((part.status for part in filled), key=order.index)
    fewer = [part for part in filled if part.status.good and part.dropped]
    dropped = ""
    if fewer:
        many = sum(part.dropped for part in fewer)
        bins = share(many, many + sum(part.kept for part in fewer))
        dropped = f"{bins} dropped so that the others could be balanced ({_labels(fewer)})."
    if worst.good:
        return worst, dropped
    bad = [part for part in filled if not part.status.good]
    words = [f"{len(filled) - len(bad)} of {len(filled)} chromosomes balanced."]
    for cause in dict.fromkeys(part.cause for part in bad):
        same = [part for part in bad if part.cause is cause]
        others = f"{len(same)} are not ({_labels(same)}); " if len(same) > 1 else ""
        words.append(f"{others}{same[0].label}: {same[0].reason}.")
    return worst, " ".join([*words, dropped] if dropped else words)


def share(number: int, whole: int) -> str:
    """So many bins, as the subject of a sentence about what became of them."""
    return f"{number:,} of {whole:,} bins {'was' if number == 1 else 'were'}"


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def not_enough(number: int, thing: str) -> str:
    """The reason of a run that reached its limit."""
    return f"{counted(number, thing)} {'was' if number == 1 else 'were'} not enough"


def _labels(parts: Sequence[PartVerdict]) -> str:
    return ", ".join(part.label for part in parts[:5]) + (", ..." if len(parts) > 5 else "")
