"""One picture for each sample, resolution and method: did balancing go well?

What is drawn is at most ``max_pixels`` wide, however large the map is (``survey`` makes the
numbers). Equal inputs give equal bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable, format_base_pairs, format_length
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Scope, select
from counterpoise.files import replacing
from counterpoise.methods import methods
from counterpoise.methods.kernel.settings import CV
from counterpoise.records.verdict import Status, Verdict
from counterpoise.report.survey import (
    Flags,
    Floats,
    Survey,
    relative_marginals,
    survey,
    truth_against_estimate,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from counterpoise.records.search import Search

WIDTH, HEIGHT = 1600, 1000  # the page on which panels are laid out: pixels at PAGE_DPI
PAGE_DPI = 110
ERRORS_SHOWN = 2  # standard errors to either side of a weight
MAP_SIDE = 500  # of the two maps, on that page
GENOME_WIDTH = 1068  # of the panel of weights, on that page
LETTER = 6.3  # width of a letter of an axis's labels, on that page

# Okabe and Ito's colours, told apart by colour-blind eyes, too.
BLUE, ORANGE, GREEN, RED, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9"
INK, SOFT, MASKED = "#1b1f24", "#59636e", "#d3d6da"
BANNERS = {
    Status.CONVERGED: (GREEN, "white", "CONVERGED"),
    Status.COMPUTED: (BLUE, "white", "COMPUTED"),
    Status.EMPTY: ("#6b7280", "white", "EMPTY"),
    Status.NOT_CONVERGED: (ORANGE, INK, "NOT CONVERGED"),
    Status.FAILED: ("#B03A00", "white", "FAILED"),
}
PART_COLOURS = (RED, ORANGE, "#CC79A7", INK)  # of the worst parts, which are named
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.7,
    "text.color": INK,
    "text.parse_math": False,  # a sample or a chromosome may have a $ in its name
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


# --- words -------------------------------------------------------------------------------------


def counted(number: int, noun: str) -> str:
    """``1 iteration``, ``1,200 iterations``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def headline(verdict: Verdict, title: str) -> str:
    """``sample · 10 kb · ice (genome)``."""
    algorithm = "" if verdict.method == verdict.name else f", {verdict.method}"
    return f"{title} \u00b7 {verdict.name} ({verdict.scope}{algorithm})"


def outcome(verdict: Verdict) -> str:
    """The reason and the figures that decide, as one or two sentences."""
    words = [verdict.reason.rstrip(". ") + "."] if verdict.reason else []
    if verdict.status is Status.COMPUTED:
        words.append("One pass: evens out coverage, does not make row sums equal.")
    elif verdict.iterations:
        words.append(
            f"{counted(verdict.iterations, 'iteration')}, "
            f"{counted(verdict.matvecs, 'matrix-vector product')}."
        )
    kernel = methods()[verdict.method].fills
    bandwidths = [part.bandwidth for part in verdict.parts if part.bandwidth is not None]
    if kernel and bandwidths and len(verdict.parts) > 1:
        ends = dict.fromkeys(format_length(end) for end in (min(bandwidths), max(bandwidths)))
        chosen = ", chosen by cross-validation" if verdict.settings["bandwidth"] == CV else ""
        words.append(f"Bandwidth {' to '.join(ends)}{chosen}.")
    if verdict.max_deviation is not None and verdict.rms_deviation is not None:
        start = "Balanced row sums are off their target by"
        if kernel and max(bandwidths, default=0):
            start = "Single row sums are not made equal: they differ from their mean by"
        words.append(
            f"{start} {verdict.max_deviation:.2g} at most "
            f"and {verdict.rms_deviation:.2g} RMS (relative)."
        )
    return " ".join(words)


def mask_caption(summary: dict[str, Any], kept: int, total: int) -> str:
    """How many bins were kept, and how many were masked for which reason."""
    reasons = {code: n for code, n in summary.get("reasons", {}).items() if code != "kept" and n}
    share = f" ({kept / total:.1%})" if total else ""
    text = f"{kept:,} of {total:,} bins kept{share}"
    if not reasons:
        return f"{text}; none masked."
    listed = ", ".join(f"{code} {n:,} ({n / total:.1%})" for code, n in reasons.items())
    return f"{text}; masked: {listed}."


