"""Masks that samples share, against votes counted bin by bin."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.samples import Sample
from counterpoise.cohort.settings import CohortMaskSettings, CohortSettings
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import ConfigError, InputError
from counterpoise.jobs.plan import Plan
from counterpoise.jobs.shared_mask import FinalMaskJob, SharedMaskJob
from counterpoise.mask import Mask, MaskSettings, Reason, describe_filters, mask_bins
from counterpoise.mask.quorum import Quorum
from counterpoise.mask.sharing import count_keepers, measure_cost, share_mask
from counterpoise.store.masks import read_mask, read_own_mask, write_mask
from counterpoise.store.missing import Unfinished, missing_reason
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import write_bins
from counterpoise.store.runs import RunKey
from tests.support.maps import random_contacts

SHARED = ["union", "intersection", 0.2, 0.5, 0.8, 1.0, 1]
BINS = BinTable.fixed(("chr1", "chr2"), (60, 40), 10)


def own_mask(reasons: list[int]) -> Mask:
    """Return a mask by the filters of one sample, with these reasons."""
    bins = len(reasons)
    nnz, marginal = np.arange(bins, dtype=np.int64), np.arange(bins) / 3
    return Mask(np.array(reasons, dtype=np.uint8), nnz, marginal, MaskSettings())


OF_ONE_SAMPLE = st.sampled_from([Reason.KEPT, Reason.KEPT, Reason.EMPTY, Reason.MAD])


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[Mask], Quorum]:
    """Draw the own masks of one to six samples, and their quorum."""
    bins, samples = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    reasons = st.lists(OF_ONE_SAMPLE, min_size=bins, max_size=bins)
    masks = [own_mask(draw(reasons)) for _ in range(samples)]
    return masks, Quorum(draw(st.sampled_from(SHARED)), "group", "wild", samples)


@given(groups())
def test_a_bin_is_kept_where_enough_samples_keep_it(drawn: tuple[list[Mask], Quorum]) -> None:
    masks, quorum = drawn
    group = count_keepers([mask.kept for mask in masks], len(masks[0].reasons), quorum)
    finals = [share_mask(mask, group.kept, quorum) for mask in masks]
    for i, kept in enumerate(group.kept):
        votes = [mask.reasons[i] == Reason.KEPT for mask in masks]
        expected = {"union": any(votes), "intersection": all(votes)}
        if quorum.shared in expected:
            assert kept == expected[str(quorum.shared)]
        else:
            assert kept == (sum(votes) >= Fraction(str(quorum.shared)) * len(votes))
        assert group.keepers[i] == sum(votes)
        for own, final in zip(masks, finals, strict=True):
            if own.reasons[i] == Reason.EMPTY:
                assert final.reasons[i] == Reason.EMPTY
            elif kept:
                assert final.reasons[i] == Reason.KEPT
            elif own.reasons[i] == Reason.KEPT:
                assert final.reasons[i] == Reason.SHARED
            else:
                assert final.reasons[i] == own.reasons[i]
    with_contacts = np.all([mask.reasons != Reason.EMPTY for mask in masks], axis=0)
    assert len({final.kept[with_contacts].tobytes() for final in finals}) == 1


@given(st.integers(1, 200), st.integers(1, 100))
def test_a_share_asks_for_the_smallest_number_that_reaches_it(samples: int, percent: int) -> None:
    required = Quorum(percent / 100, "cohort", "all", samples).required
    assert required == math.ceil(Fraction(percent, 100) * samples)


@given(groups())
def test_costs_are_those_of_a_vote_without_the_sample(drawn: tuple[list[Mask], Quorum]) -> None:
    masks, quorum = drawn
    bins = range(len(masks[0].reasons))
    group = count_keepers([mask.kept for mask in masks], len(bins), quorum)
    for number, mask in enumerate(masks):
        cost = measure_cost(group, number, mask.kept)
        removed = [i for i in bins if not group.kept[i] and not mask.kept[i]]
        others = [other.kept for other in masks if other is not mask]
        alone = [i for i in removed if all(kept[i] for kept in others)]
        assert cost.removed_alone == len(alone)
        assert cost.removed_with_others == len(removed) - len(alone)
        assert cost.kept == sum(map(bool, mask.kept))
        assert cost.lost == sum(bool(mask.kept[i] and not group.kept[i]) for i in bins)
        assert cost.regained == sum(bool(group.kept[i] and not mask.kept[i]) for i in bins)


def test_a_mask_is_read_as_it_was_written(tmp_path: Path) -> None:
    bed = tmp_path / "bad.bed"
    bed.write_text("c0\t0\t5\nc9\t0\t5\n")
    contacts = random_contacts([60, 40], 0.2, 1)
    mask = mask_bins(contacts, {"min_nnz": 22, "blacklist": str(bed), "max_count": 10**6})
    write_mask(tmp_path / "mask.parquet", mask, contacts.bins)
    again = read_own_mask(tmp_path / "mask.parquet")
    for name in ("reasons", "nnz", "marginal"):
        before, after = getattr(mask, name), getattr(again, name)
        np.testing.assert_array_equal(before, after)
        assert before.dtype == after.dtype
    assert again.summary() == mask.summary()


# --- the jobs -----------------------------------------------------------------------------------


def write_group(folder: Path, masks: dict[str, Mask], **bins: BinTable) -> ResultPaths:
    """Write the own masks of samples and the bins of their maps."""
    paths = ResultPaths("c", str(folder))
    for sample, mask in masks.items():
        files = paths.map_files(sample, 10)
        Path(files.bins).parent.mkdir(parents=True)
        write_bins(files.bins, bins.get(sample, BINS))
        Path(paths.own_mask(sample, 10)).parent.mkdir(parents=True)
        write_mask(paths.own_mask(sample, 10), mask, bins.get(sample, BINS))
    return paths


def share(paths: ResultPaths, samples: list[str], shared: float | str) -> None:
    """Run the jobs of a group."""
    files = paths.shared_mask("wild", 10)
    Path(files.mask).parent.mkdir(parents=True, exist_ok=True)
    job = SharedMaskJob(cohort="c", samples=samples, shared=shared, shared_within="group")
    job.run(paths.root, "wild", 10, files)
    for sample in samples:
        mask = paths.mask(sample, 10)
        Path(mask).parent.mkdir(parents=True, exist_ok=True)
        own = paths.own_mask(sample, 10)
        FinalMaskJob().run(paths.map_files(sample, 10), own, files.mask, mask)


KEPT, MAD, EMPTY = Reason.KEPT, Reason.MAD, Reason.EMPTY
SAMPLES = {
    "a": own_mask([MAD, KEPT, KEPT, KEPT, EMPTY, *[KEPT] * 5]),
    "b": own_mask([MAD, MAD, KEPT, KEPT, *[KEPT] * 6]),
    "c": own_mask([KEPT, KEPT, MAD, KEPT, *[KEPT] * 6]),
}


def test_files_of_a_group(tmp_path: Path) -> None:
    paths = write_group(tmp_path, SAMPLES)
    share(paths, list(SAMPLES), 0.6)
    files = paths.shared_mask("wild", 10)
    table = pq.read_table(files.mask)
    assert table["samples"].to_pylist()[:5] == [1, 2, 2, 3, 2]
    assert table["kept"].to_pylist() == [False, *[True] * 9]
    assert table["only_masker"].to_pylist()[:5] == ["", "b", "c", "", "a"]
    assert json.loads(table.schema.metadata[b"counterpoise"]) == {
        "group": "wild", "required": 2, "samples": ["a", "b", "c"], "shared": 0.6,
        "shared_within": "group",
    }  # fmt: skip
    with open(files.costs, newline="") as stream:
        costs = {row.pop("sample"): row for row in csv.DictReader(stream, delimiter="\t")}
    assert costs["b"] == {
        "kept": "8", "lost": "0", "regained": "1", "removed_alone": "0", "removed_with_others": "1",
    }  # fmt: skip


def test_final_masks_of_a_group(tmp_path: Path) -> None:
    paths = write_group(tmp_path, SAMPLES)
    share(paths, list(SAMPLES), 0.6)
    kept = {sample: read_mask(paths.mask(sample, 10))[0].tolist() for sample in SAMPLES}
    assert kept["b"] == kept["c"] == [False, *[True] * 9]
    assert kept["a"] == [False, True, True, True, False, *[True] * 5], "empty stays masked"
    reasons = pq.read_table(paths.mask("c", 10))["reason"].to_pylist()
    assert reasons == ["shared", *["kept"] * 9]
    _, summary = read_mask(paths.mask("c", 10))
    assert summary["shared"] == {"group": "wild", "samples": 3, "required": 2}
    settings = {**asdict(MaskSettings()), "shared": 0.6, "shared_within": "group"}
    assert summary["settings"] == settings
    assert summary["reasons"]["shared"] == 1
    assert describe_filters(summary).endswith(" and bins that 2 of 3 samples keep")


def test_a_sample_of_one_keeps_its_own_bins(tmp_path: Path) -> None:
    paths = write_group(tmp_path, {"a": SAMPLES["a"]})
    share(paths, ["a"], "intersection")
    assert read_mask(paths.mask("a", 10))[0].tolist() == SAMPLES["a"].kept.tolist()


@pytest.mark.parametrize(
    ("bins", "difference"),
    [
        (BinTable.fixed(("chr2", "chr1"), (40, 60), 10), "its chromosomes are chr2, chr1"),
        (BinTable.fixed(("chr1", "chr2"), (55, 40), 10), "chr1 has 55 bp in the file and 60"),
    ],
)
def test_different_bins_are_named_with_both_samples(
    tmp_path: Path, bins: BinTable, difference: str
) -> None:
    paths = write_group(tmp_path, SAMPLES, c=bins)
    words = f"c/10/bins.parquet: sample c has other bins than a, .*{difference}.*group_by"
    with pytest.raises(InputError, match=words):
        share(paths, list(SAMPLES), "union")
    assert not Path(paths.shared_mask("wild", 10).mask).exists()


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["both", "", 0, 0.0, 1.5, -1, float("nan"), True])
def test_values_of_shared_that_are_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"mask\.shared is .*none, union, intersection or a"):
        CohortMaskSettings(shared=value)


def test_an_unknown_extent_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mask\.shared_within is 'batch'.*group, cohort"):
        CohortMaskSettings(shared_within="batch")


def test_the_filters_alone_are_those_of_a_single_map() -> None:
    settings = CohortMaskSettings(min_nnz=3, max_count=7, shared=0.5)
    assert settings.filters == MaskSettings(min_nnz=3, max_count=7)


# --- the plan -----------------------------------------------------------------------------------


def plan(**mask: Any) -> Plan:
    """Plan two samples of one group and one of another, which lacks the finer resolution."""
    settings = CohortSettings(cohort="c", resolutions=[1000, 2000], mask=CohortMaskSettings(**mask))
    samples = {
        "a": Sample(path="a.cool", condition="one"),
        "b": Sample(path="b.cool", condition="one"),
        "c": Sample(path="c.cool", condition="two", resolutions=[2000]),
    }
    return Plan(Cohort(settings, samples, {}, {}), "results")


def own_masks(planned: Plan, group: str, resolution: int) -> list[str]:
    return planned.own_masks(SimpleNamespace(group=group, resolution=str(resolution)))


def test_a_group_reads_the_masks_of_its_samples() -> None:
    planned = plan(shared="union")
    base = "results/c"
    assert own_masks(planned, "one", 1000) == [
        f"{base}/triples/a/1000/source.json",
        f"{base}/own_masks/a/1000.parquet",
        f"{base}/own_masks/b/1000.parquet",
    ]
    group = planned.group_mask(SimpleNamespace(sample="c", resolution="2000"))
    assert group == f"{base}/shared_masks/two/2000.parquet"


def test_a_sample_without_the_resolution_has_no_vote() -> None:
    planned = plan(shared=0.5, shared_within="cohort")
    assert planned.cohort.groups.sharing_mask("all", 1000) == ["a", "b"]
    assert planned.cohort.groups.sharing_mask("all", 2000) == ["a", "b", "c"]
    assert planned.cohort.groups.group_masks == [("all", 1000), ("all", 2000)]
    with pytest.raises(ConfigError, match="no group 'two' that shares masks at 1 kb"):
        plan(shared="union").cohort.groups.sharing_mask("two", 1000)


def test_filters_know_nothing_of_sharing() -> None:
    """So a change of it runs no filter again."""
    without = plan().params("mask")(SimpleNamespace())
    assert plan(shared=0.5).params("mask")(SimpleNamespace()) == without
    assert plan().cohort.groups.mask_groups == {}


def test_samples_without_a_mask_are_named_by_group() -> None:
    planned = plan(shared="union")
    unfinished = {planned.paths.own_mask("b", 1000), planned.paths.own_mask("c", 2000)}
    assert planned.awaited(unfinished) == {
        planned.paths.shared_mask("one", 1000).mask: ["b"],
        planned.paths.shared_mask("two", 2000).mask: ["c"],
    }


def test_a_sample_waits_for_the_masks_of_its_group(tmp_path: Path) -> None:
    paths = ResultPaths("c", str(tmp_path))
    for folder in (Path(paths.map_files("a", 10).source), Path(paths.own_mask("a", 10))):
        folder.parent.mkdir(parents=True)
        folder.touch()
    mask = paths.shared_mask("one", 10).mask
    groups = dict.fromkeys("abcd", "one")
    run = RunKey("a", 10, "kr")
    for absent, words in ((["b"], "b, which"), (["b", "c", "d"], "b and 2 other samples, which")):
        unfinished = Unfinished(
            (mask, paths.mask("a", 10)), mask_groups=groups, awaited={mask: absent}
        )
        reason = missing_reason(paths, run, unfinished)
        assert reason.startswith("shared_mask: waits for b")
        assert words in reason
