"""The page on which a cohort's samples stand side by side (``compare`` says what is shown)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.records.verdict import Status
from counterpoise.report import plot as qc
from counterpoise.report.comparison import (
    COLUMNS,
    GAP,
    LEFT,
    MAPS,
    Comparison,
    Sample,
    compare,
    groups,
    map_side,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# On the page, in pixels at ``qc.PAGE_DPI``.
TITLE, LINE = 62, 17
ABOVE_MAP, BELOW_MAP = 54, 52
ABOVE_DECAY, BELOW_DECAY = 62, 64
DECAY = 300  # height
TABLE = 606  # width
TABLE_HEAD = 21
LOW_ROW, HIGH_ROW = 30, 66  # of the table

# Seven and four: 28 samples differ. Dashes let both of two lines be seen that coincide.
COLOURS = (qc.BLUE, qc.RED, qc.GREEN, qc.ORANGE, "#CC79A7", "#56B4E9", qc.INK)
DASHES = ("-", "--", ":", "-.")


# --- words -------------------------------------------------------------------------------------


def told(seen: Comparison, primary: str) -> str:
    """Which weights, which stretch and which scale are shown."""
    samples, region = seen.samples, seen.region
    bins = samples[0].contacts.bins
    words = [f"Balanced by {seen.method}, the cohort's primary method."]
    if seen.method != primary:
        bad = [sample for sample in samples if not sample.runs[primary].rank[0]]
        whose = ", ".join(
            f"{sample.name} ({qc.BANNERS[sample.runs[primary].verdict.status][2].lower()})"
            for sample in bad
        )
        words = [
            f"Balanced by {seen.method}, since the primary method, {primary}, gave no good weights "
            f"to {whose}."
        ]
    offset = samples[0].span(region.chromosome).start + region.first
    begin, end = int(bins.start[offset]), int(bins.end[offset + region.bins - 1])
    span = samples[0].span(region.chromosome)
    whole = region.bins == span.stop - span.start
    place = f"all of {region.chromosome}" if whole else f"{region.chromosome}:{begin:,}-{end:,}"
    cell = f", mean over {region.block:,} \u00d7 {region.block:,} bins" if region.block > 1 else ""
    ignored = qc.ignored_diagonals(samples[0].runs[seen.method].verdict)
    without = f", without {qc.counted(ignored, 'diagonal')}" if ignored else ""
    words.append(f"Maps: {place}{cell}{without}, each over its own mean, in the same colours.")
    if len(samples) > len(seen.pictures):
        rest = ", ".join(sample.name for sample in samples[len(seen.pictures) :])
        words.append(f"Without a map, as only {MAPS} are drawn: {rest}.")
    left_out = [
        f"{sample.name} {', '.join(name for name in names if name not in seen.chromosomes)}"
        for sample in samples
        for names in [sample.contacts.bins.chromosomes]
        if set(names) - set(seen.chromosomes)
    ]
    if left_out:
        words.append(f"Left out, as not all have it: of {'; of '.join(left_out)}.")
    return " ".join(words)


def alone(samples: Sequence[Sample]) -> str:
    """Why some samples are compared with none."""
    return " ".join(
        f"{sample.name} is compared with none: its longest chromosome is "
        f"{sample.longest()}, {int(sample.contacts.bins.lengths.max()):,} bp, in no other sample."
        for sample in samples
    )


def plot_comparison(
    samples: Sequence[Sample], primary: str, resolution: int, path: str | Path, dpi: int
) -> None:
    """Draw the samples of a cohort that can be compared, group under group.

    Parameters
    ----------
    samples : two or more.
    primary : the cohort's primary method.
    path : where the PNG goes.
    """
    found = groups(samples)
    seen = [compare(group, primary) for group in found if len(group) > 1]
    captions = [textwrap.wrap(told(each, primary), 210) for each in seen]
    lonely = textwrap.wrap(alone([group[0] for group in found if len(group) == 1]), 210)
    heights = [
        block_height(each) + LINE * len(lines) for each, lines in zip(seen, captions, strict=True)
    ]
    with qc.page(path, TITLE + sum(heights) + LINE * (len(lonely) + 1), dpi) as figure:
        y = write_lines(
            figure, [f"Samples side by side \u00b7 {format_base_pairs(resolution)}"], 34, 17
        )
        y = write_lines(figure, lonely, TITLE, 8.5)
        for each, lines in zip(seen, captions, strict=True):
            below = write_lines(figure, lines, y, 8.5)
            draw_block(figure, each, below)
            y = below + block_height(each)


def write_lines(figure: Figure, lines: Sequence[str], y: float, size: float) -> float:
    """Lines of text from the page's left end; where they end."""
    high = figure.get_size_inches()[1] * qc.PAGE_DPI
    for line in lines:
        figure.text(
            LEFT / qc.WIDTH, 1 - y / high, line, fontsize=size, va="center",
            color=qc.INK if size > 10 else qc.SOFT, weight="bold" if size > 10 else "normal",
        )  # fmt: skip
        y += LINE
    return y