def short_names(names: Sequence[str], width: int = 12) -> list[str]:
    """Chromosome names that fit an axis: without a ``chr`` that all share, cut in the middle."""
    if len(names) > 5 and all(name.startswith("chr") and len(name) > 3 for name in names):
        names = [name[3:] for name in names]
    half = width // 2
    return [n if len(n) <= width else f"{n[:half]}\u2026{n[1 - half :]}" for n in names]


def labels_that_fit(
    edges: Floats, names: Sequence[str], pixels: float, *, upright: bool = False
) -> list[tuple[float, str]]:
    """Centre and name of the chromosomes whose names can be written without touching.

    Parameters
    ----------
    edges : float64 [chromosomes + 1], borders of the chromosomes along the axis.
    pixels : the axis's length on the page; a chromosome narrower than half a letter has no
        name, the widest chromosomes come first.
    upright : the axis is the vertical one, along which every name takes one line.
    """
    centres, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    size = float(edges[-1])
    char = size * LETTER / pixels
    placed: list[tuple[float, float, int]] = []
    for index in np.argsort(-widths, kind="stable"):
        if widths[index] < char / 2:
            break
        reach = char * (1.9 if upright else len(names[index]) + 0.8) / 2
        lo, hi = centres[index] - reach, centres[index] + reach
        if hi > size + 3 * char or lo < -3 * char:
            continue
        if all(hi <= other_lo or lo >= other_hi for other_lo, other_hi, _ in placed):
            placed.append((lo, hi, int(index)))
    return [(float(centres[index]), names[index]) for *_, index in sorted(placed)]


# --- panels ------------------------------------------------------------------------------------


