"""Show what a shared mask and thinning do to the comparison of two samples, on real replicates.

python -m benchmarks.comparable FOLDER

Two libraries of GM12878 (Rao 2014; chr22 at 50 kb) should show the same balanced map. The second is
thinned to several depths. Each pair is balanced by KR with row sums of one, with the mask of each
sample and with the bins that both keep. ``scale`` is the ratio of the two balanced maps, summed
over the bins that both keep: a difference that only the masks make. ``strong`` is the share of
pixels 1 to 5 Mb apart that are more than twice the mean of their distance: a figure that depends on
depth, whatever the mask. Writes results/comparable.json and the table in README.md. FOLDER holds
the maps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.kernel_density.held_out import SEED, thin
from benchmarks.kernel_density.prior import PRIMARY, REPLICATE
from benchmarks.measuring import machine, machine_line, markdown, publish, save
from counterpoise.contacts.contact_map import Contacts

DEPTHS = (1.0, 0.1, 0.01, 0.001)
NEAR, FAR = 1_000_000, 5_000_000  # base pairs
STRONG = 2.0  # times the mean of a distance

Matrix = NDArray[np.float64]


def balanced(contacts: Contacts, kept: NDArray[np.bool_] | None = None) -> Matrix:
    """Return the balanced map, NaN where a bin has no weight."""
    result = cp.balance(contacts, "kr", target="unit", **({} if kept is None else {"mask": kept}))
    weights = result.weights
    return contacts.full_matrix().toarray() * np.outer(weights, weights)


def scale(one: Matrix, other: Matrix) -> float:
    """Return the ratio of the sums of two maps over the pixels that both have."""
    common = np.isfinite(one) & np.isfinite(other)
    return float(other[common].sum() / one[common].sum())


def strong_share(matrix: Matrix, resolution: int) -> float:
    """Return the share of pixels in a range of distances that are far above their distance."""
    pixels = above = 0
    for distance in range(NEAR // resolution, FAR // resolution + 1):
        values = np.diagonal(matrix, distance)
        values = values[np.isfinite(values)]
        pixels += len(values)
        above += int((values > STRONG * values.mean()).sum())
    return above / pixels


def measure(folder: Path) -> list[dict[str, Any]]:
    """Compare the two libraries at every depth of the second."""
    primary, replicate = (cp.read_contacts(folder / name) for name in (PRIMARY, REPLICATE))
    resolution = primary.bins.resolution
    assert resolution is not None
    rng = np.random.default_rng(SEED)
    rows = []
    for depth in DEPTHS:
        sample = thin(replicate, depth, rng)
        masks = [cp.mask_bins(contacts).kept for contacts in (primary, sample)]
        both = masks[0] & masks[1]
        share = float(sample.counts.sum(dtype=np.int64)) / float(primary.counts.sum(dtype=np.int64))
        thinned = thin(primary, share, rng) if share < 1 else primary
        shared = balanced(primary, both), balanced(sample, both)
        own = balanced(primary), balanced(sample)
        rows.append(
            {
                "contacts": int(sample.counts.sum(dtype=np.int64)),
                "bins": [int(mask.sum()) for mask in (*masks, both)],
                "scale_own": scale(*own),
                "scale_shared": scale(*shared),
                "strong": [strong_share(matrix, resolution) for matrix in shared],
                "strong_thinned": strong_share(balanced(thinned, both), resolution),
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Format the results."""
    header = ["contacts of the replicate", "bins: primary, replicate, both", "scale, own masks"]
    header += ["scale, shared mask", "strong: primary", "replicate", "primary, as deep as replicate"]
    cells = [
        [
            f"{row['contacts']:,}",
            ", ".join(map(str, row["bins"])),
            f"{row['scale_own']:.4f}",
            f"{row['scale_shared']:.4f}",
            *(f"{share:.1%}" for share in (*row["strong"], row["strong_thinned"])),
        ]
        for row in rows
    ]
    return markdown(header, cells)


def main() -> None:
    """Measure, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    rows = measure(parser.parse_args().folder)
    facts = machine()
    save("comparable", {"rows": rows, "machine": facts})
    publish("comparable", f"{table(rows)}\n{machine_line(facts)}")


if __name__ == "__main__":
    main()
