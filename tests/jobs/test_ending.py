"""Where the last lines say that results are, and the choice of a cohort that is not named."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from counterpoise.errors import ConfigError
from counterpoise.files import write_json
from counterpoise.jobs import ending, environment
from counterpoise.jobs.ending import ending_lines
from counterpoise.jobs.snakemake import report_finished, report_unfinished, require_cohort
from counterpoise.report.summary import COLUMN_NAMES
from counterpoise.report.table import write_table
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import ResultPaths
from tests.support import REPOSITORY


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A plan of two samples that have a summary."""
    monkeypatch.chdir(tmp_path)
    paths = ResultPaths("mine")
    Path(paths.base).mkdir(parents=True)
    row = dict.fromkeys(COLUMN_NAMES) | {"resolution": 1000, "method": "kr", "fitness": "good"}
    write_table([row | {"sample": name} for name in "ab"], COLUMN_NAMES, paths.summary)
    settings = SimpleNamespace(primary="kr")
    cohort = SimpleNamespace(settings=settings, samples={"a": None, "b": None})
    return SimpleNamespace(paths=paths, job_paths=paths, cohort=cohort, differences=[])


def track(plan: Any, **record: Any) -> None:
    record = {"status": "logged", "page": None, "experiment_id": "3", "reason": "", **record}
    write_json(plan.paths.tracking, record)


def test_a_database_is_shown_by_the_command(plan: Any) -> None:
    track(plan)
    lines = ending_lines(plan)
    assert lines[1] == "Cohort mine: 2 samples, 2 runs: 2 fit for use."
    assert lines[2:4] == [
        "Report   results/mine/report.html",
        "Coolers  results/mine/coolers/ (2 files)",
    ]
    assert lines[4].endswith("counterpoise ui --cohort mine")
    assert "http://127.0.0.1:5000/#/experiments/3/runs?" in lines[5]


def test_a_record_of_an_earlier_version_names_no_address(plan: Any) -> None:
    write_json(plan.paths.tracking, {"status": "logged", "page": None, "reason": ""})
    assert ending_lines(plan)[-2].endswith("counterpoise ui --cohort mine")


def test_a_server_is_shown_by_its_page(plan: Any) -> None:
    track(plan, page="https://example.org/#/experiments/3/runs")
    assert "MLflow   https://example.org/#/experiments/3/runs" in ending_lines(plan)


def test_a_store_that_was_not_reached_is_named(plan: Any) -> None:
    track(plan, status="pending", reason="Connection refused", experiment_id=None)
    assert any("not logged yet" in line and "refused" in line for line in ending_lines(plan))


@pytest.mark.parametrize("record", [{"status": "off"}, None])
def test_without_tracking_mlflow_is_not_named(plan: Any, record: Any) -> None:
    if record:
        track(plan, **record)
    assert "MLflow" not in " ".join(ending_lines(plan))


def test_the_page_of_differences_is_named_where_it_was_written(plan: Any) -> None:
    line = "Changes  results/mine/differences.html"
    Path(plan.paths.differences).touch()
    assert line not in ending_lines(plan), "is no experiment"
    plan.differences = [plan.paths.differences, plan.paths.difference_table]
    assert ending_lines(plan)[2:4] == ["Report   results/mine/report.html", line]
    Path(plan.paths.differences).unlink()
    assert line not in ending_lines(plan)


def test_coolers_that_were_not_made_are_counted(plan: Any) -> None:
    one = Unfinished((plan.paths.cooler("a"),))
    assert "Coolers  results/mine/coolers/ (1 file; 1 not made)" in ending_lines(plan, one)
    none = Unfinished((plan.paths.cooler("a"), plan.paths.cooler("b")))
    assert "Coolers  none" in ending_lines(plan, none)


def test_without_a_summary_nothing_is_said(plan: Any) -> None:
    Path(plan.paths.summary).unlink()
    assert ending_lines(plan) == []


@pytest.mark.parametrize(
    ("quiet", "asked", "said"),
    [((), True, True), (("PROGRESS",), True, True), (("ALL",), True, False), ((), False, False)],
)
def test_success_with_quiet_and_other_targets_print_nothing(
    plan: Any, capsys: pytest.CaptureFixture[str], quiet: tuple[str, ...], asked: bool, said: bool
) -> None:
    output = [plan.paths.summary] if asked else ["resources/demo/yeast.cool"]
    workflow = SimpleNamespace(
        dag=SimpleNamespace(jobs=[SimpleNamespace(output=output)]),
        output_settings=SimpleNamespace(quiet=[SimpleNamespace(name=each) for each in quiet]),
    )
    report_finished(workflow, plan)
    assert ("Cohort mine" in capsys.readouterr().err) is said


@pytest.mark.parametrize(("written", "quiet"), [(True, ()), (True, ("ALL",)), (False, ())])
def test_a_failure_is_told_unless_the_summary_was_not_written_again(
    plan: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    written: bool,
    quiet: tuple[str, ...],
) -> None:
    """Snakemake says nothing of a failure with ``--quiet all``."""
    workflow = SimpleNamespace(
        dag=SimpleNamespace(
            jobs=[SimpleNamespace(output=[plan.paths.summary])], needrun_jobs=lambda: []
        ),
        output_settings=SimpleNamespace(quiet=[SimpleNamespace(name=each) for each in quiet]),
    )
    plan.cohort.settings.thin = SimpleNamespace(is_on=False)
    vars(plan.cohort).update(downloads={}, members={})
    plan.cohort.groups = SimpleNamespace(mask_groups={})
    vars(plan).update(finer_maps={}, least_groups={}, awaited=lambda _: {}, differences=None)
    plan.job = lambda rule: rule
    place = "counterpoise.jobs.snakemake"
    monkeypatch.setattr(f"{place}.explain_waiting", lambda *_: {})
    monkeypatch.setattr(f"{place}._draw_blocked_plots", lambda *_: set())
    monkeypatch.setattr(
        f"{place}._make_for_now", lambda _, rule, *others: written or rule != "report"
    )
    report_unfinished(workflow, plan)
    assert ("Cohort mine" in capsys.readouterr().err) is written


def test_a_cohort_must_be_named_outside_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    require_cohort({}, REPOSITORY)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no cohort is chosen.*of the package \(demo, scc1"):
        require_cohort({}, REPOSITORY)
    (tmp_path / "conf" / "cohort").mkdir(parents=True)
    (tmp_path / "conf" / "cohort" / "mine.yaml").touch()
    with pytest.raises(ConfigError, match=r"conf=conf cohort=NAME .* this folder \(mine\), or"):
        require_cohort({}, REPOSITORY)
    require_cohort({"cohort": "scc1"}, REPOSITORY)
    require_cohort({"hydra_overrides": ["cohort=scc1"]}, REPOSITORY)


@pytest.mark.parametrize("is_on_path", [True, False])
def test_the_command_is_named_as_the_shell_finds_it(
    is_on_path: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name in ("python", "counterpoise"):
        (binaries / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(binaries / "python"))
    monkeypatch.setenv("PATH", f"{binaries if is_on_path else tmp_path}:/usr/bin")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "_place_caches", lambda: None)
    environment.prepare_jobs("scripts")
    assert ending._command() == ("counterpoise" if is_on_path else "bin/counterpoise")