def plot_method(
    contacts: ContactMap,
    mask: tuple[Flags, dict[str, Any]],
    weights: Floats,
    errors: Floats,
    trace: pa.Table,
    verdict: Verdict,
    path: str | Path,
    settings: dict[str, Any],
    *,
    sample: str | None = None,
    searches: Sequence[Search] = (),
) -> None:
    """Draw the PNG of one sample, resolution and method.

    Parameters
    ----------
    contacts : the map.
    mask : the kept bins and the mask's summary, as ``mask.read_mask`` gives them.
    weights : float64 [bins], multiplicative, NaN on masked bins.
    errors : float64 [bins], their relative standard errors, NaN where there are none.
    trace : the trace's Parquet table.
    verdict : of the run whose weights these are.
    path : where the PNG goes.
    settings : ``max_pixels`` (largest side of a map's picture) and ``dpi``.
    sample : its name; without one, the name of the source file.
    searches : for a bandwidth, where there were some.
    """
    kept, mask_summary = mask
    dpi = settings["dpi"]
    seen = survey(
        contacts,
        kept,
        weights,
        scope=verdict.scope,
        ignore_diags=ignored_diagonals(verdict),
        diagonal=verdict.settings.get("diagonal", 1),
        factor=contact_factor(contacts.bins, kept, verdict),
        # More cells than dots on the page would be dropped, not drawn.
        max_pixels=min(settings["max_pixels"], MAP_SIDE * dpi // PAGE_DPI),
    )
    with page(path, HEIGHT, dpi) as figure:
        name = sample or Path(str(contacts.source.get("uri", "matrix"))).name
        title = f"{name} \u00b7 {format_base_pairs(contacts.bins.resolution)}"
        draw_banner(figure, verdict, title)
        draw_maps(figure, contacts.bins, kept, weights, seen, verdict)
        draw_weights(
            figure,
            contacts.bins,
            kept,
            weights,
            errors,
            mask_caption(mask_summary, int(kept.sum()), len(kept)),
            verdict,
        )
        truth = contacts.bins.extra.get("true_bias")
        panels = side_panels(figure, 2 + (truth is not None) + bool(searches))
        draw_marginals(next(panels), seen, kept, weights, verdict)
        draw_convergence(next(panels), trace, verdict)
        if searches:
            draw_bandwidths(next(panels), searches)
        if truth is not None:
            draw_truth(next(panels), np.asarray(truth, dtype=np.float64), weights)


@contextmanager
def page(path: str | Path, height: int, dpi: int) -> Iterator[Figure]:
    """An empty page, ``height`` pixels high at ``PAGE_DPI``; a PNG after the block has drawn."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / PAGE_DPI, height / PAGE_DPI), dpi=dpi, facecolor="white")
        FigureCanvasAgg(figure)
        yield figure
        with replacing(path) as temporary:
            # Without this the PNG names the version of matplotlib that wrote it.
            figure.savefig(temporary, format="png", dpi=dpi, metadata={"Software": None})


def ignored_diagonals(verdict: Verdict) -> int:
    """How many diagonals the method left out (``ignore_diags``; False and None mean none)."""
    return int(verdict.settings.get("ignore_diags") or 0)


def contact_factor(bins: BinTable, kept: Flags, verdict: Verdict) -> Floats | None:
    """What the method multiplies trans contacts by, float64 [bins], or None for nothing."""
    method = methods().get(verdict.method)
    if verdict.scope != Scope.TRANS or method is None or not method.trans_weighting:
        return None
    return next(select(bins, kept, Scope.TRANS, trans_weighting=True)).factor


def panel(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Axes at a place of the page, in pixels at ``PAGE_DPI`` from its top left corner."""
    wide, high = (round(float(side) * PAGE_DPI) for side in figure.get_size_inches())
    return figure.add_axes((x / wide, 1 - (y + height) / high, width / wide, height / high))


def side_panels(figure: Figure, count: int) -> Iterator[Axes]:
    """The panels of the right-hand column, from top to bottom."""
    top, bottom, gap = 160, 932, 92
    height = (bottom - top - gap * (count - 1)) / count
    for index in range(count):
        yield panel(figure, 1262, top + index * (height + gap), 316, height)


def heading(axes: Axes, title: str, caption: str = "", lift: float = 8) -> None:
    """A bold title with a small caption under it, above the axes."""
    if caption:
        axes.annotate(
            caption, (0, 1), (0, lift), "axes fraction", "offset points", color=SOFT, fontsize=7
        )
        lift += 11
    axes.annotate(
        title, (0, 1), (0, lift), "axes fraction", "offset points", fontsize=10, weight="bold"
    )


def plain_number(value: float, _: float = 0.0) -> str:
    """A tick's label without mathtext: ``0.01``, ``2``, ``10\u207b\u2075``, ``2\u00b710\u2076``."""
    if value <= 0 or 0.9999e-3 < value < 0.9999e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    raised = str(int(exponent)).translate(
        str.maketrans(
            "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
        )
    )
    return f"10{raised}" if mantissa == "1" else f"{mantissa}\u00b710{raised}"


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Ticks at powers of ten; over a short range at 1, 2 and 5 times these."""
    short = high < 50 * low
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if short else (1.0,), numticks=9))
    axis.set_major_formatter(plain_number)
    axis.set_minor_locator(NullLocator())
    axis.set_tick_params(labelsize=7, length=2)


def say_instead(axes: Axes, text: str, width: int = 38) -> None:
    """An empty panel that says why it is empty."""
    axes.set(xticks=[], yticks=[])
    axes.text(
        0.5, 0.5, textwrap.fill(text, width), transform=axes.transAxes, ha="center", va="center",
        color=SOFT, fontsize=9,
    )  # fmt: skip


def draw_banner(figure: Figure, verdict: Verdict, title: str) -> None:
    """The verdict in words and colour, across the top."""
    background, foreground, word = BANNERS[verdict.status]
    axes = panel(figure, 0, 0, WIDTH, 104)
    axes.set(xlim=(0, WIDTH), ylim=(104, 0), facecolor=background)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.text(28, 52, word, color=foreground, fontsize=17, weight="bold", va="center")
    top = textwrap.shorten(headline(verdict, title), 105, placeholder=" \u2026")
    axes.text(330, 28, top, color=foreground, fontsize=12, weight="bold", va="center")
    lines = textwrap.wrap(outcome(verdict), 165)
    if len(lines) > 2:
        lines = [lines[0], textwrap.shorten(" ".join(lines[1:]), 160, placeholder=" \u2026")]
    axes.text(330, 72, "\n".join(lines), color=foreground, fontsize=8.5, va="center")


def draw_maps(
    figure: Figure, bins: BinTable, kept: Flags, weights: Floats, seen: Survey, verdict: Verdict
) -> None:
    """The raw and the balanced map, side by side."""
    area = f"{seen.block:,} \u00d7 {seen.block:,} bins"
    raw = panel(figure, 72, 160, MAP_SIDE, MAP_SIDE)
    draw_map(raw, panel(figure, 580, 160, 11, MAP_SIDE), seen.raw, bins, kept, "no contacts")
    summed = f", summed over {area} a pixel" if seen.block > 1 else ""
    heading(raw, "Raw map", f"contacts{summed}; grey: masked")
    balanced = panel(figure, 640, 160, MAP_SIDE, MAP_SIDE)
    usable = np.isfinite(weights)
    empty = "no weights" if not usable.any() else "no contacts left to balance"
    draw_map(balanced, panel(figure, 1148, 160, 11, MAP_SIDE), seen.balanced, bins, usable, empty)
    balanced.set(yticklabels=[], ylabel="")
    notes = ["balanced contacts"]
    if seen.block > 1:
        notes = [f"balanced contacts, mean over {area}"]
    if verdict.scope != "genome":
        notes.append(f"{verdict.scope} only")
    if ignored_diagonals(verdict):
        notes.append(f"without {ignored_diagonals(verdict)} diagonals")
    heading(balanced, "Balanced map", ", ".join(notes) + "; grey: no weights")


def draw_map(
    axes: Axes, scale: Axes, values: Floats, bins: BinTable, kept: Flags, if_empty: str
) -> None:
    """One map with logarithmic colours; rows and columns without a kept bin are grey."""
    n = len(bins)
    extent = (0, n, n, 0)
    cells = len(values)
    block = max(1, -(-n // cells))
    dropped = np.bincount(np.arange(n)[kept] // block, minlength=cells) == 0
    backdrop = np.full((cells, cells, 3), 255, dtype=np.uint8)
    backdrop[dropped[:, None] | dropped] = np.multiply(to_rgb(MASKED), 255).round()
    # Cells are of equal size; the last one may reach beyond the last bin.
    reach = (0, cells * block, cells * block, 0)
    axes.imshow(backdrop, extent=reach, interpolation="nearest", aspect="auto")
    positive = values[values > 0]
    if len(positive):
        low, high = colour_limits(positive)
        norm = LogNorm(low, high, clip=True)
        picture = axes.imshow(
            np.ma.masked_less_equal(values, 0), norm=norm, cmap=contact_colours(), extent=reach,
            interpolation="nearest", aspect="auto",
        )  # fmt: skip
        bar = axes.figure.colorbar(picture, cax=scale)
        bar.outline.set_linewidth(0.5)
        log_ticks(scale.yaxis, low, high)
    else:
        scale.set_visible(False)
        axes.text(
            0.5, 0.5, if_empty, transform=axes.transAxes, ha="center", va="center", color=INK,
            fontsize=11,
        )  # fmt: skip
    axes.set(xlim=extent[:2], ylim=extent[2:])
    label_map_axes(axes, bins)


def colour_limits(positive: Floats) -> tuple[float, float]:
    """Ends of the colour scale for these values, all but the outermost of them between."""
    low, high = np.percentile(positive, [2, 99.7])
    if high < 3 * low:  # an even map: no contrast where there is none
        low, high = np.sqrt(low * high / 3), np.sqrt(low * high * 3)
    return float(low), float(high)


def contact_colours() -> ListedColormap:
    """Magma without its palest end, which could not be told from an area without contacts."""
    return ListedColormap(mpl.colormaps["magma_r"](np.linspace(0.06, 1, 256)))


def label_map_axes(axes: Axes, bins: BinTable) -> None:
    """Chromosome names and borders; along a single chromosome, positions."""
    n = len(bins)
    if len(bins.chromosomes) == 1:
        (name,) = short_names(bins.chromosomes, 30)
        if bins.resolution is None:
            label = f"{name} (bin number)"
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(6, integer=True))
        else:
            unit, word = length_unit(float(bins.lengths.sum()))
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda x, _: f"{x * (bins.resolution or 1) / unit:g}")
            step = unit / bins.resolution
            marks = np.asarray(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(0, n / step))
            ticks = step * marks[(marks >= 0) & (marks * step <= n)]
            axes.set(xticks=ticks, yticks=ticks)
            label = f"{name} ({word})"
        axes.set(xlabel=label)
        axes.tick_params(labelsize=7, length=2)
        return
    edges = bins.offsets.astype(np.float64)
    draw_borders(axes, edges, n / MAP_SIDE, both=True)
    names = short_names(bins.chromosomes)
    along = labels_that_fit(edges, names, MAP_SIDE)
    down = labels_that_fit(edges, names, MAP_SIDE, upright=True)
    axes.set_xticks([x for x, _ in along], [name for _, name in along])
    axes.set_yticks([y for y, _ in down], [name for _, name in down])
    axes.tick_params(labelsize=7, length=0)
    hidden = len(names) - len(along)
    note = f", {hidden:,} too narrow to name here" if hidden else ""
    axes.set_xlabel(f"{len(names):,} chromosomes{note if along else ', too narrow to name'}")


def length_unit(length: float) -> tuple[int, str]:
    """Base pairs per unit and the unit's name for an axis of this length."""
    return next(
        (u, w)
        for u, w in ((1_000_000, "Mb"), (1_000, "kb"), (1, "bp"))
        if length >= 2 * u or u == 1
    )


def draw_borders(axes: Axes, edges: Floats, pixel: float, *, both: bool) -> None:
    """Thin lines between chromosomes, left out between those that are a few pixels wide."""
    widths = np.diff(edges)
    wide = np.maximum(widths[:-1], widths[1:]) >= 4 * pixel
    for edge in edges[1:-1][wide]:
        axes.axvline(edge, color=SOFT, linewidth=0.4, alpha=0.7)
        if both:
            axes.axhline(edge, color=SOFT, linewidth=0.4, alpha=0.7)


def draw_weights(
    figure: Figure,
    bins: BinTable,
    kept: Flags,
    weights: Floats,
    errors: Floats,
    caption: str,
    verdict: Verdict,
) -> None:
    """Weights along the genome with their standard errors, and under them where bins are masked."""
    axes = panel(figure, 72, 766, GENOME_WIDTH, 138)
    strip = panel(figure, 72, 910, GENOME_WIDTH, 12)
    heading(axes, "Weights along the genome", lift=16)
    ends = np.cumsum(bins.lengths, dtype=np.float64)
    edges = np.concatenate([[0.0], ends])
    unit, word = length_unit(float(edges[-1]))
    edges /= unit
    middle = (bins.start.astype(np.float64) + bins.end) / (2 * unit)
    position = middle + np.repeat(edges[:-1], np.diff(bins.offsets))
    total = float(edges[-1])
    column = (
        np.minimum((position * (GENOME_WIDTH / total)).astype(np.int64), GENOME_WIDTH - 1)
        if total
        else None
    )
    usable = np.isfinite(weights) & (weights > 0)
    if not usable.any():
        say_instead(axes, f"no weights: {verdict.reason or verdict.status.value}", 110)
    else:
        axes.set_yscale("log")
        # Some weights have none: those of bins without a contact, or of a method stopped early.
        factor = np.exp(ERRORS_SHOWN * np.nan_to_num(errors[usable]))
        drawn = weights[usable]
        if len(drawn) <= 6000:
            x = position[usable]
            axes.vlines(x, drawn / factor, drawn * factor, color=SKY, linewidth=0.9)
            axes.plot(x, drawn, ".", color=BLUE, markersize=2.2)
            says = f"dots: weights; bars: {ERRORS_SHOWN} standard errors, by counting noise alone"
        else:
            assert column is not None
            draw_weight_columns(axes, column[usable], drawn, factor, total)
            says = (
                "dots: geometric mean; bands: smallest to largest; within them, "
                f"{ERRORS_SHOWN} standard errors of one weight"
            )
        axes.annotate(
            says, (1, 1), (0, 18), "axes fraction", "offset points", ha="right", color=SOFT,
            fontsize=7,
        )  # fmt: skip
        # Bars that reach further than this say no more by being drawn to their ends.
        low, high = drawn.min(), drawn.max()
        axes.set(ylim=(low / 1.6, high * 1.6), ylabel="weight")
        log_ticks(axes.yaxis, low / 1.6, high * 1.6)
        draw_borders(axes, edges, total / GENOME_WIDTH, both=False)
    axes.set(xlim=(0, total or 1), xticks=[])
    if len(bins.chromosomes) > 1:
        names = short_names(bins.chromosomes)
        for x, name in labels_that_fit(edges, names, GENOME_WIDTH):
            axes.annotate(
                name, (x, 1), (0, 4), ("data", "axes fraction"), "offset points", ha="center",
                fontsize=7, color=SOFT, annotation_clip=False,
            )  # fmt: skip
    if column is not None:
        share = masked_share(column, ~kept)
        strip.imshow(
            share[None], extent=(0, total, 0, 1), cmap="Greys", vmin=0, vmax=1, aspect="auto",
            interpolation="nearest",
        )  # fmt: skip
    strip.set(yticks=[], xlim=(0, total or 1))
    strip.set_ylabel("masked", rotation=0, ha="right", va="center", fontsize=7)
    strip.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 5, 10]))
    strip.tick_params(labelsize=7, length=2)
    end_to_end = ", chromosomes end to end" if len(bins.chromosomes) > 1 else ""
    strip.set_xlabel(f"position ({word}{end_to_end})", labelpad=1)
    figure.text(72 / WIDTH, 1 - 980 / HEIGHT, caption, color=SOFT, fontsize=8, va="center")


