"""Measure how well the weights of each method equalise held-out contacts of real maps.

python -m benchmarks.kernel_density.held_out FOLDER [--splits 5] [--processes 2]

The contacts of each map are split into two folds. One fold is thinned to a share of its contacts
and balanced by every method. The other fold is balanced with these weights and scored by the
variance of its row sums beyond counting noise over their squared mean (excess), and by the distance
of their cumulative sum from a straight line (Cramer-von Mises). A method is scored on the bins with
data to which it gave a weight; two methods are compared on the bins to which both gave one. Writes
results/held_out.json, results/held-out.png and the tables in ../README.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product, repeat
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density import figures
from benchmarks.measuring import RESULTS, load, machine, machine_line, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.methods.kernel.cross_validation import score, split_contacts
from counterpoise.methods.kernel.settings import Score

# File, resolution (if the file has several) and chromosome.
MAPS: dict[str, tuple[str, int | None, str]] = {
    "mouse neurons chr1, 1 Mb": ("CN.mm9.1000kb.cool", None, "chr1"),
    "yeast IV, 10 kb": ("yeast.10kb.cool", None, "chrIV"),
    "hESC chr1, 40 kb": ("hesc_dixon_chr1_40kb.cool", None, "chr1"),
    "GM12878 chr22, 50 kb": ("gm12878_rao_primary_chr22_50kb.cool", None, "chr22"),
    "IMR90 chr20, 50 kb": ("imr90_hindiii_chr20.mcool", 50_000, "chr20"),
}
DEPTHS = (1.0, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
OTHERS = ("ice", "kr", "ssk", "scale", "vc", "vc_sqrt")
OURS = ("kde", "kde_eb", "ssk_cv")
METHODS = (*OTHERS, *OURS)
SEED = 7
# A method counts as the best only if it gives a weight to this share of the bins with data.
MIN_WEIGHTED = 0.95


def select_chromosome(contacts: Contacts, name: str) -> Selection:
    """Select the bins of a chromosome that pass cooler's filters on the whole map."""
    kept = cp.mask_bins(contacts).kept
    for selection in select(contacts.bins, kept, Scope.CIS, 2):
        if selection.label.removeprefix("chr") == name.removeprefix("chr"):
            return selection
    raise ValueError(f"no chromosome {name} among {', '.join(contacts.bins.chromosomes)}")


def thin(contacts: Contacts, share: float, rng: np.random.Generator) -> Contacts:
    """Keep each contact with a given probability."""
    counts = rng.binomial(contacts.counts.astype(np.int64), share)
    return replace(contacts, counts=counts.astype(contacts.counts.dtype))


def excess(sums: NDArray[np.float64], noise: NDArray[np.float64]) -> float:
    """Return the variance of row sums beyond counting noise, over their squared mean.

    Parameters
    ----------
    sums, noise : ndarray [bins]
        Balanced row sums of held-out contacts, and their Poisson variance.
    """
    mean = sums.mean()
    return float(((sums - mean) ** 2 - noise).mean() / mean**2)


# Each takes the row sums and their Poisson variance.
SCORES: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], float]] = {
    "excess": excess,
    "cvm": lambda sums, noise: score(Score.CVM, sums),
}


def held_out_score(
    kind: str, operator: Any, weights: NDArray[np.float64], used: NDArray[np.bool_]
) -> float | None:
    """Score the balanced row sums of held-out contacts, bin by bin; None for a few bins."""
    if used.sum() <= 10:
        return None
    u = np.where(used, weights, 0.0)
    sums, noise = ((v * operator.product(v))[used] for v in (u, u**2))
    return float(f"{SCORES[kind](sums, noise):.4g}")


