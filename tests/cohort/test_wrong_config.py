"""Everything wrong in a configuration is refused, by its key."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from counterpoise.cohort.compose import load_cohort
from counterpoise.errors import ConfigError
from tests.support.configurations import (
    COHORT,
    CONF,
    SOURCE,
    demo,
    with_cohort,
)


@pytest.mark.parametrize("text", ["7", "true", "just words", "- a\n- b"])
def test_a_cohort_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"(configuration|conf/cohort).*mine"):
        with_cohort(tmp_path, text)


@pytest.mark.parametrize("name", ["a" * 300, "b" * 5000])
def test_a_path_too_long_for_a_file_system_is_refused(tmp_path: Path, name: str) -> None:
    for text in (
        COHORT.replace("resources/demo/simulated.cool", name),
        COHORT + f"mask:\n  blacklist: {name}\n",
    ):
        (tmp_path / name[0]).mkdir()
        with pytest.raises(ConfigError, match="does not exist"):
            with_cohort(tmp_path / name[0], text)
        shutil.rmtree(tmp_path / name[0])


WRONG = {
    # misspelt
    "methods.ice.tolerence=1e-3": r"methods\.ice\.tolerence: .*Did you mean tolerance\?",
    "methods.icee.tolerance=1e-3": r"methods\.icee",
    "maks.min_nnz=3": r"maks: .*Did you mean mask\?",
    "mask.min_nzz=3": r"mask\.min_nzz: .*Did you mean min_nnz\?",
    "samples.a.pth=x.cool": r"samples\.a\.pth: .*Did you mean path\?",
    "sources.iced.sha=1": r"sources\.iced\.sha",
    "tracking.url=x": r"tracking\.url: .*Did you mean uri\?",
    "qc.DPI=1": r"qc\.DPI",
    "ingest.engine=hictkpy": r"ingest\.engine: .*hic_engine",
    "backend.nam=auto": r"backend\.nam: .*Did you mean name\?",
    # added with a plus
    "+resolution=[1]": "resolution: .*Did you mean resolutions",
    "+mask.min_nzz=3": r"mask\.min_nzz: .*Did you mean min_nnz\?",
    "+methods.ice.tolerence=1": r"methods\.ice\.tolerence: .*Did you mean tolerance\?",
    "+methods.foo=3": r"methods\.foo has no algorithm",
    "+methods.foo.tolerance=3": r"methods\.foo has no algorithm",
    "+samples.new.path=x.cool": "new",
    # no such option
    "mask=strict": r"no mask 'strict'\. Known here: default, none",
    "backend=gpu": "no backend 'gpu'",
    "mask=null": "mask=null",
    # a wrong type
    "mask.min_nnz=many": r"mask\.min_nnz is 'many'; it must be a whole number\.",
    "mask.min_nnz=null": r"mask\.min_nnz is null; it must be a whole number\.",
    "mask.cis_only=maybe": r"mask\.cis_only is 'maybe'; it must be true or false\.",
    "methods.ice.ignore_diags=1.5": r"methods\.ice\.ignore_diags is 1\.5; it must be a whole",
    "methods.ice.max_iterations=x": r"methods\.ice\.max_iterations is 'x'; it must be a whole",
    "methods.kr.tolerance=cooler": r"methods\.kr\.tolerance is 'cooler'; it must be a number\.",
    "methods.ice.tolerance=[1]": r"methods\.ice\.tolerance is a list; it must be a number or text",
    "mask.shared=true": r"mask\.shared is true; it must be a number or text\.",
    "chromosomes=[chrX]": r"chromosomes is a list; it must be keys with values \(keep, ",
    "chromosomes=null": r"chromosomes is null; it must be keys with values \(keep, ",
    "group_by=condition": r"group_by is 'condition'; it must be a list",
    "group_by={a: b}": r"group_by is keys with values; it must be a list",
    "samples=[a.cool]": r"samples is a list; it must be names, and under each keys .*\(path, ",
    "methods.kr=null": r"methods\.kr",
    "methods=null": "methods is null; it must be keys with values",
    "resolutions=ten": r"resolutions\[0\]: 'ten' is no resolution",
    "resolutions=[ten]": r"resolutions\[0\]: 'ten' is no resolution",
    "tracking.enabled=perhaps": r"tracking\.enabled is 'perhaps'; it must be true",
    "qc.dpi=fine": r"qc\.dpi is 'fine'; it must be a whole number",
    # out of range
    "mask.min_nnz=-1": r"mask\.min_nnz is -1",
    "mask.mad_max=-0.1": r"mask\.mad_max is -0\.1",
    "mask.mad_max=nan": r"mask\.mad_max is nan",
    "mask.ignore_diags=-1": r"mask\.ignore_diags is -1",
    "mask.blacklist=nowhere.bed": r"mask\.blacklist: the file nowhere\.bed does not exist",
    "mask.regions=nowhere.bed": r"mask\.regions: the file nowhere\.bed does not exist",
    "mask.max_count=0.5": r"mask\.max_count is 0\.5; it must be a whole number",
    "mask.shared=both": r"mask\.shared is 'both'; it must be none, union, intersection or a share",
    "mask.shared=1.5": r"mask\.shared is 1\.5; it must be",
    "mask.shared_within=batch": r"mask\.shared_within is 'batch'; it must be one of group, cohort",
    "copy_number=nowhere.bed": r"^copy_number: the file nowhere\.bed does not exist",
    "samples.a.copy_number=nowhere.bed": r"^samples\.a\.copy_number: the file nowhere\.bed does",
    "methods.ice.scope=chromosome": r"methods\.ice\.scope is 'chromosome'; .*cis",
    "methods.ice.on_failure=ignore": r"methods\.ice\.on_failure is 'ignore'; .*keep",
    "methods.ice.ignore_diags=-1": r"methods\.ice\.ignore_diags is -1",
    "methods.ice.tolerance=0.0": r"methods\.ice\.tolerance is 0\.0",
    "methods.ice.tolerance=coolr": r"methods\.ice\.tolerance is 'coolr'; .*'cooler'",
    "methods.ice.max_iterations=0": r"methods\.ice\.max_iterations is 0",
    "methods.ice.diagonal=3": r"methods\.ice\.diagonal is 3",
    "methods.kr.tolerance=inf": r"methods\.kr\.tolerance is inf",
    "methods.kr.max_products=0": r"methods\.kr\.max_products is 0",
    "backend.name=cuda": r"backend\.name is 'cuda'; .*native",
    "backend.device=gpu": r"backend\.device is 'gpu'; it must be cpu, cuda or null",
    "ingest.hic_engine=straw": r"ingest\.hic_engine is 'straw'; .*hicstraw",
    "qc.dpi=0": r"qc\.dpi is 0",
    "qc.max_pixels=-5": r"qc\.max_pixels is -5",
    "tracking.timeout_seconds=0": r"tracking\.timeout_seconds is 0",
    "resolutions=[]": "resolutions is empty",
    "resolutions=[10000,0]": r"resolutions\[1\] is 0",
    "resolutions=[10000,10000]": r"resolutions\[1\]: 10000 is listed twice",
    "samples.a.resolutions=[5,5]": r"samples\.a\.resolutions\[1\]: 5 is listed twice",
    "samples.a.path=nowhere.cool": r"samples\.a\.path: the file nowhere\.cool",
    "sources.iced.sha256=12": r"sources\.iced\.sha256 must be 64",
    # combinations that cannot be
    "primary=vc2": r"primary is 'vc2', .* one of ice, kr\.",
    "~methods.ice": r"primary is 'ice', .* one of kr\.",
    "methods.kr.method=ice": r"methods\.kr\.max_products",
    "methods.kr.method=shake": r"methods\.kr\.method is 'shake'",
    "sample_sheet=sheet.tsv": "either samples or sample_sheet",
    "methods.ice.tolerance": "methods.ice.tolerance",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of conf/ with the cohort ``mine``, which composes twice as fast as the demo."""
    conf = tmp_path_factory.mktemp("small") / "conf"
    shutil.copytree(CONF, conf)
    (conf / "cohort" / "mine.yaml").write_text(COHORT + SOURCE, encoding="utf-8")
    return conf


