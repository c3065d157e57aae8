"""Bins without weights, and why they have none."""

from __future__ import annotations

from math import log10

from counterpoise.contacts.bins import pluralise
from counterpoise.records import facts as f
from counterpoise.records.wording.phrases import (
    count_bins,
    limit_percent,
    list_some,
    percent,
)
from counterpoise.records.wording.sentences import part_reason, sentence

GIVEN_FILTERS = {"blacklist": "the blacklist", "shared": "the shared mask"}


@sentence.register
def _masked(fact: f.Masked) -> str:
    if fact.setting == f.UNCOUNTED:
        if not fact.limit:
            return f"{fact.number:,} without a contact that it counts"
        diagonals = "diagonal" if fact.limit == 1 else f"{fact.limit:g} diagonals"
        return f"{fact.number:,} with contacts only on the {diagonals} that it ignores"
    if fact.setting in GIVEN_FILTERS:
        return f"{fact.number:,} by {GIVEN_FILTERS[fact.setting]}"
    limit = "" if fact.limit is None else f" ({fact.limit:,.10g})"
    return f"{fact.number:,} by {fact.setting}{limit}"


@sentence.register
def _few_partners(fact: f.FewPartners) -> str:
    return f"{fact.number:,} in contact with fewer than {pluralise(fact.fewer_than, 'other')}"


@sentence.register
def _unsettled(fact: f.Unsettled) -> str:
    return f"{fact.number:,} whose weights did not settle"


@sentence.register
def _out_of_reach(fact: f.OutOfReach) -> str:
    return f"{fact.number:,} without a contact within reach of the kernel"


@sentence.register
def _bins_dropped(fact: f.BinsDropped) -> str:
    bins = f"{count_bins(fact.dropped, fact.of)} dropped ({list_some(fact.bins, fact.dropped)})"
    purpose = ", so that the others could be balanced" if fact.balanced else ""
    return f"{bins}{purpose}: {', '.join(sentence(reason) for reason in fact.because)}."


@sentence.register
def _sparsest_dropped(fact: f.SparsestDropped) -> str:
    return (
        f"{count_bins(fact.dropped, fact.of)} dropped ({list_some(fact.bins, fact.dropped)}), "
        f"those up to percentile {fact.percentile} of row sums, so that the others could be "
        f"balanced. With them: {part_reason(fact.before)}"
    )


@sentence.register
def _dropping_failed(fact: f.DroppingFailed) -> str:
    if not fact.percentile:
        return "Dropping the sparsest bins would leave none."
    rest = ", and dropping more would leave none" if fact.none_left else ""
    return f"Dropping the bins up to percentile {fact.percentile} of row sums did not help{rest}."


@sentence.register
def _bins_isolated(fact: f.BinsIsolated) -> str:
    named = list_some(fact.bins[: f.NAMED_BINS], fact.isolated)
    return (
        f"{count_bins(fact.isolated, fact.of)} isolated ({named}; {percent(fact.contacts)} of the "
        f"contacts) so that the others could be balanced. With them: {part_reason(fact.before)}"
    )


@sentence.register
def _isolation_refused(fact: f.IsolationRefused) -> str:
    bound = "At least " if fact.at_least else ""
    return (
        f"{bound}{fact.needed:,} of {fact.of:,} bins would have to be isolated for the others to "
        f"be balanced; isolate_limit allows {limit_percent(fact.limit)}."
    )


@sentence.register
def _unconnected(fact: f.Unconnected) -> str:
    verb = "has" if fact.number == 1 else "have"
    return (
        f"{pluralise(fact.number, 'bin')} {verb} contacts, but none that is used here (scope, "
        "diagonals, masked partners)."
    )


@sentence.register
def _not_written(fact: f.NotWritten) -> str:
    if fact.limit is None:
        return "The weights are not written."
    orders = round(log10(fact.limit))
    return f"The weights span more than {orders} orders of magnitude and are not written."
