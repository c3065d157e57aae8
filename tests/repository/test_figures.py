"""Pictures of the documentation that show values of the code."""

from __future__ import annotations

import json
import runpy

import pytest
from PIL import Image

from counterpoise.records.fitness import FitnessSettings
from tests.support import REPOSITORY

IMAGES = REPOSITORY / "docs/images"
# The page of each picture that carries sentences of it, its script, and what of it makes them. The
# map of the others is downloaded, so they are drawn where it is.
PAGES = {
    "balanced.png": "docs/index.md",
    "bandwidth.png": "docs/how-it-works/kernel-density-balancing.md",
    "bias.png": "docs/how-it-works/balancing.md",
    "copies.png": "docs/how-it-works/balancing.md",
    "coverage.png": "docs/how-it-works/masks.md",
}
SIMULATED = {
    "bandwidth.png": ("bandwidth.py", "describe"),
    "bias.png": ("bias.py", "describe_bias"),
    "copies.png": ("bias.py", "describe_copies"),
}


def carried_sentences(name: str) -> list[str]:
    """Return what a picture says that its page says."""
    with Image.open(IMAGES / name) as image:
        return list(json.loads(image.info["Description"]))


@pytest.mark.parametrize("name", PAGES)
def test_pages_say_what_their_pictures_show(name: str) -> None:
    page = " ".join((REPOSITORY / PAGES[name]).read_text(encoding="utf-8").split())
    sentences = carried_sentences(name)
    assert sentences
    assert not [sentence for sentence in sentences if sentence not in page]


@pytest.mark.parametrize("name", SIMULATED)
def test_simulated_pictures_show_what_the_code_finds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, describe = SIMULATED[name]
    monkeypatch.syspath_prepend(str(IMAGES))
    drawing = runpy.run_path(str(IMAGES / script))
    assert drawing[describe](drawing["simulate"]()) == carried_sentences(name), script


def test_the_decision_shows_the_limits_of_the_code() -> None:
    drawing = runpy.run_path(str(IMAGES / "decision.py"))
    drawn = (IMAGES / "decision.svg").read_text(encoding="utf-8")
    assert drawn == drawing["draw"](FitnessSettings()), "run python docs/images/decision.py"
    changed = drawing["draw"](FitnessSettings(error_caution=0.125))
    assert "above 12.5 %" in changed
    assert "above 12.5 %" not in drawn
