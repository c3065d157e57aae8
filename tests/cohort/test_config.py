"""The configuration: everything in conf/ composes, and everything wrong is refused by its key."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort, snakemake_overrides
from counterpoise.cohort.revisions import REVISIONS
from counterpoise.errors import ConfigError
from counterpoise.files import FileState
from counterpoise.jobs.plan import Plan
from counterpoise.store.runs import SampleEntry
from tests.support import REPOSITORY

CONF = REPOSITORY / "conf"
COHORTS = sorted(path.stem for path in (CONF / "cohort").glob("*.yaml"))

COHORT = """\
# @package _global_
defaults:
  - /method@methods.ice: ice
  - /method@methods.kr: kr
  - _self_

cohort: mine
resolutions: [10000, 50000]
primary: ice

samples:
  a:
    path: resources/demo/simulated.cool
  b:
    path: resources/demo/simulated.cool::/
    condition: treated
    replicate: "2"
    assembly: sacCer
    resolutions: [20000]
"""

SOURCE = """\

sources:
  iced:
    version: 0.6.0
    sha256: 1572132827c49ef336f7f65b4dcb604ea6d53c8cb8d9a2fd457e9980bbc06bfe
    members:
      duan.bed: iced/datasets/data/duan2009/duan.SC.10000.raw_sub.bed
"""


def demo(*overrides: str) -> Cohort:
    return load_cohort(CONF, list(overrides))


def with_cohort(folder: Path, text: str, *overrides: str) -> Cohort:
    """Compose a copy of conf/ with a cohort of this text."""
    conf = folder / "conf"
    shutil.copytree(CONF, conf)
    (conf / "cohort" / "mine.yaml").write_text(text, encoding="utf-8")
    return load_cohort(conf, ["cohort=mine", *overrides], root=folder)


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def settings_of(cohort: Cohort, rule: str, **wildcards: str) -> dict[str, Any]:
    """Return the settings of a rule's job, as Snakemake records them."""
    return Plan(cohort, "results").params(rule)(SimpleNamespace(**wildcards))


def method_of(cohort: Cohort, method: str) -> dict[str, Any]:
    """Return the settings of a method of the cohort."""
    sample = next(iter(cohort.samples))
    job = settings_of(cohort, "balance", sample=sample, method=method)
    settings: dict[str, Any] = job["settings"]
    return settings


def jobs(cohort: Cohort) -> dict[str, Any]:
    """Return the settings of every job."""
    return {
        "inspect": [settings_of(cohort, "inspect", sample=name) for name in cohort.samples],
        "ingest": [
            settings_of(cohort, "ingest", sample=name, resolution=str(resolution))
            for name, resolution in cohort.maps
        ],
        "mask": settings_of(cohort, "mask"),
        "methods": {
            name: [
                settings_of(cohort, "balance", sample=sample, method=name)
                for sample in cohort.samples
            ]
            for name in cohort.methods
        },
        "compare": [
            settings_of(cohort, "compare", resolution=str(resolution))
            for resolution in cohort.compared
        ],
        "report": settings_of(cohort, "report"),
        "export": {name: settings_of(cohort, "export", sample=name) for name in cohort.samples},
        "qc": [
            settings_of(cohort, "plot", sample=name, resolution=str(resolution))
            for name, resolution in cohort.maps
        ],
        "tracking": settings_of(cohort, "track"),
        "archives": {
            package: settings_of(cohort, "download_sdist", package=package)
            for package in cohort.settings.sources
        },
    }


@pytest.mark.parametrize("text", ["7", "true", "just words", "- a\n- b"])
def test_a_cohort_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"(configuration|conf/cohort).*mine"):
        with_cohort(tmp_path, text)


@pytest.mark.parametrize("name", ["a" * 300, "b" * 5000])
def test_a_path_too_long_for_a_file_system_is_refused(tmp_path: Path, name: str) -> None:
    for text in (
        COHORT.replace("resources/demo/simulated.cool", name),
        COHORT + f"mask:\n  blacklist: {name}\n",
    ):
        (tmp_path / name[0]).mkdir()
        with pytest.raises(ConfigError, match="does not exist"):
            with_cohort(tmp_path / name[0], text)
        shutil.rmtree(tmp_path / name[0])


