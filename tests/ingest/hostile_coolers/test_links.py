"""Coolers that lead to other files, and members of their groups that are no columns."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from counterpoise.errors import InputError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.read import read_contacts
from tests.support.hostile_coolers import Damage, N, change


def link_externally(name: str) -> Damage:
    def damage(file: h5py.File) -> None:
        other = Path(file.filename).with_name("other.h5")
        with h5py.File(other, "w") as target:
            file.copy(name, target, "values")
        del file[name]
        file[name] = h5py.ExternalLink("other.h5", "values")

    return damage


def link_over_an_external_link(file: h5py.File) -> None:
    link_externally("pixels")(file)
    file["elsewhere"] = file.get("pixels", getlink=True)
    del file["pixels"]
    file.create_group("pixels")
    for name in ("bin1_id", "bin2_id", "count"):
        file[f"pixels/{name}"] = h5py.SoftLink(f"/elsewhere/{name}")


def store_externally(name: str) -> Damage:
    def damage(file: h5py.File) -> None:
        secret = Path(file.filename).with_name("secret.txt")
        secret.write_bytes(bytes(8 * N))
        if name in file:
            del file[name]
        file.create_dataset(name, (N,), "i8", external=[(str(secret), 0, 8 * N)])

    return damage


def make_virtual(name: str) -> Damage:
    def damage(file: h5py.File) -> None:
        values = file[name][:] if name in file else np.arange(N)
        with h5py.File(Path(file.filename).with_name("other.h5"), "w") as other:
            other["x"] = values
        layout = h5py.VirtualLayout(values.shape, values.dtype)
        layout[:] = h5py.VirtualSource("other.h5", "x", values.shape)
        if name in file:
            del file[name]
        file.create_virtual_dataset(name, layout)

    return damage


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (link_externally("pixels/count"), r"/pixels/count is a link to another file \(other\.h5"),
        (link_externally("pixels"), "/pixels is a link to another file"),
        (link_externally("bins"), "/bins is a link to another file"),
        (link_externally("chroms/name"), "/chroms/name is a link to another file"),
        (
            lambda file: file.__setitem__("bins/x", h5py.ExternalLink("no_such.h5", "/x")),
            "/bins/x is a link to another file",
        ),
        (
            lambda file: file.__setitem__("indexes/deep/x", h5py.ExternalLink("no.h5", "/x")),
            "/indexes/deep/x is a link to another file",
        ),
        (link_over_an_external_link, "/elsewhere is a link to another file"),
        (store_externally("bins/leak"), r"/bins/leak stores its values .*secret\.txt"),
        (store_externally("bins/start"), "/bins/start stores its values in another file"),
        (make_virtual("pixels/count"), "/pixels/count is a virtual dataset"),
        (make_virtual("bins/leak"), "/bins/leak is a virtual dataset"),
    ],
)
def test_what_lies_in_another_file_is_refused(
    path: Path, damage: Damage, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(path, damage)
    opened = []
    inside = h5py.Dataset.__getitem__
    monkeypatch.setattr(
        h5py.Dataset, "__getitem__", lambda self, key: opened.append(self) or inside(self, key)
    )
    for read in (read_contacts, lambda name: inspect_source(str(name))):
        with pytest.raises(InputError, match=words) as caught:
            read(path)
        assert path.name in str(caught.value)
    assert opened == [], "nothing is read before"


def test_other_groups_of_a_file_may_lead_elsewhere(path: Path, tmp_path: Path) -> None:
    """Only the group that is read counts, with all that leads to it."""
    mcool = tmp_path / "map.mcool"
    with h5py.File(path) as source, h5py.File(mcool, "w") as file:
        source.copy("/", file, "resolutions/10")
        file["else/20"] = h5py.ExternalLink("other.h5", "/")
    assert read_contacts(f"{mcool}::/resolutions/10").nnz == 496
    assert read_contacts(mcool, 10).nnz == 496
    with pytest.raises(InputError, match="/else/20 is a link to another file"):
        read_contacts(f"{mcool}::/else/20")


def test_links_within_one_file_are_followed(path: Path, tmp_path: Path) -> None:
    expected = read_contacts(path)

    def link(file: h5py.File) -> None:
        file["hidden/counts"] = file["pixels/count"]
        del file["pixels/count"]
        file["pixels/count"] = h5py.SoftLink("/hidden/counts")
        file["bins/gc"] = np.arange(N) / N
        file["bins/again"] = h5py.SoftLink("gc")
        file["bins/same"] = file["bins/gc"]

    change(path, link)
    actual = read_contacts(path)
    np.testing.assert_array_equal(actual.counts, expected.counts)
    for name in ("gc", "again", "same"):
        np.testing.assert_array_equal(actual.bins.extra[name], np.arange(N) / N)
    assert actual.source["notes"] == []


def test_members_of_no_use_among_the_bins_are_left_out_with_a_note(path: Path) -> None:
    def add(file: h5py.File) -> None:
        file["bins/dangling"] = h5py.SoftLink("/nowhere/at all")
        file["bins/circle"] = h5py.SoftLink("circle")
        file["bins/folder/x"] = np.arange(N)
        file["bins/type"] = np.dtype("i4")
        file["bins/scalar"] = 3
        file["bins/square"] = np.ones((N, 2))
        file["bins/short"] = np.ones(N - 1)
        file["bins/nothing"] = h5py.Empty("f8")
        file["bins/complex"] = np.ones(N, complex)
        file["bins/gc"] = np.ones(N)

    change(path, add)
    contacts = read_contacts(path)
    assert set(contacts.bins.extra) == {"gc"}
    assert contacts.source["notes"] == [
        "members of bins that are no columns of numbers or text ignored: circle, complex, "
        "dangling, folder, nothing, scalar, short, square, type"
    ]


def test_groups_that_contain_themselves_are_read(path: Path) -> None:
    change(path, lambda file: file.__setitem__("indexes/again", file["/"]))
    assert read_contacts(path).nnz == 496
