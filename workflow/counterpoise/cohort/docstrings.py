"""Read what the docstrings of settings say: the source of comments in ``conf/`` and of the docs."""

from __future__ import annotations

import re
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field, fields, is_dataclass
from inspect import cleandoc
from typing import Any

from omegaconf import MISSING


def meaning(kind: type, name: str) -> list[str]:
    """Return what the docstrings of a class and its bases say of a setting.

    Parameters
    ----------
    kind : type
        A settings dataclass.
    name : str
        Name of the setting.

    Returns
    -------
    list of str
        Paragraphs and list items (which begin with ``- ``), each on one line; those of the bases
        come first.

    Raises
    ------
    ValueError
        They say nothing of it; names what to write.
    """
    entries = (own_meanings(base).get(name, []) for base in reversed(kind.__mro__))
    blocks = [block for entry in entries for block in entry if block]
    if not blocks:
        raise ValueError(
            f"{kind.__module__}: the docstring of {kind.__name__} does not describe the setting "
            f"{name!r}; add to its section Attributes a line '{name} : type, default VALUE' and, "
            "indented below it, what the setting does"
        )
    return blocks


def own_meanings(kind: type) -> dict[str, list[str]]:
    """Read the ``Attributes`` section of a class itself.

    Parameters
    ----------
    kind : type
        A class with a numpydoc docstring; its bases are not read.

    Returns
    -------
    dict of str to list of str
        By name, as ``meaning`` returns them.
    """
    entries = _entries(kind.__dict__.get("__doc__") or "")
    return {name: _blocks(text) for names, text in entries for name in names.split(", ")}


def first_sentence(blocks: list[str]) -> str:
    """Return the first sentence of a text, without reStructuredText markup.

    Parameters
    ----------
    blocks : list of str
        Paragraphs and list items, as ``meaning`` returns them.

    Returns
    -------
    str
        The sentence, with ``null`` for None, as YAML spells it.
    """
    sentence = re.split(r"(?<=\.)\s+(?=[A-Z`])", blocks[0])[0]
    return re.sub(r"\bNone\b", "null", sentence.replace("``", ""))


def default_of(item: Field[Any]) -> Any:
    """Return the default of a dataclass field; ``omegaconf.MISSING`` if it has none.

    Parameters
    ----------
    item : dataclasses.Field
        Field of a settings dataclass.

    Returns
    -------
    object
        The default, or what the default factory makes.
    """
    if item.default is not NO_DEFAULT:
        return item.default
    return MISSING if item.default_factory is NO_DEFAULT else item.default_factory()


def leaves(kind: type) -> list[Field[Any]]:
    """Return the fields of a settings dataclass that are no section of their own.

    Parameters
    ----------
    kind : type
        A settings dataclass.

    Returns
    -------
    list of dataclasses.Field
        The fields in the order of their definition.
    """
    return [item for item in fields(kind) if not is_dataclass(default_of(item))]


def _entries(doc: str) -> list[tuple[str, str]]:
    """Split the ``Attributes`` section into names and indented text."""
    section = re.search(r"^Attributes\n-+\n(.*?)(?=^\S.*\n-{3,}$|\Z)", cleandoc(doc), re.M | re.S)
    if section is None:
        return []
    parts = re.split(r"^(\S.*?) : .*\n", section[1], flags=re.M)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _blocks(text: str) -> list[str]:
    """Split an entry's text into paragraphs and list items, each on one line."""
    blocks = re.split(r"\n\s*\n|\n(?=\s*- )", text.strip())
    return [_one_line(block) for block in blocks]


def _one_line(text: str) -> str:
    """Replace line breaks and indentation by single spaces."""
    return " ".join(text.split())
