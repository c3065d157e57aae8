"""Every method in the registry keeps the contract of ``counterpoise.methods.base``.

Each check runs for each method, as scikit-learn's ``parametrize_with_checks`` does: a new method
is tested here without a change to this file.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing.api import Balance
from counterpoise.cohort.compose import load_cohort
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.methods import methods
from counterpoise.methods.anderson import MEMORY
from counterpoise.methods.base import EqualSumsSettings, ExactSettings, OnFailure, Target
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import open_map, read_map
from tests.support import REPOSITORY
from tests.support.coolers import write_cool
from tests.support.maps import hanging_bins, random_map
from tests.support.solving import backends, existing_settings, torch_reads

BINS = BinTable.fixed(("chrA", "chrB", "chrC"), (300, 140, 220), 10)
EMPTY_BIN = 17
CHECKS: list[Callable[[str], None]] = []


def check(function: Callable[[str], None]) -> Callable[[str], None]:
    """Add a function of a method's name to the checks."""
    CHECKS.append(function)
    return function


def dense_map() -> NDArray[np.float64]:
    """Three chromosomes with contacts between them, and a bin without contacts."""
    matrix = random_map(len(BINS), 5, depth=60.0).toarray()
    matrix[EMPTY_BIN], matrix[:, EMPTY_BIN] = 0, 0
    return matrix


def contacts_of(matrix: NDArray[np.float64], bins: BinTable = BINS) -> Contacts:
    bin1, bin2 = np.nonzero(np.triu(matrix))
    chunk = (bin1.astype(np.int32), bin2.astype(np.int32), matrix[bin1, bin2].astype(np.int64))
    return Contacts.from_chunks(bins, [chunk], {})


def star() -> NDArray[np.float64]:
    """One bin in contact with all others, and no other contacts: a map without support."""
    matrix = np.zeros((12, 12))
    matrix[0, 1:] = matrix[1:, 0] = 5
    return matrix


def balance(contacts: Any, name: str, **settings: Any) -> Balance:
    """Balance all bins, with a fixed bandwidth for kernel methods, which would search for one."""
    fixed = {"mask": None, **existing_settings(methods()[name], bandwidth=0.05)}
    return cp.balance(contacts, name, **{**fixed, **settings})


def assert_same(actual: Balance, expected: Balance, rtol: float) -> None:
    np.testing.assert_allclose(actual.weights, expected.weights, rtol=rtol)
    np.testing.assert_allclose(actual.se, expected.se, rtol=max(rtol, 1e-8))
    ends = [
        [(part.status, part.cause, part.iterations, part.kept) for part in result.verdict.parts]
        for result in (actual, expected)
    ]
    assert ends[0] == ends[1]


def equalises(name: str) -> bool:
    return issubclass(methods()[name].settings, EqualSumsSettings)


@check
def same_on_every_backend(name: str) -> None:
    full_map, hanging = contacts_of(dense_map()), hanging_bins()
    maps: list[tuple[Any, dict[str, Any]]] = [
        (full_map, {"scope": scope, "ignore_diags": diagonals})
        for scope, diagonals in product(Scope, (0, 1))
    ]
    # Neighbouring bins of two chromosomes are in contact only in the second of these.
    short = contacts_of(
        dense_map(), BinTable.fixed([f"c{i}" for i in range(len(BINS))], [10] * len(BINS), 10)
    )
    maps += [
        (short, {"ignore_diags": 3, "ignore_diags_trans": trans, "scope": "genome"})
        for trans in (True, False)
    ]
    maps.append((hanging, {"on_failure": "drop"}))
    for contacts, settings in maps:
        expected = balance(contacts, name, backend="scipy", **settings)
        for choice in backends():
            result = balance(contacts, name, threads=1, **choice, **settings)
            assert result.verdict.backend == choice["backend"]
            assert result.verdict.device.startswith(choice.get("device", "cpu"))
            assert_same(result, expected, 1e-10)
            if contacts is full_map:
                assert result.status.balanced, result.reason
                assert result.matvecs == expected.matvecs


