"""Coolers written with h5py alone, as cooler itself would not write them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Chunk


def write_cool(path: Path, bins: BinTable, pixels: Chunk, **extra: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "HDF5::Cooler", "format-version": 3, "bin-type": "fixed"})
        file.attrs.update({"bin-size": bins.resolution, "genome-assembly": "toy1"})
        file.attrs.update({"nbins": len(bins), "nnz": len(pixels[0])})
        file["chroms/name"] = np.array(bins.chromosomes, dtype="S")
        file["chroms/length"] = bins.lengths
        file["bins/chrom"] = bins.chromosome_ids
        file["bins/start"], file["bins/end"] = bins.start, bins.end
        for name, values in extra.items():
            file[f"bins/{name}"] = values
        for name, column in zip(("bin1_id", "bin2_id", "count"), pixels, strict=True):
            file[f"pixels/{name}"] = column
