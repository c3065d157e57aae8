"""Read `.hic` files: both engines, real and damaged files, engines that misbehave, URLs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import ConfigError, DiskFullError, InputError
from counterpoise.ingest import hic_worker
from counterpoise.ingest.hic_engines import HIC_ENGINES as ENGINES
from counterpoise.ingest.hic_file import HicFile
from counterpoise.ingest.hic_reader import inspect, open_level
from counterpoise.ingest.reader_interface import Level
from tests.support.coolers import stored_pixels
from tests.support.hic_files import Contacts, hic_bytes, text
from tests.support.web import RangeHandler, serve_ranges

Pixels = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


def read(uri: str | Path, resolution: int, engine: str, **options: Any) -> tuple[BinTable, Pixels]:
    with open_level(str(uri), Level(resolution), engine, **options) as opened:
        pieces = list(opened.chunks())
        again = list(opened.chunks())
        total = opened.total
    bin1, bin2, count = (np.concatenate(column) for column in zip(*pieces, strict=True))
    assert sum(len(piece[0]) for piece in again) == len(bin1) == total
    key = bin1.astype(np.int64) * len(opened.bins) + bin2
    assert (np.diff(key) > 0).all(), "not sorted by (bin1, bin2)"
    assert (bin1 <= bin2).all()
    assert bin1.dtype == bin2.dtype == np.int32
    return opened.bins, (bin1, bin2, count)


def assert_same_pixels(one: Pixels, other: Pixels) -> None:
    for one_column, other_column in zip(one, other, strict=True):
        np.testing.assert_array_equal(one_column, other_column)


@cache
def read_real(path: Path, resolution: int, engine: str) -> tuple[BinTable, Pixels]:
    """Read a level of a real file, once for all tests."""
    return read(path, resolution, engine)


# --- real files


@pytest.mark.parametrize(
    ("name", "resolution", "n_bins", "nnz", "contacts"),
    [
        ("straw_test.hic", 2_500_000, 1_254, 386_625, 2_353_230),
        ("GSE63525_HMEC_combined_example.hic", 50_000, 61_928, 53_598, 5_629_898),
        ("hic_test_file.hic", 100_000, 1_380, 890_384, 119_208_613),
        ("4dn_test3.hic", 2_000_000, 1_558, 581_871, 1_234_120),
        ("imr90_hindiii_chr20.hic", 25_000, 2_498, 467_763, 2_637_340),
        ("imr90_hindiii_chr20.hic", 50_000, 1_249, 281_510, 2_637_340),
        ("imr90_hindiii_chr20.hic", 100_000, 625, 128_704, 2_637_340),
    ],
)
def test_both_engines_read_the_same_pixels(
    shared_data: Path, name: str, resolution: int, n_bins: int, nnz: int, contacts: int
) -> None:
    bins, pixels = read_real(shared_data / name, resolution, "hictkpy")
    _, others = read_real(shared_data / name, resolution, "hicstraw")
    assert_same_pixels(pixels, others)
    assert (len(bins), len(pixels[0]), pixels[2].sum()) == (n_bins, nnz, contacts)
    assert pixels[2].dtype == np.int64
    assert not {"all", "ALL", "All"} & set(bins.chromosomes)


@pytest.mark.parametrize(
    ("name", "partner", "resolution"),
    [
        ("hic_test_file.hic", "cooler_test_file.mcool", 100_000),
        ("imr90_hindiii_chr20.hic", "imr90_hindiii_chr20.mcool", 25_000),
        ("imr90_hindiii_chr20.hic", "imr90_hindiii_chr20.mcool", 100_000),
    ],
)
def test_pixels_equal_those_of_the_same_map_as_a_cooler(
    shared_data: Path, name: str, partner: str, resolution: int
) -> None:
    bins, pixels = read_real(shared_data / name, resolution, "hictkpy")
    assert_same_pixels(pixels, stored_pixels(shared_data / partner, f"resolutions/{resolution}"))
    with h5py.File(shared_data / partner, "r", locking=False) as file:
        table = file[f"resolutions/{resolution}/bins"]
        np.testing.assert_array_equal(bins.start, table["start"][:])
        np.testing.assert_array_equal(bins.end, table["end"][:])
        np.testing.assert_array_equal(bins.chromosome_ids, table["chrom"][:])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "resolution", "size"),
    [("imr90_hindiii_chr20.hic", 100_000, 10_000), ("straw_test.hic", 2_500_000, 40_000)],
)
def test_many_strips_give_the_same_pixels_as_one(
    shared_data: Path, engine: str, name: str, resolution: int, size: int
) -> None:
    _, expected = read_real(shared_data / name, resolution, engine)
    command = worker(
        f"from counterpoise.ingest.hic_worker import main; main(args, strip_records={size})"
    )
    with open_level(
        str(shared_data / name), Level(resolution), engine, chunk_pixels=size, command=command
    ) as opened:
        pieces = list(opened.chunks())
    sizes = [len(piece[0]) for piece in pieces]
    rows = [(piece[0][0], piece[0][-1]) for piece in pieces]
    assert len(sizes) > 5
    assert all(number >= size for number in sizes[:-1])
    assert all(last < first for (_, last), (first, _) in pairwise(rows))
    assert_same_pixels(
        expected, tuple(np.concatenate(column) for column in zip(*pieces, strict=True))
    )


def test_levels_and_assembly_are_read_from_the_header(shared_data: Path) -> None:
    info = inspect(str(shared_data / "4dn_test3.hic"), "hictkpy")
    assert info.format == "hic"
    assert [level.resolution for level in info.levels] == [2_000_000, 1_000_000, 500_000]
    assert info.assembly == "hg38.mainonly"  # stored as a path, .../hg38.mainonly.chrom.sizes
    assert info.identity == {}
    assert inspect(str(shared_data / "straw_test.hic"), "hicstraw").assembly == "hg19"


# --- small files written here: old versions, and damage in chosen places

EXPECTED = (
    np.array([0, 0, 0, 1, 2, 6]),
    np.array([0, 1, 5, 3, 6, 6]),
    np.array([5, 2, 3, 1, 0, 7]),
)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.hic"
    path.write_bytes(hic_bytes(8))
    return path


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("version", [6, 7, 8])
def test_old_versions_with_stored_zeros_and_an_empty_chromosome(
    tmp_path: Path, version: int, engine: str
) -> None:
    path = tmp_path / "old.hic"
    path.write_bytes(hic_bytes(version))
    bins, pixels = read(path, 200, engine)
    assert bins.chromosomes == ("a", "b|1", "empty")
    assert list(bins.offsets) == [0, 5, 8, 10]
    assert_same_pixels(pixels, EXPECTED)


@pytest.mark.parametrize("engine", ENGINES)
def test_counts_with_fractions_are_float64(tmp_path: Path, engine: str) -> None:
    path = tmp_path / "float.hic"
    path.write_bytes(hic_bytes(8, {(1, 1): [(0, 0, 2.5), (0, 1, 1.0)]}))
    _, (_, _, count) = read(path, 200, engine)
    assert count.dtype == np.float64
    assert count.tolist() == [2.5, 1.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_relative_path_that_begins_like_a_url(
    small: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.chdir(small.parent)
    small.rename("http_map.hic")
    assert_same_pixels(read("http_map.hic", 200, engine)[1], EXPECTED)


def count_all_records(data: bytes) -> int:
    """Read all that the plain parser reads; return the number of contact records."""
    file = HicFile(io.BufferedReader(io.BytesIO(data)), len(data), "some.hic")  # type: ignore[arg-type]
    total = 0
    for _, _, position in file.matrices:
        blocks = file.blocks(position, 200)
        total += 0 if blocks is None else file.count_records(blocks)
    return total


def test_a_file_cut_before_the_end_of_its_index_is_refused() -> None:
    data = hic_bytes(8)
    index_end = data.rindex(text("2_2")) + len(text("2_2")) + 12
    for length in range(1, index_end):
        with pytest.raises(InputError):
            count_all_records(data[:length])
    # Expected values and normalisations follow the index; they are never read.
    assert [count_all_records(data[:length]) for length in range(index_end, len(data))] == [6] * 12


@given(st.data())
def test_changed_bytes_raise_no_other_error_than_input_error(data: st.DataObject) -> None:
    content = bytearray(hic_bytes(8))
    for place in data.draw(st.lists(st.integers(4, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        assert count_all_records(bytes(content)) >= 0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_error_about_a_damaged_block_names_its_position(
    shared_data: Path, tmp_path: Path, engine: str
) -> None:
    content = bytearray((shared_data / "straw_test.hic").read_bytes())
    for place in range(170_000, 170_020):  # hic-straw alone gives 2,333 of 3,957 pixels here
        content[place] ^= 0x5A
    path = tmp_path / "damaged.hic"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.hic: .*byte 166,979 does not decompress"):
        read(path, 2_500_000, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("contacts", [{}, {(1, 1): []}])
def test_a_level_without_contacts_is_refused(
    tmp_path: Path, engine: str, contacts: Contacts
) -> None:
    path = tmp_path / "nothing.hic"
    path.write_bytes(hic_bytes(8, contacts))
    with pytest.raises(InputError, match="holds no contacts at 200 bp"):
        read(path, 200, engine)


# --- files that cannot be read


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("text_file.hic", "is not a .hic file"),
        ("wrong_magic.hic", "is not a .hic file"),
        ("truncated_body.hic", "is cut short"),
        ("fanc_rao2014.chr11_77400000_78600000.hic", "FAN-C's own format.*fanc to-cooler"),
        ("zero_bytes.cool", "is empty"),
        ("no_such_file.hic", "cannot be opened"),
    ],
)
def test_other_and_damaged_files_are_refused(
    shared_data: Path, name: str, words: str, engine: str
) -> None:
    path = str(shared_data / "bad" / name)
    with pytest.raises(InputError, match=words) as caught:
        inspect(path, engine)
    assert path in str(caught.value)
    with pytest.raises(InputError, match=words), open_level(path, Level(2_500_000), engine):
        pass


@pytest.mark.parametrize("engine", ENGINES)
def test_cut_normalisation_vectors_are_ignored(shared_data: Path, engine: str) -> None:
    _, expected = read_real(shared_data / "straw_test.hic", 2_500_000, "hictkpy")
    _, cut = read(shared_data / "bad" / "truncated_norm_vectors.hic", 2_500_000, engine)
    assert_same_pixels(cut, expected)


def test_unknown_versions_levels_and_engines_are_refused(small: Path) -> None:
    with pytest.raises(InputError, match=r"no level of 300 bp \(it has 200\)"):
        read(small, 300, "hictkpy")
    with pytest.raises(ConfigError, match="'juicer'; choose one of hictkpy, hicstraw"):
        inspect(str(small), "juicer")
    content = bytearray(small.read_bytes())
    content[4] = 5
    small.write_bytes(content)
    with pytest.raises(InputError, match="version 5"):
        inspect(str(small), "hictkpy")


# --- engines that misbehave


def worker(code: str) -> tuple[str, ...]:
    """Return a worker that runs ``code``, with its ``args`` and the number of its ``pipe``."""
    lines = ["import os, signal, sys, time", "args = sys.argv[1:]", "pipe = int(args[-1])"]
    return (sys.executable, "-c", "\n".join([*lines, code]))


AT = """os.write(pipe, b'{"at": "reading chr1 against chr2"}\\n'); """


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (AT + "os.kill(os.getpid(), signal.SIGSEGV)", r"crashed \(SIGSEGV\) while reading chr1 ag"),
        (AT + "os.kill(os.getpid(), signal.SIGKILL)", r"\(SIGKILL\).*memory ran out"),
        (
            AT + "sys.stderr.write('Hi-C magic string is missing'); sys.exit(7)",
            "ended with status 7 while reading chr1 against chr2; it printed: Hi-C magic string",
        ),
        ("sys.exit(0)", "ended with status 0 while opening it"),
        (
            "from counterpoise.ingest.hic_worker import main\n"
            "def bad(*_): raise RuntimeError('std::bad_alloc')\n"
            "main(args, engines={'hictkpy': bad})",
            r"failed while opening it \(RuntimeError: std::bad_alloc\)",
        ),
        (
            "import numpy as np\nfrom counterpoise.ingest.hic_worker import main\n"
            "nothing = (np.empty(0, int), np.empty(0, int), np.empty(0))\n"
            "main(args, engines={'hictkpy': lambda *_: lambda *_: nothing})",
            "returned 0 of the 3 contact records stored for a against a",
        ),
    ],
)
def test_an_engine_that_fails_raises_input_error(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(InputError, match=words) as caught:
        read(small, 200, "hictkpy", command=worker(code))
    assert "small.hic" in str(caught.value)
    assert list(temporary.iterdir()) == []


def test_a_full_temporary_folder_is_named_with_what_is_needed(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "from counterpoise.ingest.hic_worker import main\n"
        "def full(*_): raise OSError(28, 'No space left on device')\n"
        "main(args, engines={'hictkpy': full})"
    )
    with pytest.raises(DiskFullError) as caught:
        read(small, 200, "hictkpy", command=worker(code))
    records = len(read(small, 200, "hictkpy")[1][0])
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: its disk or your quota is full")
    assert f"small.hic at 200 bp, unpacked, takes about {12 * records} bytes" in message
    assert "Set TMPDIR" in message


def test_an_engine_that_hangs_is_ended(small: Path, tmp_path: Path) -> None:
    number = tmp_path / "number"
    code = f"open({str(number)!r}, 'w').write(str(os.getpid()))\n{AT} time.sleep(600)"
    start = time.monotonic()
    with pytest.raises(InputError, match="reported nothing for 1 s while reading chr1 agai"):
        read(small, 200, "hictkpy", command=worker(code), stall_seconds=1.0)
    assert time.monotonic() - start < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)


def test_temporary_files_have_no_name_and_engines_stay_in_the_worker(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with open_level(str(small), Level(200), "hicstraw") as opened:
        assert opened.total == 6
        assert list(temporary.iterdir()) == []
    # hictkpy keeps a core busy until its process ends, and both may crash it.
    code = (
        "import sys, counterpoise.ingest.hic_reader\n"
        "print({'hictkpy', 'hicstraw'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout.strip() == "set()"


def test_fetched_columns_cover_the_upper_triangle_once() -> None:
    bins = BinTable.fixed(("a", "b"), (100, 7), 1)
    covered = np.zeros((100, 100), dtype=int)
    for lo, hi in hic_worker.row_strips(100, 15_000, 1000):
        for first, last in hic_worker.column_spans(bins, 0, 0, (lo, hi)):
            covered[lo:hi, first:last] += 1
    assert covered.max() == 1
    assert covered[np.triu_indices(100)].min() == 1
    assert list(hic_worker.column_spans(bins, 0, 1, (0, 5))) == [(0, 7)]


# --- URLs


@pytest.fixture
def served(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, type[RangeHandler]]]:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")

    contents = {
        "/map.hic": (shared_data / "straw_test.hic").read_bytes(),
        "/page.hic": b"<html>please log in</html>",
    }
    with serve_ranges(contents) as server:
        yield server


def test_a_url_gives_the_same_pixels_as_the_file(
    served: tuple[str, type[RangeHandler]], shared_data: Path
) -> None:
    url = f"{served[0]}/map.hic"
    info = inspect(url, "hictkpy")
    size = (shared_data / "straw_test.hic").stat().st_size
    assert info.identity == {"bytes": size, "etag": '"one"'}
    assert info.levels[0].resolution == 2_500_000
    _, pixels = read(url, 2_500_000, "hictkpy")  # hicstraw reads it, whatever the engine
    _, local = read_real(shared_data / "straw_test.hic", 2_500_000, "hictkpy")
    assert_same_pixels(pixels, local)


def test_urls_that_cannot_be_read(served: tuple[str, type[RangeHandler]]) -> None:
    base, handler = served
    with pytest.raises(InputError, match=rf"{base}/none\.hic: .*HTTP 404"):
        inspect(f"{base}/none.hic", "hictkpy")
    with pytest.raises(InputError, match=r"is not a \.hic file"):
        inspect(f"{base}/page.hic", "hictkpy")
    handler.ignores_ranges = True
    with pytest.raises(InputError, match="sends complete files only"):
        inspect(f"{base}/map.hic", "hictkpy")
    with pytest.raises(InputError, match="cannot be reached"):
        inspect("http://127.0.0.1:1/map.hic", "hictkpy")


def test_a_server_that_refuses_the_engine_raises_input_error(
    served: tuple[str, type[RangeHandler]],
) -> None:
    base, handler = served
    # The request for the header succeeds; those of hic-straw fail.
    handler.refuses = staticmethod(
        lambda request: "Python-urllib" not in request.headers.get("User-Agent", "")
    )
    with pytest.raises(InputError, match="hicstraw"):
        read(f"{base}/map.hic", 2_500_000, "hicstraw", stall_seconds=3.0)
