"""Read what a column says of itself: its convention, its contacts and its method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from counterpoise.columns.measure import COVERAGE_METHODS, ContactChoice
from counterpoise.columns.readers import Convention, stated_convention
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.selection import Scope
from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings, Method

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Claim:
    """What the attributes of a column state about it.

    Attributes
    ----------
    convention : Convention or None
        Whether contacts are multiplied or divided by it; None if they do not state it.
    choices : tuple of ContactChoice
        Contacts that it balances; none likewise, and several if the attributes fit each of them.
    method : str
        The method that computed it; empty likewise.
    is_kernel : bool
        Whether this is a kernel method, which does not make row sums equal.
    statement : str
        What the method states of row sums, in words; empty for nothing.
    reason_to_differ : str
        Why its row sums may differ, in words; empty if nothing says so.
    """

    convention: Convention | None = None
    choices: tuple[ContactChoice, ...] = ()
    method: str = ""
    is_kernel: bool = False
    statement: str = ""
    reason_to_differ: str = ""

    @property
    def choice(self) -> ContactChoice | None:
        """Contacts that it balances; None if the attributes do not state them, or fit several."""
        return self.choices[0] if len(self.choices) == 1 else None


def read_claim(attributes: Attributes, bins: BinTable) -> Claim:
    """Read what the attributes of a column state.

    Parameters
    ----------
    attributes : mapping
        Attributes of the column.
    bins : BinTable
        Bins of its map.

    Returns
    -------
    Claim
    """
    name = str(attributes.get("method", ""))
    method = methods().get(name)
    return Claim(
        stated_convention(attributes),
        _stated_choices(attributes, method, bins),
        name,
        method is not None and method.fills,
        _describe_statement(method),
        _find_reason_to_differ(attributes, method),
    )


def _stated_choices(
    attributes: Attributes, method: Method | None, bins: BinTable
) -> tuple[ContactChoice, ...]:
    """Return the contacts that a column may balance; none if its attributes state no scope."""
    settings = _read_json(attributes.get("settings")) if method else None
    settings = settings if isinstance(settings, dict) else {}
    return tuple(
        ContactChoice(
            scope,
            stated_diagonals(attributes, method),
            trans_weighting=scope is Scope.TRANS and (method is None or method.trans_weighting),
            diagonal=2 if settings.get("diagonal") == 2 else 1,
            ignore_diags_trans=settings.get("ignore_diags_trans") is not False,
            regions=_find_regions(attributes, bins) if scope is Scope.CIS else (),
        )
        for scope in _stated_scopes(attributes)
    )


def _stated_scopes(attributes: Attributes) -> tuple[Scope, ...]:
    """Return the scopes that the attributes of a column allow; none if they state nothing.

    cooler writes ``cis_only`` and no ``trans_only``: without the latter, a column that is not of
    contacts within chromosomes can be of all contacts, and of those between chromosomes.
    """
    if attributes.get("scope") in list(Scope):
        return (Scope(attributes["scope"]),)
    is_cis, is_trans = attributes.get("cis_only"), attributes.get("trans_only")
    if is_cis or is_trans:
        return (Scope.CIS if is_cis else Scope.TRANS,)
    if is_cis is None:
        return ()
    return (Scope.GENOME, Scope.TRANS) if is_trans is None else (Scope.GENOME,)


def stated_diagonals(attributes: Attributes, method: Method | None = None) -> int:
    """Return the number of ignored diagonals that the attributes of a column state.

    Parameters
    ----------
    attributes : mapping
        Attributes of this package, or of cooler.
    method : Method, optional
        The method that computed the column.

    Returns
    -------
    int
        If they do not state it, the method's default; without a method, 0.
    """
    stated = attributes.get("ignore_diags")
    if isinstance(stated, int) and stated >= 0:
        return int(stated)
    return method.settings().ignore_diags if method else 0


def _find_regions(attributes: Attributes, bins: BinTable) -> tuple[tuple[int, int], ...]:
    """Return first bin and end (exclusive) of the recorded regions; none if there is no record."""
    record = _read_json(attributes.get("regions"))
    if not isinstance(record, list) or not all(map(_is_interval, record)):
        return ()
    spans = {name: (lo, hi) for name, lo, hi in bins.chromosome_ranges()}
    ranges = [
        bins.overlap(*spans[name], start, end) for name, start, end in record if name in spans
    ]
    return tuple((first, end) for first, end in sorted(ranges) if first < end)


def _is_interval(record: Any) -> bool:
    """Return whether a value is a list of a chromosome, a start and an end."""
    if not isinstance(record, list) or len(record) != 3:
        return False
    return isinstance(record[0], str) and all(isinstance(each, int) for each in record[1:])


def _read_json(text: Any) -> Any:
    """Return what a text in JSON holds; None for other values, such as those of other programs."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):  # a number of too many digits, brackets in brackets
        return None


def _describe_statement(method: Method | None) -> str:
    """Say what a method states of the row sums of its own map; empty for nothing."""
    if method is None:
        return ""
    if issubclass(method.settings, EqualSumsSettings):
        return f"Its attributes name the method {method.name}, which makes row sums equal"
    if method.name in COVERAGE_METHODS:
        return f"Its attributes name the method {method.name}, which divides by coverage"
    return ""


def _find_reason_to_differ(attributes: Attributes, method: Method | None) -> str:
    """Say why the row sums of a column need not be equal; empty if nothing says so."""
    if source := attributes.get("copy_number"):
        return f"Its row sums follow the copy numbers of {source}, which are not in this file."
    if source := attributes.get("weights_of"):
        return f"Its weights are those of another map, {source}."
    if method is not None and not method.fills and not _describe_statement(method):
        return f"The method {method.name} states nothing about row sums."
    return ""
