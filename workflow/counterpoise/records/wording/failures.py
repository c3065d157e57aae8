"""Parts that are not balanced, and what to do about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.records import facts as f
from counterpoise.records.wording.phrases import (
    join_phrases,
    limit_percent,
    list_some,
    percent,
)
from counterpoise.records.wording.sentences import sentence

# What each remedy says to do: one phrase, or several of which any may be enough.
REMEDIES = {
    f.Remedy.ISOLATE: ("set {isolation}",),
    f.Remedy.RAISE_LIMIT: ("set isolate_limit: {limit:g}",),
    f.Remedy.DROP: ("set on_failure: drop",),
    f.Remedy.KEEP_DIAGONALS: ("set ignore_diags: 0",),
    f.Remedy.LARGER_BINS: ("use {larger}",),
    f.Remedy.MORE_CONTACTS: ("sequence deeper", "sum replicates"),
    f.Remedy.LEAVE_OUT: ("leave {chromosomes} out",),
    f.Remedy.MORE_ITERATIONS: ("{raise}",),
    f.Remedy.USE_KR: ("use kr",),
    f.Remedy.USE_KDE_EB: ("use kde_eb",),
    f.Remedy.CHECK_COPY_NUMBERS: ("check the copy numbers",),
}
# Why a part has nothing to balance, where the fact has no numbers.
EMPTY = {
    f.EmptyCause.NO_CONTACTS: "There are no contacts to balance.",
    f.EmptyCause.ONE_CHROMOSOME: (
        "The map has one chromosome, so it has no contacts between chromosomes. Use another scope."
    ),
    f.EmptyCause.NO_TRANS: "The map has no contacts between chromosomes. Use another scope.",
    f.EmptyCause.NO_CIS: "All contacts are between chromosomes. Use another scope.",
    f.EmptyCause.IN_REGIONS: (
        "Inside the regions of the mask no contacts are left to balance. Check mask.regions and "
        "the other filters of the mask."
    ),
}
# How a filter of the mask removes fewer bins.
LOOSER = {
    "min_nnz": "Lower min_nnz",
    "min_count": "Lower min_count",
    "mad_max": "Raise mad_max",
    "max_count": "Raise max_count",
    "mad_max_above": "Raise mad_max_above",
    "blacklist": "Check the blacklist",
    "shared": "Set mask.shared: none",
    f.UNCOUNTED: "Set mask.ignore_diags: 0",
}
MEASURES = {
    f.Measure.LARGEST: "Row sums differ from their target by up to {}",
    f.Measure.LARGEST_SMOOTHED: "Smoothed row sums differ from one by up to {}",
    f.Measure.NORM: "Row sums differ from their target by {} (2-norm over all bins)",
}
UNITS = {
    f.Unit.ITERATIONS: "iteration",
    f.Unit.PRODUCTS: "matrix-vector product",
    f.Unit.STEPS: "step",
}


@sentence.register
def _empty(fact: f.Empty) -> str:
    if fact.cause is None:
        return _describe_kept(fact.kept)
    if fact.cause == f.EmptyCause.MASKED:
        return _describe_masked(fact)
    if fact.cause == f.EmptyCause.ON_DIAGONALS:
        diagonals = "ignored diagonal"
        diagonals = diagonals if fact.ignored == 1 else f"{fact.ignored:,} {diagonals}s"
        return (
            f"All contacts of this scope lie on the {diagonals}. Set ignore_diags: 0, also for the "
            "mask."
        )
    return EMPTY[fact.cause]


def _describe_kept(kept: int) -> str:
    """Say that nothing is left to balance, without a cause."""
    if not kept:
        return "No bin is kept."
    if kept == 1:
        return "The only kept bin has no contacts that are used here."
    return f"No contacts are left between the {kept:,} kept bins."


def _describe_masked(fact: f.Empty) -> str:
    """Say how many bins with contacts the mask removed, by which filters, and what to do."""
    others = f"of {pluralise(fact.with_contacts, 'bin')} with contacts"
    if fact.kept == 1:
        words = f"The only bin that the mask keeps {others} has none that are used here"
    elif fact.kept:
        words = f"The {fact.kept:,} that the mask keeps {others} share none that are used here"
    elif fact.with_contacts == 1:
        words = "The mask removed the only bin with contacts"
    else:
        words = f"The mask removed all {fact.with_contacts:,} bins with contacts"
    if not fact.masked:
        return f"{words}."
    removed = join_phrases([sentence(each) for each in fact.masked])
    colon = ": it removed" if fact.kept else ":"
    most = max(fact.masked, key=lambda each: each.number)
    return f"{words}{colon} {removed}.{_loosen(most)}"


def _loosen(fact: f.Masked) -> str:
    """Say how a filter removes fewer bins."""
    if fact.setting == f.UNCOUNTED and fact.limit is None:
        return " Set mask.cis_only: false."
    return f" {LOOSER[fact.setting]}."


def join_empty(facts: Sequence[f.Empty], masked: tuple[f.Masked, ...]) -> f.Empty:
    """Return why no part of a map has anything to balance.

    Parameters
    ----------
    facts : sequence of Empty
        The fact of each part.
    masked : tuple of Masked
        Which filters removed bins with contacts of the map.
    """
    causes = {fact.cause for fact in facts}
    if len(causes) > 1:
        causes.discard(f.EmptyCause.NO_CONTACTS)
    cause = causes.pop() if len(causes) == 1 else None
    if cause == f.EmptyCause.MASKED:
        removed = [fact for fact in facts if fact.cause == cause]
        kept = sum(fact.kept for fact in removed)
        return f.Empty(kept, cause, sum(fact.with_contacts for fact in removed), masked)
    kept = sum(fact.kept for fact in facts)
    return f.Empty(kept, cause, ignored=max((fact.ignored for fact in facts), default=0))


def _blocking(fact: f.NoSupport | f.NoTotalSupport) -> str:
    """Name the bins that stand in the way, and how many partners they have."""
    verb = "has" if fact.blocking == 1 else "have"
    bins = f"{pluralise(fact.blocking, 'bin')} ({list_some(fact.bins, fact.blocking)})"
    return f"{bins} {verb} contacts with only {pluralise(fact.partners, 'bin')}"


@sentence.register
def _no_support(fact: f.NoSupport) -> str:
    return (
        f"{_blocking(fact)}, too few to give each a partner of its own, so no weights make all "
        "row sums equal (no support)."
    )


@sentence.register
def _no_total_support(fact: f.NoTotalSupport) -> str:
    leave = "leaves" if fact.blocking == 1 else "leave"
    return (
        f"{_blocking(fact)} and {leave} none for others, so no weights make all row sums equal "
        "(no total support)."
    )


@sentence.register
def _disconnected(fact: f.Disconnected) -> str:
    return (
        f"The map falls into {pluralise(fact.components, 'component')} without a contact between "
        "them, which have no common scale for this method."
    )


@sentence.register
def _dominant_chromosome(fact: f.DominantChromosome) -> str:
    share = "more than" if 2 * fact.bins > fact.of else "as many as"
    return (
        f"{fact.label} has {fact.bins:,} of the {fact.of:,} bins with contacts between "
        f"chromosomes, {share} all others together, so row sums of these contacts cannot be "
        "equal."
    )


@sentence.register
def _balanceable(fact: f.Balanceable) -> str:
    return "An exact balancing exists."


@sentence.register
def _existence_unknown(fact: f.ExistenceUnknown) -> str:
    return (
        "Whether weights exist with which row sums follow these copy numbers is not known: a bin "
        "with many copies may have contacts with too few others."
    )


@sentence.register
def _not_examined(fact: f.NotExamined) -> str:
    return (
        f"The map is too large to look for the cause in its structure (over {fact.limit:,} "
        "contacts)."
    )


@sentence.register
def _limit_reached(fact: f.LimitReached) -> str:
    verb = "was" if fact.limit == 1 else "were"
    return f"{pluralise(fact.limit, UNITS[fact.unit])} {verb} not enough."


@sentence.register
def _deviation_left(fact: f.DeviationLeft) -> str:
    if fact.smoothed:
        return f"Smoothed row sums still differ from one by up to {fact.max_deviation:.2g}."
    return f"Row sums still differ from their target by up to {fact.max_deviation:.2g}."


@sentence.register
def _close_enough(fact: f.CloseEnough) -> str:
    return (
        f"{MEASURES[fact.measure].format(f'{fact.deviation:.2g}')}, which is above the "
        f"tolerance ({fact.tolerance:.2g}) but far below the noise of the weights "
        f"({percent(fact.median_error)})."
    )


@sentence.register
def _diverged(fact: f.Diverged) -> str:
    after = "" if fact.after is None else f" after {pluralise(fact.after, UNITS[fact.unit])}"
    return f"The weights diverged to zero or infinity{after}."


@sentence.register
def _large_span(fact: f.LargeSpan) -> str:
    return "Some weights went to zero and others to infinity."


@sentence.register
def _stalled(fact: f.Stalled) -> str:
    return f"The row sums stopped approaching one after {pluralise(fact.steps, 'step')}."


@sentence.register
def _would_not_settle(fact: f.WouldNotSettle) -> str:
    bins = "more bins" if fact.dropped_before else "the sparsest bins"
    return (
        f"The weights did not settle, and dropping {bins} would remove more than "
        f"{fact.percent} % of the bins."
    )


@sentence.register
def _settled_unequal(fact: f.SettledUnequal) -> str:
    return (
        "The weights settled, but the row sums that they give differ by more than "
        f"{limit_percent(fact.tolerated)}."
    )


@sentence.register
def _larger_bins(fact: f.LargerBins) -> str:
    bins = _describe_larger(fact)
    return f"{bins[0].upper()}{bins[1:]} are expected to be fit for use."


def _describe_larger(fact: f.LargerBins) -> str:
    """Return ``bins of about 50 kb (5 times as large)``."""
    times = f"{fact.times:,} times as large"
    if fact.size is None:
        return f"bins about {times}"
    return f"bins of about {format_base_pairs(round(fact.size))} ({times})"


@sentence.register
def _remedies(fact: f.Remedies) -> str:
    return describe_remedies(fact)


def join_remedies(facts: Sequence[f.Remedies]) -> f.Remedies:
    """Return what helps several parts that need the same actions: with the largest values.

    Parameters
    ----------
    facts : sequence of Remedies
        The remedies of each part, all with the same actions.
    """
    larger = [fact.larger for fact in facts if fact.larger is not None]
    limits = [fact.isolate_limit for fact in facts if fact.isolate_limit is not None]
    return replace(
        facts[0],
        larger=max(larger, key=lambda each: each.times, default=None),
        isolate_limit=max(limits, default=None),
    )


def describe_remedies(fact: f.Remedies, parts: int = 1) -> str:
    """Render remedies as a sentence.

    Parameters
    ----------
    fact : Remedies
        The remedies.
    parts : int, default 1
        Number of parts that they are for.
    """
    larger = "" if fact.larger is None else _describe_larger(fact.larger)
    setting = fact.iteration_setting
    values = {
        "limit": fact.isolate_limit,
        "larger": larger,
        "isolation": _describe_isolation(fact),
        "chromosomes": "this chromosome" if parts == 1 else "these chromosomes",
        "raise": f"raise {setting}" if setting else "allow more iterations",
    }
    phrases = [phrase.format(**values) for each in fact.actions for phrase in REMEDIES[each]]
    text = join_phrases(phrases, word="or")
    return f"{text[0].upper()}{text[1:]}."


def _describe_isolation(fact: f.Remedies) -> str:
    """Return the settings that isolate bins: ``on_failure: isolate and isolate_limit: 0.02``."""
    limit, tolerance = fact.isolate_limit, fact.tolerance
    settings = ["on_failure: isolate"]
    settings += [] if limit is None else [f"isolate_limit: {limit:g}"]
    settings += [] if tolerance is None else [f"tolerance: {tolerance:g}"]
    return join_phrases(settings)
