"""Results of a large cohort, written quickly: real files of a small map, with varied numbers."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import counterpoise as cp
from counterpoise.files import write_json
from counterpoise.records.facts import Fact, FewWeights, LargeErrors
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Status
from counterpoise.store.masks import write_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import SampleEntry

METHODS = ("ice", "kr", "scale", "ssk", "vc", "vc_sqrt")
SIZES = (1_000, 5_000, 10_000, 25_000, 50_000, 100_000)
TISSUES = ("liver", "lung", "heart", "brain")


def write_results(
    paths: ResultPaths,
    samples: int,
    sizes: tuple[int, ...] = SIZES,
    methods: tuple[str, ...] = METHODS,
    *,
    plot: str | Path | None = None,
) -> dict[str, SampleEntry]:
    """Write verdicts, sources and masks of a cohort, as far as the report reads them.

    Parameters
    ----------
    paths : ResultPaths
        Where they go.
    samples : int
        Number of samples; every 40th is shallow and every 97th has no result.
    sizes : tuple of int
        Bin sizes in base pairs.
    methods : tuple of str
        Names of methods.
    plot : str or Path, optional
        A PNG that stands for the plot of each run.

    Returns
    -------
    dict of str to SampleEntry
        The samples.
    """
    rng = np.random.default_rng(1)
    dense = rng.poisson(5.0, (60, 60))
    contacts = cp.Contacts.from_matrix(dense + dense.T)
    mask = cp.mask_bins(contacts)
    results = {name: cp.balance(contacts, name, mask=mask.kept).verdict for name in methods}
    entries = {}
    for number in range(samples):
        name = f"sample_{number + 1:03}"
        tissue = TISSUES[number * len(TISSUES) // samples]
        labels = {"tissue": tissue, "replicate": str(number % 3 + 1)}
        entries[name] = SampleEntry(list(sizes), labels, tissue)
        depth = float(rng.lognormal(19, 0.3)) / (60 if number % 40 == 39 else 1)
        for size in sizes if number % 97 != 96 else ():
            write_json(paths.map_files(name, size).source, _source(name, size, depth, rng))
            first = Path(paths.mask(next(iter(entries)), sizes[0]))
            target = Path(paths.mask(name, size))
            if target == first:
                write_mask(str(first), mask, contacts.bins)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(first, target)
            for method, verdict in results.items():
                varied = _vary(verdict, depth * size / 1e11, rng)
                write_json(paths.run_files(name, size, method).verdict, varied)
                if plot:
                    picture = Path(paths.plot(name, size, method))
                    picture.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(plot, picture)
    return entries


def _source(name: str, size: int, depth: float, rng: np.random.Generator) -> dict[str, Any]:
    """Return the record of a source, with P(s) as a power law."""
    edges = [0, *(size * round(1.3**power) for power in range(1, 30))]
    edges = sorted(set(edges))
    slope = -1 + 0.1 * rng.standard_normal()
    pairs = [round(3e9 / size / (1 + k)) for k in range(len(edges) - 1)]
    shape = np.array([first**slope if first else 1.0 for first in edges[:-1]]) * pairs
    cis = 0.8 * depth
    return {
        "uri": f"data/{name}.mcool",
        "format": "mcool",
        "assembly": "mm10",
        "contacts": round(depth),
        "nnz": round(depth / 3),
        "bins": round(3e9 / size),
        "coarsened_from": None,
        "notes": [],
        "identity": {"sha256": rng.bytes(32).hex()},
        "statistics": {
            "cis": round(cis),
            "cis_beyond_20kb": round(0.6 * depth) if size <= 20_000 else None,
            "median_per_bin": depth * size / 3e9,
            "bins_with_1000": float(np.clip(depth * size / 3e12, 0, 1)),
            "by_distance": {
                "edges": edges,
                "contacts": [round(each) for each in cis * shape / shape.sum()],
                "pairs": pairs,
            },
        },
    }


def _vary(verdict: Any, worth: float, rng: np.random.Generator) -> dict[str, Any]:
    """Return a verdict with numbers as a map with so many contacts per bin has them."""
    error = float(0.1 / max(worth, 1e-6) ** 0.5 * rng.lognormal(0, 0.05))
    weighted = round(verdict.with_contacts * float(np.clip(1 - error, 0.1, 0.98)))
    causes: tuple[Fact, ...] = ()
    fitness, status = Fitness.GOOD, verdict.status
    if error > 0.15:
        fitness = Fitness.NO if error > 0.3 else Fitness.CAUTION
        causes = (LargeErrors(error, 0.3 if error > 0.3 else 0.15),)
    if error > 0.6:
        causes = (FewWeights(weighted, verdict.with_contacts, 0.5), *causes)
        status = Status.FAILED
    varied = replace(
        verdict, fitness=fitness, fitness_causes=causes, status=status, weighted=weighted,
        median_se=error, expected_unevenness=100 * error, unevenness_at_most=105 * error,
        reason="No weights make all row sums equal." if status is Status.FAILED else "",
    )  # fmt: skip
    return dict(varied.to_dict())
