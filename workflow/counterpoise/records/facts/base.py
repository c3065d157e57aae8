"""A fact as data: its code, its values and their JSON types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, dataclass_transform

from counterpoise.contacts.bins import BinTable

# Facts name at most this many bins; their number is a value of its own.
NAMED_BINS = 3


@dataclass_transform(frozen_default=True)
class Fact:
    """One finding with its values.

    A subclass states its code in the class statement; ``verdict.json`` stores it under ``fact``.
    Type checkers take it for a frozen dataclass. At run time only its ``__init__`` is generated:
    all methods of a frozen dataclass, for every kind of fact, would slow the start of every job.
    """

    code: ClassVar[str]
    kinds: ClassVar[dict[str, type[Fact]]] = {}

    def __init_subclass__(cls, code: str) -> None:
        """Register a kind of fact under its code."""
        cls.code = code
        Fact.kinds[code] = cls
        dataclass(eq=False, repr=False)(cls)

    def __eq__(self, other: object) -> bool:
        """Return whether the other is a fact of the same kind with the same values."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        """Return a hash of the kind and the values."""
        return hash((self.code, *vars(self).values()))

    def __repr__(self) -> str:
        """Return the fact as Python code."""
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"

    def to_dict(self) -> dict[str, Any]:
        """Return the code and the values as JSON types."""
        values = {name: _to_plain(value) for name, value in vars(self).items()}
        return {"fact": self.code, **values}

    @staticmethod
    def from_dict(record: dict[str, Any]) -> Fact:
        """Return the fact that ``to_dict`` wrote."""
        values = {key: _from_plain(value) for key, value in record.items() if key != "fact"}
        return Fact.kinds[record["fact"]](**values)


def _to_plain(value: Any) -> Any:
    """Convert facts to dictionaries and tuples to lists."""
    if isinstance(value, Fact):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


def _from_plain(value: Any) -> Any:
    """Convert dictionaries to facts and lists to tuples."""
    if isinstance(value, dict):
        return Fact.from_dict(value)
    return tuple(_from_plain(item) for item in value) if isinstance(value, list) else value


def first_names(bins: BinTable, indices: Iterable[int]) -> tuple[str, ...]:
    """Return the first few bins by name, such as ``chr1:10,000-20,000``.

    Parameters
    ----------
    bins : BinTable
        The bin table.
    indices : iterable of int
        Bins.
    """
    return tuple(
        bins.describe(int(index)) for index, _ in zip(indices, range(NAMED_BINS), strict=False)
    )
