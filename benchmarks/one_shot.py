"""Balance a `.cool` file and write the weights in one process, for the benchmarks to time.

python -m benchmarks.one_shot INPUT METHOD FOLDER [SETTING=VALUE ...]
"""

from __future__ import annotations

import ast
import sys
from typing import Any

import counterpoise as cp
from counterpoise.jobs.command import run
from counterpoise.store.paths import RunFiles
from counterpoise.store.weights import write_balance


def main() -> None:
    """Balance the file given on the command line."""
    uri, method, folder, *words = sys.argv[1:]
    settings = {key: parse_value(value) for key, value in (word.split("=") for word in words)}
    contacts = cp.read_contacts(uri)
    kept = cp.mask_bins(contacts).kept
    result = cp.balance(contacts, method, mask=kept, **settings)
    names = ("weights.parquet", "trace.parquet", "verdict.json")
    write_balance(result, contacts.bins, RunFiles(*(f"{folder}/{name}" for name in names)))
    print(f"{result.status.value}, {result.iterations} iterations, {result.matvecs} products")


def parse_value(text: str) -> Any:
    """Read a Python literal, or return the text."""
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text


if __name__ == "__main__":
    run(main)
