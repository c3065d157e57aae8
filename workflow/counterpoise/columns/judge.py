"""Judge columns of weights: their kind, convention, scope and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.columns.measure import Fit, measure_columns
from counterpoise.columns.readers import Convention, stated_convention, wrong_readers
from counterpoise.contacts.bins import pluralise
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope
from counterpoise.mask import bins_with_contacts
from counterpoise.methods import methods
from counterpoise.records.wording import percent

SCOPES = {"genome": "all contacts", "cis": "each chromosome", "trans": "between chromosomes"}
# Row sums that vary by less are equal: programs stop between 1e-8 and 3e-2.
EQUAL = 0.05
# A coverage correction is computed, not approached.
COMPUTED = 1e-3
# Fewer weights, on less than half of the bins with contacts, do not tell what a column is.
FEWEST = 10


class Kind(StrEnum):
    """Kinds of columns.

    Attributes
    ----------
    BALANCED : str
        Weights that make row sums equal.
    COVERAGE : str
        Vanilla coverage: row sums.
    SQRT_COVERAGE : str
        Square roots of row sums.
    KERNEL : str
        Weights of a kernel method of this package, which do not make row sums equal.
    UNIFORM : str
        One value for all bins, which corrects nothing.
    EMPTY : str
        No value at all.
    UNKNOWN : str
        None of these: weights of other contacts, too few weights to tell, or no weights.
    """

    BALANCED = "balanced"
    COVERAGE = "coverage"
    SQRT_COVERAGE = "square root of coverage"
    KERNEL = "kernel"
    UNIFORM = "uniform"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ColumnVerdict:
    """The verdict on a column.

    Attributes
    ----------
    name : str
        Its name.
    kind : Kind
        The kind of its values.
    convention : Convention or None
        Whether contacts are multiplied or divided by it; None where it cannot be told.
    scope : Scope or None
        Contacts that it balances; None likewise.
    ignore_diags : int or None
        Diagonals that these leave out.
    deviation : float or None
        Standard deviation of the row sums over their mean, with this convention and scope.
    with_contacts, weighted : int
        Bins that have contacts, and those of them that have a weight.
    faults : tuple of str
        What is wrong with it, in words; empty if nothing is.
    """

    name: str
    kind: Kind
    convention: Convention | None
    scope: Scope | None
    ignore_diags: int | None
    deviation: float | None
    with_contacts: int
    weighted: int
    faults: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values."""
        return asdict(self)

    def describe(self) -> str:
        """Return what the column is, in a line."""
        words = [self.kind.value]
        if self.convention is not None and self.scope is not None:
            words += [self.convention.value, SCOPES[self.scope.value]]
        if self.ignore_diags:
            words.append(f"without {self.ignore_diags} diagonals")
        if self.deviation is not None and self.kind in (Kind.BALANCED, Kind.KERNEL):
            words.append(f"row sums vary by {percent(self.deviation)}")
        share = self.weighted / self.with_contacts if self.with_contacts else 0.0
        words.append(f"{percent(share)} of the bins with contacts")
        return ", ".join(words)


def judge_columns(
    contacts: Contacts,
    columns: Mapping[str, NDArray[np.float64]],
    attributes: Mapping[str, Mapping[str, Any]],
    in_cooler: bool = True,
) -> list[ColumnVerdict]:
    """Judge the columns of one map.

    Parameters
    ----------
    contacts : Contacts
        The map.
    columns : mapping of str to ndarray
        float64 [bins] by name.
    attributes : mapping of str to mapping
        Their attributes.
    in_cooler : bool
        Whether they are columns of a cooler. Vectors of a `.hic` file are divisive for every
        reader.

    Returns
    -------
    list of ColumnVerdict
        In the order of ``columns``.
    """
    fits = measure_columns(contacts, columns)
    with_contacts = bins_with_contacts(contacts)
    return [
        _judge(name, values, with_contacts, fits[name], attributes.get(name, {}), in_cooler)
        for name, values in columns.items()
    ]