# --- all existing files compose --------------------------------------------------------------


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


# --- the parameters of jobs ------------------------------------------------------------------


def plain(value: Any) -> bool:
    """Return whether all is builtin types; Snakemake's rerun trigger ignores anything else."""
    if type(value) is dict:
        return all(type(key) is str and plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(plain, value))
    return value is None or type(value) in (str, int, float, bool)


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


# --- several entries of one algorithm --------------------------------------------------------


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


def test_one_column_for_two_methods_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"methods\.gw_ice and methods\.ice.*column GW_ICE"):
        demo("+method@methods.gw_ice=ice", "methods.gw_ice.scope=cis")
    with pytest.raises(ConfigError, match=r"methods\.\w+: two names differ only in case"):
        demo("+method@methods.ICE=ice")


# --- everything wrong is refused, by its key --------------------------------------------------

WRONG = {
    # misspelt
    "methods.ice.tolerence=1e-3": r"methods\.ice\.tolerence: .*Did you mean tolerance\?",
    "methods.icee.tolerance=1e-3": r"methods\.icee",
    "maks.min_nnz=3": r"maks: .*Did you mean mask\?",
    "mask.min_nzz=3": r"mask\.min_nzz: .*Did you mean min_nnz\?",
    "samples.a.pth=x.cool": r"samples\.a\.pth: .*Did you mean path\?",
    "sources.iced.sha=1": r"sources\.iced\.sha",
    "tracking.url=x": r"tracking\.url: .*Did you mean uri\?",
    "qc.DPI=1": r"qc\.DPI",
    "ingest.engine=hictkpy": r"ingest\.engine: .*hic_engine",
    "backend.nam=auto": r"backend\.nam: .*Did you mean name\?",
    # added with a plus
    "+resolution=[1]": "resolution: .*Did you mean resolutions",
    "+mask.min_nzz=3": r"mask\.min_nzz: .*Did you mean min_nnz\?",
    "+methods.ice.tolerence=1": r"methods\.ice\.tolerence: .*Did you mean tolerance\?",
    "+methods.foo=3": r"methods\.foo has no algorithm",
    "+methods.foo.tolerance=3": r"methods\.foo has no algorithm",
    "+samples.new.path=x.cool": "new",
    # no such option
    "mask=strict": r"no mask 'strict'\. Known here: default, none",
    "backend=gpu": "no backend 'gpu'",
    "mask=null": "mask=null",
    # a wrong type
    "mask.min_nnz=many": r"mask\.min_nnz: Value 'many'",
    "mask.min_nnz=null": r"mask\.min_nnz: ",
    "mask.cis_only=maybe": r"mask\.cis_only: Value 'maybe'",
    "methods.ice.ignore_diags=1.5": r"methods\.ice\.ignore_diags: Value '1\.5'",
    "methods.ice.max_iterations=x": r"methods\.ice\.max_iterations: Value 'x'",
    "methods.kr.tolerance=cooler": r"methods\.kr\.tolerance: Value 'cooler'",
    "methods.kr=null": r"methods\.kr",
    "methods=null": "methods: ",
    "resolutions=ten": r"resolutions\[0\]: 'ten' is no resolution",
    "resolutions=[ten]": r"resolutions\[0\]: 'ten' is no resolution",
    "tracking.enabled=perhaps": r"tracking\.enabled: Value 'perhaps'",
    "qc.dpi=fine": r"qc\.dpi: Value 'fine'",
    # out of range
    "mask.min_nnz=-1": r"mask\.min_nnz is -1",
    "mask.mad_max=-0.1": r"mask\.mad_max is -0\.1",
    "mask.mad_max=nan": r"mask\.mad_max is nan",
    "mask.ignore_diags=-1": r"mask\.ignore_diags is -1",
    "mask.blacklist=nowhere.bed": r"mask\.blacklist: the file nowhere\.bed does not exist",
    "mask.regions=nowhere.bed": r"mask\.regions: the file nowhere\.bed does not exist",
    "mask.max_count=0.5": r"mask\.max_count: Value '0\.5'",
    "mask.shared=both": r"mask\.shared is 'both'; it must be none, union, intersection or a share",
    "mask.shared=1.5": r"mask\.shared is 1\.5; it must be",
    "mask.shared_within=batch": r"mask\.shared_within is 'batch'; it must be one of group, cohort",
    "copy_number=nowhere.bed": r"^copy_number: the file nowhere\.bed does not exist",
    "samples.a.copy_number=nowhere.bed": r"^samples\.a\.copy_number: the file nowhere\.bed does",
    "methods.ice.scope=chromosome": r"methods\.ice\.scope is 'chromosome'; .*cis",
    "methods.ice.on_failure=ignore": r"methods\.ice\.on_failure is 'ignore'; .*keep",
    "methods.ice.ignore_diags=-1": r"methods\.ice\.ignore_diags is -1",
    "methods.ice.tolerance=0.0": r"methods\.ice\.tolerance is 0\.0",
    "methods.ice.tolerance=coolr": r"methods\.ice\.tolerance is 'coolr'; .*'cooler'",
    "methods.ice.max_iterations=0": r"methods\.ice\.max_iterations is 0",
    "methods.ice.diagonal=3": r"methods\.ice\.diagonal is 3",
    "methods.kr.tolerance=inf": r"methods\.kr\.tolerance is inf",
    "methods.kr.max_products=0": r"methods\.kr\.max_products is 0",
    "backend.name=cuda": r"backend\.name is 'cuda'; .*native",
    "backend.device=gpu": r"backend\.device is 'gpu'; it must be cpu, cuda or null",
    "ingest.hic_engine=straw": r"ingest\.hic_engine is 'straw'; .*hicstraw",
    "qc.dpi=0": r"qc\.dpi is 0",
    "qc.max_pixels=-5": r"qc\.max_pixels is -5",
    "tracking.timeout_seconds=0": r"tracking\.timeout_seconds is 0",
    "resolutions=[]": "resolutions is empty",
    "resolutions=[10000,0]": r"resolutions\[1\] is 0",
    "resolutions=[10000,10000]": r"resolutions\[1\]: 10000 is listed twice",
    "samples.a.resolutions=[5,5]": r"samples\.a\.resolutions\[1\]: 5 is listed twice",
    "samples.a.path=nowhere.cool": r"samples\.a\.path: the file nowhere\.cool",
    "sources.iced.sha256=12": r"sources\.iced\.sha256 must be 64",
    # combinations that cannot be
    "primary=vc2": r"primary is 'vc2', .* one of ice, kr\.",
    "~methods.ice": r"primary is 'ice', .* one of kr\.",
    "methods.kr.method=ice": r"methods\.kr\.max_products",
    "methods.kr.method=shake": r"methods\.kr\.method is 'shake'",
    "sample_sheet=sheet.tsv": "either samples or sample_sheet",
    "methods.ice.tolerance": "methods.ice.tolerance",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of conf/ with the cohort ``mine``, which composes twice as fast as the demo."""
    conf = tmp_path_factory.mktemp("small") / "conf"
    shutil.copytree(CONF, conf)
    (conf / "cohort" / "mine.yaml").write_text(COHORT + SOURCE, encoding="utf-8")
    return conf


@pytest.mark.parametrize("override", WRONG)
def test_wrong_override(override: str, small: Path) -> None:
    with pytest.raises(ConfigError, match=WRONG[override]):
        load_cohort(small, ["cohort=mine", override])


def test_an_unknown_cohort() -> None:
    with pytest.raises(ConfigError, match=r"no cohort 'unknown'\. Known here: demo"):
        demo("cohort=unknown")


# What is changed in the cohort's YAML, and what the error must say.
WRONG_YAML = {
    "a misspelt key": (
        "resolutions:",
        "resolution:",
        r"cohort/mine\.yaml: resolution: .*resolutions",
    ),
    "a misspelt key of a sample": (
        "condition:",
        "conditon:",
        r"samples\.b\.conditon: .*condition\?",
    ),
    "a misspelt section": ("primary: ice", "primary: ice\nmaks: {min_nnz: 3}", "maks: .*mask"),
    "a misspelt setting": (
        "primary: ice",
        "primary: ice\nmask: {minnnz: 3}",
        r"mask\.minnnz: .*min_nnz",
    ),
    "a method's misspelt setting": (
        "primary: ice",
        "primary: ice\nmethods: {ice: {tol: 1}}",
        r"methods\.ice\.tol: .*tolerance",
    ),
    "a setting of another method": (
        "primary: ice",
        "primary: ice\nmethods: {kr: {max_iterations: 3}}",
        r"methods\.kr\.max_iterations: .*max_products",
    ),
    "a method without an algorithm": (
        "primary: ice",
        "primary: ice\nmethods: {vc: {scope: cis}}",
        r"methods\.vc has no algorithm: add '/method@methods\.vc: ALGORITHM'",
    ),
    "an unknown algorithm": (
        "methods.kr: kr",
        "methods.kr: krr",
        r"conf/cohort/mine\.yaml: there is no method 'krr'\. Did you mean kr\?",
    ),
    "an untyped method": (
        "primary: ice",
        "primary: ice\nmethods: {x: {method: ice, tolerance: abc}}",
        r"methods\.x\.tolerance",
    ),
    "an untyped method's wrong type": (
        "primary: ice",
        "primary: ice\nmethods: {x: {method: ice, ignore_diags: two}}",
        r"methods\.x\.ignore_diags",
    ),
    "a text for a number": ("[10000, 50000]", "[ten kb]", r"resolutions\[0\]"),
    "a text for a section": ("primary: ice", "primary: ice\nmask: none", "none"),
    "a text for a sample": ("  b:\n", "  c: file.cool\n  b:\n", r"samples\.c"),
    "nothing for a sample": ("  b:\n", "  c:\n  b:\n", r"samples\.c"),
    "a sample without a path": (
        "    path: resources/demo/simulated.cool::/\n",
        "",
        r"samples\.b\.path",
    ),
    "no resolutions": ("resolutions: [10000, 50000]\n", "", "resolutions is empty"),
    "an unsafe cohort": ("cohort: mine", "cohort: ../mine", r"cohort: the name '\.\./mine'"),
    "an unsafe method": ("methods.kr: kr", "methods.k/r: kr", "k/r"),
    "an unsafe sample": ("  b:\n", "  'b c':\n", r"samples\.b c\.sample: the name 'b c'"),
    "samples that differ in case": ("  b:\n", "  A:\n", r"samples\.A\.sample: 'A' and 'a'"),
    "a source's checksum": (
        "samples:",
        "sources: {p: {version: 1.0.0, sha256: abc}}\nsamples:",
        r"sources\.p\.sha256 must be 64",
    ),
    "a source without one": (
        "samples:",
        "sources: {p: {version: 1.0.0}}\nsamples:",
        r"sources\.p\.sha256: no value",
    ),
    "an unsafe source": (
        "samples:",
        "sources: {../p: {version: 1.0.0, sha256: abc}}\nsamples:",
        r"the name '\.\./p'",
    ),
    "an interpolation of nothing": (
        "condition: treated",
        "condition: ${nothing}",
        r"samples\.b\.condition: .*'nothing'",
    ),
    "broken YAML": ("samples:", "samples: [", r"not valid YAML[\s\S]*mine\.yaml"),
    "a tab": ("  a:", "\ta:", r"not valid YAML[\s\S]*mine\.yaml"),
    "a key twice": ("primary: ice", "primary: ice\nprimary: kr", r"duplicate key primary"),
}


@pytest.mark.parametrize("case", WRONG_YAML)
def test_wrong_cohort(tmp_path: Path, case: str) -> None:
    old, new, message = WRONG_YAML[case]
    assert old in COHORT
    with pytest.raises(ConfigError, match=message):
        with_cohort(tmp_path, COHORT.replace(old, new))


def test_the_cohort_that_these_are_made_from_is_right(tmp_path: Path) -> None:
    assert list(with_cohort(tmp_path, COHORT).samples) == ["a", "b"]


@pytest.mark.parametrize("line", ["# @package _global_\n", "cohort: mine\n", "primary: ice\n"])
def test_lines_that_need_not_be_there(tmp_path: Path, line: str) -> None:
    assert line in COHORT
    whole, without = (
        with_cohort(tmp_path / str(number), text)
        for number, text in enumerate((COHORT, COHORT.replace(line, "")))
    )
    assert jobs(without) == jobs(whole)


def test_an_empty_cohort(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="resolutions is empty"):
        with_cohort(tmp_path, "")


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


def test_methods_that_cannot_follow_copy_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "segments.bed").write_text("chrI\t0\t5\t2\n")
    words = r"methods\.other: kde cannot make row sums follow copy numbers\. Use ice, kr, scale or"
    with pytest.raises(ConfigError, match=words):
        with_cohort(tmp_path, COHORT, "copy_number=segments.bed", "+method@methods.other=kde")


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


@pytest.mark.parametrize(
    "override", ["samples.a.path='{x}.cool'", "mask.blacklist='{x}.bed'", "copy_number='{x}.bed'"]
)
def test_braces_in_paths_that_another_workflow_makes(tmp_path: Path, override: str) -> None:
    key = override.partition("=")[0].replace(".", r"\.")
    with pytest.raises(ConfigError, match=f"^{key}: with files_made, .* rename the file"):
        with_cohort(tmp_path, COHORT + "files_made: true\n", override)


def test_samples_from_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = COHORT.partition("samples:")[0] + "sample_sheet: sheet.tsv\n"
    (tmp_path / "x.cool").touch()
    (tmp_path / "sheet.tsv").write_text("sample\tpath\treplicate\none\tx.cool\t1\n")
    run = with_cohort(tmp_path, text)
    assert run.entries == {"one": SampleEntry([10000, 50000], {"replicate": "1"})}
    assert plain(jobs(run))


def test_neither_samples_nor_sheet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="either samples or sample_sheet"):
        with_cohort(tmp_path, COHORT.partition("samples:")[0])


def test_composing_twice_gives_the_same() -> None:
    assert jobs(demo()) == jobs(demo())


# --- experiments ------------------------------------------------------------------------------


def with_overlay(folder: Path, text: str, *overrides: str) -> Cohort:
    """Return the demo with an overlay of this text from a user's folder."""
    (folder / "experiment").mkdir()
    (folder / "experiment" / "mine.yaml").write_text(f"# @package _global_\n{text}\n")
    given = {"conf": str(folder), "experiment": "mine", "hydra_overrides": list(overrides)}
    return demo(*snakemake_overrides(given))


def test_an_experiment_changes_settings_and_has_its_own_folder(tmp_path: Path) -> None:
    text = """\
defaults:
  - /method@methods.kr_loose: kr
  - override /mask: none
  - _self_
methods: {kr_loose: {tolerance: 1e-3}, ice: {tolerance: 1e-4}}
resolutions: [20000, 50000]
primary: kr_loose
samples: {yeast: {condition: other words}}"""
    base, run = demo(), with_overlay(tmp_path, text, "methods.kr_loose.max_products=9")
    assert method_of(run, "kr_loose")["tolerance"] == 1e-3
    assert method_of(run, "kr_loose")["max_products"] == 9, "an override of what it added"
    assert method_of(run, "ice")["tolerance"] == 1e-4
    assert method_of(run, "ssk") == method_of(base, "ssk")
    assert settings_of(run, "mask")["filters"]["min_nnz"] == 0
    assert run.labels["yeast"].labels["condition"] == "other words"
    for settings in (
        settings_of(run, "report"),
        settings_of(run, "export", sample="yeast"),
        settings_of(run, "track"),
    ):
        assert (settings["cohort"], settings["experiment"]) == ("demo", "mine")

    cohort_paths, paths = base.paths, run.paths
    assert paths.input_record() == cohort_paths.input_record()
    assert paths.map_files() == cohort_paths.map_files()
    assert paths.log("ingest", "a") == cohort_paths.log("ingest", "a")
    inside = "results/demo/experiments/mine/"
    several = (*paths.run_files(), paths.mask(), paths.cooler(), paths.plot())
    for path in (
        *several,
        paths.comparison(),
        paths.concordance(),
        paths.samples,
        paths.summary,
        paths.report,
        *paths.multiqc,
        paths.tracking,
        paths.log("mask"),
    ):
        assert path.startswith(inside)
        assert path.replace("experiments/mine/", "").startswith("results/demo/")


def test_the_experiment_of_the_docs(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/guides/reprocessing.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]
    assert "# conf/experiment/loose.yaml\n" in text
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "loose.yaml").write_text(text)
    run = demo(*snakemake_overrides({"conf": str(tmp_path), "experiment": "loose"}))
    assert method_of(run, "ice")["tolerance"] == 1e-3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cohort: other", r"experiment/mine\.yaml: cohort: an experiment shares"),
        ("ingest: {hic_engine: hicstraw}", r"mine\.yaml: ingest\.hic_engine: an experiment shares"),
        ("sample_sheet: a.tsv", r"mine\.yaml: sample_sheet: an experiment shares"),
        ("samples: {yeast: {path: a.cool}}", r"mine\.yaml: samples\.yeast\.path: an experiment"),
        ("samples: {new: {path: a.cool}}", r"mine\.yaml: samples\.new\.path: an experiment"),
        ("sources: {iced: {version: 2}}", r"mine\.yaml: sources\.iced\.version: an experiment"),
        ("methods: {ssk_cv: {tolerance: 1}}", r"methods\.ssk_cv: the cohort has no .*ice, kr,"),
        ("methods: {ssk_cv: null}", r"methods\.ssk_cv: the cohort has no method"),
        ("mask: {min_nzz: 1}", r"experiment/mine\.yaml: mask\.min_nzz: .*Did you mean min_nnz"),
    ],
)
def test_an_overlay_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        with_overlay(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", r"no experiment 'nowhere'\. Known here: .*strict_mask"),
        ("base", "base is the name of the cohort without an experiment"),
        ("a/b", "experiment: the name 'a/b' cannot be used in paths"),
        ("[no_mask,strict_mask]", "cannot be used in paths"),
        ("null", "experiment=null"),
    ],
)
def test_a_name_of_no_experiment_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        demo(f"experiment={name}")


