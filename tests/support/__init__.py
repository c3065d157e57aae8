"""Helpers of several test files: maps, cohorts, servers. No test file imports another."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Real maps and damaged inputs, which are not part of the repository.
SHARED = REPOSITORY.parent / "shared" / "data"
