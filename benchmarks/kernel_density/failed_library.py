"""Measure what a failed library does to the prior that the samples of its group have in common.

python -m benchmarks.kernel_density.failed_library FOLDER [--draws 2]

Four good samples of one depth, without common contacts, are balanced by `kde_eb`: alone, with the
other three as prior, and with these and a failed library as prior. Contacts of the same library
that no sample holds say how uneven new contacts are (the excess of ``choice.py``). The failed
library is balanced too, alone and with the four good ones as prior. Writes
results/failed_library.json and the tables in ../README.md and docs/guides/cohorts.md. FOLDER holds
the maps.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

import counterpoise as cp
from benchmarks.kernel_density.held_out import SEED, thin
from benchmarks.kernel_density.prior import (
    PRIMARY,
    REPLICATE,
    balance,
    contacts_per_bin,
    draw_apart,
    scorer,
)
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods.kernel.cross_validation import split_contacts

PAGE = Path(__file__).parents[2] / "docs/guides/cohorts.md"
GOOD = 4


@dataclass(frozen=True)
class Group:
    """The maps of a group of samples.

    Attributes
    ----------
    files : tuple of str
        Its libraries; the good samples are drawn from them in turn.
    other : str
        A library of another protocol or cell type.
    other_resolution : int or None
        Its bin size, if the file has several.
    chromosomes : tuple of str
        The chromosomes that are read.
    names : dict of str
        The group's names of the other library's chromosomes, where they differ.
    """

    files: tuple[str, ...]
    other: str
    other_resolution: int | None
    chromosomes: tuple[str, ...]
    names: dict[str, str]


YEAST = {"chr01": "chrI", "chr02": "chrII", "chr03": "chrIII", "chr04": "chrIV", "chr05": "chrV"}
GROUPS = {
    "GM12878 chr22, 50 kb": Group(
        (PRIMARY, REPLICATE),
        "GSE63525_HMEC_combined_example.hic",
        50_000,
        ("chr22",),
        {"22": "chr22"},
    ),
    "mouse neurons chr1-3, 1 Mb": Group(
        ("CN.mm9.1000kb.cool",), "Scc1-control.10000.cool", None, ("chr1", "chr2", "chr3"), {}
    ),
    "yeast chrI-V, 10 kb": Group(
        ("yeast.10kb.cool",), "yeast_duan2009_10kb.cool", None, tuple(YEAST.values()), YEAST
    ),
}
DEPTHS = (100, 30, 10)  # contacts per bin within chromosomes


@dataclass(frozen=True)
class Library:
    """A library: the contacts that samples are drawn from, and held-out ones."""

    learn: Contacts
    held_out: Contacts


# A failed library and the number of its contacts, of a good library and of another one.
FAILURES = {
    "a tenth of the contacts": lambda good, other, rng: (good, 0.1),
    "a hundredth of the contacts": lambda good, other, rng: (good, 0.01),
    "another protocol": lambda good, other, rng: (other, 1.0),
    "pairs at random, by coverage": lambda good, other, rng: (ligate(good, True, rng), 1.0),
    "pairs at random, bins alike": lambda good, other, rng: (ligate(good, False, rng), 1.0),
    "bins in the opposite order": lambda good, other, rng: (reverse(good), 1.0),
}


def ligate(library: Library, by_coverage: bool, rng: np.random.Generator) -> Library:
    """Return a library of as many contacts between ends that are drawn at random."""
    kept = np.flatnonzero(cp.mask_bins(library.learn).kept)
    bins = library.learn.bins
    matrix = library.learn.full_matrix()
    sums = np.asarray(matrix.sum(axis=1)).ravel()[kept] if by_coverage else np.ones(len(kept))
    shares = np.outer(sums, sums)
    shares[np.diag_indices(len(kept))] /= 2
    shares = np.triu(shares) / np.triu(shares).sum()
    rows, columns = (kept[each] for each in np.triu_indices(len(kept)))

    def draw(contacts: Contacts) -> Contacts:
        total = float(contacts.counts.sum(dtype=np.int64))
        counts = rng.poisson(total * shares[np.triu_indices(len(kept))])
        return arrange(bins, rows, columns, counts)

    return Library(draw(library.learn), draw(library.held_out))


def reverse(library: Library) -> Library:
    """Return a library whose bins are in the opposite order within chromosomes."""

    def turn(contacts: Contacts) -> Contacts:
        places = np.arange(len(contacts.bins))
        for _, lo, hi in contacts.bins.chromosome_ranges():
            kept = np.flatnonzero(cp.mask_bins(library.learn).kept[lo:hi]) + lo
            places[kept] = kept[::-1]
        return arrange(
            contacts.bins, places[contacts.rows], places[contacts.columns], contacts.counts
        )

    return Library(turn(library.learn), turn(library.held_out))


def arrange(bins: BinTable, rows: Any, columns: Any, counts: Any) -> Contacts:
    """Return a map of pixels in any order."""
    first, second = np.minimum(rows, columns), np.maximum(rows, columns)
    matrix = coo_matrix((counts.astype(np.int64), (first, second)), shape=(len(bins),) * 2)
    matrix = matrix.tocsr()
    matrix.sum_duplicates()
    pixels = matrix.tocoo()
    return Contacts.from_chunks(bins, [(pixels.row, pixels.col, pixels.data)], {})


def place(contacts: Contacts, bins: BinTable, group: Group) -> Contacts:
    """Return the chromosomes of a group, with bins that may be larger."""
    assert bins.resolution is not None
    offsets = {name: lo for name, lo, _ in bins.chromosome_ranges() if name in group.chromosomes}
    target = np.full(len(contacts.bins), -1)
    for name, lo, hi in contacts.bins.chromosome_ranges():
        offset = offsets.get(group.names.get(name, name))
        if offset is not None:
            target[lo:hi] = offset + contacts.bins.start[lo:hi] // bins.resolution
    rows, columns = target[contacts.rows], target[contacts.columns]
    given = (rows >= 0) & (columns >= 0)
    return arrange(bins, rows[given], columns[given], contacts.counts[given])


def open_group(
    group: Group, folder: Path, rng: np.random.Generator
) -> tuple[list[Library], Library]:
    """Read the libraries of a group and the one of another protocol, each in halves."""
    files = [(file, None) for file in group.files] + [(group.other, group.other_resolution)]
    maps = [cp.read_contacts(folder / file, resolution) for file, resolution in files]
    *libraries, other = (
        Library(*split_contacts(place(each, maps[0].bins, group), rng)) for each in maps
    )
    return libraries, other


def measure(name: str, draw: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Measure every depth on one draw of a group."""
    rng = np.random.default_rng([SEED, draw])
    libraries, other = open_group(GROUPS[name], folder, rng)
    kept = np.all([cp.mask_bins(each.learn).kept for each in libraries], axis=0)
    scores = [scorer(each.held_out, kept) for each in libraries]
    failures = {kind: fail(libraries[0], other, rng) for kind, fail in FAILURES.items()}
    for depth in DEPTHS:
        samples, score = draw_good(libraries, scores, kept, depth, rng)
        terms = [term(sample, kept) for sample in samples]
        alone = [each(balance(s, kept).weights) for s, each in zip(samples, score, strict=True)]
        without = unevenness_of_all(samples, terms, None, kept, score)
        for kind, (library, share) in failures.items():
            total = share * float(samples[0].counts.sum(dtype=np.int64))
            failed = thin(
                library.learn, min(1.0, total / library.learn.counts.sum(dtype=np.int64)), rng
            )
            own = scorer(library.held_out, kept)
            by_itself = balance(failed, kept)
            extra = cp.PoolSums.of(failed.bins, by_itself.weights, by_itself.se)
            helped = balance(failed, kept, cp.PoolSums.total(terms).prior(map(str, range(GOOD))))
            used = helped.verdict.prior
            assert used is not None
            weight = extra.weights.sum() / mean(each.weights.sum() for each in terms)
            yield {
                "group": name,
                "depth": depth,
                "draw": draw,
                "failure": kind,
                "alone": alone,
                "without": without,
                "with": unevenness_of_all(samples, terms, extra, kept, score),
                "weight": float(weight),
                "fitness": by_itself.verdict.fitness.value,
                "failed_alone": own(by_itself.weights),
                "failed_with_prior": own(helped.weights),
                "strength": used.strength,
            }