def measure(name: str, split: int, folder: Path) -> list[dict[str, Any]]:
    """Score every method at every depth on one split of a map."""
    file, resolution, chromosome = MAPS[name]
    contacts = cp.read_contacts(folder / file, resolution)
    selection = select_chromosome(contacts, chromosome)
    rng = np.random.default_rng([SEED, split])
    training, held_out = split_contacts(contacts, rng)
    kept = np.zeros(len(contacts.bins), bool)
    kept[selection.lo : selection.hi] = selection.kept
    all_bins = replace(selection, kept=np.ones_like(selection.kept))
    operator = make_operator("native", held_out, all_bins, 1)
    rows = []
    for depth in DEPTHS:
        thinned = thin(training, depth, rng)
        training_operator = make_operator("native", thinned, selection, 1)
        marginal = training_operator.product(training_operator.ones())
        has_data = np.zeros(len(selection.kept), bool)
        has_data[selection.kept] = marginal > 0
        weights, used = {}, {}
        for method in METHODS:
            settings: dict[str, Any] = {"scope": "cis", "ignore_diags": 2, "on_failure": "nan"}
            result = cp.balance(thinned, method, mask=kept, threads=1, **settings)
            values = result.weights[selection.lo : selection.hi]
            used[method] = has_data & np.isfinite(values) & (values > 0)
            weights[method] = np.where(used[method], values, 0.0)
        for method in METHODS:
            by_score = {
                kind: held_out_score(kind, operator, weights[method], used[method])
                for kind in SCORES
            }
            # Excess of each of our methods on the bins to which both give a weight.
            common = {
                ours: held_out_score("excess", operator, weights[ours], used[ours] & used[method])
                for ours in OURS
                if ours != method
            }
            rows.append(
                {
                    "depth": depth,
                    "split": split,
                    "contacts": float(marginal.sum() / 2),
                    "method": method,
                    **by_score,
                    "with_weight": round(float(used[method].sum() / max(has_data.sum(), 1)), 4),
                    "common_bins": common,
                }
            )
    return rows


