"""Masks on disk: one Parquet file per map, with the reason why each bin is masked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import refuse_other_versions
from counterpoise.mask import Mask, Reason
from counterpoise.store.arrow import bin_columns, name_column, to_arrow, to_numpy, write_table

METADATA = "counterpoise"  # key of the summary among the file's metadata


def write_mask(path: str | Path, mask: Mask, bins: BinTable) -> None:
    """Write a mask as Parquet.

    Parameters
    ----------
    path : str or Path
        Where the file goes. Its columns are chrom, start, end, kept, reason, nnz and marginal;
        the mask's summary is in its metadata.
    mask : Mask
        The mask.
    bins : BinTable
        The bins of the map.
    """
    names = [reason.name.lower() for reason in Reason]
    write_table(
        path,
        {
            **bin_columns(bins),
            "kept": to_arrow(mask.kept),
            "reason": name_column(mask.reasons.astype(np.int8), names),
            "nnz": to_arrow(mask.nnz.astype(np.int32)),
            "marginal": to_arrow(mask.marginal),
        },
        {METADATA: json.dumps(mask.summary(), sort_keys=True)},
    )


def read_mask(path: str | Path) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """Read a mask.

    Parameters
    ----------
    path : str or Path
        A file of ``write_mask``.

    Returns
    -------
    kept : bool [bins]
        Whether a bin is kept.
    summary : dict
        The mask's summary: settings, thresholds and number of bins by reason.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with refuse_other_versions(path):
        table = pq.ParquetFile(path).read(columns=["kept"])
        return to_numpy(table["kept"]), json.loads(table.schema.metadata[METADATA.encode()])
