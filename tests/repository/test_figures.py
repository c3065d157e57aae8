"""Pictures of the documentation that show values of the code."""

from __future__ import annotations

import runpy

from counterpoise.records.fitness import FitnessSettings
from tests.support import REPOSITORY

IMAGES = REPOSITORY / "docs/images"


def test_the_decision_shows_the_limits_of_the_code() -> None:
    drawing = runpy.run_path(str(IMAGES / "decision.py"))
    drawn = (IMAGES / "decision.svg").read_text(encoding="utf-8")
    assert drawn == drawing["draw"](FitnessSettings()), "run python docs/images/decision.py"
    changed = drawing["draw"](FitnessSettings(error_caution=0.125))
    assert "above 12.5 %" in changed
    assert "above 12.5 %" not in drawn
