"""The depth of each map beside the others of its cohort."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import counterpoise as cp
from counterpoise.cohort.compose import load_cohort
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.jobs.compare import CompareJob
from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.wording import fitness_reason
from counterpoise.report.comparison.samples import Sample
from counterpoise.report.depth import find_shallow
from counterpoise.report.page import write_report
from counterpoise.report.summary import (
    COLUMN_NAMES,
    read_fitness,
    read_run_verdict,
    summary_rows,
    write_summary,
)
from counterpoise.store.masks import write_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.runs import RunKey, SampleLabels
from counterpoise.store.weights import write_balance
from counterpoise.tracking.values import read_values
from tests.support import REPOSITORY
from tests.support.report_page import Page

RESOLUTION = 10_000


def shallow(depths: dict[str, float], groups: dict[str, str]) -> dict[str, Shallow]:
    contacts = {(sample, RESOLUTION): depth for sample, depth in depths.items()}
    found = find_shallow(contacts, groups, 0.2)
    return {sample: fact for (sample, _), fact in found.items()}


def test_a_map_is_compared_with_the_cohort() -> None:
    depths = {"a": 19.0, "b": 100.0, "c": 100.0, "d": 400.0}
    assert shallow(depths, dict.fromkeys(depths, "")) == {"a": Shallow(19.0, 100.0, 4, "", 0.2)}
    assert shallow(depths | {"a": 20.0}, dict.fromkeys(depths, "")) == {}


def test_a_group_of_three_samples_is_compared_with_itself() -> None:
    depths = {"a": 10.0, "b": 11.0, "c": 12.0, "d": 1000.0, "e": 1000.0, "f": 1000.0, "g": 10.0}
    groups = {**dict.fromkeys("abc", "capture"), **dict.fromkeys("defg", "deep")}
    assert shallow(depths, groups) == {"g": Shallow(10.0, 1000.0, 4, "deep", 0.2)}
    # Two samples of a group are compared with all.
    two = {key: value for key, value in depths.items() if key != "c"}
    assert set(shallow(two, groups)) == {"a", "b", "g"}


@pytest.mark.parametrize("depths", [{}, {"a": 0.0}, {"a": 5.0}, {"a": 0.0, "b": 0.0}])
def test_cohorts_without_a_comparison(depths: dict[str, float]) -> None:
    assert shallow(depths, dict.fromkeys("ab", "")) == {}


def test_of_two_samples_each_is_compared_with_the_other() -> None:
    """A median of two would be half of a sample's own depth: 19 of 100 would be 32 % of it."""
    assert shallow({"a": 19.0, "b": 100.0}, dict.fromkeys("ab", "")) == {
        "a": Shallow(19.0, 100.0, 1, "", 0.2)
    }
    assert shallow({"a": 20.0, "b": 100.0}, dict.fromkeys("ab", "x")) == {}
    assert fitness_reason([Shallow(19.0, 100.0, 1, "", 0.2)]) == (
        "The map has 19 contacts, 19 % of those of the only other sample (100) and less than 20 %."
    )


def test_resolutions_are_compared_apart() -> None:
    contacts = {("a", 1000): 1.0, ("b", 1000): 1.0, ("a", 5000): 100.0, ("b", 5000): 1.0}
    assert set(find_shallow(contacts, dict.fromkeys("ab", ""), 0.2)) == {("b", 5000)}


def test_the_summary_hands_the_fitness_on(tmp_path: Path) -> None:
    row = dict.fromkeys(COLUMN_NAMES) | {"sample": "a", "resolution": 1000}
    rows = [
        {**row, "method": "kr", "fitness": "no", "fitness_reason": "Too few."},
        {**row, "method": "ice", "fitness": "good", "fitness_reason": ""},
        {**row, "method": "vc", "status": "missing"},
    ]
    write_summary(rows, tmp_path / "summary.tsv")
    assert read_fitness(tmp_path / "summary.tsv") == {
        ("a", 1000, "kr"): ("no", "Too few."),
        ("a", 1000, "ice"): ("good", ""),
        ("a", 1000, "vc"): ("", ""),
    }
    with open(tmp_path / "summary.tsv", encoding="utf-8", newline="") as table:
        assert [line["status"] for line in csv.DictReader(table, delimiter="\t")][2] == "missing"


# --- from the files of three samples to what people read --------------------------------------


@pytest.fixture
def paths(tmp_path: Path) -> ResultPaths:
    """Results of one method on three maps, and plain pictures.

    Map ``c`` has a tenth of the contacts of the others and is fit for use by its own facts.
    """
    paths = ResultPaths("deep", str(tmp_path / "results"))
    bins = cooler.binnify(pd.Series({"chr1": 30 * RESOLUTION}), RESOLUTION)
    bin1, bin2 = np.triu_indices(len(bins))
    for seed, (sample, depth) in enumerate({"a": 400, "b": 400, "c": 40}.items()):
        counts = np.random.default_rng(seed).poisson(depth / (1 + (bin2 - bin1) / 4)) + 1
        pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
        source = str(tmp_path / f"{sample}.cool")
        cooler.create_cooler(source, bins, pixels)
        files = paths.map_files(sample, RESOLUTION)
        write_map(inspect_source(source), RESOLUTION, files)
        contacts = read_map(files)
        mask = cp.mask_bins(contacts)
        write_mask(paths.mask(sample, RESOLUTION), mask, contacts.bins)
        result = cp.balance(contacts, "kr", mask=mask.kept)
        write_balance(result, contacts.bins, paths.run_files(sample, RESOLUTION, "kr"))
        plot = Path(paths.plot(sample, RESOLUTION, "kr"))
        plot.parent.mkdir(parents=True)
        Image.new("RGB", (16, 10)).save(plot)
    return paths


