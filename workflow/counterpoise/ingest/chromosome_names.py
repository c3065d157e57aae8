"""Check the names of chromosomes, whatever file they come from."""

from __future__ import annotations

from counterpoise.errors import InputError


def check_chromosome_names(names: tuple[str, ...], source: str) -> None:
    """Refuse chromosomes without a name or with control characters in it, and two of one name.

    Parameters
    ----------
    names : tuple of str
        The names.
    source : str
        Path, for messages.

    Raises
    ------
    InputError
        The message names the chromosome.
    """
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise InputError(
                source, f"chromosome {number} has no name.", "Write it again with all names."
            )
        if any(ord(letter) < 32 for letter in name):
            raise InputError(
                source,
                f"chromosome {number} has the name {name[:40]!r}, which holds control characters.",
                "The file is damaged; write it again.",
            )
        if name in first:
            raise InputError(
                source,
                f"lists a chromosome name twice: {name!r} is the name of the chromosomes "
                f"{first[name]} and {number}.",
                "Write it again with names that differ.",
            )
        first[name] = number
