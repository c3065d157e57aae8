"""Draw the picture of docs/how-it-works/masks.md: contacts per bin, and which bins are masked.

python docs/images/coverage.py [resources/demo/yeast.cool]

The map is that of the demo, which ``make setup`` fetches; the filters are the defaults.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from panels import add_axes, save, tidy

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.mask import Mask, Reason, mask_bins
from counterpoise.report.style import BLUE, INK, ORANGE, RC_SETTINGS, RED, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TARGET = Path(__file__).with_suffix(".png")
WIDTH, HEIGHT, DPI = 7.6, 3.95, 180  # inches; a page shows it at about 100 pixels an inch
COLOURS = {Reason.KEPT: BLUE, Reason.MIN_NNZ: ORANGE, Reason.MAD: RED}
LABELS = {
    Reason.KEPT: "kept",
    Reason.MIN_NNZ: "min_nnz: few partners",
    Reason.MAD: "mad_max: few contacts",
}
PANEL = "#eef1f4"


def main() -> None:
    """Mask the map and draw it."""
    contacts = cp.read_contacts((sys.argv[1:] or ["resources/demo/yeast.cool"])[0])
    mask = mask_bins(contacts)
    with mpl.rc_context({**RC_SETTINGS, "font.size": 9.5}):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        axes = add_axes(figure, (0.8, 0.35, WIDTH - 0.95, 1.55))
        draw_histogram(axes, mask)
        axes = add_axes(figure, (0.8, 2.55, WIDTH - 0.95, 1.1))
        draw_bins(axes, mask, contacts.bins)
        save(figure, TARGET, describe(mask))


def describe(mask: Mask) -> list[str]:
    """Return what the page says about the picture."""
    kept, empty = mask.kept.sum(), (mask.reasons == Reason.EMPTY).sum()
    return [
        f"The yeast map of the demo with the default filters: {kept} of {len(mask.kept)} bins are "
        f"kept, and {empty} of the others are empty."
    ]


def draw_histogram(axes: Axes, mask: Mask) -> None:
    """Draw how many bins have how many contacts, by reason, with the cut-off of each chromosome."""
    shown = [reason for reason in LABELS if (mask.reasons == reason).any()]
    edges = np.geomspace(mask.marginal[mask.marginal > 0].min(), mask.marginal.max() * 1.01, 60)
    axes.hist(
        [mask.marginal[mask.reasons == reason] for reason in shown],
        bins=edges.tolist(), stacked=True, color=[COLOURS[reason] for reason in shown],
        label=[f"{LABELS[reason]} ({(mask.reasons == reason).sum()})" for reason in shown],
    )  # fmt: skip
    cut_offs = list(mask.thresholds["mad"].values())
    axes.axvspan(min(cut_offs), max(cut_offs), color=INK, alpha=0.3, linewidth=0)
    top = axes.get_ylim()[1]
    axes.annotate(
        "cut-offs of mad_max,\none for each chromosome", (min(cut_offs), top * 0.62),
        (min(cut_offs) * 0.72, top * 0.62), ha="right", va="center", color=SOFT,
        arrowprops={"arrowstyle": "->", "color": SOFT, "linewidth": 0.8},
    )  # fmt: skip
    axes.set(xscale="log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("contacts of a bin")
    axes.set_ylabel("bins")
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.95), ncols=3, borderpad=0,
                handlelength=1, columnspacing=1.3, handletextpad=0.5)  # fmt: skip
    tidy(axes)


def draw_bins(axes: Axes, mask: Mask, bins: BinTable) -> None:
    """Draw the contacts of each bin along the genome."""
    places = np.arange(len(bins))
    for number, (name, lo, hi) in enumerate(bins.chromosome_ranges()):
        if number % 2 == 0:
            axes.axvspan(lo - 0.5, hi - 0.5, color=PANEL, linewidth=0, zorder=0)
        limit = mask.thresholds["mad"][name]
        axes.plot([lo, hi], [limit, limit], color=INK, linewidth=1.0, alpha=0.6)
    for reason in LABELS:
        of_reason = (mask.reasons == reason) & (mask.marginal > 0)
        axes.plot(
            places[of_reason], mask.marginal[of_reason], ".", color=COLOURS[reason],
            markersize=3 if reason is Reason.KEPT else 6,
        )  # fmt: skip
    ranges = list(bins.chromosome_ranges())
    axes.set_xticks([(lo + hi) / 2 for _, lo, hi in ranges], [name for name, _, _ in ranges])
    axes.set(xlim=(-0.5, len(bins) - 0.5), yscale="log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylabel("contacts")
    tidy(axes)
    axes.tick_params(axis="x", length=0)


if __name__ == "__main__":
    main()
