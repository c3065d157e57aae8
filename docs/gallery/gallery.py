"""Draw the maps of the gallery and write their verdicts into its page.

python docs/gallery/gallery.py [--data FOLDER] [NAME ...]

Each map is balanced by today's code. FOLDER (by default resources/) holds the maps that others have
published; the script names those that are missing and where they come from, and leaves their
pictures and their text as they are. The simulated maps need no file.
"""

from __future__ import annotations

import argparse
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import counterpoise as cp
from counterpoise.contacts.bins import BinTable, format_base_pairs
from counterpoise.ingest.coarsen import coarse_bins, coarsen
from counterpoise.records.wording import fitness_label, fitness_reason
from counterpoise.report.style import (
    BLUE,
    CONTACT_COLOURS,
    FITNESS_COLOURS,
    INK,
    MASKED,
    RC_SETTINGS,
    SOFT,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).parent
PAGE = HERE / "index.md"
COLUMNS = 98  # characters of a line of the page
CELLS = 250  # along a side of a picture at most
WIDTH, SIDE, MARGIN, DPI = 4.0, 3.8, 0.1, 200  # inches, but dots an inch
TRACK, HEADING, GAP = 0.36, 0.25, 0.1
COLOURS_OF_PNG = 128

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Prepare = Callable[[cp.Contacts], cp.Contacts]


@dataclass(frozen=True)
class Run:
    """A way to balance a map.

    Attributes
    ----------
    label : str
        How it is named in the picture and on the page.
    method : str
        Name of the method.
    settings : dict
        Other arguments of ``cp.balance``.
    prepare : callable
        What happens to the map first.
    """

    label: str
    method: str
    settings: dict[str, Any] = field(default_factory=dict)
    prepare: Prepare = lambda contacts: contacts


@dataclass(frozen=True)
class Exhibit:
    """A map of the gallery.

    Attributes
    ----------
    make : callable
        Opens the map, given the path of the file.
    runs : tuple of Run
        The first as most people would balance the map, then as it should be.
    shown : tuple of (str, int, int)
        Stretches of chromosomes in base pairs.
    drawn : int
        Number of the run that is drawn below the diagonal.
    file : str
        Path of the file in the folder of the data, empty for a simulated map.
    published : str
        Where the file comes from.
    """

    make: Callable[[Path], cp.Contacts]
    runs: tuple[Run, ...]
    shown: tuple[tuple[str, int, int], ...]
    drawn: int = 0
    file: str = ""
    published: str = ""


@dataclass(frozen=True)
class Facts:
    """The values of a run that the page states."""

    label: str
    fitness: str
    status: str
    weighted: int
    bins: int
    why: str
    reason: str


# --- maps --------------------------------------------------------------------------------------


def assemble(bins: BinTable, bin1: Counts, bin2: Counts, counts: Counts) -> cp.Contacts:
    """Make a map of pixels."""
    some = counts > 0
    pixels = (bin1[some].astype(np.int32), bin2[some].astype(np.int32), counts[some])
    return cp.Contacts.from_chunks(bins, [pixels], {"path": "made by docs/gallery/gallery.py"})


def sum_bins(contacts: cp.Contacts, resolution: int) -> cp.Contacts:
    """Sum a map into larger bins."""
    bins, mapping = coarse_bins(contacts.bins, resolution)
    pixels = (contacts.rows, contacts.columns.astype(np.int32), contacts.counts.astype(np.int64))
    return cp.Contacts.from_chunks(bins, coarsen([pixels], mapping, len(bins)), contacts.source)


def thin(path: Path, share: float) -> cp.Contacts:
    """Draw a share of the contacts of a map."""
    whole = cp.read_contacts(str(path))
    drawn = np.random.default_rng(1).binomial(whole.counts.astype(np.int64), share)
    return assemble(whole.bins, whole.rows, whole.columns.astype(np.int64), drawn)


TUMOUR_BINS = BinTable.fixed(("chrA", "chrB"), (10_000_000, 7_500_000), 50_000)


