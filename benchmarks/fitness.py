"""Measure how often a verdict on fitness is right, on thinned maps whose full depth is known.

python -m benchmarks.fitness FOLDER [--splits 3]

Each map is thinned to several depths and balanced as users balance it: with the mask and the
settings that each method has by default. The contacts that thinning left out are independent of
the weights. Balanced with these weights, their row sums vary by the counting noise and by what the
weights leave. The second is the true unevenness: the standard deviation beyond counting, relative
to the mean, over the bins with a weight. Writes results/fitness.json and the tables in README.md
and in docs/how-it-works/verdicts.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.held_out import SEED, thin
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.records.fitness import Fitness

PAGE = Path(__file__).parent.parent / "docs/how-it-works/verdicts.md"
# File, and resolution if the file has several.
MAPS: dict[str, tuple[str, int | None]] = {
    "yeast, 10 kb": ("yeast.10kb.cool", None),
    "yeast W303, 2 kb": ("scer_w303_g1_2kb_SRR8769554.cool", None),
    "fly, 100 kb": ("cooler_test_file.mcool", 100_000),
    "mouse neurons, 1 Mb": ("CN.mm9.1000kb.cool", None),
    "GM12878, 2.5 Mb": ("gm12878_raw_values.cool", None),
    "GM12878 chr1-3, 1 Mb": ("gm12878_1_2_3.cool", None),
    "GM12878 chr22, 50 kb": ("gm12878_rao_primary_chr22_50kb.cool", None),
    "IMR90 chr20, 50 kb": ("imr90_hindiii_chr20.mcool", 50_000),
    "hESC chr1, 40 kb": ("hesc_dixon_chr1_40kb.cool", None),
}
DEPTHS = (1000, 300, 100, 60, 40, 20, 10, 5)  # contacts per kept bin
METHODS = ("ice", "kr", "vc_sqrt", "kde_eb")
SMALL, LARGE = 10, 20  # percent: the unevenness below and above which verdicts are wrong
CLASSES = {
    "small": f"uneven by less than {SMALL} %",
    "medium": f"uneven by {SMALL} % to {LARGE} %",
    "large": f"uneven by more than {LARGE} %",
    "none": "less than half of the bins have a weight",
}
FEWEST_WEIGHTED = 0.5  # share of the bins with contacts that have a weight
LETTERS = {Fitness.GOOD: "f", Fitness.CAUTION: "c", Fitness.NO: "n"}
WORST_BINS = 0.01  # share of the bins that the unevenness of the others leaves out


def measure(name: str, split: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure every depth and method on one draw of a map."""
    file, resolution = MAPS[name]
    contacts = cp.read_contacts(folder / file, resolution)
    bins = int(cp.mask_bins(contacts).kept.sum())
    a_bin = 2 * float(contacts.counts.sum(dtype=np.int64)) / bins
    rng = np.random.default_rng([SEED, split])
    for depth in DEPTHS:
        thinned = thin(contacts, depth / a_bin, rng)
        others = replace(contacts, counts=contacts.counts - thinned.counts)
        for method in METHODS:
            result = cp.balance(thinned, method, threads=1)
            verdict = result.verdict
            yield {
                "map": name,
                "depth": depth,
                "split": split,
                "method": method,
                "fitness": verdict.fitness.value,
                "causes": [type(cause).__name__ for cause in verdict.fitness_causes],
                "weighted": verdict.weighted / verdict.with_contacts,
                "median_se": verdict.median_se,
                "expected": verdict.expected_unevenness,
                "at_most": verdict.unevenness_at_most,
                **true_unevenness(others, result.weights, verdict.scope, verdict.settings),
            }


def true_unevenness(
    others: Contacts, weights: NDArray[np.float64], scope: str, settings: dict[str, Any]
) -> dict[str, float | None]:
    """Return the unevenness of other contacts in percent: of all bins, and without the worst.

    Each chromosome has a scale of its own where it was balanced separately. None without weights.
    """
    given = np.isfinite(weights)
    excess = [
        excess_of_bins(others, selection, weights[selection.lo : selection.hi][selection.kept])
        for selection in select(others.bins, given, Scope(scope), settings["ignore_diags"])
        if selection.holds_pixels
    ]
    of_bins = np.sort(np.concatenate([np.empty(0), *excess]))
    if not len(of_bins):
        return {"true": None, "without_worst": None}
    without_worst = of_bins[: len(of_bins) - math.ceil(WORST_BINS * len(of_bins))]
    return {"true": percent(of_bins), "without_worst": percent(without_worst)}


