"""Coolers written with h5py alone, as cooler itself would not write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk, Contacts

PIXEL_COLUMNS = ("bin1_id", "bin2_id", "count")


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
