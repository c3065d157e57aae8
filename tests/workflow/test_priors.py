"""Priors and weights of one sample for others, run by the workflow."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

import counterpoise as cp
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.weights import read_verdict, read_weights
from tests.support.biased import draw_biased, write_biased
from tests.support.cohort import Cohort
from tests.support.report_page import Page

pytestmark = pytest.mark.workflow

TEXT = """\
resolutions: [1000]
sample_sheet: samples.tsv
methods:
  kde_eb: {prior: group}
  of_file: {method: kde_eb, prior: deep.cool}
  kr_of_w1: {method: kr, apply_weights_of: w1}
"""
WILD = ("w1", "w2", "w3")


def write_sheet(folder: Path, *samples: str) -> None:
    rows = "".join(f"{name}\t{name}.cool\t{name[0]}\n" for name in samples)
    (folder / "samples.tsv").write_text("sample\tpath\tcondition\n" + rows)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Three shallow samples of a group, one without a group of its own, and a deep file."""
    cohort = Cohort(tmp_path_factory.mktemp("priors"))
    for seed, name in enumerate(("w1", "w2", "w3", "solo", "w4")):
        write_biased(cohort.folder / f"{name}.cool", 20.0, seed)
    write_biased(cohort.folder / "deep.cool", 500.0, 9)
    (cohort.folder / "conf" / "cohort" / "small.yaml").write_text(TEXT)
    write_sheet(cohort.folder, *WILD, "solo")
    cohort.run()
    return cohort


@pytest.fixture
def paths(finished: Cohort) -> ResultPaths:
    return ResultPaths("small", str(finished.folder / "results"))


def by_hand(paths: ResultPaths, sample: str, **arguments: Any) -> cp.Balance:
    kept, summary = read_mask(paths.mask(sample, 1000))
    contacts = read_map(paths.map_files(sample, 1000))
    return cp.balance(contacts, "kde_eb", mask=kept, mask_record=summary, **arguments)


def weights(paths: ResultPaths, sample: str, method: str) -> Any:
    return read_weights(paths.run_files(sample, 1000, method).weights)


def test_weights_are_those_with_the_prior_by_hand(paths: ResultPaths) -> None:
    alone = {name: by_hand(paths, name) for name in WILD}
    terms = {
        name: cp.PoolSums.of(each.contacts.bins, each.weights, each.se)
        for name, each in alone.items()
    }
    for name in WILD:
        others = [other for other in WILD if other != name]
        prior = (cp.PoolSums.total(terms.values()) - terms[name]).prior(others)
        expected = by_hand(paths, name, prior=prior)
        np.testing.assert_array_equal(weights(paths, name, "kde_eb"), expected.weights)
        use = read_verdict(paths.run_files(name, 1000, "kde_eb").verdict).prior
        assert use == expected.verdict.prior
        assert use is not None
        assert use.strength > 0
        assert use.sources == tuple(others)


def test_the_prior_of_a_file(paths: ResultPaths, finished: Cohort) -> None:
    deep = cp.balance(str(finished.folder / "deep.cool"), "kde_eb")
    prior = cp.Prior.from_weights(deep.weights, source="deep.cool")
    expected = by_hand(paths, "solo", prior=prior)
    np.testing.assert_array_equal(weights(paths, "solo", "of_file"), expected.weights)
    use = read_verdict(paths.run_files("solo", 1000, "of_file").verdict).prior
    assert use is not None
    assert use.sources == ("deep.cool",)
    assert use.strength > 0


def test_a_group_of_one_has_no_prior_and_says_so(paths: ResultPaths) -> None:
    expected = by_hand(paths, "solo")
    np.testing.assert_array_equal(weights(paths, "solo", "kde_eb"), expected.weights)
    verdict = read_verdict(paths.run_files("solo", 1000, "kde_eb").verdict)
    assert "No prior was used, since the pool has no other sample." in verdict.reason
    assert not Path(paths.alone_files("solo", 1000, "kde_eb").weights).exists()


def test_weights_of_one_sample_are_on_the_others(paths: ResultPaths, finished: Cohort) -> None:
    bulk = weights(paths, "w1", "kr_of_w1")
    assert read_verdict(paths.run_files("w1", 1000, "kr_of_w1").verdict).status.value == "converged"
    for name in ("w2", "solo"):
        verdict = read_verdict(paths.run_files(name, 1000, "kr_of_w1").verdict)
        assert (verdict.status.value, verdict.weights_of) == ("computed", "w1")
        assert verdict.rms_deviation is not None
        assert 0.05 < verdict.rms_deviation < 0.6
        uri = f"{finished.folder}/results/small/coolers/{name}.mcool::/resolutions/1000"
        column = cooler.Cooler(uri).bins()["KR_OF_W1"][:].to_numpy()
        for lo, hi in ((0, 90), (90, 150)):
            ratio = (column / bulk)[lo:hi]
            ratio = ratio[np.isfinite(ratio)]
            assert len(ratio) > 40
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


