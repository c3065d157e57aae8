"""Settings of jobs: a change concerns the jobs that depend on it, and no others."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.cohort.revisions import REVISIONS
from counterpoise.files import FileState
from counterpoise.jobs.plan import Plan
from tests.support.configurations import (
    COHORT,
    COHORTS,
    demo,
    jobs,
    plain,
    settings_of,
    with_cohort,
)


@pytest.mark.parametrize("cohort", COHORTS)
def test_job_parameters_are_plain(cohort: str) -> None:
    run = demo(f"cohort={cohort}", "methods.ice.tolerance=cooler")
    for job, settings in jobs(run).items():
        assert plain(settings), f"{job}: {settings}"


def test_plain_detects_values_that_snakemake_cannot_compare() -> None:
    assert not plain({"a": [Path("x")]})
    assert not plain({"a": demo().settings.mask})


def test_a_change_of_a_method_affects_only_its_jobs() -> None:
    base, changed = jobs(demo()), jobs(demo("methods.kr.tolerance=1e-5"))
    assert changed["methods"].pop("kr") != base["methods"].pop("kr")
    assert changed.pop("report") != base.pop("report"), "the report states the settings"
    assert changed == base


def test_a_change_of_the_mask_affects_only_the_mask_job() -> None:
    base, changed = jobs(demo()), jobs(demo("mask.min_nnz=3"))
    assert changed.pop("mask") != base.pop("mask")
    assert changed.pop("report") != base.pop("report"), "the report states the settings"
    assert changed == base


def test_source_files() -> None:
    url = "https://example.org/x.hic"
    run = demo(f"samples.yeast.path={url}")
    file = run.source_file("yeast")
    assert re.fullmatch(r"resources/remote/[0-9a-f]{16}/x\.hic", file)
    assert run.remote == {Path(file).parent.name: url}
    assert run.source_file("simulated") == "resources/demo/simulated.cool"
    assert settings_of(run, "inspect", sample="simulated")["url"] is None


def test_jobs_receive_the_local_copy_of_an_address_and_no_credentials() -> None:
    url = "https://example.org/x.mcool?signature=secret"
    run = demo(f"samples.yeast.path='{url}::/resolutions/1000'")
    file = run.source_file("yeast")
    assert run.remote == {Path(file).parent.name: url}
    settings = settings_of(run, "inspect", sample="yeast")
    assert settings["uri"] == f"{file}::/resolutions/1000"
    assert settings["url"] == "https://example.org/x.mcool::/resolutions/1000"


def test_a_blacklist_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.bed").write_text("chrI\t0\t5\n")
    run = with_cohort(tmp_path, COHORT, "mask.blacklist=bad.bed")
    before = settings_of(run, "mask")
    assert before["filters"]["blacklist"] == "bad.bed"
    status = (tmp_path / "bad.bed").stat()
    (tmp_path / "bad.bed").write_text("chrI\t0\t6\n")
    os.utime("bad.bed", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert settings_of(run, "mask") != before, "same size and date"
    (tmp_path / "bad.bed").write_text("chrI\t0\t5\n")
    assert settings_of(run, "mask") == before, "only another date"


def test_a_table_of_copy_numbers_concerns_the_balancing_of_its_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cohort.bed", "own.bed"):
        (tmp_path / name).write_text(f"chrI\t0\t{len(name)}\t2\n")
    conf = tmp_path / "conf"
    base = jobs(with_cohort(tmp_path, COHORT))

    def load(*overrides: str) -> dict[str, Any]:
        return jobs(load_cohort(conf, ["cohort=mine", *overrides], root=tmp_path))

    own, both = "samples.b.copy_number=own.bed", "copy_number=cohort.bed"
    of_one, of_all = load(own), load(both, own)
    for changed, paths in ((of_one, [None, "own.bed"]), (of_all, ["cohort.bed", "own.bed"])):
        own_parts = {"methods": base["methods"], "report": base["report"]}
        assert {**changed, **own_parts} == base
        for settings in changed["methods"].values():
            assert [each.get("copy_number") for each in settings] == paths
    assert of_one["methods"]["kr"][0] == base["methods"]["kr"][0]
    (tmp_path / "own.bed").write_text("chrI\t0\t7\t3\n")
    again = load(both, own)["methods"]["kr"]
    assert again[0] == of_all["methods"]["kr"][0]
    assert again[1]["copy_number_sha256"] != of_all["methods"]["kr"][1]["copy_number_sha256"]


def test_a_table_of_copy_numbers_that_another_workflow_makes_is_an_input(tmp_path: Path) -> None:
    text = COHORT + "files_made: true\n"
    plan = Plan(with_cohort(tmp_path, text, "samples.b.copy_number=made.bed"), "results")
    assert plan.made_copy_number(SimpleNamespace(sample="a")) == []
    assert plan.made_copy_number(SimpleNamespace(sample="b")) == ["made.bed"]
    job = plan.job("balance", SimpleNamespace(sample="b", method="kr"))
    assert (job.copy_number, job.copy_number_sha256) == ("made.bed", None)
    assert type(job).from_params(job.to_params()) == job


def test_braces_in_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake takes {x} for a wildcard; a file that no rule makes is no input."""
    monkeypatch.chdir(tmp_path)
    bed = tmp_path / "bad{x}.bed"
    bed.write_text("chrI\t0\t5\n")
    (tmp_path / "a{x}.cool").write_bytes(bytes(3_000_000))
    text = COHORT.replace("path: resources/demo/simulated.cool\n", "path: 'a{x}.cool'\n")
    run = with_cohort(tmp_path, text, "mask.blacklist='bad{x}.bed'")
    plan = Plan(run, "results")
    assert plan.made_mask_files == []
    assert plan.made_source(SimpleNamespace(sample="a")) == []
    assert plan.made_source(SimpleNamespace(sample="b")) == ["resources/demo/simulated.cool"]
    assert settings_of(run, "inspect", sample="b")["size_and_date"] is None
    expected = FileState.of("a{x}.cool").size_and_date
    assert settings_of(run, "inspect", sample="a")["size_and_date"] == expected
    assert settings_of(run, "inspect", sample="a")["uri"] == "a{x}.cool"
    assert plan.job("inspect", SimpleNamespace(sample="a")).megabytes == 3
    before = settings_of(run, "mask")
    assert before["filters"]["blacklist"] == "bad{x}.bed"
    bed.write_text("chrI\t0\t10\n")
    assert settings_of(run, "mask") != before
    assert settings_of(demo(), "mask")["blacklist_sha256"] is None


@pytest.fixture(scope="module")
def demo_cohort() -> Cohort:
    return demo()


@pytest.mark.parametrize(
    ("stage", "concerned"),
    [
        ("inspect", {"inspect"}),
        ("ingest", {"ingest"}),
        ("mask", {"mask"}),
        ("balance", {"methods"}),
        ("export", {"export"}),
        ("plot", {"qc"}),
        ("compare", {"compare"}),
        ("report", {"report"}),
        ("track", {"tracking"}),
    ],
)
def test_a_raised_revision_concerns_its_rule_alone(
    stage: str, concerned: set[str], demo_cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = jobs(demo_cohort)
    monkeypatch.setitem(REVISIONS, stage, REVISIONS[stage] + 1)
    after = jobs(demo_cohort)
    assert {job for job in before if before[job] != after[job]} == concerned
