"""A problem describes one matrix consistently, and wrong results of a method are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.backends.base import Operator
from counterpoise.backends.vectors import like, to_numpy
from counterpoise.balancing.api import balance
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.contacts.selection import Scope
from counterpoise.methods.base import Method, MethodSettings, Problem, Solution
from tests.support.maps import genome_map
from tests.support.solving import backends, registered

CONTACTS = genome_map({"a": 20, "b": 12, "c": 1}, 5, trans=3.0)
ON_DISK = StoredContacts(CONTACTS.bins, CONTACTS.indptr, CONTACTS.entries, CONTACTS.source)
KEPT = np.random.default_rng(2).random(len(CONTACTS.bins)) < 0.9


@dataclass
class ProbeSettings(MethodSettings):
    """All settings that select contacts."""

    diagonal: int = 1


def example(solve: Callable[[Problem, Any], Solution]) -> Method:
    return Method("example", ProbeSettings, solve, "of the tests", trans_weighting=True)


def by_products(operator: Operator) -> NDArray[np.float64]:
    """Return the matrix of an operator, a column at a time."""
    unit = np.eye(operator.size)
    return np.stack(
        [to_numpy(operator.product(like(column, operator.ones()))) for column in unit], axis=1
    )


def by_entries(problem: Problem) -> NDArray[np.float64]:
    """Return the matrix of a problem from its entries."""
    upper = np.zeros((problem.operator.size, problem.operator.size))
    for rows, columns, values in problem.entries():
        assert (values > 0).all()
        np.add.at(upper, (rows, columns), values)
    assert not np.tril(upper, -1).any()
    return upper + np.triu(upper, 1).T


def cis_sum(problem: Problem, matrix: NDArray[np.float64]) -> float:
    """Sum the entries within chromosomes, on and above the main diagonal."""
    ends = np.cumsum([np.count_nonzero(each.kept) for each in problem.chromosomes()])
    blocks = [np.triu(matrix[lo:hi, lo:hi]) for lo, hi in pairwise([0, *ends])]
    return sum(block.sum() for block in blocks)


@pytest.mark.parametrize(
    "settings", [{}, {"ignore_diags": 2, "ignore_diags_trans": False}, {"diagonal": 2}], ids=str
)
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize(
    ("contacts", "choice"),
    [(ON_DISK, {"backend": "native"}), *((CONTACTS, choice) for choice in backends())],
    ids=str,
)
def test_everything_is_about_the_matrix_of_the_operator(
    contacts: Contacts | StoredContacts,
    choice: dict[str, str],
    scope: Scope,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So it is in every part, of the map and of each resampled map."""
    monkeypatch.setattr("counterpoise.contacts.selected.CHUNK_PIXELS", 20)
    matrices = []

    def solve(problem: Problem, settings: ProbeSettings) -> Solution:
        matrix = by_products(problem.operator)
        np.testing.assert_allclose(by_entries(problem), matrix, rtol=1e-12)
        again = by_products(problem.operator_of(problem.load()))
        np.testing.assert_allclose(again, matrix, rtol=1e-12)
        np.testing.assert_array_equal(to_numpy(problem.nonzeros()), (matrix > 0).sum(axis=1))
        by_distance = problem.sum_by_distance(problem.operator.ones())[0].sum()
        assert by_distance == pytest.approx(cis_sum(problem, matrix))
        assert len(list(problem.entries())) > 1 or problem.operator.size < 15
        matrices.append(matrix)
        return Solution(problem.marginal**-0.5, cp.Status.COMPUTED)

    with registered(example(solve)):
        result = balance(
            contacts, "example", mask=KEPT, scope=scope, bootstrap=2, **choice, **settings
        )
    assert result.status is cp.Status.COMPUTED
    solved = [part for part in result.verdict.parts if part.kept]
    assert len(matrices) == 3 * len(solved)
    for number in range(len(solved)):
        of_part = matrices[3 * number :][:3]
        assert len({matrix.tobytes() for matrix in of_part}) == 3 or len(of_part[0]) == 1