Score = Callable[[NDArray[np.float64]], float]


def draw_good(
    libraries: list[Library],
    scores: list[Score],
    kept: NDArray[np.bool_],
    depth: float,
    rng: np.random.Generator,
) -> tuple[list[Contacts], list[Score]]:
    """Return the good samples, without common contacts, and what scores each."""
    each = GOOD // len(libraries)
    samples: list[Contacts] = []
    for library in libraries:
        share = depth / contacts_per_bin(library.learn, kept)
        samples += draw_apart(library.learn, [share] * each, rng)
    return samples, [score for score in scores for _ in range(each)]


def term(sample: Contacts, kept: NDArray[np.bool_]) -> cp.PoolSums:
    """Return what a sample adds to a pool."""
    alone = balance(sample, kept)
    return cp.PoolSums.of(sample.bins, alone.weights, alone.se)


def unevenness_of_all(
    samples: list[Contacts],
    terms: list[cp.PoolSums],
    extra: cp.PoolSums | None,
    kept: NDArray[np.bool_],
    scores: list[Score],
) -> list[float]:
    """Return the excess of each good sample, with the others and perhaps a failed one as prior."""
    found = []
    for number, (sample, score) in enumerate(zip(samples, scores, strict=True)):
        pooled = [*terms[:number], *terms[number + 1 :], *([extra] if extra else [])]
        prior = cp.PoolSums.total(pooled).prior(map(str, range(len(pooled))))
        found.append(score(balance(sample, kept, prior).weights))
    return found


