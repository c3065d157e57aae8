"""Composition of the configuration with Hydra.

``conf/`` chooses and overrides; every default is in the dataclasses of ``cohort/settings.py`` and
``methods/``. Hydra refuses misspelt keys and wrong types against these classes; the classes
themselves refuse values out of range. Both become a ``ConfigError`` that names the key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from pathlib import Path
from typing import Any, cast, get_type_hints

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from counterpoise.cohort.checks import (
    SHARED_IF_DERIVED,
    SHARED_KEYS,
    check_cohort,
    check_overlay,
)
from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.config_sources import Choices, check_choices, find_file
from counterpoise.cohort.entries import MethodEntry, other_keys
from counterpoise.cohort.explain import explain, explain_missing
from counterpoise.cohort.samples import check_name
from counterpoise.cohort.settings import METHOD_KEY, CohortSettings
from counterpoise.cohort.short_form import ShortFormSource, register_source
from counterpoise.cohort.spelling import (
    check_override_texts,
    quote_value,
    restore_name,
    suggest,
    unquote_value,
)
from counterpoise.errors import ConfigError
from counterpoise.methods import methods
from counterpoise.methods.base import Method
from counterpoise.store.paths import BASE

# Keys of Snakemake's ``--config``.
SNAKEMAKE_KEYS = {"cohort", "conf", "experiment", "hydra_overrides"}


def load_cohort(
    conf: str | Path, overrides: list[str] | None = None, root: str | Path = "."
) -> Cohort:
    """Compose the configuration in ``conf`` and check it.

    Parameters
    ----------
    conf : str or Path
        Folder of the Hydra groups.
    overrides : list of str, optional
        As on Hydra's command line: ``["cohort=scc1", "methods.ice.tolerance=1e-4"]``.
    root : str or Path
        Folder to which relative paths of samples belong.

    Returns
    -------
    Cohort
        The checked cohort.

    Raises
    ------
    ConfigError
        Names the key, the sample or the sheet's row and column, and what is wrong.
    """
    overrides = list(overrides or [])
    experiment = _find_experiment(overrides)
    folders = _find_folders(conf, overrides)
    _register_nodes(Path(conf))
    register_source()
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(Path(conf).resolve()), version_base="1.3"):
            if experiment != BASE:
                without_overlay, _ = _compose(_select_shared(overrides), folders)
                ShortFormSource.known_methods = frozenset(map(str, without_overlay.methods))
            composed, choices = _compose(overrides, folders)
            if experiment != BASE:
                check_overlay(
                    choices.place("experiment", experiment),
                    cast("dict[str, Any]", OmegaConf.to_container(composed)),
                    cast("dict[str, Any]", OmegaConf.to_container(without_overlay)),
                )
        _refuse_unknown_keys(composed)
        check_choices(choices, composed)
        check_override_texts(overrides, composed)
        cohort = _make_cohort(composed, choices, overrides, Path(root))
    except yaml.YAMLError as error:
        raise ConfigError(f"configuration: not valid YAML: {error}") from error
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explain(error, folders)) from error
    return replace(cohort, experiment=experiment)


def _make_cohort(
    composed: DictConfig, choices: Choices, overrides: list[str], root: Path
) -> Cohort:
    """Return the cohort of a composed configuration, checked."""
    try:
        entries = {str(k): _read_method(str(k), v) for k, v in composed.methods.items()}
        return check_cohort(cast(CohortSettings, OmegaConf.to_object(composed)), entries, root)
    except ConfigError as error:
        place = find_file(str(error), choices, overrides)
        raise ConfigError(f"{place}: {error}" if place else str(error)) from error


def snakemake_overrides(config: Mapping[str, Any], conf: str | Path | None = None) -> list[str]:
    """Translate Snakemake's ``--config`` into Hydra overrides.

    Snakemake reads names such as ``007`` as numbers. The name is then that of the file whose name
    reads so.

    Parameters
    ----------
    config : mapping
        ``cohort`` chooses the cohort, ``experiment`` an overlay on it, and ``conf`` a folder with
        further groups (``FOLDER/cohort/NAME.yaml``). ``hydra_overrides`` is a list of any other
        overrides.
    conf : str or Path, optional
        Folder of the Hydra groups.

    Returns
    -------
    list of str
        The overrides.

    Raises
    ------
    ConfigError
        For any other key, which Snakemake alone would silently ignore, and for a value that is no
        name.
    """
    unknown = sorted(set(config) - SNAKEMAKE_KEYS)
    if unknown:
        raise ConfigError(
            f"--config {unknown[0]}=... is not known; give cohort=NAME, experiment=NAME, and other "
            f"settings as 'hydra_overrides=[\"{unknown[0]}=...\"]'."
        )
    overrides, folders = [], [] if conf is None else [Path(conf)]
    if "conf" in config:
        folder = _find_folder(config["conf"])
        folders.append(folder)
        overrides.append(f"hydra.searchpath=[{quote_value(f'file://{folder}')}]")
    for group in ("cohort", "experiment"):
        # A configuration file may say null, for no experiment.
        if group in config and (group == "cohort" or config[group] is not None):
            files = (path for each in folders for path in (each / group).glob("*.yaml"))
            name = restore_name(group, config[group], (path.stem for path in files))
            overrides.append(f"{group}={quote_value(name)}")
    others = config.get("hydra_overrides", [])
    if not isinstance(others, list):
        raise ConfigError(
            f"--config hydra_overrides is {others!r}; it must be a list: "
            f"'hydra_overrides=[\"{others}\"]'."
        )
    return overrides + [str(item) for item in others]


def _find_folder(value: object) -> Path:
    """Return the folder that ``--config conf`` names."""
    folders = (path.name for path in Path().iterdir() if path.is_dir())
    folder = Path(restore_name("conf", value, folders)).resolve()
    if not os.path.isdir(folder):
        raise ConfigError(f"--config conf={value}: there is no such folder; correct the path.")
    return folder


def _find_folders(conf: str | Path, overrides: list[str]) -> list[Path]:
    """Return the folders of the Hydra groups, as far as composition got; its own comes last."""
    texts = (item for item in overrides if item.startswith("hydra.searchpath="))
    others = [Path(path) for text in texts for path in re.findall(r"file://([^'\"\],]+)", text)]
    return [*others, Path(conf)]


def _compose(overrides: list[str], folders: list[Path]) -> tuple[DictConfig, Choices]:
    """Compose the configuration with these overrides; also return what was chosen."""
    try:
        composed = compose("config", overrides=overrides, return_hydra_config=True)
    except (TypeError, ValueError) as error:
        # Hydra has no error class for a group that is given as a list or as null.
        raise ConfigError(
            f"configuration: {', '.join(overrides)}: {str(error).rstrip('.')}; put a name that "
            "YAML reads as a number, true or false in quotes (cohort='007', /tracking: 'off')."
        ) from error
    except MissingConfigException as error:
        raise ConfigError(explain_missing(error, folders)) from error
    except OSError as error:
        raise ConfigError(
            f"configuration: {', '.join(overrides)}: a file cannot be read "
            f"({str(error).rstrip('.')}); a file of a configuration is YAML with keys and values."
        ) from error
    choices = Choices.of(composed.hydra.runtime)
    with open_dict(composed):
        del composed["hydra"]
    return composed, choices


def _find_experiment(overrides: list[str]) -> str:
    """Return the name of the chosen overlay, ``base`` for none."""
    names = [unquote_value(item) for item in overrides if item.startswith("experiment=")]
    if not names:
        return BASE
    name = names[-1].removesuffix(".yaml")
    check_name("experiment", name)
    if name == BASE:
        raise ConfigError(
            f"experiment: {BASE} is the name of the cohort without an experiment; leave experiment "
            "out, or rename the overlay."
        )
    return name


def _select_shared(overrides: list[str]) -> list[str]:
    """Return the overrides of shared keys, which can be composed without the others."""
    keys = ("hydra", *SHARED_KEYS, *SHARED_IF_DERIVED)
    return [item for item in overrides if re.split(r"[.@=]", item.lstrip("+~"))[0] in keys]


def _refuse_unknown_keys(composed: DictConfig) -> None:
    """Refuse keys that the classes do not have: Hydra's ``+key=value`` adds them unchecked."""
    nodes = {"": composed, **{f"{key!s}.": composed[key] for key in composed}}
    for prefix, node in nodes.items():
        kind = OmegaConf.get_type(node) if isinstance(node, DictConfig) else None
        if kind is None or not is_dataclass(kind):
            continue
        allowed = [item.name for item in fields(kind)]
        for key in map(str, node):
            if key not in allowed:
                raise ConfigError(
                    f"configuration: {prefix}{key}: there is no such key.{suggest(key, allowed)}"
                )


