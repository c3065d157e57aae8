"""The terms of reasons, explained for someone who reads one for the first time."""

from __future__ import annotations

import re
from collections.abc import Iterable

# In the order in which a glossary lists them. A term stands for its plural, too.
TERMS = {
    "masked": "left out before balancing by a filter on bins; it has no weight",
    "isolated": "left out by on_failure: isolate, so that all others can be balanced exactly; it "
    "has no weight",
    "dropped": "left out by the method or by on_failure: drop, since the others could not be "
    "balanced with it; it has no weight",
    "isolate_limit": "the largest share of the bins that may be isolated",
    "row sum": "the contacts of one bin with all bins, each contact multiplied by its weights; "
    "most methods make them equal",
    "no support": "some bins have contacts with fewer bins than they are, so whatever their "
    "weights, not all row sums can be equal",
    "total support": "every entry of the map can stay when row sums are made equal; without it, "
    "some would have to shrink to zero",
    "component": "bins that are linked by contacts, and have none with the others",
    "standard error": "how far chance alone moves a weight: what sequencing the same library again "
    "would change it by",
    "kde_eb": "kernel density balancing, a method for sparse maps: bins with few contacts take the "
    "bias of their neighbours",
    "bandwidth": "the distance over which a kernel method takes bins for neighbours",
}
PATTERNS = {term: re.compile(rf"\b{term}s?\b", re.IGNORECASE) for term in TERMS}


def explain_terms(texts: Iterable[str]) -> dict[str, str]:
    """Explain the terms that occur in some reasons.

    Parameters
    ----------
    texts : iterable of str
        The reasons.

    Returns
    -------
    dict of str to str
        Explanations by term.
    """
    reasons = list(texts)
    return {
        term: meaning
        for term, meaning in TERMS.items()
        if any(PATTERNS[term].search(reason) for reason in reasons)
    }
