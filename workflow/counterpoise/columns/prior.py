"""A prior for the bias of each bin from a column of weights in a file of any program."""

from __future__ import annotations

from counterpoise.balancing.prior import Prior
from counterpoise.columns.judge import judge_columns
from counterpoise.columns.readers import Convention
from counterpoise.columns.stored import StoredLevel
from counterpoise.contacts.bins import BinTable, describe_difference
from counterpoise.errors import InputError


def prior_of_column(level: StoredLevel, name: str, bins: BinTable) -> Prior:
    """Make a prior of a column of weights that a file holds.

    The row sums of the file's own map decide whether the column multiplies or divides contacts,
    since names and attributes often do not say so. The wrong choice would give the inverse of the
    bias.

    Parameters
    ----------
    level : StoredLevel
        The level of the file, as ``read_stored_levels`` yields it.
    name : str
        Name of the column.
    bins : BinTable
        Bins of the map that the prior is for.

    Raises
    ------
    InputError
        If there is no such column, the bins differ, or the column may be either way.
    """
    if name not in level.columns:
        names = ", ".join(level.columns) or "none"
        raise InputError(level.uri, f"has no column {name!r} of weights.", f"It has: {names}.")
    difference = describe_difference(bins, level.contacts.bins)
    if difference is not None:
        raise InputError(
            level.uri,
            f"has other bins than the map: {difference}.",
            "Take weights of the same assembly and resolution.",
        )
    values = level.columns[name]
    attributes = {name: level.attributes.get(name, {})}
    (verdict,) = judge_columns(level.contacts, {name: values}, attributes)
    if verdict.convention is None:
        raise InputError(
            level.uri,
            f"does not tell whether contacts are multiplied or divided by its column {name!r}: "
            "it does not balance the map of the file.",
            "Take a column that does (counterpoise check judges them), or balance the file.",
        )
    divisive = verdict.convention is Convention.DIVISIVE
    return Prior.from_weights(values, divisive=divisive, source=f"{level.uri} {name}")
