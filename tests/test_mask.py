"""The filters on bins, against a plain dense version of them written here."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.contacts.bed import Interval, read_intervals
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import ConfigError, InputError
from counterpoise.mask import FILTERS, Mask, MaskSettings, Reason, describe_notes, mask_bins
from counterpoise.store.masks import read_mask, write_mask
from tests.support.maps import random_map


def as_contacts(matrix: np.ndarray, bins: BinTable) -> Contacts:
    upper = sp.csr_matrix(np.triu(matrix))
    return Contacts(
        bins, upper.indptr.astype(np.int64), upper.indices.astype(np.uint32), upper.data
    )


@st.composite
def maps(draw: st.DrawFn) -> tuple[np.ndarray, BinTable]:
    """Draw a symmetric dense map of one to four chromosomes, with sparse and empty bins."""
    sizes = draw(st.lists(st.integers(1, 25), min_size=1, max_size=4))
    bins = BinTable.fixed([f"c{i}" for i in range(len(sizes))], [10 * n for n in sizes], 10)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = len(bins)
    bias = np.exp(rng.normal(0, draw(st.sampled_from([0.0, 0.5, 2.0])), n))
    bias[rng.random(n) < draw(st.sampled_from([0.0, 0.2]))] = 0
    mean = draw(st.sampled_from([0.3, 2.0, 20.0])) * np.outer(bias, bias)
    upper = np.triu(rng.poisson(np.minimum(mean, 1000)))
    return (upper + np.triu(upper, 1).T).astype(np.float64), bins


def naive(
    matrix: np.ndarray, bins: BinTable, settings: MaskSettings, inside: np.ndarray | None = None
) -> list[str]:
    """Return the reason for each bin, filter by filter on the full dense matrix."""
    used = used_pixels(matrix, bins.chromosome_ids, settings)
    partners = [int(np.count_nonzero(row)) for row in used]
    marginal = [float(row.sum()) for row in used]
    in_regions = np.ones(len(bins), dtype=bool) if inside is None else inside
    relative = relative_marginals(marginal, bins, in_regions)
    floor = mad_cutoff(list(relative.values()), -settings.mad_max)
    ceiling = mad_cutoff(list(relative.values()), settings.mad_max_above)
    reasons = []
    for i in range(len(matrix)):
        if partners[i] == 0:
            reasons.append("empty")
        elif not in_regions[i]:
            reasons.append("regions")
        elif partners[i] < settings.min_nnz:
            reasons.append("min_nnz")
        elif marginal[i] < settings.min_count:
            reasons.append("min_count")
        elif floor is not None and relative[i] < floor:
            reasons.append("mad")
        elif settings.max_count and marginal[i] > settings.max_count:
            reasons.append("max_count")
        elif ceiling is not None and relative[i] > ceiling:
            reasons.append("mad_above")
        else:
            reasons.append("kept")
    return reasons


def used_pixels(matrix: np.ndarray, chromosome: np.ndarray, settings: MaskSettings) -> np.ndarray:
    """Return the matrix without ignored diagonals and, if so set, without trans pixels."""
    used = matrix.copy()
    for i, j in np.ndindex(*matrix.shape):
        trans = chromosome[i] != chromosome[j]
        near = abs(i - j) < settings.ignore_diags and (settings.ignore_diags_trans or not trans)
        if near or (settings.cis_only and trans):
            used[i, j] = 0
    return used


def relative_marginals(
    marginal: list[float], bins: BinTable, in_regions: np.ndarray
) -> dict[int, float]:
    """Return the marginals of bins with contacts, relative to the median of their chromosome."""
    chromosome = bins.chromosome_ids
    relative = {}
    for c in range(len(bins.chromosomes)):
        counted = [
            i for i, m in enumerate(marginal) if chromosome[i] == c and m > 0 and in_regions[i]
        ]
        for i in counted:
            relative[i] = marginal[i] / np.median([marginal[k] for k in counted])
    return relative


def mad_cutoff(relative: list[float], mads: float) -> float | None:
    """Return the relative marginal at a distance from the median, in MADs; None for none."""
    if not relative or not mads:
        return None
    logs = np.log(relative)
    center = np.median(logs)
    return float(np.exp(center + mads * np.median(abs(logs - center))))


def names(mask: Mask) -> list[str]:
    return [Reason(code).name.lower() for code in mask.reasons]


@given(
    maps(),
    st.builds(
        MaskSettings,
        min_nnz=st.sampled_from([0, 1, 5, 10]),
        min_count=st.sampled_from([0, 1, 20, 200]),
        max_count=st.sampled_from([0, 0, 1, 20, 200]),
        mad_max=st.sampled_from([0.0, 0.5, 1.0, 3.0, 5.0]),
        mad_max_above=st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0]),
        ignore_diags=st.integers(0, 3),
        ignore_diags_trans=st.booleans(),
        cis_only=st.booleans(),
    ),
)
def test_equals_a_naive_version(drawn: tuple[np.ndarray, BinTable], filters: MaskSettings) -> None:
    matrix, bins = drawn
    # Several chunks, with rows of several lengths in each.
    mask = mask_bins(as_contacts(matrix, bins), filters, chunk_pixels=7)
    assert names(mask) == naive(matrix, bins, filters)
    assert mask.kept.tolist() == [name == "kept" for name in names(mask)]
    assert sum(mask.counts().values()) == len(bins)


@given(maps(), st.sampled_from([0.5, 1.0, 3.0]), st.integers(0, 2), st.booleans())
def test_thresholds_are_in_counts(
    drawn: tuple[np.ndarray, BinTable], mad_max: float, diagonals: int, cis: bool
) -> None:
    """A bin is masked by a filter if, and only if, its contacts lie below the stated number."""
    matrix, bins = drawn
    filters = MaskSettings(0, 0, mad_max, diagonals, cis)
    mask = mask_bins(as_contacts(matrix, bins), filters)
    by_chromosome = mask.thresholds["mad"]
    for name, lo, hi in bins.chromosome_ranges():
        reasons = mask.reasons[lo:hi]
        marginal = mask.marginal[lo:hi]
        filled = reasons != Reason.EMPTY
        assert (marginal[~filled] == 0).all()
        assert (name in by_chromosome) == filled.any()
        if filled.any():
            masked = reasons[filled] == Reason.MAD
            low, high = marginal[filled][masked], marginal[filled][~masked]
            # The stated number is rounded in its last bits; a tie may lie on either side of it.
            slack = 1 + 1e-12
            assert (low < by_chromosome[name] * slack).all()
            assert (high * slack >= by_chromosome[name]).all()


@given(maps(), st.sampled_from([0.5, 1.0, 3.0]))
def test_thresholds_above_are_in_counts(drawn: tuple[np.ndarray, BinTable], mads: float) -> None:
    matrix, bins = drawn
    filters = MaskSettings(0, 0, 0.0, 0, mad_max_above=mads)
    mask = mask_bins(as_contacts(matrix, bins), filters)
    for name, lo, hi in bins.chromosome_ranges():
        masked = mask.reasons[lo:hi] == Reason.MAD_ABOVE
        if masked.any() or mask.kept[lo:hi].any():
            threshold = mask.thresholds["mad_above"][name]
            assert (mask.marginal[lo:hi][masked] * (1 + 1e-12) > threshold).all()
            assert (mask.marginal[lo:hi][~masked] <= threshold * (1 + 1e-12)).all()


def test_filters_of_high_coverage() -> None:
    matrix = np.random.default_rng(1).poisson(100, (60, 60)).astype(np.float64)
    matrix = np.triu(matrix) + np.triu(matrix, 1).T
    matrix[7] = matrix[:, 7] = 500
    contacts = as_contacts(matrix, BinTable.fixed(("c",), (600,), 10))
    off = mask_bins(contacts, MaskSettings(0, 0, 0.0, 0))
    assert set(off.thresholds) == {"min_nnz", "min_count", "mad"}
    for name, filters in (
        ("max_count", MaskSettings(0, 0, 0.0, 0, max_count=20_000)),
        ("mad_above", MaskSettings(0, 0, 0.0, 0, mad_max_above=5)),
    ):
        mask = mask_bins(contacts, filters)
        assert np.flatnonzero([reason == name for reason in names(mask)]).tolist() == [7]
        assert set(mask.thresholds) == {"min_nnz", "min_count", "mad", name}


@given(maps(), st.sampled_from([1, 5, 30]), st.sampled_from([1, 10, 100]))
def test_min_thresholds(drawn: tuple[np.ndarray, BinTable], nnz: int, count: int) -> None:
    matrix, bins = drawn
    mask = mask_bins(as_contacts(matrix, bins), MaskSettings(nnz, count, 0.0, 0))
    assert (mask.thresholds["min_nnz"], mask.thresholds["min_count"]) == (nnz, count)
    np.testing.assert_array_equal(mask.marginal, matrix.sum(axis=1))
    np.testing.assert_array_equal(mask.nnz, (matrix > 0).sum(axis=1))
    np.testing.assert_array_equal(mask.kept, (mask.nnz >= nnz) & (mask.marginal >= count))


def one_bin_each() -> tuple[np.ndarray, BinTable]:
    """Return 20 bins: 0 is empty, 1 has two partners, 2 is weak, 3 weaker than most, 4 sound."""
    matrix = np.full((20, 20), 100.0)
    matrix[2] = matrix[:, 2] = 1
    matrix[3] = matrix[:, 3] = 10
    matrix[1] = matrix[:, 1] = 0
    matrix[1, [1, 5]] = matrix[5, 1] = 100
    matrix[0] = matrix[:, 0] = 0
    return np.triu(matrix) + np.triu(matrix, 1).T, BinTable.fixed(("c",), (200,), 10)


def test_the_first_failing_filter_wins(tmp_path: Path) -> None:
    matrix, bins = one_bin_each()
    bed = tmp_path / "bad.bed"
    bed.write_text("c\t0\t50\n")
    contacts = as_contacts(matrix, bins)
    filters = MaskSettings(3, 50, 5.0, 0, blacklist=str(bed))
    expected = ["empty", "min_nnz", "min_count", "mad", "blacklist"] + ["kept"] * 15
    assert names(mask_bins(contacts, filters)) == expected
    # Each filter left out hands its bin to the next that it fails.
    assert names(mask_bins(contacts, MaskSettings(0, 50, 5.0, 0)))[:5] == [
        "empty",
        "mad",
        "min_count",
        "mad",
        "kept",
    ]
    everything = MaskSettings(10**6, 10**6, 0.1, 0, blacklist=str(bed))
    assert set(names(mask_bins(contacts, everything))) == {"empty", "min_nnz"}


def test_every_reason_has_a_filter() -> None:
    """The last reason, of masks that samples share, has none."""
    assert [Reason.KEPT, *(reason for reason, _ in FILTERS), Reason.SHARED] == list(Reason)


def test_masked_bins_stay_in_the_pool_of_mad() -> None:
    """The medians include bins that an earlier filter masked, as in cooler."""
    matrix, bins = one_bin_each()
    contacts = as_contacts(matrix, bins)
    loose, strict = (mask_bins(contacts, MaskSettings(nnz, 0, 1.0, 0)) for nnz in (0, 3))
    assert loose.thresholds["mad"] == strict.thresholds["mad"]


def test_nothing_is_masked_without_filters() -> None:
    matrix, bins = one_bin_each()
    mask = mask_bins(as_contacts(matrix, bins), MaskSettings(0, 0, 0.0, 0))
    assert mask.counts()["kept"] == 19
    assert mask.counts()["empty"] == 1
    assert mask.thresholds["mad"] == {}


def test_defaults_are_coolers() -> None:
    assert mask_bins(as_contacts(*one_bin_each())).settings == MaskSettings(10, 0, 5.0, 2, False)


def test_empty_map() -> None:
    bins = BinTable.fixed(("a", "b"), (30, 20), 10)
    mask = mask_bins(as_contacts(np.zeros((5, 5)), bins))
    assert names(mask) == ["empty"] * 5


NUMBERS = ["min_nnz", "min_count", "max_count", "mad_max", "mad_max_above", "ignore_diags"]


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_settings_out_of_range(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"mask\.{key} is {value}"):
        MaskSettings(**{key: value})


# --- the blacklist ----------------------------------------------------------------------------

BINS = BinTable.fixed(("chr1", "chr2"), (100, 45), 10)


def with_blacklist(folder: Path, text: str | bytes, name: str = "list.bed") -> Mask:
    """Mask a map of which no other filter masks a bin with a BED file of this text."""
    bed = folder / name
    bed.write_bytes(text.encode() if isinstance(text, str) else text)
    contacts = as_contacts(np.ones((15, 15)), BINS)
    mask = mask_bins(contacts, MaskSettings(0, 0, 0.0, 0, blacklist=str(bed)))
    assert set(names(mask)) <= {"kept", "blacklist"}
    return mask


def blacklisted(folder: Path, text: str | bytes, name: str = "list.bed") -> list[int]:
    """Return the bins that a BED file of this text masks."""
    mask = with_blacklist(folder, text, name)
    return np.flatnonzero(mask.reasons == Reason.BLACKLIST).tolist()


@pytest.mark.parametrize(
    ("interval", "bins"),
    [
        ("0\t10", [0]),
        ("0\t11", [0, 1]),
        ("9\t10", [0]),
        ("9\t11", [0, 1]),
        ("10\t11", [1]),
        ("10\t20", [1]),
        ("10\t10", []),
        ("15\t15", []),
        ("95\t500", [9]),
        ("100\t200", []),
        ("0\t100", list(range(10))),
    ],
)
def test_intervals_are_half_open(tmp_path: Path, interval: str, bins: list[int]) -> None:
    assert blacklisted(tmp_path, f"chr1\t{interval}\n") == bins


def test_last_bin_is_shorter(tmp_path: Path) -> None:
    assert blacklisted(tmp_path, "chr2\t44\t45\n") == [14]
    assert blacklisted(tmp_path, "chr2\t45\t50\n") == []


@given(st.lists(st.tuples(st.integers(0, 110), st.integers(0, 40)), min_size=1, max_size=6))
def test_any_intervals(tmp_path_factory: pytest.TempPathFactory, spans: Any) -> None:
    folder = tmp_path_factory.mktemp("bed")
    text = "".join(f"chr1\t{start}\t{start + size}\n" for start, size in spans)
    bases = {base for start, size in spans for base in range(start, start + size)}
    expected = [i for i in range(10) if bases & set(range(10 * i, 10 * i + 10))]
    assert blacklisted(folder, text) == expected


def test_bed_with_comments_more_columns_and_unknown_chromosomes(tmp_path: Path) -> None:
    text = (
        "# ENCODE\nbrowser position chr1\ntrack name=bad\n\n"
        "chr1 0 5 name 100 +\nchrUn_1\t0\t1000\nchr2\t0\t1\tx\r\n"
    )
    assert blacklisted(tmp_path, text) == [0, 10]


BED = "chr1\t0\t5\nchr1\t35\t36\nchr2\t0\t1\n"


def packed(content: bytes) -> bytes:
    """Return content as gzip writes it, without the time, which would change the names of tests."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\ufeff" + BED, "list.bed"),
        (BED.replace("\n", "\r\n"), "list.bed"),
        (BED.replace("\n", "\r"), "list.bed"),
        ("\ufeff" + BED.replace("\n", "\r\n").removesuffix("\r\n"), "list.bed"),
        (packed(BED.encode()), "list.bed.gz"),
        (packed(BED.encode()), "list.bed"),
        (packed(BED[:12].encode()) + packed(BED[12:].encode()), "blocks.bed.gz"),
        (packed(("\ufeff" + BED.replace("\n", "\r\n")).encode()), "list.bed.gz"),
        (BED, "misnamed.bed.gz"),
        ("chrom\tstart\tend\n" + BED, "list.bed"),
        ("#chrom\tstart\tend\n" + BED, "list.bed"),
        ("track name=x\nchr chromStart chromEnd\n" + BED, "list.bed"),
        (
            BED.replace("chr1\t35", 'track type=bed name="a b"\nbrowser hide all\nchr1\t35'),
            "list.bed",
        ),
        (BED.replace("\t", " "), "list.bed"),
        (BED.replace("\n", "\tname of\t0\t+\n"), "list.bed"),
    ],
)
def test_every_line_counts(tmp_path: Path, text: str | bytes, name: str) -> None:
    assert blacklisted(tmp_path, text, name) == [0, 3, 10]


