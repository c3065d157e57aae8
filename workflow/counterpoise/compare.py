"""The samples of a cohort side by side at one resolution: maps, contact decay, bins with weights.

Only what is alike is compared: samples whose longest chromosome is the same, on the chromosomes
that all of them have, with the weights of one method. Equal inputs give equal bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from counterpoise import qc
from counterpoise.bins import base_pairs
from counterpoise.contacts import ContactMap, rows_within
from counterpoise.layout import Layout
from counterpoise.mask import read_mask
from counterpoise.results import read_verdict, read_weights
from counterpoise.survey import Flags, Floats, add_to_picture, chunks
from counterpoise.triples import open_triples
from counterpoise.verdict import Status, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS, MAPS = 4, 8  # maps in a row, and at most
ENOUGH = 16.0  # contacts in a cell of a map, on average
FEWEST = 64  # cells along the side of a map, however few contacts there are
STEPS_OF_DECAY = 12  # to a tenfold distance

# On the page, in pixels at ``qc.PAGE_DPI``.
LEFT, RIGHT, GAP = 72, 1516, 28  # of the maps
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


@dataclass(frozen=True)
class Balanced:
    """What one method made of a sample: its weights, float64 [bins] with NaN, and its verdict."""

    weights: Floats
    verdict: Verdict

    @property
    def rank(self) -> tuple[bool, bool]:
        """Whether the weights are to be used, and whether there are any."""
        any_weight = bool(np.isfinite(self.weights).any())
        return self.verdict.status.good and any_weight, any_weight


@dataclass(frozen=True)
class Sample:
    """A sample at one resolution.

    Attributes
    ----------
    name, words : as in the sample sheet; the words are its condition and replicate.
    contacts : its map.
    kept : bool [bins], the mask.
    runs : what came of each method, in the order of the configuration.
    """

    name: str
    words: str
    contacts: ContactMap
    kept: Flags
    runs: dict[str, Balanced]

    def span(self, chromosome: str) -> slice:
        """The bins of a chromosome."""
        index = self.contacts.bins.chromosomes.index(chromosome)
        return slice(*map(int, self.contacts.bins.offsets[index : index + 2]))

    def signature(self, chromosome: str) -> tuple[str, int, bytes]:
        """What is equal where a chromosome of two samples is the same, cut in the same bins."""
        bins = self.contacts.bins
        length = int(bins.lengths[bins.chromosomes.index(chromosome)])
        return chromosome, length, bins.start[self.span(chromosome)].tobytes()

    def longest(self) -> str:
        bins = self.contacts.bins
        return bins.chromosomes[int(np.argmax(bins.lengths))]


def read_sample(
    layout: Layout, name: str, about: dict[str, Any], resolution: int, methods: Sequence[str]
) -> Sample:
    """A sample from its results; ``about`` holds its condition and replicate, or None for them."""
    words = [str(about["condition"] or "")]
    if about["replicate"] is not None:
        words.append(f"replicate {about['replicate']}")
    runs = {}
    for method in methods:
        paths = layout.weights(name, resolution, method)
        runs[method] = Balanced(read_weights(paths["weights"]), read_verdict(paths["verdict"]))
    return Sample(
        name,
        ", ".join(word for word in words if word),
        open_triples(layout.triples(name, resolution)),
        read_mask(layout.mask(name, resolution))[0],
        runs,
    )


# --- what is compared --------------------------------------------------------------------------


def groups(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples whose longest chromosome is the same, in the order of the first of each group."""
    found: dict[tuple[str, int, bytes], list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.signature(sample.longest()), []).append(sample)
    return list(found.values())


def shared_chromosomes(samples: Sequence[Sample]) -> list[str]:
    """Chromosomes that all samples have and cut into the same bins, in the order of the first."""
    every = [
        {sample.signature(name) for name in sample.contacts.bins.chromosomes} for sample in samples
    ]
    first, common = samples[0], set.intersection(*every)
    return [name for name in first.contacts.bins.chromosomes if first.signature(name) in common]


def chosen_method(samples: Sequence[Sample], primary: str) -> str:
    """The method that gave good weights to most samples, or any at all if it comes to that.

    Of equals the primary one, then in the order of the configuration.
    """
    others = [method for method in samples[0].runs if method != primary]
    ranks = {
        method: tuple(map(sum, zip(*(sample.runs[method].rank for sample in samples), strict=True)))
        for method in (primary, *others)
    }
    return max(ranks, key=lambda method: ranks[method])