@pytest.mark.parametrize("override", WRONG)
def test_wrong_override(override: str, small: Path) -> None:
    with pytest.raises(ConfigError, match=WRONG[override]):
        load_cohort(small, ["cohort=mine", override])


def test_an_unknown_cohort() -> None:
    with pytest.raises(ConfigError, match=r"no cohort 'unknown'\. Known here: demo"):
        demo("cohort=unknown")


# What is changed in the cohort's YAML, and what the error must say.
WRONG_YAML = {
    "a misspelt key": (
        "resolutions:",
        "resolution:",
        r"cohort/mine\.yaml: resolution: .*resolutions",
    ),
    "a misspelt key of a sample": (
        "condition:",
        "conditon:",
        r"samples\.b\.conditon: .*condition\?",
    ),
    "a misspelt section": ("primary: ice", "primary: ice\nmaks: {min_nnz: 3}", "maks: .*mask"),
    "a misspelt setting": (
        "primary: ice",
        "primary: ice\nmask: {minnnz: 3}",
        r"mask\.minnnz: .*min_nnz",
    ),
    "a method's misspelt setting": (
        "primary: ice",
        "primary: ice\nmethods: {ice: {tol: 1}}",
        r"methods\.ice\.tol: .*tolerance",
    ),
    "a setting of another method": (
        "primary: ice",
        "primary: ice\nmethods: {kr: {max_iterations: 3}}",
        r"methods\.kr\.max_iterations: .*max_products",
    ),
    "a method without an algorithm": (
        "primary: ice",
        "primary: ice\nmethods: {vc: {scope: cis}}",
        r"methods\.vc has no algorithm: add '/method@methods\.vc: ALGORITHM'",
    ),
    "an unknown algorithm": (
        "methods.kr: kr",
        "methods.kr: krr",
        r"conf/cohort/mine\.yaml: there is no method 'krr'\. Did you mean kr\?",
    ),
    "an untyped method": (
        "primary: ice",
        "primary: ice\nmethods: {x: {method: ice, tolerance: abc}}",
        r"methods\.x\.tolerance",
    ),
    "an untyped method's wrong type": (
        "primary: ice",
        "primary: ice\nmethods: {x: {method: ice, ignore_diags: two}}",
        r"methods\.x\.ignore_diags",
    ),
    "a text for a number": ("[10000, 50000]", "[ten kb]", r"resolutions\[0\]"),
    "a text for a section": (
        "primary: ice",
        "primary: ice\nmask: none",
        r"cohort/mine\.yaml: mask is 'none'; it must be keys with values \(min_nnz, ",
    ),
    "a list for a section": (
        "primary: ice",
        "primary: ice\nchromosomes: [chrX]",
        r"cohort/mine\.yaml: chromosomes is a list; it must be keys with values \(keep, ",
    ),
    "nothing for a section": ("primary: ice", "primary: ice\nmask: ", r"yaml: mask is null; it"),
    "a text for settings": (
        "primary: ice",
        "primary: ice\nmethods: {ice: fast}",
        r"cohort/mine\.yaml: methods\.ice is 'fast'; it must be keys with values\.",
    ),
    "a list for labels": (
        "condition: treated",
        "labels: [treated]",
        r"cohort/mine\.yaml: samples\.b\.labels is a list; it must be keys with values\.",
    ),
    "keys for resolutions": (
        "resolutions: [10000, 50000]",
        "resolutions: {a: 10000}",
        r"cohort/mine\.yaml: a list or a text stands where keys with values belong",
    ),
    "a text for a sample": (
        "  b:\n",
        "  c: file.cool\n  b:\n",
        r"cohort/mine\.yaml: samples\.c is 'file\.cool'; it must be keys with values \(path, ",
    ),
    "nothing for a sample": ("  b:\n", "  c:\n  b:\n", r"samples\.c"),
    "a sample without a path": (
        "    path: resources/demo/simulated.cool::/\n",
        "",
        r"samples\.b\.path",
    ),
    "no resolutions": (
        "resolutions: [10000, 50000]\n",
        "",
        r"conf/cohort/mine\.yaml: resolutions is empty",
    ),
    "a file that does not exist": (
        "primary: ice",
        "primary: ice\nmask: {blacklist: nowhere.bed}",
        r"conf/cohort/mine\.yaml: mask\.blacklist: the file nowhere\.bed does not exist",
    ),
    "a value out of range": (
        "primary: ice",
        "primary: ice\nmethods: {ice: {tolerance: 0}}",
        r"conf/cohort/mine\.yaml: methods\.ice\.tolerance is 0; it must be",
    ),
    "an unsafe cohort": ("cohort: mine", "cohort: ../mine", r"cohort: the name '\.\./mine'"),
    "an unsafe method": ("methods.kr: kr", "methods.k/r: kr", "k/r"),
    "an unsafe sample": ("  b:\n", "  'b c':\n", r"samples\.b c\.sample: the name 'b c'"),
    "samples that differ in case": ("  b:\n", "  A:\n", r"samples\.A\.sample: 'A' and 'a'"),
    "a source's checksum": (
        "samples:",
        "sources: {p: {version: 1.0.0, sha256: abc}}\nsamples:",
        r"sources\.p\.sha256 must be 64",
    ),
    "a source without one": (
        "samples:",
        "sources: {p: {version: 1.0.0}}\nsamples:",
        r"sources\.p\.sha256: no value",
    ),
    "an unsafe source": (
        "samples:",
        "sources: {../p: {version: 1.0.0, sha256: abc}}\nsamples:",
        r"the name '\.\./p'",
    ),
    "an interpolation of nothing": (
        "condition: treated",
        "condition: ${nothing}",
        r"samples\.b\.condition: there is no key 'nothing' to refer to\.",
    ),
    "an interpolation of another type": (
        "primary: ice",
        "primary: ice\nmask: {min_nnz: '${primary}'}",
        r"mask\.min_nnz is \$\{primary\}, 'ice'; it must be a whole number\.",
    ),
    "an interpolation with quotes": (
        "primary: ice",
        "primary: ice\nmask: {min_nnz: \"${oc.env:'NOPE','five'}\"}",
        r"mask\.min_nnz is \$\{oc\.env:'NOPE','five'\}, 'five'; it must be",
    ),
    "a text that looks like an interpolation": (
        "primary: ice",
        "primary: ice\nmask: {min_nnz: \"interpolation 'foo'\"}",
        r"""mask\.min_nnz is "interpolation 'foo'"; it must be a whole number\.""",
    ),
    "an interpolation of a list": (
        "primary: ice",
        "primary: ice\ngroup_by: ['${resolutions}']",
        r"group_by\[0\] is \$\{resolutions\}, a list; it must be text\.",
    ),
    "broken YAML": ("samples:", "samples: [", r"not valid YAML[\s\S]*mine\.yaml"),
    "a tab": ("  a:", "\ta:", r"not valid YAML[\s\S]*mine\.yaml"),
    "a key twice": ("primary: ice", "primary: ice\nprimary: kr", r"duplicate key primary"),
}


