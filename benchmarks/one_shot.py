"""From a `.cool` file to written weights in one process: what the benchmarks time.

python -m benchmarks.one_shot INPUT METHOD FOLDER [SETTING=VALUE ...]
"""

from __future__ import annotations

import ast
import sys
from typing import Any

import counterpoise as cp
from counterpoise.jobs.command import run
from counterpoise.store.weights import write_balance


def main() -> None:
    uri, method, folder, *words = sys.argv[1:]
    settings = {key: _value(value) for key, value in (word.split("=") for word in words)}
    contacts = cp.read_contacts(uri)
    kept = cp.mask_bins(contacts).kept
    result = cp.balance(contacts, method, mask=kept, **settings)
    names = {"weights": "weights.parquet", "trace": "trace.parquet", "verdict": "verdict.json"}
    write_balance(result, contacts.bins, {key: f"{folder}/{name}" for key, name in names.items()})
    print(f"{result.status.value}, {result.iterations} iterations, {result.matvecs} products")


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text


if __name__ == "__main__":
    run(main)
