"""The panel of weights: along the genome, with standard errors and the masked bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.positive import is_positive
from counterpoise.records.verdict import Verdict
from counterpoise.report.axes import (
    draw_bars,
    draw_borders,
    length_unit,
    place_labels,
    set_log_ticks,
    shorten_names,
)
from counterpoise.report.chunks import Flags, Floats, Indices
from counterpoise.report.formats import format_percent, format_status
from counterpoise.report.style import (
    BLUE,
    PAGE_DPI,
    PAGE_WIDTH,
    SKY,
    SOFT,
    add_heading,
    add_panel,
    explain_empty_panel,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, WIDTH = 72, 1068  # of the panel on the page
ERRORS_SHOWN = 2  # standard errors on either side of a weight
MOST_BARS = 6000  # above this number, weights are summarised by columns of the picture


@dataclass(frozen=True)
class GenomeAxis:
    """Positions along all chromosomes, drawn end to end.

    Attributes
    ----------
    edges : float64 [chromosomes + 1]
        Borders of the chromosomes.
    position : float64 [bins]
        Centres of the bins.
    unit : str
        The unit of both, ``Mb``, ``kb`` or ``bp``.
    column : int64 [bins]
        The column of the picture into which a bin's centre falls.
    """

    edges: Floats
    position: Floats
    unit: str
    column: Indices

    @property
    def length(self) -> float:
        """Length of the genome."""
        return float(self.edges[-1])

    @classmethod
    def of_bins(cls, bins: BinTable) -> GenomeAxis:
        """Lay out the bins of a genome.

        Parameters
        ----------
        bins : BinTable
            The bins.

        Returns
        -------
        GenomeAxis
            The axis.
        """
        ends = np.cumsum(bins.lengths, dtype=np.float64)
        edges = np.concatenate([[0.0], ends])
        unit, name = length_unit(float(edges[-1]))
        edges /= unit
        middle = (bins.start.astype(np.float64) + bins.end) / (2 * unit)
        position = middle + np.repeat(edges[:-1], np.diff(bins.offsets))
        length = float(edges[-1])
        pixels_per_unit = WIDTH / length if length else 0.0
        column = np.minimum((position * pixels_per_unit).astype(np.int64), WIDTH - 1)
        return cls(edges, position, name, column)


def draw_weights(
    figure: Figure,
    top: float,
    bins: BinTable,
    kept: Flags,
    weights: Floats,
    errors: Floats,
    mask_text: str,
    verdict: Verdict,
) -> None:
    """Draw weights with standard errors along the genome, and below them the masked bins.

    Parameters
    ----------
    figure : Figure
        The page.
    top : float
        Where the panel begins on the page.
    bins : BinTable
        The bins.
    kept : bool [bins]
        The mask.
    weights : float64 [bins]
        Multiplicative weights, NaN on masked bins.
    errors : float64 [bins]
        Their relative standard errors, NaN where unknown.
    mask_text : str
        The mask in words, written below the panel.
    verdict : Verdict
        The run's verdict.
    """
    axes = add_panel(figure, LEFT, top, WIDTH, 138)
    strip = add_panel(figure, LEFT, top + 144, WIDTH, 12)
    add_heading(axes, "Weights along the genome", lift=16)
    genome = GenomeAxis.of_bins(bins)
    usable = is_positive(weights)
    if usable.any():
        _draw_curve(axes, genome, weights, errors, usable)
    else:
        explain_empty_panel(axes, f"no weights: {format_status(verdict.status)}")
    axes.set(xlim=(0, genome.length or 1), xticks=[])
    if len(bins.chromosomes) > 1:
        names = shorten_names(bins.chromosomes)
        for x, name in place_labels(genome.edges, names, WIDTH):
            axes.annotate(
                name, (x, 1), (0, 4), ("data", "axes fraction"), "offset points", ha="center",
                fontsize=7, color=SOFT, annotation_clip=False,
            )  # fmt: skip
    _draw_masked_bins(strip, genome, ~kept)
    end_to_end = ", chromosomes end to end" if len(bins.chromosomes) > 1 else ""
    strip.set_xlabel(f"position ({genome.unit}{end_to_end})", labelpad=1)
    height = round(figure.get_size_inches()[1] * PAGE_DPI)
    y = 1 - (top + 214) / height
    figure.text(LEFT / PAGE_WIDTH, y, mask_text, color=SOFT, fontsize=8, va="center")


def _draw_curve(
    axes: Axes, genome: GenomeAxis, weights: Floats, errors: Floats, usable: Flags
) -> None:
    """Draw the usable weights and their standard errors."""
    axes.set_yscale("log")
    shown = weights[usable]
    # Bins without contacts and those of a method stopped early have no standard error.
    factor = np.exp(ERRORS_SHOWN * np.nan_to_num(errors[usable]))
    if len(shown) <= MOST_BARS:
        x = genome.position[usable]
        draw_bars(axes, x, shown / factor, shown * factor, color=SKY, linewidth=0.9)
        axes.plot(x, shown, ".", color=BLUE, markersize=2.2)
        note = f"dots: weights; bars: {ERRORS_SHOWN} standard errors"
    else:
        _draw_columns(axes, genome.column[usable], shown, factor, genome.length)
        note = (
            "dots: geometric mean; bands: smallest to largest; within them, "
            f"{ERRORS_SHOWN} standard errors of one weight"
        )
    axes.annotate(
        note, (1, 1), (0, 18), "axes fraction", "offset points", ha="right", color=SOFT, fontsize=7
    )
    # The range follows the weights: long error bars are cut off.
    low, high = shown.min() / 1.6, shown.max() * 1.6
    axes.set(ylim=(low, high), ylabel="weight")
    set_log_ticks(axes.yaxis, low, high)
    draw_borders(axes, genome.edges, genome.length / WIDTH, both=False)


def _draw_columns(
    axes: Axes, column: Indices, weights: Floats, factor: Floats, length: float
) -> None:
    """Draw, for each column of the picture, the range of its weights and the error of their mean.

    ``factor`` is the ratio of a weight and the ends of its error bar.
    """
    starts = np.concatenate([[0], np.flatnonzero(np.diff(column)) + 1])
    filled = column[starts]
    sizes = np.diff(np.append(starts, len(column)))

    def spread(values_of_filled: Floats) -> Floats:
        values = np.full(WIDTH, np.nan)
        values[filled] = values_of_filled
        return values

    def geometric_mean(values: Floats) -> Floats:
        return spread(np.exp(np.add.reduceat(np.log(values), starts) / sizes))

    mean, mean_factor = geometric_mean(weights), geometric_mean(factor)
    x = (np.arange(WIDTH, dtype=np.float64) + 0.5) * (length / WIDTH)
    draw_bars(
        axes,
        x,
        spread(np.minimum.reduceat(weights, starts)),
        spread(np.maximum.reduceat(weights, starts)),
        color=BLUE,
        alpha=0.25,
        linewidth=0.8,
    )
    draw_bars(axes, x, mean / mean_factor, mean * mean_factor, color=SKY, linewidth=0.8)
    axes.plot(x, mean, ".", color=BLUE, markersize=2.2)


def _draw_masked_bins(strip: Axes, genome: GenomeAxis, masked: Flags) -> None:
    """Draw the share of masked bins along the genome."""
    if genome.length:
        strip.imshow(
            masked_share(genome.column, masked)[None], extent=(0, genome.length, 0, 1),
            cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest",
        )  # fmt: skip
    strip.set(yticks=[], xlim=(0, genome.length or 1))
    strip.set_ylabel("masked", rotation=0, ha="right", va="center", fontsize=7)
    strip.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 5, 10]))
    strip.tick_params(labelsize=7, length=2)


def masked_share(column: Indices, masked: Flags) -> Floats:
    """Return the share of masked bins in each column of the picture.

    Parameters
    ----------
    column : int64 [bins]
        The column of each bin.
    masked : bool [bins]
        Whether a bin is masked.

    Returns
    -------
    float64 [columns]
        Shares. A column without the centre of a bin takes the value of its left neighbour.
    """
    total = np.bincount(column, minlength=WIDTH)
    masked_bins = np.bincount(column, masked, WIDTH)
    filled = np.flatnonzero(total)
    nearest = filled[np.maximum(np.searchsorted(filled, np.arange(WIDTH), side="right") - 1, 0)]
    return np.asarray(masked_bins[nearest] / total[nearest], dtype=np.float64)


def describe_mask(summary: dict[str, Any], kept: int, total: int) -> str:
    """Describe a mask: how many bins were kept, and how many masked for each reason.

    Parameters
    ----------
    summary : dict
        The mask's summary; ``reasons`` holds the number of bins by reason.
    kept, total : int
        Number of kept bins and of all bins.

    Returns
    -------
    str
        A sentence.
    """
    reasons = {code: n for code, n in summary.get("reasons", {}).items() if code != "kept" and n}
    share = f" ({format_percent(kept / total)})" if total else ""
    text = f"{kept:,} of {total:,} bins kept{share}"
    if not reasons:
        return f"{text}; none masked."
    listed = ", ".join(f"{code} {n:,} ({format_percent(n / total)})" for code, n in reasons.items())
    return f"{text}; masked: {listed}."
