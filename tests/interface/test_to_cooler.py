"""`Balance.to_cooler`: the workflow's columns in a cooler of the user, or the file as it was."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cooler
import h5py
import numpy as np
import pytest

import counterpoise as cp
from counterpoise.cohort.compose import load_cohort
from counterpoise.columns.new_names import refuse_misread, refuse_other_method
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.selection import COLUMN_PREFIXES
from counterpoise.errors import ConfigError, DiskFullError, InputError
from counterpoise.ingest.demo_maps import simulate_map, write_cool
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.interface import cooler_columns
from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.mask import MaskJob
from counterpoise.methods import methods
from counterpoise.store.hdf5_output import Output
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.weight_columns import DIVISIVE
from tests.support import REPOSITORY
from tests.support.coolers import write_cool as write_plain_cool
from tests.support.documentation import CONDITIONAL_ATTRIBUTES, documented
from tests.support.hic_files import hic_bytes
from tests.support.maps import random_map

RESOLUTIONS = (10_000, 20_000)
CHROMOSOMES = {"chr1": 90, "chr2": 60}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "map.cool"
    write_cool(path, *simulate_map(CHROMOSOMES, 200_000), "toy")
    return path


@pytest.fixture(scope="module")
def levels(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("levels") / "map.mcool"
    cooler.zoomify_cooler(str(source), str(path), list(RESOLUTIONS), 1_000_000)
    return path


@pytest.fixture
def cool(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(source, tmp_path / "map.cool"))


@pytest.fixture
def mcool(levels: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(levels, tmp_path / "map.mcool"))


def columns(path: Path, group: str = "/") -> set[str]:
    with h5py.File(path) as file:
        return set(file[group]["bins"])


def objects(path: Path) -> dict[str, Any]:
    """Return every dataset and attribute of a file, by name."""
    found: dict[str, Any] = {}

    def visit(name: str, node: h5py.Group | h5py.Dataset) -> None:
        for key, value in node.attrs.items():
            found[f"{name}@{key}"] = np.asarray(value).tolist()
        if isinstance(node, h5py.Dataset):
            found[name] = (node.dtype, node[:].tobytes())

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return found


# --- what is written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "settings", "name"),
    [
        ("kr", {}, "KR"),
        ("kr", {"scope": "genome"}, "GW_KR"),
        ("ice", {}, "GW_ICE"),
        ("ice", {"scope": "trans"}, "INTER_ICE"),
        ("vc", {}, "VC"),
        ("vc_sqrt", {}, "VC_SQRT"),
        ("scale", {}, "SCALE"),
        ("kde_eb", {"bandwidth": 30_000}, "KDE_EB"),
    ],
)
def test_cooler_applies_the_column_of_the_workflow(
    cool: Path, method: str, settings: dict[str, Any], name: str
) -> None:
    result = cp.balance(cool, method, **settings)
    before = columns(cool)
    assert result.to_cooler(cool) == name
    assert columns(cool) == before | {name, f"{name}_se"}
    expected = result.matrix().toarray()
    if name in ("KR", "VC", "VC_SQRT"):  # Juicer's scale: in each part the total stays
        for part in result.verdict.parts:
            span = slice(part.first_bin, part.first_bin + part.bins)
            expected[span, span] *= part.raw_total / part.balanced_total
    actual = cooler.Cooler(str(cool)).matrix(balance=name)[:]
    has_weight = np.isfinite(result.weights)
    actual, expected = (m[has_weight][:, has_weight] for m in (actual, expected))
    used = np.isfinite(actual)
    if result.verdict.scope == "cis":  # a factor for each chromosome
        chromosome = result.contacts.bins.chromosome_ids[has_weight]
        used &= np.equal.outer(chromosome, chromosome)
    np.testing.assert_allclose(actual[used], expected[used], rtol=1e-12)


def test_the_columns_are_those_of_an_export(source: Path, mcool: Path, tmp_path: Path) -> None:
    """Values, types and attributes are those of the workflow on the same map."""
    cohort = load_cohort(REPOSITORY / "conf", ["cohort=demo"], REPOSITORY)
    paths = ResultPaths("demo", str(tmp_path / "results"))
    methods = {"ice": "GW_ICE", "kr": "KR", "vc_sqrt": "VC_SQRT"}
    for resolution in RESOLUTIONS:
        files, mask = paths.map_files("s", resolution), paths.mask("s", resolution)
        write_map(inspect_source(str(source)), resolution, files)
        MaskJob.of(cohort).run(files, mask)
        for method in methods:
            job = BalanceJob.of(cohort, next(iter(cohort.samples)), method)
            job.run(files, mask, paths.run_files("s", resolution, method))
    exported = Path(paths.cooler("s"))
    write_mcool(paths, "s", list(RESOLUTIONS), methods, "ice", str(exported))

    for resolution in RESOLUTIONS:
        uri = f"{mcool}::/resolutions/{resolution}"
        for method, column in methods.items():
            result = cp.balance(uri, method)
            assert result.to_cooler(uri) == column
            if method == "ice":
                result.to_cooler(uri, "weight")
    actual, expected = objects(mcool), objects(exported)
    names = {*methods.values(), "weight"}
    written = [
        name
        for name in expected
        if name.partition("/bins/")[2].partition("@")[0].removesuffix("_se") in names
    ]
    assert len(written) > 100
    for name in written:
        assert actual[name] == expected[name], name


def test_attributes_are_documented(cool: Path) -> None:
    cp.balance(cool, "kr").to_cooler(cool)
    with h5py.File(cool) as file:
        rows = set(documented("Attributes of a weight column"))
        assert set(file["bins/KR"].attrs) == rows - CONDITIONAL_ATTRIBUTES
        assert set(file["bins/KR_se"].attrs) == set(documented("Columns of standard errors"))
        assert file["bins/KR"].attrs["min_nnz"] == 10


def test_weight_is_multiplicative_and_written_by_name_only(cool: Path) -> None:
    result = cp.balance(cool, "kr")
    assert result.to_cooler(cool) == "KR"
    assert "weight" not in columns(cool)
    assert result.to_cooler(cool, name="weight") == "weight"
    with h5py.File(cool) as file:
        assert not file["bins/weight"].attrs["divisive_weights"]
        assert file["bins/KR"].attrs["divisive_weights"]
        np.testing.assert_array_equal(file["bins/weight"][:], result.weights)
    has_weight = np.isfinite(result.weights)
    chromosome = result.contacts.bins.chromosome_ids
    balanced = cooler.Cooler(str(cool)).matrix()[:]  # by default with the column `weight`
    inside = np.equal.outer(chromosome, chromosome)
    sums = np.nansum(np.where(inside, balanced, 0), axis=1)[has_weight]
    np.testing.assert_allclose(sums, 1, atol=1e-7)


def test_the_name_of_a_result_is_that_of_its_column(cool: Path) -> None:
    assert cp.balance(cool, "kr", name="kr_loose", tolerance=1e-2).to_cooler(cool) == "KR_LOOSE"
    with h5py.File(cool) as file:
        assert not file["bins/KR_LOOSE"].attrs["divisive_weights"]


def test_everything_else_in_the_file_stays(mcool: Path) -> None:
    before = objects(mcool)
    cp.balance(mcool, "kr", resolution=20_000).to_cooler(mcool)
    after = objects(mcool)
    new = set(after) - set(before)
    assert {name.split("@")[0] for name in new} == {
        "resolutions/20000/bins/KR", "resolutions/20000/bins/KR_se"
    }  # fmt: skip
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("form", ["text", "Path", "Cooler", "file"])
def test_the_cooler_in_any_form(mcool: Path, form: str) -> None:
    uri = f"{mcool}::/resolutions/10000"
    given = {"text": uri, "Path": Path(uri), "Cooler": cooler.Cooler(uri), "file": mcool}[form]
    cp.balance(uri, "vc").to_cooler(given)
    assert "VC" in columns(mcool, "resolutions/10000")
    assert "VC" not in columns(mcool, "resolutions/20000")


def test_results_without_weights_are_written_as_the_workflow_does(cool: Path) -> None:
    result = cp.balance(cool, "kr", mask={"min_nnz": 1000})
    assert result.to_cooler(cool) == "KR"
    with h5py.File(cool) as file:
        assert np.isnan(file["bins/KR"][:]).all()
        assert file["bins/KR"].attrs["status"] == "empty"


def test_settings_of_numpy_are_written(cool: Path) -> None:
    settings: dict[str, Any] = {"ignore_diags": np.int64(2), "tolerance": np.float64(1e-6)}
    cp.balance(cool, "ice", **settings, mask={"min_nnz": np.int32(5)}).to_cooler(cool)
    with h5py.File(cool) as file:
        assert file["bins/GW_ICE"].attrs["min_nnz"] == 5


# --- existing columns ------------------------------------------------------------------------


@pytest.mark.parametrize("existing", ["KR", "KR_se"])
def test_an_existing_column_is_replaced_by_force_only(cool: Path, existing: str) -> None:
    with h5py.File(cool, "r+") as file:
        file[f"bins/{existing}"] = np.ones(150)
        file[f"bins/{existing}"].attrs["mine"] = 1
    before = cool.read_bytes()
    result = cp.balance(cool, "kr")
    with pytest.raises(InputError, match=rf"has a column '{existing}' already.*force=True"):
        result.to_cooler(cool)
    assert cool.read_bytes() == before
    result.to_cooler(cool, force=True)
    with h5py.File(cool) as file:
        assert "mine" not in file[f"bins/{existing}"].attrs
        np.testing.assert_array_equal(file["bins/KR_se"][:], result.se)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("KR", "name is 'KR', the column of kr, and these weights are of vc; choose"),
        ("SQRT_VC", "name is 'SQRT_VC', and HiCExplorer divides by a column of this name"),
        ("mine_se", "names that end with _se are of standard errors"),
    ],
)
def test_names_that_say_something_else(cool: Path, name: str, message: str) -> None:
    before = cool.read_bytes()
    with pytest.raises(ConfigError, match=re.escape(message)):
        cp.balance(cool, "vc").to_cooler(cool, name)
    with pytest.raises(ConfigError, match="the column of ice, and these weights are of vc"):
        cp.balance(cool, "vc", name="ice").to_cooler(cool)
    with pytest.raises(ConfigError, match="HiCExplorer divides by a column of this name"):
        cp.balance(cool, "vc", name="sqrt_vc").to_cooler(cool)
    with pytest.raises(ConfigError, match="the column of kr, and these weights are of auto"):
        cp.balance(cool, "auto", name="kr").to_cooler(cool)
    assert cool.read_bytes() == before


@pytest.mark.parametrize("method", methods())
def test_the_names_of_the_workflow_are_those_of_its_methods(cool: Path, method: str) -> None:
    for prefix in COLUMN_PREFIXES.values():
        name = prefix + method.upper()
        refuse_other_method(name, method)
        refuse_misread(name, is_divisive=name in DIVISIVE)
    result = cp.balance(cool, method, name="mine")
    assert result.to_cooler(cool, method.upper()) == method.upper()


@pytest.mark.parametrize("name", ["", " ", "chrom", "start", "end", "a/b", ".", "a\0b", 5, b"KR"])
@pytest.mark.parametrize("force", [False, True])
def test_names_that_are_no_names_of_weights(cool: Path, name: Any, force: bool) -> None:
    before = cool.read_bytes()
    with pytest.raises(ConfigError, match="name is"):
        cp.balance(cool, "vc").to_cooler(cool, name, force=force)
    assert cool.read_bytes() == before


# --- other bins ------------------------------------------------------------------------------


def other_bins(path: Path, change: str) -> Path:
    """Write a cooler with slightly different bins."""
    names, sizes = ["chr1", "chr2"], [900_000, 600_000]
    if change == "chromosomes":
        names = ["1", "2"]
    if change == "lengths":
        sizes[1] -= 5
    size = 15_000 if change == "resolution" else 10_000
    bins = BinTable.fixed(names, sizes, size)
    nothing = np.empty(0, np.int32)
    write_plain_cool(path, bins, (nothing, nothing, nothing))
    if change == "positions":
        with h5py.File(path, "r+") as file:
            file.attrs["bin-type"] = "variable"
            del file.attrs["bin-size"]
            file["bins/end"][3] -= 10
            file["bins/start"][4] -= 10
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("chromosomes", "chromosomes are 1, 2, those of the map chr1, chr2"),
        ("lengths", "chr2 has 599,995 bp in the file and 600,000 in the map"),
        ("resolution", "100 bins, the map 150"),
        ("positions", "bin 3 is chr1:30,000-39,990 in the file and chr1:30,000-40,000 in the map"),
    ],
)
def test_other_bins_are_refused(cool: Path, tmp_path: Path, change: str, message: str) -> None:
    target = other_bins(tmp_path / "other.cool", change)
    before = target.read_bytes()
    with pytest.raises(InputError, match=f"has other bins than the map: .*{message}"):
        cp.balance(cool, "vc").to_cooler(target)
    assert target.read_bytes() == before


def test_a_level_of_other_bins_is_refused(mcool: Path) -> None:
    result = cp.balance(mcool, "vc", resolution=10_000)
    with pytest.raises(InputError, match="has 75 bins, the map 150"):
        result.to_cooler(f"{mcool}::/resolutions/20000")


def test_a_file_without_the_level_lists_its_levels(mcool: Path) -> None:
    result = cp.balance(mcool, "vc", resolution=40_000)  # summed
    with pytest.raises(InputError, match=r"no level of 40 kb.*10,000, 20,000 bp"):
        result.to_cooler(mcool)


def test_a_matrix_has_no_bins_of_a_cooler(cool: Path) -> None:
    result = cp.balance(random_map(150, 1), "vc")
    with pytest.raises(InputError, match="balance the cooler itself"):
        result.to_cooler(cool)


def test_an_exported_cooler_that_covers_holes_is_written_into(tmp_path: Path) -> None:
    """A map whose bins have holes, and its export, which has a bin for each hole."""
    bins = BinTable.fixed(("a", "b"), (300_000, 200_000), 10_000)
    present = np.ones(50, bool)
    present[[0, 7, 8, 49]] = False
    start, end = bins.start[present], bins.end[present]
    holes = BinTable(bins.chromosomes, bins.lengths, np.array([0, 27, 46]), start, end, 10_000)
    bin1, bin2 = np.triu_indices(46)
    counts = np.random.default_rng(1).poisson(20, len(bin1)) + 1
    write_plain_cool(tmp_path / "holes.cool", holes, (bin1, bin2, counts))
    paths = ResultPaths("demo", str(tmp_path / "results"))
    write_map(inspect_source(str(tmp_path / "holes.cool")), 10_000, paths.map_files("s", 10_000))
    exported = Path(paths.cooler("s"))
    write_mcool(paths, "s", [10_000], {}, "ice", str(exported))

    result = cp.balance(tmp_path / "holes.cool", "ice")
    result.to_cooler(exported)
    written = cooler.Cooler(f"{exported}::/resolutions/10000").bins()[:]
    assert (len(written), len(result.weights)) == (49, 46)
    weights = written.set_index(["chrom", "start"])["GW_ICE"]
    for row in result.to_frame().itertuples():
        np.testing.assert_equal(weights[row.chrom, row.start], row.weight)
    assert np.isfinite(weights).sum() == np.isfinite(result.weights).sum() > 0


# --- what cannot be written into -------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, 5, b"map.cool", ["map.cool"]])
def test_what_is_no_cooler_is_refused(cool: Path, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"file\.cool.*cooler\.Cooler; this is "):
        cp.balance(cool, "vc").to_cooler(wrong)


def test_files_that_cannot_be_written_into(cool: Path, tmp_path: Path) -> None:
    result = cp.balance(cool, "vc")
    with pytest.raises(InputError, match=r"lost\.cool: does not exist, .*existing cooler"):
        result.to_cooler(tmp_path / "lost.cool")
    with pytest.raises(InputError, match="is a URL"):
        result.to_cooler("https://host/map.mcool")
    text = tmp_path / "text.cool"
    text.write_text("no HDF5")
    with pytest.raises(InputError, match="is not an HDF5 file"):
        result.to_cooler(text)
    with pytest.raises(InputError, match="has no group /resolutions/5"):
        result.to_cooler(f"{cool}::/resolutions/5")


def test_a_read_only_file_is_refused(cool: Path) -> None:
    result, before = cp.balance(cool, "vc"), cool.read_bytes()
    cool.chmod(0o444)
    with pytest.raises(InputError, match=r"is read-only\. Allow writing, or write into a copy"):
        result.to_cooler(cool)
    assert cool.read_bytes() == before


def test_a_hic_file_is_refused(cool: Path, tmp_path: Path) -> None:
    hic = tmp_path / "map.hic"
    hic.write_bytes(hic_bytes(8))
    with pytest.raises(InputError, match=r"is a \.hic file.*counterpoise balance"):
        cp.balance(cool, "vc").to_cooler(hic)


# --- the old file or the new one -------------------------------------------------------------

KILLED = """
import os, signal, sys
import counterpoise as cp
from counterpoise.interface import cooler_columns
from counterpoise.store import in_place
path, moment = sys.argv[1:]
result = cp.balance(path, "kr")
kill = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
if moment == "copy":
    def copyfile(source, target):
        with open(source, "rb") as stream, open(target, "wb") as half:
            half.write(stream.read(5000))
        kill()
    in_place.shutil.copyfile = copyfile