def test_entries_of_regions_that_are_balanced_separately() -> None:
    matrices = []

    def solve(problem: Problem, settings: ProbeSettings) -> Solution:
        matrices.append(by_products(problem.operator))
        np.testing.assert_allclose(by_entries(problem), matrices[-1], rtol=1e-12)
        return Solution(problem.marginal**-0.5, cp.Status.COMPUTED)

    with registered(example(solve)):
        balance(CONTACTS, "example", mask=None, scope="cis", regions=[(0, 8), (8, 20)])
    assert [len(matrix) for matrix in matrices] == [8, 12]


# --- what a method returns -------------------------------------------------------------------


def drop_first(problem: Problem, **changes: Any) -> Solution:
    """Return a right solution without the first bin, but for some attributes."""
    dropped = np.arange(problem.operator.size) == 0
    weights = problem.marginal[1:] ** -0.5
    return Solution(
        **{"weights": weights, "status": cp.Status.COMPUTED, "dropped": dropped, **changes}
    )


# By the text of the error.
WRONG: dict[str, Callable[[Problem], Any]] = {
    "solve of example returned NoneType, not a Solution": lambda problem: None,
    "solve of example returned ndarray of float64, shape (33,), not": lambda problem: (
        problem.marginal
    ),
    "returned weights as list; return ndarray of float64, shape (32,)": lambda problem: drop_first(
        problem, weights=[1.0] * 32
    ),
    "returned weights as ndarray of float32, shape (32,); return": lambda problem: drop_first(
        problem, weights=np.ones(32, np.float32)
    ),
    "returned weights as ndarray of float64, shape (33,); return": lambda problem: drop_first(
        problem, weights=problem.marginal
    ),
    "returned weights as Tensor of torch.float64": lambda problem: drop_first(
        problem, weights=pytest.importorskip("torch").ones(32, dtype=float)
    ),
    "returned row_sums as ndarray of float64, shape (33,)": lambda problem: drop_first(
        problem, row_sums=problem.marginal
    ),
    "returned dropped as ndarray of int64, shape (1,); return ndarray of bool, shape (33,)": (
        lambda problem: drop_first(problem, dropped=np.zeros(1, np.int64))
    ),
    "solve of example returned status as str; return a Status": lambda problem: drop_first(
        problem, status="computed"
    ),
    "solve of example returned errors as float; return ndarray of float64, shape (32,)": (
        lambda problem: drop_first(problem, errors=lambda: 0.1)
    ),
    "solve of example returned errors as ndarray of float64, shape (33,); return ndarray": (
        lambda problem: drop_first(problem, errors=lambda: problem.marginal)
    ),
    "unevenness of example returned float; return an Excess": lambda problem: drop_first(
        problem, unevenness=lambda: 0.1
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_solution_that_does_not_go_with_the_problem_is_refused(message: str) -> None:
    solve = WRONG[message]
    method = example(lambda problem, settings: solve(problem))
    with registered(method), pytest.raises(TypeError) as error:
        balance(CONTACTS, "example", mask=None, backend="scipy")
    assert message in str(error.value)


def test_numpy_weights_of_a_torch_problem_are_refused() -> None:
    pytest.importorskip("torch", reason="torch is not installed")

    def solve(problem: Problem, settings: ProbeSettings) -> Solution:
        return Solution(to_numpy(problem.marginal) ** -0.5, cp.Status.COMPUTED)

    with (
        registered(example(solve)),
        pytest.raises(TypeError, match=r"return Tensor of torch\.float64"),
    ):
        balance(CONTACTS, "example", mask=None, backend="torch", device="cpu")


def test_a_solution_that_drops_a_bin_is_right() -> None:
    with registered(example(lambda problem, settings: drop_first(problem))):
        result = balance(CONTACTS, "example", mask=None)
    assert np.isnan(result.weights).nonzero()[0].tolist() == [0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bootstrap", [0, 2])
def test_a_method_may_know_no_standard_error(bootstrap: int) -> None:
    """It returns NaN; numpy warns of nothing, and the verdict says that errors are unknown."""

    def solve(problem: Problem, settings: ProbeSettings) -> Solution:
        weights = problem.marginal**-0.5
        return Solution(weights, cp.Status.COMPUTED, errors=lambda: weights * np.nan)

    with registered(example(solve)):
        result = balance(CONTACTS, "example", mask=None, bootstrap=bootstrap)
    assert (result.verdict.median_se is None) == (bootstrap == 0)
    assert result.verdict.expected_unevenness is None
