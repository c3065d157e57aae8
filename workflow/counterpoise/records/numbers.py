"""The check of settings that are numbers."""

from __future__ import annotations

from numbers import Real

from counterpoise.errors import ConfigError


def require_number(key: str, value: object) -> None:
    """Refuse a setting that is no number.

    Parameters
    ----------
    key : str
        Name of the setting, for the message.
    value : object
        Its value.

    Raises
    ------
    ConfigError
        If the value is a text, None or anything else that cannot be compared with numbers.
    """
    if not isinstance(value, Real):
        raise ConfigError(f"{key} is {value!r}; it must be a number.")
