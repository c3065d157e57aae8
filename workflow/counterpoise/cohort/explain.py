"""Errors of Hydra and OmegaConf in words: the file, the key, what is wrong and what to write.

Their own texts name classes of Python. A value of a wrong type becomes ``mask.min_nnz is 'five'; it
must be a whole number.``
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    ConfigTypeError,
    InterpolationResolutionError,
    InterpolationValidationError,
    KeyValidationError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from counterpoise.cohort.settings import CohortSettings
from counterpoise.cohort.spelling import show_path, suggest
from counterpoise.methods import methods

# What a value must be, by its type in the settings; sections are in ``_describe_kind``.
SECTION = "keys with values"
KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    NoneType: "null",
}


@dataclass(frozen=True)
class WrongValue:
    """A value of a wrong type.

    Attributes
    ----------
    key : str
        Its key with dots.
    value : object
        The value, as YAML or OmegaConf has it.
    kind : type
        Its type in the settings.
    reference : str
        The reference that gives the value, such as ``${primary}``; empty if there is none.

    Examples
    --------
    >>> print(WrongValue("mask.min_nnz", "five", int))
    mask.min_nnz is 'five'; it must be a whole number.
    """

    key: str
    value: Any
    kind: Any
    reference: str = ""

    def __str__(self) -> str:
        """Say what the value is and what it must be."""
        value = f"{self.reference}, {_show(self.value)}".removeprefix(", ")
        return f"{self.key} is {value}; it must be {_describe_kind(self.kind)}."


def explain(error: Exception, folders: Sequence[Path]) -> str:
    """Reword an error of Hydra or OmegaConf: file and key first, no names of classes.

    Parameters
    ----------
    error : Exception
        The error.
    folders : sequence of pathlib.Path
        Folders of the groups. The file is read again if the error names no key.

    Returns
    -------
    str
        What is wrong, and where.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OmegaConfBaseException):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return f"configuration: {_explain_hydra(error)}"
    path = _find_path(error, folders)
    place = show_path(path) if path else "configuration"
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        return f"{place}: {_explain_unknown_key(cause)}"
    wrong = _find_wrong_value(cause, path)
    if wrong:
        return f"{place}: {wrong}"
    key = str(cause.full_key)
    words = str(cause).splitlines()[0].rstrip(".")
    words = re.sub("Interpolation key ('.+') not found", r"there is no key \1 to refer to", words)
    if isinstance(cause, MissingMandatoryValue):
        words = "no value is given"
    elif isinstance(cause, KeyValidationError):
        words = f"YAML reads this name as {cause.key}, which is no text; put the name in quotes"
    elif re.match("Merge error|Cannot merge", words):
        words = (
            "a list or a text stands where keys with values belong, or these stand for a list; "
            "look the keys up in docs/reference/settings.md"
        )
    return f"{place}: {key}: {words}." if key else f"{place}: {words}."


def explain_missing(error: MissingConfigException, folders: Sequence[Path]) -> str:
    """Reword that a chosen file does not exist: what was chosen, and what there is.

    Parameters
    ----------
    error : hydra.errors.MissingConfigException
        The error.
    folders : sequence of pathlib.Path
        Folders of the groups.

    Returns
    -------
    str
        What is wrong, and where.
    """
    group, _, name = str(error.missing_cfg_file or "").rpartition("/")
    path = _find_path(error, folders)
    place = f"{show_path(path)}: " if path else ""
    options = list(error.options or [])
    if not group or not options:
        return f"{place}{str(error).partition('Config search path')[0].strip()}"
    return f"{place}there is no {group} {name!r}.{suggest(name, options)}"


def _find_path(error: Exception, folders: Sequence[Path]) -> Path | None:
    """Return the file of a group that an error names; None if it names none."""
    match = re.match(r"In '([^'/]+/[^']+)': ", str(error))
    if match is None:
        return None
    name = f"{match[1].removesuffix('.yaml')}.yaml"
    paths = (folder / name for folder in folders)
    return next((path for path in paths if path.is_file()), Path(name))


def _explain_hydra(error: Exception) -> str:
    """Reword an error of Hydra that names no key."""
    text = str(error).partition("Config search path")[0].strip()
    if "item value in defaults : bool" in text:
        return "YAML reads off, on, yes and no as true or false: put such a choice in quotes."
    return text


