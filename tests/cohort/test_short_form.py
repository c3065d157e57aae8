"""The short form of a cohort: methods without a defaults list; words for resolutions; labels."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cooler
import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.cohort.resolutions import read_resolutions
from counterpoise.errors import ConfigError
from counterpoise.jobs.compare import CompareJob
from counterpoise.jobs.plan import Plan
from counterpoise.report.comparison.sets import divide_samples
from tests.support import REPOSITORY
from tests.support.maps import write_map

SAMPLES = """\
resolutions: [1kb, 2000]
samples:
  a: {path: a.cool, condition: wild, labels: {cell: K562}}
  b: {path: a.cool, condition: wild, resolutions: 2kb}
"""
SHORT = (
    "methods: {ice: , kr: {tolerance: 1e-6}, kr_genome: {method: kr, scope: genome}}\n" + SAMPLES
)
LONG = (
    """\
# @package _global_
defaults:
  - /method@methods.ice: ice
  - /method@methods.kr: kr
  - /method@methods.kr_genome: kr
  - _self_
cohort: mine
primary: ice
methods: {kr: {tolerance: 1e-6}, kr_genome: {scope: genome}}
"""
    + SAMPLES
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_map(tmp_path / "a.cool", 3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compose(folder: Path, text: str, *overrides: str, experiment: str = "") -> Cohort:
    for group, content in (("cohort", text), ("experiment", experiment)):
        (folder / "conf" / group).mkdir(parents=True, exist_ok=True)
        (folder / "conf" / group / "mine.yaml").write_text(content)
    chosen = ["cohort=mine", f"hydra.searchpath=[file://{folder}/conf]"]
    chosen += ["experiment=mine"] if experiment else []
    return load_cohort(REPOSITORY / "conf", [*chosen, *overrides])


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("methods.kr.max_products=5", "mask.min_nnz=3", "primary=kr"),
        ("methods.kr_genome.scope=cis", "+method@methods.loose=kr", "methods.loose.tolerance=1e-3"),
        ("methods.vc.scope=cis", "+method@methods.vc=vc"),
        ("~methods.ice",),
        ("resolutions=[5kb]", "samples.a.condition=other"),
    ],
)
@pytest.mark.parametrize("experiment", ["", "methods: {kr: {max_products: 7}}\nmask: {min_nnz: 4}"])
def test_both_forms_are_the_same(folder: Path, overrides: tuple[str, ...], experiment: str) -> None:
    if "~methods.ice" in overrides:
        overrides = (*overrides, "primary=kr")
    short = compose(folder, SHORT, *overrides, experiment=experiment)
    long = compose(folder, LONG, *overrides, experiment=experiment)
    for name in ("samples", "methods", "algorithms", "experiment"):
        assert getattr(short, name) == getattr(long, name)
    assert list(short.methods) == list(long.methods)
    assert replace(short.settings, methods={}) == replace(long.settings, methods={})


@pytest.mark.parametrize("form", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("methods.kr.max_product=5", r"methods\.kr\.max_product: .* Did you mean max_products\?"),
        ("methods.kr.tolerance=x", r"methods\.kr\.tolerance is 'x'; it must be a number"),
        ("methods.krr.tolerance=1", r"methods\.krr: there is no such key\. Did you mean kr\?"),
        ("methods.vc.scope=cis", r"\(it has ice, .*\); add it with \+method@methods\.vc=vc\."),
    ],
)
def test_misspellings_are_found_in_both_forms(
    folder: Path, form: str, override: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        compose(folder, form, override)


def test_an_experiment_adds_a_method(folder: Path) -> None:
    overlay = "methods: {kr: {max_products: 7}, loose: {method: kr, tolerance: 1e-3}}"
    for form in (SHORT, LONG):
        cohort = compose(folder, form, "methods.loose.max_products=9", experiment=overlay)
        assert cohort.experiment == "mine"
        assert list(cohort.methods) == ["ice", "kr", "kr_genome", "loose"]
        assert cohort.algorithms["loose"] == "kr"
        loose = cohort.methods["loose"]
        assert (loose.tolerance, loose.max_products) == (1e-3, 9)  # type: ignore[attr-defined]


def test_a_misspelt_setting_of_an_experiment(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"methods\.kr\.max_product: .*mean max_products"):
        compose(folder, SHORT, experiment="methods: {kr: {max_product: 7}}")


def test_a_list_of_methods(folder: Path) -> None:
    cohort = compose(folder, "methods: [vc, kr]\n" + SAMPLES)
    assert cohort.settings.primary == "vc"
    assert list(cohort.methods) == ["vc", "kr"]
    assert cohort.settings.cohort == "mine"


def test_an_unknown_method(folder: Path) -> None:
    message = (
        r"^conf/cohort/mine\.yaml: methods\.icee: there is no method 'icee'\. Did you mean ice"
    )
    with pytest.raises(ConfigError, match=message):
        compose(folder, "methods: {icee: }\n" + SAMPLES)
    with pytest.raises(ConfigError, match="An entry of another name needs the key method"):
        compose(folder, "methods: {genome: {scope: genome}}\n" + SAMPLES)


# --- resolutions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "sizes"),
    [
        (10_000, [10_000]),
        ("10kb", [10_000]),
        ([10_000, "1Mb"], [10_000, 1_000_000]),
        ("10kb, 1Mb;2.5 Mb", [10_000, 1_000_000, 2_500_000]),
        ("10kb,1Mb 500", [10_000, 1_000_000, 500]),
        ("ALL", "all"),
        ("4DN", "4dn"),
    ],
)
def test_resolutions_as_written(written: object, sizes: object) -> None:
    assert read_resolutions("here", written) == sizes


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ([0], r"x\[0\] is 0"),
        ([5, -5], r"x\[1\] is -5"),
        ([5, 6, "5"], r"x\[2\]: 5 is listed twice"),
        (["10kb", "all"], r"x\[1\]: the word all stands alone"),
        (["many"], r"x\[0\]: 'many' is no resolution.* all, 4DN and juicer"),
        ([1.5], r"x\[0\] is 1\.5"),
        ([True], r"x\[0\] is True"),
        ({"a": 1}, r"x\[0\] is \{'a': 1\}"),
    ],
)
def test_resolutions_that_are_refused(written: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_resolutions("x", written)


def test_words_stand_for_levels_of_the_file(folder: Path) -> None:
    assert compose(folder, SHORT, "resolutions=all").requested("a") == [1000]
    ladder = compose(folder, SHORT, "resolutions=4DN").requested("a")
    assert ladder[:4] == [1000, 2000, 5000, 10_000]
    assert ladder[-1] == 10_000_000
    assert compose(folder, SHORT, "resolutions=juicer").requested("a")[0] == 5000
    assert compose(folder, SHORT, "resolutions=all").requested("b") == [2000]


def test_levels_of_an_address_are_not_known(folder: Path) -> None:
    cohort = compose(folder, SHORT, "resolutions=all", "samples.a.path=https://host/a.mcool")
    with pytest.raises(ConfigError, match="levels of sample a are not known before its file"):
        cohort.requested("a")


def test_a_file_without_a_level_of_the_ladder(folder: Path) -> None:
    cooler.coarsen_cooler("a.cool", "coarse.cool", 3, 10**6)
    shutil.move("coarse.cool", "a.cool")
    with pytest.raises(ConfigError, match="resolutions: juicer: the file of sample a has no such"):
        compose(folder, SHORT, "resolutions=juicer").requested("a")


# --- labels and groups ----------------------------------------------------------------------------

SHEET = """\
sample\tpath\tcondition\tcell_type\tresolutions
a\ta.cool\twild\tK562\t
b\ta.cool\twild\tIMR90\t2kb,4kb
c\ta.cool\t\tIMR90\t
"""


def test_columns_of_the_sheet_are_labels(folder: Path) -> None:
    (folder / "samples.tsv").write_text(SHEET)
    text = "methods: [kr]\nresolutions: 1kb\nsample_sheet: samples.tsv\n"
    cohort = compose(folder, text)
    assert [cohort.entries[name].labels for name in "abc"] == [
        {"condition": "wild", "cell_type": "K562"},
        {"condition": "wild", "cell_type": "IMR90"},
        {"cell_type": "IMR90"},
    ]
    assert [cohort.requested(name) for name in "abc"] == [[1000], [2000, 4000], [1000]]
    assert [cohort.groups.of(name) for name in "abc"] == ["wild", "wild", ""]
    both = compose(folder, text, "group_by=[cell_type,condition]")
    assert [both.groups.of(name) for name in "abc"] == ["K562, wild", "IMR90, wild", "IMR90"]
    assert [compose(folder, text, "group_by=[]").groups.of(name) for name in "abc"] == [""] * 3
    with pytest.raises(ConfigError, match=r"group_by: no sample has a label 'cell'; .*cell_type"):
        compose(folder, text, "group_by=[cell]")


GROUPS = """\
methods: [kr]
resolutions: [1kb]
samples:
  a: {path: a.cool, condition: wild}
  b: {path: a.cool, condition: "drug {2 h}"}
  c: {path: a.cool, condition: wild}