def test_a_chromosome_may_be_called_like_a_display_line(tmp_path: Path) -> None:
    note = with_blacklist(tmp_path, BED + "track\t0\t5\ntrack2\t0\t5\n").notes["blacklist"]
    assert note["unknown_chromosomes"] == ["track", "track2"]


def test_a_header_below_intervals_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 4 is not a BED interval: 'chrom"):
        blacklisted(tmp_path, BED + "chrom\tstart\tend\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (packed(BED.encode())[:-12], r"list\.bed: is damaged .*download the file again"),
        (b"\x1f\x8b\x00\x00rubbish", r"list\.bed: is damaged"),
        (packed(BED.encode())[:-8] + b"\xff" * 8, r"list\.bed: is damaged .*CRC"),
        (BED.encode("utf-16"), r"list\.bed: is not UTF-8 text .*plain text"),
        ("chr1\t\u00b2\t9\n", "line 1 is not a BED interval"),
        ("chr1\t5\t9 9\n", "line 1 is not a BED interval"),
        ("585\tchr1\t0\t5\n", "line 1 is not a BED interval"),
        ("\t5\t9\n", "line 1 is not a BED interval"),
        ("x" * 5000 + "\n", r"line 1 is not a BED interval: 'x{100}'\."),
    ],
)
def test_files_that_are_no_bed(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        blacklisted(tmp_path, text)


def test_unknown_chromosomes_are_counted(tmp_path: Path) -> None:
    mask = with_blacklist(tmp_path, BED + "chrUn\t0\t5\nMT\t3\t9\nchrUn\t7\t7\n")
    expected = {"intervals": 6, "unknown_intervals": 3, "unknown_chromosomes": ["MT", "chrUn"]}
    assert mask.notes == {"blacklist": expected}
    assert mask.summary()["notes"] == mask.notes
    assert describe_notes(mask.notes) == (
        "blacklist: 3 of 6 intervals are on chromosomes that the map does not have (MT, chrUn)"
    )
    write_mask(tmp_path / "mask.parquet", mask, BINS)
    assert read_mask(tmp_path / "mask.parquet")[1]["notes"] == mask.notes


def test_a_blacklist_that_fits_needs_no_words(tmp_path: Path) -> None:
    mask = with_blacklist(tmp_path, BED)
    assert mask.notes["blacklist"]["unknown_intervals"] == 0
    assert describe_notes(mask.notes) == describe_notes({}) == ""


def test_records_list_some_of_many_unknown_chromosomes(tmp_path: Path) -> None:
    mask = with_blacklist(tmp_path, BED + "".join(f"u{i:02}\t0\t5\n" for i in range(30)))
    assert mask.notes["blacklist"]["unknown_chromosomes"] == [f"u{i:02}" for i in range(20)]
    assert describe_notes(mask.notes).endswith(
        "(" + ", ".join(f"u{i:02}" for i in range(20)) + ", ...)"
    )


@pytest.mark.parametrize("line", ["chr1\t5", "chr1\tx\t10", "chr1\t5\t-3", "chr1\t9\t8", "chr1"])
def test_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"list\.bed: line 3 is not a BED interval: ") as caught:
        blacklisted(tmp_path, f"# c\nchr1\t0\t5\n{line}\n")
    assert repr(line) in str(caught.value)


