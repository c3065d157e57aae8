"""Whether weights are fit for use, and why not."""

from __future__ import annotations

from collections.abc import Iterable

from counterpoise.contacts.bins import pluralise
from counterpoise.records import facts as f
from counterpoise.records.excess import Excess
from counterpoise.records.fitness import Fitness
from counterpoise.records.wording.phrases import (
    join_phrases,
    limit_percent,
    list_labels,
    percent_beside,
)
from counterpoise.records.wording.sentences import part_reason, sentence

UNKNOWN_ERRORS = {
    f.UnknownErrors.NO_ERRORS: "the method gives no standard errors (bootstrap: 20 estimates them)",
    f.UnknownErrors.NOT_COUNTS: "the values of the map are not counts",
}
FITNESS_LABELS = {
    Fitness.GOOD: "fit for use",
    Fitness.CAUTION: "use with caution",
    Fitness.NO: "not for use",
}


def fitness_label(fitness: Fitness) -> str:
    """Name a fitness as every page and figure does.

    Parameters
    ----------
    fitness : Fitness
        A fitness.
    """
    return FITNESS_LABELS[fitness]


def fitness_reason(causes: Iterable[f.Fact]) -> str:
    """Render the causes of a fitness; empty without any.

    Parameters
    ----------
    causes : iterable of Fact
        The decisive ones first.
    """
    return part_reason(causes)


@sentence.register
def _few_weights(fact: f.FewWeights) -> str:
    if not fact.weighted:
        return "No bin has a weight." if fact.of else "No bin has contacts."
    verb = "has" if fact.weighted == 1 else "have"
    share = percent_beside(fact.weighted / fact.of, fact.limit)
    by_filter = join_phrases([sentence(each) for each in fact.masked])
    removed = f"; the mask removed {by_filter}" if by_filter else ""
    return (
        f"{fact.weighted:,} of {fact.of:,} bins with contacts ({share}) {verb} a weight, less than "
        f"{limit_percent(fact.limit)}{removed}."
    )


@sentence.register
def _large_errors(fact: f.LargeErrors) -> str:
    return (
        "The median standard error of a weight is "
        f"{percent_beside(fact.median_se, fact.limit)}, more than {limit_percent(fact.limit)}."
    )


@sentence.register
def _errors_unknown(fact: f.ErrorsUnknown) -> str:
    cause = UNKNOWN_ERRORS[fact.because]
    return f"The noise of the weights is unknown, since {cause}."


@sentence.register
def _uneven_row_sums(fact: f.UnevenRowSums) -> str:
    return (
        f"Balanced row sums vary by {percent_beside(fact.cv, fact.limit)} (RMS), more than "
        f"{limit_percent(fact.limit)}."
    )


@sentence.register
def _uneven_contacts(fact: f.UnevenContacts) -> str:
    excess, limit = Excess(fact.excess, fact.error), limit_percent(fact.limit)
    known, at_most = excess.unevenness or 0.0, excess.at_most
    if at_most is None:
        prior = ", or its prior was made of them" if fact.has_prior else ""
        return (
            "How even the weights make new contacts is unknown: the estimate is further below zero "
            f"than chance explains. The map has too few contacts{prior}."
        )
    if known > fact.limit:
        return (
            "New contacts balanced with these weights are expected to be uneven by "
            f"{percent_beside(known, fact.limit)}, more than {limit}."
        )
    return (
        "New contacts balanced with these weights may be uneven by up to "
        f"{percent_beside(at_most, fact.limit)}, more than {limit}; the estimate is not exact "
        "enough to tell."
    )


@sentence.register
def _not_equalised(fact: f.NotEqualised) -> str:
    return (
        f"{fact.method} does not make row sums equal: new contacts are expected to be uneven by "
        f"{percent_beside(fact.unevenness, fact.limit)}, more than {limit_percent(fact.limit)}."
    )


@sentence.register
def _parts_unfit(fact: f.PartsUnfit) -> str:
    labels, kind = list_labels(fact.labels), "region" if fact.regions else "chromosome"
    share = percent_beside(fact.contacts, fact.limit)
    return (
        f"The weights of {len(fact.labels):,} of {pluralise(fact.of, kind)} ({labels}) are not for "
        f"use; these have {share} of the contacts, more than {limit_percent(fact.limit)}."
    )


@sentence.register
def _shallow(fact: f.Shallow) -> str:
    group = f"the group {fact.group}" if fact.group else "the cohort"
    share = percent_beside(fact.contacts / fact.median, fact.limit)
    if fact.samples == 1:
        return (
            f"The map has {fact.contacts:,.0f} contacts, {share} of those of the only other sample "
            f"({fact.median:,.0f}) and less than {limit_percent(fact.limit)}."
        )
    return (
        f"The map has {fact.contacts:,.0f} contacts, {share} of the median of {group} "
        f"({fact.median:,.0f} over {fact.samples} samples) and less than "
        f"{limit_percent(fact.limit)}."
    )
