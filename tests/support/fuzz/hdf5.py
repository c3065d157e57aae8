"""Changes of a cooler through h5py: the file stays valid HDF5, but not always a valid cooler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.support.fuzz.texts import NUMBERS, Random, choose

H5PY_ERRORS = (OSError, RuntimeError, TypeError, ValueError, AttributeError)
Change = Callable[[Random, h5py.Group], None]
TABLES = {
    "pixels": ("bin1_id", "bin2_id", "count"),
    "bins": ("chrom", "start", "end"),
    "chroms": ("name", "length"),
}
TYPES = (
    "i1",
    "u1",
    "i2",
    "u2",
    "<i4",
    ">i4",
    "u4",
    "<i8",
    ">i8",
    "u8",
    "f2",
    "f4",
    ">f8",
    "g",
    "?",
)
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"chunks": (7,)},
    {"chunks": (1,)},
    {"chunks": (100,), "compression": "gzip"},
    {"chunks": (100,), "compression": "gzip", "shuffle": True, "fletcher32": True},
    {"chunks": (64,), "compression": "lzf"},
    {"chunks": (5000,), "maxshape": (None,), "compression": "gzip", "shuffle": True},
    {"chunks": (50,), "scaleoffset": 0},
)


def change_cooler(rng: Random, path: Path) -> list[str]:
    """Change a cooler file in place, one to three times; return the names of the changes."""
    done = []
    with h5py.File(path, "r+", libver=choose(rng, ("earliest", "latest"))) as file:
        for _ in range(choose(rng, (1, 1, 1, 2, 3))):
            group = _choose_cooler(rng, file)
            change = choose(rng, CHANGES)
            done.append(change.__name__.strip("_"))
            try:
                change(rng, group)
            except (ArithmeticError, LookupError, MemoryError, *H5PY_ERRORS) as error:
                # What an earlier change removed cannot be changed, nor can HDF5 store everything.
                done[-1] += f" (not possible: {type(error).__name__})"
        if rng.random() < 0.5:
            _mend_sums(file)
    return done


def _choose_cooler(rng: Random, file: h5py.File) -> h5py.Group:
    levels = file.get("resolutions")
    names = list(levels) if isinstance(levels, h5py.Group) else []
    return file["resolutions"][choose(rng, names)] if names else file


def _mend_sums(file: h5py.File) -> None:
    """Remove what the header says of the pixels, so that their own checks are reached."""
    groups = [file, *(g for g in file.get("resolutions", {}).values() if isinstance(g, h5py.Group))]
    for group in groups:
        for name in ("sum", "nnz", "nbins", "nchroms"):
            group.attrs.pop(name, None)


def _choose_column(rng: Random, group: h5py.Group) -> str:
    table = choose(rng, list(TABLES))
    return f"{table}/{choose(rng, TABLES[table])}"


def _replace(group: h5py.Group, name: str, values: Any, **options: Any) -> None:
    attributes = dict(group[name].attrs) if name in group else {}
    if name in group:
        del group[name]
    group.create_dataset(name, data=values, **options).attrs.update(attributes)


def _set_values(rng: Random, group: h5py.Group) -> None:
    """Set some values of a column to unusual ones."""
    name = _choose_column(rng, group)
    values = group[name][:]
    for _ in range(choose(rng, (1, 1, 3))):
        place = int(rng.integers(len(values)))
        if values.dtype.kind in "SO":
            values[place] = choose(rng, (b"", b" ", b"chr1", b"\xff\xfe", b"a/b", b"x\ty", b"All"))
        else:
            number = choose(rng, NUMBERS) * choose(rng, (1, 1, -1))
            low, high = (-1e9, 1e9) if values.dtype.kind == "f" else (-(2**31), 2**31 - 1)
            values[place] = min(max(number, low), high)
    _replace(group, name, values)


def _set_strange_counts(rng: Random, group: h5py.Group) -> None:
    values = group["pixels/count"][:].astype(choose(rng, ("f4", "f8", "g")))
    strange = (np.nan, np.inf, -np.inf, -0.0, 0.5, 1e300, 1e-320, 2.0**62, 2.0**63, -1.0)
    values[int(rng.integers(len(values)))] = choose(rng, strange)
    _replace(group, "pixels/count", values)


def _change_type(rng: Random, group: h5py.Group) -> None:
    name = _choose_column(rng, group)
    with np.errstate(invalid="ignore", over="ignore"):
        _replace(group, name, group[name][:].astype(choose(rng, TYPES)))


def _change_filters(rng: Random, group: h5py.Group) -> None:
    name = _choose_column(rng, group)
    _replace(group, name, group[name][:], **choose(rng, FILTERS))


def _change_text(rng: Random, group: h5py.Group) -> None:
    names = [f"a{i}" for i in range(len(group["chroms/name"]))]
    kind = choose(rng, ("S2", "S40", h5py.string_dtype(), h5py.string_dtype("ascii", 3), "V4"))
    _replace(group, "chroms/name", np.array(names, dtype="S").astype(kind))


def _name_chromosomes_in_bins(rng: Random, group: h5py.Group) -> None:
    names, numbers = group["chroms/name"][:], group["bins/chrom"][:]
    kind = choose(rng, ("S", h5py.string_dtype()))
    _replace(group, "bins/chrom", names[numbers].astype(kind))


def _reorder(rng: Random, group: h5py.Group) -> None:
    """Swap, repeat, reverse or shuffle rows of one table."""
    table = choose(rng, list(TABLES))
    n = len(group[f"{table}/{TABLES[table][0]}"])
    order = np.arange(n)
    first, second = rng.integers(n, size=2).tolist()
    action = choose(rng, ("swap", "repeat", "reverse", "shuffle", "shuffle few", "cut", "append"))
    if action == "swap":
        order[[first, second]] = order[[second, first]]
    elif action == "repeat":
        order[first] = second
    elif action == "reverse":
        order = order[::-1]
    elif action == "shuffle":
        rng.shuffle(order)
    elif action == "shuffle few":
        rng.shuffle(order[first : first + 5])
    elif action == "cut":
        order = order[: min(first, second)]
    else:
        order = np.append(order, second)
    for name in TABLES[table]:
        _replace(group, f"{table}/{name}", group[f"{table}/{name}"][:][order])


def _shift_bins(rng: Random, group: h5py.Group) -> None:
    """Remove some bins, with or without their pixels' numbers, or move a boundary."""
    place = int(rng.integers(1, len(group["bins/start"])))
    if rng.random() < 0.5:
        start, end = group["bins/start"][:], group["bins/end"][:]
        start[place] += choose(rng, (-1, 1, 50))
        end[place - 1] += choose(rng, (0, -1, 1, 50))
        _replace(group, "bins/start", start)
        _replace(group, "bins/end", end)
        return
    for name in TABLES["bins"]:
        _replace(group, f"bins/{name}", np.delete(group[f"bins/{name}"][:], place))


