"""The bins that are expected to have enough contacts for weights that are fit for use.

The relative error of a weight is about 1.1 / sqrt(n) with the n contacts of its bin. Bins of t
times the length have t times the contacts, without those that then lie on ignored diagonals.
``benchmarks.larger_bins`` compares the size that follows with real maps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count, takewhile
from math import exp, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import ContactMap, is_from_matrix
from counterpoise.contacts.distances import sum_by_distance
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.records.facts import DominantChromosome, LargerBins

# Errors are larger than 1 / sqrt(n), since the weights of a bin's partners differ. Measured.
SPREAD = 1.1
STEPS = (1, 2, 5)  # of each power of ten: 10 kb, 20 kb, 50 kb, 100 kb
# Larger bins are of no use where fewer are left of a map, or of a chromosome.
FEWEST_OF_MAP, FEWEST_OF_PART = 25, 10


def expect_error(contacts: NDArray[np.float64]) -> float:
    """Return the median standard error that weights are expected to have, before there are any.

    Parameters
    ----------
    contacts : numpy.ndarray
        float64 [bins], the contacts of each bin, above zero; at least one bin.
    """
    return SPREAD / sqrt(_upper_median(contacts))


def _upper_median(contacts: NDArray[np.float64]) -> float:
    """Return the median, of an even number the upper one; np.median would import numpy.ma."""
    middle = len(contacts) // 2
    return float(np.partition(contacts, middle)[middle])


def has_dominant(bins: NDArray[np.int64]) -> bool:
    """Return whether one chromosome rules out equal row sums of contacts between chromosomes.

    Each contact of the largest one is with a bin of another. So row sums can be equal only if it
    has fewer bins than all others together, or as many where these share no contacts. Several
    others are taken to share some.

    Parameters
    ----------
    bins : numpy.ndarray
        int64 [chromosomes], the bins of each that have contacts with other chromosomes.
    """
    largest = bins.max(initial=0)
    others = bins.sum() - largest
    return bool(largest > others or (largest == others and np.count_nonzero(bins) > 2))


def find_dominant(table: BinTable, filled: NDArray[np.bool_]) -> DominantChromosome | None:
    """Return the chromosome that rules out equal row sums between chromosomes; None without it.

    Parameters
    ----------
    table : BinTable
        The bins of the map.
    filled : numpy.ndarray
        bool [bins], whether a bin has contacts with other chromosomes.
    """
    bins = np.bincount(table.chromosome_ids[filled], minlength=len(table.chromosomes))
    if not has_dominant(bins):
        return None
    largest = int(bins.argmax())
    return DominantChromosome(table.chromosomes[largest], int(bins[largest]), int(bins.sum()))


@dataclass(frozen=True)
class Required:
    """The limits of a mask's filters that do not depend on the other bins.

    Attributes
    ----------
    partners : int
        Number of bins that it has contacts with, ``min_nnz``.
    contacts : int
        Number of its contacts, ``min_count``.
    ignore_diags : int
        Number of diagonals that the filters do not count.
    cis_only : bool
        Whether they count contacts within chromosomes only.
    """

    partners: int = 0
    contacts: int = 0
    ignore_diags: int = 0
    cis_only: bool = False

    @classmethod
    def of(cls, mask: Mapping[str, Any]) -> Self:
        """Return what a mask requires.

        Parameters
        ----------
        mask : mapping
            Summary of the mask; empty for a mask that was given as an array.
        """
        names = {
            "partners": "min_nnz",
            "contacts": "min_count",
            "ignore_diags": "ignore_diags",
            "cis_only": "cis_only",
        }
        settings = mask.get("settings", {})
        return cls(**{key: settings[name] for key, name in names.items() if name in settings})

    def allow(self, lengths: NDArray[np.int64], contacts: float) -> bool:
        """Return whether a bin with these contacts is expected to pass.

        Neighbours have most contacts. So its partners are counted as if half of its contacts were
        spread evenly over all bins that are not too near.

        Parameters
        ----------
        lengths : numpy.ndarray
            int64 [chromosomes], the number of bins of each.
        contacts : float
            Contacts of the bin.
        """
        near = max(2 * self.ignore_diags - 1, 0)
        others = int(lengths.max() if self.cis_only else lengths.sum()) - near
        partners = others * (1 - exp(-contacts / 2 / others)) if others > 0 else 0.0
        return self.partners <= partners and self.contacts <= contacts


@dataclass(frozen=True)
class BinSizes:
    """Suggests larger bins for a map and for its parts.

    Attributes
    ----------
    contacts : ContactMap
        The map.
    scope : Scope
        The contacts that the method uses.
    ignore_diags : int
        Number of diagonals that it ignores.
    marginal : ndarray of float64, shape (bins,)
        The contacts of each bin: all, or those within the mask's regions, if it has any.
    limit : float
        Median relative standard error of the weights that is aimed at.
    sum_used : callable
        Returns the contacts of each bin that the method uses, float64 [bins]; one product.
    required : Required
        What the mask requires of a bin.
    """

    contacts: ContactMap
    scope: Scope
    ignore_diags: int
    marginal: NDArray[np.float64]
    limit: float
    sum_used: Callable[[], NDArray[np.float64]]
    required: Required = Required()

    @cached_property
    def are_needed(self) -> bool:
        """Whether the map has too few contacts for bins of its size; not if it has none."""
        return self._are_few(self.marginal)

    @cached_property
    def are_needed_for_method(self) -> bool:
        """Whether the method uses too few contacts for bins of the map's size.

        If not, no more than half of the bins have too few, so some chromosome has enough.
        """
        return self._are_few(self.sum_used())

    @cached_property
    def of_map(self) -> LargerBins | None:
        """The bins that suit the map, at least twice as large; None where too few would be left."""
        return self._suggest(0, len(self.marginal), FEWEST_OF_MAP)

    @cached_property
    def dominant(self) -> DominantChromosome | None:
        """The chromosome for which no larger bins suit a map of counts, in scope trans.

        None where all other chromosomes share no contacts, so that they may have as many bins.
        """
        if self.scope is not Scope.TRANS:
            return None
        used, table = self.sum_used(), self.contacts.bins
        share_none = 2 * np.bincount(table.chromosome_ids, used).max() == used.sum()
        return None if share_none else find_dominant(table, used > 0)

    def of_part(self, first: int, end: int) -> LargerBins | None:
        """Return the bins that suit a part; those of the map where it needs larger ones as a whole.

        Parameters
        ----------
        first, end : int
            First bin and end (exclusive) of the part.
        """
        if self.are_needed or end - first == len(self.marginal):
            return self.of_map
        return self._suggest(first, end, FEWEST_OF_PART)

    def _are_few(self, contacts: NDArray[np.float64]) -> bool:
        """Return whether the contacts of each bin are too few; not if there are none."""
        filled = contacts[contacts > 0]
        return len(filled) > 0 and expect_error(filled) > self.limit

    def _suggest(self, first: int, end: int, fewest: int) -> LargerBins | None:
        """Return the next usual size of bins at which the expected error is below the limit."""
        bins, marginal = self.contacts.bins, self.marginal[first:end]
        ids = bins.chromosome_ids[first:end]
        places = np.arange(first, end) - bins.offsets[ids]  # on the chromosome
        used, counted = self._measure(first, end)
        longest = int(places.max(initial=0)) + 1
        multiples = (step * 10**power for power in count() for step in STEPS)
        for times in takewhile(lambda times: times <= longest, multiples):
            firsts = np.flatnonzero(places % times == 0)
            sums = np.add.reduceat(marginal, firsts)
            filled = sums > 0
            sums, of_chromosome = sums[filled], ids[firsts][filled]
            if len(sums) < fewest or not self._suits_chromosomes(sums, of_chromosome):
                return None
            share = used.share(times)
            if times == 1 or share == 0 or self._has_dominant(of_chromosome):
                continue
            if expect_error(sums * share) <= self.limit and self._passes(
                times, sums * counted.share(times)
            ):
                known = bins.resolution is not None and not is_from_matrix(self.contacts)
                return LargerBins(times, float(times * (bins.resolution or 0)) if known else None)
        return None

    def _passes(self, times: int, contacts: NDArray[np.float64]) -> bool:
        """Return whether the median bin is expected to pass the mask if bins are so much larger.

        Parameters
        ----------
        times : int
            How many bins a larger one spans.
        contacts : numpy.ndarray
            float64 [bins], the contacts of each larger bin that the filters count.
        """
        lengths = -(-np.diff(self.contacts.bins.offsets) // times)
        return self.required.allow(lengths, _upper_median(contacts))

    def _suits_chromosomes(
        self, contacts: NDArray[np.float64], of_chromosome: NDArray[np.int32]
    ) -> bool:
        """Return whether chromosomes with half of the contacts have enough bins, in scope cis.

        Parameters
        ----------
        contacts : numpy.ndarray
            float64 [bins], the contacts of each larger bin, above zero.
        of_chromosome : numpy.ndarray
            int32 of the same shape, the number of its chromosome.
        """
        if self.scope is not Scope.CIS:
            return True
        bins, sums = np.bincount(of_chromosome), np.bincount(of_chromosome, contacts)
        return bool(sums[bins >= FEWEST_OF_PART].sum() >= sums.sum() / 2)

    def _has_dominant(self, of_chromosome: NDArray[np.int32]) -> bool:
        """Return whether one chromosome rules out equal row sums, in scope trans."""
        return self.scope is Scope.TRANS and has_dominant(np.bincount(of_chromosome))

    def _measure(self, first: int, end: int) -> tuple[UsedContacts, UsedContacts]:
        """Measure the contacts of some bins that the method uses, and those that filters count.

        One pass over them.
        """
        filled = self.marginal[first:end] > 0
        part = Selection("", first, end, Scope.GENOME, ignore_diags=0, diagonal=1, kept=filled)
        within = sum_by_distance(self.contacts, part, filled.astype(np.float64))[0]
        within[1:] *= 2  # both triangles
        total = float(self.marginal[first:end].sum())
        between = total - float(within.sum())
        counted_between = 0.0 if self.required.cis_only else between
        counted = UsedContacts(within, counted_between, total, self.required.ignore_diags)
        used_within = np.zeros_like(within) if self.scope is Scope.TRANS else within
        used_between = 0.0 if self.scope is Scope.CIS else between
        return UsedContacts(used_within, used_between, total, self.ignore_diags), counted


@dataclass(frozen=True)
class UsedContacts:
    """The contacts of some bins that a method uses, or that the mask's filters count.

    Attributes
    ----------
    within : ndarray of float64, shape (bins of the largest chromosome,)
        Those within chromosomes, by distance in bins, ignored diagonals included.
    between : float
        Those between chromosomes.
    total : float
        All contacts of the bins.
    ignore_diags : int
        Number of diagonals that are ignored.
    """

    within: NDArray[np.float64]
    between: float
    total: float
    ignore_diags: int

    def share(self, times: int) -> float:
        """Return the share of all contacts that is used with bins so many times as large.

        Bins at a distance d are then d / times bins apart, rounded up or down by chance.

        Parameters
        ----------
        times : int
            How many bins a larger one spans.
        """
        nearer, rest = np.divmod(np.arange(len(self.within)), times)
        far = (nearer + 1 >= self.ignore_diags) * rest / times
        far[nearer >= self.ignore_diags] = 1
        return float((self.within * far).sum() + self.between) / self.total
