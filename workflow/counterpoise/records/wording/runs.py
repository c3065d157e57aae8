"""What a run as a whole says: its parts, and what it took from other maps and tables."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoise.contacts.bins import pluralise
from counterpoise.records import facts as f
from counterpoise.records.copy_number import CopyNumberUse
from counterpoise.records.prior import PriorUse
from counterpoise.records.verdict import Cause, PartVerdict, Status
from counterpoise.records.wording.failures import describe_remedies, join_empty, join_remedies
from counterpoise.records.wording.phrases import (
    list_labels,
    percent,
    uneven_by,
)
from counterpoise.records.wording.sentences import sentence

CAUSES = {
    Cause.NO_SUPPORT: "without support",
    Cause.NO_TOTAL_SUPPORT: "without total support",
    Cause.DISCONNECTED: "in several components",
    Cause.DIVERGED: "diverged",
    Cause.LIMIT: "stopped at the limit",
}


def overall_reason(
    parts: Sequence[PartVerdict], kind: str = "chromosome", masked: tuple[f.Masked, ...] = ()
) -> str:
    """Render the reason over all parts.

    Parameters
    ----------
    parts : sequence of PartVerdict
        All parts of a map, with their reasons.
    kind : {"chromosome", "region"}, default "chromosome"
        What each of several parts is.
    masked : tuple of Masked
        Which filters of the mask removed bins with contacts of the map.

    Returns
    -------
    str
        For a single part its own reason. For several, how many are not balanced; for each cause,
        the parts, what to do about them, and why the first one is not balanced; and where
        bins were isolated or dropped.
    """
    if len(parts) == 1:
        return parts[0].reason
    filled = [part for part in parts if part.status is not Status.EMPTY]
    if not filled:
        return _describe_empty(parts, kind, masked)
    failed = [part for part in filled if not part.status.balanced]
    causes = list(dict.fromkeys(part.cause for part in failed))
    words = []
    if failed:
        verb = "is" if len(failed) == 1 else "are"
        labels = f" ({_list_parts(failed)})" if len(failed) > 1 and len(causes) == 1 else ""
        words.append(
            f"{len(failed)} of {len(filled)} {kind}s {verb} not balanced{labels}: "
            f"{_affected(failed, filled)}."
        )
    for cause in causes:
        group = [part for part in failed if part.cause is cause]
        if len(group) > 1 and len(causes) > 1:
            words.append(f"{len(group)} {CAUSES[cause]} ({_list_parts(group)}).")
        words.append(_explain(group))
    kept = sum(part.kept + part.unconnected + part.isolated + part.dropped for part in parts)
    good = [part for part in filled if part.status.balanced]
    words.append(_without(good, [part.isolated for part in good], kept, "isolated"))
    words.append(_without(good, [part.dropped for part in good], kept, "dropped"))
    return " ".join(filter(None, words))


def _describe_empty(parts: Sequence[PartVerdict], kind: str, masked: tuple[f.Masked, ...]) -> str:
    """Say that no part has anything to balance, and why."""
    facts = [fact for part in parts for fact in part.facts if isinstance(fact, f.Empty)]
    whole = join_empty(facts, masked)
    words = f"No {kind} has a bin left to balance."
    return words if whole.cause is None else f"{words} {sentence(whole)}"


def _explain(group: Sequence[PartVerdict]) -> str:
    """Say what to do about parts with the same cause, and why the first one is not balanced."""
    first = group[0]
    if len(group) == 1:
        return f"On {first.label}: {first.reason}"
    by_actions: dict[tuple[f.Remedy, ...], list[PartVerdict]] = {}
    for part in group:
        remedies = _remedies_of(part)
        by_actions.setdefault(remedies.actions if remedies else (), []).append(part)
    words = []
    for parts in by_actions.values():
        facts = [remedies for part in parts if (remedies := _remedies_of(part))]
        if facts:
            place = f"On {_list_parts(parts)}: " if len(by_actions) > 1 else ""
            words.append(place + describe_remedies(join_remedies(facts), len(parts)))
    known = _remedies_of(first)
    why = first.reason.removeprefix(sentence(known)).lstrip() if known else first.reason
    return " ".join([*words, f"On {first.label}: {why}"])


def _remedies_of(part: PartVerdict) -> f.Remedies | None:
    """Return what to do about a part, which its reason begins with; None for nothing."""
    return next((fact for fact in part.facts if isinstance(fact, f.Remedies)), None)


def _without(parts: Sequence[PartVerdict], numbers: Sequence[int], kept: int, verb: str) -> str:
    """Say how many of the map's kept bins were isolated or dropped, and where; empty for none."""
    shortened = [part for part, number in zip(parts, numbers, strict=True) if number]
    if not shortened:
        return ""
    was = "was" if sum(numbers) == 1 else "were"
    return (
        f"{sum(numbers):,} of {kept:,} kept bins (on {_list_parts(shortened)}) {was} {verb} so "
        "that the others could be balanced."
    )


def _affected(failed: Sequence[PartVerdict], filled: Sequence[PartVerdict]) -> str:
    """Say how much of the map some parts are: ``2 of 132 bins, 0.02 % of the contacts``."""
    bins, of = (sum(part.bins for part in group) for group in (failed, filled))
    contacts, total = (sum(part.raw_total for part in group) for group in (failed, filled))
    share = f", {percent(contacts / total)} of the contacts" if total else ""
    return f"{bins:,} of {pluralise(of, 'bin')}{share}"


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
        uneven_by(each.excess, digits=3)
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


def _list_parts(parts: Sequence[PartVerdict]) -> str:
    """Name the first few of some parts."""
    return list_labels([part.label for part in parts])


@sentence.register
def _concentrated(fact: f.Concentrated) -> str:
    verb = "has" if fact.few == 1 else "have"
    return (
        f"{fact.few:,} of {fact.of:,} bins with contacts {verb} {percent(fact.contacts)} of the "
        "contacts, as in capture Hi-C, where equal row sums have no meaning: balance only the "
        "captured regions (mask.regions), and single viewpoints not at all."
    )
