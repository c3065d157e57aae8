"""Why weights are not fit for use."""

from __future__ import annotations

from enum import StrEnum

from counterpoise.records.facts.base import Fact
from counterpoise.records.facts.bins import Masked


class FewWeights(Fact, code="few_weights"):
    """Few of the bins with contacts have a weight.

    Attributes
    ----------
    weighted, of : int
        Bins with a weight, and bins with contacts, masked ones included.
    limit : float
        Share below which this counts.
    masked : tuple of Masked
        Which filters of the mask removed bins with contacts; empty for one of several parts.
    """

    weighted: int
    of: int
    limit: float
    masked: tuple[Masked, ...] = ()


class UnknownErrors(StrEnum):
    """Why the noise of weights is unknown."""

    NO_ERRORS = "no_errors"
    NOT_COUNTS = "not_counts"


class ErrorsUnknown(Fact, code="errors_unknown"):
    """There are weights whose noise is unknown.

    Attributes
    ----------
    because : UnknownErrors
        Why.
    """

    because: UnknownErrors


class LargeErrors(Fact, code="large_errors"):
    """The weights are uncertain.

    Attributes
    ----------
    median_se : float
        Median relative standard error of the weights.
    limit : float
        Error above which this counts.
    """

    median_se: float
    limit: float


class UnevenRowSums(Fact, code="uneven_row_sums"):
    """Balanced row sums are not equal.

    Attributes
    ----------
    cv : float
        RMS deviation from the target, relative to it.
    limit : float
        Deviation above which this counts.
    """

    cv: float
    limit: float


class UnevenContacts(Fact, code="uneven_contacts"):
    """New contacts, balanced with the weights, would be uneven, or may be.

    Attributes
    ----------
    excess, error : float
        The expected excess and its standard error.
    limit : float
        Unevenness above which this counts, a fraction.
    has_prior : bool
        Whether a prior was used.
    """

    excess: float
    error: float
    limit: float
    has_prior: bool = False


class NotEqualised(Fact, code="not_equalised"):
    """A method that does not make row sums equal leaves them far from it.

    Attributes
    ----------
    method : str
        Its name.
    unevenness : float
        Expected unevenness of new contacts, a fraction.
    limit : float
        Unevenness above which this counts.
    """

    method: str
    unevenness: float
    limit: float


class PartsUnfit(Fact, code="parts_unfit"):
    """The weights of some chromosomes, or of some separate regions, are not usable.

    Attributes
    ----------
    labels : tuple of str
        The chromosomes or regions.
    of : int
        Number of those with contacts.
    contacts : float
        Share of the contacts that the method used which lies on them.
    limit : float
        Share above which this counts.
    regions : bool
        Whether they are regions that are balanced separately.
    """

    labels: tuple[str, ...]
    of: int
    contacts: float
    limit: float
    regions: bool = False


class Shallow(Fact, code="shallow"):
    """The map has far fewer contacts than others of the cohort.

    Attributes
    ----------
    contacts, median : float
        Contacts of the map, and the median of the maps that it is compared with.
    samples : int
        Number of these maps, this one included; 1 for the only other map of the cohort.
    group : str
        The group that they are; empty for the whole cohort.
    limit : float
        Share of the median below which this counts.
    """

    contacts: float
    median: float
    samples: int
    group: str
    limit: float