def tumour_copies() -> Floats:
    """Return the copies of each bin: 2, an amplicon of 8, an arm of 3 and a deletion of 1."""
    copies = np.full(len(TUMOUR_BINS), 2.0)
    copies[80:100], copies[150:165], copies[280:] = 8, 1, 3
    return copies


def simulate_tumour(_: Path) -> cp.Contacts:
    """Simulate a map in which some regions have more or fewer copies than others."""
    rng, copies = np.random.default_rng(48), tumour_copies()
    bias = rng.lognormal(0, 0.3, len(copies))
    bin1, bin2 = np.triu_indices(len(copies))
    chromosome = TUMOUR_BINS.chromosome_ids
    inside = np.sqrt(copies[bin1] * copies[bin2]) * 300 / (bin2 - bin1 + 1)
    between = copies[bin1] * copies[bin2] * 0.4
    rate = np.where(chromosome[bin1] == chromosome[bin2], inside, between)
    return assemble(TUMOUR_BINS, bin1, bin2, rng.poisson(rate * bias[bin1] * bias[bin2]))


def simulate_bacterium(_: Path) -> cp.Contacts:
    """Simulate a circular chromosome, with many religated neighbours and twice the DNA at oriC."""
    bins = BinTable.fixed(("chromosome",), (4_000_000,), 10_000)
    rng, number = np.random.default_rng(47), len(bins)
    bin1, bin2 = np.triu_indices(number)
    distance = np.minimum(bin2 - bin1, number - (bin2 - bin1))
    origin = np.minimum(np.arange(number), number - np.arange(number)) / (number / 2)
    bias = rng.lognormal(0, 0.3, number) * 2.0**-origin
    rate = 400 / (1 + distance) * np.select([distance == 0, distance == 1], [20, 8], 1)
    return assemble(bins, bin1, bin2, rng.poisson(rate * bias[bin1] * bias[bin2]))


def with_ring(contacts: cp.Contacts) -> cp.Contacts:
    """Say that the chromosome is circular."""
    return replace(contacts, bins=contacts.bins.with_circular(["*"]))


def read(path: Path) -> cp.Contacts:
    """Read a map."""
    return cp.read_contacts(str(path))


ICED = "the demo of this repository: `make setup`"
HICEXPLORER = "github.com/deeptools/HiCExplorer, hicexplorer/test/test_data/{}"
COOLPUPPY = "the cohort scc1 of this repository: `snakemake --profile local --config cohort=scc1`"
YEAST = (("chr04", 0, 1_531_933), ("chr05", 0, 576_874))
EXHIBITS = {
    "good": Exhibit(read, (Run("ice, 10 kb", "ice"),), YEAST, 0, "demo/yeast.cool", ICED),
    "shallow": Exhibit(
        partial(thin, share=1 / 200),
        (
            Run("ice, 10 kb", "ice"),
            Run("ice, 20 kb", "ice", prepare=partial(sum_bins, resolution=20_000)),
        ),
        YEAST, 0, "demo/yeast.cool", ICED,
    ),
    "sparse": Exhibit(
        read,
        (
            Run("ice, 10 kb", "ice"),
            Run("ice, 50 kb", "ice", prepare=partial(sum_bins, resolution=50_000)),
        ),
        (("chr2", 73_000_000, 76_000_000),), 0, "coolpuppy/Scc1-control.10000.cool", COOLPUPPY,
    ),
    "broken": Exhibit(
        read,
        (
            Run("ice, 5 kb", "ice"),
            Run("ice, 250 kb", "ice", prepare=partial(sum_bins, resolution=250_000)),
        ),
        (("chr3L", 4_000_000, 6_000_000),), 0, "kr_full.cool",
        HICEXPLORER.format("hicCorrectMatrix/kr_full.cool"),
    ),
    "cancer": Exhibit(
        simulate_tumour,
        (
            Run("kr, genome", "kr", {"scope": "genome"}),
            Run(
                "kr, genome, copy_number", "kr",
                {"scope": "genome", "copy_number": tumour_copies()},
            ),
        ),
        (("chrA", 0, 10_000_000), ("chrB", 0, 7_500_000)), 1,
    ),
    "capture": Exhibit(
        read, (Run("ice, 1 kb", "ice"),),
        (("chr1", 13_900_000, 14_700_000),), 0, "FL-E13-5_chr1.cool",
        HICEXPLORER.format("cHi-C/FL-E13-5_chr1.cool"),
    ),
    "bacterial": Exhibit(
        simulate_bacterium,
        (
            Run("ice, linear", "ice"),
            Run("ice, circular", "ice", prepare=with_ring),
        ),
        (("chromosome", 0, 4_000_000),), 1,
    ),
}  # fmt: skip


