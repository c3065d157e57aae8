"""Names of cohorts, folders and labels: what is read is what was written, or it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from snakemake.cli import parse_config

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort, snakemake_overrides
from counterpoise.cohort.spelling import quote_value, unquote_value
from counterpoise.errors import ConfigError
from tests.support import REPOSITORY

CONF = REPOSITORY / "conf"

COHORT = """\
# @package _global_
defaults:
  - /method@methods.ice: ice
  - _self_
cohort: "{name}"
resolutions: [10000]
primary: ice
samples:
  a: {{path: resources/demo/simulated.cool, condition: "007", replicate: 2}}
"""


def write_cohort(folder: Path, file: str, name: str | None = None, **changes: str) -> None:
    """Write ``cohort/FILE.yaml`` with a cohort of a name; replace texts of it."""
    text = COHORT.format(name=name or file)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "cohort").mkdir(parents=True, exist_ok=True)
    (folder / "cohort" / f"{file}.yaml").write_text(text, encoding="utf-8")


def load(folder: Path, *words: str) -> Cohort:
    """Load a cohort of a user's folder as ``snakemake --config conf=FOLDER WORDS`` does."""
    given: dict[str, Any] = {**parse_config(list(words)), "conf": str(folder)}
    return load_cohort(CONF, snakemake_overrides(given, CONF))


# --- a cohort is named like its file ----------------------------------------------------------


def test_a_copied_cohort_is_refused(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine")
    write_cohort(tmp_path, "mine_strict", "mine")
    assert load(tmp_path, "cohort=mine").paths.shared == "results/mine"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "cohort=mine_strict")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/cohort/mine_strict.yaml: cohort: 'mine'")
    assert f"overwrite those of {tmp_path}/cohort/mine.yaml; write 'cohort: mine_strict'" in message
    assert message.endswith("mv results/mine results/mine_strict")


@pytest.mark.parametrize("name", ["demo", "scc1", "Other", "other.2"])
def test_a_file_of_another_name_is_refused(tmp_path: Path, name: str) -> None:
    write_cohort(tmp_path, "other", name)
    with pytest.raises(ConfigError, match=rf"mv results/{name} results/other$"):
        load(tmp_path, "cohort=other")


