"""Balancing methods, one file each; every module of this folder is searched for them.

``anderson``, ``base``, ``fixed_point``, ``recorder`` and ``kernel/`` are what methods share; every
other module is a method, or a family such as ``vc``.

To add a method, write one module here. It holds

1. a settings dataclass derived from ``MethodSettings``, or from ``EqualSumsSettings`` if the
   method makes all row sums equal, with a default and a line of documentation for each setting;
2. a function ``solve(problem, settings)`` with a numpydoc docstring, which balances one part and
   returns a ``Solution``;
3. ``METHODS = (Method("name", Settings, solve, summary="what it does, in one phrase"),)``.

A module may register several methods; see ``vc.py``, the simplest example. ``base.py`` documents
the contract. ``counterpoise.balance``, the configuration (``/method@methods.NAME: name``) and the
whole workflow know the method at once. ``make accept`` then writes its file in ``conf/method/``,
its section in ``docs/reference/settings.md``, its row in the README and its expected results in
``tests/revisions.json``; commit these too. ``tests/methods/test_conformance.py`` tests every method
in this folder. A method that stays also has a page, ``docs/how-it-works/methods/NAME.md``, with the
sections of ``vc.md`` there; ``tests/repository/test_method_pages.py`` tests it.

When the results of a method change for the same map and settings, raise its revision by one,
``Method("name", Settings, solve, "summary", revision=2)``: its jobs then run again, and no others.

A method may use only what numpy arrays and torch tensors have in common, reached through
``problem.operator.xp``. Then it runs on every backend and its vectors stay on the operator's
device; only the scalars of its stopping criterion leave it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from enum import EnumType, StrEnum
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from counterpoise.contacts.selection import Scope
from counterpoise.errors import ConfigError
from counterpoise.methods.base import Method


@cache
def methods() -> dict[str, Method]:
    """Return every method of this folder by its name, sorted.

    Returns
    -------
    dict of str to Method
        The entries of ``METHODS`` in all modules.

    Raises
    ------
    TypeError
        ``METHODS`` of a module is not a table of methods.
    ValueError
        If two methods have the same name.
    """
    registry: dict[str, Method] = {}
    for found in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{found.name}")
        for method in read_table(module):
            if method.name in registry:
                raise ValueError(
                    f"{module.__file__}: a method {method.name!r} is registered already; rename one"
                )
            registry[method.name] = method
    return dict(sorted(registry.items()))


def read_table(module: ModuleType) -> Sequence[Method]:
    """Return the methods that a module registers.

    Parameters
    ----------
    module : module
        A module of this folder.

    Returns
    -------
    sequence of Method
        Its ``METHODS``; empty if it has none.

    Raises
    ------
    TypeError
        ``METHODS`` is not a table of methods.
    """
    entries = getattr(module, "METHODS", ())
    if not isinstance(entries, tuple | list):
        raise TypeError(
            f"{module.__file__}: METHODS is a {type(entries).__name__}; write METHODS = "
            "(Method(...),), with a comma after each method"
        )
    for number, entry in enumerate(entries):
        if not isinstance(entry, Method):
            raise TypeError(
                f"{module.__file__}: METHODS[{number}] is a {type(entry).__name__}, not a Method; "
                "write METHODS = (Method(...), Method(...)), with a comma after each method and no "
                "other brackets"
            )
    return entries


class _MethodNames(EnumType):
    """Tells type checkers that the members are known only at run time."""

    if TYPE_CHECKING:

        def __getattr__(cls, name: str) -> Balancing: ...


class Balancing(StrEnum, metaclass=_MethodNames):
    """Names of all methods, upper case: ``Balancing.KR == "kr"``."""

    vars().update({name.upper(): name for name in methods()})


def check_follows_copy_number(name: str) -> None:
    """Refuse a method that cannot make row sums proportional to copy numbers.

    Parameters
    ----------
    name : str
        Name of a method.

    Raises
    ------
    ConfigError
        Names the methods that can.
    """
    if not methods()[name].follows_copy_number:
        able = [other for other, method in methods().items() if method.follows_copy_number]
        raise ConfigError(
            f"{name} cannot make row sums follow copy numbers. Use {', '.join(able[:-1])} or "
            f"{able[-1]}, or leave copy_number out."
        )


def check_separate_regions(name: str, scope: str, has_prior: bool) -> None:
    """Refuse to balance regions separately by a method for which this has no meaning.

    Parameters
    ----------
    name : str
        Name of the method.
    scope : str
        Its scope.
    has_prior : bool
        Whether it has a prior.

    Raises
    ------
    ConfigError
        If the scope is not ``cis``, or there is a prior.
    """
    if scope != Scope.CIS:
        raise ConfigError(
            f"{name} has the scope {scope}, and mask.separate_regions balances each region by the "
            "contacts within it; set scope to cis, or separate_regions to false."
        )
    if has_prior:
        raise ConfigError(
            f"{name} has a prior, whose scale is that of whole chromosomes; leave out the prior, "
            "or set mask.separate_regions to false."
        )
