"""Tables of segments: the copy number of each bin, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.files import sha256
from counterpoise.ingest.copy_number_table import read_copy_number

BINS = BinTable.fixed(("chr1", "chr2", "chr3"), (33, 25, 10), 10)
SEGMENTS = "chr1\t0\t15\t2\nchr1\t15\t30\t8\nchr2\t5\t10\t3\nchrUn\t0\t1000\t7\n"
# Bins of chr1 from 0, 10, 20, 30 (uncovered); chr2 from 0, 10, 20; chr3.
COPIES = [2, 5, 8, 3, 3, 3, 3, 3]


def table(folder: Path, text: str) -> Path:
    path = folder / "segments.bed"
    path.write_text(text, encoding="utf-8")
    return path


def test_bins_have_the_mean_of_their_base_pairs(tmp_path: Path) -> None:
    path = table(tmp_path, SEGMENTS)
    read = read_copy_number(path, BINS)
    # Lengths are 15 for 2 and 8 and 5 for 3, so the median is 3.
    np.testing.assert_array_equal(read.copies, COPIES)
    assert read.uncovered == 4
    assert (read.file, read.sha256) == ("segments.bed", sha256(path))


@pytest.mark.parametrize(
    "text",
    [
        "# segments\n\n" + SEGMENTS,
        "chrom\tstart\tend\tcopies\n" + SEGMENTS,
        "Chromosome\tStart\tEnd\tmajor\n" + SEGMENTS,
        "track type=bedGraph\n" + SEGMENTS,
        SEGMENTS.replace("\t", "  "),
        SEGMENTS.replace("\n", "\r\n"),
        "".join(reversed(SEGMENTS.splitlines(keepends=True))),
        SEGMENTS + "chr1\t31\t31\t9\n",
        "chrom\tstart\tend\tname\tCN\n" + SEGMENTS.replace("\t2\n", "\tx\t2\n")
        .replace("\t8\n", "\tx\t8\n").replace("\t3\n", "\tx\t3\n").replace("\t7\n", "\tx\t7\n"),
    ],
    ids=[
        "comments", "header", "other header", "track line", "spaces", "CRLF", "any order",
        "empty segment", "named column",
    ],
)  # fmt: skip
def test_forms_of_the_table(tmp_path: Path, text: str) -> None:
    np.testing.assert_array_equal(read_copy_number(table(tmp_path, text), BINS).copies, COPIES)


def test_a_packed_table(tmp_path: Path) -> None:
    path = tmp_path / "segments.bed.gz"
    path.write_bytes(gzip.compress(SEGMENTS.encode()))
    np.testing.assert_array_equal(read_copy_number(path, BINS).copies, COPIES)


@given(
    st.lists(st.integers(0, 33), min_size=2, max_size=8, unique=True),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0]), min_size=7, max_size=7),
    st.lists(st.booleans(), min_size=7, max_size=7),
)
def test_against_every_base_pair(
    tmp_path_factory: pytest.TempPathFactory,
    borders: list[int],
    copies: list[float],
    given_: list[bool],
) -> None:
    """Neighbouring segments with gaps; the oracle looks at each base pair."""
    borders.sort()
    given_[0] = True
    segments = [
        (start, end, number)
        for start, end, number, present in zip(borders, borders[1:], copies, given_, strict=False)
        if present
    ]
    text = "".join(f"chr1\t{start}\t{end}\t{number}\n" for start, end, number in segments)
    base_pairs = np.full(33, np.nan)
    for start, end, number in segments:
        base_pairs[start:end] = number
    ordered = np.sort(base_pairs[np.isfinite(base_pairs)])
    median = ordered[(len(ordered) - 1) // 2]
    expected = [
        median if np.isnan(of_bin).all() else np.nanmean(of_bin)
        for of_bin in np.split(base_pairs, [10, 20, 30])
    ]
    read = read_copy_number(table(tmp_path_factory.mktemp("segments"), text), BINS)
    np.testing.assert_allclose(read.copies[:4], expected, rtol=1e-12)
    assert (read.copies[4:] == median).all()


def test_bins_of_unequal_length_and_holes(tmp_path: Path) -> None:
    start, end = np.array([5, 20, 40], np.int32), np.array([20, 30, 45], np.int32)
    bins = BinTable(
        ("chr1", "empty"), np.array([50, 9]), np.array([0, 3, 3]), start, end, resolution=None
    )
    path = table(tmp_path, "chr1\t0\t10\t1\nchr1\t10\t35\t4\nempty\t0\t9\t5\n")
    read = read_copy_number(path, bins)
    np.testing.assert_array_equal(read.copies, [3, 4, 4])
    assert read.uncovered == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no chromosome of the map: it has no segment"),
        ("1\t0\t5\t2\n", "names no chromosome of the map: it has 1, .* chr1.*chr1 versus"),
        ("chr1\t0\t5\n", r"line 1 is not a segment: 'chr1\\t0\\t5'\. Each line needs"),
        (SEGMENTS + "chr1\t9\t5\t2\n", "line 5 is not a segment"),
        ("chr1\t0\tx\t2\n", "line 1 is not a segment"),
        (SEGMENTS + "chr2\t0\t5\tNA\n", "line 5 has 'NA' for copies.* have the median"),
        ("chr1\t0\t5\t-0.7\n", "line 1 has '-0.7' for copies.* no log ratio"),
        ("chr1\t0\t5\tnan\n", "line 1 has 'nan' for copies"),
        ("chr1\t0\t5\tinf\n", "line 1 has 'inf' for copies"),
        (SEGMENTS + "chr1\t29\t31\t2\n", "lines 2 and 5 overlap on chr1. Give each base pair"),
        (SEGMENTS + "chr1\t0\t15\t2\n", "lines 1 and 5 overlap on chr1"),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    path = table(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        read_copy_number(path, BINS)
    assert str(path) in str(caught.value)