if moment == "columns":
    cooler_columns.write_weight_column = kill
if moment == "rename":
    os.replace = kill
result.to_cooler(path)
"""


@pytest.mark.parametrize("moment", ["copy", "columns", "rename"])
def test_a_kill_leaves_the_old_file(cool: Path, moment: str) -> None:
    before = cool.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, str(cool), moment], check=False)
    assert done.returncode == -signal.SIGKILL
    assert cool.read_bytes() == before
    assert len(list(cool.parent.iterdir())) == 2  # the copy is left, under a temporary name
    assert cp.balance(cool, "kr").to_cooler(cool) == "KR"
    assert [path.name for path in cool.parent.iterdir()] == ["map.cool"]


def test_an_error_leaves_the_old_file(cool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cool.read_bytes()

    def fail(*args: Any) -> None:
        raise RuntimeError("no column")

    monkeypatch.setattr(cooler_columns, "write_weight_column", fail)
    with pytest.raises(RuntimeError, match="no column"):
        cp.balance(cool, "vc").to_cooler(cool)
    assert cool.read_bytes() == before
    assert [path.name for path in cool.parent.iterdir()] == ["map.cool"]


def test_a_full_disk_leaves_the_old_file(cool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cool.read_bytes()

    def write(self: Output, data: Any) -> int:
        self._error = self._error or OSError(errno.ENOSPC, "No space left on device")
        return memoryview(data).nbytes

    result = cp.balance(cool, "vc")
    monkeypatch.setattr(Output, "write", write)
    with pytest.raises(DiskFullError, match=r"map\.cool takes"):
        result.to_cooler(cool)
    assert cool.read_bytes() == before
    assert [path.name for path in cool.parent.iterdir()] == ["map.cool"]


def test_what_another_program_wrote_meanwhile_stays(
    cool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = cp.balance(cool, "vc")
    write = cooler_columns.write_weight_column

    def meanwhile(*args: Any) -> None:
        write(*args)
        with h5py.File(cool, "r+") as file:
            file["bins/theirs"] = np.zeros(150)

    monkeypatch.setattr(cooler_columns, "write_weight_column", meanwhile)
    with pytest.raises(InputError, match="changed by another program"):
        result.to_cooler(cool)
    assert "theirs" in columns(cool)
    assert "VC" not in columns(cool)


def test_what_was_changed_after_it_was_read_stays(
    cool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = cp.balance(cool, "vc")
    find = cooler_columns._find_target

    def before(*args: Any) -> Any:
        target = find(*args)
        with h5py.File(cool, "r+") as file:
            file["bins/theirs"] = np.zeros(150)
        return target

    monkeypatch.setattr(cooler_columns, "_find_target", before)
    with pytest.raises(InputError, match="changed by another program"):
        result.to_cooler(cool)
    assert columns(cool) >= {"theirs"}
    assert "VC" not in columns(cool)


def test_too_little_space_is_refused_before_copying(
    cool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, before = cp.balance(cool, "vc"), cool.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DiskFullError, match=r"map\.cool takes about .* and 1\.0 kB are free"):
        result.to_cooler(cool)
    assert cool.read_bytes() == before


def test_a_link_and_the_permissions_stay(cool: Path, tmp_path: Path) -> None:
    cool.chmod(0o640)
    link = tmp_path / "link.cool"
    link.symlink_to(cool)
    cp.balance(link, "vc").to_cooler(link)
    assert link.is_symlink()
    assert stat.S_IMODE(os.stat(cool).st_mode) == 0o640
    assert "VC" in columns(cool)


def test_an_open_cooler_reads_the_new_column(cool: Path) -> None:
    opened = cooler.Cooler(str(cool))
    column = cp.balance(opened, "vc").to_cooler(opened)
    assert np.isfinite(opened.matrix(balance=column)[:]).any()
