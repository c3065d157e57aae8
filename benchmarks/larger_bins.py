"""Compare the bins that a reason names with the first ones that are fit for use, on real maps.

python -m benchmarks.larger_bins FOLDER

Each map is thinned and balanced with ``ice`` and ``kr``, all at their defaults. Where a size of
bins is named, the contacts are summed into bins of each usual size, and balanced again. Writes
``results/larger_bins.json`` and the table of ``docs/how-it-works/verdicts.md``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import counterpoise as cp
from benchmarks.measuring import publish, save
from counterpoise.contacts.contact_map import Contacts
from counterpoise.records.facts import LargerBins, Remedies
from tests.support.thinning import sum_bins, thin

PAGE = Path(__file__).parents[1] / "docs" / "how-it-works" / "verdicts.md"
MULTIPLES = (1, 2, 5, 10, 20, 50, 100)
# Maps, and the contacts per bin to which they are thinned.
MAPS = {
    "yeast.10kb.cool": (10, 30, 60),
    "scer_w303_g1_2kb_SRR8769554.cool": (3, 10, 20),
    "gm12878_rao_primary_chr22_50kb.cool": (20, 40),
    "imr90_hindiii_chr20.mcool::/resolutions/25000": (20, 40),
    "hesc_dixon_chr1_40kb.cool": (15, 30),
    "yeast_duan2009_10kb.cool": (15, 30),
    "gm12878_chr2_8-48Mb_40kb.cool": (5,),
    "hg19.GM12878-MboI.matrix.2000kb.cool": (5, 20),
    "mm9_reduced_chr1.cool": (5, 15, 40),
    "4dn_test.multires.cool::/resolutions/100000": (6, 15),
}
# How many usual sizes the named one is above the first that is fit for use.
OUTCOMES = {
    0: "fit for use, and not yet at the next smaller size",
    1: "fit for use, as at the next smaller size",
    -1: "not yet fit for use, but at the next larger size",
    None: "fit for use at no size",
}


def named_size(result: cp.Balance) -> LargerBins | None:
    """Return the bins that a reason names."""
    notes = [note for note in result.verdict.notes if isinstance(note, LargerBins)]
    facts = (fact for part in result.verdict.parts for fact in part.facts)
    sizes = [fact.larger for fact in facts if isinstance(fact, Remedies)]
    return next((size for size in (*notes, *sizes) if size is not None), None)


def first_fit(contacts: Contacts, method: str) -> int | None:
    """Return the first multiple of the bins that is fit for use; None if there is none."""
    summed = ((times, sum_bins(contacts, times)) for times in MULTIPLES)
    fit = (times for times, each in summed if cp.balance(each, method).fitness == "good")
    return next(fit, None)


def measure(folder: str | Path) -> list[dict[str, Any]]:
    """Return the cases in which a size is named: that size, and the first that is fit for use."""
    cases = []
    for file, depths in MAPS.items():
        whole = cp.read_contacts(f"{folder}/{file}").load()
        for depth, method in product(depths, ("ice", "kr")):
            contacts = thin(whole, depth)
            size = named_size(cp.balance(contacts, method))
            if size is not None:
                fit = first_fit(contacts, method)
                case = {"map": file, "per_bin": depth, "method": method}
                cases.append({**case, "named": size.times, "fit": fit})
    return cases


def count_steps(cases: Iterable[dict[str, Any]]) -> Counter[int | None]:
    """Count by how many usual sizes the named one is too large; None where no size is fit."""
    return Counter(
        None
        if case["fit"] is None
        else MULTIPLES.index(case["named"]) - MULTIPLES.index(case["fit"])
        for case in cases
    )


def render(cases: list[dict[str, Any]]) -> str:
    """Return the text and table of the page."""
    steps = count_steps(cases)
    other = {step for step in steps if step not in OUTCOMES}
    if other:
        raise ValueError(f"named sizes are {sorted(map(str, other))} sizes from the first fit one")
    rows = [f"| {words} | {steps[step]} |" for step, words in OUTCOMES.items() if steps[step]]
    depths = [depth for each in MAPS.values() for depth in each]
    return "\n".join(
        [
            f"We compared this with real maps: {len(MAPS)} public maps of yeast, mouse and human, "
            f"thinned to {min(depths)} to {max(depths)} contacts per bin and balanced with `ice` "
            f"and `kr`. A size was named in {len(cases)} of {2 * len(depths)} cases.",
            "",
            "| the map at this size | cases |",
            "|---|---|",
            *rows,
        ]
    )


def main() -> None:
    """Measure, and write the record and the table."""
    cases = measure(sys.argv[1])
    save("larger_bins", {"cases": cases})
    publish("larger bins", render(cases), PAGE)


if __name__ == "__main__":
    main()
