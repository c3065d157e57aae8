"""Every sentence about a balancing run, rendered from facts.

A reason says what to do first, then why. Numbers, bins and limits come from the facts
(``counterpoise.records.facts``); no other module words them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch
from math import log10

from counterpoise.contacts.bins import format_length, pluralise
from counterpoise.records import facts as f
from counterpoise.records.choice import Choice, RatedMethod
from counterpoise.records.copy_number import CopyNumberUse
from counterpoise.records.fitness import Fitness
from counterpoise.records.prior import PriorUse
from counterpoise.records.verdict import Cause, PartVerdict, Status

# Chromosomes that the reason over all parts names for each cause.
NAMED_PARTS = 5
NAMED_SAMPLES = 8
LEAST_SHARE = 1e-5  # smaller shares are not written out

REMEDIES = {
    f.Remedy.ISOLATE: "set on_failure: isolate",
    f.Remedy.MASK_SPARSEST: "mask the sparsest bins (on_failure: drop does)",
    f.Remedy.MASK_MORE: "mask more of the sparsest bins",
    f.Remedy.KEEP_DIAGONALS: "keep the diagonals",
    f.Remedy.LARGER_BINS: "use larger bins",
    f.Remedy.MORE_ITERATIONS: "allow more iterations",
    f.Remedy.USE_KR: "use kr",
}
UNKNOWN_ERRORS = {
    f.UnknownErrors.NO_ERRORS: "the method gives no standard errors (bootstrap: 20 estimates them)",
    f.UnknownErrors.NOT_COUNTS: "the values of the map are not counts",
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
CAUSES = {
    Cause.NO_SUPPORT: "without support",
    Cause.NO_TOTAL_SUPPORT: "without total support",
    Cause.DISCONNECTED: "in several components",
    Cause.DIVERGED: "diverged",
    Cause.LIMIT: "stopped at the limit",
}
SEARCH_NOTES = {
    f.SearchNote.WIDER_REJECTED: "Every wider one was rejected.",
    f.SearchNote.NO_SMOOTHING: "No smoothing is best, as on maps with many contacts.",
    f.SearchNote.WIDEST: "It is the widest that was tried, so the bias may be smoother still.",
    f.SearchNote.NARROWER_REJECTED: (
        "Every narrower one was rejected, so a deeper map might choose one of those."
    ),
}
FITNESS_LABELS = {
    Fitness.GOOD: "fit for use",
    Fitness.CAUTION: "use with caution",
    Fitness.NO: "not for use",
}
# The score that is not measured on held-out contacts, as the setting ``score`` names it.
UNEVENNESS = "unevenness"
# Why a candidate of a bandwidth search has no score.
NO_CONTACT_IN_REACH = "a bin has no contact within reach of the kernel"
FEW_CONTACTS_IN_REACH = (
    "the kernel covers fewer than twenty contacts on average, or fewer than four at a bin"
)
NO_CONTACTS = "one half has no contacts"
NOTHING_TO_SMOOTH = "fewer than two bins have contacts"
WEIGHTS_DIVERGED = "the weights diverged to zero or infinity"
NOT_BALANCED = "it does not balance the map"
WEIGHTS_SPAN = "the weights span a factor of more than a thousand"


def list_names(names: Sequence[str]) -> str:
    """Join names of samples; of many, the first ones and the number of the others.

    Parameters
    ----------
    names : sequence of str
        The names.

    Examples
    --------
    >>> list_names("abc")
    'a, b, c'
    >>> list_names("abcdefghij")
    'a, b, c, d, e, f, g, h and 2 more'
    """
    more = len(names) - NAMED_SAMPLES
    named = ", ".join(names[:NAMED_SAMPLES])
    return f"{named} and {more:,} more" if more > 0 else named


def join_phrases(phrases: Sequence[str], separator: str = ", ", word: str = "and") -> str:
    """Join phrases as a sentence does.

    Parameters
    ----------
    phrases : sequence of str
        The phrases.
    separator : str, optional
        What is between all but the last two.
    word : str, optional
        What is between the last two.

    Examples
    --------
    >>> join_phrases(["10 kb", "40 kb", "1 Mb"], word="or")
    '10 kb, 40 kb or 1 Mb'
    """
    *others, last = phrases or [""]
    return f"{separator.join(others)} {word} {last}" if others else last


def not_converged_after(iterations: int) -> str:
    """Say that a candidate of a bandwidth search reached the limit of iterations.

    Parameters
    ----------
    iterations : int
        The limit.
    """
    return f"not converged after {iterations} iterations"


def fails_parts(labels: Sequence[str]) -> str:
    """Say that a method does not balance parts that another one balances.

    Parameters
    ----------
    labels : sequence of str
        The parts; none stands for the whole map.
    """
    if not labels:
        return NOT_BALANCED
    return f"it does not balance {_listed(labels[:NAMED_PARTS], len(labels))}"


def lacks_weights(lost: int, balanced: int, method: str) -> str:
    """Say that a method gives no weights to many bins that another one balances.

    Parameters
    ----------
    lost, balanced : int
        These bins, and all that the other one balances.
    method : str
        The other one.
    """
    bins = pluralise(balanced, "bin")
    return f"it gives no weight to {lost:,} of the {bins} that {method} balances"


def choice_reason(choice: Choice) -> str:
    """Render the choice between methods on a map.

    Parameters
    ----------
    choice : Choice
        The candidates and the chosen one.
    """
    chosen = next(each for each in choice.candidates if each.method == choice.method)
    others = [each for each in choice.candidates if each is not chosen]
    if chosen.expected_unevenness is None:
        return f"Method {choice.method} was taken, since {_no_comparison(chosen, len(others))}."
    rank = "as good as the best" if chosen.excess else "the best"
    worth = [f"new contacts are expected to be uneven by {_worth(chosen)}"]
    worth += [f"with {each.method} by {_worth(each)}" for each in others if not each.rejected]
    words = [f"Method {choice.method} is {rank} for this map: {', '.join(worth)}."]
    words += [
        f"{each.method} is not considered: {each.rejected}." for each in others if each.rejected
    ]
    return " ".join(words)


def _no_comparison(chosen: RatedMethod, others: int) -> str:
    """Say why a method could not be compared with others."""
    if not others:
        return "the values of the map are not counts, so methods cannot be compared"
    if chosen.rejected == NOT_BALANCED:
        return "no candidate balances the map"
    if chosen.rejected:
        return "it balances the most bins, and each candidate fails where another one does not"
    return "the methods cannot be compared on any part"


def _worth(rated: RatedMethod) -> str:
    """Return the expected unevenness of a method: ``2.14 %``."""
    return percent((rated.expected_unevenness or 0.0) / 100, digits=3)


def prior_reason(use: PriorUse) -> str:
    """Render how far the bias of other maps was used on a map.

    Parameters
    ----------
    use : PriorUse
        The use of the prior.
    """
    if not use.bins and not use.sources:
        return "No prior was used, since the pool has no other sample."
    if not use.bins:
        return "The prior was not used, since it has no bias for any bin of this map."
    if not use.candidates:
        return "The prior was not used, since too few contacts tell how far it applies."
    error = "" if use.error is None else f" \u00b1 {use.error:.1g}"
    if not use.strength:
        return f"The prior was not used, since it does not help on this map (strength 0{error})."
    none, chosen = (
        percent(max(each.excess, 0.0) ** 0.5, digits=3)
        for each in use.candidates
        if each.strength in (0, use.strength)
    )
    others = "another map" if len(use.sources) < 2 else f"{len(use.sources)} other maps"
    return (
        f"The bias of {others} was used for {pluralise(use.bins, 'bin')}, with the strength "
        f"{use.strength:g}{error}: new contacts are expected to be uneven by {chosen}, without it "
        f"by {none}."
    )


def applied_reason(source: str, given: int) -> str:
    """Render that a map has the weights of another one.

    Parameters
    ----------
    source : str
        Name of the other map.
    given : int
        Number of bins for which it has weights.
    """
    if not given:
        return f"There are no weights, since {source} has none."
    return f"The weights are those of {source}, scaled to this map; the method was not run on it."


def copy_number_reason(use: CopyNumberUse) -> str:
    """Render the target of row sums that are not to be equal.

    Parameters
    ----------
    use : CopyNumberUse
        The use of copy numbers.
    """
    source = f" in {use.file}" if use.file else ""
    extent = "" if use.lowest is None else f" ({use.lowest:.3g} to {use.highest:.3g})"
    words = [f"The target of the row sums is proportional to the copy numbers{source}{extent}."]
    if use.absent:
        words.append(f"{_bins_have(use.absent)} zero copies and no weight.")
    if use.uncovered:
        words.append(f"{_bins_have(use.uncovered)} no segment and the median copy number.")
    return " ".join(words)


def _bins_have(number: int) -> str:
    """Return ``3 bins have``, the beginning of a sentence."""
    return f"{pluralise(number, 'bin')} {'has' if number == 1 else 'have'}"


def part_reason(facts: Iterable[f.Fact]) -> str:
    """Render the facts of a part as its reason; empty without facts.

    Parameters
    ----------
    facts : iterable of Fact
        In the order of the sentences.
    """
    return " ".join(sentence(fact) for fact in facts)


def overall_reason(parts: Sequence[PartVerdict]) -> str:
    """Render the reason over all parts.

    Parameters
    ----------
    parts : sequence of PartVerdict
        All parts of a map, with their reasons.

    Returns
    -------
    str
        For a single part its own reason. For several, how many are not balanced; for each cause,
        the chromosomes and the reason of the first; and where bins were isolated or dropped.
    """
    if len(parts) == 1:
        return parts[0].reason
    filled = [part for part in parts if part.status is not Status.EMPTY]
    if not filled:
        return "No chromosome has a bin left to balance."
    failed = [part for part in filled if not part.status.balanced]
    causes = list(dict.fromkeys(part.cause for part in failed))
    words = []
    if failed:
        verb = "is" if len(failed) == 1 else "are"
        labels = f" ({_labels(failed)})" if len(failed) > 1 and len(causes) == 1 else ""
        words.append(
            f"{len(failed)} of {len(filled)} chromosomes {verb} not balanced{labels}: "
            f"{_affected(failed, filled)}."
        )
    for cause in causes:
        group = [part for part in failed if part.cause is cause]
        if len(group) > 1 and len(causes) > 1:
            words.append(f"{len(group)} {CAUSES[cause]} ({_labels(group)}).")
        words.append(f"On {group[0].label}: {group[0].reason}")
    good = [part for part in filled if part.status.balanced]
    words.append(_without(good, [part.isolated for part in good], "isolated"))
    words.append(_without(good, [part.dropped for part in good], "dropped"))
    return " ".join(filter(None, words))


def _without(parts: Sequence[PartVerdict], numbers: Sequence[int], verb: str) -> str:
    """Say how many bins of balanced parts were isolated or dropped; empty for none."""
    shortened = [part for part, number in zip(parts, numbers, strict=True) if number]
    if not shortened:
        return ""
    bins = _share(sum(numbers), sum(numbers) + sum(part.kept for part in shortened))
    return f"On {_labels(shortened)}, {bins} {verb} so that the others could be balanced."


def _affected(failed: Sequence[PartVerdict], filled: Sequence[PartVerdict]) -> str:
    """Say how much of the map some parts are: ``2 of 132 bins, 0.02 % of the contacts``."""
    bins, of = (sum(part.bins for part in group) for group in (failed, filled))
    contacts, total = (sum(part.raw_total for part in group) for group in (failed, filled))
    share = f", {percent(contacts / total)} of the contacts" if total else ""
    return f"{bins:,} of {pluralise(of, 'bin')}{share}"


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


def _labels(parts: Sequence[PartVerdict]) -> str:
    return _listed([part.label for part in parts[:NAMED_PARTS]], len(parts))


def _listed(names: Sequence[str], number: int) -> str:
    """Join names; an ellipsis stands for those of ``number`` that are not named."""
    return ", ".join([*names, *["..."] * (number > len(names))])


def _share(number: int, of: int) -> str:
    """Return ``3 of 40 bins were``, the subject of a sentence."""
    return f"{number:,} of {of:,} bins {'was' if number == 1 else 'were'}"


def percent(share: float, digits: int = 2) -> str:
    """Render a measured share as a percentage; 0 and 100 mean exactly none and all.

    Parameters
    ----------
    share : float
        A share: 0.0002 is ``0.02 %``. It may be above 1.
    digits : int
        Number of significant digits; three between 99 % and 100 %.
    """
    if 0 < share < LEAST_SHARE:
        return f"less than {100 * LEAST_SHARE:g} %"
    if share >= 1:
        return f"{100 * share:,.0f} %"
    return f"{min(100 * share, 99.9):.{digits if share < 0.99 else 3}g} %"


def percent_beside(share: float, limit: float) -> str:
    """Render a measured share with as many digits as tell it from a limit that it does not equal.

    Parameters
    ----------
    share : float
        A share.
    limit : float
        A limit on the share, which the same sentence names.

    Examples
    --------
    >>> percent_beside(0.1504, 0.15), percent_beside(0.23, 0.15)
    ('15.04 %', '23 %')
    """
    texts = (percent(share, digits) for digits in range(2, 9))
    return next((text for text in texts if text != limit_percent(limit)), limit_percent(share))


def limit_percent(limit: float) -> str:
    """Render a limit as a percentage, as it was set: 0.125 is ``12.5 %``.

    Parameters
    ----------
    limit : float
        A limit on a share.
    """
    return f"{100 * limit:g} %"


def _choices(phrases: Sequence[str]) -> str:
    """Join alternatives as a sentence, such as ``Keep the diagonals or use larger bins.``."""
    text = ", ".join(phrases[:-1]) + (" or " if len(phrases) > 1 else "") + phrases[-1]
    return f"{text[0].upper()}{text[1:]}."


@singledispatch
def sentence(fact: f.Fact) -> str:
    """Render one fact as a sentence; a fact nested in another one gives a phrase.

    Parameters
    ----------
    fact : Fact
        A fact of a kind that has a wording below.
    """
    raise TypeError(f"{type(fact).__name__} has no sentence; register one in this module")


@sentence.register
def _empty(fact: f.Empty) -> str:
    if not fact.kept:
        return "No bin is kept."
    if fact.kept == 1:
        return "The only kept bin has no contacts that are used here."
    return f"No contacts are left between the {fact.kept:,} kept bins."


def _blocking(fact: f.NoSupport | f.NoTotalSupport) -> str:
    """Name the bins that stand in the way, and how many partners they have."""
    verb = "has" if fact.blocking == 1 else "have"
    bins = f"{pluralise(fact.blocking, 'bin')} ({_listed(fact.bins, fact.blocking)})"
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
    entries = "some entries" if fact.entries is None else f"{fact.entries:,} entries"
    entries = "1 entry" if fact.entries == 1 else entries
    vanish = "vanishes" if fact.entries == 1 else "vanish"
    return (
        f"{_blocking(fact)} and {leave} none for others, so row sums become equal only in the "
        f"limit where {entries} of the map {vanish} (support, but not total support)."
    )


@sentence.register
def _disconnected(fact: f.Disconnected) -> str:
    return (
        f"The map falls into {pluralise(fact.components, 'component')} without a contact between "
        "them, which have no common scale for this method; kr can balance such a map."
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
def _remedies(fact: f.Remedies) -> str:
    return _choices([REMEDIES[action] for action in fact.actions])


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
    bins = f"{_share(fact.dropped, fact.of)} dropped ({_listed(fact.bins, fact.dropped)})"
    purpose = ", so that the others could be balanced" if fact.balanced else ""
    return f"{bins}{purpose}: {', '.join(sentence(reason) for reason in fact.because)}."


@sentence.register
def _sparsest_dropped(fact: f.SparsestDropped) -> str:
    return (
        f"{_share(fact.dropped, fact.of)} dropped ({_listed(fact.bins, fact.dropped)}), those up "
        f"to percentile {fact.percentile} of row sums, so that the others could be balanced. With "
        f"them: {part_reason(fact.before)}"
    )


@sentence.register
def _dropping_failed(fact: f.DroppingFailed) -> str:
    if not fact.percentile:
        return "Dropping the sparsest bins would leave none."
    rest = ", and dropping more would leave none" if fact.none_left else ""
    return f"Dropping the bins up to percentile {fact.percentile} of row sums did not help{rest}."


@sentence.register
def _bins_isolated(fact: f.BinsIsolated) -> str:
    named = _listed(fact.bins[: f.NAMED_BINS], fact.isolated)
    return (
        f"{_share(fact.isolated, fact.of)} isolated ({named}; {percent(fact.contacts)} of the "
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


@sentence.register
def _fewer_resampled(fact: f.FewerResampled) -> str:
    return (
        f"Standard errors rest on {fact.used} of {fact.drawn} resampled maps, since the others "
        "could not be balanced."
    )


@sentence.register
def _scored_bandwidth(fact: f.ScoredBandwidth) -> str:
    return f"{_held_out_score(fact.score, fact.error)} at {_bandwidth(fact.bandwidth)}"


@sentence.register
def _bandwidth_chosen(fact: f.BandwidthChosen) -> str:
    bandwidth = _bandwidth(fact.bandwidth)
    if fact.score is None or fact.error is None:
        return (
            f"Bandwidth {bandwidth}, the widest that was tried, since none could be scored "
            f"({fact.rejected})."
        )
    analytic = fact.kind == UNEVENNESS
    score = _unevenness if analytic else _held_out_score
    how = (
        ": new contacts are expected to be uneven by"
        if analytic
        else f" by held-out contacts, {fact.kind}"
    )
    neighbours = ", ".join(
        f"{score(each.score, each.error)} at {_bandwidth(each.bandwidth)}"
        for each in fact.neighbours
    )
    words = (
        f"Bandwidth {bandwidth} was chosen{how} {score(fact.score, fact.error)}"
        f"{f' ({neighbours})' if neighbours else ''}."
    )
    return f"{words} {SEARCH_NOTES[fact.note]}" if fact.note else words


def _unevenness(score: float, error: float) -> str:
    return percent(max(score, 0.0) ** 0.5)


def _held_out_score(score: float, error: float) -> str:
    return f"{score:.3g} \u00b1 {error:.1g}"


def _bandwidth(base_pairs: float) -> str:
    """Return a bandwidth as people write it, ``250 kb``."""
    return format_length(base_pairs) if base_pairs else "0 (SSK)"


@sentence.register
def _few_weights(fact: f.FewWeights) -> str:
    if not fact.weighted:
        return "No bin has a weight." if fact.of else "No bin has contacts."
    verb = "has" if fact.weighted == 1 else "have"
    share = percent_beside(fact.weighted / fact.of, fact.limit)
    return (
        f"{fact.weighted:,} of {fact.of:,} bins with contacts ({share}) {verb} a weight, less than "
        f"{limit_percent(fact.limit)}."
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
def _parts_unfit(fact: f.PartsUnfit) -> str:
    labels = _listed(fact.labels[:NAMED_PARTS], len(fact.labels))
    share = percent_beside(fact.contacts, fact.limit)
    return (
        f"The weights of {len(fact.labels):,} of {pluralise(fact.of, 'chromosome')} ({labels}) are "
        f"not for use; these have {share} of the contacts, more than {limit_percent(fact.limit)}."
    )


@sentence.register
def _shallow(fact: f.Shallow) -> str:
    group = f"the group {fact.group}" if fact.group else "the cohort"
    share = percent_beside(fact.contacts / fact.median, fact.limit)
    return (
        f"The map has {fact.contacts:,.0f} contacts, {share} of the median of {group} "
        f"({fact.median:,.0f} over {fact.samples} samples) and less than "
        f"{limit_percent(fact.limit)}."
    )