def main() -> None:
    """Measure all groups and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=2)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name, draw in product(GROUPS, range(args.draws)):
        for row in measure(name, draw, args.folder):
            rows.append(row)
            print(name, draw + 1, row["depth"], row["failure"], flush=True)
    save("failed_library", {"machine": machine(), "draws": args.draws, "rows": rows}, indent=None)
    report()


def report() -> None:
    """Publish the tables of the saved results."""
    record = load("failed_library")
    publish("failed library", tables(record))
    publish("failed library", summary(record), PAGE)


def summary(record: dict[str, Any]) -> str:
    """Return a table with one row for each failure, over all groups and depths."""
    lines = []
    for kind in FAILURES:
        rows = [row for row in record["rows"] if row["failure"] == kind]
        changes = [change(here) for here in cells(rows).values()]
        lines.append(
            [
                kind,
                f"{median(row['weight'] for row in rows):.2g}",
                f"{mean(changes):+.1f} %",
                f"{max(changes):+.0f} %",
                f"{own_error(rows, 'failed_alone'):.0f} %",
                f"{own_error(rows, 'failed_with_prior'):.0f} %",
                rejections(rows),
            ]
        )
    header = ["failed library", "weight", "error of the good samples", "at worst"]
    header += ["its own error, alone", "with a prior", "strength 0"]
    compared = list(cells(record["rows"], "failure").values())
    better = sum(error(rows, "with") < error(rows, "alone") for rows in compared)
    sentence = (
        f"With a failed library in the pool, the good samples were still better than without a "
        f"prior in {better} of {len(compared)} cases."
    )
    return f"{markdown(header, lines)}\n{sentence}"


def tables(record: dict[str, Any]) -> str:
    """Return the tables of the page of benchmarks."""
    rows = record["rows"]
    good, failed = [], []
    for (name, depth), here in cells(rows).items():
        alone, without = error(here, "alone"), error(here, "without")
        good.append([name, str(depth), f"{alone:.1f}", f"{without:.1f}"])
    for name, kind in product(GROUPS, FAILURES):
        of_kind = [row for row in rows if (row["group"], row["failure"]) == (name, kind)]
        by_depth = cells(of_kind).values()
        failed.append(
            [
                name,
                kind,
                ", ".join(f"{median(row['weight'] for row in here):.2g}" for here in by_depth),
                ", ".join(f"{change(here):+.1f}" for here in by_depth),
                ", ".join(f"{own_error(here, 'failed_alone'):.2g}" for here in by_depth),
                ", ".join(f"{own_error(here, 'failed_with_prior'):.2g}" for here in by_depth),
                rejections(of_kind),
            ]
        )
    depths = ", ".join(map(str, DEPTHS))
    sections = [
        f"Unevenness of new contacts with the weights of the {GOOD} good samples in percent, mean "
        f"over samples and {record['draws']} draws: without a prior, and with the other three as "
        "prior:",
        markdown(["group", "contacts per bin", "alone", "with a prior"], good),
        f"At {depths} contacts per bin: the weight of the failed library in the pool, of which a "
        "good sample has 1; the relative growth of the good samples' unevenness; the unevenness of "
        "the failed library, alone and with the good ones as prior; how often it chose the "
        "strength 0:",
        markdown(
            ["group", "failed library", "weight", "change", "alone", "with a prior", "strength 0"],
            failed,
        ),
        machine_line(record["machine"]),
    ]
    return "\n\n".join(part.strip() for part in sections)


Rows = list[dict[str, Any]]


def cells(rows: Rows, *also: str) -> dict[tuple[Any, ...], Rows]:
    """Return the rows of each group and depth, and of each value of further keys."""
    found: dict[tuple[Any, ...], Rows] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in ("group", "depth", *also)), []).append(row)
    return found


def error(rows: Rows, key: str) -> float:
    """Return the mean unevenness of the good samples in percent."""
    return mean(percent(value) for row in rows for value in row[key])


def change(rows: Rows) -> float:
    """Return by how many percent the unevenness of the good samples grows."""
    return 100 * (error(rows, "with") / error(rows, "without") - 1)


def own_error(rows: Rows, key: str) -> float:
    """Return the mean unevenness of the failed library in percent."""
    return mean(percent(row[key]) for row in rows)


def percent(excess: float) -> float:
    """Return the root of an excess in percent; 0 where chance made it negative."""
    return 100 * math.sqrt(max(excess, 0.0))


def rejections(rows: Rows) -> str:
    """Return how often the failed library chose no use of the prior."""
    return f"{sum(row['strength'] == 0 for row in rows)} of {len(rows)}"


if __name__ == "__main__":
    main()
