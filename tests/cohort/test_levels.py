"""Resolutions that the files of samples cannot give."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import cooler
import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.errors import ConfigError
from counterpoise.ingest import formats
from counterpoise.ingest.cooler_reader import inspect
from counterpoise.ingest.reader_interface import SourceInfo
from counterpoise.ingest.urls import download_path
from counterpoise.jobs.plan import Plan
from counterpoise.jobs.snakemake import plan_workflow
from counterpoise.store.runs import list_absent_runs
from tests.support import REPOSITORY
from tests.support.hic_files import hic_bytes
from tests.support.maps import write_map

COHORT = """# @package _global_
defaults:
  - /method@methods.kr: kr
  - _self_
cohort: mine
resolutions: [1000, 2000]
primary: kr
samples:
  coarse: {path: coarse.cool}
  fine: {path: fine.cool}
  fine2: {path: fine.cool}
"""


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    write_map(folder / "fine.cool", 3)
    cooler.coarsen_cooler(str(folder / "fine.cool"), str(folder / "coarse.cool"), 2, 10**6)
    cooler.coarsen_cooler(str(folder / "fine.cool"), str(folder / "3kb.cool"), 3, 10**6)
    cooler.zoomify_cooler(str(folder / "3kb.cool"), str(folder / "fine.mcool"), [9000], 10**6)
    return folder


@pytest.fixture
def folder(maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in maps.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compose(folder: Path, text: str = COHORT, *overrides: str) -> Cohort:
    (folder / "conf" / "cohort").mkdir(parents=True, exist_ok=True)
    (folder / "conf" / "cohort" / "mine.yaml").write_text(text)
    chosen = ["cohort=mine", f"hydra.searchpath=[file://{folder}/conf]"]
    return load_cohort(REPOSITORY / "conf", [*chosen, *overrides])


SEVERAL = """# @package _global_
defaults:
  - /method@methods.kr: kr
  - _self_
cohort: mine
resolutions: [3000, 9000, 18000, 45000, 54000]
primary: kr
samples:
  levels: {path: fine.mcool}
  one: {path: 3kb.cool}
  hic: {path: 4dn_test3.hic, resolutions: [500000, 1000000, 3000000]}
  url: {path: "https://example.org/x.mcool"}
  url_hic: {path: "https://example.org/x.hic"}
