"""Measure what the bias of other maps is worth as a prior for `kde_eb`, on held-out contacts.

python -m benchmarks.kernel_density.prior FOLDER [--splits 2] [--processes 2]

The contacts of each map are split in two. One half is thinned to a share of its contacts and
balanced by `kde_eb` alone and with a prior. The other half says how uneven the row sums of new
contacts are (the excess of ``choice.py``). The ratio of the two is what the prior is worth: below 1
it helps. Priors are another library, the other samples of a cohort of eight shallow ones (four of
each library, without common contacts), and a wrong one: the right one in the opposite order of
bins. Maps of many chromosomes are also balanced chromosome by chromosome, so that each chooses a
strength of its own. Writes results/prior.json and the tables in ../README.md. FOLDER holds the
maps.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product, repeat
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.choice import excess
from benchmarks.kernel_density.held_out import SEED, thin
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.methods.kernel.cross_validation import split_contacts

PRIMARY = "gm12878_rao_primary_chr22_50kb.cool"
REPLICATE = "gm12878_rao_replicate_chr22_50kb.cool"
SAMPLES = 8


@dataclass(frozen=True)
class Experiment:
    """A map, the one that its prior is made of, and the depths.

    Attributes
    ----------
    name : str
        What the table calls it.
    file, other : str
        File of the map and of the other library; the same for the other half of one map.
    chromosomes : tuple of str
        Those that are balanced; none for all.
    depths : tuple of float
        Shares of the contacts of the half that is learned from.
    cohort : bool
        Whether the prior is the pool of shallow samples.
    each : bool
        Whether each chromosome is balanced separately, too.
    """

    name: str
    file: str
    other: str
    chromosomes: tuple[str, ...]
    depths: tuple[float, ...]
    cohort: bool = False
    each: bool = False


DEEP = (1.0, 0.1, 0.01, 0.003, 0.001)
EXPERIMENTS = (
    Experiment("GM12878 replicate, the primary as prior", REPLICATE, PRIMARY, (), DEEP),
    Experiment(
        f"GM12878 cohort of {SAMPLES} shallow samples",
        REPLICATE,
        PRIMARY,
        (),
        (0.01, 0.003, 0.001),
        cohort=True,
    ),
    Experiment(
        "Scc1 control, the knock-out as prior (chr17-19)",
        "Scc1-control.10000.cool",
        "Scc1-KO.10000.cool",
        ("chr17", "chr18", "chr19"),
        (1.0, 0.3),
    ),
    Experiment(
        "yeast, the same library as prior",
        "yeast.10kb.cool",
        "yeast.10kb.cool",
        (),
        (0.01, 0.001),
        each=True,
    ),
    Experiment(
        "mouse neurons at 1 Mb, the same library as prior",
        "CN.mm9.1000kb.cool",
        "CN.mm9.1000kb.cool",
        (),
        (0.001, 0.0003),
        each=True,
    ),
)


def measure(number: int, split: int, folder: Path) -> list[dict[str, Any]]:
    """Measure every depth on one split of a map."""
    experiment = EXPERIMENTS[number]
    rng = np.random.default_rng([SEED, split])
    contacts, others = open_maps(experiment, folder, rng)
    kept = select_bins(experiment, contacts, others)
    learn, held_out = split_contacts(contacts, rng)
    held_out_excess = scorer(held_out, kept)
    rows = []
    for depth in experiment.depths:
        if experiment.cohort:
            sample, *mates = shallow_cohort(learn, others, depth, rng)
            prior = pool(mates, kept)
        else:
            sample, prior = thin(learn, depth, rng), pool([others], kept)
        reversed_prior = cp.Prior(mirror(prior.log_bias, contacts))
        alone = balance(sample, kept)
        helped, misled = (balance(sample, kept, each) for each in (prior, reversed_prior))
        used = helped.verdict.prior
        assert used is not None
        rows.append(
            {
                "experiment": experiment.name,
                "depth": depth,
                "split": split,
                "contacts_a_bin": contacts_per_bin(sample, kept),
                "alone": held_out_excess(alone.weights),
                "with_prior": held_out_excess(helped.weights),
                "wrong_prior": held_out_excess(misled.weights),
                "strength": used.strength,
                "error": used.error,
                "expected": helped.verdict.expected_excess,
            }
        )
        if experiment.each:
            for key, each in (("with_prior", prior), ("wrong_prior", reversed_prior)):
                weights = balance_each(sample, kept, each)
                rows[-1][f"{key}_each"] = held_out_excess(weights)
    return rows


def open_maps(
    experiment: Experiment, folder: Path, rng: np.random.Generator
) -> tuple[Contacts, Contacts]:
    """Read the map and the other library; the two halves of one map if it has no other."""
    contacts = cp.read_contacts(folder / experiment.file)
    if experiment.other == experiment.file:
        return split_contacts(contacts, rng)
    return contacts, cp.read_contacts(folder / experiment.other)


def select_bins(experiment: Experiment, contacts: Contacts, others: Contacts) -> NDArray[np.bool_]:
    """Return the bins of the chromosomes that pass cooler's filters on both maps."""
    kept = cp.mask_bins(contacts).kept & cp.mask_bins(others).kept
    if experiment.chromosomes:
        for name, lo, hi in contacts.bins.chromosome_ranges():
            kept[lo:hi] &= name in experiment.chromosomes
    return kept


