"""A balanced map: what ``counterpoise.balance`` returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from counterpoise.cards import Badge, render_card
from counterpoise.contacts.bins import pluralise
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.mask import describe_filters
from counterpoise.records.fitness import Fitness
from counterpoise.records.search import Search
from counterpoise.records.trace import TraceRow
from counterpoise.records.verdict import Status, Verdict
from counterpoise.records.wording import fitness_label, fitness_reason, percent

if TYPE_CHECKING:
    import scipy.sparse as sp

# Background and text of the label of each fitness, as in the report.
FITNESS_COLOURS = {
    Fitness.GOOD: ("#00795a", "#fff"),
    Fitness.CAUTION: ("#e69f00", "#1b1f24"),
    Fitness.NO: ("#b03a00", "#fff"),
}


@dataclass(frozen=True)
class Balance:
    """A balanced map.

    Attributes
    ----------
    contacts : ContactMap
        The raw map.
    weights : ndarray of float64, shape (bins,)
        Multiplicative: balanced_ij = count_ij * w_i * w_j. NaN on masked bins, and on parts that
        failed unless ``on_failure`` keeps their weights.
    se : ndarray of float64, shape (bins,)
        Standard errors of the weights, relative (0.02 is two percent of the weight, and of the
        bias); NaN where weights are.
    verdict : Verdict
        The verdict on the map and on each part.
    trace : tuple of TraceRow
        A row for each iteration.
    kept : ndarray of bool, shape (bins,)
        Bins that the mask keeps.
    """

    contacts: ContactMap
    weights: NDArray[np.float64]
    se: NDArray[np.float64]
    verdict: Verdict
    trace: tuple[TraceRow, ...]
    kept: NDArray[np.bool_]

    def __repr__(self) -> str:
        """Return one line that says how it ended, how many bins have weights and the mask."""
        weighted = int(np.isfinite(self.weights).sum())
        bins = f"{weighted:,} of {pluralise(len(self.weights), 'bin')} with weights"
        products = pluralise(self.matvecs, "product")
        mask = f"mask: {describe_filters(self.verdict.mask)}"
        return (
            f"<Balance: {self.verdict.name}, fitness {self.fitness.value} "
            f"({self.status.value}), {bins}, {products}, {mask}>"
        )

    def _repr_html_(self) -> str:
        verdict, contacts = self.verdict, self.contacts
        weighted = int(np.isfinite(self.weights).sum())
        bins = f"{weighted:,} of {pluralise(len(self.weights), 'bin')}"
        error = "" if verdict.median_se is None else f", median error {percent(verdict.median_se)}"
        iterations = pluralise(self.iterations, "iteration")
        rows = [
            ("why", self.fitness_reason),
            ("map", str(contacts.source.get("uri", contacts.bins.summary()))),
            ("ended", f"{self.status.value}, {iterations}, {pluralise(self.matvecs, 'product')}"),
            ("reason", self.reason),
            ("weights", bins + error),
            ("mask", describe_filters(verdict.mask)),
        ]
        background, ink = FITNESS_COLOURS[self.fitness]
        label = Badge(fitness_label(self.fitness), background, ink)
        return render_card(f"{verdict.name} ({verdict.scope})", rows, label)

    @property
    def fitness(self) -> Fitness:
        """Whether the weights may be used."""
        return self.verdict.fitness

    @property
    def fitness_reason(self) -> str:
        """Why the weights are not fit for use without reserve; empty if they are."""
        return fitness_reason(self.verdict.fitness_causes)

    @property
    def status(self) -> Status:
        """The verdict's status."""
        return self.verdict.status

    @property
    def reason(self) -> str:
        """The verdict's reason in words: how the method ended, and what to do; may be empty."""
        return self.verdict.reason

    @property
    def iterations(self) -> int:
        """The most iterations that a part took."""
        return self.verdict.iterations

    @property
    def matvecs(self) -> int:
        """Symmetric matrix-vector products over all parts."""
        return self.verdict.matvecs

    @property
    def searches(self) -> list[Search]:
        """The search for the bandwidth of each part; empty if no bandwidth was searched for."""
        return [part.search for part in self.verdict.parts if part.search]

    @cached_property
    def bias(self) -> NDArray[np.float64]:
        """Divisive bias of each bin, 1 / weights, scaled to mean one; NaN where weights are."""
        bias = 1 / self.weights
        return bias / np.nanmean(bias) if np.isfinite(bias).any() else bias

    def matrix(self) -> sp.csr_matrix:
        """Return the balanced map: both triangles, float64 CSR; masked rows are empty."""
        import scipy.sparse as sp

        scale = sp.diags(np.nan_to_num(self.weights))
        return sp.csr_matrix(scale @ self.contacts.load().full_matrix() @ scale)
