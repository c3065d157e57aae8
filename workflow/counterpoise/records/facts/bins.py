"""Bins without weights, and why they have none."""

from __future__ import annotations

from counterpoise.records.facts.base import Fact

# What ``Masked.setting`` holds for bins whose contacts no filter counts.
UNCOUNTED = "empty"


class Masked(Fact, code="masked"):
    """A filter of the mask removed bins with contacts.

    Attributes
    ----------
    setting : str
        Name of the filter's setting, such as ``min_nnz``; ``shared`` for the mask of a group, and
        ``empty`` for bins whose contacts the filters do not count.
    number : int
        Number of these bins.
    limit : float or None
        The value of the setting, for ``empty`` that of ``ignore_diags``; None for files, for a
        shared mask, and where the filters also count within chromosomes only.
    """

    setting: str
    number: int
    limit: float | None


class FewPartners(Fact, code="few_partners"):
    """SCALE dropped bins because they have contacts with too few others.

    Attributes
    ----------
    number : int
        Number of bins dropped for it.
    fewer_than : int
        Each has contacts with fewer bins than this.
    """

    number: int
    fewer_than: int


class Unsettled(Fact, code="unsettled"):
    """SCALE dropped bins because their weights kept changing.

    Attributes
    ----------
    number : int
        Number of bins dropped for it.
    """

    number: int


class OutOfReach(Fact, code="out_of_reach"):
    """A kernel method dropped bins because no contact is within reach of the kernel.

    Attributes
    ----------
    number : int
        Number of bins dropped for it.
    """

    number: int


class BinsDropped(Fact, code="bins_dropped"):
    """The method dropped bins.

    Attributes
    ----------
    dropped, of : int
        Their number, and the number of bins before.
    bins : tuple of str
        The first of them by name.
    because : tuple of Fact
        Why the method dropped them.
    balanced : bool
        Whether the others could then be balanced.
    """

    dropped: int
    of: int
    bins: tuple[str, ...]
    because: tuple[Fact, ...]
    balanced: bool


class SparsestDropped(Fact, code="sparsest_dropped"):
    """``on_failure: drop`` dropped the sparsest bins, and the others could be balanced.

    Attributes
    ----------
    dropped, of : int
        Their number, and the number of bins before.
    bins : tuple of str
        The first of them by name.
    percentile : int
        Bins with row sums up to this percentile were dropped.
    before : tuple of Fact
        Why the part could not be balanced with them.
    """

    dropped: int
    of: int
    bins: tuple[str, ...]
    percentile: int
    before: tuple[Fact, ...]


class DroppingFailed(Fact, code="dropping_failed"):
    """``on_failure: drop`` found no percentile at which the part could be balanced.

    Attributes
    ----------
    percentile : int
        The largest percentile of row sums that was tried; 0 if none was.
    none_left : bool
        Whether dropping more would have left no bin.
    """

    percentile: int
    none_left: bool


class BinsIsolated(Fact, code="bins_isolated"):
    """``on_failure: isolate`` set bins aside, and the others have an exact balancing.

    Attributes
    ----------
    isolated, of : int
        Their number, and the number of bins before.
    bins : tuple of str
        All of them by name, in the order of the map.
    contacts : float
        Share of the part's contacts that is lost with them.
    before : tuple of Fact
        Why the part could not be balanced with them.
    """

    isolated: int
    of: int
    bins: tuple[str, ...]
    contacts: float
    before: tuple[Fact, ...]


class IsolationRefused(Fact, code="isolation_refused"):
    """``on_failure: isolate`` would have had to set too many bins aside.

    Attributes
    ----------
    needed, of : int
        Bins that would have to go, and the number of bins.
    at_least : bool
        Whether ``needed`` is a lower bound.
    limit : float
        Largest share of the bins that may go.
    """

    needed: int
    of: int
    at_least: bool
    limit: float


class Unconnected(Fact, code="unconnected"):
    """Kept bins have contacts, but none that the method uses.

    Attributes
    ----------
    number : int
        Number of these bins.
    """

    number: int


class NotWritten(Fact, code="not_written"):
    """The weights reached are not written although ``on_failure`` is ``keep``.

    Attributes
    ----------
    limit : float or None
        The weights span more than this factor; None if they or their row sums are not finite.
    """

    limit: float | None