"""


def test_what_is_read_and_what_is_summed(folder: Path, shared_data: Path) -> None:
    """Each map is summed from the next finer one that divides it, where reading takes longer."""
    shutil.copy(shared_data / "4dn_test3.hic", folder)
    cohort = compose(folder, SEVERAL)

    def finer(sample: str) -> dict[int, int | None]:
        sizes = cohort.resolutions(sample)
        return {size: cohort.finer_resolution(sample, size) for size in sizes}

    chain = {3000: None, 9000: 3000, 18000: 9000, 45000: 9000, 54000: 18000}
    assert finer("one") == finer("url_hic") == chain
    assert finer("levels") == {**chain, 9000: None}  # the file has 3 and 9 kb
    assert finer("url") == dict.fromkeys(chain)  # its levels are unknown
    # The file has 500 kb and 1 Mb.
    assert finer("hic") == {500_000: None, 1_000_000: 500_000, 3_000_000: 1_000_000}
    plan = Plan(cohort, "results")
    place = SimpleNamespace(sample="one", resolution="18000")
    assert plan.finer_map(place) == list(cohort.paths.map_files("one", 9000))


def test_a_level_that_a_file_lacks_costs_that_level_of_that_sample(folder: Path) -> None:
    cohort = compose(folder)
    reason = "no 1 kb level in coarse.cool (it has 2 kb)"
    assert cohort.absent("coarse") == {1000: reason}
    assert cohort.resolutions("coarse") == [2000]
    assert cohort.resolutions("fine") == [1000, 2000]  # 2 kb is summed from 1 kb
    assert cohort.compared == {1000: ["fine", "fine2"], 2000: ["coarse", "fine", "fine2"]}
    plan = Plan(cohort, "results")
    needed = plan.weights_of_sample(SimpleNamespace(sample="coarse"))
    assert needed
    assert all("/coarse/2000/" in path for path in needed)
    everything = plan.plots(None)
    assert not [path for path in everything if "/coarse/1000" in path]
    assert plan.job("export", SimpleNamespace(sample="coarse")).resolutions == [2000]
    entries = cohort.entries
    assert entries["coarse"].absent == {1000: reason}
    assert not entries["fine"].absent
    [absent] = list_absent_runs(entries, cohort.methods)
    assert (absent.sample, absent.resolution, absent.absent) == ("coarse", 1000, reason)
    # The rows of a sample stay together.
    names = [run.sample for run in plan.job("report").rows]
    assert names == ["coarse"] * 2 + ["fine"] * 2 + ["fine2"] * 2


def test_a_figure_that_compares_one_sample_is_not_planned(folder: Path) -> None:
    cohort = compose(folder, COHORT.replace("  fine2: {path: fine.cool}\n", ""))
    plan = Plan(cohort, "results")
    files = [f"results/mine/compare/2000.{kind}" for kind in ("png", "tsv")]
    assert sorted(plan.comparisons(None)) == files
    with pytest.raises(ConfigError, match="no two samples at 1 kb"):
        plan.compared_maps(SimpleNamespace(resolution="1000"))


def test_a_level_that_is_asked_for_by_name_is_refused(folder: Path) -> None:
    plan = Plan(compose(folder), "results")
    coarse = SimpleNamespace(sample="coarse", resolution="1000")
    with pytest.raises(ConfigError, match=r"sample coarse: no 1 kb level in coarse.cool \(it has"):
        plan.source_of_level(coarse)
    coarse.resolution = "4000"
    assert plan.source_of_level(coarse) == []  # no rule makes the file


def test_a_file_without_any_of_the_levels_is_refused(folder: Path) -> None:
    cohort = compose(folder, COHORT.replace("[1000, 2000]", "[500, 1000]"))
    with pytest.raises(ConfigError) as caught:
        cohort.resolutions("coarse")
    expected = "sample coarse: coarse.cool has no level of 500 bp, 1 kb, and no finer one"
    assert str(caught.value).startswith(expected)
    assert "(it has 2 kb)" in str(caught.value)


def test_files_of_any_form_are_looked_into(folder: Path) -> None:
    (folder / "map.hic").write_bytes(hic_bytes(8, resolution=2000))
    url = "https://host/fine.mcool"
    downloaded = folder / download_path(f"{url}?signature=secret")
    downloaded.parent.mkdir(parents=True)
    shutil.copy(folder / "fine.mcool", downloaded)
    samples = {
        "url": f"{url}?signature=secret",
        "mcool": "fine.mcool",
        "group": "fine.mcool::/resolutions/9000",
        "hic": "map.hic",
    }
    lines = "".join(f"  {name}: {{path: '{path}'}}\n" for name, path in samples.items())
    text = COHORT.partition("  coarse:")[0].replace("[1000, 2000]", "[2000, 6000, 9000, 18000]")
    cohort = compose(folder, text + lines)
    assert cohort.resolutions("mcool") == [6000, 9000, 18000]
    assert cohort.resolutions("group") == [9000, 18000]
    assert cohort.resolutions("hic") == [2000, 6000, 18000]
    assert cohort.absent("hic") == {9000: "no 9 kb level in map.hic (it has 2 kb)"}
    assert "(it has 3 kb, 9 kb)" in cohort.absent("mcool")[2000]
    assert cohort.absent("url") == {2000: f"no 2 kb level in {url} (it has 3 kb, 9 kb)"}


@pytest.mark.parametrize("state", ["missing", "damaged", "unreadable", "made"])
def test_unknown_levels_are_left_to_the_jobs(
    folder: Path, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file costs its sample only, when ``inspect`` reads it."""
    overrides = ["files_made=true"] if state in ("missing", "made") else []
    cohort = compose(folder, COHORT, *overrides)
    path = folder / "coarse.cool"
    if state == "missing":
        path.unlink()
    elif state == "damaged":
        path.write_bytes(path.read_bytes()[:3000])
    elif state == "unreadable":

        def refuse(*arguments: object, **options: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr("counterpoise.cohort.file_levels.inspect_source", refuse)
    assert cohort.resolutions("coarse") == [1000, 2000]


def plan_in(
    folder: Path, text: str = COHORT, *, is_main_process: bool = True, missing_levels: str = "skip"
) -> Plan:
    (folder / "conf" / "cohort").mkdir(parents=True, exist_ok=True)
    (folder / "conf" / "cohort" / "mine.yaml").write_text(text)
    workflow = SimpleNamespace(
        current_basedir=REPOSITORY,
        modifier=SimpleNamespace(modify_path=lambda path: path),
        is_main_process=is_main_process,
    )
    overrides = [f"missing_levels={missing_levels}"]
    config = {"cohort": "mine", "conf": str(folder / "conf"), "hydra_overrides": overrides}
    return plan_workflow(workflow, config)


@pytest.fixture
def no_configurations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERPOISE_CONFIGURATIONS", "[]")


@pytest.mark.usefixtures("no_configurations")
def test_the_main_process_names_what_is_skipped(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_in(folder)
    assert capsys.readouterr().err == (
        "counterpoise: the samples' files lack these levels, which are skipped; all others are "
        "made:\n  coarse at 1 kb: no 1 kb level in coarse.cool (it has 2 kb)\n"
    )
    plan_in(folder, COHORT.replace("[1000, 2000]", "[2000]"), missing_levels="stop")
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit, match=r"coarse\.cool has no level of 500 bp"):
        plan_in(folder, COHORT.replace("[1000, 2000]", "[500]"))


@pytest.mark.usefixtures("no_configurations")
def test_the_main_process_names_files_that_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "coarse.cool"
    path.write_bytes(path.read_bytes()[:3000])
    plan_in(folder)
    first, line = capsys.readouterr().err.splitlines()
    assert first == (
        "counterpoise: the files of these samples cannot be read, and the jobs that need them will "
        "fail; correct the files, or remove the samples:"
    )
    assert line.startswith("  coarse: coarse.cool: ")
    path.write_text("chr1\t0\t100\n")
    plan_in(folder)
    assert "  coarse: coarse.cool: " in capsys.readouterr().err
    plan_in(folder, is_main_process=False)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("no_configurations")
def test_a_plan_with_missing_levels_can_be_refused(folder: Path) -> None:
    """Every sample and level is named, also of files that have none of the levels."""
    text = COHORT.replace("[1000, 2000]", "[500, 1000, 2000]")
    with pytest.raises(SystemExit) as caught:
        plan_in(folder, text, missing_levels="stop")
    message, *lines, remedy = str(caught.value).splitlines()
    assert message.startswith("counterpoise: missing_levels is stop")
    assert lines == [
        "  coarse at 500 bp: no 500 bp level in coarse.cool (it has 2 kb)",
        "  coarse at 1 kb: no 1 kb level in coarse.cool (it has 2 kb)",
        "  fine at 500 bp: no 500 bp level in fine.cool (it has 1 kb)",
        "  fine2 at 500 bp: no 500 bp level in fine.cool (it has 1 kb)",
    ]
    assert "set missing_levels to skip" in remedy
    with pytest.raises(SystemExit, match="missing_levels is stop") as caught:
        plan_in(folder, COHORT.replace("[1000, 2000]", "[500]"), missing_levels="stop")
    assert str(caught.value).count("at 500 bp") == 3


def test_another_word_than_skip_and_stop_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing_levels is 'ask'; it must be skip or stop\."):
        compose(folder, COHORT, "missing_levels=ask")


@pytest.mark.parametrize("resolutions", ["[1000, 2000]", "all"])
@pytest.mark.usefixtures("no_configurations")
def test_a_job_of_a_cluster_opens_no_file_of_another_sample(
    folder: Path, resolutions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job reads the Snakefile too."""
    opened: list[str] = []

    def inspect_source(uri: str, *arguments: object, **options: object) -> SourceInfo:
        opened.append(uri)
        return formats.inspect_source(uri, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("counterpoise.cohort.file_levels.inspect_source", inspect_source)
    plan = plan_in(folder, COHORT.replace("[1000, 2000]", resolutions), is_main_process=False)
    assert opened == []
    assert plan.job("export", SimpleNamespace(sample="coarse")).resolutions == [2000]
    assert opened == ["coarse.cool"]


def test_a_quick_look_gives_the_same_levels(folder: Path) -> None:
    for name in ("fine.cool", "fine.mcool"):
        path = str(folder / name)
        assert inspect(path, "h5py", quick=True) == inspect(path, "h5py")
