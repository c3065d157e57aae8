"""No test file imports another: what they share is in ``tests/support``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import REPOSITORY

TEST_FILES = sorted((REPOSITORY / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_imports_of_test_files(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            assert not node.level, f"line {node.lineno}: a relative import"
            assert not module.startswith("tests.") or module.startswith("tests.support"), (
                f"line {node.lineno}: move what {module} shares to tests/support"
            )
