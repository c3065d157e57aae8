"""A method names what its iteration brings to its target, and all that shows it uses the name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from counterpoise.balancing.api import balance
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods.base import Method, MethodSettings, Problem, Solution
from counterpoise.methods.fixed_point import (
    State,
    iterate,
    make_update,
    recording_inspection,
    to_solution,
)
from counterpoise.records.verdict import Status
from counterpoise.report.run.banner import describe_outcome
from counterpoise.report.run.convergence import draw_convergence
from counterpoise.report.statuses import status_meanings
from counterpoise.store.paths import RunFiles
from counterpoise.store.weights import largest_deviations, write_balance
from counterpoise.tracking.values import _describe
from tests.support.maps import genome_map, random_map
from tests.support.solving import registered

QUANTITY = "medians of rows"
GENOME = genome_map({"a": 30, "b": 20}, 5)


def solve(problem: Problem, settings: MethodSettings) -> Solution:
    """Bring the fourth root of row sums to one, which stands for any other quantity."""
    state = iterate(
        State(problem.marginal**-0.5),
        measure=lambda state: (state.u * problem.operator.product(state.u)) ** 0.25,
        inspect=recording_inspection(problem.record, lambda state: state.largest < 1e-6),
        update=make_update("plain", 1, problem.operator.xp),
        max_iterations=100,
    )
    return to_solution(state)


METHOD = Method("of_rows", MethodSettings, solve, "of the tests", quantity=QUANTITY)


def test_the_name_of_the_quantity_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterpoise.methods.recorder.EVERY_SECONDS", -1.0)
    lines: list[str] = []
    contacts = Contacts.from_matrix(random_map(60, 5).toarray())
    files = RunFiles.in_folder(tmp_path)
    axes = Figure().subplots()
    with registered(METHOD):
        result = balance(contacts, "of_rows", mask=None, progress=lines.append)
        write_balance(result, contacts.bins, files)
        trace = pq.read_table(files.trace)
        draw_convergence(axes, trace, result.verdict)
        description = _describe("of_rows", result.verdict)
        meaning = status_meanings()["converged"]
    assert f"products; {QUANTITY} are off by up to" in lines[0]
    assert axes.get_ylabel() == f"deviation of {QUANTITY}"
    assert f"deviation of the {QUANTITY} from their target" in description
    assert f"with of_rows, the {QUANTITY} are" in meaning
    np.testing.assert_array_equal(
        largest_deviations(trace), [row.max_deviation for row in result.trace]
    )
    assert np.isnan(trace["max_deviation"].to_numpy()).all(), "the column is of row sums"


def test_a_fixed_number_of_recorded_steps_is_drawn(tmp_path: Path) -> None:
    """It is no pass, and its row sums have no target."""

    def solve(problem: Problem, settings: MethodSettings) -> Solution:
        weights = problem.operator.ones()
        for step in (1, 2):
            row_sums = weights * problem.operator.product(weights)
            problem.record(step, row_sums)
            weights = weights * row_sums**-0.5
        return Solution(weights, Status.COMPUTED, 2)

    contacts = Contacts.from_matrix(random_map(60, 5).toarray())
    files = RunFiles.in_folder(tmp_path)
    axes = Figure().subplots()
    with registered(Method("twice", MethodSettings, solve, "of the tests")):
        result = balance(contacts, "twice", mask=None)
        write_balance(result, contacts.bins, files)
        draw_convergence(axes, pq.read_table(files.trace), result.verdict)
        outcome = describe_outcome(result.verdict)
    assert [len(line.get_xdata()) for line in axes.get_lines()] == [2, 2]
    assert outcome.startswith(
        "2 iterations, 4 matrix-vector products. Single row sums are not made"
    )
    with registered(Method("twice", MethodSettings, solve, "of the tests")):
        of_parts = balance(GENOME, "twice", mask=None, scope="cis")
        write_balance(of_parts, GENOME.bins, files)
        draw_convergence(axes, pq.read_table(files.trace), of_parts.verdict)
    assert axes.get_legend_handles_labels()[1][-1] == "2 chromosomes computed"
    assert "One pass" in describe_outcome(balance(contacts, "vc", mask=None).verdict)
