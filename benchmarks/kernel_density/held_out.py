"""Held-out contacts of real maps: which method's weights even out contacts that it has not seen?

python -m benchmarks.kernel_density.held_out FOLDER

Each map is split in two halves. One is thinned to a share of its contacts and balanced by every
method; the other, whole, is scored with these weights: the variance of its balanced row sums beyond
counting noise, over their mean squared, on the bins to which every method that is compared gave a
weight. Writes results/held_out.json and the table in ../README.md. FOLDER holds the maps.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks.measuring import in_words, load, machine, markdown, publish, save
from counterpoise.backends import make_operator
from counterpoise.bandwidth import halves
from counterpoise.contacts import Contacts
from counterpoise.selection import Scope, Selection, select

# File, its resolution where it has several, and the chromosome.
MAPS: dict[str, tuple[str, int | None, str]] = {
    "mouse neurons chr1, 1 Mb": ("CN.mm9.1000kb.cool", None, "chr1"),
    "yeast IV, 10 kb": ("yeast.10kb.cool", None, "chrIV"),
    "hESC chr1, 40 kb": ("hesc_dixon_chr1_40kb.cool", None, "chr1"),
    "GM12878 chr22, 50 kb": ("gm12878_rao_primary_chr22_50kb.cool", None, "chr22"),
    "IMR90 chr20, 50 kb": ("imr90_hindiii_chr20.mcool", 50_000, "chr20"),
}
DEPTHS = (1.0, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
EXACT = ("ice", "kr", "vc", "vc_sqrt")
KERNEL = ("kde", "kde_eb", "ssk_cv")
SEED = 7


def part_of(contacts: Contacts, name: str) -> Selection:
    """A chromosome with its bins that pass cooler's filters on the whole map."""
    kept = cp.mask_bins(contacts).kept
    for selection in select(contacts.bins, kept, Scope.CIS, 2):
        if selection.label.removeprefix("chr") == name.removeprefix("chr"):
            return selection
    raise ValueError(f"no {name}; there are {', '.join(contacts.bins.chromosomes)}")


def thinned(contacts: Contacts, share: float, rng: np.random.Generator) -> Contacts:
    """Each contact kept with this chance."""
    counts = rng.binomial(contacts.counts.astype(np.int64), share)
    return replace(contacts, counts=counts.astype(contacts.counts.dtype))


def excess(hold: Any, weights: NDArray[np.float64], used: NDArray[np.bool_]) -> float:
    """Variance of balanced row sums beyond counting noise, over their mean squared."""
    u = np.where(used, np.nan_to_num(weights), 0.0)
    sums = (u * hold.product(u))[used]
    noise = (u**2 * hold.product(u**2))[used]
    return float((((sums - sums.mean()) ** 2).mean() - noise.mean()) / sums.mean() ** 2)


def measure(contacts: Contacts, selection: Selection) -> list[dict[str, Any]]:
    """Every method at every depth on one chromosome."""
    rng = np.random.default_rng(SEED)
    learn, hold = halves(contacts, rng)
    everything = np.zeros(len(contacts.bins), bool)
    everything[selection.lo : selection.hi] = selection.kept
    operator = make_operator("native", hold, replace(selection, kept=np.ones_like(selection.kept)))
    rows = []
    for depth in DEPTHS:
        thin = thinned(learn, depth, rng)
        ends = make_operator("native", thin, selection)
        marginal = ends.product(ends.ones())
        data = np.zeros(len(selection.kept), bool)
        data[selection.kept] = marginal > 0
        found: dict[str, NDArray[np.float64]] = {}
        for method in (*EXACT, *KERNEL):
            settings = {"scope": "cis", "ignore_diags": 2, "on_failure": "nan"}
            result = cp.balance(thin, method, mask=everything, **settings)
            found[method] = result.weights[selection.lo : selection.hi]
        # Scored where the kernel methods and data are; a method that leaves bins out is scored on
        # the others, and how many they are is said beside it.
        for method, weights in found.items():
            used = data & np.isfinite(weights) & (weights > 0)
            share = float(used.sum() / data.sum()) if data.any() else 0.0
            value = excess(operator, weights, used) if used.sum() > 10 else None
            rows.append(
                {
                    "depth": depth,
                    "contacts": float(marginal.sum() / 2),
                    "method": method,
                    "excess": value,
                    "with_weight": share,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    record: dict[str, Any] = {"machine": machine(), "maps": {}}
    for name, (file, resolution, chromosome) in MAPS.items():
        contacts = cp.read_contacts(args.folder / file, resolution)
        record["maps"][name] = measure(contacts, part_of(contacts, chromosome))
        print(f"{name}: done", flush=True)
    save("held_out", record)
    report()


def report() -> None:
    """The table, from what was saved."""
    record = load("held_out")
    methods = (*EXACT, *KERNEL)
    table = []
    for name, rows in record["maps"].items():
        for depth in DEPTHS:
            own = {row["method"]: row for row in rows if row["depth"] == depth}
            cells = []
            values = [own[m]["excess"] for m in methods if own[m]["with_weight"] > 0.95]
            least = min((value for value in values if value is not None), default=None)
            for method in methods:
                value, share = own[method]["excess"], own[method]["with_weight"]
                text = "-" if value is None else f"{value:.2g}"
                if value is not None and share <= 0.95:
                    text += f" ({share:.0%})"
                cells.append(f"**{text}**" if value is not None and value == least else text)
            table.append([name, f"{depth:g}", f"{own['kde']['contacts']:,.0f}", *cells])
    text = markdown(["map", "share", "contacts", *methods], table)
    publish("held out", f"{text}\n{in_words(record['machine'])}")


if __name__ == "__main__":
    main()