RUNS = [RunKey(sample, RESOLUTION, "kr") for sample in "abc"]
REASON = re.compile(
    r"The map has [\d,]+ contacts, 1\d % of the median of the cohort "
    r"\([\d,]+ over 3 samples\) and less than 20 %\."
)


def test_a_shallow_map_is_for_use_with_caution_wherever_it_is_judged(paths: ResultPaths) -> None:
    verdicts = [read_run_verdict(paths, run) for run in RUNS]
    assert [verdict.fitness for verdict in verdicts] == [Fitness.GOOD] * 3
    rows = summary_rows(paths, RUNS)
    assert [row["fitness"] for row in rows] == ["good", "good", "caution"]
    assert [row["fitness_reason"] for row in rows[:2]] == ["", ""]
    reason = rows[2]["fitness_reason"]
    assert REASON.fullmatch(reason)

    write_report(paths, RUNS, rows, paths.report)
    page = Page(Path(paths.report).read_text(encoding="utf-8"))
    assert page.data["runs"]["label"] == ["fit for use", "fit for use", "use with caution"]
    assert page.data["runs"]["fitness_reason"] == [None, None, reason]
    assert f" {reason}" in page.text  # in the answer
    assert reason in page.text  # among the reasons

    write_summary(rows, paths.summary)
    judged = read_fitness(paths.summary)
    tags = [read_values(paths, run, judged[run.place]).tags for run in RUNS]
    assert [tag["fitness"] for tag in tags] == ["good", "good", "caution"]
    assert [tag["fitness_reason"] for tag in tags] == ["", "", reason]


def test_the_limit_of_depth_is_a_setting(paths: ResultPaths) -> None:
    rows = summary_rows(paths, RUNS, limits=FitnessSettings(depth_caution=0.05))
    assert {row["fitness"] for row in rows} == {"good"}


@pytest.mark.parametrize("limit", [0.2, 0.05])
def test_samples_side_by_side_have_the_fitness_of_the_summary(
    paths: ResultPaths, monkeypatch: pytest.MonkeyPatch, limit: float
) -> None:
    drawn: list[Sample] = []

    def draw(samples: list[Sample], *unused: object) -> None:
        drawn.extend(samples)

    monkeypatch.setattr("counterpoise.report.comparison.plot.plot_comparison", draw)
    job = CompareJob(
        cohort=paths.cohort,
        resolution=RESOLUTION,
        samples={sample: SampleLabels() for sample in "abc"},
        methods=["kr"],
        primary="kr",
        dpi=110,
        depth_caution=limit,
    )
    job.run(paths.root, paths.comparison(RESOLUTION), paths.concordance(RESOLUTION))
    rows = summary_rows(paths, RUNS, limits=FitnessSettings(depth_caution=limit))
    assert [sample.fitness("kr") for sample in drawn] == [row["fitness"] for row in rows]


def test_a_merged_sample_sets_no_median_and_is_held_to_others_than_its_members() -> None:
    """Without the rule, the three sums would raise the median of the files to 300."""
    files = {f"{group}{k}": 50.0 for group in "xyz" for k in (1, 2)}
    merged = {"x": 300.0, "y": 300.0, "z": 300.0, "most": 800.0, "all": 900.0}
    members = {group: [f"{group}1", f"{group}2"] for group in "xyz"}
    members |= {"all": list(files), "most": ["x1", "x2", "y1", "y2"]}
    contacts = {(name, RESOLUTION): n for name, n in {**files, **merged}.items()}
    groups = dict.fromkeys([*files, *merged], "")
    assert find_shallow(contacts, groups, 0.2, members) == {}
    contacts["z1", RESOLUTION] = contacts["z2", RESOLUTION] = 4.0
    contacts["z", RESOLUTION] = 8.0
    found = find_shallow(contacts, groups, 0.2, members)
    assert found == {
        ("z1", RESOLUTION): Shallow(4.0, 50.0, 6, "", 0.2),
        ("z2", RESOLUTION): Shallow(4.0, 50.0, 6, "", 0.2),
        ("z", RESOLUTION): Shallow(8.0, 50.0, 4, "", 0.2),
    }
    # Members that are only merged are no samples of the cohort, so the sums are compared.
    only = {name: groups[name] for name in merged}
    sums = {place: n for place, n in contacts.items() if place[0] in only}
    assert find_shallow(sums, only, 0.2, members) == {
        ("z", RESOLUTION): Shallow(8.0, 300.0, 4, "", 0.2)
    }


def test_the_comparison_has_the_limit_of_the_cohort() -> None:
    cohort = load_cohort(REPOSITORY / "conf", ["fitness.depth_caution=0.03"], REPOSITORY)
    job = CompareJob.of(cohort, min(cohort.compared))
    assert job.depth_caution == 0.03


def test_the_comparison_shows_the_region_of_the_settings() -> None:
    """Without a region, the comparison chooses one."""
    plain, chosen = (
        CompareJob.of(load_cohort(REPOSITORY / "conf", words, REPOSITORY), 10_000)
        for words in ([], ["qc.region='chr1:1-200000'"])
    )
    assert plain.region is None
    assert chosen.to_params() == {**plain.to_params(), "region": "chr1:1-200000"}
    assert CompareJob.from_params(chosen.to_params()) == chosen
