"""The recipe for Bioconda and the release of GitHub match the rest of the repository."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined
from packaging.requirements import Requirement

import counterpoise
from tests.support import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
SOURCE = (REPOSITORY / "envs" / "recipe" / "meta.yaml").read_text()
RELEASE = (REPOSITORY / ".github" / "workflows" / "release.yml").read_text()
CONDA_NAMES = {
    "isal": "python-isal",
    "matplotlib": "matplotlib-base",
    "snakemake": "snakemake-minimal",
    "torch": "pytorch",
    "zlib-ng": "python-zlib-ng",
}
# The sections that conda-build knows, of those that a recipe for Bioconda has.
SECTIONS = ["package", "source", "build", "requirements", "test", "about", "extra"]


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """Return the recipe as conda-build reads it for Linux."""
    text = (
        Environment(undefined=StrictUndefined)
        .from_string(SOURCE)
        .render(
            PYTHON="$PYTHON",
            compiler=lambda language: f"{language}-compiler",
            stdlib=lambda language: f"{language}-stdlib",
            pin_subpackage=lambda name, max_pin: f"{name} {max_pin}",
        )
    )
    kept = [line for line in text.splitlines() if "# [" not in line]
    loaded: dict[str, Any] = yaml.safe_load("\n".join(kept))
    return loaded


def as_conda_writes(requirements: list[str]) -> set[str]:
    """Return requirements by conda's names: ``python-isal >=1.7``."""
    written = set()
    for requirement in map(Requirement, requirements):
        name = CONDA_NAMES.get(requirement.name, requirement.name)
        bounds = sorted(map(str, requirement.specifier), key=lambda bound: bound.startswith("<"))
        written.add(f"{name} {','.join(bounds)}")
    return written


def supported_versions() -> list[str]:
    """Return the versions of Python that the package supports: ``3.11`` and so on."""
    specifier = Requirement(f"x{PROJECT['requires-python']}").specifier
    return [f"3.{minor}" for minor in range(30) if specifier.contains(f"3.{minor}.1")]


def test_sections(recipe: dict[str, Any]) -> None:
    assert list(recipe) == SECTIONS
    assert recipe["package"] == {"name": PROJECT["name"], "version": counterpoise.__version__}
    assert (REPOSITORY / "envs" / "recipe" / recipe["source"]["path"]).resolve() == REPOSITORY
    assert (REPOSITORY / recipe["about"]["license_file"]).is_file()
    assert recipe["about"]["license"] == PROJECT["license"]
    assert recipe["build"]["number"] == 0


def test_requirements(recipe: dict[str, Any]) -> None:
    requirements = recipe["requirements"]
    assert requirements["build"] == ["c-compiler", "c-stdlib"]
    assert set(requirements["run"]) == as_conda_writes(PROJECT["dependencies"]) | {"python"}
    extras = PROJECT["optional-dependencies"]
    listed = [text for name in ("workflow", "torch", "cluster") for text in extras[name]]
    optional = as_conda_writes([text for text in listed if not text.startswith("counterpoise")])
    assert set(requirements["run_constrained"]) == optional
    for names in requirements.values():
        assert names == sorted(names)


def test_the_build_has_what_pyproject_requires(recipe: dict[str, Any]) -> None:
    system = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["build-system"]
    host = set(recipe["requirements"]["host"])
    assert host == as_conda_writes(system["requires"]) | {"pip", "python"}
    lowest, *_, highest = supported_versions()
    selector = f"win or py<{lowest.replace('.', '')} or py>{highest.replace('.', '')}"
    assert f"skip: true  # [{selector}]" in SOURCE


def test_commands_of_the_recipe(recipe: dict[str, Any]) -> None:
    for module in recipe["test"]["imports"]:
        __import__(module)
    first, second = recipe["test"]["commands"]
    assert first in {f"{script} --help" for script in PROJECT["scripts"]}
    match = re.fullmatch(r'python -c "(.*)"', second)
    assert match
    exec(match[1], {})


def test_the_release_tries_a_wheel_of_every_platform_on_every_python() -> None:
    content = yaml.safe_load(RELEASE)
    assert {"build", "try", "publish"} == set(content["jobs"])
    tried = {entry["wheel"] for entry in content["jobs"]["try"]["strategy"]["matrix"]["include"]}
    script = (REPOSITORY / "envs" / "release.py").read_text()
    assert tried == set(re.findall(r'"((?:manylinux|macosx)\w+)": Platform', script))
    assert re.findall(r"--python python(3\.\d+)", RELEASE) == supported_versions()
