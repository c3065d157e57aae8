"""The table of what jobs request is that of the jobs themselves."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.mask import MaskJob
from counterpoise.mask import MaskSettings
from counterpoise.methods.ice import IceSettings
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import write_bins
from tests.support import REPOSITORY
from tests.support.estimates import PAGE, SIZES, Size, cluster_page, describe_rows
from tests.support.maps import hic_like


def test_the_page_is_up_to_date() -> None:
    assert cluster_page() == (REPOSITORY / PAGE).read_text(encoding="utf-8"), "run `make accept`"


@pytest.mark.parametrize(("bins", "nonzeros"), [(3000, 90_000), (200_000, 50_000)])
def test_a_balancing_job_requests_what_the_table_says(
    tmp_path: Path, bins: int, nonzeros: int
) -> None:
    contacts = hic_like(bins, nonzeros, 5)
    files, size = MapFiles.in_folder(tmp_path), Size(contacts.nnz, bins, 1)
    pixels = {"bin1_id": contacts.rows, "bin2_id": contacts.columns, "count": contacts.counts}
    pq.write_table(pa.table(pixels), files.pixels)
    write_bins(files.bins, contacts.bins)
    record = {"bins": bins, "nnz": contacts.nnz, "count_type": "uint16"}
    Path(files.source).write_text(json.dumps({**record, "contacts": 3 * contacts.nnz}))
    job = BalanceJob(method="ice", settings=IceSettings(), backend="native")
    assert job.threads(files) == size.threads == 1
    assert job.mem_mb(files, 1) == size.balancing_mb
    rows = describe_rows(size)
    assert rows["balance, each method"].startswith(f"{size.balancing_mb:,} MB, ")
    mask = MaskJob(filters=MaskSettings())
    assert rows["mask"] == f"{mask.mem_mb(files, 1):,} MB, {mask.minutes(files)} min"


def test_a_larger_map_needs_no_less() -> None:
    for small, large in pairwise(SIZES):
        assert small.balancing_mb < large.balancing_mb
        assert small.streaming_mb <= large.streaming_mb < large.balancing_mb