# --- runs --------------------------------------------------------------------------------------


def balance(contacts: cp.Contacts, exhibit: Exhibit) -> list[cp.Balance]:
    """Balance a map in each way."""
    return [cp.balance(run.prepare(contacts), run.method, **run.settings) for run in exhibit.runs]


def describe(exhibit: Exhibit, results: list[cp.Balance]) -> list[Facts]:
    """Return what the page says about each run."""
    facts = []
    for run, result in zip(exhibit.runs, results, strict=True):
        verdict = result.verdict
        facts.append(
            Facts(
                run.label, fitness_label(verdict.fitness), verdict.status.value,
                int(np.isfinite(result.weights).sum()), len(result.weights),
                fitness_reason(verdict.fitness_causes), verdict.reason,
            )
        )  # fmt: skip
    return facts


def render(facts: list[Facts]) -> str:
    """Write the verdicts as quotations."""
    quotations = []
    for run in facts:
        number = f"{run.weighted:,} of {run.bins:,} bins with weights"
        words = f"**{run.fitness}** · {run.label} · {run.status}, {number}."
        words = " ".join(filter(None, [words, run.why, run.reason]))
        quotations.append(
            textwrap.fill(
                words, COLUMNS, initial_indent="> ", subsequent_indent="> ",
                break_long_words=False, break_on_hyphens=False,
            )
        )  # fmt: skip
    return "\n>\n".join(quotations)


def with_verdicts(page: str, name: str, facts: list[Facts]) -> str:
    """Replace the verdicts of a map on the page."""
    pattern = rf"(<!-- verdicts: {name} -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda match: f"{match[1]}{render(facts)}\n{match[2]}", page, flags=re.S)


def facts_of(picture: Path) -> list[Facts]:
    """Read the facts that a picture carries."""
    with Image.open(picture) as image:
        return [Facts(**run) for run in json.loads(image.info["Description"])]


# --- pictures ----------------------------------------------------------------------------------


def draw(exhibit: Exhibit, contacts: cp.Contacts, results: list[cp.Balance]) -> Figure:
    """Draw the raw map above the diagonal, a balanced one below it, and the row sums."""
    drawn = results[exhibit.drawn]
    rows = 1 + len(results)
    height = MARGIN + SIDE + 0.3 + rows * (HEADING + TRACK + GAP)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = add_axes(figure, MARGIN, SIDE)
    draw_map(axes, exhibit, contacts, drawn)
    where = ", ".join(place(*stretch) for stretch in exhibit.shown)
    bins = f"{where}; bins of {format_base_pairs(contacts.bins.resolution)}"
    figure.text(MARGIN / WIDTH, 1 - (MARGIN + SIDE + 0.2) / height, bins, color=SOFT, fontsize=9)
    top = MARGIN + SIDE + 0.3
    ignored = drawn.verdict.settings.get("ignore_diags", 0)
    draw_track(figure, top, exhibit, contacts, None, ignored)
    for run, result in zip(exhibit.runs, results, strict=True):
        top += HEADING + TRACK + GAP
        draw_track(figure, top, exhibit, result.contacts, result, 0)
        label_run(figure, top, run, result)
    return figure


def add_axes(figure: Figure, top: float, height: float) -> Axes:
    """Add axes of the picture's width; ``top`` is in inches from the upper edge."""
    whole = figure.get_figheight()
    axes = figure.add_axes(
        (MARGIN / WIDTH, 1 - (top + height) / whole, SIDE / WIDTH, height / whole)
    )
    axes.set(xticks=[], yticks=[])
    return axes


