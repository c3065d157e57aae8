"""The panel of the bandwidth search: the score of each candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import NullLocator

from counterpoise.contacts.bins import format_base_pairs, format_length
from counterpoise.records.facts import SearchNote
from counterpoise.records.search import Search
from counterpoise.records.wording import sentence
from counterpoise.report.chunks import Floats
from counterpoise.report.style import BLUE, RED, add_heading, explain_empty_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# What is added to the choice if there is no clear minimum.
WHY = {
    SearchNote.NO_SMOOTHING: ": no smoothing helps",
    SearchNote.WIDEST: ", the widest tried",
    SearchNote.WIDER_REJECTED: "; wider ones failed",
    SearchNote.NARROWER_REJECTED: "; narrower ones failed",
}


def draw_bandwidths(axes: Axes, searches: Sequence[Search]) -> None:
    """Draw how much worse each bandwidth scored than the best, one line per part.

    Parameters
    ----------
    axes : Axes
        The panel.
    searches : sequence of Search
        The search on each part. A candidate without smoothing (SSK) is drawn at the left end, at
        half a bin.
    """
    scored = [s for s in searches if any(np.isfinite(c.score) for c in s.candidates)]
    add_heading(axes, "Bandwidth", _describe_choice(scored) if scored else "")
    if not scored:
        explain_empty_panel(axes, sentence(searches[0].fact))
        return
    half_bin = min(search.bin_size for search in scored) / 2
    curves = [_relative_scores(search, half_bin) for search in scored]
    chosen = np.array([curve[search.best] for curve, search in zip(curves, scored, strict=True)])
    lines = [curve[np.isfinite(curve[:, 1])] for curve in curves]
    single = len(lines) == 1
    axes.add_collection(
        LineCollection(
            lines, colors=BLUE, linewidths=1.4 if single else 0.7, alpha=1.0 if single else 0.6
        )
    )
    axes.plot(*chosen.T, ".", color=RED, markersize=8 if single else 5, zorder=3)
    _set_axes(axes, np.concatenate(lines)[:, 0], half_bin)


def _describe_choice(searches: Sequence[Search]) -> str:
    """Name the chosen bandwidths, which are drawn as dots, and why they were chosen."""
    ends = sorted(search.base_pairs(search.bandwidth) for search in searches)
    names = [format_length(end) if end else "no smoothing" for end in (ends[0], ends[-1])]
    why = WHY.get(searches[0].note, "") if len(searches) == 1 else ""
    lowest = all(_relative_scores(search, 1.0)[search.best, 1] == 0 for search in searches)
    how = "the lowest score" if lowest else "the widest as good as the best"
    return f"red: {how}, {' to '.join(dict.fromkeys(names))}{why}"


def _relative_scores(search: Search, half_bin: float) -> Floats:
    """Return bandwidth (base pairs) and score above the best, float64 [candidates, 2]."""
    scores = np.array([candidate.score for candidate in search.candidates])
    scores -= np.nanmin(scores)
    # Scaled by the median, so that parts with steep and with flat curves fit the same axis.
    scores /= np.nanmedian(scores) or 1.0
    places = [search.base_pairs(c.bandwidth) or half_bin for c in search.candidates]
    return np.column_stack([places, scores])


def _set_axes(axes: Axes, places: Floats, half_bin: float) -> None:
    """Set limits and ticks; a candidate without smoothing is labelled ``none``."""
    low, high = places.min() / 1.3, places.max() * 1.3
    # Candidates that are far worse are cut off: they would flatten the minimum.
    axes.set(xscale="log", xlim=(low, high), ylim=(-0.1, 3), yticks=[0, 1, 2, 3])
    axes.set_yticklabels(["best", "1", "2", "3"])
    marks = 10.0 ** np.arange(np.ceil(np.log10(2.5 * half_bin)), np.log10(high))
    labels = [format_base_pairs(round(mark)) for mark in marks]
    if low < half_bin:
        marks, labels = np.append(half_bin, marks), ["none", *labels]
    axes.set_xticks(marks, labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel("standard deviation of the kernel", labelpad=1)
    axes.set_ylabel("score above the best", labelpad=1)
