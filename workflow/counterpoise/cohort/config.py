"""The configuration: typed dataclasses, the only place of a default, composed by Hydra.

``conf/`` chooses and overrides; whatever it does not say comes from here. A misspelt key or a
wrong type is refused by Hydra against these classes, a value out of range by the classes
themselves; either becomes a ``ConfigError`` that names the key.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from counterpoise.cohort.cohort import Run
from counterpoise.cohort.samples import (
    SampleTable,
    check_name,
    check_resolutions,
    read_sheet,
)
from counterpoise.cohort.settings import METHOD_KEY, RunConfig
from counterpoise.errors import ConfigError
from counterpoise.ingest.demo_maps import DEMO_FILES, YEAST_COOL, YEAST_HIC
from counterpoise.methods import methods
from counterpoise.methods.base import MethodSettings
from counterpoise.store.paths import BASE

TOLD = "COUNTERPOISE_CONFIGURATIONS"  # the variable by which jobs inherit them

# What decides ``inputs/``, ``triples/`` and ``resources/``, which a cohort's experiments share.
SHARED_KEYS = ("cohort", "samples", "sample_sheet", "sources", "ingest")


def load(conf: str | Path, overrides: list[str] | None = None, root: str | Path = ".") -> Run:
    """Compose the configuration in ``conf`` and check all of it.

    Parameters
    ----------
    conf : folder of the Hydra groups.
    overrides : as on Hydra's command line, ``["cohort=scc1", "methods.ice.tolerance=1e-4"]``.
    root : folder from which relative sample paths count.

    Raises
    ------
    ConfigError : names the key, the sample or the sheet's row and column, and what is wrong.
    """
    chosen = list(overrides or [])
    experiment = _experiment(chosen)
    _register(Path(conf))
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(Path(conf).resolve()), version_base="1.3"):
            composed = _composed(chosen)
            if experiment != BASE:
                _check_overlay(experiment, composed, _composed(_of_shared(chosen)))
        _refuse_unknown(composed)
        entries = {str(k): _method_entry(str(k), v) for k, v in composed.methods.items()}
        config = cast(RunConfig, OmegaConf.to_object(composed))
    except yaml.YAMLError as error:
        raise ConfigError(f"configuration: not valid YAML: {error}") from error
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_readable(error)) from error
    algorithms = {name: entry[0] for name, entry in entries.items()}
    settings = {name: entry[1] for name, entry in entries.items()}
    return replace(_checked(config, algorithms, settings, Path(root)), experiment=experiment)


def tell_jobs(conf: str | Path, overrides: list[str]) -> None:
    """Let jobs on this machine compose this configuration again, through what they inherit.

    Beside those told before: a workflow may use this one as a module more than once.
    """
    this = [str(Path(conf).resolve()), overrides]
    others = [told for told in json.loads(os.environ.get(TOLD, "[]")) if told != this]
    os.environ[TOLD] = json.dumps([*others, this])


def address_of(key: str) -> str:
    """In a job, all of a remote file's address, from the configuration that names it.

    Raises
    ------
    ConfigError : none does any more.
    """
    for conf, overrides in json.loads(os.environ.get(TOLD, "[]")):
        remote = load(conf, overrides).remote
        if key in remote:
            return remote[key]
    raise ConfigError(
        f"no sample has the address of resources/remote/{key} any more; was the sheet changed "
        "while the workflow ran? Run again."
    )


def snakemake_overrides(config: Mapping[str, Any]) -> list[str]:
    """Hydra overrides from Snakemake's ``--config``.

    ``--config cohort=NAME`` chooses the cohort, ``experiment=NAME`` an overlay on it,
    ``conf=FOLDER`` a folder with groups of the user's own (``FOLDER/cohort/NAME.yaml``) beside
    those of the workflow; anything else goes through
    ``--config 'hydra_overrides=["methods.ice.tolerance=1e-4"]'``.

    Raises
    ------
    ConfigError : any other key, which Snakemake alone would silently ignore.
    """
    unknown = sorted(set(config) - {"cohort", "conf", "experiment", "hydra_overrides"})
    if unknown:
        raise ConfigError(
            f"--config {unknown[0]}=... is not known; give cohort=NAME, experiment=NAME, and other "
            f"settings as 'hydra_overrides=[\"{unknown[0]}=...\"]'."
        )
    own = []
    if "conf" in config:
        folder = Path(str(config["conf"])).resolve()
        if not folder.is_dir():
            raise ConfigError(f"--config conf={config['conf']}: there is no such folder.")
        own = [f"hydra.searchpath=[file://{folder}]"]
    cohort = [f"cohort={config['cohort']}"] if "cohort" in config else []
    # A configuration file may well say null, for none.
    chosen = config.get("experiment")
    experiment = [] if chosen is None else [f"experiment={chosen}"]
    others = config.get("hydra_overrides", [])
    if not isinstance(others, list):
        raise ConfigError(
            f"--config hydra_overrides is {others!r}; it must be a list: "
            f"'hydra_overrides=[\"{others}\"]'."
        )
    return own + cohort + experiment + [str(item) for item in others]


def _composed(overrides: list[str]) -> DictConfig:
    try:
        return compose("config", overrides=overrides)
    except (TypeError, ValueError) as error:
        # Hydra has no error of its own for a group that is given as a list or as null.
        raise ConfigError(f"configuration: {', '.join(overrides)}: {error}.") from error


def _experiment(overrides: list[str]) -> str:
    """The overlay that is chosen, ``base`` for none."""
    chosen = [item.partition("=")[2] for item in overrides if item.startswith("experiment=")]
    if not chosen:
        return BASE
    check_name("experiment", chosen[-1])
    if chosen[-1] == BASE:
        raise ConfigError(
            f"experiment: {BASE} is what the cohort by itself is called; leave experiment out, or "
            "rename the overlay."
        )
    return chosen[-1]


def _of_shared(overrides: list[str]) -> list[str]:
    """The overrides that concern ``SHARED_KEYS``, which compose by themselves."""
    keys = ("hydra", *SHARED_KEYS)
    return [item for item in overrides if re.split(r"[.@=]", item.lstrip("+~"))[0] in keys]


def _check_overlay(experiment: str, composed: DictConfig, cohort: DictConfig) -> None:
    """Refuse what would overwrite files that the cohort shares, and settings of no method of its.

    Parameters
    ----------
    composed : the cohort with the overlay on it.
    cohort : the cohort without, of which ``SHARED_KEYS`` and the methods are true.
    """
    place = f"conf/experiment/{experiment}.yaml"
    with_overlay, without = _shared(composed), _shared(cohort)
    for key in with_overlay:
        if with_overlay[key] != without.get(key):
            raise ConfigError(
                f"{place}: {key}: an experiment shares what was read from the inputs with its "
                "cohort, so it cannot change this; write a cohort of another name instead."
            )
    for name, node in composed.methods.items():
        own = isinstance(node, DictConfig) and METHOD_KEY in node
        if not own and name not in cohort.methods:
            raise ConfigError(
                f"{place}: methods.{name}: the cohort has no method of this name (it has "
                f"{', '.join(map(str, cohort.methods))}); choose another cohort, or add "
                f"'/method@methods.{name}: ALGORITHM' to the defaults list of the experiment."
            )


def _shared(composed: DictConfig) -> dict[str, Any]:
    """Values of ``SHARED_KEYS`` by dotted key; of samples their paths alone."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}", inner)
        elif not prefix.startswith("samples.") or prefix.endswith(".path"):
            flat[prefix] = value

    plain = cast("dict[str, Any]", OmegaConf.to_container(composed))
    for key in SHARED_KEYS:
        walk(key, plain[key])
    return flat