def _judge(
    name: str,
    values: NDArray[np.float64],
    with_contacts: NDArray[np.bool_],
    fits: list[Fit],
    attributes: Mapping[str, Any],
    in_cooler: bool,
) -> ColumnVerdict:
    """Judge one column."""
    given = np.isfinite(values) & (values > 0)
    weighted = int(np.count_nonzero(given & with_contacts))
    total = int(np.count_nonzero(with_contacts))
    if 0 < weighted < min(FEWEST, total / 2):
        kind, fit = Kind.UNKNOWN, None
        share = f"{weighted} of {pluralise(total, 'bin')} with contacts"
        faults = [f"Only {share} have a weight, too few to tell what it is."]
    else:
        kind, fit = _find_kind(values[given & with_contacts], fits, attributes)
        faults = _faults_of_kind(kind, fits)
    faults += _faults_of_bins(values[with_contacts])
    if fit is not None and in_cooler:
        faults += _faults_of_readers(name, attributes, fit.convention)
    return ColumnVerdict(
        name=name,
        kind=kind,
        convention=fit.convention if fit else None,
        scope=fit.scope if fit else None,
        ignore_diags=fit.ignore_diags if fit else None,
        deviation=fit.deviation if fit else None,
        with_contacts=total,
        weighted=weighted,
        faults=tuple(faults),
    )


def _find_kind(
    values: NDArray[np.float64], fits: list[Fit], attributes: Mapping[str, Any]
) -> tuple[Kind, Fit | None]:
    """Return the kind of a column, and the fit that tells it."""
    if not len(values):
        return Kind.EMPTY, None
    if np.ptp(values) == 0:
        return Kind.UNIFORM, None
    method = methods().get(str(attributes.get("method", "")))
    if method is not None and method.fills:
        stated = stated_convention(attributes)
        scope = str(attributes.get("scope", ""))
        fitting = (fit for fit in fits if fit.convention is stated and fit.scope == scope)
        return Kind.KERNEL, next((fit for fit in fitting if not fit.power), None)
    for fit in fits:
        if not fit.power and fit.deviation < EQUAL:
            return Kind.BALANCED, fit
        if fit.power and fit.deviation < COMPUTED:
            return (Kind.COVERAGE if fit.power == 1 else Kind.SQRT_COVERAGE), fit
    return Kind.UNKNOWN, None


def _faults_of_kind(kind: Kind, fits: list[Fit]) -> list[str]:
    """Return what is wrong with the values as a whole."""
    if kind is Kind.EMPTY:
        return ["It has no value for any bin with contacts."]
    if kind is Kind.UNIFORM:
        return ["It has one value for all bins, which corrects nothing."]
    if kind is not Kind.UNKNOWN:
        return []
    best = next((fit for fit in fits if not fit.power), None)
    if best is None:
        return []
    return [
        f"It does not balance this map: row sums vary by {percent(best.deviation)} at best "
        f"({best.convention}, {best.scope}). It was computed from other contacts, or by a method "
        "that did not converge or does not make row sums equal."
    ]


def _faults_of_bins(values: NDArray[np.float64]) -> list[str]:
    """Return how many bins with contacts have a value that is no weight."""
    wrong = int(np.count_nonzero((values <= 0) | np.isinf(values)))
    if not wrong:
        return []
    return [f"The value of {pluralise(wrong, 'bin')} with contacts is infinite, zero or below."]


def _faults_of_readers(
    name: str, attributes: Mapping[str, Any], convention: Convention
) -> list[str]:
    """Return which programs misread a column, and whether its attribute is false."""
    faults = [
        f"{reader} {what}." for reader, what in wrong_readers(name, attributes, convention).items()
    ]
    stated = stated_convention(attributes)
    if stated not in (None, convention):
        faults.append(f"Its attribute divisive_weights says that it is {stated}.")
    return faults
