"""Changes of bytes and of text. A change takes a generator of random numbers and the content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator
NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1)


def choose(rng: Random, values: Any) -> Any:
    """Return one of some values."""
    return values[int(rng.integers(len(values)))]


def _flip_bit(rng: Random, data: bytearray) -> None:
    data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))


def _set_byte(rng: Random, data: bytearray) -> None:
    data[int(rng.integers(len(data)))] = int(rng.integers(256))


def _set_number(rng: Random, data: bytearray) -> None:
    width = choose(rng, (2, 4, 8))
    number = choose(rng, NUMBERS) * choose(rng, (1, 1, 1, -1))
    place = int(rng.integers(max(len(data) - width, 1)))
    data[place : place + width] = (number % (1 << 8 * width)).to_bytes(width, "little")


def _add_to_byte(rng: Random, data: bytearray) -> None:
    place = int(rng.integers(len(data)))
    data[place] = (data[place] + choose(rng, (1, 255))) % 256


def _cut(rng: Random, data: bytearray) -> None:
    del data[int(rng.integers(len(data))) :]


def _remove(rng: Random, data: bytearray) -> None:
    place = int(rng.integers(len(data)))
    del data[place : place + int(rng.integers(1, 40))]


def _insert(rng: Random, data: bytearray) -> None:
    place = int(rng.integers(len(data)))
    data[place:place] = rng.bytes(int(rng.integers(1, 20)))


def _zero(rng: Random, data: bytearray) -> None:
    place, length = int(rng.integers(len(data))), int(rng.integers(1, 600))
    data[place : place + length] = bytes(len(data[place : place + length]))


def _copy(rng: Random, data: bytearray) -> None:
    length = int(rng.integers(1, 200))
    source, target = rng.integers(max(len(data) - length, 1), size=2).tolist()
    data[target : target + length] = data[source : source + length]


BYTE_CHANGES: tuple[Callable[[Random, bytearray], None], ...] = (
    *(_flip_bit, _flip_bit, _set_byte, _set_byte, _set_number, _set_number, _add_to_byte),
    *(_cut, _remove, _insert, _zero, _copy),
)


def change_bytes(rng: Random, content: bytes, dense: bool = False) -> bytes:
    """Return the content after a few changes; ``dense`` changes bytes that are not zero."""
    data = bytearray(content)
    places = np.flatnonzero(np.frombuffer(content, np.uint8)) if dense else None
    for _ in range(choose(rng, (1, 1, 1, 2, 4))):
        if places is not None and rng.random() < 0.7:
            place = int(choose(rng, places))
            if place < len(data):
                data[place] = int(rng.integers(256))
        elif data:
            choose(rng, BYTE_CHANGES)(rng, data)
    return bytes(data)


WORDS = (
    *("", " ", "\t", "\n", "\r\n", "\r", "\0", "\ufeff", '"', "'", "#", "::", ":", ",", ";", "|"),
    *("{", "}", "[", "]", "${x}", "${", "$(x)", "`x`", "%", "&a", "*a", "!!python/name:os.system"),
    *("!!binary x", "---", "...", "- ", "? ", "@", "~", "null", "true", "off", "007", "1e999"),
    *(
        ".nan",
        ".inf",
        "-1",
        "0",
        "1_000",
        "0x1f",
        "99999999999999999999",
        "1.5",
        "٣",
        "ä",
        "\ud7ff",
    ),
    *("../../etc/passwd", "/dev/null", "/dev/zero", "http://", "file:///x", "con", "a" * 300),
    *(
        "<<: *a",
        "=SUM(A1)",
        "\x1b[31m",
        "\u202e",
        "\u2028",
        "\x85",
        "\x0b",
        "???",
        "methods",
        "samples",
    ),
)


def change_text(rng: Random, content: str) -> bytes:
    """Return text after a few changes of words, lines or bytes."""
    for _ in range(choose(rng, (1, 1, 2, 4))):
        content = choose(rng, TEXT_CHANGES)(rng, content)
    data = content.encode(choose(rng, ("utf-8",) * 12 + ("utf-16",)), "surrogatepass")
    return change_bytes(rng, data) if rng.random() < 0.2 else data


def _insert_word(rng: Random, content: str) -> str:
    place = int(rng.integers(len(content) + 1))
    return content[:place] + choose(rng, WORDS) + content[place:]


def _replace_word(rng: Random, content: str) -> str:
    words = content.split(choose(rng, ("\t", " ", "\n")))
    word = choose(rng, words)
    return content.replace(word, choose(rng, WORDS), 1) if word else content


def _replace_value(rng: Random, content: str) -> str:
    lines = content.split("\n")
    place = int(rng.integers(len(lines)))
    key, mark, _ = lines[place].partition(choose(rng, (": ", "\t", ":")))
    lines[place] = key + mark + choose(rng, WORDS)
    return "\n".join(lines)


def _change_lines(rng: Random, content: str) -> str:
    lines = content.split("\n")
    first, second = rng.integers(len(lines), size=2).tolist()
    action = choose(rng, ("remove", "repeat", "swap", "indent"))
    if action == "remove":
        del lines[first]
    elif action == "repeat":
        lines.insert(second, lines[first])
    elif action == "swap":
        lines[first], lines[second] = lines[second], lines[first]
    else:
        lines[first] = choose(rng, ("  ", "\t", " ")) + lines[first]
    return "\n".join(lines)


def _change_line_ends(rng: Random, content: str) -> str:
    return content.replace("\n", choose(rng, ("\r\n", "\r", "\n\n", "")))


TEXT_CHANGES: tuple[Callable[[Random, str], str], ...] = (
    *(_insert_word, _replace_word, _replace_word, _replace_value, _replace_value, _change_lines),
    *(_change_lines, _change_line_ends),
)