def test_a_cohort_that_extends_another_has_the_name_of_its_file(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine")
    file = tmp_path / "cohort" / "more.yaml"
    file.write_text("# @package _global_\ndefaults: [mine, _self_]\nresolutions: [20000]\n")
    assert load(tmp_path, "cohort=more").paths.shared == "results/more"
    file.write_text(file.read_text() + "cohort: mine\n")
    with pytest.raises(ConfigError, match=r"more\.yaml: cohort: 'mine' .*write 'cohort: more'"):
        load(tmp_path, "cohort=more")


def test_the_suffix_of_the_file_is_no_part_of_the_name(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine")
    assert load(tmp_path, "cohort=mine.yaml").settings.cohort == "mine"


def test_several_cohorts_are_refused(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine")
    overrides = snakemake_overrides({"conf": str(tmp_path)})
    with pytest.raises(ConfigError, match=r"choose one cohort .*--config cohort=NAME"):
        load_cohort(CONF, [*overrides, "cohort=[demo,mine]"])


def test_a_cohort_in_a_folder_of_its_own_is_refused(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine")
    (tmp_path / "cohort" / "sub").mkdir()
    (tmp_path / "cohort" / "mine.yaml").rename(tmp_path / "cohort" / "sub" / "mine.yaml")
    with pytest.raises(ConfigError, match="the name 'sub/mine' cannot be used in paths"):
        load(tmp_path, "cohort=sub/mine")


def test_a_file_that_the_shipped_one_hides_is_refused(tmp_path: Path) -> None:
    """Hydra reads the shipped file and ignores the user's."""
    write_cohort(tmp_path, "demo")
    with pytest.raises(
        ConfigError, match=rf"^{tmp_path}/cohort/demo\.yaml: conf/.* is read instead; rename yours"
    ):
        load(tmp_path)
    write_cohort(tmp_path, "mine")
    (tmp_path / "mask").mkdir()
    (tmp_path / "mask" / "none.yaml").write_text("min_nnz: 3\n")
    assert load(tmp_path, "cohort=mine").settings.mask.min_nnz == 10, "is not chosen"
    with pytest.raises(ConfigError, match=r"mask/none\.yaml: .* is read instead"):
        load(tmp_path, "cohort=mine", 'hydra_overrides=["mask=none"]')


def test_a_copy_of_a_shipped_file_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "demo.yaml").write_bytes((CONF / "cohort" / "demo.yaml").read_bytes())
    assert load(tmp_path, "cohort=demo").settings.cohort == "demo"


@pytest.mark.parametrize(
    "name",
    ["mlflow.db", "MLflow.DB", "mlartifacts", "MLartifacts", "mlflow.db-wal", "Runs.db", "files"],
)
def test_names_of_mlflows_files_are_refused(tmp_path: Path, name: str) -> None:
    write_cohort(tmp_path, name)
    with (tmp_path / "cohort" / f"{name}.yaml").open("a") as file:
        file.write("tracking: {uri: 'sqlite:///results/runs.db', artifacts: results/Files/x}\n")
    with pytest.raises(ConfigError, match=f"cohort: the name {name} is taken, by MLflow"):
        load(tmp_path, f"cohort={name}")


@pytest.mark.parametrize("key", ["cohort", "experiment"])
def test_long_names_are_refused(tmp_path: Path, key: str) -> None:
    name = "x" * 101
    write_cohort(tmp_path, name)
    with pytest.raises(ConfigError, match=rf"{key}: the name 'x+\.\.\.' has 101 letters"):
        load(tmp_path, f"{key}={name}")


# --- names that are numbers -------------------------------------------------------------------

NUMBERS = ["2024_01", "007", "7", "1e5", "1.10", "0x1f", "true", "nan", "inf", "0", "null"]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_cohort_named_by_a_number(tmp_path: Path, name: str) -> None:
    write_cohort(tmp_path, name)
    assert load(tmp_path, f"cohort={name}").paths.shared == f"results/{name}"


@pytest.mark.parametrize("name", ["2024_01", "007", "1.10"])
def test_an_experiment_named_by_a_number(tmp_path: Path, name: str) -> None:
    write_cohort(tmp_path, "mine")
    (tmp_path / "experiment").mkdir()
    file = tmp_path / "experiment" / f"{name}.yaml"
    file.write_text("# @package _global_\nmask: {min_nnz: 3}\n")
    cohort = load(tmp_path, "cohort=mine", f"experiment={name}")
    assert (cohort.experiment, cohort.settings.mask.min_nnz) == (name, 3)


def test_numbers_that_are_the_same_to_snakemake(tmp_path: Path) -> None:
    write_cohort(tmp_path, "007")
    write_cohort(tmp_path, "7")
    with pytest.raises(ConfigError, match=r"number 7, which may be 007 or 7; .*cohort=007\.yaml"):
        load(tmp_path, "cohort=007")
    assert load(tmp_path, "cohort=007.yaml").settings.cohort == "007"
    assert load(tmp_path, "cohort=7.yaml").settings.cohort == "7"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("cohort=2024_02", "read the name as the number 202402, and no file .* correct it"),
        ("cohort=True", "read the name as True, and no file"),
        ("cohort=", "cohort is None, which is no name; write cohort=NAME"),
        ("cohort=[a,b]", r"cohort is \['a', 'b'\], which is no name"),
        ("experiment=7", "--config experiment: Snakemake read the name as the number 7"),
    ],
)
def test_no_name(tmp_path: Path, word: str, message: str) -> None:
    write_cohort(tmp_path, "mine")
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, word)


def test_a_folder_named_by_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_cohort(tmp_path / "2024_01", "mine")
    config = parse_config(["conf=2024_01", "cohort=mine"])
    assert config["conf"] == 202401
    assert load_cohort(CONF, snakemake_overrides(config)).settings.cohort == "mine"
    with pytest.raises(ConfigError, match="conf: Snakemake read the name as the number 2025"):
        snakemake_overrides(parse_config(["conf=2025"]))
    write_cohort(tmp_path / "2_02401", "mine")
    with pytest.raises(ConfigError, match=r"2024_01 or 2_02401; .*: conf=\./2024_01$"):
        snakemake_overrides(config)
    assert load_cohort(CONF, snakemake_overrides(parse_config(["conf=./2024_01", "cohort=mine"])))


def test_a_folder_that_yaml_reads_as_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_cohort(tmp_path / "{x}", "mine")
    with pytest.raises(ConfigError, match=r"conf is \{'x': ''\}, .* write conf=\./FOLDER"):
        snakemake_overrides(parse_config(["conf={x}"]))
    assert load_cohort(CONF, snakemake_overrides(parse_config(["conf=./{x}", "cohort=mine"])))