def _refuse_unknown(composed: DictConfig) -> None:
    """Hydra's ``+key=value`` adds keys that the classes do not have; nothing would read them."""
    nodes = {"": composed, **{f"{key!s}.": composed[key] for key in composed}}
    for prefix, node in nodes.items():
        kind = OmegaConf.get_type(node) if isinstance(node, DictConfig) else None
        if kind is None or not is_dataclass(kind):
            continue
        known = [item.name for item in fields(kind)]
        for key in map(str, node):
            if key not in known:
                raise ConfigError(
                    f"configuration: {prefix}{key}: there is no such key.{_hint(key, known)}"
                )


def _register(conf: Path) -> None:
    """Store the typed nodes of the configuration where Hydra looks for them.

    A method without a file in ``conf/method/`` can be chosen all the same: its typed node stands
    in for the file. Next to a file of the same name that node would make Hydra warn.
    """
    store = ConfigStore.instance()
    store.store(name="schema", node=RunConfig)
    store.repo.pop("method", None)
    for name, method in methods().items():
        node = _with_algorithm(name, method.settings)
        store.store(group="method_schema", name=name, node=node)
        if not (conf / "method" / f"{name}.yaml").exists():
            store.store(group="method", name=name, node=node)


def _with_algorithm(name: str, settings: type[MethodSettings]) -> Any:
    """The settings class with the algorithm's name as one more key."""
    key = (METHOD_KEY, str, field(default=name, kw_only=True))
    return make_dataclass(settings.__name__, [key], bases=(settings,))


