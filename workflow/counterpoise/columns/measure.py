"""How even row sums are with a column of weights, for every convention and scope.

The scope and the convention of a column are not written in most files, but its row sums tell them:
they are equal for the contacts that it was made from, and uneven for all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import make_operator
from counterpoise.backends.base import Operator
from counterpoise.columns.readers import Convention
from counterpoise.contacts.bins import BinTable, RegionBins
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.positive import positive_or_nan
from counterpoise.contacts.selection import Scope, Selection, select

# Numbers of ignored diagonals that programs use.
IGNORED_DIAGONALS = (0, 1, 2)
# Coverage corrections: the power of the row sum that a divisive weight is.
COVERAGE_METHODS = {"vc": 1.0, "vc_sqrt": 0.5}


@dataclass(frozen=True, order=True)
class ContactChoice:
    """Contacts for which the row sums of a column are measured.

    Attributes
    ----------
    scope : Scope
        Contacts that count.
    ignore_diags : int
        Diagonals that do not.
    trans_weighting, diagonal, ignore_diags_trans : bool, int, bool
        As for ``select``.
    regions : tuple of tuple of int
        First bin and end (exclusive) of each region, if only contacts within regions count, in
        scope ``cis``; empty for whole chromosomes.
    """

    scope: Scope
    ignore_diags: int = 0
    trans_weighting: bool = False
    diagonal: int = 1
    ignore_diags_trans: bool = True
    regions: tuple[tuple[int, int], ...] = ()

    def parts(self, bins: BinTable) -> Iterator[Selection]:
        """Iterate over the parts that can hold contacts.

        Parameters
        ----------
        bins : BinTable
            Bins of the map.

        Yields
        ------
        Selection
            With all of its bins.
        """
        everything = np.ones(len(bins), dtype=bool)
        starts = {first for first, _ in self.regions}
        for selection in select(
            RegionBins.of(bins, self.regions) if self.regions else bins,
            everything,
            self.scope,
            self.ignore_diags,
            self.diagonal,
            self.trans_weighting,
            self.ignore_diags_trans,
        ):
            if selection.holds_pixels and (not starts or selection.lo in starts):
                yield selection


@dataclass(frozen=True, order=True)
class Fit:
    """How well a column suits one convention and one choice of contacts.

    Attributes
    ----------
    deviation : float
        For equal row sums, their standard deviation over the mean; for a coverage correction,
        that of the weight over the power of the row sum. Of several parts, the root mean square
        over the bins.
    choice : ContactChoice
        Contacts that count.
    convention : Convention
        What is done with the weight.
    power : float
        0 for equal row sums; 1 or 0.5 for a coverage correction, the power of the row sum.
    """

    deviation: float
    choice: ContactChoice
    convention: Convention
    power: float


def measure_columns(
    contacts: Contacts,
    columns: Mapping[str, NDArray[np.float64]],
    stated: Mapping[str, Sequence[ContactChoice]] | None = None,
) -> dict[str, list[Fit]]:
    """Measure columns of one map.

    Parameters
    ----------
    contacts : Contacts
        The map.
    columns : mapping of str to ndarray
        float64 [bins] by name; NaN, infinity and 0 stand for no weight.
    stated : mapping of str to sequence of ContactChoice, optional
        Contacts that the attributes of columns state, by name. They are measured in addition to
        those of every column.

    Returns
    -------
    dict of str to list of Fit
        All fits by column, the best first. Columns without weights have none.
    """
    names = {choice: list(columns) for choice in _usual_choices()}
    for name, choices in (stated or {}).items():
        for choice in choices:
            own = names.setdefault(choice, [])
            own += [name] if name not in own else []
    fits: dict[str, list[Fit]] = {name: [] for name in columns}
    for choice, measured in names.items():
        for name, fit in _measure_choice(
            contacts, choice, {each: columns[each] for each in measured}
        ):
            fits[name].append(fit)
    return {name: sorted(of_column) for name, of_column in fits.items()}


def _usual_choices() -> Iterator[ContactChoice]:
    """Yield the contacts that programs balance.

    cooler weights contacts between chromosomes by chromosome size; diagonals have none of them.
    """
    for scope, ignore_diags in product((Scope.GENOME, Scope.CIS), IGNORED_DIAGONALS):
        yield ContactChoice(scope, ignore_diags)
    for weighted in (False, True):
        yield ContactChoice(Scope.TRANS, trans_weighting=weighted)


def _measure_choice(
    contacts: Contacts, choice: ContactChoice, columns: Mapping[str, NDArray[np.float64]]
) -> Iterator[tuple[str, Fit]]:
    """Yield the fits of columns for one choice of contacts, over all parts, by name."""
    squares: dict[tuple[str, Convention, float], float] = defaultdict(float)
    bins: dict[tuple[str, Convention, float], int] = defaultdict(int)
    for selection in choice.parts(contacts.bins):
        operator = make_operator("native", contacts, selection)
        for name, values in columns.items():
            of_part = positive_or_nan(values[selection.lo : selection.hi])
            for convention, power, variance, size in _measure(operator, of_part):
                squares[name, convention, power] += size * variance
                bins[name, convention, power] += size
    for key, size in bins.items():
        name, convention, power = key
        yield name, Fit(sqrt(squares[key] / size), choice, convention, power)


def _measure(
    operator: Operator, values: NDArray[np.float64]
) -> Iterator[tuple[Convention, float, float, int]]:
    """Yield convention, power, variance and number of bins of a part."""
    # Coverage is that between bins with weights: the others were masked.
    raw = operator.product(np.isfinite(values).astype(np.float64))
    for convention in Convention:
        factor = values if convention is Convention.MULTIPLICATIVE else 1 / values
        u = np.nan_to_num(factor)
        row_sums = u * operator.product(u)
        known = np.isfinite(factor) & (row_sums > 0)
        if np.count_nonzero(known) < 2:
            continue
        size = int(np.count_nonzero(known))
        yield convention, 0.0, _variance(row_sums[known]), size
        for power in COVERAGE_METHODS.values():
            yield convention, power, _variance(factor[known] * raw[known] ** power), size


def _variance(values: NDArray[np.float64]) -> float:
    """Return the variance over the squared mean."""
    return float(values.var() / values.mean() ** 2)