def shallow_cohort(
    learn: Contacts, others: Contacts, depth: float, rng: np.random.Generator
) -> list[Contacts]:
    """Draw samples of the same depth without common contacts, half of them of each library."""
    half = SAMPLES // 2
    level = float(learn.counts.sum(dtype=np.int64)) / float(others.counts.sum(dtype=np.int64))
    return [
        *draw_apart(learn, [depth] * half, rng),
        *draw_apart(others, [depth * level] * half, rng),
    ]


def draw_apart(
    contacts: Contacts, shares: Sequence[float], rng: np.random.Generator
) -> Iterator[Contacts]:
    """Yield maps with shares of the contacts, no contact twice."""
    left, rest = contacts.counts.astype(np.int64), 1.0
    for share in shares:
        drawn = rng.binomial(left, share / rest)
        left, rest = left - drawn, rest - share
        yield replace(contacts, counts=drawn.astype(contacts.counts.dtype))


def pool(maps: Sequence[Contacts], kept: NDArray[np.bool_]) -> cp.Prior:
    """Return the prior that some maps make."""
    results = [balance(each, kept) for each in maps]
    terms = [cp.PoolSums.of(each.contacts.bins, each.weights, each.se) for each in results]
    return cp.PoolSums.total(terms).prior(str(number) for number in range(len(maps)))


def balance(
    contacts: Contacts, kept: NDArray[np.bool_], prior: cp.Prior | None = None
) -> cp.Balance:
    """Balance a map by `kde_eb`, chromosome by chromosome."""
    return cp.balance(contacts, "kde_eb", mask=kept, threads=1, prior=prior)


def balance_each(
    contacts: Contacts, kept: NDArray[np.bool_], prior: cp.Prior
) -> NDArray[np.float64]:
    """Return the weights where each chromosome has a strength of its own."""
    weights = np.full(len(kept), np.nan)
    for _, lo, hi in contacts.bins.chromosome_ranges():
        inside = np.zeros_like(kept)
        inside[lo:hi] = kept[lo:hi]
        if inside.any():
            weights[lo:hi] = balance(contacts, inside, prior).weights[lo:hi]
    return weights


def mirror(values: NDArray[np.float64], contacts: Contacts) -> NDArray[np.float64]:
    """Return the values of each chromosome that has any, in the opposite order of its bins."""
    turned = values.copy()
    for _, lo, hi in contacts.bins.chromosome_ranges():
        given = np.flatnonzero(np.isfinite(values[lo:hi])) + lo
        turned[given] = values[given[::-1]]
    return turned