def test_a_key_of_the_command_line_is_not_said_to_be_in_a_file(small: Path) -> None:
    with pytest.raises(ConfigError, match=r"^resolutions is empty"):
        load_cohort(small, ["cohort=mine", "resolutions=[]"])


def test_the_file_of_the_experiment_is_named(
    tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    conf = tmp_path / "conf"
    shutil.copytree(small, conf)
    (conf / "experiment" / "harder.yaml").write_text("mask: {min_nnz: -1}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^conf/experiment/harder\.yaml: mask\.min_nnz is -1"):
        load_cohort(conf, ["cohort=mine", "experiment=harder"])


@pytest.mark.parametrize(
    ("name", "text", "overrides", "message"),
    [
        ("mask/mine", "min_nnz: -1", ["mask=mine"], "conf/mask/mine.yaml: mask.min_nnz is -1"),
        (
            "mask/mine",
            "min_nnz: five",
            ["mask=mine"],
            "conf/mask/mine.yaml: mask.min_nnz is 'f",
        ),
        ("mask/mine", "min_nz: 5", ["mask=mine"], "conf/mask/mine.yaml: mask.min_nz: there is no"),
        (
            "mask/far/mine",
            "# @package mask\nmin_nnz: -1",
            ["mask=far/mine"],
            "conf/mask/far/mine.yaml: mask.min_nnz is -1",
        ),
        (
            "method/mine",
            "method: kr\ntolerance: 0",
            ["+method@methods.b=mine"],
            "conf/method/mine.yaml: methods.b.tolerance is 0",
        ),
        ("mask/mine", "min_nnz: -1", ["mask=mine", "mask.min_nnz=-2"], "mask.min_nnz is -2"),
        ("mask/mine", "min_nnz: -1", ["mask=mine", "mask={min_nnz: -3}"], "mask.min_nnz is -3"),
        # The key stands in a file of the package, where it is right.
        ("mask/mine", "", ["tracking.uri=http://x"], "tracking.artifacts must be null"),
    ],
)
def test_the_file_of_a_group_is_named(
    tmp_path: Path,
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
    overrides: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    conf = tmp_path / "conf"
    shutil.copytree(small, conf)
    path = (conf / name).with_suffix(".yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        load_cohort(conf, ["cohort=mine", *overrides])


@pytest.mark.parametrize(
    ("text", "experiment", "message"),
    [
        ("methods: {krr: }", "", "cohort/far.yaml: methods.krr: there is no method"),
        ("defaults: [/method@methods.kr: krr]", "", "cohort/far.yaml: there is no method 'krr'"),
        ("methods: [kr]\nmask: {min_nnz: five}", "", "cohort/far.yaml: mask.min_nnz is 'five'"),
        ("methods: [kr]\nsamples: {a: {path: x}}", "", "cohort/far.yaml: resolutions is empty"),
        ("methods: [kr]\nmask: {min_nnz: -1}", "", "cohort/far.yaml: mask.min_nnz is -1"),
        ("methods: [kr]", "merge: group", "experiment/far.yaml: merge: an experiment shares"),
    ],
)
def test_a_file_outside_the_current_folder_is_named_with_its_folder(
    tmp_path: Path, text: str, experiment: str, message: str
) -> None:
    for group, content in (("cohort", text), ("experiment", experiment)):
        (tmp_path / group).mkdir()
        (tmp_path / group / "far.yaml").write_text(content, encoding="utf-8")
    chosen = ["cohort=far", f"hydra.searchpath=[file://{tmp_path}]"]
    chosen += ["experiment=far"] if experiment else []
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{tmp_path}/{message}')}"):
        load_cohort(CONF, chosen)


@pytest.mark.parametrize("case", WRONG_YAML)
def test_wrong_cohort(tmp_path: Path, case: str) -> None:
    old, new, message = WRONG_YAML[case]
    assert old in COHORT
    with pytest.raises(ConfigError, match=message):
        with_cohort(tmp_path, COHORT.replace(old, new))


def test_the_cohort_that_these_are_made_from_is_right(tmp_path: Path) -> None:
    assert list(with_cohort(tmp_path, COHORT).samples) == ["a", "b"]


def test_an_empty_cohort(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="resolutions is empty"):
        with_cohort(tmp_path, "")


def test_methods_that_cannot_follow_copy_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "segments.bed").write_text("chrI\t0\t5\t2\n")
    words = r"methods\.other: kde cannot make row sums follow copy numbers\. Use ice, kr, scale or"
    with pytest.raises(ConfigError, match=words):
        with_cohort(tmp_path, COHORT, "copy_number=segments.bed", "+method@methods.other=kde")


@pytest.mark.parametrize(
    "override", ["samples.a.path='{x}.cool'", "mask.blacklist='{x}.bed'", "copy_number='{x}.bed'"]
)
def test_braces_in_paths_that_another_workflow_makes(tmp_path: Path, override: str) -> None:
    key = override.partition("=")[0].replace(".", r"\.")
    with pytest.raises(ConfigError, match=f"^{key}: with files_made, .* rename the file"):
        with_cohort(tmp_path, COHORT + "files_made: true\n", override)


def test_neither_samples_nor_sheet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="either samples or sample_sheet"):
        with_cohort(tmp_path, COHORT.partition("samples:")[0])


@pytest.mark.parametrize("scope", ["genome", "cis"])
def test_separate_regions_need_the_scope_cis(tmp_path: Path, scope: str) -> None:
    (tmp_path / "targets.bed").write_text("chr1\t0\t9000\n")
    (tmp_path / "a.cool").touch()
    text = (
        "resolutions: [1kb]\nsamples: {a: {path: a.cool}}\n"
        f"methods: {{kr: {{}}, ice: {{scope: {scope}}}}}\n"
        "mask: {regions: targets.bed, separate_regions: true}\n"
    )
    if scope == "cis":
        assert with_cohort(tmp_path, text).settings.mask.filters.separate_regions
        return
    with pytest.raises(ConfigError, match=r"methods.ice has the scope genome.*set scope to cis"):
        with_cohort(tmp_path, text)