def test_strength_and_sources_are_in_summary_and_report(
    paths: ResultPaths, finished: Cohort
) -> None:
    table = pd.read_csv(finished.folder / "results/small/summary.tsv", sep="\t")
    table = table.set_index(["sample", "method"])
    row = table.loc[("w2", "kde_eb")]
    verdict = json.loads(Path(paths.run_files("w2", 1000, "kde_eb").verdict).read_text())
    assert row["prior_strength"] == verdict["prior"]["strength"] > 0
    assert row["prior_error"] == pytest.approx(verdict["prior"]["error"])
    assert row["prior_sources"] == "w1, w3"
    assert table.loc[("w2", "kr_of_w1"), "weights_of"] == "w1"
    assert table.loc[("solo", "kde_eb"), "prior_strength"] == 0
    runs = Page((finished.folder / "results/small/report.html").read_text()).data["runs"]
    assert "w1, w3" in runs["prior_sources"]
    assert "w1" in runs["weights_of"]


def test_what_runs_again_when_a_sample_is_added(finished: Cohort) -> None:
    assert finished.planned() == {}
    write_sheet(finished.folder, *WILD, "solo", "w4")
    planned = finished.planned()
    write_sheet(finished.folder, *WILD, "solo")
    assert planned == {
        "inspect": 1,
        "ingest": 1,
        "mask": 1,
        "balance_alone": 1,  # of the new sample
        "pool": 1,
        "balance": 3 + 3,  # kde_eb of the group, and all methods of the new sample
        "plot": 4,
        "compare": 1,
        "export": 4,
        "report": 1,
        "track": 1,
    }


def test_the_bootstrap_makes_no_pool_again(finished: Cohort) -> None:
    planned = finished.planned("methods.kde_eb.bootstrap=3")
    assert planned["balance"] == 4
    assert not {"balance_alone", "pool", "file_prior"} & set(planned)


def test_a_sample_that_failed_is_named_by_its_group(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    for seed, name in enumerate(("w1", "w2")):
        write_biased(tmp_path / f"{name}.cool", 20.0, seed)
    with h5py.File(tmp_path / "w2.cool", "r+") as file:
        file["pixels/bin1_id"][5] = 140  # no longer in order
    text = TEXT.replace("  of_file: {method: kde_eb, prior: deep.cool}\n", "")
    (tmp_path / "conf" / "cohort" / "small.yaml").write_text(text)
    write_sheet(tmp_path, "w1", "w2")
    done = subprocess.run(cohort.command(), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    table = pd.read_csv(tmp_path / "results/small/summary.tsv", sep="\t")
    reasons = table.set_index(["sample", "method"])["reason"].to_dict()
    assert reasons["w1", "kde_eb"].startswith("the prior needs sample w2: ingest: w2.cool: ")
    assert reasons["w2", "kde_eb"].startswith("ingest: w2.cool: ")
    status = table.set_index(["sample", "method"])["status"].to_dict()
    assert status["w1", "kr_of_w1"] == "converged"


def test_the_map_of_the_samples_is_that_of_the_test(paths: ResultPaths) -> None:
    contacts = read_map(paths.map_files("w1", 1000))
    np.testing.assert_array_equal(contacts.counts, draw_biased(20.0, 0).counts)


def test_settings_are_compared_without_snakemakes_records(finished: Cohort) -> None:
    records, aside = finished.folder / ".snakemake", finished.folder / "aside"
    records.rename(aside)
    try:
        views = {"plot": 4, "compare": 1, "export": 4, "report": 1, "track": 1}
        assert finished.planned() == views
        tighter = {"balance_alone": 3, "pool": 1, "balance": 4, **views}
        assert finished.planned("methods.kde_eb.tolerance=1e-4") == tighter
        assert finished.planned("methods.kde_eb.prior=none") == {"balance": 4, **views}
        # The pool of the cohort is new, and so is the term of the sample that had no group.
        of_all = {"balance_alone": 1, "pool": 1, "balance": 4, **views}
        assert finished.planned("methods.kde_eb.prior=cohort") == of_all
        assert finished.planned("methods.of_file.prior=group") == {
            "balance_alone": 3, "pool": 1, "balance": 4, **views
        }  # fmt: skip
        more = "methods.of_file.max_iterations=400"
        assert finished.planned(more) == {"file_prior": 1, "balance": 4, **views}
    finally:
        shutil.rmtree(records)
        aside.rename(records)
