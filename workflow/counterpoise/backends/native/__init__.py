"""The native backend: compiled C (``counterpoise.native``) on the CPU, the default.

============== =================================================================================
``operator``   the product ``y = A x``, on several threads
``packed_map`` a map in the packed format (``native/packed.h``), and the product with it
``packing``    packs a selection of contacts into slabs, in memory or in a scratch file
============== =================================================================================
"""

from __future__ import annotations

from counterpoise.backends.base import BackendSpec, Operator
from counterpoise.contacts.contact_map import ContactMap
from counterpoise.contacts.selection import Selection


def _make_operator(
    contacts: ContactMap, selection: Selection, threads: int | None, device: str | None
) -> Operator:
    """Make the operator, a ``NativeOperator``."""
    from counterpoise.backends.native.operator import NativeOperator

    return NativeOperator(contacts, selection, threads)


BACKENDS = (
    BackendSpec(
        "native",
        "compiled C on the CPU, even if there is a GPU",
        _make_operator,
        streams=True,
        auto_rank=0,
    ),
)