def test_no_chromosome_in_common(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no chromosome of the map: it has 1, the map has chr1"):
        blacklisted(tmp_path, "1\t0\t50\n")


@pytest.mark.parametrize("name", ["none.bed", "a" * 300 + "none.bed"])
def test_blacklist_that_is_not_there(tmp_path: Path, name: str) -> None:
    filters = MaskSettings(blacklist=str(tmp_path / name))
    with pytest.raises(InputError, match=r"none\.bed: does not exist.*mask\.blacklist"):
        mask_bins(as_contacts(np.ones((15, 15)), BINS), filters)


def test_blacklist_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    filters = MaskSettings(blacklist=str(tmp_path / "pipe"))
    with pytest.raises(InputError, match=r"pipe: is no regular file\. Name a regular file"):
        mask_bins(as_contacts(np.ones((15, 15)), BINS), filters)


# --- on disk ----------------------------------------------------------------------------------


def test_round_trip(tmp_path: Path) -> None:
    matrix = random_map(40, seed=2, depth=2).toarray()
    matrix[5] = matrix[:, 5] = 0
    bins = BinTable.fixed(("one", "two"), (250, 150), 10)
    mask = mask_bins(as_contacts(matrix, bins), MaskSettings(min_nnz=0, mad_max=0.5))
    path = str(tmp_path / "masks" / "10.parquet")
    write_mask(path, mask, bins)
    kept, summary = read_mask(path)
    assert kept.dtype == bool
    np.testing.assert_array_equal(kept, mask.kept)
    assert summary == json.loads(json.dumps(mask.summary()))
    assert summary["reasons"]["mad"] > 0, "a filter was at work"
    table = pd.read_parquet(path)
    assert list(table) == ["chrom", "start", "end", "kept", "reason", "nnz", "marginal"]
    assert table["reason"].tolist() == names(mask)
    assert table["chrom"].tolist() == ["one"] * 25 + ["two"] * 15
    np.testing.assert_array_equal(table["start"], bins.start)
    np.testing.assert_array_equal(table["marginal"], mask.marginal)
    np.testing.assert_array_equal(table["nnz"], mask.nnz)


def test_same_bytes_twice(tmp_path: Path) -> None:
    bins = BinTable.fixed(("one",), (400,), 10)
    contacts = as_contacts(random_map(40, seed=3).toarray(), bins)
    for name in ("first", "second"):
        write_mask(str(tmp_path / name), mask_bins(contacts), bins)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


# --- regions ----------------------------------------------------------------------------------


@given(maps(), st.integers(0, 2**32 - 1))
def test_medians_are_those_of_bins_in_regions(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[np.ndarray, BinTable], seed: int
) -> None:
    matrix, bins = drawn
    inside = np.random.default_rng(seed).random(len(bins)) < 0.5
    inside[0] = True
    bed = tmp_path_factory.mktemp("bed") / "regions.bed"
    spans = zip(bins.chromosome_ids[inside], bins.start[inside], bins.end[inside], strict=True)
    bed.write_text("".join(f"c{number}\t{start}\t{end}\n" for number, start, end in spans))
    filters = MaskSettings(2, 3, 1.0, 1, mad_max_above=1.0, regions=str(bed))
    mask = mask_bins(as_contacts(matrix, bins), filters)
    assert names(mask) == naive(matrix, bins, filters, inside)
    assert mask.notes["regions"]["intervals"] == np.count_nonzero(inside)


def test_regions_without_a_bin_of_the_map_are_refused(tmp_path: Path) -> None:
    contacts = as_contacts(np.ones((15, 15)), BINS)
    bed = tmp_path / "regions.bed"
    for text, message in (
        ("", "has no region with a bin of the map"),
        ("chr1\t100\t200\n", "has no region with a bin of the map"),
        ("1\t0\t10\n", r"names no chromosome of the map: it has 1, the map has chr1, chr2"),
    ):
        bed.write_text(text)
        with pytest.raises(InputError, match=message):
            mask_bins(contacts, MaskSettings(regions=str(bed)))
    with pytest.raises(InputError, match=r"does not exist\. Check mask\.regions"):
        mask_bins(contacts, MaskSettings(regions=str(tmp_path / "nowhere.bed")))


def test_regions_on_unknown_chromosomes_are_counted(tmp_path: Path) -> None:
    bed = tmp_path / "regions.bed"
    bed.write_text("chr1\t0\t30\nchrUn\t0\t5\n")
    filters = MaskSettings(0, 0, 0.0, 0, regions=str(bed))
    mask = mask_bins(as_contacts(np.ones((15, 15)), BINS), filters)
    assert mask.kept.tolist() == [True] * 3 + [False] * 12
    assert describe_notes(mask.notes) == (
        "regions: 1 of 2 intervals are on chromosomes that the map does not have (chrUn)"
    )


def test_intervals_come_with_their_other_columns(tmp_path: Path) -> None:
    bed = tmp_path / "segments.bed"
    bed.write_text("#segments\nchr1\t0\t10\t2\tgain of one\nchr2 5 6 0.5\nchr2\t7\t9\n")
    assert list(read_intervals(str(bed), "copy_number")) == [
        Interval("chr1", 0, 10, ("2", "gain of one")),
        Interval("chr2", 5, 6, ("0.5",)),
        Interval("chr2", 7, 9),
    ]
