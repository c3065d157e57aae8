"""What users pass to the functions of the package, and what these print."""

from __future__ import annotations

import doctest
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.sparse as sp

import counterpoise as cp
from counterpoise import cards
from counterpoise.backends import make_operator
from counterpoise.balancing import foreign_arguments
from counterpoise.contacts import contact_map
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.contacts.selection import Scope, select
from counterpoise.errors import ConfigError, InputError
from counterpoise.interface import functions, maps
from counterpoise.interface import result as result_module
from counterpoise.mask import MaskSettings, filters
from tests.support.coolers import write_cool
from tests.support.maps import genome_map, random_map


@pytest.fixture
def contacts() -> Contacts:
    return genome_map({"chr1": 40, "chr2": 30}, 4)


@pytest.fixture
def path(contacts: Contacts, tmp_path: Path) -> Path:
    """A cooler of bins of 1 kb."""
    file = tmp_path / "map.cool"
    pixels = (contacts.rows, contacts.columns.astype(np.int32), contacts.counts.astype(np.int32))
    write_cool(file, contacts.bins, pixels)
    return file


@pytest.fixture
def mcool(path: Path, tmp_path: Path) -> Path:
    """The same map as two resolutions, of which the second is the map."""
    file = tmp_path / "map.mcool"
    with h5py.File(path) as source, h5py.File(file, "w") as target:
        target.attrs.update({"format": "HDF5::MCOOL", "format-version": 2})
        for level in ("500", "1000"):
            source.copy(source["/"], target, f"resolutions/{level}")
        target["resolutions/500"].attrs["bin-size"] = 500
    return file


class Cooler:
    """What `cooler.Cooler` says of itself."""

    def __init__(self, filename: str, root: str) -> None:
        self.filename, self.root = filename, root


@pytest.mark.parametrize("whole", [int, np.int64, np.int32, np.uint16])
def test_resolutions_of_numpy(path: Path, contacts: Contacts, whole: Any) -> None:
    read = cp.read_contacts(path, whole(1000))
    np.testing.assert_array_equal(read.counts, contacts.counts)
    assert type(read.source["resolution"]) is int
    assert len(cp.read_contacts(str(path), whole(2000)).bins) == 35


@pytest.mark.parametrize("wrong", [1000.0, "1000", True, [1000]])
def test_other_resolutions_are_refused(path: Path, wrong: Any) -> None:
    with pytest.raises(InputError, match=r"map\.cool: was asked.*whole number of base pairs"):
        cp.read_contacts(path, wrong)


@pytest.mark.parametrize("wrong", [None, b"map.cool", 5, ["map.cool"]])
def test_other_paths_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"from a path .text or pathlib.Path.*this is "):
        cp.read_contacts(wrong)


@pytest.mark.parametrize("form", ["text", "Path", "Cooler", "contacts", "stored"])
def test_a_map_in_any_form(path: Path, contacts: Contacts, form: str) -> None:
    given = {
        "text": str(path),
        "Path": path,
        "Cooler": Cooler(str(path), "/"),
        "contacts": contacts,
        "stored": StoredContacts(contacts.bins, contacts.indptr, contacts.entries),
    }[form]
    expected = cp.balance(contacts, "ice").weights
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(cp.balance(given, "ice").weights, expected)
    np.testing.assert_array_equal(
        cp.mask_bins(given).reasons, cp.mask_bins(contacts, MaskSettings()).reasons
    )


def test_a_resolution_of_a_file(mcool: Path, contacts: Contacts) -> None:
    expected = cp.balance(contacts, "vc").weights
    for given in (
        f"{mcool}::/resolutions/1000",
        Path(f"{mcool}::/resolutions/1000"),
        Cooler(str(mcool), "/resolutions/1000"),
    ):
        result = cp.balance(given, "vc")
        np.testing.assert_array_equal(result.weights, expected)
        assert result.verdict.source["resolution"] == 1000
    with pytest.raises(InputError, match=r"several resolutions .* such as resolution=500, or"):
        cp.balance(mcool)


@pytest.mark.parametrize("whole", [int, np.int64, np.uint16])
@pytest.mark.parametrize(
    "function", [cp.mask_bins, lambda c, **level: cp.balance(c, "vc", **level)]
)
def test_a_resolution_by_number(mcool: Path, contacts: Contacts, function: Any, whole: Any) -> None:
    expected = repr(function(contacts))
    assert repr(function(mcool, resolution=whole(1000))) == expected
    assert repr(function(Cooler(str(mcool), "/resolutions/1000"), resolution=1000)) == expected
    assert repr(function(contacts, resolution=whole(1000))) == expected
    with pytest.raises(ConfigError, match=r"resolution is 500, but the map has 70 bins of 1 kb"):
        function(contacts, resolution=whole(500))
    with pytest.raises(ConfigError, match="a matrix has none"):
        function(np.ones((20, 20)), resolution=whole(1))
    with pytest.raises(InputError, match="whole number of base pairs"):
        function(mcool, resolution=1000.0)


