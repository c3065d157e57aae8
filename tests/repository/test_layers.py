"""Imports point down: the rooms of the package, from the top."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

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


def test_every_room_has_a_layer() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert rooms - {"__init__"} == set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_down(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return  # the public names of the whole package
    for name in imported_modules(path):
        target = name.split(".")[1] if "." in name else "__init__"
        assert target == room or LEVEL.get(target, 1) < LEVEL[room], f"{room} imports {name}"


def test_no_module_imports_itself_through_others() -> None:
    graph = {module_name(path): imported_modules(path) for path in MODULES}
    del graph["counterpoise"]
    while leaves := [name for name, targets in graph.items() if not targets & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph, f"these modules import each other in a circle: {', '.join(sorted(graph))}"
