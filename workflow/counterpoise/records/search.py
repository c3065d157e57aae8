"""The search for a bandwidth: the candidates of a part and the one that was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoise.contacts.bins import format_length


@dataclass(frozen=True)
class Candidate:
    """One bandwidth and how it did.

    Attributes
    ----------
    bandwidth : as the setting: a fraction of the chromosome, or base pairs in a part of several
        chromosomes; 0 is SSK.
    whole : the bandwidth for all contacts that it stands for, having been tried on half of them.
    score : mean over splits and both halves; NaN where it was rejected.
    error : standard error of that mean; NaN with fewer than two.
    iterations : most that a half needed.
    rejected : why it was not scored, in words; empty where it was.
    """

    bandwidth: float
    whole: float
    score: float
    error: float
    iterations: int
    rejected: str = ""


@dataclass(frozen=True)
class Search:
    """What came of the search on one part.

    Attributes
    ----------
    label : the chromosome.
    bins, bin_size : its size; base pairs.
    candidates : by bandwidth, the narrowest first.
    best : index of the chosen one; of the widest, where all were rejected.
    """

    label: str
    bins: int
    bin_size: float
    candidates: tuple[Candidate, ...]
    best: int

    @property
    def warning(self) -> str:
        """What is to be said where no candidate, or one at an end of those tried, is the best."""
        best = self.best
        if self.candidates[best].rejected:
            why = self.candidates[best].rejected
            return f"none of those tried can be told to be good, so it is the widest ({why})"
        if best == 0:
            if all(candidate.rejected for candidate in self.candidates[1:]):
                return "every wider one was rejected"
            return "no smoothing is best, as where contacts are many"
        if best == len(self.candidates) - 1:
            return "it is the widest that was tried, so the bias may be smoother still"
        if all(candidate.rejected for candidate in self.candidates[:best]):
            return "every narrower one was rejected, so a deeper map might choose one of those"
        return ""

    @property
    def bandwidth(self) -> float:
        """The chosen one for all contacts, as the setting; see ``Candidate``."""
        return self.candidates[self.best].whole

    def words(self) -> str:
        """The choice and its neighbours, in a sentence."""
        chosen = self.candidates[self.best]
        if chosen.rejected:
            return f"bandwidth {self.named(chosen.whole)}: {self.warning}"
        told = f"bandwidth {self.named(chosen.whole)} chosen by cross-validation, "
        if chosen.whole != chosen.bandwidth:
            told += f"from {self.named(chosen.bandwidth)} on halves of the contacts, "
        told += f"score {chosen.score:.3g} \u00b1 {chosen.error:.1g}"
        near = [
            f"{candidate.score:.3g} \u00b1 {candidate.error:.1g} at "
            f"{self.named(candidate.bandwidth)}"
            for candidate in self.candidates[max(self.best - 1, 0) : self.best + 2]
            if candidate is not chosen and not candidate.rejected
        ]
        told += f" ({', '.join(near)})" if near else ""
        return f"{told}; {self.warning}" if self.warning else told

    def base_pairs(self, bandwidth: float) -> float:
        """A candidate's bandwidth in base pairs."""
        return bandwidth * self.bins * self.bin_size if bandwidth < 1 else bandwidth

    def named(self, bandwidth: float) -> str:
        """A candidate's bandwidth as people say it, ``250 kb``."""
        return format_length(self.base_pairs(bandwidth)) if bandwidth else "0 (SSK)"
