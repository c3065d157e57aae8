"""The drawing of the rooms and their imports, ``docs/images/rooms.svg``."""

from __future__ import annotations

from counterpoise.contacts.bins import pluralise
from counterpoise.report.svg import element
from tests.support.layers import LAYERS, MODULES, imported_rooms, room_of

DRAWING = "docs/images/rooms.svg"
ANYWHERE = LAYERS[-2] | LAYERS[-1]  # imported by all
WIDTH, ROW, BOX, HEIGHT = 720, 66, 112, 34
FONT = "system-ui, sans-serif"


def drawing() -> str:
    """Return the drawing. A line means that the upper room imports the lower one.

    Imports that follow from other lines are left out, as are those of the rooms at the bottom,
    which any room may import.
    """
    places = _places()
    lines = [_line(places[a], places[b]) for a, b in _edges()]
    boxes = [_box(room, place) for room, place in places.items()]
    height = ROW * len(LAYERS)
    return element(
        "svg",
        "\n" + "\n".join(lines + boxes) + "\n",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
        role="img",
        aria_label="Rooms of the package by layer, with lines for imports",
    )


def _places() -> dict[str, tuple[float, float]]:
    """Return the middle of the box of each room."""
    places = {}
    for row, layer in enumerate(LAYERS):
        rooms = sorted(layer)
        for column, room in enumerate(rooms):
            step = WIDTH / len(rooms)
            # Single rooms stand left and right in turn, so that lines past them are seen.
            shift = (0, -120, 120)[row % 3] if len(rooms) == 1 else 0
            places[room] = (step * (column + 0.5) + shift, ROW * (row + 0.5))
    return places


def _edges() -> list[tuple[str, str]]:
    """Return the imports that do not follow from others."""
    direct = {
        room: {target for target in targets if target not in ANYWHERE}
        for room, targets in imported_rooms().items()
        if room not in ANYWHERE
    }

    def reached(room: str) -> set[str]:
        return direct[room].union(*(reached(target) for target in direct[room]))

    implied = {room: set().union(*map(reached, direct[room])) for room in direct}
    return [(a, b) for a in sorted(direct) for b in sorted(direct[a] - implied[a])]


def _line(above: tuple[float, float], below: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = above, below
    y1, y2 = y1 + HEIGHT / 2, y2 - HEIGHT / 2
    middle = (y1 + y2) / 2
    path = f"M{x1:.0f},{y1:.0f} C{x1:.0f},{middle:.0f} {x2:.0f},{middle:.0f} {x2:.0f},{y2:.0f}"
    return element("path", d=path, fill="none", stroke="#8a949e", stroke_width=1.5)


def _box(room: str, place: tuple[float, float]) -> str:
    x, y = place
    modules = sum(room_of(path) == room for path in MODULES)
    fill = "#f1efe6" if room in ANYWHERE else "#dcebf5"
    frame = element(
        "rect", x=x - BOX / 2, y=y - HEIGHT / 2, width=BOX, height=HEIGHT, rx=6, fill=fill,
        stroke="#59636e",
    )  # fmt: skip
    name = element(
        "text", room, x=x, y=y - 1, text_anchor="middle", fill="#1b1f24", font_family=FONT,
        font_size=13, font_weight=600,
    )  # fmt: skip
    count = element(
        "text", pluralise(modules, "module"), x=x, y=y + 12, text_anchor="middle", fill="#59636e",
        font_family=FONT, font_size=10,
    )  # fmt: skip
    return frame + name + count