def _mirror(rng: Random, group: h5py.Group) -> None:
    first, second = group["pixels/bin1_id"][:], group["pixels/bin2_id"][:]
    _replace(group, "pixels/bin1_id", second)
    _replace(group, "pixels/bin2_id", first)


def _reshape(rng: Random, group: h5py.Group) -> None:
    name = _choose_column(rng, group)
    values = group[name][:]
    shapes = (values[:, None], values[None], np.stack([values, values], 1), values[0], values[:0])
    _replace(group, name, choose(rng, shapes))


def _claim_more(rng: Random, group: h5py.Group) -> None:
    """Let the columns of a table claim rows that were never written."""
    table = choose(rng, list(TABLES))
    size = choose(rng, (1000, 10**6, 10**9, 10**12, 2**31, 2**62))
    for name in TABLES[table]:
        values = group[f"{table}/{name}"][:]
        del group[f"{table}/{name}"]
        made = group.create_dataset(
            f"{table}/{name}", (len(values),), values.dtype, chunks=(1000,), maxshape=(None,)
        )
        made[:] = values
        made.resize((size,))


def _remove(rng: Random, group: h5py.Group) -> None:
    del group[choose(rng, ("bins", "pixels", "chroms", "indexes", _choose_column(rng, group)))]


def _replace_by_group(rng: Random, group: h5py.Group) -> None:
    name = choose(rng, ("bins", "pixels", "chroms", _choose_column(rng, group)))
    del group[name]
    group.create_group(name)


def _link(rng: Random, group: h5py.Group) -> None:
    name = choose(rng, ("bins", "pixels", "chroms", _choose_column(rng, group), "bins/extra"))
    targets = ("/nowhere", name, "/", "pixels", "/pixels/bin1_id", "/bins/start", "..", "")
    link = choose(rng, (*map(h5py.SoftLink, targets), h5py.ExternalLink("other.h5", "/")))
    if name in group:
        del group[name]
    group[name] = link


