"""Held-out contacts of real maps: which method's weights even out contacts that it has not seen?

python -m benchmarks.kernel_density.held_out FOLDER [--splits 5] [--processes 2]

Each map is split in two halves. One is thinned to a share of its contacts and balanced by every
method; the other, whole, is balanced with these weights and scored: the variance of its row sums
beyond counting noise, over their mean squared (excess), and how far their cumulative sum is from a
straight line (Cramer-von Mises). A method is scored on the bins with data that it gave a weight,
and two methods are compared on those to which both gave one. Writes results/held_out.json,
results/held-out.png and the tables in ../README.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product, repeat
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.measuring import RESULTS, in_words, load, machine, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.balancing.cross_validation import split_contacts
from counterpoise.balancing.scores import score
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.methods.kernel.settings import Score

# File, its resolution where it has several, and the chromosome.
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
MOST = 0.95  # share of the bins with data that a method gives a weight, to be the best


def part_of(contacts: Contacts, name: str) -> Selection:
    """A chromosome with its bins that pass cooler's filters on the whole map."""
    kept = cp.mask_bins(contacts).kept
    for selection in select(contacts.bins, kept, Scope.CIS, 2):
        if selection.label.removeprefix("chr") == name.removeprefix("chr"):
            return selection
    raise ValueError(f"no {name}; there are {', '.join(contacts.bins.chromosomes)}")


def thinned(contacts: Contacts, share: float, rng: np.random.Generator) -> Contacts:
    """Each contact kept with this chance."""
    counts = rng.binomial(contacts.counts.astype(np.int64), share)
    return replace(contacts, counts=counts.astype(contacts.counts.dtype))


def unevenness(
    kind: Score, hold: Any, weights: NDArray[np.float64], used: NDArray[np.bool_]
) -> float | None:
    """Score of the held-out contacts' balanced row sums, each bin by itself."""
    if used.sum() <= 10:
        return None
    u = np.where(used, weights, 0.0)
    sums, noise = ((v * hold.product(v))[used, None] for v in (u, u**2))
    value = float(score(kind, sums, noise, np.arange(len(sums)))[0])
    return float(f"{value:.4g}")


def measure(name: str, split: int, folder: Path) -> list[dict[str, Any]]:
    """Every method at every depth, on one split of a map."""
    file, resolution, chromosome = MAPS[name]
    contacts = cp.read_contacts(folder / file, resolution)
    selection = part_of(contacts, chromosome)
    rng = np.random.default_rng([SEED, split])
    learn, hold = split_contacts(contacts, rng)
    everything = np.zeros(len(contacts.bins), bool)
    everything[selection.lo : selection.hi] = selection.kept
    every = replace(selection, kept=np.ones_like(selection.kept))
    operator = make_operator("native", hold, every, 1)
    rows = []
    for depth in DEPTHS:
        thin = thinned(learn, depth, rng)
        ends = make_operator("native", thin, selection, 1)
        marginal = ends.product(ends.ones())
        data = np.zeros(len(selection.kept), bool)
        data[selection.kept] = marginal > 0
        weights, used = {}, {}
        for method in METHODS:
            settings: dict[str, Any] = {"scope": "cis", "ignore_diags": 2, "on_failure": "nan"}
            result = cp.balance(thin, method, mask=everything, threads=1, **settings)
            found = result.weights[selection.lo : selection.hi]
            used[method] = data & np.isfinite(found) & (found > 0)
            weights[method] = np.where(used[method], found, 0.0)
        for method in METHODS:
            by_score = {
                kind.value: unevenness(kind, operator, weights[method], used[method])
                for kind in (Score.EXCESS, Score.CVM)
            }
            # Of one of ours beside another method, on the bins that both give a weight.
            both = {
                own: unevenness(Score.EXCESS, operator, weights[own], used[own] & used[method])
                for own in OURS
                if own != method
            }
            rows.append(
                {
                    "depth": depth,
                    "split": split,
                    "contacts": float(marginal.sum() / 2),
                    "method": method,
                    **by_score,
                    "with_weight": round(float(used[method].sum() / max(data.sum(), 1)), 4),
                    "beside": both,
                }
            )
    return rows


def main() -> None:
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


def chosen(rows: list[dict[str, Any]], depth: float, method: str) -> list[dict[str, Any]]:
    """A method's rows at a depth, a split each."""
    return [row for row in rows if row["depth"] == depth and row["method"] == method]


def values(rows: list[dict[str, Any]], key: str) -> list[float]:
    """A score in the splits that have it."""
    return [row[key] for row in rows if row[key] is not None]


