"""Bandwidths and numbers of bins that cross-validation chooses on IMR90, beside the paper's.

python -m benchmarks.kernel_density.imr90 FOLDER [--seeds 5]

Section 6.2 of Park, Hao, Niu & Hu, arXiv 2506.12626, has a table for ten chromosomes of IMR90. Its
map is not public here; chromosome 20 of an older one at 25 kb stands in. FOLDER holds it. Writes
results/imr90.json and the table in ../README.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import Any

import counterpoise as cp
from benchmarks.measuring import in_words, load, machine, markdown, publish, save

FILE, RESOLUTION = "imr90_hindiii_chr20.mcool", 25_000
# The paper's table, chromosomes 1 to 10: bins taken together, and bandwidths.
DISCRETE = (2, 2, 1, 1, 2, 2, 1, 3, 2, 1)
CONTINUOUS = (0.02, 0.017, 0.004, 0.008, 0.005, 0.08, 0.01, 0.04, 0.005, 0.005)
# What chooses: the method, and settings other than its defaults.
CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "`kde`, excess": ("kde", {}),
    "`kde`, CvM": ("kde", {"score": "cvm"}),
    "`kde` by the letter (A), CvM": ("kde", {"variant": "observation", "score": "cvm"}),
    "`kde_eb`, excess": ("kde_eb", {}),
    "`ssk_cv`, cosine": ("ssk_cv", {}),
    "`ssk_cv`, CvM": ("ssk_cv", {"score": "cvm"}),
}
SPLITS = (1, 5)  # of one choice: the paper splits once


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    contacts = cp.read_contacts(args.folder / FILE, RESOLUTION)
    kept = cp.mask_bins(contacts).kept
    rows = []
    for label, (method, settings) in CHOICES.items():
        for splits in SPLITS:
            found = [
                cp.select_bandwidth(
                    contacts, method, mask=kept, splits=splits, seed=seed, **settings
                )[0].bandwidth
                for seed in range(1, args.seeds + 1)
            ]
            rows.append({"choice": label, "splits": splits, "bandwidths": found})
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
    """The table, from what was saved."""
    record = load("imr90")
    n = record["bins"]
    table = [
        ["the paper, continuous, chromosomes 1 to 10", "1", *spans(CONTINUOUS), "", ""],
        ["the paper, discrete, chromosomes 1 to 10", "1", "", "", *spans(DISCRETE)],
    ]
    for row in record["rows"]:
        found = [bandwidth for bandwidth in row["bandwidths"] if bandwidth is not None]
        # A width of none is the bins as they are.
        least = 1 / n if row["choice"].startswith("`ssk_cv`") else 0.0
        fractions = [max(bandwidth, least) for bandwidth in found]
        bins = [fraction * n for fraction in fractions]
        table.append([row["choice"], str(row["splits"]), *spans(fractions), *spans(bins)])
    header = ["chosen by", "splits", "fraction, median", "least to most", "bins, median"]
    text = markdown([*header, "least to most"], table)
    note = f"{record['kept']:,} of {n:,} bins, {record['contacts']:,} contacts; "
    note += f"{record['seeds']} seeds of the splits."
    publish("imr90", f"{text}\n{note} {in_words(record['machine'])}")


def spans(found: Any) -> tuple[str, str]:
    """Median, and from least to most."""
    return f"{median(found):.2g}", f"{min(found):.2g} to {max(found):.2g}"


if __name__ == "__main__":
    main()