def _register_nodes(conf: Path) -> None:
    """Store the typed nodes of the configuration where Hydra looks for them.

    A method without a file in ``conf/method/`` can be chosen all the same: its typed node stands
    in for the file. Next to a file of the same name that node would make Hydra warn.
    """
    store = ConfigStore.instance()
    store.store(name="schema", node=CohortSettings)
    store.repo.pop("method", None)
    for name, method in methods().items():
        node = _make_node(method)
        store.store(group="method_schema", name=name, node=node)
        if not (conf / "method" / f"{name}.yaml").exists():
            store.store(group="method", name=name, node=node)


def _make_node(method: Method) -> Any:
    """Return the settings class with the algorithm's name and the keys of other maps."""
    keys: list[tuple[str, Any, Any]] = [(METHOD_KEY, str, field(default=method.name, kw_only=True))]
    for kind in other_keys(method).values():
        hints = get_type_hints(kind)
        keys += [
            (item.name, hints[item.name], field(default=item.default, kw_only=True))
            for item in fields(kind)
        ]
    return make_dataclass(method.settings.__name__, keys, bases=(method.settings,))


def _read_method(name: str, node: Any) -> MethodEntry:
    """Return one entry of ``methods``."""
    if not isinstance(node, DictConfig) or METHOD_KEY not in node:
        raise ConfigError(
            f"methods.{name} has no algorithm: add '/method@methods.{name}: ALGORITHM' to the "
            f"defaults list of the cohort (algorithms: {', '.join(sorted(methods()))})."
        )
    plain = cast("dict[str, Any]", OmegaConf.to_container(node, resolve=True))
    algorithm = plain.pop(METHOD_KEY)
    if algorithm not in methods():
        raise ConfigError(
            f"methods.{name}.{METHOD_KEY} is {algorithm!r}, which does not exist; choose one of "
            f"{', '.join(sorted(methods()))}."
        )
    others: dict[str, Any] = {}
    for part, kind in other_keys(methods()[algorithm]).items():
        keys = [item.name for item in fields(kind) if item.name in plain]
        others[part] = _make_settings(name, kind, {key: plain.pop(key) for key in keys})
    settings = _make_settings(name, methods()[algorithm].settings, plain)
    try:
        return MethodEntry(algorithm, settings, **others)
    except ConfigError as error:
        raise ConfigError(f"methods.{name}: {error}") from error


def _make_settings(name: str, kind: type, values: dict[str, Any]) -> Any:
    """Make settings of an entry of ``methods`` from its keys.

    They are checked again: keys may have been added with '+', or an algorithm changed under its
    settings.
    """
    schema = OmegaConf.structured(kind)
    typed = OmegaConf.merge({"methods": {name: schema}}, {"methods": {name: values}})
    try:
        return OmegaConf.to_object(typed.methods[name])
    except ConfigError as error:
        raise ConfigError(f"methods.{name}.{error}") from error
