"""Errors whose text is written for the person who ran Counterpoise.

Every one of them names the thing that is wrong, the place, and what to do; scripts print
the text without a traceback.
"""

from __future__ import annotations

import re


def without_credentials(text: str) -> str:
    """Text without the user, password and query of any URI in it."""
    # On the web an @ behind the first slash belongs to the path (but u:p/w@host was meant so).
    text = re.sub(r"\b(https?://)([^/\s]*|[^/\s:\[]*:(?!\d+/)\S*)@", r"\1", text)
    # Else up to the last @, since a password may hold anything; sqlite paths begin with a third /.
    text = re.sub(r"(?<!\bhttp)(?<!\bhttps)://[^/\s]\S*@", "://", text)
    return re.sub(r"\?\S+", "", text)


class CounterpoiseError(Exception):
    """Base class: the message is complete and meant to be read by a user."""


class ConfigError(CounterpoiseError):
    """A setting, a sample sheet or a combination of settings is refused."""


class InputError(CounterpoiseError):
    """A contact map cannot be read, or what it says cannot be true.

    Parameters
    ----------
    source : file path or URL.
    problem : what is wrong and where (chromosome, column, pixel), as a sentence.
    remedy : what the user can do, as a sentence.
    """

    def __init__(self, source: object, problem: str, remedy: str) -> None:
        self.source = without_credentials(str(source))
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{self.source}: {problem} {remedy}")


class NotBalancedError(CounterpoiseError):
    """A method did not succeed and ``on_failure: stop`` was asked for."""


class SetupError(CounterpoiseError):
    """Something that the installation should have brought is missing."""