"""


def compared_to(cohort: Cohort, resolution: int = 1000) -> str:
    return Plan(cohort, "results").compared_to(SimpleNamespace(resolution=str(resolution)))


def test_the_group_that_the_others_are_compared_to(folder: Path) -> None:
    usual, chosen = compose(folder, GROUPS), compose(folder, GROUPS, "compare_to='drug {2 h}'")
    assert list(CompareJob.of(usual, 1000).samples) == ["a", "b", "c"]
    job = CompareJob.of(chosen, 1000)
    assert list(job.samples) == ["b", "a", "c"]
    assert list(CompareJob.from_params(job.to_params()).samples) == ["b", "a", "c"]
    samples = [SimpleNamespace(name=name, labels=each) for name, each in job.samples.items()]
    assert [each.name for each in divide_samples(samples, ())] == ["drug {2 h}", "wild"]
    assert [compared_to(cohort) for cohort in (usual, chosen)] == [
        ", log2 ratios to wild",
        ", log2 ratios to drug {2 h}",
    ]
    words = r"compare_to: there is no group 'wilt'; the groups are drug \{2 h\}, wild\.$"
    with pytest.raises(ConfigError, match=words):
        compose(folder, GROUPS, "compare_to=wilt")


def test_of_many_groups_ten_are_named(folder: Path) -> None:
    rows = "".join(f"  s{n:02}: {{path: a.cool, condition: c{n:02}}}\n" for n in range(12))
    text = f"{GROUPS.partition('samples:')[0]}samples:\n{rows}"
    with pytest.raises(ConfigError, match=r"the groups are c00, .*, c09 and 2 more\.$"):
        compose(folder, text, "compare_to=d")


def test_without_two_groups_nothing_is_compared_to_one(folder: Path) -> None:
    for condition in ("wild", ""):
        text = GROUPS.replace('"drug {2 h}"', condition).replace("wild", condition)
        assert compared_to(compose(folder, text)) == ""
    some = GROUPS.replace("a.cool, condition: wild", "a.cool")
    assert compared_to(compose(folder, some)) == ", log2 ratios to samples without a group"


def test_the_group_that_the_others_of_a_resolution_are_compared_to(folder: Path) -> None:
    """A group may have no sample at a resolution, or only the sum of others."""
    text = GROUPS.replace("[1kb]", "[1kb, 2kb]")
    fewer = text.replace("wild}", "wild, resolutions: [2kb]}", 1).replace("wild}", "other}")
    for overrides in ((), ("compare_to=wild",)):
        cohort = compose(folder, fewer, *overrides)
        assert compared_to(cohort) == ", log2 ratios to drug {2 h}"
        assert compared_to(cohort, 2000) == ", log2 ratios to wild"
    merged = text + "merge: {sum: [a, c]}\ngroup_by: [condition, replicate]\n"
    for replicate in (1, 2):
        merged = merged.replace("wild}", f"wild, replicate: {replicate}}}", 1)
    assert compared_to(compose(folder, merged, "compare_to=wild")) == ", log2 ratios to wild, 1"