def _move_behind_a_link(rng: Random, group: h5py.Group) -> None:
    name = choose(rng, ("bins", "pixels", "chroms", _choose_column(rng, group)))
    group["moved"] = group[name]
    del group[name]
    group[name] = h5py.SoftLink(f"{group.name.rstrip('/')}/moved")


def _add_column(rng: Random, group: h5py.Group) -> None:
    """Add a column to the bins; it may be of any type."""
    n = len(group["bins/start"])
    columns: tuple[Any, ...] = (
        *(np.arange(n) / n, np.full(n, np.nan), np.arange(n, dtype="u8") + 2**63, np.ones(n, "f2")),
        *(np.ones(n, "g"), np.ones(n, bool), np.ones(n, complex), np.ones((n, 2)), np.ones(n + 1)),
        *(np.array([b"ab"] * n), np.array(["ä"] * n, object), np.array([b"\xff"] * n), 7),
        *(np.zeros(n, "V3"), np.zeros(n, [("x", "i4"), ("y", "f8")]), h5py.Empty("f8"), "text"),
        *(np.zeros(n, h5py.enum_dtype({"a": 0, "b": 5})), np.arange(n, dtype=">i2")),
        np.zeros(n, h5py.opaque_dtype(np.dtype("M8[s]"))),
    )
    name = choose(rng, ("gc", "weight", "KR", "ä", "a b", "x" * 300, ".x", "count", "bin_id", "\n"))
    if name in group["bins"]:
        del group[f"bins/{name}"]
    values = choose(rng, columns)
    group["bins"][name] = values
    if rng.random() < 0.5:
        _set_attribute_of(rng, group[f"bins/{name}"])


def _set_attribute(rng: Random, group: h5py.Group) -> None:
    _set_attribute_of(rng, group)


def _set_attribute_of(rng: Random, node: h5py.Group | h5py.Dataset) -> None:
    """Give an attribute a value of any type."""
    names = ("bin-size", "bin-type", "storage-mode", "nbins", "nnz", "sum", "nchroms", "format")
    name = choose(rng, (*names, "genome-assembly", "metadata", "divisive_weights", "ä", "x"))
    values: tuple[Any, ...] = (
        *(0, 1, -1, 100, 99, 2**40, 2**64 - 1, 100.0, 1.5, np.nan, np.inf, True, "", "100", "null"),
        *(
            "square",
            "symmetric-upper",
            "fixed",
            "variable",
            b"fixed",
            b"\xff",
            "ä\0b",
            " 100 ",
            "²",
        ),
        *([1, 2], [], ["a", "b"], np.zeros((2, 2)), 1j, h5py.Empty("f8"), h5py.Empty("S1")),
        *("x" * 60_000, np.array(b"100", "S3"), np.float128(3), np.zeros(2, "V3"), "9" * 5000),
        *(np.array((1, 2.0), [("x", "i4"), ("y", "f8")]), np.int8(-3), np.array([100]), node.ref),
    )
    value = choose(rng, values)
    if name in node.attrs:
        del node.attrs[name]
    if rng.random() < 0.1:
        node.attrs.create(name, [np.arange(3)], dtype=h5py.vlen_dtype("i4"))
    elif rng.random() < 0.9:
        node.attrs[name] = value


def _damage_a_chunk(rng: Random, group: h5py.Group) -> None:
    """Store other bytes, fewer bytes or no bytes as one chunk of a column."""
    name = _choose_column(rng, group)
    values = group[name][:]
    _replace(group, name, values, chunks=(max(len(values) // 3, 1),), compression="gzip")
    dataset = group[name]
    first = dataset.chunks[0] * int(rng.integers(3))
    mask, packed = dataset.id.read_direct_chunk((first,))
    damaged = (packed[: len(packed) // 2], packed + b"more", rng.bytes(50), packed[::-1], b"x")
    dataset.id.write_direct_chunk((first,), choose(rng, damaged), choose(rng, (mask, mask, 1)))


CHANGES: tuple[Change, ...] = (
    *(_set_values, _set_values, _set_values, _set_strange_counts, _change_type, _change_type),
    *(_change_filters, _change_text, _name_chromosomes_in_bins, _reorder, _reorder, _shift_bins),
    *(_mirror, _reshape, _claim_more, _remove, _replace_by_group, _link, _move_behind_a_link),
    *(_add_column, _add_column, _set_attribute, _set_attribute, _damage_a_chunk),
)
