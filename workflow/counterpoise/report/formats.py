"""Numbers as text in figures, in the report and in messages."""

from __future__ import annotations

import math

from counterpoise.records.wording import percent

DASH = "\u2013"  # stands for an unknown value


def format_number(value: float | None) -> str:
    """Format a number with thousands separators and at most four significant digits.

    Parameters
    ----------
    value : float or None
        The number; None is written as a dash.

    Returns
    -------
    str
        ``12,345``, ``20.25`` or a dash.
    """
    if value is None:
        return DASH
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"


def format_duration(seconds: float) -> str:
    """Format a duration.

    Parameters
    ----------
    seconds : float
        The duration in seconds.

    Returns
    -------
    str
        ``12.3 s``, ``4 min 5 s`` or ``3 h 20 min``.
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_deviation(value: float | None) -> str:
    """Format a relative deviation with three significant digits.

    Parameters
    ----------
    value : float or None
        The deviation; None is written as a dash.

    Returns
    -------
    str
        ``0.0123``, ``1.23e-05`` or a dash.
    """
    if value is None:
        return DASH
    return f"{value:.2e}" if value < 1e-3 else f"{value:.3g}"


def format_percent(share: float | None, digits: int = 3) -> str:
    """Format a measured share as a percentage; 0 % and 100 % mean exactly none and all.

    Parameters
    ----------
    share : float or None
        The share; None and NaN are written as a dash.
    digits : int
        Number of significant digits.

    Returns
    -------
    str
        ``97.3 %``, ``100 %`` or a dash.
    """
    return DASH if share is None or math.isnan(share) else percent(share, digits)


def format_status(status: str) -> str:
    """Format a status for reading: ``not_converged`` becomes ``not converged``.

    Parameters
    ----------
    status : str
        A status as files spell it.

    Returns
    -------
    str
        The status with spaces.
    """
    return status.replace("_", " ")
