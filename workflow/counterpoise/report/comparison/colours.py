"""Colours of the page of samples side by side: of conditions, and of ratios."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap

from counterpoise.report.chunks import Floats
from counterpoise.report.style import BLUE, GREEN, INK, ORANGE, PINK, RED, SKY

# The palette of Okabe and Ito; a dark wine red stands for its yellow, which is pale on white.
COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY, INK, "#882255")
DASHES = ("-", "--", ":", "-.")  # the second eight conditions have the second, and so on
LEAST_LIMIT, LARGEST_LIMIT = 1.0, 3.0  # of log2 ratios


def set_style(index: int) -> dict[str, Any]:
    """Return colour and dashes of a set.

    Parameters
    ----------
    index : int
        The set's position.

    Returns
    -------
    dict
        Arguments of matplotlib's ``plot``, different for each of the first 32 sets.
    """
    dashes = DASHES[index // len(COLOURS) % len(DASHES)]
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": dashes}


def ratio_colours() -> Colormap:
    """Return the colour map of log ratios: blue for less, white for equal, red for more."""
    return mpl.colormaps["RdBu_r"]


def ratio_limit(ratios: Floats) -> float:
    """Choose the ends of a scale of log2 ratios, the same to both sides of zero.

    Parameters
    ----------
    ratios : float64 [values]
        The values that are drawn, without NaN.

    Returns
    -------
    float
        A value that few exceed.
    """
    if not len(ratios):
        return LEAST_LIMIT
    return float(np.clip(np.percentile(np.abs(ratios), 99), LEAST_LIMIT, LARGEST_LIMIT))
