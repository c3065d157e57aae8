"""Compare the bandwidths chosen on IMR90 with those of the paper.

python -m benchmarks.kernel_density.imr90 FOLDER [--seeds 5]

Section 6.2 of Park, Hao, Niu & Hu, arXiv 2506.12626, lists bandwidths and numbers of merged bins
for ten chromosomes of IMR90. That map is not available here; chromosome 20 of an older map at 25 kb
is used instead. FOLDER holds the map. Writes results/imr90.json and the table in ../README.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import counterpoise as cp
from benchmarks.measuring import load, machine, machine_line, markdown, publish, save

FILE, RESOLUTION = "imr90_hindiii_chr20.mcool", 25_000
# The table of the paper, chromosomes 1 to 10: numbers of merged bins, and bandwidths.
DISCRETE = (2, 2, 1, 1, 2, 2, 1, 3, 2, 1)
CONTINUOUS = (0.02, 0.017, 0.004, 0.008, 0.005, 0.08, 0.01, 0.04, 0.005, 0.005)
# Method and settings, if not the defaults.
CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "`kde`": ("kde", {}),
    "`kde`, CvM": ("kde", {"score": "cvm"}),
    "`kde` by the letter (A), CvM": ("kde", {"variant": "observation", "score": "cvm"}),
    "`kde_eb`": ("kde_eb", {}),
    "`ssk_cv`": ("ssk_cv", {}),
    "`ssk_cv`, cosine": ("ssk_cv", {"score": "cosine"}),
    "`ssk_cv`, CvM": ("ssk_cv", {"score": "cvm"}),
}
SPLITS = (1, 5)  # for scores of held-out contacts; the paper uses one


def main() -> None:
    """Choose bandwidths with several seeds and report them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    contacts = cp.read_contacts(args.folder / FILE, RESOLUTION)
    kept = cp.mask_bins(contacts).kept
    rows = []
    for label, (method, settings) in CHOICES.items():
        # The default score draws nothing at random.
        draws: list[dict[str, Any]] = [{"splits": n} for n in SPLITS] if settings else [{}]
        for drawn in draws:
            bandwidths = [
                cp.balance(contacts, method, mask=kept, seed=seed, **drawn, **settings)
                .searches[0]
                .bandwidth.setting
                for seed in range(1, args.seeds + 1 if settings else 2)
            ]
            rows.append({"choice": label, "splits": drawn.get("splits"), "bandwidths": bandwidths})
        print(f"{label}: done", flush=True)
    record = {
        "machine": machine(),
        "bins": len(kept),
        "kept": int(kept.sum()),
        "contacts": int(contacts.counts.sum()),
        "seeds": args.seeds,
        "rows": rows,
    }
    save("imr90", record)
    report()


def report() -> None:
    """Publish the table of the saved results."""
    record = load("imr90")
    n = record["bins"]
    table = [
        ["the paper, continuous, chromosomes 1 to 10", "1", *median_and_range(CONTINUOUS), "", ""],
        ["the paper, discrete, chromosomes 1 to 10", "1", "", "", *median_and_range(DISCRETE)],
    ]
    for row in record["rows"]:
        bandwidths = [bandwidth for bandwidth in row["bandwidths"] if bandwidth is not None]
        # For `ssk_cv` a width of zero means unmerged bins.
        smallest = 1 / n if row["choice"].startswith("`ssk_cv`") else 0.0
        fractions = [max(bandwidth, smallest) for bandwidth in bandwidths]
        bins = [fraction * n for fraction in fractions]
        table.append(
            [
                row["choice"],
                str(row["splits"] or ""),
                *median_and_range(fractions),
                *median_and_range(bins),
            ]
        )
    header = ["chosen by", "splits", "fraction, median", "range", "bins, median"]
    text = markdown([*header, "range"], table)
    note = f"{record['kept']:,} of {n:,} bins, {record['contacts']:,} contacts; "
    note += f"{record['seeds']} seeds of the splits."
    publish("imr90", f"{text}\n{note} {machine_line(record['machine'])}")


def median_and_range(values: Sequence[float]) -> tuple[str, str]:
    """Format the median and the range of values."""
    return f"{median(values):.2g}", f"{min(values):.2g} to {max(values):.2g}"


if __name__ == "__main__":
    main()
