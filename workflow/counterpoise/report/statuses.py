"""The meaning of each status for someone who wants to use the weights."""

from __future__ import annotations

from counterpoise.methods import methods
from counterpoise.records.verdict import Status

MISSING = "missing"  # the status of a run without a result, which has no verdict
ONE_PASS = "One pass: evens out coverage, does not make row sums equal."
MISSING_MEANING = (
    "There is no result, because the file has no such level, or because a job on the way to it "
    "failed or did not run; see the reason. Fix it and run again; only what is missing is done."
)


def status_meanings() -> dict[str, str]:
    """Explain every status of a verdict.

    Returns
    -------
    dict of str to str
        A sentence or two by status, from best to worst.
    """
    kernel_methods = ", ".join(name for name, method in methods().items() if method.fills)
    return {
        Status.CONVERGED.value: "All kept bins have the same balanced row sum, within the "
        f"tolerance; with kernel methods ({kernel_methods}) the same smoothed row sum. Use these "
        "weights.",
        Status.COMPUTED.value: f"{ONE_PASS} There is nothing that could converge.",
        Status.EMPTY.value: "No bin was left to balance: the map has no contacts in this scope, or "
        "the mask removed every bin.",
        Status.NOT_CONVERGED.value: "Stopped before the row sums were equal. The largest deviation "
        "says how far off they are; more iterations, a stricter mask or a coarser resolution may "
        "help.",
        Status.FAILED.value: "No weights were found that make the row sums equal; the reason says "
        "why. Sparse bins are the usual cause: mask more of them, or use a coarser resolution.",
    }
