"""A cohort of real maps: groups, shared masks, a prior, merging and thinning, end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cooler
import hictkpy
import numpy as np
import pandas as pd
import pytest

from tests.support import REPOSITORY

pytestmark = pytest.mark.workflow

GROUPS = ("wild_early", "wild_late", "mutant_early", "mutant_late")  # of yeast
REPLICATES = 3
FAILED = "mutant_late_3"
CONTACTS, CONTACTS_OF_FAILED = 4_000_000, 12_000
CELLS = {
    "scc1_control": ("Scc1-control.10000.cool", "mouse", "100kb"),
    "scc1_knockout": ("Scc1-KO.10000.cool", "mouse", "100kb"),
    "primary": ("gm12878_rao_primary_chr22_50kb.cool", "gm12878", "50kb"),
    "replicate": ("gm12878_rao_replicate_chr22_50kb.cool", "gm12878", "50kb"),
    "imr90": ("imr90_hindiii_chr20.mcool", "imr90", "50kb"),
}
COHORT = """\
sample_sheet: samples.tsv
resolutions: [10kb]
group_by: [cells]
methods:
  kr:
  kde_eb: {prior: group}
mask: {shared: 0.75, shared_within: group}
merge: {wild: [wild_*]}
tracking: {enabled: false}
"""
THINNED = """\
sample_sheet: thinned.tsv
resolutions: [50kb]
group_by: [cells]
methods:
  kr:
  kr_of_primary: {method: kr, apply_weights_of: primary}
