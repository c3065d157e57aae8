"""Names and labels as the user wrote them, where YAML, Snakemake or Hydra read something else.

All three read ``2024_01`` as the number 202401, and some read ``007`` as 7 and ``no`` as False.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, OmegaConf

from counterpoise.errors import ConfigError

# Texts that Hydra's grammar reads as themselves, but for the words after it.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
WORDS = {"true", "false", "null", "nan", "inf"}

# Snakemake reads values of --config with the first two, and a configuration file with the last.
READERS: tuple[Callable[[str], Any], ...] = (int, float, yaml.safe_load)


def quote_value(text: str) -> str:
    """Write a text so that Hydra's grammar of overrides reads it as this text.

    Parameters
    ----------
    text : str
        A value, such as a name or a path.

    Returns
    -------
    str
        The text, in quotes where it needs them.
    """
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    return str(QuotedString(text=text, quote=Quote.single).with_quotes())


def unquote_value(override: str) -> str:
    """Return the value of an override without the quotes around it.

    Parameters
    ----------
    override : str
        An override ``key=value``.

    Returns
    -------
    str
        The value.
    """
    text = override.partition("=")[2]
    if text[:1] not in ("'", '"'):
        return text
    value = OverridesParser.create().parse_override(override).value()
    return value if isinstance(value, str) else text


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Return the names that exist as sentences, the most similar first.

    Parameters
    ----------
    name : str
        A name that does not exist.
    allowed : iterable of str
        The names that do.

    Returns
    -------
    str
        Begins with a blank, to be read after a message; empty if there are no names.
    """
    names = list(allowed)
    if not names:
        return ""
    close = get_close_matches(name, names, n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    return f"{meant} Known here: {', '.join(names)}."


def show_path(path: str | Path) -> str:
    """Return a path as messages name it: relative to the current folder if it lies below it.

    Parameters
    ----------
    path : str or Path
        An absolute path, or one relative to the current folder.

    Returns
    -------
    str
        The path; one outside the current folder is returned as it is.
    """
    absolute = Path(path).absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)


def restore_name(key: str, value: object, names: Iterable[str]) -> str:
    """Return a name of Snakemake's ``--config`` as it was written.

    Parameters
    ----------
    key : str
        Key of the name in ``--config``.
    value : object
        What Snakemake read.
    names : iterable of str
        Names among which the user chooses.

    Returns
    -------
    str
        The value if it is a text; else the only one of the names that reads as this value.

    Raises
    ------
    ConfigError
        If the value is no name, or none or several of the names read as this value.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, bool | int | float):
        example = "./FOLDER" if key == "conf" else "NAME"
        raise ConfigError(f"--config {key} is {value!r}, which is no name; write {key}={example}.")
    fitting = sorted(name for name in set(names) if _reads_as(name, value))
    if len(fitting) == 1:
        return fitting[0]
    cause = f"--config {key}: Snakemake read the name as the number {value!r}"
    if isinstance(value, bool):
        cause = f"--config {key}: Snakemake read the name as {value!r}"
    if fitting:
        example = f"./{fitting[0]}" if key == "conf" else f"{fitting[0]}.yaml"
        raise ConfigError(
            f"{cause}, which may be {' or '.join(fitting)}; write the name of the file: "
            f"{key}={example}"
        )
    raise ConfigError(f"{cause}, and no file or folder here has such a name; correct it.")


def _reads_as(name: str, value: bool | int | float) -> bool:
    """Return whether a reader turns the name into the value."""
    for read in READERS:
        try:
            if repr(read(name)) == repr(value):
                return True
        except (ValueError, yaml.YAMLError):
            continue
    return False


def check_file_texts(path: Path, composed: DictConfig) -> None:
    """Refuse a text that YAML read as another one, such as ``replicate: 01``.

    Parameters
    ----------
    path : pathlib.Path
        A file of a cohort or an experiment.
    composed : omegaconf.DictConfig
        The configuration that was composed from it.

    Raises
    ------
    ConfigError
        Names the file, the line and the key.
    """
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    for keys, scalar in _plain_scalars(root, ()):
        if _differs(_select(composed, keys), scalar.value, _read_yaml):
            place = f"{path}: line {scalar.start_mark.line + 1}: {'.'.join(keys)}"
            raise ConfigError(_explain(place, "YAML", scalar.value, _read_yaml(scalar.value)))


def check_override_texts(overrides: list[str], composed: DictConfig) -> None:
    """Refuse an override whose text Hydra read as another one.

    Parameters
    ----------
    overrides : list of str
        Hydra overrides.
    composed : omegaconf.DictConfig
        The configuration that was composed with them.

    Raises
    ------
    ConfigError
        Names the override.
    """
    for override in overrides:
        key, _, text = override.partition("=")

        def read(text: str, override: str = override) -> object:
            return OverridesParser.create().parse_override(override).value()

        if _differs(_select(composed, key.lstrip("+").split(".")), text, read):
            raise ConfigError(_explain(override, "Hydra", text, read(text)))


def _plain_scalars(
    node: yaml.Node | None, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], yaml.ScalarNode]]:
    """Yield the keys and the node of every value that is written without quotes."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _plain_scalars(value, (*keys, key.value))
    elif isinstance(node, yaml.ScalarNode) and not node.style:
        yield keys, node


def _select(composed: DictConfig, keys: Iterable[str]) -> object:
    """Return the composed value at these keys as it is written there, None if there is none."""
    node: Any = composed
    for key in keys:
        if not isinstance(node, DictConfig) or node._is_none() or node._is_missing():
            return None
        node = node._get_node(key) if key in node.keys() else None  # noqa: SIM118
    return None if node is None or isinstance(node, DictConfig) else node._value()


def _differs(value: object, written: str, read: Callable[[str], object]) -> bool:
    """Return whether a composed text is that of a number, not the text that was written."""
    if not isinstance(value, str) or value == written:
        return False
    number = read(written)
    return isinstance(number, bool | int | float) and str(number) == value


def _read_yaml(text: str) -> object:
    """Read a value as OmegaConf reads it in a file."""
    return OmegaConf.to_container(OmegaConf.create(f"value: {text}"))["value"]  # type: ignore[index,call-overload]


def _explain(place: str, reader: str, written: str, read: object) -> str:
    """Return the message on a text that was read as something else."""
    kind = "" if isinstance(read, bool) else "the number "
    return f"{place}: {reader} reads {written} as {kind}{read}; put it in quotes: '{written}'."