def excess_of_bins(
    others: Contacts, selection: Selection, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the squared deviation of each bin's row sum from the mean, less its noise.

    Empty where no bin has a contact, which tells nothing.
    """
    operator = make_operator("native", others, selection, 1)
    sums, noise = (v * operator.product(v) for v in (weights, weights**2))
    level = sums.mean()
    if not level:
        return np.empty(0)
    return np.asarray((sums / level - 1) ** 2 - noise / level**2)


def percent(excess: NDArray[np.float64]) -> float:
    """Return the root of the mean of some squares in percent; 0 where noise exceeds it."""
    return 100 * math.sqrt(max(float(excess.mean()), 0.0)) if len(excess) else 0.0


def main() -> None:
    """Measure all maps and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=3)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name, split in product(MAPS, range(args.splits)):
        rows += measure(name, split, args.folder)
        print(f"{name}, draw {split + 1} done", flush=True)
    save("fitness", {"machine": machine(), "splits": args.splits, "rows": rows}, indent=None)
    report()


def report() -> None:
    """Publish the tables of the saved results."""
    record = load("fitness")
    publish("fitness", tables(record))
    publish("fitness", summary(record), PAGE)


def summary(record: dict[str, Any]) -> str:
    """Return the table of verdicts by the true unevenness, and how many were wrong."""
    rows = record["rows"]
    header = ["verdict, true unevenness", *(f"`{method}`" for method in METHODS), "all"]
    groups = [[row for row in rows if row["method"] == method] for method in METHODS]
    lines = [
        [
            f"{label}, {described}",
            *(str(count(own, fits, kind)) for own in (*groups, rows)),
        ]
        for label, fits in (("fit for use", True), ("with caution or not for use", False))
        for kind, described in CLASSES.items()
        if not (fits and kind == "none")
    ]
    fit = [row for row in rows if row["fitness"] == Fitness.GOOD]
    wrong = [row for row in fit if classify(row) == "large"]
    few = sum(row["without_worst"] <= LARGE for row in wrong)
    refused = [row for row in rows if row["fitness"] != Fitness.GOOD]
    missed = count(rows, False, "small")
    sentence = (
        f"Of {len(fit)} results that were fit for use, {len(wrong)} "
        f"({100 * len(wrong) / len(fit):.0f} %) were uneven by more than {LARGE} %, {few} of these "
        f"only through 1 % of their bins. Of {len(refused)} that were not, {missed or 'none'} "
        f"{'was' if missed == 1 else 'were'} uneven by less than {SMALL} %."
    )
    return f"{markdown(header, lines)}\n{sentence}"


def classify(row: dict[str, Any]) -> str:
    """Return the class of the true unevenness of a result; a handful of bins has none."""
    true = row["true"]
    if true is None or row["weighted"] < FEWEST_WEIGHTED:
        return "none"
    if true < SMALL:
        return "small"
    return "medium" if true <= LARGE else "large"


def count(rows: Iterable[dict[str, Any]], fits: bool, kind: str) -> int:
    """Count results by whether they were fit for use and by their class."""
    return sum((row["fitness"] == Fitness.GOOD) is fits and classify(row) == kind for row in rows)


def tables(record: dict[str, Any]) -> str:
    """Return the tables of the page of benchmarks."""
    rows = record["rows"]
    by_depth = []
    for name, depth in product(MAPS, DEPTHS):
        here = [row for row in rows if (row["map"], row["depth"]) == (name, depth)]
        cells = [cell([row for row in here if row["method"] == method]) for method in METHODS]
        by_depth.append([name, f"{depth:,}", *cells])
    wrong = [row for row in rows if row["fitness"] == Fitness.GOOD and classify(row) == "large"]
    listed = [
        [
            row["map"],
            f"{row['depth']:,}",
            row["method"],
            *(figure(row[key]) for key in ("true", "without_worst", "expected", "at_most")),
        ]
        for row in sorted(wrong, key=lambda row: METHODS.index(row["method"]))
    ]
    sections = [
        "Number of results by verdict and true unevenness:",
        summary(record),
        "The true unevenness in percent (median of the draws in which half of the bins have a "
        "weight), and the verdict "
        f"on each of {record['splits']} draws: `f` fit for use, `c` with caution, `n` not for use:",
        markdown(["map", "contacts per bin", *METHODS], by_depth),
        f"Results that were fit for use and uneven by more than {LARGE} %: the true unevenness in "
        "percent, the same without the 1 % of bins that deviate most, the expected one and its "
        "upper bound:",
        markdown(
            [
                "map",
                "contacts per bin",
                "method",
                "true",
                "without 1 %",
                "expected",
                "upper bound",
            ],
            listed,
        ),
        machine_line(record["machine"]),
    ]
    return "\n\n".join(part.strip() for part in sections)


def cell(rows: Sequence[dict[str, Any]]) -> str:
    """Return the median true unevenness of some draws and their verdicts."""
    true = [row["true"] for row in rows if classify(row) != "none"]
    verdicts = "".join(LETTERS[row["fitness"]] for row in rows)
    return f"{figure(median(true)) if true else '-'} `{verdicts}`"


def figure(value: float | None) -> str:
    """Format a percentage."""
    if value is None:
        return "-"
    return "> 100" if value > 100 else f"{value:.2g}"


if __name__ == "__main__":
    main()
