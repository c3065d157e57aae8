"""The base classes of all jobs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from counterpoise.errors import ConfigError

if TYPE_CHECKING:  # spares jobs the import of OmegaConf
    from counterpoise.cohort.cohort import Cohort

T = TypeVar("T")

# The inputs of a rule as Snakemake passes them: iterable, and with an attribute for each name.
Inputs = Any


@dataclass(frozen=True, kw_only=True)
class Job(ABC):
    """Settings of a rule's jobs.

    Snakemake records them as one plain dictionary and runs a job again when they change. So they
    hold only builtins and dataclasses of builtins, and nothing that depends on inputs, outputs or
    threads.

    Attributes
    ----------
    revision : int, list of int or None
        Revision of what the rule writes (``cohort/revisions.py``); the job itself does not use it.
    WILDCARDS : tuple of str
        The wildcards of the rule on which the settings depend.
    NESTED : mapping of str to type
        The class of each setting that is a dataclass.
    LEFT_OUT : tuple of str
        Settings that are left out of the parameters if they are None, so that a release that adds
        them runs no job again that does not use them.
    """

    WILDCARDS: ClassVar[tuple[str, ...]] = ()
    NESTED: ClassVar[Mapping[str, type]] = {}
    LEFT_OUT: ClassVar[tuple[str, ...]] = ()

    revision: int | list[int] | None = None

    @classmethod
    @abstractmethod
    def of(cls, cohort: Cohort, *wildcards: Any, **unused: Any) -> Self:
        """Make a job from the cohort and the values of ``WILDCARDS``."""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Make a job from the dictionary that ``to_params`` returned.

        Parameters
        ----------
        params : mapping
            Settings by name; nested settings as mappings.

        Returns
        -------
        Job
            The job.

        Raises
        ------
        ConfigError
            If a key is unknown or a setting without a default is missing.
        """
        nested: dict[str, Any] = {
            key: build(kind, params[key], key)
            for key, kind in cls.NESTED.items()
            if params.get(key) is not None
        }
        return build(cls, {**params, **nested}, cls.__name__)

    def to_params(self) -> dict[str, Any]:
        """Return the settings as one dictionary of builtins."""
        params = asdict(self)
        for key in self.LEFT_OUT:
            if params[key] is None:
                del params[key]
        return params


@dataclass(frozen=True, kw_only=True)
class MeasuredJob(Job):
    """A job whose threads, memory and time are predicted from its inputs.

    While an input does not exist yet, a prediction raises ``FileNotFoundError`` with its name;
    Snakemake then shows ``<TBD>`` and asks again when the input exists.
    """

    THREADS: ClassVar[int] = 1

    def threads(self, inputs: Inputs) -> int:
        """Return the number of threads that make the job faster."""
        return self.THREADS

    @abstractmethod
    def mem_mb(self, inputs: Inputs, threads: int) -> int:
        """Return the largest memory in MiB that the job takes."""

    @abstractmethod
    def minutes(self, inputs: Inputs) -> int:
        """Return the longest time in minutes that the job takes."""


def build(kind: type[T], values: Mapping[str, Any], name: str) -> T:
    """Make a dataclass from a mapping and refuse unknown keys.

    Parameters
    ----------
    kind : type
        The dataclass.
    values : mapping
        Its fields by name.
    name : str
        What messages call it.

    Returns
    -------
    object
        An instance of ``kind``.

    Raises
    ------
    ConfigError
        If a key is unknown or a field without a default is missing.
    """
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise ConfigError(f"{name} has no setting {key!r}; it has {', '.join(known)}.")
    for key, item in known.items():
        if key not in values and item.default is MISSING and item.default_factory is MISSING:
            raise ConfigError(f"{name}: the setting {key!r} is missing.")
    return kind(**values)
