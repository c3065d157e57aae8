"""Judge columns of weights: their kind, convention, contacts and faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.columns.claims import Claim, read_claim
from counterpoise.columns.measure import (
    COVERAGE_METHODS,
    ContactChoice,
    Fit,
    measure_columns,
)
from counterpoise.columns.readers import Convention, wrong_readers
from counterpoise.contacts.bins import pluralise
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.positive import is_positive
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
        None of these: weights of other contacts or of another method, too few weights to tell, or
        no weights.
    """

    BALANCED = "balanced"
    COVERAGE = "coverage"
    SQRT_COVERAGE = "square root of coverage"
    KERNEL = "kernel"
    UNIFORM = "uniform"
    EMPTY = "empty"
    UNKNOWN = "unknown"


# Kinds by the power of the row sum that a divisive weight is; 0 for equal row sums.
KINDS = {
    0.0: Kind.BALANCED,
    COVERAGE_METHODS["vc"]: Kind.COVERAGE,
    COVERAGE_METHODS["vc_sqrt"]: Kind.SQRT_COVERAGE,
}


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
    choice : ContactChoice or None
        Contacts that it balances; None likewise.
    deviation : float or None
        Standard deviation of the row sums over their mean, with this convention and these contacts.
    with_contacts, weighted : int
        Bins that have contacts, and those of them that have a weight.
    faults : tuple of str
        What is wrong with it, in words; empty if nothing is.
    is_unbalanced : bool
        Whether row sums show that it balances nothing. False where they cannot tell, as with too
        few weights, and where the attributes say why they need not be equal.
    claim : Claim
        What its attributes state.
    """

    name: str
    kind: Kind
    convention: Convention | None
    choice: ContactChoice | None
    deviation: float | None
    with_contacts: int
    weighted: int
    faults: tuple[str, ...]
    is_unbalanced: bool
    claim: Claim

    @property
    def scope(self) -> Scope | None:
        """Contacts that it balances; None where they cannot be told."""
        return self.choice.scope if self.choice else None

    @property
    def ignore_diags(self) -> int | None:
        """Diagonals that these leave out."""
        return self.choice.ignore_diags if self.choice else None

    @property
    def imbalance(self) -> str:
        """Why it balances nothing; empty unless ``is_unbalanced``."""
        return " ".join(self.faults) if self.is_unbalanced else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values; ``regions`` is their number, None for chromosomes."""
        hidden = ("choice", "is_unbalanced", "claim")
        record = {key: value for key, value in vars(self).items() if key not in hidden}
        regions = len(self.choice.regions) if self.choice else 0
        return {
            **record,
            "scope": self.scope,
            "ignore_diags": self.ignore_diags,
            "regions": regions or None,
        }

    def describe(self) -> str:
        """Return what the column is, in a line."""
        words = [self.kind.value]
        if self.convention is not None and self.choice is not None:
            words += [self.convention.value, describe_contacts(self.choice)]
        if self.ignore_diags:
            words.append(f"without {self.ignore_diags} diagonals")
        if self.deviation is not None and self.kind in (Kind.BALANCED, Kind.KERNEL):
            words.append(f"row sums vary by {percent(self.deviation)}")
        share = self.weighted / self.with_contacts if self.with_contacts else 0.0
        words.append(f"{percent(share)} of the bins with contacts")
        return ", ".join(words)


def describe_contacts(choice: ContactChoice) -> str:
    """Name contacts in words, such as ``each chromosome``.

    Parameters
    ----------
    choice : ContactChoice
        The contacts.
    """
    regions = len(choice.regions)
    return f"each of {pluralise(regions, 'region')}" if regions else SCOPES[choice.scope.value]


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
    claims = {name: read_claim(attributes.get(name, {}), contacts.bins) for name in columns}
    stated = {name: claim.choices for name, claim in claims.items()}
    fits = measure_columns(contacts, columns, stated)
    with_contacts = bins_with_contacts(contacts)
    verdicts = []
    for name, values in columns.items():
        verdict = _judge(name, values, with_contacts, fits[name], claims[name])
        if in_cooler:
            faults = _faults_of_readers(verdict, attributes.get(name, {}))
            verdict = replace(verdict, faults=(*verdict.faults, *faults))
        verdicts.append(verdict)
    return verdicts


def _judge(
    name: str,
    values: NDArray[np.float64],
    with_contacts: NDArray[np.bool_],
    fits: Sequence[Fit],
    claim: Claim,
) -> ColumnVerdict:
    """Judge one column, apart from the programs that read it."""
    given = is_positive(values)
    weighted = int(np.count_nonzero(given & with_contacts))
    total = int(np.count_nonzero(with_contacts))
    is_unbalanced = False
    if 0 < weighted < min(FEWEST, total / 2):
        kind, fit = Kind.UNKNOWN, None
        share = f"{weighted} of {pluralise(total, 'bin')} with contacts"
        faults = [f"Only {share} have a weight, too few to tell what it is."]
    else:
        kind, fit = _find_kind(values[given & with_contacts], fits, claim)
        faults = _faults_of_kind(kind, fits, claim)
        is_unbalanced = kind in (Kind.UNKNOWN, Kind.UNIFORM) and _is_unbalanced(fits, claim)
    faults += _faults_of_bins(values[with_contacts])
    return ColumnVerdict(
        name=name,
        kind=kind,
        convention=fit.convention if fit else None,
        choice=fit.choice if fit else None,
        deviation=fit.deviation if fit else None,
        with_contacts=total,
        weighted=weighted,
        faults=tuple(faults),
        is_unbalanced=is_unbalanced,
        claim=claim,
    )


