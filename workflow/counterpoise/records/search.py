"""The search for a bandwidth: the candidates of a part and the one that was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.contacts.bins import format_length
from counterpoise.records.facts import BandwidthChosen, ScoredBandwidth, SearchNote


@dataclass(frozen=True)
class Candidate:
    """One bandwidth and its score.

    Attributes
    ----------
    bandwidth : Bandwidth
        A fraction of the chromosome, or base pairs in a part of several chromosomes; 0 is SSK.
    score : float
        Its score; NaN where the candidate was rejected. Held-out scores are means over splits and
        both halves.
    error : float
        Standard error of a mean over splits, NaN with fewer than two scores; for the score
        ``unevenness`` that of the difference from the chosen candidate.
    iterations : int
        Iterations; the most that a half needed, for held-out scores.
    rejected : str
        Why it has no score, in words; empty where it has one.
    """

    bandwidth: Bandwidth
    score: float
    error: float
    iterations: int
    rejected: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate as it is written to ``verdict.json``; NaN becomes None."""
        return {
            "bandwidth": self.bandwidth.setting,
            "score": self.score if isfinite(self.score) else None,
            "error": self.error if isfinite(self.error) else None,
            "iterations": self.iterations,
            "rejected": self.rejected,
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Candidate:
        """Return the candidate that ``to_dict`` wrote."""
        numbers = {key: record[key] for key in ("score", "error") if record[key] is not None}
        return cls(
            Bandwidth.from_setting(record["bandwidth"]),
            numbers.get("score", nan),
            numbers.get("error", nan),
            record["iterations"],
            record["rejected"],
        )


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
    kind : str
        The score, as the setting ``score`` names it.
    candidates : tuple of Candidate
        By bandwidth, the narrowest first.
    best : int
        Index of the chosen one; of the widest, where all were rejected.
    """

    label: str
    bins: int
    bin_size: float
    kind: str
    candidates: tuple[Candidate, ...]
    best: int

    def __repr__(self) -> str:
        """Return one line that says what was chosen, and from how many."""
        length = format_length(self.base_pairs(self.bandwidth))
        tried = len(self.candidates)
        return f"<Search: {self.label}, bandwidth {length} chosen from {tried} tried>"

    @property
    def bandwidth(self) -> Bandwidth:
        """The chosen bandwidth."""
        return self.candidates[self.best].bandwidth

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
            bandwidth=self.base_pairs(chosen.bandwidth),
            kind=self.kind,
            score=chosen.score if scored else None,
            error=chosen.error if scored else None,
            neighbours=tuple(neighbours),
            note=self.note,
            rejected=chosen.rejected,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the search as it is written to ``verdict.json``."""
        return {
            "bins": self.bins,
            "bin_size": self.bin_size,
            "score": self.kind,
            "best": self.best,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
        }

    @classmethod
    def from_dict(cls, label: str, record: dict[str, Any]) -> Search:
        """Return the search of a part that ``to_dict`` wrote."""
        candidates = tuple(Candidate.from_dict(each) for each in record["candidates"])
        return cls(
            label, record["bins"], record["bin_size"], record["score"], candidates, record["best"]
        )

    def base_pairs(self, bandwidth: Bandwidth) -> float:
        """Return a candidate's bandwidth in base pairs."""
        return bandwidth.in_base_pairs(self.bins, self.bin_size)
