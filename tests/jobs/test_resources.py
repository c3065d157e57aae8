"""Resources of jobs, predicted from inputs and growing with the attempt; settings of jobs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cooler
import numpy as np
import pandas as pd
import pytest
import yaml

from counterpoise.backends import backends
from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.files import read_json, write_json
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.jobs import environment
from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.export import ExportJob
from counterpoise.jobs.ingest import IngestJob
from counterpoise.jobs.inspect import InspectJob
from counterpoise.jobs.job import Job
from counterpoise.jobs.mask import MaskJob
from counterpoise.jobs.memory import predict_memory
from counterpoise.jobs.plan import JOBS, MEASURED_JOBS, Plan
from counterpoise.jobs.plot import PlotJob
from counterpoise.jobs.report import ReportJob
from counterpoise.jobs.resources import (
    SNAKEMAKE_MB,
    START_MINUTES,
    collecting_mb,
    collecting_minutes,
    possible_holes,
)
from counterpoise.jobs.track import TrackJob
from counterpoise.mask import MaskSettings
from counterpoise.methods.auto import AutoSettings
from counterpoise.methods.base import ExtraMemory, MethodSettings
from counterpoise.methods.kde import KdeSettings
from counterpoise.methods.kr import KrSettings
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import MapFiles, ResultPaths, RunFiles
from counterpoise.store.pixels import write_bins
from counterpoise.store.tiling import cover_holes
from tests.support import REPOSITORY

URL_SAMPLE = "samples.yeast.path='https://example.org/x.hic?signature=secret'"


def balance_job(backend: str = "auto", device: str | None = None, **settings: Any) -> BalanceJob:
    return BalanceJob(
        method="kr", settings=KrSettings(scope="cis", **settings), backend=backend, device=device
    )


class Inputs(list[str]):
    """A rule's inputs as Snakemake passes them: a list whose items have names."""

    def __init__(self, **files: str | MapFiles | list[str]) -> None:
        paths = [[item] if isinstance(item, str) else item for item in files.values()]
        super().__init__(path for group in paths for path in group)
        self.__dict__.update(files)


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    """Return the files of a map of 5,000 bins that have contacts with themselves alone."""
    bins = cooler.binnify(pd.Series({"chr1": 5_000_000}), 1000)
    diagonal = np.arange(len(bins))
    pixels = pd.DataFrame({"bin1_id": diagonal, "bin2_id": diagonal, "count": 1})
    cooler.create_cooler(str(tmp_path / "a.cool"), bins, pixels)
    files = ResultPaths("small", str(tmp_path)).map_files("a", 1000)
    write_map(inspect_source(str(tmp_path / "a.cool")), 1000, files)
    return Inputs(map=files)


def grown(inputs: Inputs, **changes: int) -> None:
    """Change the size that the map's record states."""
    write_json(inputs.map.source, {**read_json(inputs.map.source), **changes})


def test_balancing_asks_for_the_upper_bound(inputs: Inputs) -> None:
    in_memory = predict_memory(inputs.map, Scope.CIS, 2).in_memory
    assert balance_job().mem_mb(inputs, 2) == in_memory + SNAKEMAKE_MB
    drawing = predict_memory(inputs.map, Scope.CIS, 2, extra=ExtraMemory(maps=True)).in_memory
    assert drawing > in_memory
    searching = predict_memory(inputs.map, Scope.CIS, 2, extra=KdeSettings().extra_memory).in_memory
    assert in_memory < searching <= drawing
    auto = BalanceJob(method="auto", settings=AutoSettings())
    assert auto.mem_mb(inputs, 2) == searching + SNAKEMAKE_MB
    for score, memory in (("unevenness", searching), ("cvm", drawing)):
        kernel = BalanceJob(method="kde", settings=KdeSettings(score=score))
        assert kernel.mem_mb(inputs, 2) == memory + SNAKEMAKE_MB
    assert balance_job(bootstrap=3).mem_mb(inputs, 2) == drawing + SNAKEMAKE_MB
    for job in (balance_job(backend="torch"), balance_job(device="cuda")):
        assert job.mem_mb(inputs, 2) == in_memory + SNAKEMAKE_MB + backends()["torch"].memory_mb


