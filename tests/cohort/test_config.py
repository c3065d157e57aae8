"""The configuration: everything in conf/ composes, to the settings that a cohort asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.errors import ConfigError
from counterpoise.store.runs import SampleEntry
from tests.support.configurations import (
    COHORT,
    COHORTS,
    demo,
    jobs,
    method_of,
    options,
    plain,
    settings_of,
    with_cohort,
)


def test_cohorts_are_there() -> None:
    assert {"demo", "scc1"} <= set(COHORTS)


@pytest.mark.parametrize("cohort", COHORTS)
def test_every_cohort_composes(cohort: str) -> None:
    run = demo(f"cohort={cohort}")
    assert run.settings.cohort == cohort
    assert run.samples
    assert run.settings.primary in run.methods
    assert run.runs


@pytest.mark.parametrize(
    ("group", "option"),
    [
        (group, option)
        for group in ("mask", "backend", "tracking", "qc")
        for option in options(group)
    ],
)
def test_every_option_composes(group: str, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")
    assert isinstance(demo(f"{group}={option}"), Cohort)


@pytest.mark.parametrize("experiment", options("experiment"))
@pytest.mark.parametrize("cohort", COHORTS)
def test_every_experiment_fits_every_cohort(cohort: str, experiment: str) -> None:
    base, run = demo(f"cohort={cohort}"), demo(f"cohort={cohort}", f"experiment={experiment}")
    assert run.experiment == experiment
    assert settings_of(run, "mask")["filters"] != settings_of(base, "mask")["filters"]
    assert jobs(run)["methods"] == jobs(base)["methods"]
    assert jobs(run)["ingest"] == jobs(base)["ingest"]


@pytest.mark.parametrize("method", options("method"))
def test_every_method_composes(method: str) -> None:
    run = demo(f"+method@methods.other_{method}={method}")
    name = f"other_{method}"
    assert run.algorithms[name] == method
    sample = next(iter(run.samples))
    settings = settings_of(run, "balance", sample=sample, method=name)
    assert (settings["name"], settings["method"]) == (name, method)


def test_no_mask() -> None:
    settings = settings_of(demo("mask=none"), "mask")["filters"]
    assert (settings["min_nnz"], settings["min_count"], settings["mad_max"]) == (0, 0, 0)
    assert settings_of(demo(), "mask")["filters"]["min_nnz"] == 10, (
        "the dataclass's default otherwise"
    )


def test_tracking_off() -> None:
    assert settings_of(demo("tracking=off"), "track")["tracking"]["enabled"] is False


def test_tracking_server_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")
    settings = settings_of(demo("tracking=server"), "track")["tracking"]
    assert settings["uri"] == "http://tracking.example:5000"
    assert settings["artifacts"] is None


def test_tracking_server_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ConfigError, match=r"tracking\.uri.*MLFLOW_TRACKING_URI"):
        demo("tracking=server")


def test_a_server_may_be_written_in_capitals() -> None:
    uri = "HTTP://tracking.example"
    words = (f"tracking.uri={uri}", "tracking.artifacts=null")
    assert settings_of(demo(*words), "track")["tracking"]["uri"] == uri


def test_credentials_do_not_go_into_the_uri() -> None:
    with pytest.raises(ConfigError, match=r"tracking\.uri.*MLFLOW_TRACKING_PASSWORD") as caught:
        demo("tracking.uri=http://me:secret@tracking.example")
    assert "secret" not in str(caught.value)


def test_a_cohorts_own_settings(tmp_path: Path) -> None:
    text = COHORT + "mask: {min_nnz: 4}\nmethods: {kr: {scope: genome, on_failure: keep}}\n"
    run = with_cohort(tmp_path, text)
    assert settings_of(run, "mask")["filters"]["min_nnz"] == 4
    assert settings_of(run, "mask")["filters"]["mad_max"] == 5
    kr = method_of(run, "kr")
    assert (kr["scope"], kr["on_failure"], kr["ignore_diags"]) == ("genome", "keep", 0)
    assert method_of(run, "ice") == method_of(demo(), "ice"), "untouched"
    assert run.resolutions("a") == [10000, 50000]
    assert run.resolutions("b") == [20000]
    assert run.entries["b"] == SampleEntry(
        [20000], {"condition": "treated", "replicate": "2"}, "treated"
    )
    assert len(run.runs) == (2 + 1) * 2


def test_second_entry_of_an_algorithm(tmp_path: Path) -> None:
    text = COHORT.replace("  - _self_", "  - /method@methods.ice_strict: ice\n  - _self_")
    run = with_cohort(tmp_path, text + "methods: {ice_strict: {tolerance: 1e-9}}\n")
    assert run.algorithms == {"ice": "ice", "kr": "kr", "ice_strict": "ice"}
    assert method_of(run, "ice_strict")["tolerance"] == 1e-9
    assert method_of(run, "ice")["tolerance"] == 1e-5
    assert settings_of(run, "export", sample="a")["columns"] == {
        "ice": "GW_ICE",
        "kr": "KR",
        "ice_strict": "GW_ICE_STRICT",
    }


@pytest.mark.parametrize(
    ("scope", "column"), [("cis", "KR"), ("genome", "GW_KR"), ("trans", "INTER_KR")]
)
def test_columns_carry_the_scope(scope: str, column: str) -> None:
    assert demo(f"methods.kr.scope={scope}").column("kr") == column


def test_a_number_without_a_point_is_a_tolerance(tmp_path: Path) -> None:
    run = with_cohort(tmp_path, COHORT + "methods: {ice: {tolerance: 1}, kr: {tolerance: 1}}\n")
    assert method_of(run, "ice")["tolerance"] == method_of(run, "kr")["tolerance"] == 1


def test_one_column_for_two_methods_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"methods\.gw_ice and methods\.ice.*column GW_ICE"):
        demo("+method@methods.gw_ice=ice", "methods.gw_ice.scope=cis")
    with pytest.raises(ConfigError, match=r"methods\.\w+: two names differ only in case"):
        demo("+method@methods.ICE=ice")


@pytest.mark.parametrize("line", ["# @package _global_\n", "cohort: mine\n", "primary: ice\n"])
def test_lines_that_need_not_be_there(tmp_path: Path, line: str) -> None:
    assert line in COHORT
    whole, without = (
        with_cohort(tmp_path / str(number), text)
        for number, text in enumerate((COHORT, COHORT.replace(line, "")))
    )
    assert jobs(without) == jobs(whole)


def test_samples_from_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = COHORT.partition("samples:")[0] + "sample_sheet: sheet.tsv\n"
    (tmp_path / "x.cool").touch()
    (tmp_path / "sheet.tsv").write_text("sample\tpath\treplicate\none\tx.cool\t1\n")
    run = with_cohort(tmp_path, text)
    assert run.entries == {"one": SampleEntry([10000, 50000], {"replicate": "1"})}
    assert plain(jobs(run))


def test_composing_twice_gives_the_same() -> None:
    assert jobs(demo()) == jobs(demo())