@dataclass(frozen=True)
class Loss:
    """Where one of ours is more uneven than another method, on the bins that both weigh.

    Attributes
    ----------
    much : mean excess over the other's mean excess, less one.
    often, splits : in how many splits, and of how many.
    """

    name: str
    depth: float
    ours: str
    other: str
    excess: float
    beside: float
    often: int
    splits: int

    @property
    def much(self) -> float:
        return self.excess / self.beside - 1


def compared(name: str, rows: list[dict[str, Any]], depth: float, ours: str, other: str) -> Loss:
    """One of ours and another method, over the splits in which the other gives weights."""
    pairs = [
        (row["beside"][ours], row["excess"])
        for row in chosen(rows, depth, other)
        if row["excess"] is not None and row["beside"][ours] is not None
    ]
    if not pairs:
        return Loss(name, depth, ours, other, 0.0, np.inf, 0, 0)
    excess, beside = (mean(side) for side in zip(*pairs, strict=True))
    often = sum(mine > others for mine, others in pairs)
    return Loss(name, depth, ours, other, excess, beside, often, len(pairs))


def losses(record: dict[str, Any], best: bool) -> Iterator[Loss]:
    """The worst at each depth: of our best against the others, or of ``kde_eb`` against all."""
    for (name, rows), depth in product(record["maps"].items(), DEPTHS):
        ours, others = "kde_eb", [*OTHERS, "kde", "ssk_cv"]
        if best:
            ours = min(OURS, key=lambda own: mean(values(chosen(rows, depth, own), "excess")))
            others = list(OTHERS)
        found = [compared(name, rows, depth, ours, other) for other in others]
        worst = max(found, key=lambda loss: loss.much)
        if worst.much > 0:
            yield worst


def report() -> None:
    """The tables and the figure, from what was saved."""
    from benchmarks.kernel_density import figures

    record = load("held_out")
    told = [
        "Excess variance of held-out row sums, mean and standard deviation over "
        f"{record['splits']} splits:",
        scores(record, "excess", spread=True),
        "Cramér-von Mises, the paper's score, mean:",
        scores(record, "cvm"),
        "Share of the bins with data that get a weight, where any method leaves out bins:",
        shares(record),
        "Where the best of `kde`, `kde_eb` and `ssk_cv` is not at most every other method:",
        listed(losses(record, best=True)),
        "Where `kde_eb` by itself is not at most every other one, these two included:",
        listed(losses(record, best=False)),
        in_words(record["machine"]),
    ]
    publish("held out", "\n\n".join(part.strip() for part in told))
    figures.held_out(record, RESULTS / "held-out.png")


def scores(record: dict[str, Any], key: str, spread: bool = False) -> str:
    """A table of means over the splits."""
    table = []
    for (name, rows), depth in product(record["maps"].items(), DEPTHS):
        own = {method: chosen(rows, depth, method) for method in METHODS}
        found = {method: values(own[method], key) for method in METHODS}
        full = [m for m in METHODS if all(row["with_weight"] > MOST for row in own[m])]
        least = min(mean(found[method]) for method in full)
        cells = []
        for method in METHODS:
            if not found[method]:
                cells.append("-")
                continue
            text = f"{mean(found[method]):.2g}"
            if spread and len(found[method]) > 1:
                text += f" ±{stdev(found[method]):.1g}"
            if method in full and mean(found[method]) == least:
                text = f"**{text}**"
            if method not in full:
                text = f"({text})"
            cells.append(text)
        contacts = mean(row["contacts"] for row in own["kde"])
        table.append([name, f"{depth:g}", f"{contacts:,.0f}", *cells])
    return markdown(["map", "share", "contacts", *METHODS], table)


def shares(record: dict[str, Any]) -> str:
    """A table of the shares of bins with data that get a weight."""
    table = []
    for (name, rows), depth in product(record["maps"].items(), DEPTHS):
        means = [mean(row["with_weight"] for row in chosen(rows, depth, m)) for m in METHODS]
        if min(means) < 1:
            table.append([name, f"{depth:g}", *(f"{share:.1%}" for share in means)])
    return markdown(["map", "share", *METHODS], table)


def listed(found: Iterator[Loss]) -> str:
    """Losses, one a line."""
    lines = [
        f"- {loss.name}, {loss.depth:g}: `{loss.ours}` {loss.excess:.2g} against "
        f"{loss.beside:.2g} of `{loss.other}`, {loss.much:.1%} more; "
        f"more in {loss.often} of {loss.splits} splits"
        for loss in found
    ]
    return "\n".join(lines) or "nowhere"


if __name__ == "__main__":
    main()
