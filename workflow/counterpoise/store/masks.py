"""Masks on disk: one Parquet file for each map, with the reason why each bin is masked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.mask import Mask, Reason
from counterpoise.store.arrow import bin_columns, named, numbers, values_of, write_table

METADATA = "counterpoise"


def write_mask(path: str | Path, mask: Mask, bins: BinTable) -> None:
    """The mask as Parquet: chrom, start, end, kept, reason, nnz, marginal; summary in metadata."""
    names = [reason.name.lower() for reason in Reason]
    write_table(
        path,
        {
            **bin_columns(bins),
            "kept": numbers(mask.kept),
            "reason": named(mask.reasons.astype(np.int8), names),
            "nnz": numbers(mask.nnz.astype(np.int32)),
            "marginal": numbers(mask.marginal),
        },
        {METADATA: json.dumps(mask.summary(), sort_keys=True)},
    )


def read_mask(path: str | Path) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """The kept bins (bool [bins]) and the summary that ``write_mask`` stored."""
    table = pq.ParquetFile(path).read(columns=["kept"])
    kept = values_of(table["kept"])
    return kept, json.loads(table.schema.metadata[METADATA.encode()])
