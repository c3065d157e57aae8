"""Phrases, lists and numbers, as all sentences about a run write them."""

from __future__ import annotations

from collections.abc import Sequence

NAMED_PARTS = 5  # chromosomes that a sentence names
NAMED_SAMPLES = 8
LEAST_SHARE = 1e-5  # smaller shares are not written out


def list_names(names: Sequence[str]) -> str:
    """Join names of samples; of many, the first ones and the number of the others.

    Parameters
    ----------
    names : sequence of str
        The names.

    Examples
    --------
    >>> list_names("abc")
    'a, b, c'
    >>> list_names("abcdefghij")
    'a, b, c, d, e, f, g, h and 2 more'
    """
    more = len(names) - NAMED_SAMPLES
    named = ", ".join(names[:NAMED_SAMPLES])
    return f"{named} and {more:,} more" if more > 0 else named


def join_phrases(phrases: Sequence[str], separator: str = ", ", word: str = "and") -> str:
    """Join phrases as a sentence does.

    Parameters
    ----------
    phrases : sequence of str
        The phrases.
    separator : str, optional
        What is between all but the last two.
    word : str, optional
        What is between the last two.

    Examples
    --------
    >>> join_phrases(["10 kb", "40 kb", "1 Mb"], word="or")
    '10 kb, 40 kb or 1 Mb'
    """
    *others, last = phrases or [""]
    return f"{separator.join(others)} {word} {last}" if others else last


def list_some(names: Sequence[str], number: int) -> str:
    """Join names; an ellipsis stands for those that are not named.

    Parameters
    ----------
    names : sequence of str
        Some of the names.
    number : int
        Number of all names.
    """
    return ", ".join([*names, *["..."] * (number > len(names))])


def list_labels(labels: Sequence[str]) -> str:
    """Join the first few labels of parts; an ellipsis stands for the others.

    Parameters
    ----------
    labels : sequence of str
        The labels.
    """
    return list_some(labels[:NAMED_PARTS], len(labels))


def count_bins(number: int, of: int) -> str:
    """Return ``3 of 40 bins were``, the subject of a sentence.

    Parameters
    ----------
    number, of : int
        Some bins, and all.
    """
    return f"{number:,} of {of:,} bins {'was' if number == 1 else 'were'}"


def percent(share: float, digits: int = 2) -> str:
    """Render a measured share as a percentage; 0 and 100 mean exactly none and all.

    Parameters
    ----------
    share : float
        A share: 0.0002 is ``0.02 %``. It may be above 1.
    digits : int
        Number of significant digits; three between 99 % and 100 %.
    """
    if 0 < share < LEAST_SHARE:
        return f"less than {100 * LEAST_SHARE:g} %"
    if share >= 1:
        return f"{100 * share:,.0f} %"
    return f"{min(100 * share, 99.9):.{digits if share < 0.99 else 3}g} %"


def measured_or_bound(
    measured: float | None, bound: float | None, less: str = "less than "
) -> str | None:
    """Render an expected unevenness, or its upper bound where it is not known better.

    Parameters
    ----------
    measured, bound : float or None
        The two in percent, as records have them.
    less : str, optional
        What stands before the bound.

    Returns
    -------
    str or None
        None if both are unknown.

    Examples
    --------
    >>> measured_or_bound(2.137, 3.6), measured_or_bound(None, 5), measured_or_bound(None, None)
    ('2.14 %', 'less than 5 %', None)
    """
    if measured is not None:
        return percent(measured / 100, digits=3)
    return None if bound is None else f"{less}{percent(bound / 100)}"


def uneven_by(excess: float, digits: int = 2) -> str:
    """Render the root of an expected excess, which chance can make negative.

    Parameters
    ----------
    excess : float
        A squared relative deviation.
    digits : int
        Number of significant digits.
    """
    return percent(excess**0.5, digits) if excess > 0 else "less than can be measured"


def percent_beside(share: float, limit: float) -> str:
    """Render a measured share with as many digits as tell it from a limit that it does not equal.

    Parameters
    ----------
    share : float
        A share.
    limit : float
        A limit on the share, which the same sentence names.

    Examples
    --------
    >>> percent_beside(0.1504, 0.15), percent_beside(0.23, 0.15)
    ('15.04 %', '23 %')
    """
    texts = (percent(share, digits) for digits in range(2, 9))
    return next((text for text in texts if text != limit_percent(limit)), limit_percent(share))


def limit_percent(limit: float) -> str:
    """Render a limit as a percentage, as it was set: 0.125 is ``12.5 %``.

    Parameters
    ----------
    limit : float
        A limit on a share.
    """
    return f"{100 * limit:g} %"
