"""Errors whose text is written for the person who runs Counterpoise.

Each message names what is wrong, the place, and the remedy. Scripts print the text without a
traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


def strip_credentials(text: str) -> str:
    """Remove user, password and query from every URI in a text.

    Parameters
    ----------
    text : str
        Text that may contain URLs or database URIs.

    Returns
    -------
    str
        The text without them.
    """
    # In an http URL an @ after the first slash belongs to the path (but u:p/w@host is a login).
    text = re.sub(r"(?i)\b(https?://)([^/\s]*|[^/\s:\[]*:(?!\d+/)\S*)@", r"\1", text)
    # Other URIs: up to the last @, because a password may hold anything; sqlite paths begin with
    # a third slash.
    text = re.sub(r"(?i)(?<!\bhttp)(?<!\bhttps)://[^/\s]\S*@", "://", text)
    return re.sub(r"\?\S+", "", text)


class CounterpoiseError(Exception):
    """Base class of errors whose message is complete and meant to be read by a user."""


class ConfigError(CounterpoiseError):
    """A setting, a sample sheet or a combination of settings is refused."""


class InputError(CounterpoiseError):
    """A contact map cannot be read, or contradicts itself.

    Parameters
    ----------
    source : object
        File path or URL; credentials are removed from it.
    problem : str
        What is wrong and where (chromosome, column, pixel), as a sentence.
    remedy : str
        What the user can do, as a sentence.
    """

    def __init__(self, source: object, problem: str, remedy: str) -> None:
        self.source = strip_credentials(str(source))
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{self.source}: {problem} {remedy}")


class NotBalancedError(CounterpoiseError):
    """A method did not succeed, and ``on_failure: stop`` is set."""


class SetupError(CounterpoiseError):
    """A part of the installation is missing."""


class MissingExtraError(SetupError):
    """A package is missing that only an extra installs; the message has the command."""


class DiskFullError(CounterpoiseError):
    """A disk is full; the message names the folder and what is needed there."""


@contextmanager
def refuse_other_versions(path: object) -> Iterator[None]:
    """Turn the error of a result file of unknown content into an ``InputError``.

    The file is damaged, or another version wrote it.

    Parameters
    ----------
    path : str or Path
        The file that is read in the block.

    Raises
    ------
    InputError
        If a value of the file is missing, unknown or of another type.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            path,
            "is damaged or was written by another version of Counterpoise "
            f"({type(error).__name__}: {error}).",
            "Delete it and run the workflow again, which writes it.",
        ) from error
