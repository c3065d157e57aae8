"""What jobs ask of a machine: foretold from inputs, growing with the attempt, in every rule."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

import cooler
import numpy as np
import pandas as pd
import pytest
import yaml
from counterpoise.cohort.config import load

from counterpoise.contacts.selection import Scope
from counterpoise.files import read_json, write_json
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.reading import inspect_source
from counterpoise.jobs import command, environment, resources
from counterpoise.jobs.memory import forecast
from counterpoise.store.paths import MapFiles, ResultPaths
from tests.support import REPOSITORY

SETTINGS: dict[str, Any] = {"scope": "cis", "bootstrap": 0, "backend": "auto", "device": None}


class Inputs(list[str]):
    """As Snakemake hands a rule's inputs over: a list whose items have names."""

    def __init__(self, **files: str | MapFiles) -> None:
        paths = [[item] if isinstance(item, str) else item for item in files.values()]
        super().__init__(path for group in paths for path in group)
        self.__dict__.update(files)


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    """The files of a map of 5,000 bins with contacts with themselves alone."""
    bins = cooler.binnify(pd.Series({"chr1": 5_000_000}), 1000)
    own = np.arange(len(bins))
    pixels = pd.DataFrame({"bin1_id": own, "bin2_id": own, "count": 1})
    cooler.create_cooler(str(tmp_path / "a.cool"), bins, pixels)
    files = ResultPaths("small", str(tmp_path)).map_files("a", 1000)
    write_map(inspect_source(str(tmp_path / "a.cool")), 1000, files)
    return Inputs(map=files)


def grown(inputs: Inputs, **changes: int) -> None:
    """Let the map say that it is another size."""
    write_json(inputs.map.source, {**read_json(inputs.map.source), **changes})


def test_balancing_asks_for_the_upper_bound(inputs: Inputs) -> None:
    whole, _ = forecast(inputs.map, Scope.CIS, 2)
    assert resources.balance_mb(inputs, SETTINGS, 2) == whole + resources.AROUND
    drawing, _ = forecast(inputs.map, Scope.CIS, 2, drawing=True)
    assert drawing > whole
    assert resources.search_mb(inputs, SETTINGS, 2) == drawing + resources.AROUND
    bootstrap = {**SETTINGS, "bootstrap": 3}
    assert resources.balance_mb(inputs, bootstrap, 2) == drawing + resources.AROUND
    for torch in ({"backend": "torch"}, {"device": "cuda"}):
        asked = resources.balance_mb(inputs, {**SETTINGS, **torch}, 2)
        assert asked == whole + resources.AROUND + resources.TORCH


def test_larger_maps_ask_for_more(inputs: Inputs) -> None:
    def asked() -> np.ndarray[Any, Any]:
        return np.array(
            [
                resources.threads_for(inputs),
                resources.bins_mb("plot", inputs),
                resources.bins_mb("export", inputs, methods=8),
                resources.pass_minutes(inputs),
                resources.search_minutes(inputs),
                resources.balance_minutes(inputs, SETTINGS),
            ]
        )

    small = asked()
    assert small[0] == 1
    grown(inputs, bins=300_000, nnz=100_000_000)
    large = asked()
    assert large[0] == 4
    assert (large > small).all()
    assert resources.balance_minutes(inputs, {**SETTINGS, "bootstrap": 9}) > large[-1]
    assert resources.bins_mb("export", inputs, methods=20) > large[2]
    # Of several maps together, as the comparison of samples reads them.
    assert resources.bins_mb("plot", Inputs(**vars(inputs), other=inputs.map.source)) > large[1]


def test_a_source_asks_for_time_by_its_size(tmp_path: Path) -> None:
    source = tmp_path / "large.mcool"
    with open(source, "wb") as stream:
        stream.truncate(6 * 10**9)
    assert resources.ingest_minutes([str(source)]) == resources.START + 100
    assert resources.inspect_minutes([str(source)]) == resources.START + 5
    assert resources.runs_mb(18_000) > resources.runs_mb(48)
    assert resources.runs_minutes(18_000) == resources.START + 300


