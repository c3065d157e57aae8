"""By which convention other programs read a column of weights.

A *multiplicative* weight is a factor, balanced_ij = count_ij w_i w_j; a *divisive* one is a bias,
balanced_ij = count_ij / (v_i v_j). Nothing in the HDF5 format says which a column is. Each reader
has a rule of its own. Read from the sources of cooler 0.11, hictk 2.2 and HiCMatrix 17.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any


class Convention(StrEnum):
    """What is done with a weight.

    Attributes
    ----------
    MULTIPLICATIVE : str
        Contacts are multiplied by it.
    DIVISIVE : str
        Contacts are divided by it.
    """

    MULTIPLICATIVE = "multiplicative"
    DIVISIVE = "divisive"


Attributes = Mapping[str, Any]

_HICTK_DIVISIVE = ("VC", "VC_SQRT", "KR", "SCALE")
_HICTK_MULTIPLICATIVE = ("weight", "ICE", "INTER_ICE", "GW_ICE")


def _cooler(name: str, attributes: Attributes) -> Convention | None:
    """Divide for three names; the attributes are not read."""
    divides = name in ("KR", "VC", "VC_SQRT")
    return Convention.DIVISIVE if divides else Convention.MULTIPLICATIVE


def _hictk(name: str, attributes: Attributes) -> Convention | None:
    """Follow the attribute, and without one a table of names; refuse other names."""
    stated = stated_convention(attributes)
    if stated is not None:
        return stated
    if name.removeprefix("INTER_").removeprefix("GW_") in _HICTK_DIVISIVE:
        return Convention.DIVISIVE
    return Convention.MULTIPLICATIVE if name in _HICTK_MULTIPLICATIVE else None


def _hicexplorer(name: str, attributes: Attributes) -> Convention | None:
    """Divide for three names."""
    divides = name in ("KR", "VC", "SQRT_VC")
    return Convention.DIVISIVE if divides else Convention.MULTIPLICATIVE


# cooltools reads through cooler. HiGlass has the same rule, for weight, KR, VC and VC_SQRT only.
READERS: dict[str, Callable[[str, Attributes], Convention | None]] = {
    "cooler": _cooler,
    "hictk": _hictk,
    "HiCExplorer": _hicexplorer,
}


def stated_convention(attributes: Attributes) -> Convention | None:
    """Return the convention that a column's attribute ``divisive_weights`` states.

    Parameters
    ----------
    attributes : mapping
        The column's.

    Returns
    -------
    Convention or None
        None if there is no such attribute.
    """
    stated = attributes.get("divisive_weights")
    if stated is None:
        return None
    return Convention.DIVISIVE if stated else Convention.MULTIPLICATIVE


def wrong_readers(name: str, attributes: Attributes, truth: Convention) -> dict[str, str]:
    """Return the programs that do not read a column by its true convention.

    Parameters
    ----------
    name : str
        Name of the column.
    attributes : mapping
        Its attributes.
    truth : Convention
        What it is.

    Returns
    -------
    dict of str to str
        By program, what it does instead.
    """
    wrong = {}
    for reader, rule in READERS.items():
        read = rule(name, attributes)
        if read is None:
            wrong[reader] = "refuses it, since neither name nor attribute says what it is"
        elif read is not truth:
            verb = "divides" if read is Convention.DIVISIVE else "multiplies"
            wrong[reader] = f"{verb} by it, which is wrong; counterpoise adopt makes a right weight"
    return wrong
