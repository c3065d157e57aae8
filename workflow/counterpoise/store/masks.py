"""Masks on disk: one Parquet file per map, with the reason why each bin is masked.

A group of samples that share their masks has a file of the number of samples that keep each bin,
and a table of what each sample costs the group.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import refuse_other_versions
from counterpoise.files import atomic_write
from counterpoise.mask import Mask, MaskSettings, Reason
from counterpoise.mask.outcome import find_beyond_regions
from counterpoise.mask.quorum import Quorum
from counterpoise.mask.sharing import NOBODY, Cost, GroupMask
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


def read_reasons(path: str | Path) -> tuple[dict[str, NDArray[np.bool_]], NDArray[np.float64]]:
    """Read which bins are kept, which are masked for which reason, and their contacts.

    Parameters
    ----------
    path : str or Path
        A file of ``write_mask``.

    Returns
    -------
    bins_by_reason : dict of str to bool [bins]
        The kept bins, under ``kept``, and those of each reason that occurs.
    marginal : float64 [bins]
        The contacts of each bin, as the filters count.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with refuse_other_versions(path):
        table = pq.ParquetFile(path).read(columns=["reason", "marginal"])
        reason = table["reason"].combine_chunks()
        codes, names = to_numpy(reason.indices), reason.dictionary.to_pylist()
        flags = {name: np.equal(codes, code) for code, name in enumerate(names)}
        shown = {name: each for name, each in flags.items() if name == "kept" or each.any()}
        return shown, to_numpy(table["marginal"])


def read_beyond_regions(path: str | Path) -> NDArray[np.bool_] | None:
    """Read which bins are beyond the regions of a mask.

    Parameters
    ----------
    path : str or Path
        A file of ``write_mask``.

    Returns
    -------
    bool [bins] or None
        See ``Mask.beyond_regions``.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with refuse_other_versions(path):
        table = pq.ParquetFile(path).read(columns=["reason"])
        settings = json.loads(table.schema.metadata[METADATA.encode()])["settings"]
        return find_beyond_regions(_reason_codes(table), settings.get("regions"))


def read_own_mask(path: str | Path) -> Mask:
    """Read the mask of one sample with all that ``write_mask`` wrote.

    Parameters
    ----------
    path : str or Path
        A file of ``write_mask``, of a mask without a quorum.

    Returns
    -------
    Mask

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with refuse_other_versions(path):
        table = pq.ParquetFile(path).read(columns=["reason", "nnz", "marginal"])
        summary = json.loads(table.schema.metadata[METADATA.encode()])
        return Mask(
            _reason_codes(table),
            to_numpy(table["nnz"]).astype(np.int64),
            to_numpy(table["marginal"]),
            MaskSettings(**summary["settings"]),
            summary["thresholds"],
            summary.get("notes", {}),
            regions=summary.get("regions"),
        )


def _reason_codes(table: pa.Table) -> NDArray[np.uint8]:
    """Return the code of each bin's reason."""
    reason = table["reason"].combine_chunks()
    numbers = [Reason[name.upper()] for name in reason.dictionary.to_pylist()]
    codes: NDArray[np.uint8] = np.array(numbers, dtype=np.uint8)[to_numpy(reason.indices)]
    return codes


def write_group_mask(
    path: str | Path, group: GroupMask, samples: list[str], bins: BinTable
) -> None:
    """Write the mask of a group of samples as Parquet.

    Parameters
    ----------
    path : str or Path
        Where the file goes. Its columns are chrom, start, end, kept, samples and only_masker; the
        quorum and the names of the samples are in its metadata.
    group : GroupMask
        The mask.
    samples : list of str
        Names of the samples, in the order of ``only_masker``.
    bins : BinTable
        The bins of the maps.
    """
    names = ["", *samples]
    record = {**group.quorum.settings, **group.quorum.record, "samples": samples}
    write_table(
        path,
        {
            **bin_columns(bins),
            "kept": to_arrow(group.kept),
            "samples": to_arrow(group.keepers),
            "only_masker": name_column(group.only_masker - NOBODY, names),
        },
        {METADATA: json.dumps(record, sort_keys=True)},
    )


def read_group_mask(path: str | Path) -> tuple[NDArray[np.bool_], Quorum]:
    """Read which bins a group of samples keeps.

    Parameters
    ----------
    path : str or Path
        A file of ``write_group_mask``.

    Returns
    -------
    kept : bool [bins]
        Whether enough samples keep a bin.
    quorum : Quorum
        How many that are.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    quorum, _ = read_vote(path)
    with refuse_other_versions(path):
        return to_numpy(pq.ParquetFile(path).read(columns=["kept"])["kept"]), quorum


def read_vote(path: str | Path) -> tuple[Quorum, list[str]]:
    """Read how a group decided on its mask.

    Parameters
    ----------
    path : str or Path
        A file of ``write_group_mask``.

    Returns
    -------
    quorum : Quorum
        How many samples must keep a bin.
    samples : list of str
        Names of the samples that voted.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with refuse_other_versions(path):
        record = json.loads(pq.read_schema(path).metadata[METADATA.encode()])
        names = list(record["samples"])
        return Quorum(record["shared"], record["shared_within"], record["group"], len(names)), names


def write_costs(path: str | Path, costs: Mapping[str, Cost]) -> None:
    """Write a table of what each sample costs its group: tab-separated, with a header line.

    Parameters
    ----------
    path : str or Path
        Where the table goes.
    costs : mapping of str to Cost
        Costs by sample.
    """
    rows = [("sample", *Cost._fields), *((name, *cost) for name, cost in costs.items())]
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
