"""Facts as sentences: each kind is registered by the module that words it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch

from counterpoise.records.facts import Fact


@singledispatch
def sentence(fact: Fact) -> str:
    """Render one fact as a sentence; a fact nested in another one gives a phrase.

    Parameters
    ----------
    fact : Fact
        A fact of a kind that a module of this package words.
    """
    raise TypeError(f"{type(fact).__name__} has no sentence; register one in this package")


def part_reason(facts: Iterable[Fact]) -> str:
    """Render facts as a reason, such as that of a part; empty without facts.

    Parameters
    ----------
    facts : iterable of Fact
        In the order of the sentences.
    """
    return " ".join(sentence(fact) for fact in facts)