def draw_weight_columns(
    axes: Axes, column: NDArray[np.int64], weights: Floats, factor: Floats, total: float
) -> None:
    """Many weights: for each column of the picture their range, and their errors about the mean.

    Parameters
    ----------
    factor : float64 [weights], by which the ends of a weight's error bar differ from it.
    """
    starts = np.concatenate([[0], np.flatnonzero(np.diff(column)) + 1])
    present = column[starts]
    sizes = np.diff(np.append(starts, len(column)))

    def per_column(of_present: Floats) -> Floats:
        values = np.full(GENOME_WIDTH, np.nan)
        values[present] = of_present
        return values

    def geometric_mean(values: Floats) -> Floats:
        return per_column(np.exp(np.add.reduceat(np.log(values), starts) / sizes))

    mean, apart = geometric_mean(weights), geometric_mean(factor)
    x = (np.arange(GENOME_WIDTH) + 0.5) * (total / GENOME_WIDTH)
    axes.vlines(
        x,
        per_column(np.minimum.reduceat(weights, starts)),
        per_column(np.maximum.reduceat(weights, starts)),
        color=BLUE,
        alpha=0.25,
        linewidth=0.8,
    )
    axes.vlines(x, mean / apart, mean * apart, color=SKY, linewidth=0.8)
    axes.plot(x, mean, ".", color=BLUE, markersize=2.2)


