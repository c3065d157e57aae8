"""Merged maps are the sums that cooler computes."""

from __future__ import annotations

import json
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.chromosome_choice import ChromosomeSettings
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.merging import open_merged
from counterpoise.ingest.pixels import write_map, write_reading
from counterpoise.ingest.read import read_contacts
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import read_map
from tests.support.coolers import assert_same_map, write_genome
from tests.support.maps import write_map as write_cooler


def ingest(source: Path | str, resolution: int = 1000, name: str | None = None) -> MapFiles:
    """Read a map into a folder next to its file."""
    path = Path(str(source).partition("::")[0])
    folder = path.with_name(f"{name or path.stem}-{resolution}")
    folder.mkdir(exist_ok=True)
    files = MapFiles.in_folder(folder)
    write_map(inspect_source(str(source)), resolution, files)
    return files


def merge(folder: Path, **members: MapFiles) -> tuple[MapFiles, dict[str, object]]:
    folder.mkdir(exist_ok=True)
    files = MapFiles.in_folder(folder)
    with open_merged(members) as reading:
        return files, write_reading(reading, files)


def test_real_maps_are_summed_as_by_cooler(shared_data: Path, tmp_path: Path) -> None:
    names = ("Scc1-control.10000.cool", "Scc1-KO.10000.cool")
    sources = [tmp_path / name for name in names]
    for source in sources:
        source.symlink_to(shared_data / source.name)
    cooler.merge_coolers(str(tmp_path / "peer.cool"), [str(s) for s in sources], 10**7)
    control, knockout = (ingest(source, 10_000) for source in sources)
    merged, record = merge(tmp_path / "merged", control=control, knockout=knockout)
    assert_same_map(read_map(merged), read_contacts(tmp_path / "peer.cool"))
    assert record["contacts"] == 4_801_279 + 9_192_043


def test_the_record_names_the_members(tmp_path: Path) -> None:
    for seed, name in enumerate("abcd"):
        write_cooler(tmp_path / f"{name}.cool", seed)
    members = {name: ingest(tmp_path / f"{name}.cool") for name in "abcd"}
    files, record = merge(tmp_path / "merged", **members)
    sources = {name: json.loads(Path(m.source).read_text()) for name, m in members.items()}
    assert json.loads(Path(files.source).read_text()) == record
    assert record["uri"] == "merge of a, b, c and 1 more"
    assert (record["format"], record["resolution"], record["notes"]) == ("merge", 1000, [])
    assert record["members"] == {
        name: {key: source[key] for key in ("uri", "identity", "contacts")}
        for name, source in sources.items()
    }
    assert record["contacts"] == sum(source["contacts"] for source in sources.values())
    matrices = [read_map(member).full_matrix().toarray() for member in members.values()]
    np.testing.assert_array_equal(read_map(files).full_matrix().toarray(), sum(matrices))


def test_the_identity_is_that_of_the_contents(tmp_path: Path) -> None:
    """It is the same at all resolutions, and another one if a member changes."""
    for seed, name in enumerate("ab"):
        write_cooler(tmp_path / f"{name}.cool", seed)

    def identity(resolution: int) -> object:
        members = {name: ingest(tmp_path / f"{name}.cool", resolution) for name in "ab"}
        return merge(tmp_path / "merged", **members)[1]["identity"]

    first = identity(1000)
    assert identity(2000) == first
    write_cooler(tmp_path / "b.cool", 7)
    assert identity(1000) != first


def test_fractions_and_large_counts(tmp_path: Path) -> None:
    bins = cooler.binnify(pd.Series({"one": 30}), 10)
    members = {}
    for name, count in (("whole", 2**40), ("fraction", 0.125)):
        pixels = pd.DataFrame({"bin1_id": [0, 0], "bin2_id": [0, 2], "count": [count, 1]})
        kind = np.int64 if name == "whole" else np.float64
        path = str(tmp_path / f"{name}.cool")
        cooler.create_cooler(path, bins, pixels.astype({"count": kind}), dtypes={"count": kind})
        members[name] = ingest(tmp_path / f"{name}.cool", 10)
    files, _ = merge(tmp_path / "merged", **members)
    assert pd.read_parquet(files.pixels)["count"].tolist() == [2**40 + 0.125, 2]
    twice, record = merge(tmp_path / "twice", one=members["whole"], other=members["whole"])
    assert pd.read_parquet(twice.pixels)["count"].tolist() == [2**41, 2]
    assert record["count_type"] == "int64"


def test_other_bins_are_refused(tmp_path: Path) -> None:
    write_genome(tmp_path / "a.cool", {"chr1": 60, "chr2": 50})
    write_genome(tmp_path / "b.cool", {"chr1": 60, "chr2": 45})
    first, second = (ingest(tmp_path / f"{name}.cool") for name in "ab")
    with pytest.raises(InputError) as caught:
        merge(tmp_path / "merged", wild_1=first, wild_2=second)
    message = str(caught.value)
    assert message.startswith(f"{second.bins}: sample wild_2 has other bins than wild_1, ")
    assert "chr2 has 44,700 bp in the file and 49,700 in the map" in message
    assert not any((tmp_path / "merged").iterdir())


def test_chosen_chromosomes_make_maps_mergeable(tmp_path: Path) -> None:
    write_genome(tmp_path / "a.cool", {"chr1": 60, "chr2": 50, "chrM": 2})
    write_genome(tmp_path / "b.cool", {"chr2": 50, "chr1": 60})
    members = {}
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        members[name] = MapFiles.in_folder(folder)
        choice = ChromosomeSettings(keep=["chr[0-9]"], order=["chr1"])
        info = inspect_source(str(tmp_path / f"{name}.cool"))
        write_map(info, 1000, members[name], chromosomes=choice)
    files, _ = merge(tmp_path / "merged", **members)
    matrices = [read_map(member).full_matrix().toarray() for member in members.values()]
    np.testing.assert_array_equal(read_map(files).full_matrix().toarray(), sum(matrices))


def test_assemblies_that_differ_are_noted(tmp_path: Path) -> None:
    write_cooler(tmp_path / "a.cool", 1)
    source = cooler.Cooler(str(tmp_path / "a.cool"))
    for name in ("hg19", "hg38"):
        path = str(tmp_path / f"{name}.cool")
        cooler.create_cooler(path, source.bins()[:], source.pixels()[:], assembly=name)
    members = {name: ingest(tmp_path / f"{name}.cool") for name in ("hg19", "hg38")}
    _, record = merge(tmp_path / "merged", **members)
    assert record["assembly"] is None
    assert record["notes"] == ["its members name different assemblies (hg19, hg38)"]
