"""Write the numbers of the front page and draw its chart, from committed results.

python -m benchmarks.front_page

Seconds are those of results/command_line.json once there are some, else of results/peers.json.
Writes docs/images/speed.png and the text between the markers of the repository's README.md, of the
first page of the site and of benchmarks/README.md. Run it again after each of these benchmarks.
"""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks import command_line
from benchmarks.against_peers import CHUNKED, COOLER
from benchmarks.measuring import HERE, README, load, markdown, publish
from counterpoise.report.style import BLUE, INK, RC_SETTINGS, SOFT

FRONT_PAGES = (HERE.parent / "README.md", HERE.parent / "docs" / "index.md", README)
CHART = HERE.parent / "docs" / "images" / "speed.png"
MARKER = "numbers"
GREY, PALE = "#9aa3ad", "#d9dee3"
OURS, THEIRS = "Counterpoise, file to file", "other programs, file to file"
SOLVER = "other solvers alone, the map in memory"
COLOURS = {OURS: BLUE, THEIRS: GREY, SOLVER: PALE}
WIDTH, DPI, BAR = 9.0, 200, 0.34  # inches; dots and height of a bar in inches


@dataclass(frozen=True)
class Bar:
    """Seconds of a program, and what was timed."""

    label: str
    seconds: float
    kind: str


@dataclass(frozen=True)
class Comparison:
    """Programs on one map.

    Attributes
    ----------
    bars : tuple of Bar
        The slowest first.
    ice, kr : float
        How many times ICE and KR are faster than cooler.
    difference : float
        Largest relative difference of the weights of ICE and cooler.
    caption : str
        What was measured, and what not.
    """

    bars: tuple[Bar, ...]
    ice: float
    kr: float
    difference: float
    caption: str


def compare() -> Comparison:
    """Return the newest committed comparison."""
    record = load("command_line")
    return of_command_line(record) if record else of_peers(load("peers"))


def of_command_line(record: dict[str, Any]) -> Comparison:
    """Read results/command_line.json."""
    ours = (command_line.ICE, command_line.KR)
    bars = [
        Bar(name, run.wall, OURS if name in ours else THEIRS)
        for name, run in command_line.medians(record).items()
    ]
    ice, kr = (
        statistics.median(command_line.ratios(record, command_line.COOLER, name)) for name in ours
    )
    levels = len(command_line.RESOLUTIONS)
    caption = (
        f"{record['bins']:,} bins, {record['nonzeros']:,} nonzeros, all {levels} levels of a "
        f"`.mcool`, in place; {machine_words(record['machine'])}."
    )
    if not record["hictk"]:
        caption += " hictk was not installed there."
    return Comparison(in_order(bars), ice, kr, record["difference"], caption)


def of_peers(record: dict[str, Any]) -> Comparison:
    """Read results/peers.json: the map on which cooler runs to its end."""
    name = record["alone"]["map"]
    result = record["maps"][name]
    walls = {program: [run["wall"] for run in done] for program, done in result["runs"].items()}
    labels = {
        COOLER: COOLER,
        CHUNKED: f"cooler balance -p 2 -c {result['chunk']} *",
        "ICE": "counterpoise ice",
        "KR": "counterpoise kr",
    }
    bars = [
        Bar(label, statistics.median(walls[program]), OURS if program in ("ICE", "KR") else THEIRS)
        for program, label in labels.items()
    ]
    solvers = {"iced": "iced", "krbalancing": "HiCExplorer's KR"}
    bars += [
        Bar(label, record["alone"]["programs"][program]["seconds"], SOLVER)
        for program, label in solvers.items()
    ]
    ice, kr = (
        statistics.median(a / b for a, b in zip(walls[COOLER], walls[program], strict=True))
        for program in ("ICE", "KR")
    )
    caption = (
        f"{result['bins']:,} bins, {result['nonzeros']:,} nonzeros, from a `.cool` to written "
        f"weights; {machine_words(result['machine'])}. The best chunk size of cooler (\\*) is "
        "extrapolated from few iterations. hictk was not installed there."
    )
    return Comparison(in_order(bars), ice, kr, result["equality"]["ICE and cooler"], caption)


def in_order(bars: list[Bar]) -> tuple[Bar, ...]:
    """Sort by seconds, the slowest first."""
    return tuple(sorted(bars, key=lambda bar: -bar.seconds))


def machine_words(facts: dict[str, str]) -> str:
    """Name the machine, the version of cooler and the day."""
    cores = facts["cores"].partition(" ")[0]
    return f"{cores} cores, {facts['processor']}, cooler {facts['cooler']}, {facts['date']}"


def numbers(comparison: Comparison, billion: dict[str, Any], page: Path) -> str:
    """Format three numbers, the chart and its caption for a page."""
    run = billion["workflow"]["run"]
    header = [
        f"{comparison.ice:.0f} times faster",
        f"{billion['in_memory']['nonzeros'] / 1e9:.0f} billion nonzeros",
        f"{comparison.difference:.0e}",
    ]
    row = [
        f"than `cooler balance -p 2`, by the same algorithm; KR {comparison.kr:.0f} times",
        f"through the whole workflow in {run['wall'] / 60:.1f} minutes and "
        f"{run['peak'] / 1000:.1f} GB, on two cores",
        "largest difference of the weights from cooler's",
    ]
    chart = f"![Bar chart: seconds of each program]({os.path.relpath(CHART, page.parent)})"
    return "\n".join([markdown(header, [row]), chart + "\n", f"*{comparison.caption}*"])


def describe(comparison: Comparison) -> str:
    """Return what the chart shows; the picture carries it, so that a test can compare."""
    return json.dumps([asdict(bar) for bar in comparison.bars])


def draw(comparison: Comparison, path: Path) -> None:
    """Draw the bars."""
    bars = comparison.bars
    with mpl.rc_context({**RC_SETTINGS, "font.size": 9.5}):
        height = 0.62 + BAR * len(bars)
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.31, 0.12 / height, 0.6, (height - 0.55) / height))
        places = range(len(bars), 0, -1)
        colours = [COLOURS[bar.kind] for bar in bars]
        axes.barh(places, [bar.seconds for bar in bars], 0.68, color=colours)
        axes.set_yticks(places, [bar.label for bar in bars])
        for place, bar, label in zip(places, bars, axes.get_yticklabels(), strict=True):
            weight = "bold" if bar.kind == OURS else "normal"
            label.set(fontweight=weight, color=INK, family="DejaVu Sans Mono", fontsize=9)
            axes.annotate(
                f"{bar.seconds:.3g} s", (bar.seconds, place), (5, 0), textcoords="offset points",
                va="center", fontweight=weight,
            )  # fmt: skip
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set(xticks=[], ylim=(0.5, len(bars) + 0.5), xlim=(0, bars[0].seconds))
        figure.text(0.012, 1 - 0.27 / height, "Seconds, less is better", fontsize=11, weight="bold")
        kinds = dict.fromkeys(bar.kind for bar in bars)
        axes.legend(
            [Patch(color=COLOURS[kind]) for kind in kinds], kinds, loc="lower right",
            frameon=False, labelcolor=SOFT, fontsize=9,
        )  # fmt: skip
        figure.savefig(path, metadata={"Software": None, "Description": describe(comparison)})


def main() -> None:
    """Write the numbers and the chart."""
    comparison = compare()
    draw(comparison, CHART)
    for page in FRONT_PAGES:
        publish(MARKER, numbers(comparison, load("billion"), page), page)


if __name__ == "__main__":
    main()