def _method_entry(name: str, node: Any) -> tuple[str, MethodSettings]:
    """Algorithm and settings of one entry of ``methods``."""
    if not isinstance(node, DictConfig) or METHOD_KEY not in node:
        raise ConfigError(
            f"methods.{name} has no algorithm: add '/method@methods.{name}: ALGORITHM' to the "
            f"defaults list of the cohort (algorithms: {', '.join(sorted(methods()))})."
        )
    plain = cast("dict[str, Any]", OmegaConf.to_container(node, resolve=True))
    algorithm = plain.pop(METHOD_KEY)
    if algorithm not in methods():
        raise ConfigError(f"methods.{name}.{METHOD_KEY} is {algorithm!r}, which does not exist.")
    # Checked once more: keys added with '+', or an algorithm changed under its settings.
    schema = OmegaConf.structured(methods()[algorithm].settings)
    typed = OmegaConf.merge({"methods": {name: schema}}, {"methods": {name: plain}})
    try:
        return algorithm, cast(MethodSettings, OmegaConf.to_object(typed.methods[name]))
    except ConfigError as error:
        raise ConfigError(f"methods.{name}.{error}") from error


def _readable(error: Exception) -> str:
    """Hydra's and OmegaConf's messages, the file and the key first, without names of classes."""
    found = re.match(r"In '((?:cohort|experiment)/[^']+)': ", str(error))
    place = f"conf/{found[1]}.yaml" if found else "configuration"
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OmegaConfBaseException):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        text = str(error).partition("Config search path")[0].strip()
        if "item value in defaults : bool" in text:
            text = "YAML reads off, on, yes and no as true or false: put such a choice in quotes."
        return f"configuration: {text}"
    key = str(cause.full_key)
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        if key == "experiment":
            return f"{place}: an experiment's file must begin with the line '# @package _global_'."
        kind = cause.object_type
        known = [item.name for item in fields(kind)] if is_dataclass(kind) else []
        return f"{place}: {key}: there is no such key.{_hint(key.rpartition('.')[2], known)}"
    words = str(cause).splitlines()[0].rstrip(".")
    if isinstance(cause, MissingMandatoryValue):
        words = "no value is given"
    if key == "cohort" and isinstance(error, HydraException):
        words = "a cohort's file must begin with the line '# @package _global_'"
    return f"{place}: {key}: {words}." if key else f"{place}: {words}."


def _hint(key: str, known: list[str]) -> str:
    """The keys that there are, the likeliest first."""
    if not known:
        return ""
    close = get_close_matches(key, known, n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    return f"{meant} Known here: {', '.join(known)}."


def _checked(
    config: RunConfig,
    algorithms: dict[str, str],
    settings: dict[str, MethodSettings],
    root: Path,
) -> Run:
    if config.cohort in (MISSING, ""):
        raise ConfigError("cohort has no name; choose one with --config cohort=NAME.")
    check_name("cohort", config.cohort)
    if config.cohort == "mlartifacts":
        raise ConfigError("cohort: the name mlartifacts is taken, by MLflow's files in results/.")
    for name in settings:
        check_name("methods", name)
        if [other.lower() for other in settings].count(name.lower()) > 1:
            raise ConfigError(f"methods.{name}: two names differ only in case; rename one.")
    if not config.resolutions:
        raise ConfigError("resolutions is empty; give at least one bin size in base pairs.")
    check_resolutions("resolutions", config.resolutions)
    if not settings:
        raise ConfigError("methods is empty; choose at least one method.")
    if config.primary == MISSING:
        raise ConfigError(f"primary is missing; name one of the methods ({', '.join(settings)}).")
    if config.primary not in settings:
        raise ConfigError(
            f"primary is {config.primary!r}, which is none of the methods ({', '.join(settings)})."
        )
    made = set(DEMO_FILES)
    if "iced" not in config.sources:
        made -= {YEAST_COOL, YEAST_HIC}  # they are made from that package
    for package, source in config.sources.items():
        for name in (package, *source.members):
            check_name(f"sources.{package}", name)
        made |= {f"resources/{package}/{name}" for name in source.members}
        if not re.fullmatch(r"[0-9a-f]{64}", source.sha256):
            raise ConfigError(f"sources.{package}.sha256 must be 64 hexadecimal digits.")
    blacklist = None if config.files_made else config.mask.blacklist
    if blacklist and blacklist not in made and not (root / blacklist).is_file():
        raise ConfigError(f"mask.blacklist: the file {blacklist} does not exist; correct the path.")
    if bool(config.samples) == bool(config.sample_sheet):
        raise ConfigError("give either samples or sample_sheet, one of the two.")
    table = (
        read_sheet(root / config.sample_sheet)
        if config.sample_sheet
        else SampleTable("samples", config.samples)
    )
    samples = table.validate(root, None if config.files_made else made)
    run = Run(config, samples, settings, algorithms)
    columns = [run.column(name) for name in settings]
    for number, column in enumerate(columns):
        if column in columns[:number]:
            other = list(settings)[columns.index(column)]
            raise ConfigError(
                f"methods.{list(settings)[number]} and methods.{other} would both be written as "
                f"column {column}; rename one."
            )
    return run
