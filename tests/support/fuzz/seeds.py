"""Valid small inputs of every format, written without the programs that usually write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from counterpoise.contacts.bins import BinTable
from tests.support.hic_files import hic_bytes, write_hic

CHROMOSOMES = ("chr1", "chr2", "plasmid|3")
LENGTHS = (4150, 1930, 240)
SIZE = 100
BINS = BinTable.fixed(CHROMOSOMES, LENGTHS, SIZE)
GZIP: dict[str, Any] = {"compression": "gzip", "shuffle": True}

SHEET = (
    "sample\tpath\tcondition\treplicate\n"
    "# a comment\n"
    "wild_1\tone.cool\twild type\t1\n"
    "wild_2\tone.cool\twild type\t2\n"
    "\n"
    'mutant\tone.cool\t"a ""b"" c"\t1\n'
)

BED = (
    "track name=bad\n"
    "chr1\t0\t250\tfirst\n"
    "# a comment\n"
    "chr1\t3990\t4150\n"
    "chr2\t100\t101\tthird\t7\n"
    "plasmid|3\t0\t240\n"
    "chrUn\t5\t6\n"
)

CONFIGURATION = """\
# @package _global_
defaults:
  - /method@methods.ice: ice
  - /method@methods.kde: kde
  - _self_

cohort: mine
resolutions: [10000, 50000]
primary: ice
methods:
  ice: {tolerance: 1e-4, scope: cis}
  kde: {bandwidth: 20000}
mask:
  min_nnz: 10
  mad_max: 5.0
samples:
  a:
    path: one.cool
  b:
    path: one.cool::/
    condition: treated
    replicate: "2"
    resolutions: [20000]
"""


def pixels(seed: int = 1) -> tuple[Any, Any, Any]:
    """Return the pixels of the upper triangle, two thirds of which have contacts."""
    rng = np.random.default_rng(seed)
    bin1, bin2 = np.triu_indices(len(BINS))
    kept = rng.random(len(bin1)) < 2 / 3
    count = rng.integers(1, 300, len(bin1))
    return bin1[kept], bin2[kept], count[kept].astype(np.int32)


def write_seeds(folder: Path) -> None:
    """Write the valid inputs into a folder."""
    bin1, bin2, count = pixels()
    with h5py.File(folder / "plain.cool", "w") as file:
        write_cooler(file, BINS, (bin1, bin2, count), chunks=(500,), **GZIP)
        file["bins"].create_dataset("weight", data=np.linspace(0, 1, len(BINS)), **GZIP)
        file["bins/weight"].attrs.update({"converged": True, "var": [1.0, 2.0], "note": "text"})
    with h5py.File(folder / "contiguous.cool", "w") as file:
        names = np.array(CHROMOSOMES, dtype=object)
        write_cooler(file, BINS, (bin1, bin2, count / 2), names=names)
    with h5py.File(folder / "latest.cool", "w", libver="latest") as file:
        kind = h5py.enum_dtype({name: i for i, name in enumerate(CHROMOSOMES)}, np.int32)
        write_cooler(file, BINS, (bin1, bin2, count), chrom=kind, chunks=(300,), compression="lzf")
    with h5py.File(folder / "unequal.cool", "w") as file:
        start, end = BINS.start.copy(), BINS.end.copy()
        end[3], start[4] = 350, 350
        bins = BinTable(CHROMOSOMES, BINS.lengths, BINS.offsets, start, end, None)
        write_cooler(file, bins, (bin1, bin2, count), fletcher32=True, chunks=(400,))
    with h5py.File(folder / "square.cool", "w") as file:
        off = bin1 != bin2
        rows = np.concatenate([bin1, bin2[off]])
        columns = np.concatenate([bin2, bin1[off]])
        order = np.lexsort((columns, rows))
        all_counts = np.concatenate([count, count[off]])[order]
        write_cooler(file, BINS, (rows[order], columns[order], all_counts), mode="square", **GZIP)
    with h5py.File(folder / "levels.mcool", "w") as file:
        file.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        for size in (SIZE, 1000):
            bins = BinTable.fixed(CHROMOSOMES, LENGTHS, size)
            shown = (bin1 < len(bins)) & (bin2 < len(bins))
            chosen = bin1[shown], bin2[shown], count[shown]
            write_cooler(file.create_group(f"resolutions/{size}"), bins, chosen, **GZIP)
    for version in (6, 7, 8):
        (folder / f"v{version}.hic").write_bytes(hic_bytes(version))
    table = pd.DataFrame({"bin1_id": bin1[::3], "bin2_id": bin2[::3], "count": count[::3]})
    write_hic(folder / "v9.hic", dict(zip(CHROMOSOMES, LENGTHS, strict=True)), SIZE, table)
    (folder / "one.cool").write_bytes((folder / "plain.cool").read_bytes())


def write_cooler(
    group: h5py.Group,
    bins: BinTable,
    columns: tuple[Any, Any, Any],
    *,
    names: Any = None,
    chrom: Any = None,
    mode: str = "symmetric-upper",
    **options: Any,
) -> None:
    """Write a cooler with all that cooler itself writes; ``options`` store the pixels."""
    total = columns[2].sum()
    group.attrs.update({"format": "HDF5::Cooler", "format-version": 3, "storage-mode": mode})
    group.attrs.update({"bin-type": "fixed" if bins.resolution else "variable"})
    group.attrs.update({"bin-size": bins.resolution or "null", "genome-assembly": "toy1"})
    group.attrs.update({"nbins": len(bins), "nchroms": len(bins.chromosomes), "sum": total})
    group.attrs.update({"nnz": len(columns[0]), "metadata": "{}", "generated-by": "cooler-0.10"})
    group["chroms/name"] = np.array(bins.chromosomes, dtype="S") if names is None else names
    group["chroms/length"] = bins.lengths.astype(np.int32)
    table = group.create_group("bins")
    table.create_dataset("chrom", data=bins.chromosome_ids, dtype=chrom)
    table["start"], table["end"] = bins.start, bins.end
    rows = np.bincount(columns[0], minlength=len(bins))
    group["indexes/bin1_offset"] = np.concatenate([[0], np.cumsum(rows)])
    group["indexes/chrom_offset"] = bins.offsets
    for name, values in zip(("bin1_id", "bin2_id", "count"), columns, strict=True):
        group.create_dataset(f"pixels/{name}", data=values, **options)
