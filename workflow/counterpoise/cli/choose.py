"""The choice of a cohort where none is named."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoise.errors import ConfigError


def choose_name(names: Sequence[str], place: str) -> str:
    """Return the only name.

    Parameters
    ----------
    names : sequence of str
        Names of cohorts, at least one.
    place : str
        Folder that they are from.

    Raises
    ------
    ConfigError
        If there are several; the message lists them.
    """
    if len(names) > 1:
        raise ConfigError(
            f"{place} has several cohorts; choose one with --cohort: {', '.join(names)}."
        )
    return names[0]
