"""A sound cooler, and ways to damage it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from counterpoise.contacts.bins import BinTable

BINS = BinTable.fixed(("a", "b"), (205, 95), 10)
N = len(BINS)
Damage = Callable[[h5py.File], Any]


def pixels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, columns and counts of a full map of ``BINS``."""
    bin1, bin2 = np.triu_indices(N)
    count = np.random.default_rng(2).integers(1, 300, len(bin1)).astype(np.int32)
    return bin1.astype(np.int64), bin2.astype(np.int64), count


def change(path: Path, damage: Damage) -> None:
    """Damage a file in its place."""
    with h5py.File(path, "r+") as file:
        damage(file)


def replace(file: h5py.File, name: str, values: Any, **options: Any) -> None:
    """Replace the values of a column, and keep its attributes."""
    attributes = dict(file[name].attrs)
    del file[name]
    file.create_dataset(name, data=values, **options).attrs.update(attributes)
