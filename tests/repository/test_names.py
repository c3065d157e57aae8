"""The public names that stay: renaming one of them breaks users' programs."""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.cohort.settings import CohortSettings
from counterpoise.methods import methods
from tests.support import REPOSITORY

PARAMETERS = {
    "balance": ["contacts", "method", "mask", "backend", "device", "threads"],
    "read_contacts": ["uri", "resolution", "engine"],
    "mask_bins": ["contacts", "settings"],
    "ice_normalize": ["matrix", "max_iter", "tolerance", "target"],
    "kde_normalize": ["matrix", "bandwidth", "max_iter", "tolerance", "backend", "device"],
    "kr_normalize": ["matrix", "max_iter", "tolerance", "backend", "device"],
    "vc_normalize": ["matrix"],
    "vc_sqrt_normalize": ["matrix"],
}
# Keyword arguments of ``balance`` that are settings of its method.
SETTINGS = {
    "ice": {"scope", "tolerance", "ignore_diags", "diagonal", "on_failure", "max_iterations"},
    "kde": {"scope", "tolerance", "ignore_diags", "bandwidth", "on_failure", "max_iterations"},
    "vc": {"scope", "ignore_diags", "on_failure"},
}
METHODS = ["ice", "kde", "kde_eb", "kr", "scale", "ssk", "ssk_cv", "vc", "vc_sqrt"]
STATUSES = {"converged", "computed", "not_converged", "failed", "empty"}
SECTIONS = ["cohort", "samples", "sample_sheet", "sources", "resolutions", "methods", "primary"]
SECTIONS += ["ingest", "mask", "backend", "tracking", "qc"]
RESULT = ["status", "reason", "weights", "se", "trace", "iterations", "matvecs", "verdict", "bias"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name: str) -> None:
    parameters = list(inspect.signature(getattr(cp, name)).parameters)
    assert [parameter for parameter in parameters if parameter in PARAMETERS[name]] == (
        PARAMETERS[name]
    )


@pytest.mark.parametrize("method", SETTINGS)
def test_settings_of_methods(method: str) -> None:
    assert SETTINGS[method] <= {field.name for field in fields(methods()[method].settings)}


def test_methods_and_their_files() -> None:
    assert set(METHODS) <= set(methods())
    package = REPOSITORY / "workflow" / "counterpoise" / "methods"
    registered_in = {methods()[name].settings.__module__ for name in METHODS}
    assert {module.split(".")[1] for module in registered_in} == {"methods"}
    assert {"ice", "kr", "kde", "scale", "ssk", "vc"} <= {path.stem for path in package.iterdir()}


def test_sections_of_the_configuration() -> None:
    assert set(SECTIONS) <= {field.name for field in fields(CohortSettings)}


def test_statuses() -> None:
    assert {str(status) for status in cp.Status} == STATUSES


def test_a_result_and_a_mask() -> None:
    contacts = np.random.default_rng(1).poisson(20, (30, 30))
    result = cp.balance(contacts + contacts.T, "ice")
    for name in RESULT:
        assert hasattr(result, name)
    assert result.verdict.to_dict()["status"] == "converged"
    assert cp.mask_bins(cp.Contacts.from_matrix(contacts + contacts.T)).kept.dtype == bool
