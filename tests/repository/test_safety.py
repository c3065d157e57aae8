"""The statements of docs/how-it-works/safety.md: each names tests; the rest are tested here."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.cohort.compose import load_cohort
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import ConfigError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.store.paths import MapFiles
from tests.support import REPOSITORY
from tests.support.coolers import write_cool
from tests.support.hic_files import hic_bytes

PAGE = (REPOSITORY / "docs/how-it-works/safety.md").read_text(encoding="utf-8")
CITATION = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<function>\w+)`")
# Calls that execute what they read, by the end of their names.
EXECUTE = {"eval", "exec", "compile", "unsafe_load", "full_load", "instantiate", "system"}
COHORT = """\
# @package _global_
defaults:
  - /method@methods.ice: ice
  - _self_

cohort: mine
resolutions: [10000]
primary: ice
mask: {}
methods: {}
samples: {a: {path: resources/demo/simulated.cool}}
"""
MODULES = {"pickle", "dill", "joblib", "marshal", "shelve"}


def test_every_statement_has_a_test_that_exists() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [A-Z]", line)]
    assert len(rows) > 30
    assert not [row for row in rows if not CITATION.search(row.split(" | ")[-1])]
    for file, function in CITATION.findall(PAGE):
        text = (REPOSITORY / "tests" / file).read_text(encoding="utf-8")
        assert f"\ndef {function}(" in text, f"{file} has no {function}"


@pytest.mark.parametrize("name", ["x.cool", "x.hic"])
def test_reading_changes_no_input(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "x.hic":
        path.write_bytes(hic_bytes(8))
    else:
        bins = BinTable.fixed(("a", "b"), (50, 30), 10)
        bin1, bin2 = np.triu_indices(len(bins))
        write_cool(path, bins, (bin1, bin2, bin1 + bin2 + 1))
    before = path.read_bytes(), path.stat().st_mtime_ns
    info = inspect_source(str(path))
    resolution = info.levels[0].resolution
    write_map(info, resolution, MapFiles.in_folder(tmp_path / "map"))
    cp.balance(cp.read_contacts(path, resolution), "vc")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mask: {}", "mask: {_target_: os.mkdir, path: made}", "_target_"),
        ("methods: {}", "methods: {ice: {_target_: os.mkdir, path: made}}", "_target_"),
        ("primary: ice", "primary: !!python/object/apply:os.mkdir [made]", "not valid YAML"),
        ("primary: ice", "primary: ${oc.decode:__import__('os').mkdir('made')}", "primary"),
    ],
)
def test_configuration_runs_no_code(
    tmp_path: Path, old: str, new: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf" / "cohort" / "mine.yaml"
    file.write_text(COHORT)
    assert load_cohort("conf", ["cohort=mine"]).samples
    assert old in COHORT
    file.write_text(COHORT.replace(old, new))
    with pytest.raises(ConfigError, match=words):
        load_cohort("conf", ["cohort=mine"])
    assert not (tmp_path / "made").exists()


def test_the_package_executes_no_data() -> None:
    """Neither text as code nor pickles; compiling a regular expression is no such call."""
    for path in sorted((REPOSITORY / "workflow" / "counterpoise").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names]
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not MODULES & {name.partition(".")[0] for name in names}, path
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called == "re.compile" or called.split(".")[-1] not in EXECUTE, path
                keywords = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert keywords.get("shell") != "True", path
                assert keywords.get("allow_pickle") != "True", path
