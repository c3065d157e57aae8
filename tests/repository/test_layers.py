"""The top level holds what its page lists, rooms name their modules, and imports point down."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.support.layers import (
    LEVEL,
    MODULES,
    PACKAGE,
    imported_modules,
    module_name,
    room_of,
)
from tests.support.rooms_drawing import DRAWING, drawing

FOLDERS = [path.parent for path in MODULES if path.name == "__init__.py" and path.parent != PACKAGE]
# A new method or backend is one new module, which its room finds by this line.
REGISTERED = re.compile(r"^(?:BACKENDS|METHODS) = ", re.MULTILINE)


def test_the_top_level_holds_what_the_page_lists() -> None:
    page = (REPOSITORY / "docs/contributing/architecture.md").read_text(encoding="utf-8")
    table = page.partition("## Top level\n")[2].partition("\n## ")[0]
    listed = {name.split("/")[0] for name in re.findall(r"`([^`]+)`", table)}
    command = ["git", "-C", str(REPOSITORY), "ls-tree", "--name-only", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this is no clone: {done.stderr.strip()}")
    found = {name for name in done.stdout.split() if not name.startswith(".")}
    assert found <= listed


def test_every_room_has_a_layer() -> None:
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(LEVEL)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: module_name(folder / "__init__.py"))
def test_a_docstring_names_the_modules_of_its_folder(folder: Path) -> None:
    contents = {path.stem: path for path in MODULES if path.parent == folder}
    docstring = ast.get_docstring(ast.parse(contents.pop("__init__").read_text(encoding="utf-8")))
    contents |= {path.name: path / "__init__.py" for path in FOLDERS if path.parent == folder}
    expected = {
        name
        for name, path in contents.items()
        if not name.startswith("_") and not REGISTERED.search(path.read_text(encoding="utf-8"))
    }
    assert expected <= set(re.findall(r"`(\w+)/?`", docstring or ""))


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
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


def test_the_drawing_shows_the_imports() -> None:
    assert (REPOSITORY / DRAWING).read_text(encoding="utf-8") == drawing(), "run `make accept`"
