"""The facts that a reason consists of, as data.

``verdict.json`` lists them for every part, so that a program can filter by fact instead of
parsing sentences. ``counterpoise.records.wording`` renders each fact as a sentence, in the module
of the same name.

============== ========================================================================
``base``       a fact: its code, its values and their JSON types
``failures``   why nothing was balanced, or not to the end, and what to do about it
``bins``       bins without weights, and why they have none
``bandwidths`` standard errors, and the bandwidth of kernel methods
``fitness``    why weights are not fit for use
``runs``       the map as a whole
============== ========================================================================
"""

from counterpoise.records.facts.bandwidths import (
    BandwidthChosen,
    FewerResampled,
    ScoredBandwidth,
    SearchNote,
)
from counterpoise.records.facts.base import NAMED_BINS, Fact, first_names
from counterpoise.records.facts.bins import (
    UNCOUNTED,
    BinsDropped,
    BinsIsolated,
    DroppingFailed,
    FewPartners,
    IsolationRefused,
    Masked,
    NotWritten,
    OutOfReach,
    SparsestDropped,
    Unconnected,
    Unsettled,
)
from counterpoise.records.facts.failures import (
    Balanceable,
    CloseEnough,
    DeviationLeft,
    Disconnected,
    Diverged,
    DominantChromosome,
    Empty,
    EmptyCause,
    ExistenceUnknown,
    LargerBins,
    LargeSpan,
    LimitReached,
    Measure,
    NoSupport,
    NotExamined,
    NoTotalSupport,
    Remedies,
    Remedy,
    SettledUnequal,
    Stalled,
    Unit,
    WouldNotSettle,
)
from counterpoise.records.facts.fitness import (
    ErrorsUnknown,
    FewWeights,
    LargeErrors,
    NotEqualised,
    PartsUnfit,
    Shallow,
    UnevenContacts,
    UnevenRowSums,
    UnknownErrors,
)
from counterpoise.records.facts.runs import Concentrated

__all__ = [
    "NAMED_BINS",
    "UNCOUNTED",
    "Balanceable",
    "BandwidthChosen",
    "BinsDropped",
    "BinsIsolated",
    "CloseEnough",
    "Concentrated",
    "DeviationLeft",
    "Disconnected",
    "Diverged",
    "DominantChromosome",
    "DroppingFailed",
    "Empty",
    "EmptyCause",
    "ErrorsUnknown",
    "ExistenceUnknown",
    "Fact",
    "FewPartners",
    "FewWeights",
    "FewerResampled",
    "IsolationRefused",
    "LargeErrors",
    "LargeSpan",
    "LargerBins",
    "LimitReached",
    "Masked",
    "Measure",
    "NoSupport",
    "NoTotalSupport",
    "NotEqualised",
    "NotExamined",
    "NotWritten",
    "OutOfReach",
    "PartsUnfit",
    "Remedies",
    "Remedy",
    "ScoredBandwidth",
    "SearchNote",
    "SettledUnequal",
    "Shallow",
    "SparsestDropped",
    "Stalled",
    "Unconnected",
    "UnevenContacts",
    "UnevenRowSums",
    "Unit",
    "UnknownErrors",
    "Unsettled",
    "WouldNotSettle",
    "first_names",
]
