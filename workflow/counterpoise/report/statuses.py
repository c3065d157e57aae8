"""The meaning of each fitness and each status for someone who wants to use the weights."""

from __future__ import annotations

from dataclasses import asdict

from counterpoise.methods import methods
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.verdict import Status
from counterpoise.records.wording import fitness_label, limit_percent
from counterpoise.report.table import Row

# The status of a run without a result, which has no verdict, and its label in place of a fitness.
MISSING, NO_RESULT = "missing", "no result"
# Statuses of runs that did not reach a balance everywhere.
UNBALANCED = (Status.NOT_CONVERGED.value, Status.FAILED.value)
ONE_PASS = "One pass: evens out coverage, does not make row sums equal."
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
            f"{stated['uneven_caution']} (vc and vc_sqrt are not judged by this); "
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
    kernel_methods = ", ".join(name for name, method in methods().items() if method.fills)
    return {
        Status.CONVERGED.value: "All kept bins have the same balanced row sum, within the "
        f"tolerance; with kernel methods ({kernel_methods}) the same smoothed row sum.",
        Status.COMPUTED.value: f"{ONE_PASS} There is nothing that could converge. "
        "Weights of another sample are computed, too. (The variant observation of kde ends after "
        "the steps that define it.)",
        Status.EMPTY.value: "No bin was left to balance: the map has no contacts in this scope, or "
        "the mask removed every bin.",
        Status.NOT_CONVERGED.value: "Stopped before the row sums were equal. The largest deviation "
        "says how far off they are; more iterations, a stricter mask or a coarser resolution may "
        "help.",
        Status.FAILED.value: "No weights were found that make the row sums equal; the reason says "
        "why. Sparse bins are the usual cause: mask more of them, or use a coarser resolution.",
    }


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
