"""Samples of random maps that are compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness
from counterpoise.report.comparison.samples import Balanced, Sample
from counterpoise.report.concordance import Concordance
from counterpoise.store.runs import SampleLabels

CHROMOSOMES = {"chr1": 60, "chr2": 30}
SIZE = 10_000
NONE_KNOWN = Concordance(SIZE, {})
SHALLOW = Shallow(9.0, 100.0, 2, "", 0.2)


def make_map(
    seed: int, chromosomes: dict[str, int] = CHROMOSOMES, depth: float = 60.0
) -> tuple[Contacts, Any]:
    """Return Poisson counts with a bias and distance decay, also as a dense map."""
    rng = np.random.default_rng(seed)
    sizes = list(chromosomes.values())
    bins = BinTable.fixed(tuple(chromosomes), [n * SIZE for n in sizes], SIZE)
    n = len(bins)
    bias = np.exp(rng.normal(0, 0.3, n))
    apart = abs(np.subtract.outer(np.arange(n), np.arange(n)))
    dense = np.triu(rng.poisson(depth * np.outer(bias, bias) / (apart + 1)))
    bin1, bin2 = np.nonzero(dense)
    chunk = (bin1.astype(np.int32), bin2.astype(np.int32), dense[bin1, bin2])
    return Contacts.from_chunks(bins, [chunk], {"uri": "a.cool"}), dense + np.triu(dense, 1).T


def make_sample(
    name: str,
    seed: int = 0,
    methods: tuple[str, ...] = ("ice", "kr", "vc"),
    chromosomes: dict[str, int] = CHROMOSOMES,
    depth: float = 60.0,
    group: str = "",
    contacts: Contacts | None = None,
    **fields: Any,
) -> Sample:
    """Return a sample of a random map, balanced by some methods."""
    if contacts is None:
        contacts = make_map(seed, chromosomes, depth)[0]
    mask = cp.mask_bins(contacts)
    results = {method: cp.balance(contacts, method, mask=mask.kept) for method in methods}
    runs = {
        method: Balanced.of(each.verdict, lambda weights=each.weights: weights)
        for method, each in results.items()
    }
    labels = SampleLabels({"condition": group}, group, fields.pop("members", []))
    kept, total = int(mask.kept.sum()), float(contacts.counts.sum())
    return Sample(name, labels, contacts.bins, lambda: contacts, kept, runs, total, **fields)


def make_cohort(sizes: dict[str, int], **options: Any) -> list[Sample]:
    """Return samples of one method, a number of each condition."""
    names = [(group, k) for group, size in sizes.items() for k in range(size)]
    return [
        make_sample(f"{group} {k}", seed, ("vc",), group=group, **options)
        for seed, (group, k) in enumerate(names)
    ]


def with_run(sample: Sample, method: str, **changes: Any) -> Sample:
    """Return the sample with another fitness or other weights of a method."""
    run = sample.runs[method]
    if "fitness" in changes:
        run = replace(run, verdict=replace(run.verdict, fitness=changes["fitness"]))
    if "weights" in changes:
        run = Balanced.of(run.verdict, lambda: changes["weights"])
    return replace(sample, runs={**sample.runs, method: run})


def without_weights(sample: Sample) -> Sample:
    """Return the sample as if no method gave a weight."""
    for method in sample.runs:
        nothing = np.full(len(sample.bins), np.nan)
        sample = with_run(sample, method, fitness=Fitness.NO, weights=nothing)
    return sample