def test_a_cooler_of_the_cooler_library(mcool: Path, contacts: Contacts) -> None:
    cooler = pytest.importorskip("cooler")
    result = cp.balance(cooler.Cooler(f"{mcool}::/resolutions/1000"), "vc")
    np.testing.assert_array_equal(result.weights, cp.balance(contacts, "vc").weights)


@pytest.mark.parametrize(
    "wrong",
    [None, 5, {"chr1": 5}, b"map.cool", [1, 2], [[1], [2, 3]], [["a", "b"], ["c", "d"]], object()],
)
@pytest.mark.parametrize("function", [cp.balance, cp.mask_bins])
def test_what_is_no_map_is_refused_with_what_is(function: Any, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"path of a \.cool.*cooler\.Cooler.*matrix.*this is "):
        function(wrong)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lost\.cool: does not exist"):
        cp.balance(tmp_path / "lost.cool")


def test_masks(contacts: Contacts) -> None:
    """The result of the filters, their settings and the kept bins give one answer."""
    settings = {"min_nnz": 20, "mad_max": 0.6}
    mask = cp.mask_bins(contacts, settings)
    assert 0 < mask.kept.sum() < len(mask.kept)
    by_mask, by_array = (cp.balance(contacts, "vc", mask=each) for each in (mask, mask.kept))
    np.testing.assert_array_equal(by_mask.weights, by_array.weights)
    np.testing.assert_array_equal(np.isfinite(by_mask.weights), mask.kept)
    assert by_mask.verdict.mask == mask.summary()
    for other in (settings, MaskSettings(**settings)):
        result = cp.balance(contacts, "vc", mask=other)
        np.testing.assert_array_equal(result.weights, by_mask.weights)
        assert result.verdict.mask == mask.summary()


def test_masks_of_a_matrix_count_all_diagonals() -> None:
    matrix = random_map(30, 2, density=0.3)
    settings = {"min_nnz": 9, "mad_max": 0}
    mask = cp.mask_bins(matrix, settings)
    assert mask.settings.ignore_diags == 0
    assert 0 < mask.kept.sum() < 30
    np.testing.assert_array_equal(
        cp.balance(matrix, "vc", mask=mask).weights, cp.balance(matrix, "vc", mask=settings).weights
    )
    assert cp.mask_bins(matrix, {"ignore_diags": 2}).settings.ignore_diags == 2
    assert cp.mask_bins(matrix).settings == MaskSettings(ignore_diags=0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"min_nn": 3}, "no setting 'min_nn'; it has min_nnz, min_count"),
        ({"min_nnz": -1}, "mask.min_nnz is -1"),
        ("blacklist.bed", "MaskSettings.*dict"),
        (5, "MaskSettings.*dict"),
        (np.ones(70), "MaskSettings.*dict"),
    ],
)
@pytest.mark.parametrize("function", [cp.mask_bins, lambda c, mask: cp.balance(c, mask=mask)])
def test_other_masks_are_refused(
    contacts: Contacts, function: Any, wrong: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        function(contacts, wrong)


def test_the_mask_of_another_map_is_refused(contacts: Contacts) -> None:
    mask = cp.mask_bins(random_map(30, 1))
    with pytest.raises(ConfigError, match=r"mask of this map is 70 values.*Mask with 30 values"):
        cp.balance(contacts, mask=mask)


FORMS = [np.asarray, sp.csr_matrix, sp.coo_matrix, sp.csc_array, lambda m: m.tolist()]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("triangle", "side"), [(np.triu, "above"), (np.tril, "below")])
def test_a_triangle_is_mirrored_and_the_reason_says_so(form: Any, triangle: Any, side: str) -> None:
    matrix = random_map(40, 6, density=0.5).toarray()
    expected = cp.balance(matrix, "kr")
    result = cp.balance(form(triangle(matrix)), "kr")
    np.testing.assert_array_equal(result.weights, expected.weights)
    note = f"The matrix has entries {side} the main diagonal only, so it was mirrored."
    assert result.reason == note
    assert result.verdict.source["notes"] == [note]
    assert expected.reason == ""
    assert expected.verdict.source["notes"] == []
    np.testing.assert_array_equal(cp.kr_normalize(form(triangle(matrix)))[1],
                                  cp.kr_normalize(matrix)[1])  # fmt: skip


