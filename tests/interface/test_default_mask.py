"""The mask that a map has by default: the workflow's, so that Python and workflow agree."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.ingest.demo_maps import simulate_map, write_cool
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.mask import MaskJob
from counterpoise.mask import MaskSettings, describe_filters, make_mask_settings
from counterpoise.methods import methods
from counterpoise.store.paths import MapFiles, RunFiles
from counterpoise.store.weights import read_errors, read_verdict, read_weights, trace_columns
from tests.support import REPOSITORY
from tests.support.maps import genome_map, random_map

RESOLUTIONS = (10_000, 20_000)
FILTERS = "cooler's filters (min_nnz 10, mad_max 5)"


@pytest.fixture(scope="module")
def cool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cooler of bins of 10 kb: some are empty, and some are so sparse that filters mask them."""
    path = tmp_path_factory.mktemp("default") / "map.cool"
    bins, pixels = simulate_map({"chr1": 160, "chr2": 90}, 300_000)
    is_sparse = (pixels[["bin1_id", "bin2_id"]] // 2 % 13 == 6).any(axis=1)
    chance = np.random.default_rng(1).random(len(pixels))
    write_cool(path, bins, pixels[~is_sparse | (chance < 0.03)], "toy")
    return path


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    """A cohort with every method, whose settings are all defaults."""
    every = [f"+method@methods.{name}={name}" for name in methods()]
    return load_cohort(REPOSITORY / "conf", ["cohort=demo", *every], REPOSITORY)


# --- Python and workflow agree ---------------------------------------------------------------


@pytest.fixture(scope="module", params=RESOLUTIONS)
def level(
    request: pytest.FixtureRequest,
    cool: Path,
    cohort: Cohort,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[int, MapFiles, Path]:
    """Return a resolution, and its map and mask as the workflow's jobs write them."""
    folder = tmp_path_factory.mktemp(str(request.param))
    files, mask = MapFiles.in_folder(folder / "map"), folder / "mask.parquet"
    write_map(inspect_source(str(cool)), request.param, files)
    MaskJob.of(cohort).run(files, mask)
    return request.param, files, mask


@pytest.mark.parametrize("method", methods())
def test_python_gives_the_bits_of_the_workflow(
    level: tuple[int, MapFiles, Path], cool: Path, cohort: Cohort, method: str, tmp_path: Path
) -> None:
    resolution, files, mask = level
    run = RunFiles(*(str(tmp_path / name) for name in ("weights", "trace", "verdict")))
    BalanceJob.of(cohort, next(iter(cohort.samples)), method).run(files, mask, run)
    result = cp.balance(cool, method, resolution=resolution)

    assert result.weights.tobytes() == read_weights(run.weights).tobytes()
    assert result.se.tobytes() == read_errors(run.weights).tobytes()
    trace = pq.read_table(run.trace)
    for name, column in trace_columns(result).items():
        np.testing.assert_array_equal(np.asarray(column), np.asarray(trace[name]))
    verdict = read_verdict(run.verdict)
    assert result.verdict.mask == verdict.mask
    assert result.verdict.settings == verdict.settings
    assert result.verdict.parts == verdict.parts
    assert (result.fitness, result.reason) == (verdict.fitness, verdict.reason)
    assert verdict.mask["reasons"]["min_nnz"] or verdict.mask["reasons"]["mad"]


# --- the default by form ---------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "Path", "URI", "Contacts", "StoredContacts"])
@pytest.mark.parametrize("method", ["kr", "ice", "kde"])
def test_a_map_has_the_filters_of_the_workflow(cool: Path, form: str, method: str) -> None:
    contacts = cp.read_contacts(cool)
    given = {
        "text": str(cool),
        "Path": cool,
        "URI": f"{cool}::/",
        "Contacts": contacts,
        "StoredContacts": StoredContacts(contacts.bins, contacts.indptr, contacts.entries),
    }[form]
    result = cp.balance(given, method)
    assert result.verdict.mask == cp.mask_bins(contacts).summary()
    assert result.verdict.mask["settings"] == asdict(MaskSettings())
    for same in (cp.mask_bins(contacts), MaskSettings(), {}, "default"):
        other = cp.balance(given, method, mask=same)
        np.testing.assert_array_equal(other.weights, result.weights)
        assert repr(other) == repr(result)


def test_a_cooler_of_the_cooler_library_has_them_too(cool: Path) -> None:
    cooler = pytest.importorskip("cooler")
    assert repr(cp.balance(cooler.Cooler(str(cool)), "vc")) == repr(cp.balance(cool, "vc"))


MATRICES = [np.asarray, sp.csr_matrix, np.ndarray.tolist, cp.Contacts.from_matrix]


@pytest.mark.parametrize("form", MATRICES)
def test_a_matrix_has_no_mask(form: Any) -> None:
    matrix = random_map(8, 3, density=1.0).toarray()  # fewer bins than min_nnz
    for result in (cp.balance(form(matrix), "vc"), cp.balance(form(matrix), "vc", mask=None)):
        assert np.isfinite(result.weights).all()
        assert "mask: empty bins only" in repr(result)
    assert not cp.balance(form(matrix), "vc", mask={}).kept.any()


def test_the_functions_for_matrices_have_no_mask() -> None:
    matrix = random_map(8, 3, density=1.0)
    assert np.isfinite(cp.kr_normalize(matrix)[1]).all()
    assert np.isfinite(cp.kde_normalize(matrix, bandwidth=1.0)[1]).all()
    for normalize in (cp.ice_normalize, cp.vc_normalize, cp.vc_sqrt_normalize):
        assert (normalize(matrix).sum(axis=1) > 0).all()


# --- None ------------------------------------------------------------------------------------


def has_contacts(contacts: Contacts) -> NDArray[np.bool_]:
    return np.asarray(contacts.full_matrix().sum(axis=1)).ravel() > 0


@pytest.mark.parametrize("method", ["kr", "ice"])
def test_none_masks_empty_bins_only(cool: Path, method: str) -> None:
    contacts = cp.read_contacts(cool)
    result = cp.balance(cool, method, mask=None)
    np.testing.assert_array_equal(result.kept, has_contacts(contacts))
    assert 0 < result.kept.sum() < len(result.kept)
    assert cp.balance(cool, method).kept.sum() < result.kept.sum()
    by_array = cp.balance(cool, method, mask=has_contacts(contacts))
    np.testing.assert_array_equal(by_array.weights, result.weights)


def test_none_is_the_choice_none_of_the_workflow(cool: Path) -> None:
    chosen = load_cohort(REPOSITORY / "conf", ["cohort=demo", "mask=none"], REPOSITORY)
    assert make_mask_settings(None) == chosen.settings.mask.filters
    summary = cp.mask_bins(cool, None).summary()
    assert cp.balance(cool, "vc", mask=None).verdict.mask == summary
    assert set(summary["reasons"]) >= {"kept", "empty"}
    assert sum(summary["reasons"].values()) == sum(
        summary["reasons"][reason] for reason in ("kept", "empty")
    )


def test_none_of_mask_bins_means_the_same_of_a_matrix() -> None:
    matrix = random_map(8, 3, density=1.0)
    assert cp.mask_bins(matrix, None).kept.all()
    assert not cp.mask_bins(matrix).kept.any()


# --- the repr names the mask -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        ("default", FILTERS),
        (None, "empty bins only"),
        ({"min_nnz": 5}, "cooler's filters (min_nnz 5, mad_max 5)"),
        ({"min_nnz": 0, "mad_max": 2.5}, "cooler's filters (mad_max 2.5)"),
        ({"min_count": 3, "mad_max": 0}, "cooler's filters (min_nnz 10, min_count 3)"),
        ({"cis_only": True}, "cooler's filters (min_nnz 10, mad_max 5, cis only)"),
        ({"min_nnz": 0, "mad_max": 0}, "empty bins only"),
        (np.ones(70, bool), "given bins"),
    ],
)
def test_the_repr_names_the_mask(mask: Any, text: str) -> None:
    result = cp.balance(genome_map({"chr1": 40, "chr2": 30}, 4), "vc", mask=mask)
    assert repr(result).endswith(f", mask: {text}>")
    assert "\n" not in repr(result)


