"""Fixtures for all tests, and the settings of hypothesis."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Generator, Iterator
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

# Seconds since 1970; .ci/run sets it before the slow tests.
CI_ENDS = float(os.environ.get("CI_ENDS", "inf"))
# Seconds that a test takes at most on the slowest processors seen in CI.
SLOW_TEST, LONG_TEST = 900, 1500


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that read the real maps, which are no part of the repository."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("peers")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Begin no test too late for CI, and end one that hangs."""
    left = CI_ENDS - time.time()
    if left < (LONG_TEST if item.get_closest_marker("long") else SLOW_TEST):
        reason = "CI has no time left for it; .ci/nightly runs it"
        item.add_marker(pytest.mark.skip(reason=reason))
    elif left < math.inf:
        item.add_marker(pytest.mark.timeout(min(left, LONG_TEST)), append=False)
    return (yield)


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