def test_zeros_that_are_stored_do_not_fill_a_triangle() -> None:
    full = sp.csr_matrix(np.array([[4, 2], [2, 9]]))
    full.data[2] = 0
    assert full.nnz == 4
    np.testing.assert_array_equal(cp.Contacts.from_matrix(full).counts, [4, 2, 9])


def test_a_diagonal_matrix_and_bools_are_taken_as_they_are() -> None:
    diagonal = Contacts.from_matrix(np.diag([1, 2, 3]))
    np.testing.assert_array_equal(diagonal.full_matrix().toarray(), np.diag([1, 2, 3]))
    assert diagonal.source["notes"] == []
    np.testing.assert_array_equal(Contacts.from_matrix(np.ones((2, 2), bool)).counts, [1, 1, 1])


def test_the_advice_on_unordered_pairs_is_right() -> None:
    """Contacts that are stored once, on either side: the advice restores the symmetric map."""
    matrix = random_map(30, 8, density=0.6).toarray()
    above = np.triu(np.random.default_rng(1).random(matrix.shape) < 0.5, 1)
    below = np.triu(~above, 1).T
    once = matrix * (above | below | np.eye(30, dtype=bool))
    with pytest.raises(ValueError, match=r"M \+ M\.T - np\.diag\(np\.diag\(M\)\)"):
        cp.balance(once)
    np.testing.assert_array_equal(once + once.T - np.diag(np.diag(once)), matrix)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.array([["1"]]), "matrix of numbers|array of numbers"),
        (np.ones(3), "two-dimensional"),
        (sp.csr_matrix(np.eye(2) * 1j), "complex128"),
        (np.tril(np.ones((2, 3))), "square"),
        (-np.triu(np.ones((3, 3))), "negative"),
    ],
)
def test_other_matrices_are_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Contacts.from_matrix(wrong)


def test_reprs_are_one_short_line(path: Path, contacts: Contacts) -> None:
    read, result = cp.read_contacts(path), cp.balance(contacts, "kr", on_failure="keep")
    weighted = int(np.isfinite(result.weights).sum())
    weights = f"{weighted} of 70 bins with weights, {result.matvecs} products"
    weights += ", mask: cooler's filters (min_nnz 10, mad_max 5)"
    stored = StoredContacts(contacts.bins, contacts.indptr, contacts.entries)
    size = f"70 bins of 1 kb on 2 chromosomes, {read.nnz:,} pixels"
    expected = {
        f"<Balance: kr, fitness caution (converged), {weights}>": result,
        f"<Contacts: {size}, from {path}>": read,
        f"<StoredContacts: {size}>": stored,
        "<BinTable: 1 bin of 1 kb on 1 chromosome>": BinTable.fixed(("a",), (700,), 1000),
        "<Mask: 70 of 70 bins kept>": cp.mask_bins(contacts, {"min_nnz": 1, "mad_max": 0}),
    }
    for text, value in expected.items():
        assert repr(value) == text
    mask = cp.mask_bins(contacts, {"min_nnz": 100})
    assert repr(mask) == "<Mask: 0 of 70 bins kept; masked: 70 min_nnz>"
    search = cp.balance(contacts, "kde").searches[0]
    assert repr(search).startswith("<Search: chr1, bandwidth ")
    assert repr(search).endswith(f" chosen from {len(search.candidates)} tried>")


def test_public_names_are_listed_and_load() -> None:
    assert dir(cp) == sorted(cp.__all__)
    for name in dir(cp):
        assert getattr(cp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'balanced'"):
        cp.balanced  # noqa: B018


MODULES = [cards, contact_map, filters, foreign_arguments, functions, maps, result_module]


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: ModuleType) -> None:
    outcome = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert outcome.attempted
    assert not outcome.failed


@pytest.mark.parametrize("backend", ["native", "scipy"])
def test_neighbouring_chromosomes_share_a_diagonal(backend: str) -> None:
    """Of plasmids of one bin, contacts with their neighbours are dropped, as documented."""
    bins = BinTable.fixed(("chromosome", "a", "b", "c"), (40, 1, 1, 1), 1)
    contacts = replace(Contacts.from_matrix(np.ones((43, 43))), bins=bins)
    (genome,) = select(bins, np.ones(43, bool), Scope.GENOME, 2)
    sums = make_operator(backend, contacts, genome).product(np.ones(43))
    np.testing.assert_array_equal(sums[-3:], [40, 40, 41])
    masked = cp.mask_bins(contacts, {"ignore_diags": 2})
    np.testing.assert_array_equal(masked.nnz, sums)


def test_importing_the_package_loads_neither_numpy_nor_readers() -> None:
    program = "import sys, counterpoise as cp; dir(cp); print(*{'numpy', 'h5py'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
