"""A process that reads maps with cooler or hictkpy, which may crash or hang over a damaged file."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tests.support.fuzz.cases import describe
from tests.support.fuzz.child import limit_memory, serve


def read_with_cooler(path: str, group: str, resolution: int | None) -> dict[str, Any]:
    """Return the facts of a map as cooler reads it: the upper triangle, without zeros."""
    import cooler

    file = cooler.Cooler(f"{path}::{group}")
    # With the names of the table; the labels of the numbers (an enum) may be others.
    bins = file.bins(convert_enum=False)[["chrom", "start", "end"]][:]
    names = np.array(file.chromnames, dtype=object)[bins["chrom"].to_numpy()]
    pixels = file.pixels()[["bin1_id", "bin2_id", "count"]][:]
    return describe(
        names,
        *(bins[name].to_numpy() for name in ("start", "end")),
        *_upper(*(pixels[name].to_numpy() for name in ("bin1_id", "bin2_id", "count"))),
    )


def read_with_hictkpy(path: str, group: str, resolution: int | None) -> dict[str, Any]:
    """Return the facts of a `.hic` file as hictkpy reads it."""
    import hictkpy

    file = hictkpy.File(path, resolution)
    bins = file.bins().to_df()
    pixels = file.fetch(count_type="float32").to_df()
    return describe(
        bins["chrom"].astype(str).to_numpy(),
        *(bins[name].to_numpy() for name in ("start", "end")),
        *_upper(*(pixels[name].to_numpy() for name in ("bin1_id", "bin2_id", "count"))),
    )


def _upper(bin1: Any, bin2: Any, count: Any) -> tuple[Any, Any, Any]:
    order = np.lexsort((bin2, bin1))
    kept = order[(count[order] != 0) & (bin1[order] <= bin2[order])]
    return bin1[kept], bin2[kept], count[kept]


def main(program: str) -> None:
    """Read the maps that are asked for."""
    read = {"cooler": read_with_cooler, "hictkpy": read_with_hictkpy}[program]
    if program == "cooler":
        import cooler  # noqa: F401 - before memory is limited
    else:
        import hictkpy  # noqa: F401
    limit_memory()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        try:
            return read(request["path"], request["group"], request["resolution"])
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"[:300]}

    serve(answer)


if __name__ == "__main__":
    main(sys.argv[1])
