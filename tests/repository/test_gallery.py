"""The gallery's page says what its pictures show, and what today's code says."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest

from tests.support import REPOSITORY

FOLDER = REPOSITORY / "docs" / "gallery"
AGAIN = "python docs/gallery/gallery.py"


def load_gallery() -> Any:
    spec = importlib.util.spec_from_file_location("gallery", FOLDER / "gallery.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


gallery = load_gallery()


@pytest.mark.parametrize("name", gallery.EXHIBITS)
def test_page_and_pictures_agree(name: str) -> None:
    facts = gallery.facts_of(FOLDER / f"{name}.png")
    page = gallery.PAGE.read_text(encoding="utf-8")
    assert f"]({name}.png)" in page
    assert f"<!-- verdicts: {name} -->\n{gallery.render(facts)}\n<!-- end -->" in page, AGAIN
    assert (FOLDER / f"{name}.png").stat().st_size < 150_000


@pytest.mark.parametrize("name", [name for name, each in gallery.EXHIBITS.items() if not each.file])
def test_verdicts_of_simulated_maps_are_those_of_the_code(name: str) -> None:
    exhibit = gallery.EXHIBITS[name]
    results = gallery.balance(exhibit.make(FOLDER), exhibit)
    assert gallery.describe(exhibit, results) == gallery.facts_of(FOLDER / f"{name}.png"), AGAIN