def main() -> None:
    """Score all splits of all maps and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    jobs = list(product(MAPS, range(args.splits)))
    maps: dict[str, list[dict[str, Any]]] = {name: [] for name in MAPS}
    with ProcessPoolExecutor(args.processes) as pool:
        results = pool.map(measure, *zip(*jobs, strict=True), repeat(args.folder))
        for (name, split), rows in zip(jobs, results, strict=True):
            maps[name] += rows
            print(f"{name}: split {split + 1} of {args.splits} done", flush=True)
    save("held_out", {"machine": machine(), "splits": args.splits, "maps": maps}, indent=None)
    report()


def rows_at(rows: list[dict[str, Any]], depth: float, method: str) -> list[dict[str, Any]]:
    """Return the rows of a method at a depth, one per split."""
    return [row for row in rows if row["depth"] == depth and row["method"] == method]


def scores(rows: list[dict[str, Any]], key: str) -> list[float]:
    """Return a score in the splits that have it."""
    return [row[key] for row in rows if row[key] is not None]


@dataclass(frozen=True)
class Loss:
    """A comparison of one of our methods with another, on the bins to which both give a weight.

    Attributes
    ----------
    name : str
        Map.
    depth : float
        Share of the contacts of the training fold.
    ours, other : str
        The two methods.
    excess, other_excess : float
        Their mean excess.
    losses, splits : int
        Number of splits in which our method is worse, and of splits.
    """

    name: str
    depth: float
    ours: str
    other: str
    excess: float
    other_excess: float
    losses: int
    splits: int

    @property
    def relative(self) -> float:
        """Relative increase of the excess; negative if our method is better."""
        return self.excess / self.other_excess - 1


def compare(name: str, rows: list[dict[str, Any]], depth: float, ours: str, other: str) -> Loss:
    """Compare two methods over the splits in which the other gives weights."""
    pairs = [
        (row["common_bins"][ours], row["excess"])
        for row in rows_at(rows, depth, other)
        if row["excess"] is not None and row["common_bins"][ours] is not None
    ]
    if not pairs:
        return Loss(name, depth, ours, other, 0.0, np.inf, 0, 0)
    excess, other_excess = (mean(side) for side in zip(*pairs, strict=True))
    worse = sum(mine > others for mine, others in pairs)
    return Loss(name, depth, ours, other, excess, other_excess, worse, len(pairs))


def losses(record: dict[str, Any], best: bool) -> Iterator[Loss]:
    """Yield the largest loss at each depth: of our best method, or of ``kde_eb`` against all."""
    for (name, rows), depth in product(record["maps"].items(), DEPTHS):
        ours, others = "kde_eb", [*OTHERS, "kde", "ssk_cv"]
        if best:
            ours = min(OURS, key=lambda ours: mean(scores(rows_at(rows, depth, ours), "excess")))
            others = list(OTHERS)
        comparisons = [compare(name, rows, depth, ours, other) for other in others]
        worst = max(comparisons, key=lambda loss: loss.relative)
        if worst.relative > 0:
            yield worst


def report() -> None:
    """Publish the tables and the figure of the saved results."""
    record = load("held_out")
    sections = [
        "Excess variance of held-out row sums, mean and standard deviation over "
        f"{record['splits']} splits:",
        score_table(record, "excess", spread=True),
        "Cramér-von Mises, the paper's score, mean:",
        score_table(record, "cvm"),
        "Share of the bins with data that get a weight, if not all of them for every method:",
        weighted_table(record),
        "Cases in which the best of `kde`, `kde_eb` and `ssk_cv` is worse than another method:",
        list_losses(losses(record, best=True)),
        "Cases in which `kde_eb` is worse than another method, including `kde` and `ssk_cv`:",
        list_losses(losses(record, best=False)),
        machine_line(record["machine"]),
    ]
    publish("held out", "\n\n".join(part.strip() for part in sections))
    figures.plot_held_out(DEPTHS, mean_excess(record), RESULTS / "held-out.png")


def mean_excess(record: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """Return the mean excess at each depth, by map and method; NaN without weights."""
    return {
        name: {
            method: [
                float(np.mean(scores(rows_at(rows, depth, method), "excess") or [np.nan]))
                for depth in DEPTHS
            ]
            for method in METHODS
        }
        for name, rows in record["maps"].items()
    }


def score_table(record: dict[str, Any], key: str, spread: bool = False) -> str:
    """Return a table of means over the splits."""
    table = []
    for (name, rows), depth in product(record["maps"].items(), DEPTHS):
        by_method = {method: rows_at(rows, depth, method) for method in METHODS}
        values = {method: scores(by_method[method], key) for method in METHODS}
        full = [
            method
            for method in METHODS
            if all(row["with_weight"] > MIN_WEIGHTED for row in by_method[method])
        ]
        smallest = min(mean(values[method]) for method in full)
        cells = []
        for method in METHODS:
            if not values[method]:
                cells.append("-")
                continue
            text = f"{mean(values[method]):.2g}"
            if spread and len(values[method]) > 1:
                text += f" ±{stdev(values[method]):.1g}"
            if method in full and mean(values[method]) == smallest:
                text = f"**{text}**"
            if method not in full:
                text = f"({text})"
            cells.append(text)
        contacts = mean(row["contacts"] for row in by_method["kde"])
        table.append([name, f"{depth:g}", f"{contacts:,.0f}", *cells])
    return markdown(["map", "share", "contacts", *METHODS], table)


def weighted_table(record: dict[str, Any]) -> str:
    """Return a table of the shares of bins with data that get a weight."""
    table = []
    for (name, rows), depth in product(record["maps"].items(), DEPTHS):
        means = [mean(row["with_weight"] for row in rows_at(rows, depth, m)) for m in METHODS]
        if min(means) < 1:
            table.append([name, f"{depth:g}", *(f"{share:.1%}" for share in means)])
    return markdown(["map", "share", *METHODS], table)


def list_losses(losses: Iterator[Loss]) -> str:
    """Return a list of losses, one per line."""
    lines = [
        f"- {loss.name}, {loss.depth:g}: `{loss.ours}` {loss.excess:.2g} against "
        f"{loss.other_excess:.2g} of `{loss.other}`, {loss.relative:.1%} more; "
        f"more in {loss.losses} of {loss.splits} splits"
        for loss in losses
    ]
    return "\n".join(lines) or "nowhere"


if __name__ == "__main__":
    main()
