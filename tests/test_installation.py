"""The light core works without the extras, and what needs one names it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import counterpoise
from counterpoise import installation
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import MissingExtraError, SetupError
from counterpoise.installation import EXTRAS, USEFUL_ALONE, name_missing_extra, workflow_folder
from tests.support import REPOSITORY
from tests.support.coolers import write_cool
from tests.support.hic_files import hic_bytes

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PACKAGE = Path(counterpoise.__file__).parent
# Rooms that need the extra workflow; Snakemake's jobs use them.
OF_THE_WORKFLOW = ("cohort", "jobs", "report", "tracking")

# Modules that cannot be imported: these need torch, and the last is the native library.
NOT_IMPORTED = ("operator", "panel_csr", "triton", "_native")

# Python runs this at the start of a process, so it also holds for the process that reads `.hic`.
ONLY_THE_CORE = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)

allowed = sys.stdlib_module_names | {{"counterpoise"}} | {core}
sys.meta_path.insert(0, Block())
"""

WORK = f"""
import importlib, pkgutil, sys
import counterpoise as cp
from counterpoise.cli.main import group

for module in pkgutil.walk_packages(cp.__path__, "counterpoise."):
    parts = module.name.split(".")
    if parts[1] not in {OF_THE_WORKFLOW} and parts[-1] not in {NOT_IMPORTED}:
        importlib.import_module(module.name)

for path in sys.argv[1:]:
    contacts = cp.read_contacts(path)
    print(cp.balance(path, "vc", mask=cp.mask_bins(contacts, {{"min_nnz": 0, "mad_max": 0}})))
print(cp.balance(sys.argv[1], "vc").to_cooler(sys.argv[1]))
for words in ["check"], ["balance", "-m", "kr", "--in-place"], ["init", sys.argv[1] + "_cohort"]:
    try:
        group([*words, sys.argv[1]])
    except SystemExit as end:
        assert not end.code
"""

# Statements, the start of the message and the extra that it names.
BOUNDARIES = {
    "cp.balance([[4, 2], [2, 9]]).plot()": ("plots need matplotlib", "workflow"),
    "cp.balance([[4, 2], [2, 9]]).to_frame()": ("tables need pandas", "workflow"),
    "cp.balance([[4, 2], [2, 9]], backend='torch')": ("the backend torch needs torch", "torch"),
    "cp.read_contacts(sys.argv[2], engine='hicstraw')": (
        "the .hic engine hicstraw, which also reads URLs, needs hic-straw",
        "workflow",
    ),
    "download.download('http://x/y', 'y')": ("downloads need requests", "workflow"),
    "demo_maps.simulate_map({'a': 9}, 9)": ("the maps of the demo need pandas", "workflow"),
    "template.load_template()": ("reports need jinja2", "workflow"),
    "images.embed_image('x', None, 1)": ("reports need pillow", "workflow"),
    "client.store_errors()": ("tracking needs mlflow", "workflow"),
    "group(['run', '--cohort', 'demo'])": ("the workflow needs snakemake", "workflow"),
    "group(['diff', 'x', 'y'])": ("reports need jinja2", "workflow"),
    "ui._serve('sqlite:///x', 1, None, True)": ("tracking needs mlflow", "workflow"),
}
NEEDS_AN_EXTRA = """
import sys
import counterpoise as cp
from counterpoise.cli import ui
from counterpoise.cli.main import group
from counterpoise.errors import MissingExtraError
from counterpoise.ingest import demo_maps, download
from counterpoise.report import images
from counterpoise.report.page import template
from counterpoise.tracking import client

try:
    {statement}
except MissingExtraError as error:
    print(error)
"""


def imported_packages(path: Path) -> set[str]:
    """Return the packages that a file imports anywhere, but not those of the standard library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def core_packages() -> set[str]:
    """Return the packages that ``pip install .`` brings, as they are imported."""
    names = {Requirement(text).name for text in PROJECT["dependencies"]}
    return {name.replace("-", "_") for name in names}


@pytest.fixture
def maps(tmp_path: Path) -> list[str]:
    """Return the paths of a small `.cool` and a small `.hic` file."""
    bins = BinTable.fixed(("a", "b"), (500, 300), 10)
    bin1, bin2 = np.triu_indices(len(bins))
    write_cool(tmp_path / "x.cool", bins, (bin1, bin2, bin1 + bin2 + 1))
    (tmp_path / "x.hic").write_bytes(hic_bytes(8))
    return [str(tmp_path / name) for name in ("x.cool", "x.hic")]


def run_with_the_core(program: str, maps: list[str]) -> str:
    """Run a program where only the packages of the light core can be imported."""
    folder = Path(maps[0]).parent
    (folder / "sitecustomize.py").write_text(ONLY_THE_CORE.format(core=core_packages()))
    path = os.pathsep.join([str(folder), str(PACKAGE.parent)])
    done = subprocess.run(
        [sys.executable, "-c", program, *maps],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_core_works_without_the_extras(maps: list[str]) -> None:
    printed = run_with_the_core(WORK, maps)
    assert printed.count("<Balance: vc") == 2
    assert "VC  coverage, divisive" in printed
    assert "KR  converged" in printed
    assert "1 sample at 10 bp" in printed


def test_every_package_belongs_to_the_core_or_to_an_extra() -> None:
    imported = set().union(*map(imported_packages, PACKAGE.rglob("*.py")))
    assert imported - core_packages() - {"counterpoise"} == set(EXTRAS)
    for package, extra in EXTRAS.values():
        listed = PROJECT["optional-dependencies"][extra]
        assert package in {Requirement(text).name for text in listed}


@pytest.mark.parametrize("statement", BOUNDARIES)
def test_a_missing_extra_is_named(statement: str, maps: list[str]) -> None:
    message, extra = BOUNDARIES[statement]
    printed = run_with_the_core(NEEDS_AN_EXTRA.format(statement=statement), maps)
    package = message.rpartition(" ")[2]
    alone = f"pip install {package}, or all: " if package in USEFUL_ALONE else ""
    remedy = f"{alone}pip install '.[{extra}]' (in a clone of the repository)"
    assert printed == f"{message}: {remedy}\n"


def test_a_missing_package_of_no_extra_stays_as_it_is() -> None:
    with pytest.raises(ModuleNotFoundError), name_missing_extra("nothing needs"):
        import no_such_package  # noqa: F401


def test_a_missing_part_of_a_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with (
        pytest.raises(MissingExtraError, match=r"^plots need matplotlib: pip"),
        name_missing_extra("plots need"),
    ):
        import matplotlib.figure  # noqa: F401


def test_the_workflow_of_a_clone_is_found() -> None:
    assert workflow_folder() == REPOSITORY


def test_a_package_without_the_workflow_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "__file__", str(tmp_path / "a" / "counterpoise" / "x.py"))
    with pytest.raises(SetupError, match="without the files of its workflow"):
        workflow_folder()


def test_no_text_installs_from_pypi_before_there_is_a_release() -> None:
    assert "No release is\non PyPI yet" in (REPOSITORY / "docs/start.md").read_text(
        encoding="utf-8"
    )
    texts = [*REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("profiles/**/*.*")]
    texts += [*PACKAGE.rglob("*.py"), REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md"]
    named = re.compile(r"pip install\s+(?:-\S+\s+)*['\"]*counterpoise")
    found = [str(path) for path in texts if named.search(path.read_text(encoding="utf-8"))]
    assert not found