def masked_share(column: NDArray[np.int64], masked: Flags) -> Floats:
    """Share of masked bins in each column of the panel of weights.

    A column into which no bin's middle falls (few, wide bins) takes its left neighbour's value.
    """
    total = np.bincount(column, minlength=GENOME_WIDTH)
    dropped = np.bincount(column, masked, GENOME_WIDTH)
    filled = np.flatnonzero(total)
    nearest = filled[
        np.maximum(np.searchsorted(filled, np.arange(GENOME_WIDTH), side="right") - 1, 0)
    ]
    return np.asarray(dropped[nearest] / total[nearest], dtype=np.float64)


def draw_marginals(
    axes: Axes, seen: Survey, kept: Flags, weights: Floats, verdict: Verdict
) -> None:
    """Histograms of row sums: raw upwards, balanced downwards."""
    whose = "its chromosome's" if verdict.scope == "cis" and len(verdict.parts) > 1 else "the"
    heading(axes, "Row sums (marginals)", f"of kept bins in contact, over {whose} mean")
    # Kept bins without a contact of the kind that the method uses are no part of its problem.
    in_contact = kept & (seen.before > 0)
    pair = [
        relative_marginals(np.where(flags, values, np.nan), verdict.parts)
        for flags, values in (
            (in_contact, seen.before),
            (in_contact & np.isfinite(weights), seen.after),
        )
    ]
    pair = [values[np.isfinite(values)] for values in pair]
    if not len(pair[0]):
        say_instead(axes, "no row sums: no contacts between kept bins")
        return
    positive = np.concatenate(pair)
    positive = positive[positive > 0]
    low, high = max(positive.min(), 1e-4), min(positive.max(), 1e4)
    edges = np.geomspace(min(low, 0.5) / 1.1, max(high, 2.0) * 1.1, 61)
    rows = zip(pair, (1, -1), (ORANGE, BLUE), ("before", "after"), strict=True)
    for values, sign, colour, word in rows:
        y = 0.96 if sign > 0 else 0.04
        if not len(values):
            axes.text(0.03, y, f"{word}: no weights", transform=axes.transAxes, color=SOFT)
            continue
        heights = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        axes.stairs(sign * heights / heights.max(), edges, fill=True, color=colour)
        text = f"{word}\nCV {values.std() / values.mean():.2g}"
        axes.text(
            0.03, y, text, transform=axes.transAxes, va="top" if sign > 0 else "bottom",
            weight="bold",
        )  # fmt: skip
        extreme = f"{values.min():.2g} to {values.max():.2g}"
        if np.ptp(values) < 0.01:
            extreme = "all equal to within 1 %"
        axes.text(
            0.97, y, f"{len(values):,} bins\n{extreme}", transform=axes.transAxes, ha="right",
            va="top" if sign > 0 else "bottom", color=SOFT,
        )  # fmt: skip
    axes.axhline(0, color=SOFT, linewidth=0.6)
    axes.set(xscale="log", xlim=(edges[0], edges[-1]), ylim=(-1.75, 1.75), yticks=[])
    log_ticks(axes.xaxis, edges[0], edges[-1])
    axes.set_xlabel("row sum / mean", labelpad=1)


