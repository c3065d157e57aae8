"""Maps larger than memory: the same bits from disk, within the limit, or an error that says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import counterpoise as cp
from counterpoise.backends.native.operator import NativeOperator
from counterpoise.backends.native.packed_map import KINDS, PANEL
from counterpoise.backends.native.packing import BLOCKS
from counterpoise.balancing.pattern import most_entries
from counterpoise.balancing.support import EXAMINE_LIMIT
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.errors import ConfigError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.jobs import memory
from counterpoise.jobs.memory import (
    EXAMINED_BYTES,
    NO_EXTRA,
    MapSize,
    open_map_within,
    predict_memory,
)
from counterpoise.jobs.resources import SNAKEMAKE_MB
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.methods import methods
from counterpoise.methods.base import ExtraMemory
from counterpoise.methods.kde import KdeSettings
from counterpoise.process import MIB
from counterpoise.store.masks import write_mask
from counterpoise.store.paths import MapFiles, RunFiles
from counterpoise.store.pixels import ROW_GROUP, open_map, read_bins, read_map, write_bins
from tests.support import REPOSITORY
from tests.support.maps import hic_like

NONZEROS = 500_000
SEARCHING, DRAWING = KdeSettings().extra_memory, ExtraMemory(maps=True)
SCRIPTS = REPOSITORY / "scripts"


def write_files(folder: Path, bins: int, nonzeros: int, row_group: int) -> MapFiles:
    """Write the pixels of a generated map in several row groups."""
    contacts = hic_like(bins, nonzeros, 11)
    lengths = dict(zip(contacts.bins.chromosomes, contacts.bins.lengths, strict=True))
    pixels = {"bin1_id": contacts.rows, "bin2_id": contacts.columns, "count": contacts.counts}
    source = str(folder / "map.cool")
    cooler.create_cooler(
        source, cooler.binnify(pd.Series(lengths), 1), pd.DataFrame(pixels).astype(np.int64)
    )
    files = MapFiles.in_folder(folder)
    write_map(inspect_source(source), 1, files, row_group=row_group)
    return files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> MapFiles:
    """Return the files of a map of 8 row groups."""
    return write_files(tmp_path_factory.mktemp("map"), 4000, NONZEROS, 70_000)


@pytest.fixture(scope="module")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> MapFiles:
    """Return the files of a map of 8 row groups on which a search for a bandwidth takes seconds."""
    return write_files(tmp_path_factory.mktemp("small"), 600, 40_000, 5_500)


def test_entries_from_disk_are_those_in_memory(files: MapFiles) -> None:
    stored, loaded = open_map(files), read_map(files)
    assert stored.nnz == loaded.nnz == NONZEROS
    np.testing.assert_array_equal(stored.indptr, loaded.indptr)
    rng = np.random.default_rng(1)
    ends = [(0, 0), (0, 1), (69_999, 70_001), (70_000, 140_000), (NONZEROS, NONZEROS)]
    ends += [tuple(sorted(rng.integers(0, NONZEROS, 2).tolist())) for _ in range(20)]
    for a, z in ends:
        for actual, expected in zip(stored.entries(a, z), loaded.entries(a, z), strict=True):
            np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(stored.load().columns, loaded.columns)


@pytest.mark.parametrize("scope", list(Scope))
def test_the_product_has_the_same_bits_from_a_scratch_file(files: MapFiles, scope: Scope) -> None:
    stored, loaded = open_map(files), read_map(files)
    kept = np.random.default_rng(2).random(4000) < 0.9
    for selection in select(loaded.bins, kept, scope, 1, 1, True):
        in_memory, streamed = (
            NativeOperator(c, selection, 2, max_slab=5_000)  # several slabs a block
            for c in (loaded, stored)
        )
        assert streamed.bytes_per_product == in_memory.bytes_per_product > 0
        assert len(streamed.map.slabs.sizes) > BLOCKS
        x = np.random.default_rng(3).random(in_memory.size)
        assert streamed.product(x).tobytes() == in_memory.product(x).tobytes()


@pytest.mark.parametrize("method", sorted(methods()))
def test_every_method_gives_the_same_from_disk(small_files: MapFiles, method: str) -> None:
    settings = {"splits": 1, "score": "cvm"} if methods()[method].fills else {}
    results = [
        cp.balance(
            contacts, method, mask={"min_nnz": 5}, scope="genome", on_failure="keep", **settings
        )
        for contacts in (read_map(small_files), open_map(small_files))
    ]
    in_memory, streamed = results
    assert np.isfinite(in_memory.weights).any()
    assert streamed.weights.tobytes() == in_memory.weights.tobytes()
    assert streamed.trace == in_memory.trace
    assert (streamed.status, streamed.reason) == (in_memory.status, in_memory.reason)


def test_a_cut_scratch_file_is_an_error(files: MapFiles) -> None:
    stored = open_map(files)
    (selection,) = select(stored.bins, np.ones(4000, dtype=bool), Scope.GENOME)
    operator = NativeOperator(stored, selection)
    os.ftruncate(operator.map.slabs.data.fileno(), operator.bytes_per_product // 2)
    with pytest.raises(OSError, match="scratch file"):
        operator.product(operator.ones())


def test_maps_that_fit_are_loaded_and_others_stream(files: MapFiles) -> None:
    messages: list[str] = []
    in_memory, _ = predict_memory(files, Scope.CIS, 1)
    assert isinstance(open_map_within(files, None, messages.append), Contacts)
    assert isinstance(open_map_within(files, in_memory, messages.append), Contacts)
    assert f"needs up to {in_memory:,} MB" in messages[-1]
    with pytest.raises(ConfigError, match=r"has 100 MB; give its rule more \(mem_mb\)\."):
        open_map_within(files, 100, messages.append)


def test_what_a_job_keeps_beside_the_map_is_predicted(files: MapFiles) -> None:
    plain, searching, drawing = (
        predict_memory(files, Scope.CIS, 1, extra) for extra in (NO_EXTRA, SEARCHING, DRAWING)
    )
    for less, more in ((plain, searching), (searching, drawing)):
        assert less.in_memory < more.in_memory
        assert less.streaming < more.streaming
    with pytest.raises(ConfigError, match=r"drawing maps.*its rule more.*the default score"):
        open_map_within(files, drawing.in_memory // 2, lambda _: None, extra=DRAWING)
    assert isinstance(
        open_map_within(files, drawing.in_memory, lambda _: None, extra=DRAWING), Contacts
    )


def test_the_largest_part_is_never_taken_for_smaller(files: MapFiles) -> None:
    pixels = pq.ParquetFile(files.pixels)
    contacts = read_map(files)
    bins, most = memory._bound_largest_part(files, pixels, Scope.CIS)
    rows = np.diff(contacts.indptr[contacts.bins.offsets])
    assert bins == np.diff(contacts.bins.offsets).max()
    assert rows.max() <= most <= rows.max() + 2 * 70_000
    assert memory._bound_largest_part(files, pixels, Scope.GENOME) == (4000, NONZEROS)


PEAK = """
import atexit, runpy, sys
from counterpoise.process import peak_memory_mb
atexit.register(lambda: print(peak_memory_mb()))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("score", ["unevenness", "cvm"])
@pytest.mark.parametrize(
    "method",
    ["kde_eb", *(pytest.param(name, marks=pytest.mark.long) for name in ("kde", "ssk_cv"))],
)
def test_a_search_stays_within_the_predicted_memory(
    tmp_path: Path, method: str, score: str
) -> None:
    """Vectors dominate the memory of the first map, contacts that of the second."""
    for n, nonzeros in ((60_000, 400_000), (1500, 1_000_000)):
        contacts = hic_like(n, nonzeros, 5)
        files, mask = MapFiles.in_folder(tmp_path), str(tmp_path / "mask.parquet")
        names, arrays = ("bin1_id", "bin2_id", "count"), (contacts.rows, contacts.columns)
        columns = [array.astype(np.int32) for array in (*arrays, contacts.counts)]
        pq.write_table(pa.table(dict(zip(names, columns, strict=True))), files.pixels)
        write_bins(files.bins, contacts.bins)
        total = float(contacts.counts.sum())
        record = {"bins": n, "nnz": contacts.nnz, "contacts": total, "count_type": "int32"}
        Path(files.source).write_text(json.dumps(record))
        write_mask(mask, mask_bins(contacts, MaskSettings()), contacts.bins)
        inputs = ["--map", *files, "--mask", mask]
        # Seven iterations need as much memory as all.
        options = {"scope": "genome", "splits": 1, "max_iterations": 7, "score": score}
        settings = {"method": method, "settings": options}
        results = RunFiles.in_folder(tmp_path)
        inputs += ["--run", *results, "--settings", repr(settings)]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(SCRIPTS / "balance.py"), "--threads", "2", *inputs],
            capture_output=True,
            text=True,
            check=True,
        )
        extra = SEARCHING if score == "unevenness" else DRAWING
        predicted, _ = predict_memory(files, Scope.GENOME, 2, extra)
        used = float(done.stdout.split()[-1])
        assert used <= predicted


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[MapFiles, str]:
    """Return the files of a dense map just large enough for streaming to save memory."""
    folder = tmp_path_factory.mktemp("large")
    n = 4000
    bin1, bin2 = (bins.astype(np.int32) for bins in np.triu_indices(n))
    count = 0.5 + 100 * (1 + bin1 % 7) * (1 + bin2 % 7) // (1 + bin2 - bin1)  # never an integer
    files, mask = MapFiles.in_folder(folder), str(folder / "mask.parquet")
    pixels = pa.table({"bin1_id": bin1, "bin2_id": bin2, "count": count})
    pq.write_table(pixels, files.pixels, row_group_size=ROW_GROUP, use_dictionary=False)
    bins = BinTable.fixed(("chr1",), (n,), 1)
    write_bins(files.bins, bins)
    record = {"bins": n, "nnz": len(count), "contacts": count.sum(), "count_type": "float64"}
    Path(files.source).write_text(json.dumps(record))
    write_mask(mask, mask_bins(open_map(files), MaskSettings(mad_max=0)), bins)
    return files, mask


