"""The files that a configuration was composed from, and the checks of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from omegaconf import DictConfig, OmegaConf

from counterpoise.cohort.conf_files import conf_files
from counterpoise.cohort.samples import check_name
from counterpoise.cohort.spelling import check_file_texts, show_path
from counterpoise.errors import ConfigError
from counterpoise.store.paths import ResultPaths

# Keys that a cohort's file has to set.
REQUIRED = ("resolutions", "methods")


@dataclass(frozen=True)
class Choices:
    """What was chosen of each group.

    Attributes
    ----------
    options : mapping of str to object
        Name of the chosen file by group; None where none was chosen.
    folders : list of pathlib.Path
        Folders of the groups. Hydra reads a file from the first folder that has it.
    """

    options: Mapping[str, Any]
    folders: list[Path]

    @classmethod
    def of(cls, runtime: DictConfig) -> Self:
        """Make the choices from what Hydra records of a composition."""
        # Unresolved, because a folder may be called ${x}.
        record = OmegaConf.to_container(runtime, resolve=False)
        assert isinstance(record, dict)
        sources = record["config_sources"]
        folders = [show_path(source["path"]) for source in sources if source["schema"] == "file"]
        return cls(record["choices"], list(map(Path, folders)))

    def name(self, group: str) -> str | None:
        """Return the name of the chosen file of a group, without a suffix.

        Parameters
        ----------
        group : str
            A group.

        Returns
        -------
        str or None
            The name; None if no file or several were chosen.
        """
        option = self.options.get(group)
        return option.removesuffix(".yaml") if isinstance(option, str) else None

    def find(self, group: str, name: str) -> list[Path]:
        """Return the files of this name in all folders; Hydra reads the first."""
        paths = (folder / group / f"{name}.yaml" for folder in self.folders)
        return [path for path in paths if path.is_file()]

    def place(self, group: str, name: str) -> str:
        """Return the path in messages of the file of this name that Hydra reads."""
        return str(next(iter(self.find(group, name)), Path(group, f"{name}.yaml")))


@dataclass(frozen=True)
class UserFile:
    """A file of the configuration that a user wrote.

    Attributes
    ----------
    place : str
        Its path in messages, such as ``conf/mask/mine.yaml``.
    package : str
        Where its keys go, such as ``mask.``; empty for the top.
    content : object
        Its keys and values.
    """

    place: str
    package: str
    content: Any


def check_choices(choices: Choices, composed: DictConfig) -> None:
    """Check the names of the chosen files, and the texts in those of the user.

    Parameters
    ----------
    choices : Choices
        What was chosen.
    composed : omegaconf.DictConfig
        The configuration composed from it.

    Raises
    ------
    ConfigError
        If another file of the same name was read instead of a chosen one, YAML read a text as a
        number, or the cohort has another name than its file.
    """
    for group in choices.options:
        name = choices.name(group)
        if name is not None:
            _check_shadowed(choices.find(group.partition("@")[0], name))
    for path in _cohort_files(choices):
        check_file_texts(path, composed)
    _check_cohort_name(choices, composed)


def find_file(message: str, choices: Choices, overrides: list[str]) -> str:
    """Return the file that sets the key with which a message begins.

    Parameters
    ----------
    message : str
        What is wrong, such as ``mask.min_nnz is -1; it must be ...``.
    choices : Choices
        What was chosen.
    overrides : list of str
        Overrides of the command line.

    Returns
    -------
    str
        Such as ``conf/cohort/mine.yaml``; empty if the key was set on the command line or by
        no file of the user, or if the message begins otherwise.
    """
    match = re.match(r"[A-Za-z_][^\s:\[]*", message)
    key = match[0] if match else ""
    given = [each.partition("@")[0] for each in _given_keys(choices, overrides)]
    if any(f"{each}.".startswith(f"{key}.") or f"{key}.".startswith(f"{each}.") for each in given):
        return ""
    for file in _user_files(choices):
        if key.startswith(file.package) and _sets(file.content, key.removeprefix(file.package)):
            return file.place
    cohort = choices.name("cohort")
    return choices.place("cohort", cohort) if key in REQUIRED and cohort else ""


def _sets(content: Any, key: str) -> bool:
    """Return whether the content of a file has a key, in dots; names may hold dots, too."""
    if not isinstance(content, dict):
        return False
    return any(
        key == name or (key.startswith(f"{name}.") and _sets(value, key[len(name) + 1 :]))
        for name, value in content.items()
    )


def _check_shadowed(files: list[Path]) -> None:
    """Refuse files of one name in several folders, unless their content is the same."""
    contents = {path.read_bytes() for path in files}
    if len(contents) > 1:
        raise ConfigError(
            f"{files[1]}: {files[0]} has the same name and is read instead; rename yours."
        )


def _cohort_files(choices: Choices) -> Iterator[Path]:
    """Yield the files of the cohort and the experiment, and the cohorts that these extend."""
    for group in ("cohort", "experiment"):
        names = [choices.name(group)]
        for name in names:
            for path in choices.find(group, name)[:1] if name else ():
                yield path
                content = _read(path)
                defaults = content.get("defaults", []) if isinstance(content, dict) else []
                names += [item for item in defaults if isinstance(item, str) and item not in names]


def _user_files(choices: Choices) -> Iterator[UserFile]:
    """Yield the chosen files that users wrote, first those whose values count."""
    # An experiment is read last; in a cohort that extends others, its own keys count.
    for path in sorted(_cohort_files(choices), key=lambda path: path.parent.name != "experiment"):
        yield UserFile(str(path), "", _read(path))
    generated = set(conf_files().values())
    for group in sorted(set(choices.options) - {"cohort", "experiment"}):
        folder, _, package = group.partition("@")
        name = choices.name(group)
        for path in choices.find(folder, name)[:1] if name else ():
            if path.read_text(encoding="utf-8") not in generated:
                yield UserFile(str(path), f"{package or folder}.", _read(path))


def _given_keys(choices: Choices, overrides: list[str]) -> Iterator[str]:
    """Yield the keys that the command line sets; ``mask=none`` chooses a file instead."""
    for item in overrides:
        key, _, value = item.lstrip("+~").partition("=")
        if key not in choices.options or value.lstrip().startswith("{"):
            yield key


def _read(path: Path) -> Any:
    """Return the content of a file, with all values as text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)


def _check_cohort_name(choices: Choices, composed: DictConfig) -> None:
    """Refuse a cohort whose name, which its results have, differs from that of its file."""
    if OmegaConf.is_missing(composed, "cohort") or not composed.cohort:
        return  # check_cohort says so
    name, key = choices.name("cohort"), str(composed.cohort)
    if name is None:
        raise ConfigError(
            f"cohort: {key!r} comes from none or from several files; choose one cohort by the name "
            "of its file, with --config cohort=NAME."
        )
    check_name("cohort", key)
    check_name("cohort", name)
    if name == key:
        return
    place = choices.place("cohort", name)
    own, others = ResultPaths(name).shared, ResultPaths(key).shared
    owner = choices.find("cohort", key)
    cause = f"those of {owner[0]}" if owner else "those of a cohort of that name"
    raise ConfigError(
        f"{place}: cohort: {key!r} is not the name of the file, and the results in {others}/ would "
        f"overwrite {cause}; write 'cohort: {name}'. If this file made the results that are in "
        f"{others}/ now, keep their weights with: mv {others} {own}"
    )
