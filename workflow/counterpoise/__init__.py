"""Counterpoise balances Hi-C contact maps: every method, with a recorded verdict.

The names below load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from counterpoise._version import __version__

if TYPE_CHECKING:
    from counterpoise.backends import Backend
    from counterpoise.balancing.matrices import (
        ice_normalize,
        kde_normalize,
        kr_normalize,
        vc_normalize,
        vc_sqrt_normalize,
    )
    from counterpoise.balancing.prior import PoolSums, Prior
    from counterpoise.contacts.contact_map import Contacts
    from counterpoise.ingest.read import read_contacts
    from counterpoise.interface.functions import balance, mask_bins
    from counterpoise.interface.result import Balance
    from counterpoise.mask import Mask
    from counterpoise.methods import Balancing
    from counterpoise.records.verdict import Status, Verdict

_HOME = {
    "Backend": "backends",
    "Balance": "interface.result",
    "Balancing": "methods",
    "Contacts": "contacts.contact_map",
    "Mask": "mask",
    "PoolSums": "balancing.prior",
    "Prior": "balancing.prior",
    "Status": "records.verdict",
    "Verdict": "records.verdict",
    "balance": "interface.functions",
    "ice_normalize": "balancing.matrices",
    "kde_normalize": "balancing.matrices",
    "kr_normalize": "balancing.matrices",
    "mask_bins": "interface.functions",
    "read_contacts": "ingest.read",
    "vc_normalize": "balancing.matrices",
    "vc_sqrt_normalize": "balancing.matrices",
}

__all__ = [
    "Backend",
    "Balance",
    "Balancing",
    "Contacts",
    "Mask",
    "PoolSums",
    "Prior",
    "Status",
    "Verdict",
    "__version__",
    "balance",
    "ice_normalize",
    "kde_normalize",
    "kr_normalize",
    "mask_bins",
    "read_contacts",
    "vc_normalize",
    "vc_sqrt_normalize",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"counterpoise.{_HOME[name]}"), name)
    raise AttributeError(f"module 'counterpoise' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