def _find_kind(
    values: NDArray[np.float64], fits: Sequence[Fit], claim: Claim
) -> tuple[Kind, Fit | None]:
    """Return the kind of a column, and the fit that tells it."""
    if not len(values):
        return Kind.EMPTY, None
    if np.ptp(values) == 0:
        return Kind.UNIFORM, None
    if claim.is_kernel:
        return Kind.KERNEL, _stated_fit(fits, claim)
    # Of fits that are as good, the one that the attributes state.
    for fit in sorted(
        fits, key=lambda fit: (round(fit.deviation, 3), fit.choice not in claim.choices)
    ):
        if fit.deviation < (COMPUTED if fit.power else EQUAL):
            return KINDS[fit.power], fit
    return Kind.UNKNOWN, None


def _is_unbalanced(fits: Sequence[Fit], claim: Claim) -> bool:
    """Return whether row sums that ought to be equal were measured, and none of them are.

    A level of one bin has none, nor have chromosomes of one bin for contacts within chromosomes.
    """
    scopes = {choice.scope for choice in claim.choices} or set(Scope)
    measured = [fit for fit in fits if not fit.power]
    return (
        not claim.reason_to_differ
        and any(fit.choice.scope in scopes for fit in measured)
        and all(fit.deviation >= EQUAL for fit in measured)
    )


def _stated_fit(fits: Sequence[Fit], claim: Claim) -> Fit | None:
    """Return how even row sums are by the convention and contacts that the attributes state."""
    stated = (fit for fit in fits if fit.choice in claim.choices and not fit.power)
    return next((fit for fit in stated if fit.convention is claim.convention), None)


def _faults_of_kind(kind: Kind, fits: Sequence[Fit], claim: Claim) -> list[str]:
    """Return what is wrong with the values as a whole."""
    if kind is Kind.EMPTY:
        return ["It has no value for any bin with contacts."]
    if kind is Kind.UNIFORM:
        return ["It has one value for all bins, which corrects nothing."]
    if kind is not Kind.UNKNOWN:
        return []
    best = next((fit for fit in fits if not fit.power), None)
    if best is None:
        return ["Nothing can be measured: no two bins with a weight have contacts with each other."]
    return [_describe_unknown(best, _stated_fit(fits, claim), claim), _describe_trials(fits)]


def _describe_unknown(best: Fit, stated: Fit | None, claim: Claim) -> str:
    """Say how uneven row sums are with a column that fits nothing, and why."""
    if claim.reason_to_differ:
        fit = stated or best
        return (
            f"{claim.reason_to_differ} Row sums vary by {percent(fit.deviation)} "
            f"({fit.convention}, {describe_contacts(fit.choice)})."
        )
    return (
        f"It does not balance this map: row sums vary by {percent(best.deviation)} at best "
        f"({best.convention}, {describe_contacts(best.choice)}). {_describe_cause(claim)}"
    )


def _describe_cause(claim: Claim) -> str:
    """Say why a column may not balance its map."""
    if claim.method in COVERAGE_METHODS:  # without iterations
        return f"{claim.statement}: it was computed from other contacts, or was changed."
    if claim.statement:
        return (
            f"{claim.statement}: it did not converge, was computed from other contacts, or was "
            "changed."
        )
    if claim.method and claim.method not in methods():
        return f"Its attributes name the method {claim.method}, which is not installed here."
    return (
        "It was computed from other contacts, or by a method that did not converge or does not "
        "make row sums equal."
    )


def _describe_trials(fits: Sequence[Fit]) -> str:
    """Say what was tried."""
    choices = sorted({fit.choice for fit in fits})
    contacts = "; ".join(dict.fromkeys(map(describe_contacts, choices)))
    diagonals = ", ".join(map(str, sorted({choice.ignore_diags for choice in choices})))
    return (
        "Tried: equal row sums, coverage and its square root, as factors and as divisors "
        f"({contacts}; without {diagonals} diagonals)."
    )


def _faults_of_bins(values: NDArray[np.float64]) -> list[str]:
    """Return how many bins with contacts have a value that is no weight."""
    wrong = int(np.count_nonzero((values <= 0) | np.isinf(values)))
    if not wrong:
        return []
    return [f"The value of {pluralise(wrong, 'bin')} with contacts is infinite, zero or below."]


def _faults_of_readers(verdict: ColumnVerdict, attributes: Mapping[str, Any]) -> list[str]:
    """Return which programs misread a column, and whether its attribute is false."""
    truth, stated = verdict.convention, verdict.claim.convention
    if truth is None:
        return []
    wrong = wrong_readers(verdict.name, attributes, truth)
    faults = [f"{reader} {what}." for reader, what in wrong.items()]
    if stated not in (None, truth):
        faults.append(f"Its attribute divisive_weights says that it is {stated}.")
    return faults
