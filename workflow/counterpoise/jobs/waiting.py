"""Explain which runs have no result because another map has none."""

from __future__ import annotations

from counterpoise.jobs.plan import Plan
from counterpoise.store.missing import (
    Unfinished,
    missing_file_prior,
    missing_pool,
    missing_reason,
)
from counterpoise.store.runs import RunKey


def explain_waiting(plan: Plan, unfinished: Unfinished) -> dict[str, str]:
    """Explain why runs wait for another map: for their prior, or for the weights of a sample.

    Parameters
    ----------
    plan : Plan
        The plan of the workflow.
    unfinished : Unfinished
        What the workflow left unmade.

    Returns
    -------
    dict of str to str
        The reason by the verdict of each such run.
    """
    reasons: dict[str, str] = {}  # by the file for which runs wait
    waiting: dict[str, str] = {}
    for run in plan.cohort.runs:
        verdict = plan.paths.run_files(*run.place).verdict
        needed = [*plan.prior(run), *plan.applied(run)]
        if not needed or not unfinished.output_set.issuperset([verdict, needed[0]]):
            continue
        if needed[0] not in reasons:
            reasons[needed[0]] = _explain(plan, run, unfinished)
        waiting[verdict] = reasons[needed[0]]
    return waiting


def _explain(plan: Plan, run: RunKey, unfinished: Unfinished) -> str:
    """Explain why the prior of a run, or the run whose weights it gets, has no result."""
    _, size, method = run.place
    source = plan.cohort.weights_of.get(method)
    if source is not None:
        reason = missing_reason(plan.paths, RunKey(source, size, method), unfinished)
        return f"the weights are those of sample {source}: {reason}"
    group = plan.pool_of(run)
    if group is None:
        return missing_file_prior(plan.paths, run)
    runs = [RunKey(name, size, method) for name in plan.cohort.groups.pooled(group, size, method)]
    return missing_pool(plan.paths, runs, group, unfinished)
