"""Compare two results folders bit for bit: weights, traces, verdicts, masks and pixels.

    python -m benchmarks.compare_results OLD/results NEW/results --renamed old_column=new_column

Every Parquet file of either folder is read, column by column, and compared as bytes, so that NaN
equals NaN and -0.0 differs from 0.0. Of each verdict the status is compared, and the status, the
cause and the search for a bandwidth of each part. The exit status is 1 if any value differs or a
file is missing on one side.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from counterpoise.files import read_json

KINDS = {
    "weights.parquet": "weights",
    "trace.parquet": "traces",
    "pixels.parquet": "pixels",
    "bins.parquet": "bin tables",
    "verdict.json": "verdicts",
}


def main() -> None:
    """Print what was compared and every difference."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("old", type=Path)
    arguments.add_argument("new", type=Path)
    arguments.add_argument("--renamed", nargs="*", default=[], metavar="OLD=NEW", help="columns")
    arguments.add_argument("--list", action="store_true", help="also list what is equal")
    args = arguments.parse_args()
    renamed = dict(pair.split("=") for pair in args.renamed)
    equal: Counter[str] = Counter()
    differences: list[str] = []
    for name in sorted(result_files(args.old) | result_files(args.new)):
        sides = [args.old / name, args.new / name]
        if missing := [path for path in sides if not path.is_file()]:
            differences.append(f"{name}: missing in {missing[0].parents[len(name.parts) - 1]}")
        elif problem := compare(*sides, renamed):
            differences.append(f"{name}: {problem}")
        else:
            equal[KINDS.get(name.name, "masks")] += 1
            if args.list:
                print(f"equal  {name}")
    print("Equal bit for bit:", ", ".join(f"{number} {kind}" for kind, number in equal.items()))
    for line in differences:
        print(f"DIFFERS  {line}")
    sys.exit(bool(differences))


def result_files(folder: Path) -> set[Path]:
    """Return the relative paths of the files that are compared."""
    files = [*folder.rglob("*.parquet"), *folder.rglob("verdict.json")]
    names = {path.relative_to(folder) for path in files}
    return {name for name in names if "mlartifacts" not in name.parts}  # MLflow's copies


def compare(old: Path, new: Path, renamed: dict[str, str]) -> str:
    """Return what differs between two files of the same kind; empty if nothing does."""
    if old.suffix == ".json":
        return compare_verdicts(read_json(old), read_json(new))
    before, after = pq.read_table(old), pq.read_table(new)
    before = before.rename_columns([renamed.get(name, name) for name in before.column_names])
    if set(before.column_names) != set(after.column_names):
        return f"columns {', '.join(before.column_names)} became {', '.join(after.column_names)}"
    columns = [name for name in before.column_names if values(before[name]) != values(after[name])]
    return f"values of {', '.join(columns)}" if columns else ""


def values(column: pa.ChunkedArray) -> object:
    """Return a column in a form in which equality means the same bits."""
    if pa.types.is_floating(column.type):
        return column.to_numpy().tobytes()
    return column.to_pylist()


def compare_verdicts(old: dict[str, object], new: dict[str, object]) -> str:
    """Return how two verdicts differ, for the run and for each part; empty if they do not."""

    def outcome(record: dict[str, object]) -> list[object]:
        return [
            record["status"],
            [(part["label"], part["status"], part["cause"]) for part in parts(record)],
        ]

    if outcome(old) != outcome(new):
        return f"{outcome(old)} became {outcome(new)}"
    pairs = zip(parts(old), parts(new), strict=True)
    labels = [a["label"] for a, b in pairs if a.get("search") != b.get("search")]
    return f"searches of {', '.join(labels)}" if labels else ""


def parts(record: dict[str, object]) -> list[dict[str, Any]]:
    """Return the parts of a verdict."""
    listed = record["parts"]
    assert isinstance(listed, list)
    return listed


if __name__ == "__main__":
    main()
