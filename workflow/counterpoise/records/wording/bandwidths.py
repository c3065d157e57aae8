"""Standard errors, and the bandwidth of kernel methods."""

from __future__ import annotations

from counterpoise.contacts.bins import format_length
from counterpoise.records import facts as f
from counterpoise.records.wording.phrases import uneven_by
from counterpoise.records.wording.sentences import sentence

SEARCH_NOTES = {
    f.SearchNote.WIDER_REJECTED: "Every wider one was rejected.",
    f.SearchNote.NO_SMOOTHING: "No smoothing is best, as on maps with many contacts.",
    f.SearchNote.WIDEST: "It is the widest that was tried, so the bias may be smoother still.",
    f.SearchNote.NARROWER_REJECTED: (
        "Every narrower one was rejected, so a deeper map might choose one of those."
    ),
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
WEIGHTS_SPAN = "the weights span a factor of more than a thousand"


def not_converged_after(iterations: int) -> str:
    """Say that a candidate of a bandwidth search reached the limit of iterations.

    Parameters
    ----------
    iterations : int
        The limit.
    """
    return f"not converged after {iterations} iterations"


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
    return uneven_by(score)


def _held_out_score(score: float, error: float) -> str:
    return f"{score:.3g} \u00b1 {error:.1g}"


def _bandwidth(base_pairs: float) -> str:
    """Return a bandwidth as people write it, ``250 kb``."""
    return format_length(base_pairs) if base_pairs else "0 (SSK)"
