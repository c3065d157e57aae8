"""Balancing methods: one file each, found by itself.

To add one, write a module in this folder with a settings dataclass derived from
``MethodSettings`` (``EqualSumsSettings`` where it makes row sums equal), a ``solve`` function and
``METHODS = (Method("name", Settings, solve),)``. The workflow, the configuration schema and
``counterpoise.balance`` then know it.

When a method's results change for the same map and settings, raise its revision by one,
``Method("name", Settings, solve, revision=2)``: its jobs then run again, and no others. See
``counterpoise.cohort.revisions`` for what all methods share.

Methods compute with what numpy arrays and torch tensors share, so each runs on either, wholly on
the device of the operator's vectors: only the few numbers that decide when to stop leave it.
"""

from __future__ import annotations

import pkgutil
from enum import StrEnum
from functools import cache
from importlib import import_module

from counterpoise.methods.base import Method


@cache
def methods() -> dict[str, Method]:
    """Every method in this folder, by name."""
    found: dict[str, Method] = {}
    for module in pkgutil.iter_modules(__path__):
        for method in getattr(import_module(f"{__name__}.{module.name}"), "METHODS", ()):
            found[method.name] = method
    return found


class Balancing(StrEnum):
    """Names of methods, as the tutorial's enum has them."""

    ICE = "ice"
    KDE = "kde"
    KDE_EB = "kde_eb"
    KR = "kr"
    SCALE = "scale"
    SSK = "ssk"
    SSK_CV = "ssk_cv"
    VC = "vc"
    VC_SQRT = "vc_sqrt"