def contacts_per_bin(contacts: Contacts, kept: NDArray[np.bool_]) -> float:
    """Return the mean row sum within chromosomes."""
    sums = []
    for selection in select(contacts.bins, kept, Scope.CIS, 2):
        if selection.holds_pixels:
            operator = make_operator("native", contacts, selection, 1)
            sums.append(operator.product(operator.ones()))
    return float(np.concatenate(sums).mean())


def scorer(held_out: Contacts, kept: NDArray[np.bool_]) -> Callable[[NDArray[np.float64]], float]:
    """Return the function that scores weights: the mean excess over the bins of all chromosomes."""
    parts = [
        (selection, make_operator("native", held_out, selection, 1))
        for selection in select(held_out.bins, kept, Scope.CIS, 2)
        if selection.holds_pixels
    ]

    def score(weights: NDArray[np.float64]) -> float:
        values, bins = [], []
        for selection, operator in parts:
            inside = weights[selection.lo : selection.hi][selection.kept]
            if np.isfinite(inside).any():
                values.append(excess(operator, inside, np.isfinite(inside)))
                bins.append(int(np.isfinite(inside).sum()))
        return float(np.average(values, weights=bins))

    return score


def main() -> None:
    """Measure all splits of all maps and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    jobs = list(product(range(len(EXPERIMENTS)), range(args.splits)))
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(args.processes) as workers:
        results = workers.map(measure, *zip(*jobs, strict=True), repeat(args.folder))
        for done, found in enumerate(results, start=1):
            rows += found
            print(f"{done} of {len(jobs)} done", flush=True)
    save("prior", {"machine": machine(), "splits": args.splits, "rows": rows}, indent=None)
    report()


def report() -> None:
    """Publish the tables of the saved results."""
    record = load("prior")
    table, each = [], []
    for experiment in EXPERIMENTS:
        for depth in experiment.depths:
            here = [
                row
                for row in record["rows"]
                if (row["experiment"], row["depth"]) == (experiment.name, depth)
            ]
            a_bin = f"{mean(row['contacts_a_bin'] for row in here):,.3g}"
            table.append(
                [
                    experiment.name,
                    a_bin,
                    f"{mean(row['alone'] for row in here):.2g}",
                    f"**{ratio(here, 'with_prior'):.2f}**",
                    ", ".join(f"{row['strength']:g}" for row in here),
                    f"{mean(row['error'] or 0 for row in here):.2f}",
                    f"{ratio(here, 'wrong_prior'):.2f}",
                ]
            )
            if experiment.each:
                keys = ("with_prior", "with_prior_each", "wrong_prior", "wrong_prior_each")
                each.append([experiment.name, a_bin, *(f"{ratio(here, key):.2f}" for key in keys)])
    sections = [
        "Excess of held-out contacts with a prior over that of `kde_eb` alone, from means over "
        f"{record['splits']} splits; the strength in each split and its standard error; the ratio "
        "with a wrong prior:",
        markdown(
            ["map and prior", "contacts per bin", "alone", "ratio", "strength", "±", "wrong prior"],
            table,
        ),
        "The same ratios with one strength for the genome, as it is, and with one for each "
        "chromosome:",
        markdown(
            ["map", "contacts per bin", "genome", "each", "wrong: genome", "wrong: each"], each
        ),
        machine_line(record["machine"]),
    ]
    publish("prior", "\n\n".join(part.strip() for part in sections))


def ratio(rows: Sequence[dict[str, Any]], key: str) -> float:
    """Return the mean excess of some weights over that of `kde_eb` alone."""
    return mean(row[key] for row in rows) / mean(row["alone"] for row in rows)


if __name__ == "__main__":
    main()
