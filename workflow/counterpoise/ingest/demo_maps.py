"""The maps of the demo cohort: a real one in two formats, and a simulated one of known bias."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from counterpoise.installation import name_missing_extra

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

YEAST_COOL = "resources/demo/yeast.cool"
YEAST_HIC = "resources/demo/yeast.hic"
SIMULATED_COOL = "resources/demo/simulated.cool"
DEMO_FILES = (YEAST_COOL, YEAST_HIC, SIMULATED_COOL)

PURPOSE = "the maps of the demo need"
SEED = 2506
RESOLUTION = 10_000


def read_yeast_map(matrix: str | Path, bed: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the yeast map of Duan et al. (2010) as the Python package ``iced`` ships it.

    Parameters
    ----------
    matrix : str or Path
        Text file of bin, bin, count; bins are numbered as in the fourth column of ``bed``.
    bed : str or Path
        Text file of chromosome, start, end, bin number. Starts count from 1, unlike in BED.

    Returns
    -------
    bins : pandas.DataFrame
        Columns ``chrom``, ``start``, ``end``.
    pixels : pandas.DataFrame
        Columns ``bin1_id``, ``bin2_id``, ``count``; sorted, upper triangle.
    """
    with name_missing_extra(PURPOSE):
        import pandas as pd

    bins = pd.read_csv(bed, sep="\t", header=None, usecols=[0, 1, 2, 3])
    bins.columns = pd.Index(["chrom", "start", "end", "number"])
    bins["start"] -= 1
    pixels = pd.read_csv(matrix, sep=r"\s+", header=None, names=["bin1_id", "bin2_id", "count"])
    position = pd.Series(np.arange(len(bins)), index=bins["number"])
    for column in ("bin1_id", "bin2_id"):
        pixels[column] = position.loc[pixels[column]].to_numpy()
    pixels = pixels.sort_values(["bin1_id", "bin2_id"], ignore_index=True)
    pixels["count"] = pixels["count"].astype(np.int32)
    return bins[["chrom", "start", "end"]], pixels


def write_cool(path: str | Path, bins: pd.DataFrame, pixels: pd.DataFrame, assembly: str) -> None:
    """Write a `.cool` file.

    Parameters
    ----------
    path : str or Path
        File to write.
    bins : pandas.DataFrame
        Columns ``chrom``, ``start``, ``end``; further columns are kept.
    pixels : pandas.DataFrame
        Columns ``bin1_id``, ``bin2_id``, ``count``; sorted, upper triangle.
    assembly : str
        Name of the genome.
    """
    with name_missing_extra(PURPOSE):
        import cooler

    cooler.create_cooler(
        str(path),
        bins,
        pixels,
        ordered=True,
        assembly=assembly,
        dtypes={"count": pixels["count"].dtype},
    )


def write_hic(path: str | Path, bins: pd.DataFrame, pixels: pd.DataFrame, assembly: str) -> None:
    """Write a `.hic` file (version 9) with hictkpy.

    Parameters
    ----------
    path : str or Path
        File to write.
    bins : pandas.DataFrame
        Columns ``chrom``, ``start``, ``end``, of ``RESOLUTION`` base pairs; others are lost.
    pixels : pandas.DataFrame
        Columns ``bin1_id``, ``bin2_id``, ``count``; sorted, upper triangle.
    assembly : str
        Name of the genome.
    """
    import hictkpy

    lengths = bins.groupby("chrom", sort=False)["end"].max()
    chromosomes = {str(name): int(length) for name, length in lengths.items()}
    writer = hictkpy.hic.FileWriter(str(path), chromosomes, RESOLUTION, assembly)
    writer.add_pixels(pixels.astype({"count": np.int32}))
    writer.finalize()


def simulate_map(
    chromosomes: dict[str, int], contacts: int, seed: int = SEED
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate a map whose bias is known.

    Counts are Poisson with mean b_i b_j p(|i - j|). Within chromosomes, p falls as the inverse of
    distance; between them it is constant. The bias b is a smooth wave times independent scatter
    for each bin, and zero on stretches of unmappable bins.

    Parameters
    ----------
    chromosomes : dict
        Number of bins of each chromosome, by name.
    contacts : int
        Expected number of contacts in the map.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    bins : pandas.DataFrame
        Columns ``chrom``, ``start``, ``end`` and ``true_bias``, which has mean one over mappable
        bins and is NaN elsewhere.
    pixels : pandas.DataFrame
        Columns ``bin1_id``, ``bin2_id``, ``count``; sorted, upper triangle.
    """
    with name_missing_extra(PURPOSE):
        import pandas as pd

    rng = np.random.default_rng(seed)
    sizes = np.array(list(chromosomes.values()))
    n = int(sizes.sum())
    bin_in_chromosome = np.concatenate([np.arange(size) for size in sizes])
    bias = _draw_bias(bin_in_chromosome, sizes, rng)
    chromosome = np.repeat(np.arange(len(sizes)), sizes)
    bin1, bin2 = np.triu_indices(n)
    distance = (bin2 - bin1).astype(np.float64)
    shape = np.where(chromosome[bin1] == chromosome[bin2], 1 / (distance + 1), 0.002)
    mean = bias[bin1] * bias[bin2] * shape
    count = rng.poisson(mean * (contacts / mean.sum()))
    nonzero = count > 0
    pixels = pd.DataFrame(
        {
            "bin1_id": bin1[nonzero],
            "bin2_id": bin2[nonzero],
            "count": count[nonzero].astype(np.int32),
        }
    )
    truth = np.where(bias > 0, bias / bias[bias > 0].mean(), np.nan)
    bins = pd.DataFrame(
        {
            "chrom": np.repeat(list(chromosomes), sizes),
            "start": bin_in_chromosome * RESOLUTION,
            "end": (bin_in_chromosome + 1) * RESOLUTION,
            "true_bias": truth,
        }
    )
    return bins, pixels


def _draw_bias(
    bin_in_chromosome: NDArray[np.int64], sizes: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a bias for each bin: a wave along its chromosome times scatter; zero if unmappable."""
    bias = np.exp(
        0.5 * np.sin(bin_in_chromosome / 40) + rng.normal(0, 0.35, len(bin_in_chromosome))
    )
    for lo, size in zip(np.cumsum(sizes) - sizes, sizes, strict=True):
        for _ in range(3):  # a centromere-like gap and two repeats
            start = lo + int(rng.integers(0, size - 12))
            bias[start : start + int(rng.integers(3, 12))] = 0.0
    return bias
