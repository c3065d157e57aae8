"""Settings of the filters on bins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral
from pathlib import Path
from typing import Any, Final, Literal

from counterpoise.contacts.contact_map import describe_type, plain_number
from counterpoise.errors import ConfigError
from counterpoise.records.numbers import require_number


@dataclass
class MaskSettings:
    """Filters on bins. A bin is masked by the first filter that it fails.

    Attributes
    ----------
    min_nnz : int, default 10
        Smallest number of bins that a bin must have contacts with.
    min_count : int, default 0
        Smallest number of contacts of a bin.
    max_count : int, default 0
        Largest number of contacts of a bin; 0 turns the filter off.
    mad_max : float, default 5.0
        Largest distance below the median of log contacts, in MADs; 0 turns the filter off.
        The contacts of each bin are divided by the median of its chromosome. A bin is masked if
        the quotient is below exp(m - mad_max * MAD), where m and MAD are the median and the MAD
        of the logarithms of the quotients over all bins that have contacts.
    mad_max_above : float, default 0.0
        Largest distance above the median of log contacts, in MADs; 0 turns the filter off.
        It masks bins whose quotient is above exp(m + mad_max_above * MAD), by the quotients of
        ``mad_max``.
    ignore_diags : int, default 2
        Number of diagonals that the filters do not count: pixels with bin2 - bin1 below this.
        Pixels between neighbouring chromosomes are among them, unless ``ignore_diags_trans`` is
        false.
    ignore_diags_trans : bool, default True
        Whether these diagonals include pixels between chromosomes, as in cooler.
    cis_only : bool, default False
        Count only contacts within chromosomes.
    blacklist : str or None, default None
        BED file, also packed with gzip; bins that overlap one of its intervals are masked.
    regions : str or None, default None
        BED file, also packed with gzip; bins that overlap none of its intervals are masked.
        For captured regions, or a view. The medians of ``mad_max`` and ``mad_max_above`` are those
        of the bins in regions; contacts with bins beyond them count in all filters.
    separate_regions : bool, default False
        Whether each region is balanced separately, by the contacts within it alone.
        All methods then need the scope cis. By default regions are balanced together.
    """

    min_nnz: int = 10
    min_count: int = 0
    max_count: int = field(default=0, kw_only=True)
    mad_max: float = 5.0
    mad_max_above: float = field(default=0.0, kw_only=True)
    ignore_diags: int = 2
    ignore_diags_trans: bool = field(default=True, kw_only=True)
    cis_only: bool = False
    blacklist: str | None = None
    regions: str | None = field(default=None, kw_only=True)
    separate_regions: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what is no number from zero up, finite and, for counts, whole."""
        for setting in fields(self):
            key, value = setting.name, plain_number(getattr(self, setting.name))
            setattr(self, key, value)
            if isinstance(setting.default, bool) or not isinstance(setting.default, int | float):
                continue
            if isinstance(setting.default, int) and not isinstance(value, Integral):
                raise ConfigError(f"mask.{key} is {value!r}; it must be a whole number.")
            require_number(f"mask.{key}", value)
            if not 0 <= value < math.inf:
                raise ConfigError(f"mask.{key} is {value}; it must be a number, zero or more.")
        if self.separate_regions and self.regions is None:
            raise ConfigError(
                "mask.separate_regions is true, but there are no regions; name a BED file as "
                "mask.regions."
            )


# Settings that name a BED file.
BED_FILES = ("blacklist", "regions")

# Stands for the defaults of ``MaskSettings``, which are the workflow's.
DEFAULT_MASK: Final = "default"
MaskOptions = MaskSettings | dict[str, Any] | None | Literal["default"]


def make_mask_settings(settings: MaskOptions) -> MaskSettings:
    """Return the settings of the filters.

    Parameters
    ----------
    settings : MaskSettings, dict, None or "default"
        The settings, or those that differ from the defaults, by name. None turns all filters off,
        so that empty bins alone are masked.

    Returns
    -------
    MaskSettings

    Raises
    ------
    ConfigError
        If there is no setting of a name, a value is out of range, or ``settings`` is of another
        type.
    """
    if settings is None:
        return MaskSettings(min_nnz=0, min_count=0, mad_max=0.0, ignore_diags=0)
    if isinstance(settings, str) and settings == DEFAULT_MASK:
        return MaskSettings()
    if isinstance(settings, MaskSettings):
        return settings
    if not isinstance(settings, dict):
        raise ConfigError(
            "filters are given as MaskSettings, as a dict such as {'min_nnz': 5}, or as None for "
            f"empty bins only; this is {describe_type(settings)}."
        )
    names = [setting.name for setting in fields(MaskSettings)]
    unknown = sorted(str(name) for name in settings if name not in names)
    if unknown:
        raise ConfigError(f"the mask has no setting {unknown[0]!r}; it has {', '.join(names)}.")
    return MaskSettings(**settings)


def describe_filters(summary: Mapping[str, Any]) -> str:
    """Name the filters of a mask in a few words.

    Parameters
    ----------
    summary : mapping
        The mask's summary; empty for bins that were given as an array.

    Returns
    -------
    str
        Such as ``cooler's filters (min_nnz 10, mad_max 5)`` or ``empty bins only``.

    Examples
    --------
    >>> from dataclasses import asdict
    >>> describe_filters({"settings": asdict(MaskSettings())})
    "cooler's filters (min_nnz 10, mad_max 5)"
    >>> describe_filters({"settings": asdict(make_mask_settings(None))})
    'empty bins only'
    """
    if "settings" not in summary:
        return "given bins"
    settings = summary["settings"]

    def state(*names: str) -> list[str]:
        return [f"{name} {value:g}" for name in names if (value := settings.get(name))]

    limits = state("min_nnz", "min_count", "mad_max")
    if limits and settings.get("cis_only"):
        limits.append("cis only")
    filters = [f"cooler's filters ({', '.join(limits)})"] if limits else []
    filters += state("max_count", "mad_max_above")
    filters += [f"{key} {Path(settings[key]).name}" for key in BED_FILES if settings.get(key)]
    if separates_regions(summary):
        filters[-1] += ", each region separately"
    if quorum := summary.get("shared"):
        filters.append(f"bins that {quorum['required']:,} of {quorum['samples']:,} samples keep")
    return " and ".join(filters) or "empty bins only"


def separates_regions(summary: Mapping[str, Any]) -> bool:
    """Return whether a mask has regions that are balanced separately.

    Parameters
    ----------
    summary : mapping
        Summary of the mask, as a verdict has it; empty for a given mask.
    """
    return bool(summary.get("settings", {}).get("separate_regions"))
