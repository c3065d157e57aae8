"""The conda environments hold what pyproject.toml asks for, and the catalog's file has its form."""

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

# Packages that conda calls otherwise than PyPI.
CONDA_NAMES = {
    "isal": "python-isal",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "zlib-ng": "python-zlib-ng",
}
NOT_IN_JOBS = {"snakemake"}  # it starts the jobs' environments and is in none
WITHOUT_REQUIREMENT = {"python", "pip"}


def entries(name: str) -> dict[str, str]:
    """Packages and their pins (``3.16`` for ``h5py=3.16``); empty where there is none."""
    content = yaml.safe_load((REPOSITORY / "envs" / f"{name}.yaml").read_text())
    assert set(content) == {"channels", "dependencies"}
    # In this order, as Bioconda asks for.
    assert content["channels"] == ["conda-forge", "bioconda"]
    found: dict[str, str] = {}
    for entry in content["dependencies"]:
        package, _, pin = entry.partition("=")
        assert package not in found, f"{package} is there twice"
        found[package] = pin
    return found


def required(name: str) -> dict[str, Requirement]:
    """Requirements by conda's names."""
    listed = list(PROJECT["dependencies"])
    if name == "counterpoise-torch":
        listed += PROJECT["optional-dependencies"]["torch"]
    requirements = [Requirement(text) for text in listed]
    return {
        CONDA_NAMES.get(requirement.name, requirement.name): requirement
        for requirement in requirements
        if requirement.name not in NOT_IN_JOBS
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environment_is_what_the_package_requires(name: str) -> None:
    found, wanted = entries(name), required(name)
    assert set(found) == set(wanted) | WITHOUT_REQUIREMENT
    for package, requirement in wanted.items():
        assert re.fullmatch(r"\d+(\.\d+){1,2}", found[package]), f"{package} is not pinned"
        # The least version that the pin allows; patches above it are as good.
        assert Version(found[package]) in requirement.specifier, f"{package}={found[package]}"
    assert (
        Version(f"{found['python']}.0") in Requirement(f"x{PROJECT['requires-python']}").specifier
    )


def test_the_one_with_torch_differs_by_torch_alone() -> None:
    plain, torch = map(entries, ENVIRONMENTS)
    assert {**plain, "pytorch": torch["pytorch"]} == torch


def test_no_other_environment_is_there() -> None:
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
def test_the_config_chooses_the_environment(overrides: list[str], environment: str) -> None:
    backend: BackendSettings = load_cohort(REPOSITORY / "conf", overrides).settings.backend
    assert backend.environment == environment


def test_catalog_file() -> None:
    """The keys that https://snakemake.github.io/snakemake-workflow-catalog reads, and no others."""
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
