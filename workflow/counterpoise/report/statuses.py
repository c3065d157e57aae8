"""The meaning of each fitness and each status for someone who wants to use the weights."""

from __future__ import annotations

from dataclasses import asdict

from counterpoise.methods import methods
from counterpoise.methods.base import Method
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.verdict import Status
from counterpoise.records.wording import fitness_label, join_phrases, limit_percent
from counterpoise.report.table import Row

# The status of a run without a result, which has no verdict, and its label in place of a fitness.
MISSING, NO_RESULT = "missing", "no result"
# Statuses of runs that did not reach a balance everywhere.
UNBALANCED = (Status.NOT_CONVERGED.value, Status.FAILED.value)
MISSING_MEANING = (
    "There is no result, because the file has no such level, or because a job on the way to it "
    "failed or did not run; see the reason. Fix it and run again; only what is missing is done."
)


def fitness_meanings(limits: FitnessSettings) -> dict[Fitness, str]:
    """Explain every fitness, with the limits.

    Parameters
    ----------
    limits : FitnessSettings
        The limits.
    """
    stated = {name: limit_percent(limit) for name, limit in asdict(limits).items()}
    return {
        Fitness.GOOD: "Use these weights.",
        Fitness.CAUTION: (
            "Read the reason first. One of these holds: the median error of a weight is above "
            f"{stated['error_caution']} or unknown; fewer than {stated['bins_caution']} of the "
            f"bins with contacts have a weight; balanced row sums vary by more than "
            f"{stated['uneven_caution']}, with a method that makes them equal; new contacts would "
            f"be uneven by more than {stated['expected_unevenness_caution']}, or may be; "
            f"chromosomes with more than {stated['parts_caution']} "
            "of the contacts have weights that are not for use; the map has fewer than "
            f"{stated['depth_caution']} of the contacts that others of the cohort have."
        ),
        Fitness.NO: (
            f"The median error of a weight is above {stated['error_no']}, or fewer than "
            f"{stated['bins_no']} of the bins with contacts have a weight. Use larger bins or a "
            "deeper map."
        ),
    }


def status_meanings() -> dict[str, str]:
    """Explain every status of a verdict.

    Returns
    -------
    dict of str to str
        A sentence or two by status, from best to worst.
    """
    return {
        Status.CONVERGED.value: "The row sums of all kept bins are equal within the "
        f"tolerance{_name_other_quantities()}.",
        Status.COMPUTED.value: "The method takes one step, or a fixed number of steps, and does "
        "not make row sums equal. There is nothing that could converge. Weights of another sample "
        "are computed, too.",
        Status.EMPTY.value: "No bin was left to balance: the map has no contacts in this scope, or "
        "the mask removed every bin.",
        Status.NOT_CONVERGED.value: "Stopped before the tolerance was reached. The largest "
        "deviation says how far off the row sums are, and the reason what helps.",
        Status.FAILED.value: "No weights were found that make the row sums equal; the reason says "
        "why, and what helps. Few contacts are the usual cause, and larger bins hold more.",
    }


def _name_other_quantities() -> str:
    """Name the methods that make something other than row sums equal, and what it is."""
    names: dict[str, list[str]] = {}
    for name, method in methods().items():
        if method.quantity != Method.quantity:
            names.setdefault(method.quantity, []).append(name)
    return "".join(f"; with {join_phrases(of)}, the {it} are" for it, of in names.items())


def describe_fitness_of(row: Row) -> str:
    """Name the fitness of a run, and the chromosomes for which it does not hold.

    Parameters
    ----------
    row : dict
        Its row of the summary.

    Examples
    --------
    >>> describe_fitness_of({"fitness": "good", "chromosomes_unfit": "chrX"})
    'fit for use but chrX'
    """
    if not row["fitness"]:
        return NO_RESULT
    fitness = Fitness(row["fitness"])
    unfit = row["chromosomes_unfit"]
    return fitness_label(fitness) + (f" but {unfit}" if unfit and fitness is not Fitness.NO else "")


def describe_status_of(row: Row) -> str:
    """Name the status of a run; a failure of some chromosomes alone names them.

    Parameters
    ----------
    row : dict
        Its row of the summary.

    Examples
    --------
    >>> describe_status_of({"status": "failed", "fitness": "good", "chromosomes_unfit": "chrX"})
    'failed on chrX'
    """
    status = str(row["status"]).replace("_", " ")
    unfit = row["chromosomes_unfit"]
    partial = row["status"] in UNBALANCED and unfit and row["fitness"] != Fitness.NO.value
    return f"{status} on {unfit}" if partial else status