def table_height(seen: Comparison) -> int:
    rows = len(seen.samples)
    return rows * min(max((DECAY - TABLE_HEAD) // rows, LOW_ROW), HIGH_ROW)


def block_height(seen: Comparison) -> int:
    """Pixels that a group takes, without its caption."""
    rows = -(-len(seen.pictures) // COLUMNS)
    maps = rows * (ABOVE_MAP + map_side(len(seen.samples)) + BELOW_MAP)
    return maps + ABOVE_DECAY + max(DECAY, TABLE_HEAD + table_height(seen)) + BELOW_DECAY


def draw_block(figure: Figure, seen: Comparison, y: float) -> None:
    """Maps in rows of four, and under them decay and table."""
    side = map_side(len(seen.samples))
    values = np.concatenate([each[each > 0] for each in seen.pictures])
    limits = qc.colour_limits(values) if len(values) else (0.1, 10.0)
    for index, sample in enumerate(seen.samples[: len(seen.pictures)]):
        row, column = divmod(index, COLUMNS)
        x = LEFT + column * (side + GAP)
        top = y + ABOVE_MAP + row * (ABOVE_MAP + side + BELOW_MAP)
        axes = qc.panel(figure, x, top, side, side)
        draw_map(axes, seen, index, limits)
        name_sample(axes, sample, seen.method, side)
        axes.spines[:].set(color=line_style(index)["color"], linewidth=1.8)
        if column:
            axes.set(yticklabels=[])
        if not row and index == min(len(seen.pictures), COLUMNS) - 1 and len(values):
            scale = qc.panel(figure, x + side + 8, top, 11, side)
            bar = figure.colorbar(axes.images[-1], cax=scale)
            bar.outline.set_linewidth(0.5)
            qc.log_ticks(scale.yaxis, *limits)
    rows = -(-len(seen.pictures) // COLUMNS)
    y += rows * (ABOVE_MAP + side + BELOW_MAP) + ABOVE_DECAY
    draw_decay(qc.panel(figure, LEFT, y, 640, DECAY), seen)
    draw_shares(qc.panel(figure, 950, y + TABLE_HEAD, TABLE, table_height(seen)), seen)


def line_style(index: int) -> dict[str, Any]:
    """Colour and dashes of a sample."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": DASHES[index % len(DASHES)]}


def name_sample(axes: Axes, sample: Sample, method: str, side: int) -> None:
    """The sample's name, and in small letters its words and its verdict if that is not good."""
    status = sample.runs[method].verdict.status
    words = [sample.words] if sample.words else []
    if not status.good:
        words.append(f"{method}: {qc.BANNERS[status][2].lower()}")
    caption = textwrap.shorten("; ".join(words), side // 6, placeholder=" \u2026")
    qc.heading(axes, textwrap.shorten(sample.name, side // 10, placeholder="\u2026"), caption)


def draw_map(axes: Axes, seen: Comparison, index: int, limits: tuple[float, float]) -> None:
    """One map; rows and columns without a weight are grey, places on the axes in base pairs."""
    region, values, there = seen.region, seen.pictures[index], seen.usable_cells[index]
    reach = region.cells * region.block
    extent = (0, reach, reach, 0)
    backdrop = np.full((*values.shape, 3), 255, dtype=np.uint8)
    backdrop[~there[:, None] | ~there] = np.multiply(to_rgb(qc.MASKED), 255).round()
    axes.imshow(backdrop, extent=extent, interpolation="nearest", aspect="auto")
    axes.imshow(
        np.ma.masked_less_equal(values, 0), norm=LogNorm(*limits, clip=True), extent=extent,
        cmap=qc.contact_colours(), interpolation="nearest", aspect="auto",
    )  # fmt: skip
    if not (values > 0).any():
        words = "no contacts here" if there.any() else "no weights here"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=11)
    size = seen.samples[0].contacts.bins.resolution or 1
    unit, word = qc.length_unit(float(region.bins * size))
    marks = np.asarray(
        MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(
            region.first * size / unit, (region.first + region.bins) * size / unit
        )
    )
    places = marks * unit / size - region.first
    inside = (places >= 0) & (places <= region.bins)
    labels = [f"{mark:g}" for mark in marks[inside]]
    axes.set(xlim=(0, region.bins), ylim=(region.bins, 0))
    axes.set_xticks(places[inside], labels)
    axes.set_yticks(places[inside], labels)
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel(f"{region.chromosome} ({word})", labelpad=1)


def draw_decay(axes: Axes, seen: Comparison) -> None:
    """Contacts by distance, a line for each sample."""
    qc.heading(
        axes,
        "Contacts by distance",
        f"balanced by {seen.method}, within chromosomes, between bins with weights in all samples; "
        "1 is the mean of all pairs",
    )
    size = seen.samples[0].contacts.bins.resolution or 1
    heights = [qc.positive_or_nan(values) for values in seen.decay]
    if not any(np.isfinite(values).any() for values in heights):
        qc.say_instead(axes, "no contacts between bins with weights in all samples")
        return
    for index, (sample, values) in enumerate(zip(seen.samples, heights, strict=True)):
        name = textwrap.shorten(sample.name, 30, placeholder="\u2026")
        there = np.isfinite(values)
        label = name if there.any() else f"{name}: no weights"
        axes.plot(
            seen.distance[there] * size, values[there], label=label, linewidth=1.4,
            **line_style(index),
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        qc.log_ticks(axis, *limits)
    axes.xaxis.set_major_formatter(lambda x, _: format_base_pairs(round(x)))
    axes.grid(color=qc.MASKED, linewidth=0.5)
    axes.set_xlabel("distance", labelpad=1)
    axes.set_ylabel("balanced contacts of a pair of bins / mean")
    columns = -(-len(seen.samples) // 14)
    axes.legend(loc="upper right", fontsize=7, ncols=columns, framealpha=0.85, edgecolor="none")


def draw_shares(axes: Axes, seen: Comparison) -> None:
    """A table of bars: which share of its kept bins a method gave a weight, coloured by verdict."""
    caption = "of those that the mask kept, by verdict; weights of runs that failed are not for use"
    qc.heading(axes, "Bins that got a weight", caption, lift=22)
    methods = list(seen.samples[0].runs)
    statuses: dict[Status, None] = {}
    for row, (sample, values) in enumerate(zip(seen.samples, seen.shares, strict=True)):
        for column, (run, value) in enumerate(zip(sample.runs.values(), values, strict=True)):
            status = run.verdict.status
            statuses[status] = None
            axes.barh(row + 0.22, 0.86, 0.26, column, color=qc.MASKED)
            if np.isfinite(value):
                axes.barh(row + 0.22, 0.86 * value, 0.26, column, color=qc.BANNERS[status][0])
            axes.text(column, row - 0.02, percent(value), fontsize=8, va="bottom")
    kept = [
        f"{textwrap.shorten(sample.name, 22, placeholder=' ')}\n"
        f"{np.count_nonzero(sample.kept):,} of {len(sample.kept):,} kept"
        for sample in seen.samples
    ]
    axes.set(xlim=(0, len(methods)), ylim=(len(kept) - 0.4, -0.6))
    axes.set_yticks(np.arange(len(kept)), kept, fontsize=7)
    names = qc.short_names(methods, max(int(TABLE / len(methods) / qc.LETTER) - 1, 4))
    axes.set_xticks(np.arange(len(methods)), names, fontsize=8, weight="bold", ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=9)
    axes.spines[:].set_visible(False)
    axes.legend(
        handles=[
            Patch(color=qc.BANNERS[status][0], label=qc.BANNERS[status][2].lower())
            for status in Status
            if status in statuses
        ],
        loc="upper left", bbox_to_anchor=(0, 0), ncols=len(statuses), fontsize=7, frameon=False,
        borderaxespad=0.2, borderpad=0,
    )  # fmt: skip


def percent(share: float) -> str:
    """``97.3 %``; 100 and 0 only where it is all or nothing, a dash for none of none."""
    if not np.isfinite(share):
        return "\u2013"
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    return f"{min(max(100 * share, 0.1), 99.9):.3g} %"