@dataclass(frozen=True)
class Region:
    """A stretch of a chromosome that is drawn: its first bin there, bins, and bins a cell."""

    chromosome: str
    first: int
    bins: int
    block: int

    @property
    def cells(self) -> int:
        return -(-self.bins // self.block)


def choose_region(samples: Sequence[Sample], chromosome: str, usable: Flags, cells: int) -> Region:
    """The finest picture that has enough contacts a cell in every sample.

    Parameters
    ----------
    usable : bool [bins of the chromosome], true where all samples have a weight.
    cells : that there may be along each side.

    Returns
    -------
    The stretch of the chromosome with the most usable bins, the first of them; the whole chromosome
    in coarser cells, where nothing smaller has enough contacts.
    """
    size = len(usable)
    before = np.concatenate([[0], np.cumsum(usable)])
    for block in (step * 10**power for power in range(9) for step in (1, 2, 5)):
        width = cells * block
        if width >= size:
            break
        first = int(np.argmax(before[width:] - before[:-width]))
        if fewest_contacts(samples, chromosome, first, width) >= ENOUGH * cells**2 / 2:
            return Region(chromosome, first, width, block)
    contacts = fewest_contacts(samples, chromosome, 0, size)
    cells = int(np.clip(np.sqrt(2 * contacts / ENOUGH), min(FEWEST, cells), cells))
    return Region(chromosome, 0, size, -(-size // cells))


def fewest_contacts(samples: Sequence[Sample], chromosome: str, first: int, bins: int) -> float:
    """Within a stretch of a chromosome, in the sample that has fewest."""
    found = []
    for sample in samples:
        lo = sample.span(chromosome).start + first
        found.append(float(rows_within(sample.contacts, lo, lo + bins, lo + bins).counts.sum()))
    return min(found)


def picture(sample: Sample, weights: Floats, region: Region, ignore_diags: int) -> Floats:
    """The balanced map of a region over its mean, float64 [cells, cells].

    A cell is the mean over its pairs of bins that have weights, zero without any.
    """
    lo = sample.span(region.chromosome).start + region.first
    hi = lo + region.bins
    cell = (np.arange(len(weights)) - lo) // region.block
    scale = np.nan_to_num(weights)
    sums = np.zeros((region.cells, region.cells))
    for _, rows, columns, counts in chunks(rows_within(sample.contacts, lo, hi, hi)):
        far = columns - rows >= ignore_diags
        rows, columns = rows[far], columns[far]
        add_to_picture(sums, cell, rows, columns, counts[far] * scale[rows] * scale[columns])
    has_weight = np.bincount(cell[lo:hi], np.isfinite(weights[lo:hi]), region.cells)
    pairs = np.outer(has_weight, has_weight)
    total = sums.sum()
    sums *= pairs.sum() / total if total else 0.0
    return np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0)


def distance_edges(first: int, last: int) -> NDArray[np.int64]:
    """Ends of the classes of distance, in bins: single ones first, then ever more of them."""
    steps = int(np.ceil(STEPS_OF_DECAY * np.log10(max(last / first, 1)))) + 1
    return np.unique(np.round(np.geomspace(first, max(last, first + 1), steps + 1)).astype(int))


def pairs_by_distance(usable: Flags, edges: NDArray[np.int64]) -> Floats:
    """Pairs of usable bins of a chromosome in each class of distance, float64 [classes]."""
    n = len(usable)
    length = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(usable.astype(np.float64), length)
    apart = np.zeros(max(n, int(edges[-1])))
    apart[:n] = np.round(np.fft.irfft(abs(spectrum) ** 2, length)[:n])
    before = np.concatenate([[0.0], np.cumsum(apart)])
    return np.asarray(np.diff(before[edges]))


def decay(
    sample: Sample,
    weights: Floats,
    usable: dict[str, Flags],
    pairs: Floats,
    edges: NDArray[np.int64],
) -> Floats:
    """Balanced contacts of a pair of bins by their distance, over the mean of all pairs.

    Parameters
    ----------
    usable : bool [bins] of each chromosome that is looked at.
    pairs : float64 [chromosomes, classes], of usable bins.
    edges : int64 [classes + 1], in bins.

    Returns
    -------
    float64 [classes]; NaN without pairs. Each chromosome has the total of its raw contacts, so
    that it does not matter to which scale a method brings it.
    """
    bins = sample.contacts.bins
    number = np.full(len(bins.chromosomes), -1)
    there = np.zeros(len(bins), dtype=bool)
    for index, (name, flags) in enumerate(usable.items()):
        number[bins.chromosomes.index(name)] = index
        there[sample.span(name)] = flags
    chromosome = number[bins.chromosome_ids]
    scale = np.nan_to_num(weights)  # of a sample without any
    classes = len(edges) - 1
    class_of = np.searchsorted(edges, np.arange(edges[-1]), side="right") - 1
    raw, balanced = np.zeros(pairs.size), np.zeros(pairs.size)
    for _, rows, columns, counts in chunks(sample.contacts):
        apart = columns - rows
        used = there[rows] & there[columns] & (chromosome[rows] == chromosome[columns])
        used &= (apart >= edges[0]) & (apart < edges[-1])
        rows, columns, counts = rows[used], columns[used], counts[used]
        flat = chromosome[rows] * classes + class_of[apart[used]]
        raw += np.bincount(flat, counts, pairs.size)
        balanced += np.bincount(flat, counts * scale[rows] * scale[columns], pairs.size)
    raw_total, total = (each.reshape(pairs.shape).sum(axis=1) for each in (raw, balanced))
    factor = np.divide(raw_total, total, out=np.zeros_like(total), where=total > 0)
    of_class, among = factor @ balanced.reshape(pairs.shape), pairs.sum(axis=0)
    mean = of_class.sum() / among.sum() if of_class.any() else 1.0
    result = np.full(classes, np.nan)
    np.divide(of_class / mean, among, out=result, where=among > 0)
    return result


def shares(sample: Sample) -> Floats:
    """Share of the bins that the mask kept to which each method gave a weight; NaN for none kept.

    Returns
    -------
    float64 [methods]
    """
    kept = np.count_nonzero(sample.kept)
    weights = (run.weights[sample.kept] for run in sample.runs.values())
    given = np.array([np.count_nonzero(np.isfinite(each)) for each in weights])
    return given / kept if kept else np.full(len(given), np.nan)


@dataclass(frozen=True)
class Comparison:
    """All that is drawn of the samples of a group.

    Attributes
    ----------
    samples : the group.
    method : whose weights the maps and the decay show.
    region : that the maps show.
    pictures : float64 [cells, cells] of each sample that gets a map.
    usable_cells : bool [cells] of each, true where a bin has a weight.
    chromosomes : that all samples have.
    distance : float64 [classes], in bins, the middle of the class.
    decay : float64 [classes] of each sample.
    shares : float64 [methods] of each sample.
    """

    samples: list[Sample]
    method: str
    region: Region
    pictures: list[Floats]
    usable_cells: list[Flags]
    chromosomes: list[str]
    distance: Floats
    decay: list[Floats]
    shares: list[Floats]


def compare(samples: list[Sample], primary: str) -> Comparison:
    """Compare the samples of a group."""
    method = chosen_method(samples, primary)
    runs = [sample.runs[method] for sample in samples]
    chromosomes = shared_chromosomes(samples)
    # One without any weight is drawn as such, and keeps the others from nothing.
    able = [sample for sample in samples if sample.runs[method].rank[1]] or samples
    usable = {name: usable_bins(able, method, name) for name in chromosomes}
    # By length; one without weights shows nothing.
    largest = max(chromosomes, key=lambda name: (usable[name].any(), len(usable[name])))
    region = choose_region(able, largest, usable[largest], map_side(len(samples)) // 2)
    ignored = qc.ignored_diagonals(runs[0].verdict)
    edges = distance_edges(max(ignored, 1), max(map(len, usable.values())))
    pairs = np.array([pairs_by_distance(flags, edges) for flags in usable.values()])
    shown = list(zip(samples, runs, strict=True))[:MAPS]
    return Comparison(
        samples,
        method,
        region,
        [picture(sample, run.weights, region, ignored) for sample, run in shown],
        [cells_with_weights(sample, run.weights, region) for sample, run in shown],
        chromosomes,
        np.sqrt(edges[:-1] * (edges[1:] - 1.0)),
        [
            decay(sample, run.weights, usable, pairs, edges)
            for sample, run in zip(samples, runs, strict=True)
        ],
        [shares(sample) for sample in samples],
    )


def usable_bins(samples: Sequence[Sample], method: str, chromosome: str) -> Flags:
    """bool [bins of the chromosome], which have a weight in every sample."""
    weights = [sample.runs[method].weights[sample.span(chromosome)] for sample in samples]
    return np.asarray(np.isfinite(weights).all(axis=0))


def cells_with_weights(sample: Sample, weights: Floats, region: Region) -> Flags:
    """bool [cells], whether any bin of it has a weight."""
    lo = sample.span(region.chromosome).start + region.first
    there = np.isfinite(weights[lo : lo + region.bins])
    return np.asarray(np.logical_or.reduceat(there, np.arange(0, region.bins, region.block)))


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


# --- the page ----------------------------------------------------------------------------------


def map_side(maps: int) -> int:
    """Pixels on the page along a map's side, an even number: cells are two pixels wide."""
    columns = min(maps, COLUMNS)
    return (RIGHT - LEFT - GAP * (columns - 1)) // columns // 2 * 2


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
        y = write_lines(figure, [f"Samples side by side \u00b7 {base_pairs(resolution)}"], 34, 17)
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
    axes.xaxis.set_major_formatter(lambda x, _: base_pairs(round(x)))
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
