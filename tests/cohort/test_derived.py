"""Cohorts that choose chromosomes, merge samples and thin maps: what is planned and refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cooler
import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort
from counterpoise.cohort.merging import Members
from counterpoise.cohort.thinning import ThinSettings
from counterpoise.errors import ConfigError
from counterpoise.jobs.ingest import IngestJob
from counterpoise.jobs.plan import Plan
from counterpoise.jobs.unrecorded import outdated_results
from counterpoise.store.missing import Unfinished, missing_reason
from counterpoise.store.runs import RunKey
from tests.support import REPOSITORY
from tests.support.maps import write_map

COHORT = """\
resolutions: [1000, 2000, 3000]
methods: [vc]
samples:
  wild_1: {path: fine.cool, condition: wild, replicate: "1", assembly: mm9, labels: {cell: ES}}
  wild_2: {path: fine.cool, condition: wild, replicate: "2", assembly: mm9, labels: {cell: ES}}
  mutant_1: {path: fine.cool, condition: mutant, labels: {cell: ES}}
  mutant_2: {path: coarse.cool, condition: mutant, labels: {cell: NPC}}
"""
MERGE = "merge: {wild: [wild_1, wild_2], mutant: [mutant_*]}\n"
ONLY = "merge_members: only_merge\n"


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    write_map(folder / "fine.cool", 3)
    cooler.coarsen_cooler(str(folder / "fine.cool"), str(folder / "coarse.cool"), 2, 10**6)
    return folder


@pytest.fixture
def folder(maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in maps.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compose(folder: Path, text: str, *overrides: str, experiment: str = "") -> Cohort:
    for group, content in (("cohort", text), ("experiment", experiment)):
        (folder / "conf" / group).mkdir(parents=True, exist_ok=True)
        (folder / "conf" / group / "mine.yaml").write_text(content)
    chosen = ["cohort=mine", f"hydra.searchpath=[file://{folder}/conf]"]
    chosen += ["experiment=mine"] if experiment else []
    return load_cohort(REPOSITORY / "conf", [*chosen, *overrides])


def place(sample: str, resolution: int) -> SimpleNamespace:
    return SimpleNamespace(sample=sample, resolution=str(resolution))


# --- off by default --------------------------------------------------------------------------


def test_a_cohort_without_them_is_planned_as_before(folder: Path) -> None:
    cohort = compose(folder, COHORT)
    assert list(cohort.samples) == ["wild_1", "wild_2", "mutant_1", "mutant_2"]
    assert cohort.read_samples == cohort.samples
    assert cohort.whole_maps == cohort.maps
    plan = Plan(cohort, "results")
    assert plan.read_sample_pattern == "[^/]+"
    assert plan.paths.whole_map_files() == plan.paths.map_files()
    params = plan.params("ingest")(place("wild_1", 1000))
    assert "chromosomes" not in params


def test_a_choice_of_chromosomes_is_a_setting_of_ingest_alone(folder: Path) -> None:
    plain = Plan(compose(folder, COHORT), "results")
    text = COHORT + "chromosomes: {keep: ['chr[0-9]*'], min_length: 1kb}\n"
    chosen = Plan(compose(folder, text), "results")
    where = place("wild_1", 1000)
    params = chosen.params("ingest")(where)
    choice = {
        "keep": ["chr[0-9]*"],
        "leave_out": [],
        "min_length": 1000,
        "order": [],
        "circular": [],
    }
    assert params == {**plain.params("ingest")(where), "chromosomes": choice}
    assert IngestJob.from_params(params) == chosen.job("ingest", where)
    for rule in ("inspect", "mask", "export", "track"):
        assert plain.params(rule)(where) == chosen.params(rule)(where)
    stated = [dict(plan.params("report")(where)) for plan in (plain, chosen)]
    assert stated[0].pop("settings") != stated[1].pop("settings")
    assert stated[0] == stated[1]


# --- merging ---------------------------------------------------------------------------------


def test_merged_samples_are_samples(folder: Path) -> None:
    cohort = compose(folder, COHORT + MERGE)
    assert list(cohort.samples) == ["wild_1", "wild_2", "mutant_1", "mutant_2", "wild", "mutant"]
    assert cohort.members == {"wild": ["wild_1", "wild_2"], "mutant": ["mutant_1", "mutant_2"]}
    assert list(cohort.read_samples) == ["wild_1", "wild_2", "mutant_1", "mutant_2"]
    assert cohort.resolutions("wild") == [1000, 2000, 3000]
    assert cohort.resolutions("mutant") == [2000]
    assert cohort.absent("mutant") == {
        1000: "mutant_2: no 1 kb level in coarse.cool (it has 2 kb)",
        3000: "mutant_2: no 3 kb level in coarse.cool (it has 2 kb)",
    }
    assert cohort.samples["wild"].all_labels == {"condition": "wild", "cell": "ES"}
    assert cohort.samples["wild"].assembly == "mm9"
    assert cohort.samples["mutant"].all_labels == {"condition": "mutant"}
    assert cohort.groups.of("wild") == "wild"
    assert cohort.finer_resolution("wild", 2000) is None
    assert cohort.compared[2000] == list(cohort.samples)
    plan = Plan(cohort, "results")
    expected = [*plan.paths.map_files("wild_1", 2000), *plan.paths.map_files("wild_2", 2000)]
    assert plan.member_maps(place("wild", 2000)) == expected
    assert plan.paths.cooler("wild") in plan.coolers
    with pytest.raises(ConfigError, match="sample mutant: mutant_2: no 1 kb level"):
        plan.member_maps(place("mutant", 1000))


def test_members_that_are_only_merged(folder: Path) -> None:
    cohort = compose(folder, COHORT + "merge: {both: ['*_2', wild_2]}\n" + ONLY)
    assert list(cohort.samples) == ["wild_1", "mutant_1", "both"]
    assert list(cohort.read_samples) == ["wild_1", "mutant_1", "wild_2", "mutant_2"]
    assert {run.sample for run in cohort.runs} == set(cohort.entries) == set(cohort.samples)
    read = [*(("wild_1", size) for size in (1000, 2000, 3000))]
    read += [*(("mutant_1", size) for size in (1000, 2000, 3000)), ("both", 2000)]
    assert cohort.maps == read
    assert cohort.whole_maps == [*read, ("wild_2", 2000), ("mutant_2", 2000)]
    plan = Plan(cohort, "results")
    assert plan.params("inspect")(place("wild_2", 2000))["uri"] == "fine.cool"
    assert plan.params("ingest")(place("wild_2", 2000))["uri"] == "fine.cool"
    # The first sample of the file computes its checksum.
    assert plan.first_records(place("wild_2", 2000)) == [
        plan.paths.input_record("wild_1"),
        plan.paths.input_state("wild_1"),
    ]


def test_no_pool_holds_contacts_twice(folder: Path) -> None:
    """A merged sample is in no pool with its members, or with another sum of one of them."""
    text = COHORT.replace("[vc]", "{kde_eb: {prior: cohort}}")
    names = ["mutant_1", "mutant_2", "wild_1", "wild_2"]
    with_members = compose(folder, text + "merge: {wild: [wild_*]}\n")
    assert with_members.groups.pools("kde_eb") == {"all": names}
    apart = compose(folder, text + "merge: {wild: [wild_*], mutant: [mutant_*]}\n" + ONLY)
    assert apart.groups.pools("kde_eb") == {"all": ["mutant", "wild"]}
    overlapping = "merge: {wild: [wild_*], late: [wild_2, mutant_2]}\n"
    assert compose(folder, text + overlapping + ONLY).groups.pools("kde_eb") == {}


def test_members_with_different_copy_numbers_are_refused(folder: Path) -> None:
    for name in ("one.bed", "two.bed"):
        (folder / name).write_text("c0\t0\t1000\t2\n")
    text = COHORT.replace("[vc]", "[kr]") + "merge: {wild: [wild_*]}\n"
    own = "samples.wild_1.copy_number=one.bed"
    with pytest.raises(ConfigError, match=r"merge\.wild: its members have different tables"):
        compose(folder, text, own)
    same = compose(folder, text, own, "samples.wild_2.copy_number=one.bed")
    assert same.copy_number("wild") == "one.bed"


@pytest.mark.parametrize(
    "section", ["mask: {shared: union, shared_within: group}\n", "thin: {least_of: group}\n"]
)
def test_a_merged_sample_without_a_group_is_refused_at_the_start(
    folder: Path, section: str
) -> None:
    with pytest.raises(ConfigError, match="the sample both has no group"):
        compose(folder, COHORT + "merge: {both: [wild_1, mutant_1]}\n" + section)


def test_thinned_maps_without_a_record_are_made_again(folder: Path) -> None:
    """They do not say of which settings they are."""
    plan = Plan(compose(folder, COHORT + "thin: {fraction: 0.5}\n"), "results")
    source = Path(plan.job_paths.map_files("wild_1", 1000).source)
    source.parent.mkdir(parents=True)
    source.write_text("{}")
    assert str(source) in outdated_results(plan, lambda path: False)
    assert str(source) not in outdated_results(plan, lambda path: True)


def test_a_merged_sample_does_not_vote_beside_its_members(folder: Path) -> None:
    text = COHORT + "mask: {shared: union, shared_within: cohort}\nmerge: {wild: [wild_*]}\n"
    members = ["wild_1", "wild_2", "mutant_1", "mutant_2"]
    cohort = compose(folder, text)
    assert cohort.groups.sharing_mask("all", 2000) == members
    assert cohort.groups.mask_group("wild") == "all"
    apart = compose(folder, text + ONLY)
    assert apart.groups.sharing_mask("all", 2000) == ["mutant_1", "mutant_2", "wild"]


def test_samples_wait_for_the_map_that_decides_on_their_depth(folder: Path) -> None:
    plan = Plan(compose(folder, COHORT + "thin: {least_of: group}\n"), "results")
    lost = [plan.paths.whole_map_files("wild_2", 1000).source, plan.paths.least("wild")]
    lost.append(plan.paths.map_files("wild_1", 1000).source)
    awaited = plan.awaited(lost)
    assert awaited == {plan.paths.least("wild"): ["wild_2"]}
    unfinished = Unfinished(
        tuple(lost), thinned=True, least_groups=plan.least_groups, awaited=awaited
    )
    reason = missing_reason(plan.paths, RunKey("wild_1", 1000, "vc"), unfinished)
    assert reason.startswith("find_least: waits for wild_2, which failed;")


def test_every_group_is_merged(folder: Path) -> None:
    cohort = compose(folder, COHORT + "merge: group\n")
    assert cohort.members == {"wild": ["wild_1", "wild_2"], "mutant": ["mutant_1", "mutant_2"]}
    # A group of one stays as it is, also if members are not balanced.
    finer = compose(folder, COHORT + "merge: group\ngroup_by: [condition, cell]\n" + ONLY)
    assert finer.members == {"wild_ES": ["wild_1", "wild_2"]}
    assert list(finer.samples) == ["mutant_1", "mutant_2", "wild_ES"]


def test_no_rule_that_reads_files_takes_a_merged_sample(folder: Path) -> None:
    """The samples' names begin alike."""
    plan = Plan(compose(folder, COHORT + MERGE), "results")
    pattern = plan.read_sample_pattern

    def matches(path: str, before: str, after: str) -> bool:
        return re.fullmatch(f"{before}(?P<sample>{pattern}){after}", path) is not None

    for sample in ("wild_1", "wilder", "wild.1", "a"):
        assert matches(f"triples/{sample}/1000", "triples/", "/1000")
        assert matches(f"inputs/{sample}.json", "inputs/", r"\.json")
    for sample in ("wild", "mutant"):
        assert not matches(f"triples/{sample}/1000", "triples/", "/1000")
        assert not matches(f"inputs/{sample}.json", "inputs/", r"\.json")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("merge: [wild_1]", r"merge is \['wild_1'\]; write lists .* or the word group"),
        ("merge: groups", "merge is 'groups'; write lists"),
        (
            "merge: {x: [wild_1, wild_3]}",
            r"merge\.x: there is no sample wild_3\. Did you mean wild",
        ),
        ("merge: {x: ['z*']}", r"merge\.x: there is no sample z\*\."),
        ("merge: {x: wild_1}", r"merge\.x has one member \(wild_1\); name two or more"),
        ("merge: {x: [wild_1, 7]}", r"merge\.x: 7 is no name; put it in quotes"),
        ("merge: {7: ['wild_*']}", r"merge\.7: 7 is no name; put it in quotes"),
        ("merge: {WILD_1: ['wild_*']}", r"merge\.WILD_1: there is already a sample wild_1"),
        ("merge: {a/b: ['wild_*']}", "the name 'a/b' cannot be used in paths"),
        ("merge_members: drop", "merge_members is 'drop'; it must be balance or only_merge"),
        ("merge: group\ngroup_by: [replicate]", "merge: the sample mutant_1 has no group"),
        ("merge: group\ngroup_by: [condition, cell, replicate]", "no group has two samples"),
        (
            "  WILD: {path: fine.cool, condition: wild}\nmerge: group",
            r"merge\.wild: .* already a sample WILD; rename the sample",
        ),
    ],
)
def test_sections_that_are_refused(folder: Path, section: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose(folder, f"{COHORT}{section}\n")


def test_members_without_a_common_resolution_are_refused(folder: Path) -> None:
    text = COHORT.replace("mutant_1: {", "mutant_1: {resolutions: [3000], ")
    with pytest.raises(ConfigError, match=r"merge\.mutant: no resolution of 3 kb can be had from"):
        compose(folder, text + MERGE).resolutions("mutant")
    text = text.replace("mutant_2: {", "mutant_2: {resolutions: [2000], ")
    with pytest.raises(ConfigError, match=r"merge\.mutant: its members have no resolution in comm"):
        compose(folder, text + MERGE).resolutions("mutant")


def test_choices_of_members() -> None:
    assert [*Members] == ["balance", "only_merge"]


# --- thinning --------------------------------------------------------------------------------


def test_the_finest_level_is_drawn_and_its_multiples_are_summed(folder: Path) -> None:
    text = COHORT.replace("3000]", "3000, 6000]") + "thin: {contacts: 1k}\n"
    cohort = compose(folder, text + MERGE)
    plan = Plan(cohort, "results")
    paths = plan.paths
    sizes = cohort.resolutions("wild_1")
    chain = {1000: None, 2000: 1000, 3000: 1000, 6000: 3000}
    assert {size: cohort.thinned_from("wild_1", size) for size in sizes} == chain
    assert [where for where in cohort.whole_maps if where[0] == "wild_1"] == [("wild_1", 1000)]
    assert plan.whole_map(place("wild_1", 1000)) == list(paths.whole_map_files("wild_1", 1000))
    assert plan.finer_thinned_map(place("wild_1", 1000)) == []
    assert plan.whole_map(place("wild_1", 6000)) == []
    assert plan.finer_thinned_map(place("wild_1", 6000)) == list(paths.map_files("wild_1", 3000))
    assert paths.whole_map_files("a", 1).source == "results/mine/whole/a/1/source.json"
    assert paths.map_files("a", 1).source == "results/mine/triples/a/1/source.json"
    # The members of a merged sample are summed before it is thinned.
    assert plan.member_maps(place("mutant", 2000)) == [
        *paths.whole_map_files("mutant_1", 2000),
        *paths.whole_map_files("mutant_2", 2000),
    ]
    assert plan.least_of_sample(place("wild_1", 1000)) == []


def test_the_least_of_a_group_is_found_by_one_job(folder: Path) -> None:
    """So the inputs of all jobs together grow with the samples and not with their square."""
    for extent, groups in (
        ("group", {"wild": ["wild_1", "wild_2"], "mutant": ["mutant_1", "mutant_2"]}),
        ("cohort", {"all": ["wild_1", "wild_2", "mutant_1", "mutant_2"]}),
    ):
        cohort = compose(folder, COHORT + f"thin: {{least_of: {extent}}}\n")
        assert cohort.groups.least_samples == groups
        plan = Plan(cohort, "results")
        for group, samples in groups.items():
            counted = plan.maps_to_count(SimpleNamespace(group=group))
            finest = {name: min(cohort.resolutions(name)) for name in samples}
            files = [plan.paths.whole_map_files(*where).source for where in finest.items()]
            assert counted == files
            for name, size in finest.items():
                assert plan.least_of_sample(place(name, size)) == [plan.paths.least(group)]
        assert plan.least_of_sample(place("wild_1", 2000)) == []  # it is summed


@pytest.mark.parametrize(
    ("section", "contacts", "least", "expected"),
    [
        ({"contacts": "10M"}, 5, None, 10**7),
        ({"contacts": "2.5k"}, 5, None, 2500),
        ({"contacts": 7}, 5, None, 7),
        ({"fraction": 0.25}, 10, None, 2),
        ({"least_of": "group"}, 10, 3, 3),
    ],
)
def test_how_many_contacts_are_kept(
    section: dict[str, Any], contacts: int, least: int | None, expected: int
) -> None:
    settings = ThinSettings(**section)
    assert settings.is_on
    assert settings.count(contacts, least) == expected


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{contacts: many}", r"thin\.contacts is 'many'; write a whole number, or such as"),
        ("{contacts: 0}", r"thin\.contacts is 0; it must be 1 or more"),
        ("{contacts: 1.5}", r"thin\.contacts"),
        ("{fraction: 1.0}", r"thin\.fraction is 1\.0; it must be between 0 and 1"),
        ("{fraction: 0}", r"thin\.fraction is 0\.0; it must be between 0 and 1"),
        ("{least_of: groups}", r"thin\.least_of is 'groups'; it must be group or cohort"),
        ("{seed: -1}", r"thin\.seed is -1; it must be 0 or more"),
        ("{contacts: 5, fraction: 0.5}", r"thin\.contacts and thin\.fraction exclude each other"),
        ("{contact: 5}", r"thin\.contact: there is no such key\. Did you mean contacts"),
    ],
)
def test_thinning_that_is_refused(folder: Path, section: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose(folder, f"{COHORT}thin: {section}\n")


def test_a_seed_alone_thins_nothing() -> None:
    assert not ThinSettings(seed=3).is_on


# --- experiments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "experiment", "key"),
    [
        ("", "chromosomes: {keep: [chr1]}", "chromosomes.keep"),
        ("", MERGE, "merge.wild"),
        ("merge: group\n", "merge: {}", "merge"),
        (MERGE, ONLY, "merge_members"),
        ("", "thin: {contacts: 5}", "thin.contacts"),
        ("thin: {contacts: 5}\n", "resolutions: [2000]", "resolutions"),
        ("thin: {least_of: group}\n", "group_by: [cell]", "group_by"),
        ("merge: group\n", "group_by: [cell]", "group_by"),
        ("merge: group\n", "samples: {wild_1: {condition: x}}", "samples.wild_1.condition"),
    ],
)
def test_experiments_share_the_maps(folder: Path, text: str, experiment: str, key: str) -> None:
    message = rf"experiment/mine\.yaml: {re.escape(key)}: an experiment shares"
    with pytest.raises(ConfigError, match=message):
        compose(folder, COHORT + text, experiment=experiment)


@pytest.mark.parametrize("experiment", ["resolutions: [2000]", "group_by: [cell]"])
def test_experiments_may_change_what_the_maps_do_not_depend_on(
    folder: Path, experiment: str
) -> None:
    assert compose(folder, COHORT + MERGE, experiment=experiment).experiment == "mine"