def test_a_blacklist_is_named(tmp_path: Path) -> None:
    bed = tmp_path / "bad.bed"
    bed.write_text("chr1\t0\t2000\n")
    contacts = genome_map({"chr1": 40, "chr2": 30}, 4)
    filters = {"min_nnz": 0, "mad_max": 0, "blacklist": str(bed)}
    assert repr(cp.balance(contacts, "vc", mask=filters)).endswith("mask: blacklist bad.bed>")
    both = cp.balance(contacts, "vc", mask={"blacklist": str(bed)})
    assert repr(both).endswith(f"mask: {FILTERS} and blacklist bad.bed>")


def test_the_record_of_a_given_mask_is_described() -> None:
    contacts = genome_map({"chr1": 40, "chr2": 30}, 4)
    mask = cp.mask_bins(contacts)
    result = cp.balance(contacts, "vc", mask=mask.kept, mask_record=mask.summary())
    assert describe_filters(result.verdict.mask) == FILTERS


def test_numbers_of_numpy_are_recorded_as_plain_numbers(cool: Path) -> None:
    mask = {"min_nnz": np.int32(3), "mad_max": np.float32(4)}
    settings: dict[str, Any] = {"ignore_diags": np.int64(1), "tolerance": np.float32(1e-4)}
    result = cp.balance(cool, "ice", mask=mask, **settings)
    assert type(result.verdict.mask["settings"]["min_nnz"]) is int
    assert type(result.verdict.mask["settings"]["mad_max"]) is float
    assert type(result.verdict.settings["ignore_diags"]) is int
    assert type(result.verdict.settings["tolerance"]) is float