@dataclass
class KeepingSettings(MethodSettings):
    """Settings of a method that keeps a gigabyte for each bin and each pixel."""

    @property
    def extra_memory(self) -> ExtraMemory:
        """Figures that no map of the tests reaches otherwise."""
        return ExtraMemory(bin_bytes=1 << 30, pixel_bytes=2 << 30)


def test_a_method_states_what_it_keeps(inputs: Inputs) -> None:
    """The map has one chromosome, whose 5,000 bins have a pixel each."""
    plain = BalanceJob(method="kr", settings=MethodSettings())
    keeping = BalanceJob(method="kr", settings=KeepingSettings())
    kept = 3 * 1024 * 5000
    assert keeping.mem_mb(inputs, 2) == plain.mem_mb(inputs, 2) + kept
    drawing = BalanceJob(method="kr", settings=MethodSettings(bootstrap=2))
    both = BalanceJob(method="kr", settings=KeepingSettings(bootstrap=2))
    assert both.mem_mb(inputs, 2) == drawing.mem_mb(inputs, 2) + kept
    with pytest.raises(ConfigError, match="takes up to 15,3"):
        keeping.open_map(inputs.map, 2, plain.mem_mb(inputs, 2))


def test_larger_maps_ask_for_more(inputs: Inputs) -> None:
    plot = PlotJob(max_pixels=600, dpi=110)
    search = BalanceJob(method="kde", settings=KdeSettings(score="cvm"))

    def export(methods: int) -> ExportJob:
        columns = {f"method{number}": "COLUMN" for number in range(methods)}
        return ExportJob(cohort="c", resolutions=[1000], columns=columns, primary="method0")

    def asked() -> np.ndarray[Any, Any]:
        return np.array(
            [
                balance_job().threads(inputs),
                plot.mem_mb(inputs, 1),
                export(8).mem_mb(inputs, 2),
                plot.minutes(inputs),
                search.minutes(inputs),
                balance_job().minutes(inputs),
            ]
        )

    small = asked()
    assert small[0] == 1
    grown(inputs, bins=300_000, nnz=100_000_000)
    large = asked()
    assert large[0] == 1
    assert (large[1:] > small[1:]).all()
    assert balance_job(bootstrap=9).minutes(inputs) > large[-1]
    auto = BalanceJob(method="auto", settings=AutoSettings())  # three methods
    assert auto.minutes(inputs) == START_MINUTES + 3 * (large[-1] - START_MINUTES)
    drawing = BalanceJob(method="auto", settings=AutoSettings(bootstrap=2))  # and one of them again
    assert drawing.minutes(inputs) == START_MINUTES + 6 * (large[-1] - START_MINUTES)
    assert export(20).mem_mb(inputs, 2) > large[2]
    grown(inputs, bins=300_000, nnz=1_000_000_000)
    assert balance_job().threads(inputs) == 4
    # A job of several maps, as in the comparison of samples, asks for their total.
    assert plot.mem_mb(Inputs(**vars(inputs), other=inputs.map.source), 1) > large[1]
    # A plot of more runs keeps their sums, and draws longer.
    verdicts = [RunFiles.in_folder(str(number)).verdict for number in range(12)]
    of_twelve = Inputs(**vars(inputs), verdicts=verdicts)
    assert plot.mem_mb(of_twelve, 2) > plot.mem_mb(inputs, 2)
    assert plot.minutes(of_twelve) > plot.minutes(inputs)


