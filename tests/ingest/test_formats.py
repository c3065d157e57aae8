"""The table of formats: every row has a reader, and content decides before the name."""

from __future__ import annotations

import gzip
import inspect
import shlex
import subprocess
import sys
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.formats import FORMATS, Format, inspect_source, read_bins, reader_of
from counterpoise.ingest.read import read_contacts
from counterpoise.ingest.reader_interface import Level, Reader, SourceInfo
from tests.support.hic_files import hic_bytes
from tests.support.maps import write_map


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.names[0])
def test_every_format_has_a_reader(row: Format) -> None:
    reader = row.load_reader()
    for name in ("inspect", "open_level"):
        required = [*inspect.signature(getattr(Reader, name)).parameters][1:]
        assert [*inspect.signature(getattr(reader, name)).parameters][: len(required)] == required
    for name in row.names:
        assert reader_of(SourceInfo("map", name, (Level(1000),))) is reader


def test_names_of_formats_are_unique() -> None:
    names = [name for row in FORMATS for name in row.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["map.hic", "map.cool", "map"])
def test_the_content_decides_before_the_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(hic_bytes(8))
    assert inspect_source(str(tmp_path / name)).format == "hic"


@pytest.mark.parametrize(
    ("name", "words"),
    [("map.hic", r"is not a \.hic file"), ("map.cool", "not an HDF5 file"), ("map", "not an HDF5")],
)
def test_the_error_about_a_damaged_file_speaks_of_its_name(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / name).write_bytes(b"no map at all")
    with pytest.raises(InputError, match=words):
        inspect_source(str(tmp_path / name))


def test_a_group_of_a_hic_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.hic").write_bytes(hic_bytes(8))
    with pytest.raises(InputError, match="'::' names a level of a cooler") as caught:
        inspect_source(f"{tmp_path}/map.hic::/resolutions/5000")
    assert str(caught.value).startswith(f"{tmp_path}/map.hic: ")
    assert "Leave '::/resolutions/5000' out." in str(caught.value)


def test_cells_of_a_single_cell_file_are_listed_and_read(tmp_path: Path) -> None:
    write_map(tmp_path / "x.cool", 1)
    source = cooler.Cooler(str(tmp_path / "x.cool"))
    bins, pixels = source.bins()[["chrom", "start", "end"]][:], source.pixels()[:]
    path = tmp_path / "cells.scool"
    cooler.create_scool(str(path), bins, {f"cell_{k}": pixels[k:] for k in range(7)})
    with pytest.raises(
        InputError, match=r"7 single cells.*/cells/cell_0, .*\(7 in all\)"
    ) as caught:
        inspect_source(str(path))
    assert caught.value.remedy.endswith(f"{path}::/cells/cell_0")
    with pytest.raises(InputError, match=r"no group /cells/cell_9 \(it holds /cells/cell_0"):
        inspect_source(f"{path}::/cells/cell_9")
    for k in (0, 3):
        assert read_contacts(f"{path}::/cells/cell_{k}").nnz == len(pixels) - k


def run_remedy(remedy: str, folder: Path) -> None:
    """Run the command of a remedy, with the programs of this environment."""
    command = shlex.split(remedy.partition(": ")[2])
    if command[0] == "cooler":
        command = [sys.executable, "-c", "from cooler.cli import cli; cli()", *command[1:]]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_a_packed_cooler_is_unpacked_by_the_command_given(tmp_path: Path) -> None:
    write_map(tmp_path / "x.cool", 1)
    expected = read_contacts(tmp_path / "x.cool")
    packed = tmp_path / "my map's.cool.gz"
    packed.write_bytes(gzip.compress((tmp_path / "x.cool").read_bytes()))
    with pytest.raises(InputError, match="is compressed with gzip") as caught:
        inspect_source(str(packed))
    run_remedy(caught.value.remedy, tmp_path)
    assert read_contacts(tmp_path / "my map's.cool").nnz == expected.nnz


@pytest.mark.parametrize("packed", [False, True])
def test_pairs_are_binned_by_the_command_given(tmp_path: Path, packed: bool) -> None:
    text = "## pairs format v1.0\n#columns: readID chr1 pos1 chr2 pos2 strand1 strand2\n"
    text += "r\tchr1\t5\tchr1\t19000\t+\t-\n"
    (tmp_path / "sizes").write_text("chr1\t50000\n")
    path = tmp_path / ("p.pairs.gz" if packed else "p.pairs")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    with pytest.raises(InputError, match="list of pairs") as caught:
        inspect_source(str(path))
    run_remedy(caught.value.remedy.replace("CHROM_SIZES", "sizes"), tmp_path)
    contacts = read_contacts(tmp_path / "p.cool")
    assert (contacts.rows.tolist(), contacts.columns.tolist()) == ([0], [1])


@pytest.mark.parametrize("name", ["x_10000.matrix", "x_10000.txt"])
def test_a_matrix_of_hic_pro_is_converted_by_the_command_given(tmp_path: Path, name: str) -> None:
    write_map(tmp_path / "source.cool", 1)
    source = cooler.Cooler(str(tmp_path / "source.cool"))
    bins: pd.DataFrame = source.bins()[["chrom", "start", "end"]][:]
    pixels: pd.DataFrame = source.pixels()[:].add([1, 1, 0])
    bins.assign(id=np.arange(len(bins)) + 1).to_csv(
        tmp_path / "bins_abs.bed", sep="\t", header=False, index=False
    )
    pixels.to_csv(tmp_path / name, sep="\t", header=False, index=False)
    with pytest.raises(InputError, match="as HiC-Pro writes it") as caught:
        inspect_source(str(tmp_path / name))
    run_remedy(caught.value.remedy.replace("BINS_abs", "bins_abs"), tmp_path)
    converted = read_contacts(tmp_path / "x_10000.cool")
    expected = read_contacts(tmp_path / "source.cool")
    np.testing.assert_array_equal(converted.counts, expected.counts)
    np.testing.assert_array_equal(converted.columns, expected.columns)


def test_a_matrix_of_hicexplorer_names_its_converter(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["intervals/chr_list"] = np.array([b"chr1"])
        file["matrix/data"] = np.ones(1)
    with pytest.raises(InputError, match=r"HiCExplorer.*hicConvertFormat -m .*--inputFormat h5"):
        inspect_source(str(tmp_path / "x.h5"))


def test_a_path_too_long_for_a_file_system_is_refused() -> None:
    with pytest.raises(InputError, match="does not exist or is not a file"):
        read_contacts("a" * 300 + ".cool")


@pytest.mark.parametrize("name", ["map.hic", "map.cool"])
def test_bins_are_read_without_contacts(tmp_path: Path, name: str) -> None:
    if name.endswith(".hic"):
        (tmp_path / name).write_bytes(hic_bytes(8))
    else:
        write_map(tmp_path / name, 1)
    info = inspect_source(str(tmp_path / name))
    for level in info.levels:
        bins = read_bins(info, level)
        assert bins.resolution == level.resolution
        assert len(bins) == bins.offsets[-1] > 0