def _explain_unknown_key(error: OmegaConfBaseException) -> str:
    """Reword an error about a key that does not exist."""
    key = str(error.full_key)
    kind = error.object_type
    allowed = [item.name for item in fields(kind)] if is_dataclass(kind) else []
    if not allowed and isinstance(error.parent_node, DictConfig):
        allowed = list(map(str, error.parent_node))
    section, _, name = key.rpartition(".")
    if section == "methods" and name in methods():
        return (
            f"{key}: the cohort has no method of this name (it has {', '.join(allowed)}); add it "
            f"with +method@{key}={name}."
        )
    return f"{key}: there is no such key.{suggest(name, allowed)}"


def _find_wrong_value(error: OmegaConfBaseException, path: Path | None) -> WrongValue | None:
    """Return the value of a wrong type; None if the error is another one, or names no type."""
    is_reference = isinstance(error, InterpolationValidationError)
    is_unresolved = isinstance(error, InterpolationResolutionError) and not is_reference
    is_other = is_unresolved or isinstance(error, KeyValidationError)
    if is_other or not isinstance(error, ConfigTypeError | ValidationError):
        return None
    key = str(error.full_key or "")
    if not key:
        return next(_wrong_sections(_read_again(path)), None)
    value = error.value
    if error.key is None:  # null, or a list for keys with values, or these for a list
        is_section = is_dataclass(error.object_type)
        kind = error.object_type if is_section or error.ref_type is Any else error.ref_type
        other = dict if _origin(kind) is list else list
        value = other() if isinstance(error, ConfigTypeError) else None
    elif is_dataclass(error.object_type):
        kind = get_type_hints(error.object_type).get(str(error.key))
    else:
        kind = next(iter(get_args(error.ref_type)[-1:]), None)
    reference = re.findall(r"\AWhile dereferencing interpolation '(.+?)': ", str(error))
    return WrongValue(key, value, kind, *reference) if _describe_kind(kind) else None


def _read_again(path: Path | None) -> dict[str, Any]:
    """Return the content of a file of the configuration; empty if it has no keys."""
    if path is None or not path.is_file():
        return {}
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}


def _wrong_sections(content: dict[str, Any]) -> Iterator[WrongValue]:
    """Yield the values that stand for sections and lists; those of methods come last."""
    kinds = {**get_type_hints(CohortSettings), "methods": dict[str, dict[str, Any]]}
    for key, kind in sorted(kinds.items(), key=lambda item: item[0] == "methods"):
        if key in content:
            yield from _wrong_inside(key, content[key], kind)


def _wrong_inside(key: str, value: Any, kind: Any) -> Iterator[WrongValue]:
    """Yield a value that stands for a section or list, or those inside it."""
    if value is None:
        return
    holds_keys = _holds_keys(kind)
    wanted: Any = dict if holds_keys else list if _origin(kind) is list else object
    if not isinstance(value, wanted):
        yield WrongValue(key, value, kind)
    elif holds_keys:
        hints = get_type_hints(kind) if is_dataclass(kind) else {}
        for name, each in value.items():
            inside = hints.get(name) if is_dataclass(kind) else get_args(kind)[1]
            yield from _wrong_inside(f"{key}.{name}", each, inside)


def _holds_keys(kind: Any) -> bool:
    """Return whether a type of the settings has keys with values."""
    return is_dataclass(kind) or _origin(kind) is dict


def _origin(kind: Any) -> Any:
    """Return the class of a type with parameters: dict of ``dict[str, int]``."""
    return get_origin(kind) or kind


def _show(value: Any) -> str:
    """Return a value as YAML has it; of lists and sections only what they are."""
    if isinstance(value, list) or OmegaConf.is_list(value):
        return "a list"
    if isinstance(value, dict) or OmegaConf.is_dict(value):
        return SECTION
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, int | float) else repr(str(value))


def _describe_kind(kind: Any) -> str:
    """Return what a value of a type of the settings is; empty for a type that is not known."""
    if is_dataclass(kind):
        return f"{SECTION} ({', '.join(item.name for item in fields(kind))})"
    if _origin(kind) is dict:
        inside = next(iter(get_args(kind)[1:]), None)
        under = f"names, and under each {_describe_kind(inside)}"
        return under if _holds_keys(inside) else SECTION
    if _origin(kind) is list:
        return "a list, such as [a, b]"
    if _origin(kind) in (Union, UnionType):
        kinds = [each for each in get_args(kind) if each is not int or float not in get_args(kind)]
        names = [KINDS[each] for each in kinds]
        return f"{', '.join(names[:-1])} or {names[-1]}"
    return KINDS.get(kind, "")