thin: {least_of: group, seed: 1}
tracking: {enabled: false}
"""


def thin(source: cooler.Cooler, contacts: int, seed: int, path: Path) -> None:
    pixels = source.pixels()[:]
    share = contacts / pixels["count"].sum()
    drawn = np.random.default_rng(seed).binomial(pixels["count"].to_numpy(), share)
    pixels = pixels.assign(count=drawn)[drawn > 0]
    bins = source.bins()[["chrom", "start", "end"]][:]
    cooler.create_cooler(str(path), bins, pixels, ordered=True)


def write_sheet(path: Path, rows: dict[str, tuple[str, str, str]]) -> None:
    lines = ["sample\tpath\tcells\tresolutions"]
    lines += ["\t".join((name, *row)) for name, row in rows.items()]
    path.write_text("\n".join(lines) + "\n")


def run(folder: Path, cohort: str, *words: str) -> str:
    profile = str(REPOSITORY / "profiles" / "local")
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")),
        *(
            "--profile",
            profile,
            "--cores",
            "2",
            *words,
            "--config",
            f"cohort={cohort}",
            "conf=conf",
        ),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    folder = tmp_path_factory.mktemp("real")
    yeast = cooler.Cooler(str(shared_data / "yeast.10kb.cool"))
    rows = {
        name: (str(shared_data / file), cells, size) for name, (file, cells, size) in CELLS.items()
    }
    write_sheet(folder / "thinned.tsv", {name: rows[name] for name in ("primary", "replicate")})
    for number, group in enumerate(GROUPS):
        for replicate in range(1, REPLICATES + 1):
            name = f"{group}_{replicate}"
            contacts = CONTACTS_OF_FAILED if name == FAILED else CONTACTS
            thin(yeast, contacts, number * REPLICATES + replicate, folder / f"{name}.cool")
            rows[name] = (f"{name}.cool", "yeast", "10kb")
    write_sheet(folder / "samples.tsv", rows)
    (folder / "conf" / "cohort").mkdir(parents=True)
    (folder / "conf" / "cohort" / "real.yaml").write_text(COHORT)
    (folder / "conf" / "cohort" / "thinned.yaml").write_text(THINNED)
    run(folder, "real")
    run(folder, "thinned")
    return folder


@pytest.fixture(scope="module")
def summary(folder: Path) -> pd.DataFrame:
    table = pd.read_csv(folder / "results" / "real" / "summary.tsv", sep="\t")
    return table.set_index(["sample", "method"])


@pytest.fixture(scope="module")
def samples(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "results" / "real" / "samples.tsv", sep="\t", index_col="sample")


def kept(folder: Path, sample: str, size: int) -> np.ndarray:
    path = folder / "results" / "real" / "masks" / sample / f"{size}.parquet"
    return pd.read_parquet(path)["kept"].to_numpy()


def test_nothing_is_left_to_do(folder: Path) -> None:
    for cohort in ("real", "thinned"):
        assert "Nothing to be done" in run(folder, cohort)


def test_the_library_that_failed_is_the_only_one_of_yeast_that_is_not_for_use(
    summary: pd.DataFrame, samples: pd.DataFrame
) -> None:
    kr = summary.xs("kr", level="method")
    yeast = kr[kr["resolution"] == 10_000]
    assert yeast.index[yeast["fitness"] == "no"].tolist() == [FAILED]
    of_yeast = samples[samples["sample_group"] == "yeast"]
    assert of_yeast.index[of_yeast["stands_out"].notna()].tolist() == [FAILED]


def test_the_samples_of_a_group_keep_the_same_bins(folder: Path) -> None:
    """Bins without contacts in a sample stay masked in it: those of the library that failed."""
    for names, size in (
        (("scc1_control", "scc1_knockout"), 100_000),
        (("primary", "replicate"), 50_000),
        ([f"{group}_{number}" for group in GROUPS for number in (1, 2)], 10_000),
    ):
        masks = [kept(folder, name, size) for name in names]
        assert all((mask == masks[0]).all() for mask in masks)
        assert masks[0].any()
    failed = kept(folder, FAILED, 10_000)
    assert not (failed & ~masks[0]).any()


def test_each_cooler_has_equal_row_sums_in_cooler_and_hictkpy(folder: Path) -> None:
    for name, size in (("primary", 50_000), ("wild_early_1", 10_000), ("wild", 10_000)):
        path = folder / "results" / "real" / "coolers" / f"{name}.mcool"
        clr = cooler.Cooler(f"{path}::/resolutions/{size}")
        matrix = clr.matrix(balance="weight", sparse=False).fetch(clr.chromnames[0])
        sums = np.nansum(matrix, axis=1)
        np.testing.assert_allclose(sums[sums > 0], 1, rtol=1e-4)
        theirs = hictkpy.File(str(path), size).fetch(clr.chromnames[0], normalization="weight")
        np.testing.assert_allclose(np.nan_to_num(theirs.to_numpy()), np.nan_to_num(matrix))


def test_the_merged_sample_is_the_sum_of_its_members(folder: Path) -> None:
    coolers = folder / "results" / "real" / "coolers"
    names = [f"{group}_{number}" for group in GROUPS[:2] for number in range(1, REPLICATES + 1)]
    totals = [cooler.Cooler(f"{coolers / name}.mcool::/resolutions/10000") for name in names]
    expected = sum(each.matrix(balance=False)[:] for each in totals)
    merged = cooler.Cooler(f"{coolers / 'wild'}.mcool::/resolutions/10000")
    np.testing.assert_array_equal(merged.matrix(balance=False)[:], expected)


def test_a_sample_borrows_from_the_others_of_its_group_alone(
    folder: Path, summary: pd.DataFrame
) -> None:
    weights = folder / "results" / "real" / "weights"

    def prior(sample: str, size: int) -> dict[str, object]:
        verdict = json.loads((weights / sample / str(size) / "kde_eb" / "verdict.json").read_text())
        return dict(verdict["prior"])

    of_failed = prior(FAILED, 10_000)
    libraries = {f"{group}_{number}" for group in GROUPS for number in range(1, REPLICATES + 1)}
    assert set(of_failed["sources"]) == libraries - {FAILED}  # the merged sample holds others
    assert float(of_failed["strength"]) >= 0.5
    assert prior("replicate", 50_000)["sources"] == ["primary"]
    assert prior("imr90", 50_000)["strength"] == 0  # alone in its group
    assert prior("wild", 10_000)["strength"] == 0
    unevenness = summary["expected_unevenness"]
    assert unevenness[FAILED, "kde_eb"] < unevenness[FAILED, "kr"] / 2


def test_thinned_samples_have_the_same_number_of_contacts(folder: Path) -> None:
    results = folder / "results" / "thinned"
    counts = {}
    for name in ("primary", "replicate"):
        clr = cooler.Cooler(f"{results / 'coolers' / name}.mcool::/resolutions/50000")
        counts[name] = int(clr.pixels()["count"][:].sum())
    least = cooler.Cooler(str(pd.read_csv(folder / "thinned.tsv", sep="\t")["path"][1]))
    assert set(counts.values()) == {int(least.pixels()["count"][:].sum())}
    table = pd.read_csv(results / "summary.tsv", sep="\t").set_index(["sample", "method"])
    applied = table.loc["replicate", "kr_of_primary"]
    assert applied["status"] == "computed"
    assert 0.005 < applied["rms_deviation"] < 0.5
