"""The panel of coverage: the contacts of bins before balancing, and the limits of the mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from counterpoise.contacts.contact_map import ContactMap
from counterpoise.mask import MaskSettings
from counterpoise.mask.counting import CHUNK_PIXELS, count_contacts
from counterpoise.report.axes import format_tick, set_log_ticks
from counterpoise.report.chunks import Flags, Floats
from counterpoise.report.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PINK,
    RED,
    SKY,
    SOFT,
    add_heading,
    explain_empty_panel,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASSES = 60
KEPT = "kept"
MASKED_COLOURS = (ORANGE, RED, PINK, SKY, GREEN, INK)


@dataclass(frozen=True)
class Coverage:
    """The contacts of each bin before balancing, and what the mask did with it.

    Attributes
    ----------
    contacts : float64 [bins]
        Contacts of each bin, as the filters count them.
    groups : dict of str to bool [bins]
        The kept bins, and those masked for each reason.
    summary : dict
        The mask's summary, with ``thresholds`` and ``reasons``.
    """

    contacts: Floats
    groups: dict[str, Flags]
    summary: dict[str, Any]

    @property
    def kept(self) -> Flags:
        """The kept bins, bool [bins]."""
        return self.groups[KEPT]


def measure_coverage(contacts: ContactMap, kept: Flags, summary: dict[str, Any]) -> Coverage:
    """Count the contacts of each bin of a map that no job has filtered.

    Parameters
    ----------
    contacts : ContactMap
        The map.
    kept : bool [bins]
        The mask.
    summary : dict
        The mask's summary; without ``settings``, all contacts count.

    Returns
    -------
    Coverage
        All masked bins are one group, since their reasons are unknown.
    """
    ignored = summary.get("settings", {}).get("ignore_diags", 0)
    settings = MaskSettings(ignore_diags=ignored)
    _, marginal = count_contacts(contacts, settings, CHUNK_PIXELS)
    groups = {KEPT: kept, **({} if kept.all() else {"masked": ~kept})}
    return Coverage(marginal, groups, summary)


def draw_coverage(axes: Axes, coverage: Coverage) -> None:
    """Draw histograms of contacts by bin, stacked by the reasons of the mask.

    Parameters
    ----------
    axes : Axes
        The panel.
    coverage : Coverage
        The contacts of the bins.
    """
    limits = describe_limits(coverage.summary.get("thresholds", {}))
    texts = [text for _, text in limits]
    add_heading(axes, "Contacts of bins before balancing", "dashed: limits of the mask")
    positive = coverage.contacts[coverage.contacts > 0]
    if not len(positive):
        explain_empty_panel(axes, "no bin has contacts")
        return
    low, high = positive.min() / 1.2, positive.max() * 1.2
    edges = _class_edges(positive, low, high)
    colours = iter(MASKED_COLOURS)
    base = np.zeros(len(edges) - 1)
    for name, flags in coverage.groups.items():
        values = coverage.contacts[flags & (coverage.contacts > 0)]
        colour = BLUE if name == KEPT else next(colours, SOFT)
        heights = np.histogram(values, edges)[0]
        label = f"{name} {np.count_nonzero(flags):,}"
        axes.stairs(base + heights, edges, baseline=base, fill=True, color=colour, label=label)
        base = base + heights
    for (lowest, highest), _ in limits:
        axes.axvline(lowest, color=INK, linewidth=0.9, linestyle="--")
        if highest > lowest:
            axes.axvspan(lowest, highest, color=INK, alpha=0.12, linewidth=0, zorder=0)
            axes.axvline(highest, color=INK, linewidth=0.9, linestyle="--")
    axes.set(xscale="log", xlim=(low, high), ylim=(0, base.max() * 1.05), ylabel="bins")
    set_log_ticks(axes.xaxis, low, high)
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel("; ".join(["contacts of a bin", *texts]), labelpad=1)
    axes.legend(loc="upper left", fontsize=7, framealpha=0.85, edgecolor="none", handlelength=1)


def _class_edges(contacts: Floats, low: float, high: float) -> Floats:
    """Return the edges of the classes, between which there are whole numbers of contacts."""
    edges = np.geomspace(low, high, CLASSES + 1)
    if not np.array_equal(contacts, np.floor(contacts)):
        return edges
    return np.unique([*np.floor(edges), np.floor(high) + 1]) + 0.5


def describe_limits(thresholds: dict[str, Any]) -> list[tuple[tuple[float, float], str]]:
    """Return the limits of the mask that are numbers of contacts.

    Parameters
    ----------
    thresholds : dict
        Of the mask's summary: by filter a number, or a number for each chromosome. ``min_nnz`` is a
        number of bins in contact, and is not drawn.

    Returns
    -------
    list of tuple
        Lowest and highest value, which differ between chromosomes, and the limit in words.
    """
    limits = []
    for name in ("min_count", "max_count", "mad", "mad_above"):
        value = thresholds.get(name)
        values = list(value.values()) if isinstance(value, dict) else [value] if value else []
        if values:
            low, high = float(min(values)), float(max(values))
            ends = dict.fromkeys(format_tick(float(f"{end:.3g}")) for end in (low, high))
            limits.append(((low, high), f"{name} {' to '.join(ends)}"))
    return limits
