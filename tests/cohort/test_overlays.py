"""Experiments, which are overlays on a cohort, and other values of --config of Snakemake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import snakemake_overrides
from counterpoise.errors import ConfigError
from tests.support import REPOSITORY
from tests.support.configurations import (
    demo,
    method_of,
    settings_of,
)


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
