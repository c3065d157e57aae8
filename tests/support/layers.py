"""The rooms of the package in their layers, and what their modules import."""

from __future__ import annotations

import ast
from pathlib import Path

import counterpoise

PACKAGE = Path(counterpoise.__file__).parent
LAYERS = [
    {"cli"},
    {"interface", "jobs"},
    {"cohort"},
    {"columns"},
    {"ingest", "report", "tracking"},
    {"store"},
    {"balancing"},
    {"mask"},
    {"methods"},
    {"backends"},
    {"records"},
    {"contacts"},
    {"native"},
    {"files", "installation"},  # any room may import these and the next
    {"errors", "process", "cards", "_version"},
]
LEVEL = {room: -number for number, layer in enumerate(LAYERS) for room in layer}
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name of a module of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path.name} has a relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names & KNOWN


KNOWN = {module_name(path) for path in MODULES}


def room_of(path: Path) -> str:
    """Return the room of a module."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms() -> dict[str, set[str]]:
    """Return the rooms that each room imports."""
    rooms: dict[str, set[str]] = {room: set() for layer in LAYERS for room in layer}
    for path in MODULES:
        if (room := room_of(path)) in rooms:
            targets = {name.split(".")[1] for name in imported_modules(path) if "." in name}
            rooms[room] |= targets - {room}
    return rooms