def test_an_export_asks_for_the_bins_that_cover_holes(tmp_path: Path) -> None:
    def write(name: str, resolution: int | None, kept: slice) -> Inputs:
        whole = BinTable.fixed(("a", "b"), (40_000_000, 1000), 1000)
        start, end = whole.start[kept], whole.end[kept]
        offsets = np.array([0, len(start), len(start)])
        table = BinTable(whole.chromosomes, whole.lengths, offsets, start, end, resolution)
        files = MapFiles.in_folder(tmp_path / name)
        Path(files.bins).parent.mkdir()
        write_bins(files.bins, table)
        write_json(files.source, {"bins": len(start), "nnz": 1})
        added = len(cover_holes(table).bins) - len(table)
        assert added <= possible_holes([*files]) <= max(added, 1) * 2
        return Inputs(map=files)

    job = ExportJob(cohort="c", resolutions=[1000], columns={"ice": "ICE"}, primary="ice")
    whole = job.mem_mb(write("whole", 1000, slice(40_000)), 2)
    third = job.mem_mb(write("third", 1000, slice(0, 40_000, 3)), 2)
    half = job.mem_mb(write("half", 1000, slice(0, 40_000, 2)), 2)
    unequal = job.mem_mb(write("unequal", None, slice(0, 40_000, 2)), 2)
    assert third < whole == half == unequal


def test_a_source_asks_for_time_by_its_size(tmp_path: Path) -> None:
    source = tmp_path / "large.mcool"
    with open(source, "wb") as stream:
        stream.truncate(6 * 10**9)
    settings = {"uri": str(source), "hic_engine": "hictkpy"}
    ingest = IngestJob(resolution=1000, **settings)
    assert ingest.minutes([str(source)]) == START_MINUTES + 100
    assert ingest.minutes(Inputs(finer=[])) == START_MINUTES + 100
    assert ingest.minutes(Inputs(finer=["a", "b", "c"])) == START_MINUTES + 20  # it is summed
    assert InspectJob(**settings).minutes([str(source)]) == START_MINUTES + 5
    assert collecting_mb(18_000) > collecting_mb(48)
    assert collecting_minutes(18_000) == START_MINUTES + 300


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    """Snakemake shows TBD if the error names one of the inputs, and stops otherwise."""
    missing = Inputs(map=ResultPaths("none", str(tmp_path)).map_files("a", 1000))
    assert balance_job().threads(missing) == 2
    for ask in (
        lambda: balance_job().mem_mb(missing, 2),
        lambda: balance_job().minutes(missing),
        lambda: MaskJob(filters=MaskSettings()).mem_mb(missing, 1),
    ):
        with pytest.raises(FileNotFoundError) as caught:
            ask()
        assert caught.value.filename in missing


def test_a_program_has_its_own_memory(inputs: Inputs) -> None:
    needed = predict_memory(inputs.map, Scope.CIS, 1).in_memory
    assert isinstance(balance_job().open_map(inputs.map, 1, needed + SNAKEMAKE_MB), Contacts)
    with pytest.raises(ConfigError, match="give its rule more"):
        balance_job().open_map(inputs.map, 1, SNAKEMAKE_MB)


# --- settings ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    overrides = [URL_SAMPLE, "+merge.both=[yeast,yeast_hic]", "thin.least_of=cohort"]
    shared = ["mask.shared=union", "mask.shared_within=cohort"]
    prior = f"methods.kde_eb.prior={REPOSITORY / 'README.md'}"
    return load_cohort(REPOSITORY / "conf", [*overrides, *shared, prior], REPOSITORY)


@pytest.mark.parametrize("rule", JOBS)
def test_jobs_survive_the_way_through_snakemake(rule: str, cohort: Cohort) -> None:
    """Snakemake writes the settings as a Python literal; the script reads the same job from it."""
    values = {
        "sample": "both" if rule == "merge" else "yeast",
        "group": "wild" if rule == "pool" else "all",
        "resolution": str(next(iter(cohort.compared))), "method": "kde_eb",
        "package": "iced", "file": "duan.bed", "key": next(iter(cohort.remote)),
    }  # fmt: skip
    job = Plan(cohort, "results").job(rule, SimpleNamespace(**values))
    assert type(job).from_params(ast.literal_eval(repr(job.to_params()))) == job


