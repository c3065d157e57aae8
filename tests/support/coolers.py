"""Coolers written with cooler, and with h5py alone, as cooler itself would not write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pandas as pd

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk, Contacts
from tests.support.maps import genome_map

PIXEL_COLUMNS = ("bin1_id", "bin2_id", "count")


def write_genome(path: Path, sizes: dict[str, int] | None = None) -> Path:
    """Write chromosomes of 1 kb bins with cooler; the last bins are shorter, bin 40 is empty."""
    sizes = sizes or {"chr1": 60, "chr2": 50, "chr3": 40}
    contacts = genome_map(sizes, 5)
    bins = cooler.binnify(pd.Series({name: 1000 * n - 300 for name, n in sizes.items()}), 1000)
    pixels = pd.DataFrame(
        {"bin1_id": contacts.rows, "bin2_id": contacts.columns, "count": contacts.counts}
    )
    pixels = pixels[(pixels.bin1_id != 40) & (pixels.bin2_id != 40)]
    cooler.create_cooler(str(path), bins, pixels)
    return path


def bin_column(uri: object, name: str = "weight") -> np.ndarray:
    """Return a column of bins as cooler reads it."""
    return cooler.Cooler(str(uri)).bins()[name][:].to_numpy()


def write_cool(
    path: Path,
    bins: BinTable,
    pixels: Chunk,
    filters: dict[str, Any] | None = None,
    **extra: np.ndarray,
) -> None:
    """Write a `.cool` file; ``filters`` store the pixels, ``extra`` are bin columns."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "HDF5::Cooler", "format-version": 3, "bin-type": "fixed"})
        file.attrs.update({"bin-size": bins.resolution, "genome-assembly": "toy1"})
        file.attrs.update({"storage-mode": "symmetric-upper"})
        file.attrs.update({"nbins": len(bins), "nnz": len(pixels[0])})
        file["chroms/name"] = np.array(bins.chromosomes, dtype="S")
        file["chroms/length"] = bins.lengths
        file["bins/chrom"] = bins.chromosome_ids
        file["bins/start"], file["bins/end"] = bins.start, bins.end
        for name, values in extra.items():
            file[f"bins/{name}"] = values
        for name, column in zip(PIXEL_COLUMNS, pixels, strict=True):
            file.create_dataset(f"pixels/{name}", data=column, **(filters or {}))


def stored_pixels(path: Path, group: str = "/") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pixel columns as plain h5py reads them."""
    with h5py.File(path, "r", locking=False) as file:
        bin1, bin2, count = (file[group]["pixels"][name][:] for name in PIXEL_COLUMNS)
    return bin1, bin2, count


def assert_same_map(actual: Contacts, expected: Contacts) -> None:
    """Two maps have the same pixels."""
    np.testing.assert_array_equal(actual.indptr, expected.indptr)
    np.testing.assert_array_equal(actual.columns, expected.columns)
    np.testing.assert_array_equal(actual.counts, expected.counts)