@check
def same_from_disk(name: str, folder: Path) -> None:
    contacts = contacts_of(dense_map())
    pixels = (contacts.rows, contacts.columns.astype(np.int32), contacts.counts)
    write_cool(folder / "map.cool", BINS, pixels)
    files = MapFiles.in_folder(folder / "map")
    write_map(inspect_source(str(folder / "map.cool")), 10, files, row_group=100)
    stored, loaded = open_map(files), read_map(files)
    assert isinstance(stored, StoredContacts)
    for scope in Scope:
        from_disk, in_memory = (balance(each, name, scope=scope) for each in (stored, loaded))
        np.testing.assert_array_equal(from_disk.weights, in_memory.weights)
        np.testing.assert_array_equal(from_disk.se, in_memory.se)
        assert from_disk.trace == in_memory.trace


@check
def every_scope_and_target(name: str) -> None:
    matrix = dense_map()
    contacts, has_contacts = contacts_of(matrix), matrix.any(axis=1)
    targets = [{"target": target} for target in Target] if equalises(name) else [{}]
    for scope, target in product(Scope, targets):
        result = balance(contacts, name, scope=scope, **target)
        assert result.status.balanced, (scope, target, result.reason)
        assert result.verdict.scope == scope
        parts = ["chrA", "chrB", "chrC"] if scope == Scope.CIS else [scope]
        assert [part.label for part in result.verdict.parts] == parts
        # Kernel methods may estimate a weight for an empty bin that the mask keeps.
        assert np.isfinite(result.weights[has_contacts]).all()
        assert (result.weights[has_contacts] > 0).all()


@check
def standard_errors_are_finite_where_weights_are(name: str) -> None:
    contacts = contacts_of(dense_map())
    for scope, bootstrap in ((Scope.GENOME, 0), (Scope.CIS, 0), (Scope.CIS, 3)):
        result = balance(contacts, name, scope=scope, bootstrap=bootstrap)
        np.testing.assert_array_equal(np.isfinite(result.se), np.isfinite(result.weights))
        assert (result.se[np.isfinite(result.se)] >= 0).all()


@check
def verdict_reports_the_row_sums(name: str) -> None:
    """The largest deviation in the verdict is that of the weights, whether converged or not."""
    if not equalises(name):
        return
    matrix = dense_map()
    for limits in ({}, {"max_iterations": 3}, {"max_products": 8}):
        if not all(hasattr(methods()[name].settings, key) for key in limits):
            continue
        settings = {"scope": "genome", "ignore_diags": 0, "on_failure": "keep", **limits}
        result = balance(contacts_of(matrix), name, **settings)
        kept = np.isfinite(result.weights)
        weights = np.nan_to_num(result.weights)
        sums = (weights * (matrix @ weights))[kept]
        # Deviations are from one, at which some methods aim, or from the mean.
        deviations = [abs(sums / target - 1).max() for target in (1, sums.mean())]
        stated = result.verdict.max_deviation
        assert any(stated == pytest.approx(each, rel=1e-6, abs=1e-12) for each in deviations)
        if limits:
            assert result.status is cp.Status.NOT_CONVERGED
            assert result.reason
        else:
            assert result.status is cp.Status.CONVERGED
            assert min(deviations) <= 5 * result.verdict.settings["tolerance"]
            assert not kept[EMPTY_BIN]


@check
def row_sums_follow_copy_numbers_or_these_are_refused(name: str) -> None:
    matrix, copies = dense_map(), np.exp(np.random.default_rng(7).normal(0, 0.5, len(BINS)))
    settings: dict[str, Any] = {"scope": "genome", "ignore_diags": 0, "copy_number": copies}
    if not methods()[name].follows_copy_number:
        with pytest.raises(ConfigError, match="cannot make row sums follow copy numbers"):
            balance(contacts_of(matrix), name, **settings)
        return
    for choice in backends():
        result = balance(contacts_of(matrix), name, **choice, **settings)
        assert result.status is cp.Status.CONVERGED, result.reason
        weights = np.nan_to_num(result.weights)
        relative = (weights * (matrix @ weights) / copies)[matrix.any(axis=1)]
        np.testing.assert_allclose(relative, relative.mean(), rtol=0.01)