def test_unfinished_outputs_reach_the_report() -> None:
    unfinished = Unfinished(
        ("a.png",),
        {"s": ("map.hic", "map.log")},
        members={"both": ["s", "t"]},
        mask_groups={"s": "all"},
        awaited={"all.parquet": ["s"]},
    )
    job = ReportJob(
        cohort="c", samples={}, methods=[], plotted=[], primary="kr", unfinished=unfinished
    )
    assert ReportJob.from_params(ast.literal_eval(repr(job.to_params()))) == job


@pytest.mark.parametrize(
    ("job", "params", "message"),
    [
        (
            BalanceJob,
            {"method": "kr", "tolerance": 1},
            r"BalanceJob has no setting 'tolerance'; it",
        ),
        (
            BalanceJob,
            {"method": "kr", "settings": {"toll": 1}},
            r"kr has no setting 'toll'; it has",
        ),
        (BalanceJob, {"method": "kt"}, r"there is no method 'kt'; there are"),
        (MaskJob, {"filters": {"mad": 1}}, r"filters has no setting 'mad'; it has"),
        (PlotJob, {"dpi": 100}, r"PlotJob: the setting 'max_pixels' is missing\."),
        (TrackJob, {"tracking": {"url": ""}}, r"tracking has no setting 'url'; it has"),
        (ReportJob, {"samples": {"a": {}}}, r"samples\.a: the setting 'resolutions' is missing"),
    ],
)
def test_wrong_settings_are_named(job: type[Job], params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        job.from_params(params)


def test_a_balancing_job_imports_only_what_it_needs() -> None:
    """The job's start-up time counts on every node and for every run."""
    slow = ("hydra", "omegaconf", "mlflow", "matplotlib", "snakemake", "pandas", "torch", "h5py")
    code = "import sys, counterpoise.jobs.balance, counterpoise.jobs.command; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(slow) & set(done.stdout.split())


# --- rules ------------------------------------------------------------------------------------


def rules() -> dict[str, str]:
    """Return the text of every rule that a cluster runs."""
    texts = {}
    for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"):
        parts = re.split(r"^rule (\w+):\n", path.read_text(), flags=re.MULTILINE)
        texts.update(zip(parts[1::2], parts[2::2], strict=True))
    return {name: text for name, text in texts.items() if "localrule: True" not in text}


def test_every_rule_asks_and_is_measured() -> None:
    assert set(rules()) == set(MEASURED_JOBS)
    for name, text in rules().items():
        for item in (
            f'PATHS.log("{name}")', f'PATHS.benchmark("{name}")', f'PLAN.threads("{name}")',
            f'**PLAN.resources("{name}")', f'PLAN.params("{name}"', "conda:", "message:",
        ):  # fmt: skip
            assert item in text, name


def test_resources_grow_with_the_attempt(inputs: Inputs) -> None:
    plan = Plan(load_cohort(REPOSITORY / "conf", root=REPOSITORY), "results")
    asked = plan.resources("mask")
    memory = [asked["mem_mb"](SimpleNamespace(), inputs, 1, attempt) for attempt in (1, 2, 3)]
    minutes = [asked["runtime"](SimpleNamespace(), inputs, attempt) for attempt in (1, 2, 3)]
    assert memory == [memory[0], 2 * memory[0], 3 * memory[0]]
    assert minutes == [minutes[0], 2 * minutes[0], 3 * minutes[0]]


def test_a_gpu_only_where_the_configuration_insists() -> None:
    def asking(*overrides: str) -> list[str]:
        plan = Plan(load_cohort(REPOSITORY / "conf", list(overrides), REPOSITORY), "results")
        return sorted(rule for rule in MEASURED_JOBS if plan.resources(rule).get("gpu") == 1)

    assert asking() == asking("backend=torch") == asking("backend.device=cpu") == []
    balancing = ["balance", "balance_alone", "file_prior"]
    assert asking("backend=torch", "backend.device=cuda") == balancing


def test_profiles_name_rules_that_exist_and_are_explained() -> None:
    explained = (REPOSITORY / "profiles" / "README.md").read_text()
    for name in ("local", "cluster"):
        assert (REPOSITORY / name).resolve() == REPOSITORY / "profiles" / name
        profile = yaml.safe_load((REPOSITORY / name / "config.yaml").read_text())
        for entry in profile:
            assert re.search(rf"`[^`\n]*{entry}[^`\n]*`", explained), entry
    assert set(profile["groups"]) <= set(rules())
    assert profile["resources"]["mem_mb"] > profile["default-resources"]["mem_mb"]


@pytest.fixture
def no_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the caches' variables from the environment and restore them afterwards."""
    for name in (*environment.CACHES, environment.SCRIPTS, "PATH", "PYTHONPATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        if name in environment.CACHES:
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_caches")
def test_jobs_find_this_package_and_not_those_installed_next_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A conda environment has packages of its own, perhaps for another version of Python."""
    site = tmp_path / "site-packages"
    for name in ("numpy", "numpy-1.dist-info", "counterpoise/jobs"):
        (site / name).mkdir(parents=True)
    (site / "counterpoise" / "__init__.py").write_text("")
    (site / "numpy" / "__init__.py").write_text("raise ImportError('of another Python')")
    monkeypatch.setattr(environment, "__file__", str(site / "counterpoise/jobs/environment.py"))
    monkeypatch.setenv("PYTHONPATH", "")
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    program = "import counterpoise, numpy; print(counterpoise.__file__)"
    for _ in range(2):
        environment.prepare_jobs("scripts")
        printed = subprocess.check_output([sys.executable, "-c", program], text=True)
        assert Path(printed.strip()).resolve() == site / "counterpoise" / "__init__.py"
    assert [path.name for path in (tmp_path / "run/.snakemake/counterpoise").iterdir()] == [
        "counterpoise"
    ]


@pytest.mark.usefixtures("no_caches")
def test_caches_go_to_scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = f"counterpoise-{os.getuid()}"
    for name in ("login", "node"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "login"))
    monkeypatch.setenv("TRITON_CACHE_DIR", "/mine")
    environment.prepare_jobs("scripts")
    assert os.environ["MPLCONFIGDIR"] == f"{tmp_path}/login/{folder}/matplotlib"
    assert os.environ["TRITON_CACHE_DIR"] == "/mine"
    # A job inherits the variables of the submitting node, but uses the folder of its own node.
    monkeypatch.setenv("TMPDIR", str(tmp_path / "node"))
    environment.prepare_jobs("scripts")
    assert os.environ["MPLCONFIGDIR"] == f"{tmp_path}/node/{folder}/matplotlib"
    assert (tmp_path / "node" / folder).stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("no_caches")
@pytest.mark.parametrize("why", ["another's", "open to all", "a link", "a file", "not to be made"])
def test_caches_do_not_go_where_others_write(
    why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uid = 123_456_789 if why == "another's" else os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid)
    folder = tmp_path / f"counterpoise-{uid}"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    if why == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to("elsewhere")
    elif why == "a file":
        folder.touch(mode=0o600)
    elif why == "not to be made":
        monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    else:
        folder.mkdir(mode=0o700)
        folder.chmod(0o777 if why == "open to all" else 0o700)
    # The first is inherited from the submitting node; the second was set by the user.
    monkeypatch.setenv("MPLCONFIGDIR", f"/login/{folder.name}/matplotlib")
    monkeypatch.setenv("TRITON_CACHE_DIR", "/mine")
    environment.prepare_jobs("scripts")
    set_now = {name: os.environ[name] for name in environment.CACHES if name in os.environ}
    assert set_now == {"TRITON_CACHE_DIR": "/mine"}
