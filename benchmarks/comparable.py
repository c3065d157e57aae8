"""Show what a shared mask and thinning do to the comparison of two samples, on real maps.

python -m benchmarks.comparable FOLDER

Two libraries of GM12878 (Rao 2014; chr22 at 50 kb) should show the same balanced map; the second is
thinned to several depths. Mouse cells with and without cohesin (10 kb) differ in depth by nature.
Each pair is balanced by KR with row sums of one, with the mask of each sample and with the bins
that both keep. A row sum over the bins that both keep is then one in both maps if the mask is
shared, and less where a sample keeps further bins: a difference that only the masks make. The share
of pixels 1 to 5 Mb apart that are more than twice the mean of their distance depends on depth,
whatever the mask. Writes results/comparable.json and the tables in README.md. FOLDER holds the
maps.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.held_out import SEED, thin
from benchmarks.kernel_density.prior import PRIMARY, REPLICATE
from benchmarks.measuring import machine, machine_line, markdown, publish, save
from counterpoise.contacts.contact_map import Contacts

SCC1 = ("Scc1-control.10000.cool", "Scc1-KO.10000.cool")
DEPTHS = (1.0, 0.1, 0.01, 0.001)
NEAR, FAR = 1_000_000, 5_000_000  # base pairs
STRONG = 2.0  # times the mean of a distance

Bins = NDArray[np.bool_]
Weights = NDArray[np.float64]


def balance(contacts: Contacts, kept: Bins) -> Weights:
    """Return weights with row sums of one; NaN where there are none."""
    return cp.balance(contacts, "kr", target="unit", mask=kept).weights


def row_sums(contacts: Contacts, weights: Weights, common: Bins) -> Weights:
    """Return the balanced row sums of some bins over these bins."""
    scaled = np.where(common, np.nan_to_num(weights), 0.0)
    matrix = contacts.full_matrix()
    same = contacts.bins.chromosome_ids
    rows = np.repeat(np.arange(len(scaled)), np.diff(matrix.indptr))
    matrix.data = np.where(same[rows] == same[matrix.indices], matrix.data, 0).astype(np.float64)
    sums: Weights = (scaled * (matrix @ scaled))[common]
    return sums


def strong_share(contacts: Contacts, weights: Weights) -> float:
    """Return the share of pixels in a range of distances that are far above their distance."""
    resolution = contacts.bins.resolution
    assert resolution is not None
    matrix = contacts.full_matrix().toarray() * np.outer(weights, weights)
    pixels = above = 0
    for distance in range(NEAR // resolution, FAR // resolution + 1):
        values = np.diagonal(matrix, distance)
        values = values[np.isfinite(values)]
        pixels += len(values)
        above += int((values > STRONG * values.mean()).sum())
    return above / pixels


def count(contacts: Contacts) -> int:
    """Return the number of contacts."""
    return int(contacts.counts.sum(dtype=np.int64))


def compare_masks(one: Contacts, other: Contacts) -> dict[str, Any]:
    """Balance two maps with their own masks and with the bins that both keep."""
    kept = [cp.mask_bins(contacts).kept for contacts in (one, other)]
    both = kept[0] & kept[1]

    def differences(masks: list[Bins]) -> list[float]:
        weights = [balance(each, mask) for each, mask in zip((one, other), masks, strict=True)]
        common = np.isfinite(weights[0]) & np.isfinite(weights[1])
        first, second = (
            row_sums(each, values, common)
            for each, values in zip((one, other), weights, strict=True)
        )
        ratios = second / first
        return [float(second.sum() / first.sum()), *np.percentile(ratios, [5, 95]).tolist()]

    return {
        "contacts": [count(one), count(other)],
        "bins": [int(mask.sum()) for mask in (*kept, both)],
        "own": differences(kept),
        "shared": differences([both, both]),
    }


def compare_depths(primary: Contacts, replicate: Contacts) -> Iterator[dict[str, Any]]:
    """Compare the two libraries at every depth of the second."""
    rng = np.random.default_rng(SEED)
    for depth in DEPTHS:
        sample = thin(replicate, depth, rng)
        both = cp.mask_bins(primary).kept & cp.mask_bins(sample).kept
        thinned = thin(primary, min(1.0, count(sample) / count(primary)), rng)
        yield {
            "contacts": count(sample),
            "strong": [
                strong_share(contacts, balance(contacts, both))
                for contacts in (primary, sample, thinned)
            ],
        }


def mask_table(rows: dict[str, dict[str, Any]]) -> str:
    """Format the comparison of masks."""
    header = ["maps", "contacts", "bins kept by each, by both"]
    header += ["row sums, second over first: own masks", "shared mask"]
    cells = []
    for name, row in rows.items():
        ratios = [
            f"{total:.3f} (5 % to 95 % of bins: {low:.3f} to {high:.3f})"
            for total, low, high in (row["own"], row["shared"])
        ]
        numbers = [", ".join(f"{value:,}" for value in row[key]) for key in ("contacts", "bins")]
        cells.append([name, *numbers, *ratios])
    return markdown(header, cells)


def depth_table(rows: list[dict[str, Any]]) -> str:
    """Format the comparison of depths."""
    header = ["contacts of the replicate", "strong pixels: primary", "replicate"]
    header += ["primary, thinned to the replicate"]
    return markdown(
        header,
        [[f"{row['contacts']:,}", *(f"{share:.1%}" for share in row["strong"])] for row in rows],
    )


def main() -> None:
    """Measure, and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    primary, replicate, control, without = (
        cp.read_contacts(folder / name) for name in (PRIMARY, REPLICATE, *SCC1)
    )
    shallow = thin(replicate, DEPTHS[-1], np.random.default_rng(SEED))
    masks = {
        "GM12878 primary and replicate": compare_masks(primary, replicate),
        "GM12878 primary and replicate, 1/1000": compare_masks(primary, shallow),
        "mouse cells with and without cohesin": compare_masks(control, without),
    }
    depths = list(compare_depths(primary, replicate))
    facts = machine()
    save("comparable", {"masks": masks, "depths": depths, "machine": facts})
    publish("comparable", f"{mask_table(masks)}\n{depth_table(depths)}\n{machine_line(facts)}")


if __name__ == "__main__":
    main()
