"""Every sentence about a balancing run, rendered from facts.

The reason of a part says what to do first, if anything helps, then why. Numbers, bins and limits
come from the facts (``counterpoise.records.facts``); no other package words them. A fact is worded
in the module that has the name of its own.

============== ========================================================================
``phrases``    phrases, lists and numbers, as all sentences write them
``sentences``  a fact as a sentence, and facts as a reason
``failures``   parts that are not balanced, and what to do about them
``bins``       bins without weights, and why they have none
``bandwidths`` standard errors, and the bandwidth of kernel methods
``fitness``    whether weights are fit for use, and why not
``runs``       what a run as a whole says: its parts, and what it took from elsewhere
``choices``    how a method was chosen on a map
``terms``      what the terms of reasons mean
============== ========================================================================
"""

import counterpoise.records.wording.bins  # noqa: F401 - exports nothing, registers its sentences
from counterpoise.records.wording.bandwidths import (
    FEW_CONTACTS_IN_REACH,
    NO_CONTACT_IN_REACH,
    NO_CONTACTS,
    NOTHING_TO_SMOOTH,
    SEARCH_NOTES,
    UNEVENNESS,
    WEIGHTS_DIVERGED,
    WEIGHTS_SPAN,
    not_converged_after,
)
from counterpoise.records.wording.choices import (
    UNKNOWN_WORTH,
    choice_reason,
    fails_parts,
    lacks_weights,
)
from counterpoise.records.wording.failures import REMEDIES, UNITS
from counterpoise.records.wording.fitness import FITNESS_LABELS, fitness_label, fitness_reason
from counterpoise.records.wording.phrases import (
    join_phrases,
    limit_percent,
    list_names,
    measured_or_bound,
    percent,
)
from counterpoise.records.wording.runs import (
    CAUSES,
    applied_reason,
    copy_number_reason,
    overall_reason,
    prior_reason,
)
from counterpoise.records.wording.sentences import part_reason, sentence
from counterpoise.records.wording.terms import TERMS, explain_terms

__all__ = [
    "CAUSES",
    "FEW_CONTACTS_IN_REACH",
    "FITNESS_LABELS",
    "NOTHING_TO_SMOOTH",
    "NO_CONTACTS",
    "NO_CONTACT_IN_REACH",
    "REMEDIES",
    "SEARCH_NOTES",
    "TERMS",
    "UNEVENNESS",
    "UNITS",
    "UNKNOWN_WORTH",
    "WEIGHTS_DIVERGED",
    "WEIGHTS_SPAN",
    "applied_reason",
    "choice_reason",
    "copy_number_reason",
    "explain_terms",
    "fails_parts",
    "fitness_label",
    "fitness_reason",
    "join_phrases",
    "lacks_weights",
    "limit_percent",
    "list_names",
    "measured_or_bound",
    "not_converged_after",
    "overall_reason",
    "part_reason",
    "percent",
    "prior_reason",
    "sentence",
]
