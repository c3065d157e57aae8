"""Generated contact maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select


def random_map(
    n: int, seed: int, density: float = 0.5, depth: float = 30.0, diagonal: bool = True
) -> sp.csr_matrix:
    """Return a symmetric map of Poisson counts with a bias and distance decay."""
    rng = np.random.default_rng(seed)
    bias = np.exp(rng.normal(0, 0.5, n))
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = depth * np.outer(bias, bias) / (distance + 1) ** 0.5
    upper = np.triu(rng.poisson(mean) * (rng.random((n, n)) < density), 0 if diagonal else 1)
    return sp.csr_matrix((upper + np.triu(upper, 1).T).astype(np.float64))


def random_contacts(sizes: list[int], density: float, seed: int, kind: str = "narrow") -> Contacts:
    """Return a random upper triangle over chromosomes with the given numbers of bins.

    Counts are ``narrow`` (16 bits), ``diagonal`` (more than 16 bits on the main diagonal only),
    ``wide`` (integers above 65,535) or ``fractions``.
    """
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    bin1, bin2 = (
        axis.astype(np.int32) for axis in np.nonzero(np.triu(rng.random((n, n)) < density))
    )
    count = rng.integers(1, 65536, len(bin1)).astype(np.float64)
    if kind == "fractions":
        count /= 7
    if kind == "wide":
        count *= 1000
    if kind == "diagonal":
        count[bin1 == bin2] *= 1000
    bins = BinTable.fixed([f"c{i}" for i in range(len(sizes))], sizes, 1)
    return Contacts.from_chunks(bins, [(bin1, bin2, count)] if len(bin1) else [], {})


def hic_like(n: int, nonzeros: int, seed: int, integral: bool = True) -> Contacts:
    """Return a map that is dense near the diagonal and sparse elsewhere, with some large counts."""
    rng = np.random.default_rng(seed)
    bin1 = rng.integers(0, n, 3 * nonzeros)
    bin2 = bin1 + np.floor(np.exp(rng.random(3 * nonzeros) * np.log(n))).astype(np.int64) - 1
    keys = np.unique((bin1 * n + bin2)[bin2 < n])
    keys = np.sort(rng.choice(keys, min(nonzeros, len(keys)), replace=False))
    distance = keys % n - keys // n
    counts = rng.poisson(300 / (1 + distance)) + 1 + (rng.random(len(keys)) < 0.001) * 1e5
    if not integral:
        counts = counts + 0.25 * (rng.random(len(keys)) < 0.05)
    half = n // 3
    pixels = ((keys // n).astype(np.int32), (keys % n).astype(np.int32), counts)
    return Contacts.from_chunks(BinTable.fixed(["a", "b"], [n - half, half], 1), [pixels], {})


def write_map(path: Path, seed: int) -> None:
    """Write a random cooler of two chromosomes and 40 bins, dense enough to be balanced."""
    rng = np.random.default_rng(seed)
    sizes = {"chr1": 25_000, "chr2": 15_000}
    bins = cooler.binnify(pd.Series(sizes), 1000)
    bin1, bin2 = np.triu_indices(len(bins))
    counts = rng.poisson(40 / (1 + (bin2 - bin1) / 4)) + 1
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
    cooler.create_cooler(str(path), bins, pixels)


def some_selections(contacts: Contacts, seed: int = 0) -> list[Selection]:
    """Return selections in every scope, with and without diagonals, weights and masked bins."""
    kept = np.random.default_rng(seed).random(len(contacts.bins)) < 0.8
    every = np.ones_like(kept)
    return [
        *select(contacts.bins, kept, Scope.GENOME, 0, 2),
        *select(contacts.bins, every, Scope.GENOME, 2),
        *select(contacts.bins, kept, Scope.CIS, 1),
        *select(contacts.bins, kept, Scope.TRANS, 0, 1, trans_weighting=True),
    ]


def smooth_map(n: int, contacts: float, seed: int = 3) -> tuple[NDArray[np.float64], Contacts]:
    """Return a bias of long waves and a map of Poisson counts drawn with it."""
    rng = np.random.default_rng(seed)
    x = (np.arange(n) + 0.5) / n
    bias = np.exp(0.5 * np.sin(3 * np.pi * x + 0.4) + 0.25 * np.cos(7 * np.pi * x))
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = np.outer(bias, bias) * (0.3 + np.exp(-0.5 * (distance / (0.08 * n)) ** 2))
    upper = np.triu(rng.poisson(mean * contacts / np.triu(mean).sum()))
    return bias / bias.mean(), Contacts.from_matrix(upper + np.triu(upper, 1).T)


def genome_map(sizes: dict[str, int], seed: int, trans: float = 0.2) -> Contacts:
    """Return a map of several chromosomes in bins of 1 kb; ``sizes`` are numbers of bins."""
    bins = BinTable.fixed(tuple(sizes), [size * 1000 for size in sizes.values()], 1000)
    rng = np.random.default_rng(seed)
    ids, n = bins.chromosome_ids, len(bins)
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = np.where(ids[:, None] == ids, 4 / (distance + 1), trans)
    mean *= np.exp(np.add.outer(*[0.5 * np.sin(np.arange(n) / 9)] * 2))
    upper = np.triu(rng.poisson(mean))
    row, column = upper.nonzero()
    chunk = row.astype(np.int32), column.astype(np.int32), upper[row, column]
    return Contacts.from_chunks(bins, [chunk], {})


def rough_map(
    n: int, contacts: float, seed: int = 3, rough: float = 0.15
) -> tuple[NDArray[np.float64], Contacts]:
    """Return a bias of long waves and of single bins, and a map of Poisson counts."""
    rng = np.random.default_rng(seed)
    x = (np.arange(n) + 0.5) / n
    bias = np.exp(0.5 * np.sin(3 * np.pi * x + 0.4) + rng.normal(0, rough, n))
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = np.outer(bias, bias) / (distance + 1.0)
    # No balancing should depend on the diagonal.
    np.fill_diagonal(mean, 0)
    upper = np.triu(rng.poisson(mean * contacts / np.triu(mean).sum()))
    structure = cp.balance(mean, "kr").weights
    return 1 / structure, Contacts.from_matrix(upper + np.triu(upper, 1).T)


def two_sides(one: int, other: int) -> NDArray[np.float64]:
    """Return a full map between two groups of bins, without contacts inside a group."""
    matrix = np.zeros((one + other, one + other))
    matrix[:one, one:] = matrix[one:, :one] = 1
    return matrix


def hanging_bins() -> NDArray[np.float64]:
    """Return a matrix in which two bins have contacts with the same third bin only.

    No weights balance it until they are dropped.
    """
    matrix = random_map(40, 3).toarray()
    for hanging in (5, 9):
        matrix[hanging], matrix[:, hanging] = 0, 0
        matrix[hanging, 20] = matrix[20, hanging] = 4
    return matrix


def thin(contacts: Contacts, share: float, rng: np.random.Generator) -> Contacts:
    """Keep each contact with a given probability."""
    counts = rng.binomial(contacts.counts.astype(np.int64), share)
    return replace(contacts, counts=counts.astype(contacts.counts.dtype))
