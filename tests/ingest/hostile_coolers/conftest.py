"""A sound cooler, for tests that damage it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.coolers import write_cool
from tests.support.hostile_coolers import BINS, pixels


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound map of 31 bins, 496 pixels in chunks of 100."""
    path = tmp_path / "map.cool"
    write_cool(path, BINS, pixels(), {"chunks": (100,), "compression": "gzip"})
    return path
