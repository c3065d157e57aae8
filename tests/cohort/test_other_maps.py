"""Entries of ``methods`` that depend on other maps: priors, and weights of one for others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.cohort.entries import AppliedSettings, PriorSettings
from counterpoise.cohort.grouping import Extent
from counterpoise.cohort.other_maps import check_levels_of_other_maps
from counterpoise.errors import ConfigError
from tests.support import REPOSITORY
from tests.support.biased import BINS, write_biased

SAMPLES = """\
resolutions: [1kb]
samples:
  b: {path: map.cool, condition: wild}
  a: {path: map.cool, condition: wild}
  c: {path: map.cool, condition: mutant}
"""
LONG = """\
# @package _global_
defaults:
  - /method@methods.kde_eb: kde_eb
  - /method@methods.kr: kr
  - _self_
methods: {kde_eb: {prior: group}, kr: {apply_weights_of: a}}
"""
SHORT = "methods: {kde_eb: {prior: group}, kr: {apply_weights_of: a}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_biased(tmp_path / "map.cool", 20.0, 1, weight=np.ones(len(BINS)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compose(folder: Path, methods: str, *overrides: str, samples: str = SAMPLES) -> Cohort:
    (folder / "conf" / "cohort").mkdir(parents=True, exist_ok=True)
    text = methods if methods.startswith(("methods:", "#")) else f"methods: {{{methods}}}\n"
    (folder / "conf" / "cohort" / "mine.yaml").write_text(text + samples)
    chosen = ["cohort=mine", f"hydra.searchpath=[file://{folder}/conf]"]
    return load_cohort(REPOSITORY / "conf", [*chosen, *overrides])


@pytest.mark.parametrize("text", [SHORT, LONG], ids=["short", "long"])
def test_both_forms_and_overrides(folder: Path, text: str) -> None:
    cohort = compose(folder, text)
    assert cohort.priors == {"kde_eb": PriorSettings("group")}
    assert cohort.weights_of == {"kr": "a"}
    assert not hasattr(cohort.methods["kde_eb"], "prior")
    other = compose(folder, text, "methods.kde_eb.prior=cohort", "methods.kr.apply_weights_of=c")
    assert other.priors["kde_eb"].extent is Extent.COHORT
    assert other.weights_of == {"kr": "c"}
    without = compose(folder, text, "methods.kde_eb.prior=none", "methods.kr.apply_weights_of=null")
    assert (without.priors, without.weights_of) == ({}, {})


def test_without_these_keys_nothing_is_shared(folder: Path) -> None:
    cohort = compose(folder, "kde_eb: , kr: ")
    assert (cohort.priors, cohort.weights_of) == ({}, {})
    assert cohort.groups.pools("kde_eb") == {}


def test_pools_are_groups_of_two_or_more(folder: Path) -> None:
    cohort = compose(folder, "kde_eb: {prior: group}, alone: {method: kde_eb}")
    assert cohort.groups.pools("kde_eb") == {"wild": ["a", "b"]}
    assert cohort.groups.pools("alone") == {}
    assert cohort.groups.pooled("wild", 1000, "kde_eb") == ["a", "b"]
    everyone = compose(folder, "kde_eb: {prior: cohort}")
    assert everyone.groups.pools("kde_eb") == {"all": ["a", "b", "c"]}
    coarse = SAMPLES.replace("condition: mutant", "condition: mutant, resolutions: [2kb]")
    everyone = compose(folder, "kde_eb: {prior: cohort}", samples=coarse)
    assert everyone.groups.pooled("all", 1000, "kde_eb") == ["a", "b"]
    assert everyone.groups.pooled("all", 2000, "kde_eb") == ["c"]


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ("kr: {prior: group}", r"methods\.kr\.prior: there is no such key"),
        ("auto: {apply_weights_of: a}", r"methods\.auto\.apply_weights_of: there is no such key"),
        (
            "kde_eb: {prior: gruop}",
            r"methods\.kde_eb\.prior: the file gruop does not exist; .*group or cohort",
        ),
        (
            "kde_eb: {prior: group, prior_column: weight}",
            r"methods\.kde_eb\.prior_column is 'weight', and prior is group",
        ),
        (
            "kde_eb: {prior: 'https://host/deep.mcool'}",
            r"methods\.kde_eb\.prior is https://host/deep\.mcool; download the file",
        ),
        (
            "kde_eb: {prior: group, apply_weights_of: a}",
            r"methods\.kde_eb: apply_weights_of and prior exclude each other",
        ),
        (
            "kr: {apply_weights_of: aa}",
            r"methods\.kr\.apply_weights_of: .* no sample 'aa'\. Did you mean a\?",
        ),
    ],
)
def test_what_is_refused(folder: Path, methods: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose(folder, methods)


def test_a_sample_without_a_group(folder: Path) -> None:
    samples = SAMPLES.replace(", condition: mutant", "")
    with pytest.raises(ConfigError, match=r"methods\.kde_eb\.prior: the sample c has no group"):
        compose(folder, "kde_eb: {prior: group}", samples=samples)


def test_levels_of_other_maps(folder: Path) -> None:
    file = "kde_eb: {prior: map.cool, prior_column: weight}"
    check_levels_of_other_maps(compose(folder, file))
    with pytest.raises(ConfigError, match=r"prior: map\.cool has no level of 2 kb \(it has 1 kb\)"):
        check_levels_of_other_maps(compose(folder, file, "resolutions=[2kb]"))
    (folder / "bad.cool").write_text("no HDF5")
    with pytest.raises(ConfigError, match=r"methods\.kde_eb\.prior: bad\.cool: "):
        check_levels_of_other_maps(compose(folder, "kde_eb: {prior: bad.cool}"))
    coarse = SAMPLES.replace("condition: mutant", "condition: mutant, resolutions: [2kb]")
    check_levels_of_other_maps(compose(folder, "kr: {apply_weights_of: a}"))
    message = r"apply_weights_of: sample c has no level of 1 kb, which sample b has"
    with pytest.raises(ConfigError, match=message):
        check_levels_of_other_maps(compose(folder, "kr: {apply_weights_of: c}", samples=coarse))


def test_defaults() -> None:
    assert (PriorSettings().file, PriorSettings().extent) == ("", None)
    assert PriorSettings("deep.mcool::/resolutions/1000").file == "deep.mcool"
    assert AppliedSettings().apply_weights_of is None