def place(name: str, start: int, end: int) -> str:
    """Name a stretch: ``chr2 73-76 Mb``."""
    return f"{name} {start / 1e6:.3g}\u2013{end / 1e6:.3g} Mb"


def shown_bins(exhibit: Exhibit, bins: BinTable) -> Iterator[NDArray[np.intp]]:
    """Yield the bins of each stretch."""
    for name, start, end in exhibit.shown:
        number = bins.chromosomes.index(name)
        lo, hi = bins.offsets[number], bins.offsets[number + 1]
        yield lo + np.flatnonzero((bins.start[lo:hi] < end) & (bins.end[lo:hi] > start))


def draw_map(axes: Axes, exhibit: Exhibit, contacts: cp.Contacts, result: cp.Balance) -> None:
    """Draw both triangles in one square."""
    stretches = list(shown_bins(exhibit, contacts.bins))
    shown = np.concatenate(stretches)
    raw = contacts.full_matrix()[shown][:, shown].toarray().astype(float)
    weights = result.weights[shown]
    balanced = raw * np.outer(weights, weights)
    merged = -(-len(shown) // CELLS)
    raw, balanced = (sum_cells(values, merged) for values in (raw, balanced))
    both = np.isfinite(balanced) & (raw > 0)
    if both.any():
        balanced *= raw[both].sum() / balanced[both].sum()
    cells = len(raw)
    values = np.where(np.tri(cells, k=-1, dtype=bool), balanced, raw)
    positive = raw[raw > 0]
    low, high = np.percentile(positive, [4, 98.5])
    if high < 8 * low:  # few contacts: zero is white, one is pale
        low = high / 8
    scale = LinearSegmentedColormap.from_list("contacts", CONTACT_COLOURS)
    scale.set_bad(MASKED)
    axes.imshow(
        np.where(values == 0, low, values), norm=LogNorm(low, high, clip=True), cmap=scale,
        interpolation="nearest", aspect="auto",
    )  # fmt: skip
    axes.plot([-0.5, cells - 0.5], [-0.5, cells - 0.5], color=INK, linewidth=0.5)
    for border in np.cumsum([len(each) for each in stretches])[:-1] / merged - 0.5:
        axes.axhline(border, color=INK, linewidth=0.6)
        axes.axvline(border, color=INK, linewidth=0.6)
    halo = [withStroke(linewidth=3, foreground="white")]
    words = exhibit.runs[exhibit.drawn].label.split(", ")[-1] if exhibit.drawn else ""
    lower = f"balanced{words and f' ({words})'}" if np.isfinite(weights).any() else "no weights"
    label = {"fontsize": 11, "weight": "bold", "transform": axes.transAxes, "path_effects": halo}
    axes.text(0.975, 0.975, "raw", ha="right", va="top", **label)
    axes.text(0.025, 0.025, lower, ha="left", va="bottom", **label)


def sum_cells(values: Floats, merged: int) -> Floats:
    """Sum squares of cells; NaN where all of them are."""
    if merged == 1:
        return values
    cells = len(values) // merged
    parts = values[: cells * merged, : cells * merged].reshape(cells, merged, cells, merged)
    sums = np.nansum(parts, axis=(1, 3))
    sums[np.isnan(parts).all(axis=(1, 3))] = np.nan
    return sums


def row_sums(contacts: cp.Contacts, weights: Floats | None, ignored: int) -> Floats:
    """Return the sum of each row over the mean, without the ignored diagonals."""
    matrix = contacts.full_matrix().tocoo()
    near = np.abs(matrix.row - matrix.col)
    if contacts.bins.circular:
        near = np.minimum(near, len(contacts.bins) - near)
    used = near >= ignored
    values = matrix.data.astype(float)
    if weights is not None:
        values = values * np.nan_to_num(weights)[matrix.row] * np.nan_to_num(weights)[matrix.col]
    sums = np.bincount(matrix.row[used], values[used], minlength=len(contacts.bins))
    if weights is not None:
        sums[np.isnan(weights)] = 0
    return sums / (sums[sums > 0].mean() if (sums > 0).any() else 1)


def draw_track(
    figure: Figure, top: float, exhibit: Exhibit, contacts: cp.Contacts,
    result: cp.Balance | None, ignored: int,
) -> None:  # fmt: skip
    """Draw row sums below the map, by position."""
    weights = None if result is None else result.weights
    if result is not None:
        ignored = result.verdict.settings.get("ignore_diags", 0)
    sums = row_sums(contacts, weights, ignored)
    axes = add_axes(figure, top + HEADING, TRACK)
    offset = 0
    for (_, start, end), bins in zip(
        exhibit.shown, shown_bins(exhibit, contacts.bins), strict=True
    ):
        edges = np.append(contacts.bins.start[bins], contacts.bins.end[bins[-1]]) - start + offset
        colour = "#8a93a0" if result is None else BLUE
        axes.stairs(sums[bins], edges, fill=True, color=colour, linewidth=0)
        offset += end - start
        if offset < sum(stop - begin for _, begin, stop in exhibit.shown):
            axes.axvline(offset, color=INK, linewidth=0.6)
    high = np.concatenate([sums[bins] for bins in shown_bins(exhibit, contacts.bins)])
    axes.set(xlim=(0, offset), ylim=(0, max(2.2, min(4.5, 1.1 * np.percentile(high, 99)))))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if result is None:
        y = 1 - (top + HEADING - 0.06) / figure.get_figheight()
        figure.text(MARGIN / WIDTH, y, "raw row sums", color=SOFT, fontsize=9)


def label_run(figure: Figure, top: float, run: Run, result: cp.Balance) -> None:
    """Write the verdict of a run above its row sums."""
    verdict = result.verdict
    background, foreground = FITNESS_COLOURS[verdict.fitness]
    axes = add_axes(figure, top + 0.02, HEADING - 0.05)
    axes.set(xlim=(0, SIDE), ylim=(0, HEADING - 0.05))
    axes.axis("off")
    width = 1.3
    box = {"boxstyle": "round,pad=0,rounding_size=0.05", "linewidth": 0}
    axes.add_patch(FancyBboxPatch((0, 0), width, HEADING - 0.05, facecolor=background, **box))
    middle = (HEADING - 0.05) / 2 - 0.005
    axes.text(
        width / 2, middle, fitness_label(verdict.fitness), color=foreground, weight="bold",
        ha="center", va="center", fontsize=9,
    )  # fmt: skip
    axes.text(width + 0.1, middle, run.label, va="center", fontsize=9, color=INK)


def write(figure: Figure, path: Path, facts: list[Facts]) -> None:
    """Write a picture of few colours, with the facts that it shows."""
    figure.savefig(path, metadata={"Software": None})
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(COLOURS_OF_PNG, dither=Image.Dither.NONE)
    text = PngInfo()
    text.add_text("Description", json.dumps([asdict(run) for run in facts]))
    small.save(path, optimize=True, pnginfo=text, dpi=(DPI, DPI))


def main() -> None:
    """Draw the maps whose files are present."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *EXHIBITS], metavar="NAME")
    parser.add_argument("--data", type=Path, default=Path("resources"))
    args = parser.parse_args()
    for name in args.names or EXHIBITS:
        exhibit = EXHIBITS[name]
        path = args.data / exhibit.file
        if exhibit.file and not path.is_file():
            print(f"{name}: {path} is missing; it is from {exhibit.published}")
            continue
        contacts = exhibit.make(path)
        results = balance(contacts, exhibit)
        facts = describe(exhibit, results)
        with mpl.rc_context({**RC_SETTINGS, "font.size": 9.0}):
            write(draw(exhibit, contacts, results), HERE / f"{name}.png", facts)
        PAGE.write_text(with_verdicts(PAGE.read_text(encoding="utf-8"), name, facts), "utf-8")
        print(f"{name}: {', '.join(f'{run.label}: {run.fitness}' for run in facts)}")


if __name__ == "__main__":
    main()