def draw_convergence(axes: Axes, trace: pa.Table, verdict: Verdict) -> None:
    """Largest and RMS deviation of row sums by iteration; by part where there are several."""
    tolerance = verdict.settings.get("tolerance")
    # SCALE's is on how far its vector still moves, not on row sums.
    of_row_sums = methods()[verdict.method].exact
    goal = tolerance if isinstance(tolerance, float) and tolerance > 0 and of_row_sums else None
    dotted = f"; dotted: tolerance {goal:g}" if goal else ""
    if verdict.status is Status.COMPUTED:
        heading(axes, "Convergence")
        say_instead(axes, "one pass, nothing to converge")
        return
    iteration = trace["iteration"].to_numpy()
    largest = positive_or_nan(trace["max_deviation"].to_numpy())
    rms = positive_or_nan(trace["rms_deviation"].to_numpy())
    if not np.isfinite(largest).any():
        heading(axes, "Convergence")
        say_instead(axes, "no iteration was run")
        return
    if len(verdict.parts) == 1:
        smoothed = "smoothed " if methods()[verdict.method].fills else ""
        heading(axes, "Convergence", f"relative deviation of {smoothed}row sums{dotted}")
        marker = "." if len(iteration) <= 40 else ""
        axes.plot(iteration, largest, marker=marker, color=RED, label="largest")
        axes.plot(iteration, rms, marker=marker, linestyle="--", color=BLUE, label="RMS")
    else:
        heading(axes, "Convergence", f"largest relative deviation{dotted}")
        part = trace["part"].cast("string").to_numpy(zero_copy_only=False)
        draw_parts(axes, part, iteration, largest, verdict)
    if goal:
        axes.axhline(goal, color=INK, linewidth=0.9, linestyle=":")
    axes.set_yscale("log")
    axes.margins(y=0.12)
    if goal:  # parts of one or two bins are exact to the last bit: no reason to zoom out so far
        floor = min(goal / 1000, float(np.nanmax(largest)) / 10)
        axes.set_ylim(bottom=max(axes.get_ylim()[0], floor))
    log_ticks(axes.yaxis, *axes.get_ylim())
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel("iteration", labelpad=1)
    axes.legend(loc="best", fontsize=7, framealpha=0.85, edgecolor="none")


