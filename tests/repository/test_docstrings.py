"""Docstrings of public functions and classes are complete numpydoc."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pkgutil import walk_packages
from types import FunctionType
from typing import Any, Protocol

import pytest
from numpydoc.docscrape import NumpyDocString

import counterpoise

# Compiled, or importable only with a GPU's compiler.
NOT_IMPORTED = {"counterpoise.native._native", "counterpoise.backends.torch.triton"}
MODULES = sorted(
    module.name
    for module in walk_packages(counterpoise.__path__, "counterpoise.")
    if module.name not in NOT_IMPORTED
)


def public_objects(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield the public functions and classes defined in a module, and the methods of classes."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, FunctionType):
            yield name, value
        elif inspect.isclass(value):
            yield name, value
            for attribute, member in vars(value).items():
                member = getattr(member, "__func__", member)  # of a class method
                if attribute == getattr(member, "__name__", "") and not attribute.startswith("_"):
                    yield f"{name}.{attribute}", getattr(value, attribute)


def parameters(value: Any) -> list[str]:
    """Return the names that the docstring of a function or class has to explain."""
    if is_dataclass(value):
        inherited = {
            field.name for base in value.__bases__ if is_dataclass(base) for field in fields(base)
        }
        return [
            field.name
            for field in fields(value)
            if field.name not in inherited and not field.name.startswith("_")
        ]
    if inspect.isclass(value):
        if issubclass(value, Enum) or Protocol in value.__mro__ or "__init__" not in vars(value):
            return []
        value = value.__init__
    value = getattr(value, "__func__", value)  # of a class method
    names = inspect.signature(value).parameters
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def faults(name: str, value: Any) -> list[str]:
    """Return what is wrong with one docstring, a sentence for each fault."""
    text = vars(value).get("__doc__") if inspect.isclass(value) else inspect.getdoc(value)
    if not text or (is_dataclass(value) and text.startswith(f"{value.__name__}(")):
        return [f"{name} has no docstring"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            parsed = NumpyDocString(inspect.cleandoc(text))
        except (UserWarning, ValueError) as error:
            return [f"{name}: {str(error).splitlines()[0]}"]
    if not parsed["Summary"]:
        return [f"{name} has no summary"]
    documented = {
        single.strip().lstrip("*"): entry.type
        for section in ("Parameters", "Other Parameters", "Attributes")
        for entry in parsed[section]
        for single in entry.name.split(",")
    }
    method = "." in name
    # A method whose summary says everything needs no sections.
    required = parameters(value) if documented or not method else []
    missing = [f"{name} does not document {item}" for item in required if item not in documented]
    untyped = [f"{name} gives no type for {item}" for item, kind in documented.items() if not kind]
    return missing + untyped


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_are_complete(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    problems = [fault for item in public_objects(module) for fault in faults(*item)]
    assert not problems, "\n".join(problems)
