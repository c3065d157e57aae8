"""`counterpoise init`: what it writes is a cohort that the workflow accepts."""

from __future__ import annotations

from pathlib import Path

import cooler
import h5py
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.cli.init import name_samples
from counterpoise.cli.main import group
from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort, snakemake_overrides
from counterpoise.cohort.samples import check_name
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.resolutions import parse_size
from counterpoise.errors import ConfigError, CounterpoiseError, InputError
from tests.support import REPOSITORY
from tests.support.coolers import write_cool

PACKAGED = REPOSITORY / "conf"
PIXELS = [0, 0, 1], [0, 1, 1], [5, 7, 9]


def write(path: Path, resolution: int = 1000) -> Path:
    """Write a map of two bins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_cool(path, BinTable.fixed(("chr1",), (2 * resolution,), resolution), PIXELS)
    return path


def init(*words: object) -> Result:
    result = CliRunner().invoke(group, ["init", *map(str, words)])
    if isinstance(result.exception, CounterpoiseError):
        raise result.exception
    return result


def compose(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Cohort:
    """Compose a cohort as the workflow does in its folder."""
    monkeypatch.chdir(folder)
    return load_cohort(PACKAGED, snakemake_overrides({"cohort": name, "conf": "conf"}, PACKAGED))


def test_bins_of_unequal_size_are_refused(tmp_path: Path) -> None:
    bins = pd.DataFrame({"chrom": "chr1", "start": [0, 700, 1000], "end": [700, 1000, 2000]})
    pixels = pd.DataFrame({"bin1_id": [0, 0], "bin2_id": [0, 1], "count": [5, 3]})
    path = tmp_path / "fragments.cool"
    cooler.create_cooler(str(path), bins, pixels)
    with pytest.raises(InputError, match=r"has bins of unequal size only.*cooler cload"):
        init("mine", path)


def test_a_file_with_damaged_bins_leaves_no_cohort_behind(tmp_path: Path) -> None:
    """Bins are read before the first file is written, and only if genomes are compared."""
    whole, damaged = write(tmp_path / "whole.cool"), write(tmp_path / "damaged.cool")
    with h5py.File(damaged, "r+") as file:
        file["bins/end"][0] = -5
    with pytest.raises(InputError, match=r"damaged\.cool"):
        init(tmp_path / "mine", whole, damaged)
    assert not (tmp_path / "mine").exists()
    assert init(tmp_path / "mine", damaged).exit_code == 0


def test_the_workflow_accepts_the_cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wild = write(tmp_path / "data" / "wild type.cool")
    write(tmp_path / "data" / "knockout.cool")
    (tmp_path / "data" / "notes.txt").write_text("no map")
    inside = write(tmp_path / "study" / "maps" / "third.cool")
    url = "https://example.org/far.mcool"
    monkeypatch.chdir(tmp_path)
    said = init("study", wild, "data", inside, url).output
    assert said.startswith("study: 4 samples at 1 kb\n")
    assert "cd study && counterpoise run " in said
    assert "counterpoise ui" in said
    assert "Fill in the column condition of samples.tsv" in said
    assert "Log ratios are to the first condition" in said
    assert "compare_to in\nconf/cohort/study.yaml" in said
    cohort = compose(tmp_path / "study", "study", monkeypatch)
    assert {name: sample.path for name, sample in cohort.samples.items()} == {
        "wild_type": str(wild),
        "knockout": str(tmp_path / "data" / "knockout.cool"),
        "third": "maps/third.cool",
        "far": url,
    }
    assert set(cohort.methods) == {"ice", "kr"}
    assert cohort.settings.primary == "ice"
    assert cohort.settings.resolutions == [1000]
    assert all(not cohort.absent(name) for name in cohort.samples)


@pytest.mark.parametrize("folder", ["007", "on", "1e5", "mine", "a b", "grün", "q'u\"o", "2024_01"])
def test_folders_and_files_of_any_name(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / folder / "a 'b\" {c}.cool")
    home = tmp_path / folder
    init(home, path)
    (cohort_file,) = (home / "conf" / "cohort").iterdir()
    value = yaml.safe_load(cohort_file.stem)  # as Snakemake reads the word of its command line
    monkeypatch.chdir(home)
    overrides = snakemake_overrides({"cohort": value, "conf": "conf"}, PACKAGED)
    cohort = load_cohort(PACKAGED, overrides)
    assert cohort.settings.cohort == cohort_file.stem
    assert [sample.path for sample in cohort.samples.values()] == ["a 'b\" {c}.cool"]


def test_levels_are_those_that_all_files_can_give(tmp_path: Path) -> None:
    several = tmp_path / "several.mcool"
    bins = cooler.binnify(pd.Series({"chr1": 12_000_000}), 1000)
    pixels = pd.DataFrame({"bin1_id": [0, 0], "bin2_id": [0, 1], "count": [5, 7]})
    cooler.create_cooler(str(tmp_path / "base.cool"), bins, pixels)
    sizes = [1000, 5000, 20_000, 100_000, 5_000_000]
    cooler.zoomify_cooler(str(tmp_path / "base.cool"), str(several), sizes, 1000)
    fine, coarse = write(tmp_path / "fine.cool", 4000), write(tmp_path / "coarse.cool", 250_000)
    cases: list[tuple[list[Path], list[int]]] = [
        ([several], [20_000, 100_000]),  # of those from 10 kb to 1 Mb
        ([several, fine], [20_000, 100_000]),  # 5 kb is no multiple of 4 kb
        ([several, coarse], [250_000]),  # summed from the 5 kb of the other file
        ([fine], [4000]),  # there is none from 10 kb to 1 Mb
    ]
    for number, (files, expected) in enumerate(cases):
        home = tmp_path / f"study{number}"
        init(home, *files)
        text = (home / "conf" / "cohort" / f"study{number}.yaml").read_text()
        assert list(map(parse_size, yaml.safe_load(text)["resolutions"])) == expected
        for path in files:
            stored = [
                cooler.Cooler(f"{path}::{group}").binsize
                for group in cooler.fileops.list_coolers(str(path))
            ]
            assert all(any(size % own == 0 for own in stored) for size in expected)
    assert (
        "# Every file can also give 1kb, 5kb, 5Mb."
        in (tmp_path / "study0" / "conf" / "cohort" / "study0.yaml").read_text()
    )


def test_levels_by_hand(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cool", 1000)
    init(tmp_path / "study", path, "-r", "10kb,2000")
    text = (tmp_path / "study/conf/cohort/study.yaml").read_text()
    assert yaml.safe_load(text)["resolutions"] == ["2kb", "10kb"]
    with pytest.raises(InputError, match=r"a\.cool: has no level of 2,500 bp"):
        init(tmp_path / "other", path, "-r", "2500")


def test_files_of_different_genomes_are_named(tmp_path: Path) -> None:
    def write_genome(name: str, lengths: dict[str, int]) -> Path:
        path = tmp_path / f"{name}.cool"
        write_cool(path, BinTable.fixed(tuple(lengths), tuple(lengths.values()), 100_000), PIXELS)
        return path

    hg19 = write_genome("hg19", {"chrM": 16_571, "chr1": 249_250_621})
    again = write_genome("again", {"chr1": 249_250_621})
    hg38 = write_genome("hg38", {"chr1": 248_956_422, "chrM": 16_569})
    yeast = write_genome("yeast", {"I": 230_218})
    part = write_genome("part", {"chr2": 243_199_373, "chr1": 249_250_621})

    said = init(tmp_path / "mixed", hg19, again, hg38, yeast).output
    assert (
        f"Warning: {hg38}, {yeast} have other chromosomes than {hg19}: chr1 has 248,956,422 bp in "
        f"{hg38} and 249,250,621 bp in {hg19}.\nThe report compares only chromosomes of the same"
    ) in said
    assert len((tmp_path / "mixed/samples.tsv").read_text().splitlines()) == 5  # nothing is refused
    assert (
        f"Warning: {hg19} has other chromosomes than {yeast}: none has the same name (chrM in "
        f"{hg19}, I in {yeast})."
    ) in init(tmp_path / "names", yeast, hg19).output
    assert "Warning" not in init(tmp_path / "same", hg19, again, part).output
    # The lengths are those of the level that gives the size, and URLs are not read.
    url = "https://example.org/far.mcool"
    assert "Warning" in init(tmp_path / "sizes", hg19, url, hg38, "-r", "1Mb").output
    assert "Warning" not in init(tmp_path / "urls", url, f"{url}?2", "-r", "1Mb").output


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path, home = write(tmp_path / "a.cool"), tmp_path / "study"
    home.mkdir()
    (home / "samples.tsv").write_text("mine")
    with pytest.raises(
        InputError, match=r"study/samples\.tsv: exists already, and nothing was written"
    ):
        init(home, path)
    assert [each.name for each in home.iterdir()] == ["samples.tsv"]
    assert (home / "samples.tsv").read_text() == "mine"
    (home / "samples.tsv").unlink()
    init(home, path)
    (home / "samples.tsv").unlink()
    before = {each: each.read_bytes() for each in home.rglob("*") if each.is_file()}
    with pytest.raises(
        InputError, match=r"study/conf/cohort/study\.yaml: exists already, and nothing was written"
    ):
        init(home, path)
    assert {each: each.read_bytes() for each in home.rglob("*") if each.is_file()} == before


def test_the_profiles_are_those_of_the_package(tmp_path: Path) -> None:
    init(tmp_path / "study", write(tmp_path / "a.cool"))
    for name in ("local", "cluster"):
        part = Path("profiles", name, "config.yaml")
        assert (tmp_path / "study" / part).read_bytes() == (REPOSITORY / part).read_bytes()


def test_what_is_refused(tmp_path: Path) -> None:
    path, other = write(tmp_path / "a.cool", 3000), write(tmp_path / "b.cool", 7000)
    (tmp_path / "empty").mkdir()
    tab = write(tmp_path / "t\tab.cool")
    home = tmp_path / "study"
    url = "https://example.org/a.mcool"
    cases: list[tuple[tuple[object, ...], type[CounterpoiseError], str]] = [
        ((home, path, other), ConfigError, r"a\.cool: 3,000 bp; .*b\.cool: 7,000 bp"),
        ((home, tmp_path / "empty"), InputError, "holds no file that ends with"),
        ((home, tmp_path / "c.cool"), InputError, r"c\.cool: does not exist"),
        ((home, tab), InputError, "has a tab or line break"),
        ((home, url), ConfigError, "-r 10kb,100kb"),
        ((home, "https://me:secret@example.org/a.mcool"), ConfigError, r"\.netrc"),
        ((tmp_path / "Demo", path), ConfigError, "Demo is a cohort of the package"),
        ((path, path), InputError, r"a\.cool: is a file and no folder"),
    ]
    for words, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            init(*words)
        assert "secret" not in str(caught.value)
    assert not home.exists()


@given(st.lists(st.text("aAb._ -/ü", min_size=1, max_size=6), min_size=1, max_size=8, unique=True))
def test_names_of_samples_are_valid_and_differ(paths: list[str]) -> None:
    names = name_samples([f"{path}.cool" for path in paths])
    assert len({name.lower() for name in names}) == len(paths)
    for name in names:
        check_name("sample", name)


def test_a_real_map(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = [shared_data / name for name in ("imr90_hindiii_chr20.mcool", "imr90_hindiii_chr20.hic")]
    assert "Warning" not in init(tmp_path / "imr90", *maps).output
    cohort = compose(tmp_path / "imr90", "imr90", monkeypatch)
    assert list(cohort.samples) == ["imr90_hindiii_chr20_mcool", "imr90_hindiii_chr20_hic"]
    assert cohort.settings.resolutions == [25_000, 50_000, 100_000]
    other = shared_data / "scer_w303_g1_2kb_SRR8769554.cool"
    said = init(tmp_path / "mixed", *maps, other, "-r", "100kb").output
    assert f"Warning: {other} has other chromosomes than {maps[0]}: " in said


def test_a_single_sample_is_not_compared(tmp_path: Path) -> None:
    assert "condition" not in init(tmp_path / "study", write(tmp_path / "a.cool")).output