def test_what_is_not_there_yet_is_named(tmp_path: Path) -> None:
    """Snakemake says TBD where the error names one of the inputs, and else stops."""
    missing = Inputs(map=ResultPaths("none", str(tmp_path)).map_files("a", 1000))
    assert resources.threads_for(missing) == 2
    for ask in (
        lambda: resources.balance_mb(missing, SETTINGS, 2),
        lambda: resources.search_minutes(missing),
        lambda: resources.bins_mb("mask", missing),
    ):
        with pytest.raises(FileNotFoundError) as caught:
            ask()
        assert caught.value.filename in missing


def test_a_program_has_its_own_memory() -> None:
    parser = argparse.ArgumentParser()
    command.add_memory(parser)
    assert parser.parse_args(["--memory-mb", "1000"]).memory_mb == 1000 - resources.AROUND
    assert parser.parse_args([]).memory_mb is None


def rules() -> dict[str, str]:
    """The text of every rule that a cluster runs."""
    texts = {}
    for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"):
        parts = re.split(r"^rule (\w+):\n", path.read_text(), flags=re.MULTILINE)
        texts.update(zip(parts[1::2], parts[2::2], strict=True))
    return {name: text for name, text in texts.items() if "localrule: True" not in text}


def test_every_rule_asks_and_is_measured() -> None:
    for name, text in rules().items():
        assert re.search(r"mem_mb=lambda [^:]*attempt: attempt", text), name
        assert re.search(r"runtime=lambda [^:]*attempt: attempt", text), name
        assert f'PATHS.benchmark("{name}"' in text, name
        assert f'PATHS.log("{name}"' in text, name


def test_a_gpu_only_where_the_configuration_insists() -> None:
    def gpu(*overrides: str) -> dict[str, int]:
        return load(REPOSITORY / "conf", list(overrides), REPOSITORY).gpu()

    assert gpu() == gpu("backend=torch") == gpu("backend.device=cpu") == {}
    assert gpu("backend=torch", "backend.device=cuda") == {"gpu": 1}
    asking = [name for name, text in rules().items() if "**RUN.gpu()" in text]
    assert sorted(asking) == ["balance", "bandwidth"]


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
    """An environment without the caches' variables, put back afterwards."""
    for name in (*environment.CACHES, "PATH", "PYTHONPATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        if name in environment.CACHES:
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_caches")
def test_caches_go_to_scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = f"counterpoise-{os.getuid()}"
    for name in ("login", "node"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "login"))
    monkeypatch.setenv("TRITON_CACHE_DIR", "/mine")
    environment.prepare_jobs()
    assert os.environ["MPLCONFIGDIR"] == f"{tmp_path}/login/{own}/matplotlib"
    assert os.environ["TRITON_CACHE_DIR"] == "/mine"
    # A job inherits what was set where it was sent from, and goes by its own node's folder.
    monkeypatch.setenv("TMPDIR", str(tmp_path / "node"))
    environment.prepare_jobs()
    assert os.environ["MPLCONFIGDIR"] == f"{tmp_path}/node/{own}/matplotlib"
    assert (tmp_path / "node" / own).stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("no_caches")
@pytest.mark.parametrize("why", ["another's", "open to all", "a link", "a file", "not to be made"])
def test_caches_do_not_go_where_others_write(
    why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uid = 123_456_789 if why == "another's" else os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid)
    own = tmp_path / f"counterpoise-{uid}"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    if why == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        own.symlink_to("elsewhere")
    elif why == "a file":
        own.touch(mode=0o600)
    elif why == "not to be made":
        monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    else:
        own.mkdir(mode=0o700)
        own.chmod(0o777 if why == "open to all" else 0o700)
    # As inherited from the node that sent the job, and as the user set it.
    monkeypatch.setenv("MPLCONFIGDIR", f"/login/{own.name}/matplotlib")
    monkeypatch.setenv("TRITON_CACHE_DIR", "/mine")
    environment.prepare_jobs()
    set_now = {name: os.environ[name] for name in environment.CACHES if name in os.environ}
    assert set_now == {"TRITON_CACHE_DIR": "/mine"}
