"""Columns of known convention: as multiplicative weights, or as divisive vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends import make_operator
from counterpoise.columns.claims import stated_diagonals
from counterpoise.columns.judge import ColumnVerdict, Kind, judge_columns
from counterpoise.columns.measure import ContactChoice
from counterpoise.columns.readers import Convention
from counterpoise.columns.stored import StoredLevel
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.positive import positive_or_nan
from counterpoise.contacts.selection import COLUMN_PREFIXES, Scope
from counterpoise.errors import InputError
from counterpoise.ingest.formats import is_cooler_format

# Vectors this close to Juicer's scale are on it: files may store them in single precision.
ON_SCALE = 1e-6


@dataclass(frozen=True)
class IdentifiedColumn:
    """A column of a level, and what is done with it.

    Attributes
    ----------
    uri : str
        The level.
    verdict : ColumnVerdict
        What its row sums say.
    convention : Convention or None
        What is done with it, by its row sums or, where these cannot tell, by its attribute or the
        format of the file; None if nothing tells.
    values : numpy.ndarray
        float64 [bins] as they are stored, NaN for no weight.
    attributes : mapping
        Attributes of the column.
    """

    uri: str
    verdict: ColumnVerdict
    convention: Convention | None
    values: NDArray[np.float64]
    attributes: Mapping[str, Any]

    @property
    def doubt(self) -> str:
        """Why nothing tells its convention; empty if something does, or if there is no weight."""
        if self.convention is not None or self.verdict.kind is Kind.EMPTY:
            return ""
        return " ".join(self.verdict.faults) or "Such weights do not make row sums equal."

    @property
    def choice(self) -> ContactChoice:
        """Contacts that it balances.

        Its row sums tell, or else its attributes, or else its name.
        """
        told = self.verdict.choice or self.verdict.claim.choice
        scope = _named_scope(self.verdict.name, self.attributes)
        return told or ContactChoice(scope, stated_diagonals(self.attributes))

    def describe(self) -> str:
        """Return what it is, in a line."""
        is_stated = self.verdict.convention is None and self.convention is not None
        source = f", {self.convention} as the file says" if is_stated else ""
        return self.verdict.describe() + source

    def weights(self) -> NDArray[np.float64]:
        """Return it as multiplicative weights.

        Returns
        -------
        numpy.ndarray
            float64 [bins], NaN for none.

        Raises
        ------
        InputError
            If nothing tells its convention.
        """
        return self._as(Convention.MULTIPLICATIVE)

    def vector(self, contacts: Contacts) -> NDArray[np.float64]:
        """Return it as a divisive vector on Juicer's scale.

        On this scale the contacts of each part have the same sum before and after balancing.

        Parameters
        ----------
        contacts : Contacts
            The map.

        Returns
        -------
        numpy.ndarray
            float64 [bins], NaN for none. Values that are on the scale stay as they are.

        Raises
        ------
        InputError
            If nothing tells its convention.
        """
        vector = self._as(Convention.DIVISIVE)
        # The scale is that of the contacts themselves.
        choice = replace(self.choice, trans_weighting=False, diagonal=1)
        for part in choice.parts(contacts.bins):
            of_part = vector[part.lo : part.hi]
            operator = make_operator("native", contacts, part)
            weights, given = np.nan_to_num(1 / of_part), np.isfinite(of_part).astype(np.float64)
            raw, balanced = (float(u @ operator.product(u)) for u in (given, weights))
            if raw > 0 and balanced > 0 and abs(balanced / raw - 1) > ON_SCALE:
                of_part *= sqrt(balanced / raw)
        return vector

    def _as(self, convention: Convention) -> NDArray[np.float64]:
        """Return a copy of the values by a convention."""
        if self.doubt:
            raise InputError(
                self.uri,
                f"does not tell whether contacts are multiplied or divided by {self.verdict.name}. "
                f"{self.doubt}",
                "State it in the attribute divisive_weights of the column (0 or 1), or balance "
                "the map: counterpoise balance.",
            )
        return self.values.copy() if self.convention is convention else 1 / self.values


def identify_columns(level: StoredLevel, names: Sequence[str]) -> list[IdentifiedColumn]:
    """Find the conventions of columns.

    Parameters
    ----------
    level : StoredLevel
        A level.
    names : sequence of str
        Some of its columns.

    Returns
    -------
    list of IdentifiedColumn
        In the order of ``names``.
    """
    in_cooler = is_cooler_format(level.contacts.source["format"])
    columns = {name: level.columns[name] for name in names}
    identified = []
    for verdict in judge_columns(level.contacts, columns, level.attributes, in_cooler):
        attributes = level.attributes.get(verdict.name, {})
        stated = verdict.claim.convention if in_cooler else Convention.DIVISIVE
        told = None if verdict.kind is Kind.KERNEL else verdict.convention
        values = positive_or_nan(columns[verdict.name])
        identified.append(IdentifiedColumn(level.uri, verdict, told or stated, values, attributes))
    return identified


def _named_scope(name: str, attributes: Mapping[str, Any]) -> Scope:
    """Return the contacts that the name of a column tells."""
    prefixes = {prefix: scope for scope, prefix in COLUMN_PREFIXES.items() if prefix}
    named = (scope for prefix, scope in prefixes.items() if name.startswith(prefix))
    # cooler writes cis_only and no trans_only.
    return next(named, Scope.CIS if attributes.get("cis_only") is None else Scope.GENOME)