@check
def no_convergence_without_support(name: str) -> None:
    """Exact methods give no such verdict; the others give it only for flat row sums."""
    matrix = star()
    for on_failure in OnFailure:
        isolates = issubclass(methods()[name].settings, ExactSettings)
        if on_failure == OnFailure.ISOLATE and not isolates:
            with pytest.raises(ConfigError, match="isolate"):
                balance(matrix, name, on_failure=on_failure)
            continue
        if on_failure == OnFailure.STOP:
            if methods()[name].exact:
                with pytest.raises(NotBalancedError):
                    balance(matrix, name, on_failure=on_failure)
            continue
        result = balance(matrix, name, on_failure=on_failure)
        if methods()[name].exact:
            assert not result.status.balanced
            assert result.reason
            assert on_failure == OnFailure.KEEP or np.isnan(result.weights).all()
        elif equalises(name) and result.status is cp.Status.CONVERGED:
            weights = np.nan_to_num(result.weights)
            sums = (weights * (matrix @ weights))[np.isfinite(result.weights)]
            np.testing.assert_allclose(sums, 1, atol=0.05)


@check
def deterministic(name: str) -> None:
    contacts = contacts_of(dense_map())
    first, *others = [balance(contacts, name, threads=n, bootstrap=2) for n in (1, 1, 2)]
    for other in others:
        assert other.weights.tobytes() == first.weights.tobytes()
        assert other.se.tobytes() == first.se.tobytes()
        assert other.trace == first.trace


@check
def nothing_to_balance(name: str) -> None:
    result = balance(np.zeros((5, 5)), name)
    assert result.status is cp.Status.EMPTY
    assert np.isnan(result.weights).all()


@check
def wrong_settings_are_refused(name: str) -> None:
    matrix = random_map(10, 1)
    with pytest.raises(ConfigError, match=f"{name} has no setting 'no_such'"):
        balance(matrix, name, no_such=1)
    wrong: dict[str, Any] = {"scope": "chromosome", "on_failure": "ignore", "seed": -1}
    for key in ("tolerance", "max_iterations", "max_products"):
        wrong |= {key: 0} if hasattr(methods()[name].settings, key) else {}
    if equalises(name):
        wrong["target"] = "sum"
    else:
        with pytest.raises(ConfigError, match=f"{name} has no setting 'target'"):
            balance(matrix, name, target="unit")
    for key, value in wrong.items():
        with pytest.raises(ConfigError, match=f"{key} is {value!r}"):
            balance(matrix, name, **{key: value})


@check
def configuration_and_documentation_are_there(name: str) -> None:
    """``make accept`` writes all of them but the page, which is written by hand."""
    assert methods()[name].summary, "a phrase for the table of methods"
    cohort = load_cohort(REPOSITORY / "conf", [f"+method@methods.other={name}"])
    assert cohort.methods["other"] == methods()[name].settings()
    expected = {
        f"conf/method/{name}.yaml": f"/method_schema/{name}@_here_",
        "docs/reference/settings.md": f" | `{name}` |",
        "README.md": f"| [`{name}`]",
        "tests/revisions.json": f'"balance/{name}"',
    }
    for path, text in expected.items():
        assert text in (REPOSITORY / path).read_text(encoding="utf-8"), f"{path}: run `make accept`"
    page = f"docs/how-it-works/methods/{name}.md"
    assert (REPOSITORY / page).exists(), f"write {page}, as {page.replace(name, 'vc')} is written"


@check
def vectors_stay_on_the_device(name: str) -> None:
    """While a method iterates on torch, it reads a few numbers at a time, and no vectors.

    Kernel methods read their vectors before that, to set up the smoother.
    """
    pytest.importorskip("torch", reason="torch is not installed")
    if methods()[name].candidates:
        return  # each of them is tested
    fixed = existing_settings(methods()[name], bandwidth=0.05)
    result, read = torch_reads(name, random_map(60, 1), **fixed)
    assert result.status.balanced
    vectors = sum(size > 2 * MEMORY + 1 for size in read)
    assert vectors <= (4 if methods()[name].fills else 0), "a vector went to the CPU in the loop"
    assert len(read) <= 6 * max(result.matvecs, result.iterations)
    if result.iterations:
        assert read, "the trace reads deviations"


@pytest.mark.parametrize("function", CHECKS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("name", methods())
def test_method(name: str, function: Callable[..., None], tmp_path: Path) -> None:
    if function is same_from_disk:
        function(name, tmp_path)
    else:
        function(name)
