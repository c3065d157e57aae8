"""The search for a bandwidth: the candidates of a part and the one that was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.bins import format_length
from counterpoise.records.facts import BandwidthChosen, ScoredBandwidth, SearchNote


@dataclass(frozen=True)
class Candidate:
    """One bandwidth and its score.

    Attributes
    ----------
    bandwidth : Bandwidth
        The bandwidth tried on half of the contacts: a fraction of the chromosome, or base pairs
        in a part of several chromosomes; 0 is SSK.
    full_bandwidth : Bandwidth
        The bandwidth for all contacts that it stands for.
    score : float
        Mean over splits and both halves; NaN where the candidate was rejected.
    error : float
        Standard error of that mean; NaN with fewer than two scores.
    iterations : int
        The most iterations that a half needed.
    rejected : str
        Why it has no score, in words; empty where it has one.
    """

    bandwidth: Bandwidth
    full_bandwidth: Bandwidth
    score: float
    error: float
    iterations: int
    rejected: str = ""


@dataclass(frozen=True)
class Search:
    """The search on one part.

    Attributes
    ----------
    label : str
        The part.
    bins : int
        Bins of its largest chromosome.
    bin_size : float
        Mean length of these bins in base pairs.
    candidates : tuple of Candidate
        By bandwidth, the narrowest first.
    best : int
        Index of the chosen one; of the widest, where all were rejected.
    """

    label: str
    bins: int
    bin_size: float
    candidates: tuple[Candidate, ...]
    best: int

    def __repr__(self) -> str:
        """Return one line that says what was chosen, and from how many."""
        length = format_length(self.base_pairs(self.bandwidth))
        tried = len(self.candidates)
        return f"<Search: {self.label}, bandwidth {length} chosen from {tried} tried>"

    @property
    def bandwidth(self) -> Bandwidth:
        """The chosen bandwidth for all contacts."""
        return self.candidates[self.best].full_bandwidth

    @property
    def note(self) -> SearchNote:
        """The limit of the evidence for the choice."""
        best, rejected = self.best, [bool(each.rejected) for each in self.candidates]
        if rejected[best]:
            return SearchNote.ALL_REJECTED
        if best == 0:
            return SearchNote.WIDER_REJECTED if all(rejected[1:]) else SearchNote.NO_SMOOTHING
        if best == len(rejected) - 1:
            return SearchNote.WIDEST
        return SearchNote.NARROWER_REJECTED if all(rejected[:best]) else SearchNote.NONE

    @property
    def fact(self) -> BandwidthChosen:
        """The choice and its neighbours, as a fact of the part's verdict."""
        chosen = self.candidates[self.best]
        scored = not chosen.rejected
        neighbours = [
            ScoredBandwidth(self.base_pairs(each.bandwidth), each.score, each.error)
            for each in self.candidates[max(self.best - 1, 0) : self.best + 2]
            if scored and each is not chosen and not each.rejected
        ]
        return BandwidthChosen(
            bandwidth=self.base_pairs(chosen.full_bandwidth),
            tried=self.base_pairs(chosen.bandwidth),
            score=chosen.score if scored else None,
            error=chosen.error if scored else None,
            neighbours=tuple(neighbours),
            note=self.note,
            rejected=chosen.rejected,
        )

    def base_pairs(self, bandwidth: Bandwidth) -> float:
        """Return a candidate's bandwidth in base pairs."""
        return bandwidth.in_base_pairs(self.bins, self.bin_size)
