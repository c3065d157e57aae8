"""Jobs that make priors: what they write, and why a run waits for another map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import InputError
from counterpoise.ingest.chromosome_choice import ChromosomeSettings
from counterpoise.jobs.plan import Plan
from counterpoise.jobs.prior import FilePriorJob, PoolJob
from counterpoise.jobs.resources import SNAKEMAKE_MB, START_MINUTES
from counterpoise.jobs.waiting import explain_waiting
from counterpoise.methods.kde_eb import KdeEbSettings
from counterpoise.records.verdict import Status
from counterpoise.store.missing import Unfinished, missing_reason
from counterpoise.store.priors import read_prior, read_settings
from counterpoise.store.weights import write_balance
from tests.support import REPOSITORY
from tests.support.biased import BINS, draw_biased, write_biased

TEXT = """\
resolutions: [1kb]
methods:
  kde_eb: {prior: group, bootstrap: 5, on_failure: stop}
  deep: {method: kde_eb, prior: deep.cool}
  column: {method: kde_eb, prior: deep.cool, prior_column: weight, tolerance: 1e-3}
  kr: {apply_weights_of: a}
samples:
  a: {path: a.cool, condition: wild}
  b: {path: b.cool, condition: wild}
  c: {path: c.cool, condition: mutant}
"""


@pytest.fixture
def cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cohort:
    for seed, name in enumerate("abc"):
        write_biased(tmp_path / f"{name}.cool", 20.0, seed)
    weights = cp.balance(draw_biased(200.0, 9), "kr", scope="cis", mask=None).weights
    write_biased(tmp_path / "deep.cool", 200.0, 9, weight=weights)
    (tmp_path / "conf" / "cohort").mkdir(parents=True)
    (tmp_path / "conf" / "cohort" / "mine.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    folder = f"hydra.searchpath=[file://{tmp_path}/conf]"
    return load_cohort(REPOSITORY / "conf", ["cohort=mine", folder])


def place(sample: str, method: str) -> SimpleNamespace:
    return SimpleNamespace(sample=sample, resolution="1000", method=method, group="wild")


def test_inputs_grow_with_the_samples_of_a_group(cohort: Cohort) -> None:
    plan = Plan(cohort, "results")
    base = "results/mine/priors/kde_eb"
    own = f"{base}/samples/a/1000/weights.parquet"
    assert plan.prior(place("a", "kde_eb")) == [f"{base}/groups/wild/1000.parquet", own]
    assert plan.prior(place("c", "kde_eb")) == []
    assert plan.prior(place("c", "deep")) == ["results/mine/priors/deep/file/1000.parquet"]
    assert plan.prior(place("a", "kr")) == []
    assert plan.pooled(place("", "kde_eb")) == [own, own.replace("/a/", "/b/")]
    bulk = ["weights/a/1000/kr/weights.parquet", "triples/a/1000/bins.parquet"]
    assert plan.applied(place("b", "kr")) == [f"results/mine/{path}" for path in bulk]
    assert plan.applied(place("a", "kr")) == plan.applied(place("b", "deep")) == []


def test_maps_of_a_pool_are_balanced_without_prior_and_bootstrap(cohort: Cohort) -> None:
    plan = Plan(cohort, "results")
    job = plan.job("balance", place("a", "kde_eb"))
    alone = plan.job("balance_alone", place("a", "kde_eb"))
    assert (job.prior, alone.prior) == (True, False)
    assert alone.settings == KdeEbSettings()
    assert (job.settings.bootstrap, job.settings.on_failure) == (5, "stop")
    assert plan.job("balance", place("b", "kr")).weights_of == "a"
    pool = plan.job("pool", place("", "kde_eb"))
    assert pool.samples == ["a", "b"]


def test_a_prior_of_a_file_is_that_of_its_balanced_map(cohort: Cohort, tmp_path: Path) -> None:
    job = FilePriorJob.of(cohort, "1000", "deep")
    output = str(tmp_path / "prior.parquet")
    job.run(output, threads=1)
    alone = cp.balance("deep.cool", "kde_eb")
    prior = read_prior(output, BINS)
    np.testing.assert_array_equal(prior.log_bias, cp.Prior.from_weights(alone.weights).log_bias)
    assert prior.sources == ("deep.cool",)
    assert read_settings(output) == job.to_params()
    assert FilePriorJob.from_params(job.to_params()) == job


def test_a_prior_of_a_column_is_its_weights(cohort: Cohort, tmp_path: Path) -> None:
    job = FilePriorJob.of(cohort, "1000", "column")
    assert job.settings == KdeEbSettings(), "the settings of the entry do not matter"
    output = str(tmp_path / "prior.parquet")
    job.run(output)
    prior = read_prior(output, BINS)
    weights = cp.balance(draw_biased(200.0, 9), "kr", scope="cis", mask=None).weights
    np.testing.assert_array_equal(prior.log_bias, -np.log(weights))
    assert prior.sources == ("deep.cool weight",)
    with pytest.raises(InputError, match="has no column 'KR'"):
        replace(job, column="KR").run(output)


@pytest.mark.parametrize("column", [None, "weight"])
def test_a_prior_of_a_file_goes_through_the_choice_of_chromosomes(
    cohort: Cohort, tmp_path: Path, column: str | None
) -> None:
    """The file has a chromosome that the samples lack, and another order."""
    bins = BinTable.fixed(("chr2", "chrM", "chr1"), (60_000, 9_000, 90_000), 1000)
    weights = cp.balance(draw_biased(200.0, 9, bins), "kr", scope="cis", mask=None).weights
    write_biased(tmp_path / "deep.cool", 200.0, 9, bins, weight=weights)
    chosen = ChromosomeSettings(leave_out=["chrM"], order=["chr1", "chr2"])
    job = FilePriorJob.of(cohort, "1000", "deep")
    assert "chromosomes" not in job.to_params()
    job = replace(job, column=column, chromosomes=chosen)
    assert FilePriorJob.from_params(job.to_params()) == job
    output = str(tmp_path / "prior.parquet")
    replace(job, chromosomes=None).run(output, threads=1)
    with pytest.raises(InputError, match="has other bins than the map"):
        read_prior(output, BINS)
    job.run(output, threads=1)
    whole = weights if column else cp.balance("deep.cool", "kde_eb").weights
    expected = np.concatenate([whole[69:159], whole[:60]])
    np.testing.assert_array_equal(read_prior(output, BINS).log_bias, -np.log(expected))
    nowhere = replace(job, chromosomes=ChromosomeSettings(keep=["chr7"]))
    with pytest.raises(InputError, match="has no chromosome that is chosen"):
        nowhere.run(output, threads=1)


def test_the_choice_of_chromosomes_of_a_cohort_is_that_of_its_prior(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_biased(tmp_path / "deep.cool", 20.0, 9)
    (tmp_path / "conf" / "cohort").mkdir(parents=True)
    (tmp_path / "conf" / "cohort" / "mine.yaml").write_text(
        "resolutions: [1kb]\nmethods: {kde_eb: {prior: deep.cool}}\n"
        "chromosomes: {keep: [chr1]}\nsamples: {a: {path: deep.cool}}\n"
    )
    folder = f"hydra.searchpath=[file://{tmp_path}/conf]"
    chosen = load_cohort(REPOSITORY / "conf", ["cohort=mine", folder])
    job = FilePriorJob.of(chosen, "1000", "kde_eb")
    assert job.chromosomes == ChromosomeSettings(keep=["chr1"])


def test_other_content_of_the_file_is_another_job(cohort: Cohort, tmp_path: Path) -> None:
    before = FilePriorJob.of(cohort, "1000", "deep")
    write_biased(tmp_path / "deep.cool", 200.0, 10)
    assert FilePriorJob.of(cohort, "1000", "deep").file_sha256 != before.file_sha256


def test_resources(cohort: Cohort) -> None:
    plan = Plan(cohort, "results")
    pool = PoolJob(cohort="mine", samples=["a"] * 600)
    assert pool.minutes([]) == START_MINUTES + 10
    with pytest.raises(FileNotFoundError) as caught:
        pool.mem_mb(["missing.parquet"], 1)
    assert caught.value.filename == "missing.parquet"
    file = FilePriorJob.of(cohort, "1000", "deep")
    assert file.threads([]) == 1
    assert file.mem_mb([], 1) > SNAKEMAKE_MB
    balanced = plan.job("balance", place("a", "deep"))
    assert balanced.prior
    grown = replace(file, settings=KdeEbSettings(score="cvm"))
    assert grown.mem_mb([], 1) >= file.mem_mb([], 1)


# --- runs that wait for another map -----------------------------------------------------------


def write_map_results(cohort: Cohort, *samples: str) -> None:
    """Write what says that maps were read and masked; nothing is read from these files."""
    for sample in samples:
        for path in (
            cohort.paths.map_files(sample, 1000).source,
            cohort.paths.mask(sample, 1000),
        ):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()


def log(cohort: Cohort, text: str, rule: str, *wildcards: str) -> None:
    path = Path(cohort.paths.log(rule, *wildcards))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"counterpoise: {text}\n")


def reasons(cohort: Cohort, *outputs: str) -> dict[str, str]:
    """Return why runs are missing, where these outputs and all verdicts are unfinished."""
    verdicts = [cohort.paths.run_files(*run.place).verdict for run in cohort.runs]
    unfinished = Unfinished((*outputs, *verdicts))
    other_maps = explain_waiting(Plan(cohort, "results"), unfinished)
    unfinished = replace(unfinished, other_maps=other_maps)
    return {
        f"{run.sample} {run.method}": missing_reason(cohort.paths, run, unfinished)
        for run in cohort.runs
    }


def test_a_failed_sample_is_named_by_those_that_need_it(cohort: Cohort) -> None:
    write_map_results(cohort, "a", "c")
    log(cohort, "b.cool: is damaged.", "ingest", "b", "1000")
    for sample in "ac":
        for method in cohort.methods:
            log(cohort, "no disk", "balance", sample, "1000", method)
    log(cohort, "deep.cool: is damaged.", "file_prior", "1000", "deep")
    pool, file = (
        cohort.paths.pool("wild", 1000, "kde_eb"),
        cohort.paths.file_prior(1000, "deep"),
    )
    alone = cohort.paths.alone_files("a", 1000, "kde_eb")
    result = cp.balance(draw_biased(20.0, 0), "kde_eb", mask=None)
    write_balance(result, BINS, alone)
    assert result.status is Status.CONVERGED
    why = reasons(cohort, pool, file, cohort.paths.run_files("a", 1000, "kr").weights)
    assert why["a kde_eb"] == "the prior needs sample b: ingest: b.cool: is damaged."
    assert why["b kde_eb"] == "ingest: b.cool: is damaged."
    assert why["c kde_eb"] == "balance: no disk"
    assert why["c deep"] == "file_prior: deep.cool: is damaged."
    assert why["a column"] == "balance: no disk"
    assert why["a kr"] == "balance: no disk"
    assert why["c kr"] == "the weights are those of sample a: balance: no disk"


def test_a_pool_that_failed_itself_is_named(cohort: Cohort) -> None:
    write_map_results(cohort, "a", "b", "c")
    result = cp.balance(draw_biased(20.0, 0), "kde_eb", mask=None)
    for sample in "ab":
        write_balance(result, BINS, cohort.paths.alone_files(sample, 1000, "kde_eb"))
    log(cohort, "sample b: has other bins.", "pool", "wild", "1000", "kde_eb")
    why = reasons(cohort, cohort.paths.pool("wild", 1000, "kde_eb"))
    assert why["a kde_eb"] == why["b kde_eb"] == "pool: sample b: has other bins."
