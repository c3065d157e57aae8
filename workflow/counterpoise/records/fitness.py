"""Fitness: whether weights may be used at a resolution, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from counterpoise.errors import ConfigError
from counterpoise.records.excess import Excess
from counterpoise.records.facts import (
    ErrorsUnknown,
    Fact,
    FewWeights,
    LargeErrors,
    Masked,
    NotEqualised,
    UnevenContacts,
    UnevenRowSums,
    UnknownErrors,
)
from counterpoise.records.numbers import require_number


class Fitness(StrEnum):
    """Fitness of weights for use, from best to worst.

    ``good``: use them. ``caution``: look at the causes first. ``no``: do not use them.
    """

    GOOD = "good"
    CAUTION = "caution"
    NO = "no"


@dataclass
class FitnessSettings:
    """Limits that decide whether weights are fit for use, with caution, or not for use.

    Errors and shares are fractions: 0.15 is 15 %.

    Attributes
    ----------
    error_caution : float, default 0.15
        Caution where the median standard error of the weights is above this.
    error_no : float, default 0.3
        Not for use where the median standard error of the weights is above this.
    bins_caution : float, default 0.8
        Caution where less than this share of the bins with contacts has a weight.
    bins_no : float, default 0.5
        Not for use where less than this share of the bins with contacts has a weight.
    uneven_caution : float, default 0.05
        Caution where balanced row sums, of methods that make them equal, vary by more than this.
        It is the RMS deviation from the target, relative to it.
    expected_unevenness_caution : float, default 0.2
        Caution where new contacts would, or may, be more uneven than this. It is judged by
        `unevenness_at_most`, which counts as above if there is none, and by `expected_unevenness`
        for methods that do not make row sums equal.
    parts_caution : float, default 0.01
        Caution where chromosomes without usable weights have more than this share of the contacts.
    depth_caution : float, default 0.2
        Caution where a map has fewer contacts than this share of the cohort's median.
        The median is that of the samples with the same group where there are three or more,
        else that of all samples at the resolution. Of two samples, each is compared with the other.
    """

    error_caution: float = 0.15
    error_no: float = 0.3
    bins_caution: float = 0.8
    bins_no: float = 0.5
    uneven_caution: float = 0.05
    expected_unevenness_caution: float = 0.2
    parts_caution: float = 0.01
    depth_caution: float = 0.2

    def __post_init__(self) -> None:
        """Refuse limits out of range, and pairs in the wrong order."""
        for setting in fields(self):
            value = getattr(self, setting.name)
            require_number(f"fitness.{setting.name}", value)
            if not 0 <= value <= 1:
                raise ConfigError(
                    f"fitness.{setting.name} is {value}; it is a fraction, from 0 to 1."
                )
        for lower, higher in (("error_caution", "error_no"), ("bins_no", "bins_caution")):
            if getattr(self, lower) > getattr(self, higher):
                raise ConfigError(
                    f"fitness.{lower} is {getattr(self, lower)}; it must not be above "
                    f"fitness.{higher}, {getattr(self, higher)}."
                )


def make_fitness_settings(settings: FitnessSettings | dict[str, Any] | None) -> FitnessSettings:
    """Return limits of fitness as settings.

    Parameters
    ----------
    settings : FitnessSettings, dict or None
        The limits; a dict holds those that differ from the defaults.

    Raises
    ------
    ConfigError
        If the argument has another type, a limit is unknown or a value is out of range.
    """
    if isinstance(settings, FitnessSettings):
        return settings
    if settings is not None and not isinstance(settings, dict):
        raise ConfigError(
            "fitness is given as FitnessSettings, as a dict such as {'error_no': 0.5} or as None; "
            f"this is {type(settings).__name__}."
        )
    names = [setting.name for setting in fields(FitnessSettings)]
    unknown = sorted(str(name) for name in settings or {} if name not in names)
    if unknown:
        raise ConfigError(f"fitness has no limit {unknown[0]!r}; it has {', '.join(names)}.")
    return FitnessSettings(**settings or {})


@dataclass(frozen=True)
class Evidence:
    """What the fitness of weights is judged by.

    Attributes
    ----------
    weighted, with_contacts : int
        Bins that have a weight, and bins that have contacts, masked ones included.
    median_se : float or None
        Median relative standard error of the weights; None without any.
    row_sum_cv : float or None
        RMS deviation of balanced row sums from their target, relative to it; None for methods that
        do not make them equal.
    counts : bool, default True
        Whether the values of the map are counts, so that the errors have a meaning.
    excess : Excess or None
        The expected excess of new contacts, if it is known and counts.
    one_pass : str
        Name of a method that makes neither row sums nor smoothed row sums equal; empty for others.
    has_prior : bool, default False
        Whether a prior was used.
    masked : tuple of Masked
        Which filters of the mask removed bins with contacts.
    """

    weighted: int
    with_contacts: int
    median_se: float | None
    row_sum_cv: float | None
    counts: bool = True
    excess: Excess | None = None
    one_pass: str = ""
    has_prior: bool = False
    masked: tuple[Masked, ...] = ()


def judge_fitness(evidence: Evidence, limits: FitnessSettings) -> tuple[Fitness, tuple[Fact, ...]]:
    """Judge the fitness of the weights of a part or a run.

    Parameters
    ----------
    evidence : Evidence
        The measured values.
    limits : FitnessSettings
        The limits.

    Returns
    -------
    fitness : Fitness
        The worst that any value implies; ``no`` where no bin has contacts.
    causes : tuple of Fact
        Each value beyond a limit, with the limit; those that decide come first.
    """
    causes: list[tuple[Fitness, Fact]] = []
    share = evidence.weighted / evidence.with_contacts if evidence.with_contacts else 0.0
    if share < limits.bins_caution:
        no = share < limits.bins_no
        limit = limits.bins_no if no else limits.bins_caution
        few = FewWeights(evidence.weighted, evidence.with_contacts, limit, evidence.masked)
        causes.append((_level(no), few))
    error = evidence.median_se
    if evidence.weighted and (error is None or not evidence.counts):
        why = UnknownErrors.NO_ERRORS if evidence.counts else UnknownErrors.NOT_COUNTS
        causes.append((Fitness.CAUTION, ErrorsUnknown(why)))
    elif error is not None and error > limits.error_caution:
        no = error > limits.error_no
        limit = limits.error_no if no else limits.error_caution
        causes.append((_level(no), LargeErrors(error, limit)))
    uneven = evidence.row_sum_cv or 0.0
    if uneven > limits.uneven_caution:
        causes.append((Fitness.CAUTION, UnevenRowSums(uneven, limits.uneven_caution)))
    uneven_contacts = _judge_excess(evidence, limits)
    if uneven_contacts is not None:
        causes.append((Fitness.CAUTION, uneven_contacts))
    causes.sort(key=lambda cause: cause[0] is not Fitness.NO)
    return worst_fitness(level for level, _ in causes), tuple(fact for _, fact in causes)


def _judge_excess(evidence: Evidence, limits: FitnessSettings) -> Fact | None:
    """Return the fact that new contacts are uneven, or may be; None if they are not.

    An estimate without an upper bound tells nothing: on sparse real maps it stands far below zero
    where the weights leave much (``benchmarks.fitness``), so new contacts may be uneven. All of
    these are below zero by more than the square of half the limit; an estimate closer to zero is
    no reason for caution. Large errors of the weights already say the same. A method of one pass
    leaves row sums far from equal, so its estimate is judged instead of the upper bound.
    """
    excess, limit = evidence.excess, limits.expected_unevenness_caution
    has_large_errors = (evidence.median_se or 0.0) > limits.error_caution
    if excess is None or not evidence.weighted or has_large_errors:
        return None
    if evidence.one_pass:
        known = excess.unevenness or 0.0
        return NotEqualised(evidence.one_pass, known, limit) if known > limit else None
    at_most = excess.at_most
    if (-excess.value <= (limit / 2) ** 2) if at_most is None else (at_most <= limit):
        return None
    return UnevenContacts(excess.value, excess.error, limit, evidence.has_prior)


def worst_fitness(levels: Iterable[Fitness]) -> Fitness:
    """Return the worst of some fitnesses; ``good`` without any.

    Parameters
    ----------
    levels : iterable of Fitness
        Fitnesses.
    """
    return max(levels, key=list(Fitness).index, default=Fitness.GOOD)


def _level(no: bool) -> Fitness:
    """Return ``no`` or ``caution``."""
    return Fitness.NO if no else Fitness.CAUTION