# --- revisions --------------------------------------------------------------------------------


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


# --- Snakemake's --config ---------------------------------------------------------------------


def test_snakemake_overrides() -> None:
    assert snakemake_overrides({}) == []
    given = {"cohort": "scc1", "hydra_overrides": ["mask.min_nnz=3", "methods.kr.scope=genome"]}
    overrides = snakemake_overrides(given)
    assert overrides == ["cohort=scc1", "mask.min_nnz=3", "methods.kr.scope=genome"]
    run = demo(*overrides)
    assert run.settings.cohort == "scc1"
    assert method_of(run, "kr")["scope"] == "genome"


def test_snakemake_chooses_an_experiment() -> None:
    assert snakemake_overrides({"experiment": None}) == []
    overrides = snakemake_overrides({"experiment": "no_mask", "cohort": "scc1"})
    assert overrides == ["cohort=scc1", "experiment=no_mask"]
    assert demo(*overrides).experiment == "no_mask"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cohrot": "scc1"}, "--config cohrot="),
        ({"cohort": "demo", "resolutions": [5]}, r"resolutions=.*hydra_overrides=\[\"resolutions="),
        ({"hydra_overrides": "mask.min_nnz=3"}, r"must be a list.*\[\"mask\.min_nnz=3\"\]"),
    ],
)
def test_snakemake_overrides_refuses(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        snakemake_overrides(given)


@pytest.mark.parametrize("scope", ["genome", "cis"])
def test_separate_regions_need_the_scope_cis(tmp_path: Path, scope: str) -> None:
    (tmp_path / "targets.bed").write_text("chr1\t0\t9000\n")
    (tmp_path / "a.cool").touch()
    text = (
        "resolutions: [1kb]\nsamples: {a: {path: a.cool}}\n"
        f"methods: {{kr: {{}}, ice: {{scope: {scope}}}}}\n"
        "mask: {regions: targets.bed, separate_regions: true}\n"
    )
    if scope == "cis":
        assert with_cohort(tmp_path, text).settings.mask.filters.separate_regions
        return
    with pytest.raises(ConfigError, match=r"methods.ice has the scope genome.*set scope to cis"):
        with_cohort(tmp_path, text)
