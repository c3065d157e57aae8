"""The conda environments match pyproject.toml, and the file of the workflow catalog is valid."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from counterpoise.cohort.compose import load_cohort
from counterpoise.cohort.settings import BackendSettings
from tests.support import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
ENVIRONMENTS = ("counterpoise", "counterpoise-torch")

# Packages with another name on conda than on PyPI.
CONDA_NAMES = {
    "isal": "python-isal",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "zlib-ng": "python-zlib-ng",
}
NOT_IN_JOBS = {"snakemake"}  # it starts jobs and is in none of their environments
WITHOUT_REQUIREMENT = {"python", "pip"}


def entries(name: str) -> dict[str, str]:
    """Return packages and their pins (``3.16`` for ``h5py=3.16``; empty without a pin)."""
    content = yaml.safe_load((REPOSITORY / "envs" / f"{name}.yaml").read_text())
    assert set(content) == {"channels", "dependencies"}
    # Bioconda requires this order.
    assert content["channels"] == ["conda-forge", "bioconda"]
    pins: dict[str, str] = {}
    for entry in content["dependencies"]:
        package, _, pin = entry.partition("=")
        assert package not in pins, f"{package} is listed twice"
        pins[package] = pin
    return pins


def required(name: str) -> dict[str, Requirement]:
    """Return the requirements of an environment by conda's names."""
    extras = ["workflow", "torch"] if name == "counterpoise-torch" else ["workflow"]
    listed = list(PROJECT["dependencies"])
    for extra in extras:
        listed += PROJECT["optional-dependencies"][extra]
    requirements = [Requirement(text) for text in listed]
    return {
        CONDA_NAMES.get(requirement.name, requirement.name): requirement
        for requirement in requirements
        if requirement.name not in NOT_IN_JOBS
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environment_matches_the_requirements(name: str) -> None:
    pins, requirements = entries(name), required(name)
    assert set(pins) == set(requirements) | WITHOUT_REQUIREMENT
    for package, requirement in requirements.items():
        assert re.fullmatch(r"\d+(\.\d+){1,2}", pins[package]), f"{package} is not pinned"
        # The lowest version that the pin allows.
        assert Version(pins[package]) in requirement.specifier, f"{package}={pins[package]}"
    assert Version(f"{pins['python']}.0") in Requirement(f"x{PROJECT['requires-python']}").specifier


def test_environments_differ_only_by_torch() -> None:
    plain, torch = map(entries, ENVIRONMENTS)
    assert {**plain, "pytorch": torch["pytorch"]} == torch


def test_there_is_no_other_environment() -> None:
    assert {path.stem for path in (REPOSITORY / "envs").glob("*.y*ml")} == set(ENVIRONMENTS)


@pytest.mark.parametrize(
    ("overrides", "environment"),
    [
        ([], "counterpoise"),
        (["backend=native"], "counterpoise"),
        (["backend.device=cpu"], "counterpoise"),
        (["backend=torch"], "counterpoise-torch"),
        (["backend.device=cuda"], "counterpoise-torch"),
    ],
)
def test_configuration_selects_the_environment(overrides: list[str], environment: str) -> None:
    backend: BackendSettings = load_cohort(REPOSITORY / "conf", overrides).settings.backend
    assert backend.environment == environment


def test_catalog_file() -> None:
    """The file has exactly the keys that the Snakemake workflow catalog reads."""
    content: dict[str, Any] = yaml.safe_load(
        (REPOSITORY / ".snakemake-workflow-catalog.yml").read_text()
    )
    assert set(content) == {"usage"}
    usage = content["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert all(isinstance(text, str) and text for text in usage["mandatory-flags"].values())
    deployment = usage["software-stack-deployment"]
    assert set(deployment) == {"conda", "apptainer", "apptainer+conda"}
    rules = "".join(path.read_text() for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))
    assert deployment["conda"] is ("conda:" in rules)
    assert deployment["apptainer"] is deployment["apptainer+conda"] is ("container:" in rules)
    assert usage["report"] is ("report(" in rules)
