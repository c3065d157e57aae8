"""The short form of a cohort's file: methods without a ``defaults`` list.

``methods: {ice: , kr_genome: {method: kr}}`` is read as if the file had the list

    defaults:
      - /method@methods.ice: ice
      - /method@methods.kr_genome: kr
      - _self_

so the entries have their types before experiments and overrides are applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, OmegaConf

from counterpoise.cohort.settings import METHOD_KEY
from counterpoise.cohort.spelling import show_path, suggest
from counterpoise.errors import ConfigError
from counterpoise.methods import methods

COHORT, EXPERIMENT = "cohort", "experiment"


class ShortFormSource(FileConfigSource):
    """Reads files for Hydra; those of cohorts and experiments may have the short form.

    Attributes
    ----------
    known_methods : frozenset of str
        Methods of the cohort under an experiment; an experiment adds the others.
    """

    known_methods: ClassVar[frozenset[str]] = frozenset()

    def load_config(self, config_path: str) -> ConfigResult:
        """Read a file; see the base class."""
        result = super().load_config(config_path)
        group, _, name = config_path.partition("/")
        if group in (COHORT, EXPERIMENT) and isinstance(result.config, DictConfig):
            result.header["package"] = "_global_"  # the file sets keys of the whole configuration
            known = self.known_methods if group == EXPERIMENT else None
            place = show_path(Path(self.path, f"{config_path.removesuffix('.yaml')}.yaml"))
            result.config = _expand(result.config, place, known)
            if group == COHORT and COHORT not in result.config:
                result.config[COHORT] = name.removesuffix(".yaml")
        return result


def register_source() -> None:
    """Let Hydra read files of the short form."""
    Plugins.instance()  # registers the sources of Hydra
    SourcesRegistry.instance().types[ShortFormSource.scheme()] = ShortFormSource


def _expand(config: DictConfig, place: str, known: frozenset[str] | None) -> DictConfig:
    """Return the configuration of a file in the long form."""
    if "defaults" in config or config.get("methods") is None:
        return config
    plain: dict[str, Any] = OmegaConf.to_container(config)  # type: ignore[assignment]
    entries = plain["methods"]
    if isinstance(entries, list):
        entries = dict.fromkeys(map(str, entries))
    if not isinstance(entries, dict):
        return config  # Hydra says what is wrong
    chosen = []
    for name, entry in entries.items():
        is_new = known is None or (name not in known and isinstance(entry, Mapping))
        if is_new and (known is None or METHOD_KEY in entry):
            chosen.append({f"/method@methods.{name}": _algorithm(str(name), entry, place)})
    settings = {name: {} if entry is None else entry for name, entry in entries.items()}
    return OmegaConf.create({**plain, "defaults": [*chosen, "_self_"], "methods": settings})


def _algorithm(name: str, entry: Any, place: str) -> str:
    """Return the algorithm of an entry of ``methods``: its key ``method``, or its name."""
    algorithm = entry.get(METHOD_KEY, name) if isinstance(entry, Mapping) else name
    if algorithm in methods():
        return str(algorithm)
    known = suggest(str(algorithm), sorted(methods()))
    raise ConfigError(
        f"{place}: methods.{name}: there is no method {algorithm!r}.{known} An entry of another "
        f"name needs the key {METHOD_KEY}."
    )
