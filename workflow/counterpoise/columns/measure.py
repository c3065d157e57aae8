"""How even row sums are with a column of weights, for every convention and scope.

The scope and the convention of a column are not written in most files, but its row sums tell them:
they are equal for the contacts that it was made from, and uneven for all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import make_operator
from counterpoise.backends.base import Operator
from counterpoise.columns.readers import Convention
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select

# Numbers of ignored diagonals that programs use.
IGNORED_DIAGONALS = (0, 1, 2)
# Coverage corrections: the power of the row sum that a divisive weight is.
COVERAGE_POWERS = (1.0, 0.5)


@dataclass(frozen=True, order=True)
class Fit:
    """How well a column suits one convention, scope and number of ignored diagonals.

    Attributes
    ----------
    deviation : float
        For equal row sums, their standard deviation over the mean; for a coverage correction,
        that of the weight over the power of the row sum. Of several parts, the root mean square
        over the bins.
    scope : Scope
        Contacts that count.
    ignore_diags : int
        Diagonals that do not.
    convention : Convention
        What is done with the weight.
    power : float
        0 for equal row sums; 1 or 0.5 for a coverage correction, the power of the row sum.
    """

    deviation: float
    scope: Scope
    ignore_diags: int
    convention: Convention
    power: float


def measure_columns(
    contacts: Contacts, columns: Mapping[str, NDArray[np.float64]]
) -> dict[str, list[Fit]]:
    """Measure columns of one map.

    Parameters
    ----------
    contacts : Contacts
        The map.
    columns : mapping of str to ndarray
        float64 [bins] by name; NaN, infinity and 0 stand for no weight.

    Returns
    -------
    dict of str to list of Fit
        All fits by column, the best first. Columns without weights have none.
    """
    squares: dict[tuple[str, Scope, int, bool, Convention, float], float] = defaultdict(float)
    bins: dict[tuple[str, Scope, int, bool, Convention, float], int] = defaultdict(int)
    for scope, ignore_diags, weighted in _choices():
        for selection in parts_with_contacts(contacts, scope, ignore_diags, weighted):
            operator = make_operator("native", contacts, selection)
            for name, values in columns.items():
                of_part = usable(values[selection.lo : selection.hi][selection.kept])
                for convention, power, variance, size in _measure(operator, of_part):
                    key = name, scope, ignore_diags, weighted, convention, power
                    squares[key] += size * variance
                    bins[key] += size
    fits: dict[str, list[Fit]] = {name: [] for name in columns}
    for key, size in bins.items():
        name, scope, ignore_diags, _, convention, power = key
        deviation = sqrt(squares[key] / size)
        fits[name].append(Fit(deviation, scope, ignore_diags, convention, power))
    return {name: sorted(of_column) for name, of_column in fits.items()}


def _choices() -> Iterator[tuple[Scope, int, bool]]:
    """Yield scope, ignored diagonals, and whether contacts are weighted by chromosome size.

    cooler weights contacts between chromosomes, of which diagonals are none.
    """
    yield from product((Scope.GENOME, Scope.CIS), IGNORED_DIAGONALS, (False,))
    yield from product((Scope.TRANS,), (0,), (False, True))


def parts_with_contacts(
    contacts: Contacts, scope: Scope, ignore_diags: int, trans_weighting: bool = False
) -> Iterator[Selection]:
    """Iterate over the parts of a scope that can hold contacts.

    Parameters
    ----------
    contacts : Contacts
        The map.
    scope : Scope
        Contacts that count.
    ignore_diags : int
        Diagonals that do not.
    trans_weighting : bool
        As for ``select``.

    Yields
    ------
    Selection
        With all of its bins.
    """
    everything = np.ones(len(contacts.bins), dtype=bool)
    for selection in select(
        contacts.bins, everything, scope, ignore_diags, trans_weighting=trans_weighting
    ):
        if selection.holds_pixels:
            yield selection


def usable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights with NaN wherever a value is none: infinite, zero or below.

    Parameters
    ----------
    values : numpy.ndarray
        float64 [bins].

    Returns
    -------
    numpy.ndarray
        float64 [bins].
    """
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


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
        for power in COVERAGE_POWERS:
            yield convention, power, _variance(factor[known] * raw[known] ** power), size


def _variance(values: NDArray[np.float64]) -> float:
    """Return the variance over the squared mean."""
    return float(values.var() / values.mean() ** 2)
