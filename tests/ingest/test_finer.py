"""Maps summed from the map of a finer level: their pixels are those of cooler, and their record."""

from __future__ import annotations

import json
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import read_contacts
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_map
from tests.support.coolers import assert_same_map

SIZE = 10_000


def files_of(folder: Path, resolution: int) -> MapFiles:
    (folder / str(resolution)).mkdir(exist_ok=True)
    return MapFiles.in_folder(folder / str(resolution))


def write_levels(source: Path, folder: Path, *sizes: int, **options: int) -> list[MapFiles]:
    """Read the first level of a source; sum each further one from the map before it."""
    info = inspect_source(str(source))
    written = [files_of(folder, size) for size in sizes]
    for size, files, finer in zip(sizes, written, [None, *written[:-1]], strict=True):
        write_map(info, size, files, finer=finer, **options)
    return written


def test_a_chain_of_levels_equals_those_of_cooler(shared_data: Path, tmp_path: Path) -> None:
    """Row groups of 1,000 pixels cut most rows."""
    source, peer = shared_data / "yeast.10kb.cool", tmp_path / "peer.mcool"
    cooler.zoomify_cooler(str(source), str(peer), [20_000, 100_000], 10**7)
    _, *summed = write_levels(source, tmp_path, SIZE, 20_000, 100_000, row_group=1000)
    for size, files in zip((20_000, 100_000), summed, strict=True):
        actual, expected = read_map(files), read_contacts(peer, size)
        assert_same_map(actual, expected)
        assert actual.bins.chromosomes == expected.bins.chromosomes
        np.testing.assert_array_equal(actual.bins.start, expected.bins.start)
        np.testing.assert_array_equal(actual.bins.end, expected.bins.end)


def test_a_summed_level_is_written_as_one_that_was_read(shared_data: Path, tmp_path: Path) -> None:
    source, peer = shared_data / "yeast.10kb.cool", tmp_path / "peer.cool"
    cooler.coarsen_cooler(str(source), str(peer), 5, 10**7)
    _, summed = write_levels(source, tmp_path, SIZE, 50_000)
    (tmp_path / "peer").mkdir()
    (read,) = write_levels(peer, tmp_path / "peer", 50_000)
    one, other = pq.ParquetFile(summed.pixels), pq.ParquetFile(read.pixels)
    assert one.read().equals(other.read())
    for part in (one.metadata.row_group(0), other.metadata.row_group(0)):
        columns = [part.column(k) for k in range(3)]
        assert {column.compression for column in columns} == {"ZSTD"}
        assert all("DELTA_BINARY_PACKED" in column.encodings for column in columns)
    assert Path(summed.bins).read_bytes() == Path(read.bins).read_bytes()


def test_the_record_says_what_was_summed(shared_data: Path, tmp_path: Path) -> None:
    fine, *coarser = write_levels(shared_data / "yeast.10kb.cool", tmp_path, SIZE, 20_000, 60_000)
    first, *others = (json.loads(Path(files.source).read_text()) for files in (fine, *coarser))
    assert (first["coarsened_from"], first["group"]) == (None, "/")
    sizes = (SIZE, 20_000), ("10 kb", "20 kb"), (20_000, 60_000)
    for record, finer, text, size in zip(others, *sizes, strict=True):
        assert (record["coarsened_from"], record["group"]) == (finer, None)
        assert record["resolution"] == size
        assert record["notes"] == [f"summed from the map of {text}"]
        for key in ("uri", "format", "engine", "assembly", "identity", "contacts"):
            assert record[key] == first[key]
        counts = pd.read_parquet(tmp_path / str(size) / "pixels.parquet")["count"]
        assert (record["contacts"], record["nnz"]) == (counts.sum(), len(counts))


@pytest.mark.parametrize(
    ("count", "fine_type", "coarse_type"),
    [(200, "uint8", "uint16"), (2**31 - 1, "int32", "int64"), (2**40 + 0.125, "double", "double")],
)
def test_sums_do_not_overflow(
    tmp_path: Path, count: float, fine_type: str, coarse_type: str
) -> None:
    """The four pixels of the square between bins 0, 1 and bins 2, 3 are one coarse pixel."""
    bins = cooler.binnify(pd.Series({"one": 35}), 10)
    pixels = pd.DataFrame({"bin1_id": [0, 0, 1, 1], "bin2_id": [2, 3, 2, 3], "count": count})
    kind = np.float64 if fine_type == "double" else np.int64
    source = tmp_path / "map.cool"
    cooler.create_cooler(str(source), bins, pixels.astype({"count": kind}), dtypes={"count": kind})
    fine, coarse = write_levels(source, tmp_path, 10, 20)
    assert str(pq.read_schema(fine.pixels).field("count").type) == fine_type
    assert str(pq.read_schema(coarse.pixels).field("count").type) == coarse_type
    expected = {"bin1_id": {0: 0}, "bin2_id": {0: 1}, "count": {0: 4 * count}}
    assert pd.read_parquet(coarse.pixels).to_dict() == expected


def test_a_map_without_contacts(tmp_path: Path) -> None:
    bins = cooler.binnify(pd.Series({"one": 35}), 10)
    pixels = pd.DataFrame({"bin1_id": [], "bin2_id": [], "count": []}, dtype=np.int32)
    cooler.create_cooler(str(tmp_path / "map.cool"), bins, pixels)
    _, coarse = write_levels(tmp_path / "map.cool", tmp_path, 10, 20)
    contacts = read_map(coarse)
    assert (contacts.nnz, len(contacts.bins)) == (0, 2)


def test_real_levels_of_hic_files_are_sums(shared_data: Path, tmp_path: Path) -> None:
    """This one was written by Juicer."""
    source = shared_data / "4dn_test3.hic"
    _, *summed = write_levels(source, tmp_path, 500_000, 1_000_000, 2_000_000)
    for size, files in zip((1_000_000, 2_000_000), summed, strict=True):
        assert_same_map(read_map(files), read_contacts(source, size))


def test_a_finer_map_of_another_content_is_refused(shared_data: Path, tmp_path: Path) -> None:
    (fine,) = write_levels(shared_data / "yeast.10kb.cool", tmp_path, SIZE)
    other = inspect_source(str(shared_data / "yeast_duan2009_10kb.cool"))
    with pytest.raises(InputError, match=r"10000/source\.json: belongs to another content"):
        write_map(other, 20_000, files_of(tmp_path, 20_000), finer=fine)
    assert not any((tmp_path / "20000").iterdir())
