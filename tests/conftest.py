"""Fixtures for all tests, and the settings of hypothesis."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import SHARED

# `make test-random` sets HYPOTHESIS_PROFILE=many: more examples, and other ones each time.
settings.register_profile("few", deadline=None, derandomize=True, print_blob=True, max_examples=40)
settings.register_profile("many", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))

# A shell's background command ignores SIGINT, and so would the programs that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that read the real maps, which are no part of the repository."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("peers")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin no test after the moment that .ci/run sets, in seconds since 1970."""
    if time.time() > float(os.environ.get("NO_TEST_AFTER", "inf")):
        pytest.skip("CI has no time left for it; .ci/nightly runs it")


@pytest.fixture(scope="session", autouse=True)
def _no_forks() -> Iterator[None]:
    """Refuse forks of this process: a lock that another of its threads holds stays locked there."""

    def refuse() -> None:
        raise RuntimeError("a test forks its process; start another one, or 'spawn' the pool")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fork", refuse)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real maps and bad inputs, which is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip("there is no folder of real maps, which are not part of a clone")
    return SHARED