def test_a_job_that_has_less_memory_streams_and_writes_the_same_bytes(
    large: tuple[MapFiles, str], tmp_path: Path
) -> None:
    files, mask = large
    threads = 2
    in_memory, streaming = predict_memory(files, Scope.CIS, threads)
    assert streaming < in_memory
    written = {}
    for limit in (in_memory, in_memory - 1):
        folder = tmp_path / str(limit)
        outputs = RunFiles.in_folder(folder)
        folder.mkdir()
        done = subprocess.run(
            [
                *(sys.executable, str(SCRIPTS / "balance.py")),
                *("--map", *files, "--mask", mask, "--run", *outputs),
                *("--threads", str(threads), "--memory-mb", str(limit + SNAKEMAKE_MB)),
                *("--settings", "{'method': 'kr', 'settings': {'scope': 'cis'}}"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("streams from a scratch file" in done.stderr) == (limit < in_memory)
        verdict = json.loads(Path(outputs.verdict).read_text())
        assert verdict["status"] == "converged"
        peak = verdict["run"]["peak_memory_mb"]
        assert peak <= (in_memory if limit == in_memory else streaming)
        written[limit] = [Path(path).read_bytes() for path in (outputs.weights, outputs.trace)]
    assert written[in_memory] == written[in_memory - 1]


# Counts are 1, near 255 (where the layout changes), above it, and fractions. Pixels are dense,
# sparse and far apart.
@pytest.mark.parametrize("counts", [(1, 1), (1, 4), (250, 260), (256, 70_000), (0.5, 9.5)])
@pytest.mark.parametrize(("bins", "nonzeros"), [(400, 60_000), (3000, 60_000), (200_000, 60_000)])
def test_the_layout_is_never_larger_than_predicted(
    counts: tuple[float, float], bins: int, nonzeros: int
) -> None:
    rng = np.random.default_rng(5)
    pairs = np.sort(rng.integers(0, bins, (2, nonzeros)), axis=0)
    keys = np.unique(pairs[0] * bins + pairs[1])
    values = rng.integers(round(2 * counts[0]), round(2 * counts[1]), len(keys), endpoint=True) / 2
    if counts[0] == int(counts[0]):
        values = np.ceil(values)
    chunk = ((keys // bins).astype(np.int32), (keys % bins).astype(np.int32), values)
    contacts = Contacts.from_chunks(BinTable.fixed(("chr1",), (bins,), 1), [chunk], {})
    integral = (values == np.floor(values)).all()
    count_type = "float64" if not integral else "uint8" if values.max() < 256 else "int32"
    size = MapSize.of(bins, contacts.nnz, count_type, values.sum(), 0)
    (selection,) = select(contacts.bins, np.ones(bins, dtype=bool), Scope.GENOME)
    operator = NativeOperator(contacts, selection, 1)
    # Every array of a list begins at a cache line, and has room for an entry more than it holds.
    panels = -(-bins // PANEL)
    margins = len(operator.map.slabs.sizes) * (panels * KINDS * 5 + 2) * 64
    assert operator.bytes_per_product <= size.packed_bytes(contacts.nnz) + margins
    assert contacts.counts.itemsize <= size.count_bytes


def test_streaming_needs_less_than_a_large_map_in_memory() -> None:
    large = MapSize.of(300_000, 300_000_000, "uint16", 1e9, 0)
    assert large.bytes_streaming(2) < large.bytes_in_memory / 4


def test_a_human_genome_at_1_kb_streams_within_4_gb() -> None:
    bins, nonzeros = 3_100_000, 1_000_000_000
    size = MapSize.of(bins, nonzeros, "uint16", 3e9, most_entries(bins, EXAMINE_LIMIT))
    assert size.bytes_streaming(2) / MIB + SNAKEMAKE_MB < 4_000


@pytest.mark.parametrize("scope", list(Scope))
def test_what_is_examined_takes_its_share(files: MapFiles, scope: Scope) -> None:
    """The pattern of a part holds all its pixels, or above the limit a few of each of its bins."""
    few = predict_memory(files, scope, 2, examine_limit=0).streaming
    whole = predict_memory(files, scope, 2, examine_limit=NONZEROS).streaming
    offsets = read_bins(files.bins).offsets
    bins = int(np.diff(offsets).max()) if scope is Scope.CIS else int(offsets[-1])
    more = NONZEROS - most_entries(bins, 0)
    assert more > 0
    assert whole - few == pytest.approx(more * EXAMINED_BYTES / MIB, abs=1)


def test_only_the_native_backend_streams(files: MapFiles) -> None:
    with pytest.raises(ConfigError, match=r"scipy holds the whole map in memory.*mem_mb"):
        cp.balance(open_map(files), "kr", mask=None, backend="scipy")
