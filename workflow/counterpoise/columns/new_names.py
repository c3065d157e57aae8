"""Names that a new column of weights may not have."""

from __future__ import annotations

import re

from counterpoise.columns.readers import Convention, wrong_readers
from counterpoise.contacts.contact_map import describe_type
from counterpoise.contacts.selection import COLUMN_PREFIXES
from counterpoise.errors import ConfigError
from counterpoise.methods import methods
from counterpoise.store.weight_columns import ERRORS

COORDINATES = ("chrom", "start", "end")  # columns of every bin table


def check_column_name(name: object) -> str:
    """Refuse names that a column of weights cannot have.

    Parameters
    ----------
    name : object
        The name.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ConfigError
        If it is no text, is the name of another column, or is none of an HDF5 dataset.
    """
    if not isinstance(name, str):
        raise ConfigError(f"name is the name of a column, a text; this is {describe_type(name)}.")
    if not name.strip() or "/" in name or "\0" in name or name == "." or name in COORDINATES:
        raise ConfigError(
            f"name is {name!r}, which no column of weights can have; choose one such as 'KR' or "
            "'weight'."
        )
    return name


def refuse_misread(name: str, is_divisive: bool) -> None:
    """Refuse a name that programs read by another convention, or as one of standard errors.

    Parameters
    ----------
    name : str
        Name of a new column of weights.
    is_divisive : bool
        Whether contacts are divided by the column.

    Raises
    ------
    ConfigError
        If the name is one of these.
    """
    if name.endswith(ERRORS):
        raise ConfigError(
            f"name is {name!r}, and names that end with {ERRORS} are of standard errors; choose "
            "another."
        )
    if is_divisive:
        return  # the names of divisive columns are the workflow's own
    for program in wrong_readers(name, {"divisive_weights": False}, Convention.MULTIPLICATIVE):
        raise ConfigError(
            f"name is {name!r}, and {program} divides by a column of this name; choose another."
        )


def refuse_other_method(name: str, method: str) -> None:
    """Refuse a name that is the workflow's name for weights of another method, of any scope.

    Parameters
    ----------
    name : str
        Name of a new column of weights.
    method : str
        The method of the weights.

    Raises
    ------
    ConfigError
        If the name is one of these.
    """
    prefixes = "|".join(COLUMN_PREFIXES.values())
    for other in methods():
        if other != method and re.fullmatch(f"({prefixes}){other.upper()}", name):
            raise ConfigError(
                f"name is {name!r}, the column of {other}, and these weights are of {method}; "
                f"choose another name, or balance with {other}."
            )
