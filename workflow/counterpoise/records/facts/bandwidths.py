"""Standard errors, and the bandwidth of kernel methods."""

from __future__ import annotations

from enum import StrEnum

from counterpoise.records.facts.base import Fact


class SearchNote(StrEnum):
    """Limits of the evidence for the choice of a bandwidth."""

    NONE = ""
    ALL_REJECTED = "all_rejected"
    WIDER_REJECTED = "wider_rejected"
    NO_SMOOTHING = "no_smoothing"
    WIDEST = "widest"
    NARROWER_REJECTED = "narrower_rejected"


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