@pytest.mark.parametrize(
    ("written", "key", "read"),
    [
        ("2024_01", "cohort", "the number 202401"),
        ("007", "cohort", "the number 7"),
        ("007", "samples.a.condition", "the number 7"),
        ("yes", "samples.a.condition", "True"),
        ("1.10", "samples.a.condition", "the number 1.1"),
        ("1:30", "samples.a.condition", "the number 90"),
    ],
)
def test_a_text_that_yaml_reads_as_another(
    tmp_path: Path, written: str, key: str, read: str
) -> None:
    old = '"mine"' if key == "cohort" else '"007"'
    write_cohort(tmp_path, "mine", **{old: written})
    words = rf"cohort/mine\.yaml: line \d: {key}: YAML reads {written} as {read}; put it in quotes"
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, "cohort=mine")
    write_cohort(tmp_path, "mine", **{'"007"': f"'{written}'"})
    assert load(tmp_path, "cohort=mine").labels["a"].labels["condition"] == written


def test_a_number_that_reads_as_written_is_a_text(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine", **{"replicate: 2": "replicate: 12.5, assembly: 19"})
    sample = load(tmp_path, "cohort=mine").samples["a"]
    assert (sample.replicate, sample.assembly) == ("12.5", "19")


def test_a_text_of_the_cohort_that_a_cohort_extends(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine", **{"replicate: 2": "replicate: 01"})
    (tmp_path / "cohort" / "more.yaml").write_text(
        "# @package _global_\ndefaults: [mine, _self_]\ncohort: more\n"
    )
    with pytest.raises(ConfigError, match=r"mine\.yaml: line 9: samples\.a\.replicate: YAML reads"):
        load(tmp_path, "cohort=more")


@pytest.mark.parametrize("name", ["101", "007", "2024_01", "1e5", "no"])
def test_a_sample_named_by_a_number(tmp_path: Path, name: str) -> None:
    write_cohort(tmp_path, "mine", **{"  a:": f"  {name}:"})
    with pytest.raises(ConfigError, match=r"samples\.\w+(\.0)?: YAML reads .*name in quotes"):
        load(tmp_path, "cohort=mine")
    write_cohort(tmp_path, "mine", **{"  a:": f"  '{name}':"})
    assert list(load(tmp_path, "cohort=mine").samples) == [name]


def test_an_override_that_hydra_reads_as_another_text(tmp_path: Path) -> None:
    write_cohort(tmp_path, "mine")
    with pytest.raises(ConfigError, match=r"^samples\.a\.replicate=1_0: Hydra reads .* number 10"):
        load(tmp_path, "cohort=mine", 'hydra_overrides=["samples.a.replicate=1_0"]')
    words = ("cohort=mine", "hydra_overrides=[\"samples.a.replicate='1_0'\"]")
    assert load(tmp_path, *words).labels["a"].labels["replicate"] == "1_0"
    with pytest.raises(ConfigError, match=r"Got int; put a name .* in quotes"):
        load(tmp_path, 'hydra_overrides=["cohort=2024_01"]')


# --- folders of any name ----------------------------------------------------------------------

FOLDERS = [
    *(
        "a b",
        "a(b",
        "a,b",
        "a=b",
        "q'uote",
        'q"uote',
        "$(touch X)",
        "{x}",
        "{",
        "[x]",
        "grün",
        "x$",
    ),
    *("${x}", "${oc.env:HOME}", "back\\slash", "end\\", "\\'", "a;b&c|d", "`x`", "*?", "~", "a\nb"),
]


@pytest.mark.parametrize("name", FOLDERS)
def test_conf_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    write_cohort(tmp_path / name, "mine")
    config = {"conf": str(tmp_path / name), "cohort": "mine"}
    assert load_cohort(CONF, snakemake_overrides(config)).settings.cohort == "mine"
    assert not (tmp_path / "X").exists()


def texts() -> SearchStrategy[str]:
    return st.text(
        st.sampled_from("ab01_.\\'\"${}[]()=,:~ \t") | st.characters(exclude_categories=["C"]),
        min_size=1,
    )


@given(texts())
@example("a\\'b\\")
def test_hydra_reads_a_quoted_value_as_it_was(text: str) -> None:
    assert unquote_value(f"key={quote_value(text)}") == text


def test_plain_names_need_no_quotes() -> None:
    assert [quote_value(name) for name in ("mine", "true", "a.b-c_1", "007", "x y")] == [
        *("mine", "'true'", "a.b-c_1", "'007'", "'x y'"),
    ]