def draw_bandwidths(axes: Axes, searches: Sequence[Search]) -> None:
    """How much worse each bandwidth did on held-out contacts than the best; a line for each part.

    No bandwidth at all (SSK) stands at the left end, half a bin wide.
    """
    found = [search for search in searches if any(np.isfinite(c.score) for c in search.candidates)]
    heading(axes, "Bandwidth", "held-out contacts: how much less even than with the best")
    if not found:
        say_instead(axes, "no bandwidth could be told to be good; the widest was taken")
        return
    none = min(search.bin_size for search in found) / 2
    lines, dots = [], []
    for search in found:
        scores = np.array([candidate.score for candidate in search.candidates])
        scores -= np.nanmin(scores)
        # In units that fit all parts, so that neither a steep side nor a flat valley is lost.
        scores /= np.nanmedian(scores) or 1.0
        places = [search.base_pairs(c.bandwidth) or none for c in search.candidates]
        points = np.column_stack([places, scores])
        dots.append(points[search.best])
        lines.append(points[np.isfinite(points[:, 1])])
    alone = len(lines) == 1
    axes.add_collection(
        LineCollection(
            lines, colors=BLUE, linewidths=1.4 if alone else 0.7, alpha=1.0 if alone else 0.6
        )
    )
    axes.plot(*np.array(dots).T, ".", color=RED, markersize=8 if alone else 5, zorder=3)
    every = np.concatenate(lines)
    low, high = every[:, 0].min() / 1.3, every[:, 0].max() * 1.3
    # What is far worse is cut off: it would flatten the valley.
    axes.set(xscale="log", xlim=(low, high), ylim=(-0.1, 3), yticks=[0, 1, 2, 3])
    axes.set_yticklabels(["best", "1", "2", "3"])
    marks = 10.0 ** np.arange(np.ceil(np.log10(2.5 * none)), np.log10(high))
    labels = [format_base_pairs(round(mark)) for mark in marks]
    if low < none:
        marks, labels = np.append(none, marks), ["none", *labels]
    axes.set_xticks(marks, labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel("standard deviation of the kernel", labelpad=1)


def positive_or_nan(values: Floats) -> Floats:
    """Values that have a place on a logarithmic axis; the others as NaN."""
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def draw_parts(
    axes: Axes,
    part: NDArray[np.object_],
    iteration: NDArray[np.int32],
    largest: Floats,
    verdict: Verdict,
) -> None:
    """A thin line for each part; those that did not converge stand out by colour and name."""
    order = np.argsort(part, kind="stable")
    names, starts = np.unique(part[order], return_index=True)
    pieces = dict(zip(names, np.split(order, starts[1:]), strict=True))
    lines = {name: np.column_stack([iteration[i], largest[i]]) for name, i in pieces.items()}
    bad = [p for p in verdict.parts if p.label in lines and not p.status.good]
    bad.sort(key=lambda p: -(p.max_deviation or 0.0))
    good = [lines[p.label] for p in verdict.parts if p.label in lines and p.status.good]
    if good:
        label = f"{counted(len(good), 'chromosome')} converged"
        axes.add_collection(LineCollection(good, colors=BLUE, linewidths=0.7, label=label))
    for p, colour in zip(bad, PART_COLOURS, strict=False):
        label = f"{short_names([p.label])[0]}: {p.status.value.replace('_', ' ')}"
        axes.plot(*lines[p.label].T, color=colour, linewidth=1.6, label=label)
    rest = [lines[p.label] for p in bad[len(PART_COLOURS) :]]
    if rest:
        label = f"{len(rest):,} more not balanced"
        axes.add_collection(LineCollection(rest, colors=RED, linewidths=0.7, label=label))
    axes.autoscale_view()


def draw_truth(axes: Axes, true_bias: Floats, weights: Floats) -> None:
    """Known bias of a simulated map against the estimated one."""
    heading(axes, "Truth against estimate", "bias = 1 / weight, geometric mean 1")
    truth, estimate = truth_against_estimate(true_bias, weights)
    if not len(truth):
        say_instead(axes, "no weights to compare")
        return
    axes.plot(truth, estimate, ".", color=BLUE, markersize=2.5, alpha=0.5, rasterized=True)
    limits = (min(truth.min(), estimate.min()) / 1.2, max(truth.max(), estimate.max()) * 1.2)
    axes.plot(limits, limits, color=INK, linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
    error = float(np.median(np.abs(estimate / truth - 1)))
    text = f"median error {error:.2%}"
    if len(truth) > 2 and np.ptp(truth) > 0 and np.ptp(estimate) > 0:
        r = float(np.corrcoef(np.log(truth), np.log(estimate))[0, 1])
        text = f"correlation of logs {r:.4f}\n{text}"
    axes.text(0.04, 0.95, text, transform=axes.transAxes, va="top", weight="bold")
    log_ticks(axes.xaxis, *limits)
    log_ticks(axes.yaxis, *limits)
    axes.set_xlabel("true bias", labelpad=1)
    axes.set_ylabel("estimated bias", labelpad=1)
