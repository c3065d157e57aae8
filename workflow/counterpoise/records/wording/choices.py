"""How a method was chosen on a map, and why others were not."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoise.contacts.bins import pluralise
from counterpoise.records.choice import Choice, RatedMethod
from counterpoise.records.wording.phrases import list_labels, measured_or_bound

NOT_BALANCED = "it does not balance the map"
UNKNOWN_WORTH = "how much row sums would vary is unknown with its weights"


def fails_parts(labels: Sequence[str]) -> str:
    """Say that a method does not balance parts that another one balances.

    Parameters
    ----------
    labels : sequence of str
        The parts; none stands for the whole map.
    """
    if not labels:
        return NOT_BALANCED
    return f"it does not balance {list_labels(labels)}"


def lacks_weights(lost: int, balanced: int, method: str) -> str:
    """Say that a method gives no weights to many bins that another one balances.

    Parameters
    ----------
    lost, balanced : int
        These bins, and all that the other one balances.
    method : str
        The other one.
    """
    bins = pluralise(balanced, "bin")
    return f"it gives no weight to {lost:,} of the {bins} that {method} balances"


def choice_reason(choice: Choice) -> str:
    """Render the choice between methods on a map.

    Parameters
    ----------
    choice : Choice
        The candidates and the chosen one.
    """
    chosen = next(each for each in choice.candidates if each.method == choice.method)
    others = [each for each in choice.candidates if each is not chosen]
    if chosen.excess is None:
        return f"Method {choice.method} was taken, since {_no_comparison(chosen, len(others))}."
    rank = (
        "it is the simplest, and no other one evens out this map clearly better"
        if chosen.excess
        else "it evens out this map best"
    )
    compared = ", ".join(
        f"{_worth(each)} with {each.method}" for each in others if not each.rejected
    )
    words = [
        f"Method {choice.method} was chosen: {rank}. If the library were sequenced again, row sums "
        f"balanced with these weights would vary by {_worth(chosen)} beyond counting noise"
        f"{f' ({compared})' if compared else ''}."
    ]
    words += [
        f"{each.method} is not considered: {each.rejected}." for each in others if each.rejected
    ]
    return " ".join(words)


def _no_comparison(chosen: RatedMethod, others: int) -> str:
    """Say why a method could not be compared with others."""
    if not others:
        return "the values of the map are not counts, so methods cannot be compared"
    if chosen.rejected == NOT_BALANCED:
        return "no candidate balances the map"
    if chosen.rejected:
        return "it balances the most bins, and each candidate fails where another one does not"
    return "the methods cannot be compared on any part"


def _worth(rated: RatedMethod) -> str | None:
    """Return the expected unevenness of a method: ``2.14 %``, or ``less than 5 %``."""
    return measured_or_bound(rated.expected_unevenness, rated.unevenness_at_most)
