"""Filters on bins: cooler's filters in cooler's order, and filters that cooler does not have.

============ ==============================================================
``settings`` the settings of the filters
``outcome``  the mask: a reason for each bin
``counting`` the contacts of each bin, as the filters count them
``filters``  the filters, and ``mask_bins``, which applies them to a map
``sharing``  one mask for the samples of a group
``quorum``   how many samples of a group must keep a bin
============ ==============================================================

To add a filter, append its setting to ``MaskSettings``, write a function that finds the bins that
fail, and add a row to ``FILTERS`` and a member to ``Reason``, both in the place where the filter
acts. The configuration and its documentation, stored masks and the report's table of masks follow
from these. Edit by hand:

- the order of the filters in the docstring of ``mask_bins``;
- the reasons and thresholds in ``docs/reference/outputs.md``;
- the choice ``mask=none`` in ``cohort/conf_files.py``, if the filter is on by default;
- the attributes of weight columns in ``store/weight_columns.py``, if cooler has the filter too.

A filter may read the source's own columns, such as GC, in ``measured.bins.extra``. They are absent
from ``.hic`` files and from levels that were summed from smaller bins.

Follows ``cooler.balance_cooler`` 0.11 (``min_nnz``, ``min_count``, ``mad_max``, ``blacklist``).
"""

from counterpoise.mask.counting import bins_with_contacts, sum_contacts
from counterpoise.mask.filters import FILTERS, mask_bins
from counterpoise.mask.outcome import Mask, Reason, describe_notes
from counterpoise.mask.settings import (
    BED_FILES,
    DEFAULT_MASK,
    MaskOptions,
    MaskSettings,
    describe_filters,
    make_mask_settings,
    separates_regions,
)

__all__ = [
    "BED_FILES",
    "DEFAULT_MASK",
    "FILTERS",
    "Mask",
    "MaskOptions",
    "MaskSettings",
    "Reason",
    "bins_with_contacts",
    "describe_filters",
    "describe_notes",
    "make_mask_settings",
    "mask_bins",
    "separates_regions",
    "sum_contacts",
]
