"""Fixtures for all tests, and the settings of hypothesis."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import SHARED

settings.register_profile("counterpoise", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("counterpoise")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that read the real maps, which are no part of the repository."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("peers")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real maps and bad inputs, which is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip(
            "the folder of real maps (../shared/data) is not here; it is no part of a clone"
        )
    return SHARED
