"""The kinds of cases: how the input of a case is made, read by the package, and judged."""

from __future__ import annotations

import hashlib
import math
import shutil
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from counterpoise.cohort.compose import load_cohort
from counterpoise.cohort.samples import read_sheet
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import CounterpoiseError
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.ingest.read import read_contacts
from counterpoise.ingest.reader_interface import Level, SourceInfo
from counterpoise.mask import mask_bins
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from tests.support import REPOSITORY
from tests.support.fuzz import seeds
from tests.support.fuzz.hdf5 import change_cooler
from tests.support.fuzz.texts import Random, change_bytes, change_text, choose

# What messages about a configuration name instead of the file.
PLACES = (
    "configuration",
    "conf/",
    "samples",
    "mask.",
    "methods.",
    "cohort:",
    "resolutions",
    "primary",
)

COOLERS = ("plain.cool", "contiguous.cool", "latest.cool", "unequal.cool", "square.cool")
HICS = ("v6.hic", "v7.hic", "v8.hic", "v9.hic")


@dataclass
class Made:
    """The input of a case.

    Attributes
    ----------
    path : pathlib.Path
        The changed file.
    changes : list of str
        What was changed, in words.
    valid : pathlib.Path
        The folder of valid inputs.
    seed : str
        Name of the valid input.
    same_contacts : bool
        Whether the file, if it is accepted, must have the contacts of the valid input: bytes are
        changed, and counts are protected by checksums or by a sum.
    """

    path: Path
    valid: Path
    seed: str
    changes: list[str] = field(default_factory=list)
    same_contacts: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of cases.

    Attributes
    ----------
    make : callable
        Makes the input of a case from random numbers, the folder of valid inputs and an empty one.
    read : callable
        Gives the input to the package; returns facts that a peer can confirm.
    peer : str or None
        The program that reads the file too.
    """

    make: Callable[[Random, Path, Path], Made]
    read: Callable[[Made, Path], list[dict[str, Any]]]
    peer: str | None = None


class WrongAnswerError(Exception):
    """The package accepted an input and gave a result that cannot be right."""


def run_case(kind: str, number: int, valid: Path, folder: Path) -> dict[str, Any]:
    """Make and read one case.

    Returns
    -------
    dict
        ``outcome`` is ``read``, ``refused`` or ``fault``; further keys say what was read or wrong.
    """
    made = make_case(kind, number, valid, folder)
    report: dict[str, Any] = {"path": str(made.path), "changes": ", ".join(made.changes)}
    try:
        levels = KINDS[kind].read(made, folder)
    except CounterpoiseError as error:
        return report | _judge_refusal(str(error), made.path)
    except Exception:
        return report | {"outcome": "fault", "detail": traceback.format_exc()}
    return report | {"outcome": "read", "levels": levels}


def make_case(kind: str, number: int, valid: Path, folder: Path) -> Made:
    """Make the input of one case."""
    rng = np.random.default_rng([zlib.crc32(kind.encode()), number])
    return KINDS[kind].make(rng, valid, folder)


def _judge_refusal(message: str, path: Path) -> dict[str, Any]:
    """Return the outcome of an error, whose message must name the file or the configuration."""
    names_place = path.name in message or any(word in message for word in PLACES)
    detail = message if names_place else f"the message names no place: {message}"
    return {"outcome": "refused" if names_place else "fault", "detail": detail}


# --- maps


def _copy(valid: Path, name: str, folder: Path) -> Path:
    return Path(shutil.copyfile(valid / name, folder / f"case{Path(name).suffix}"))


def _make_cool(rng: Random, valid: Path, folder: Path) -> Made:
    name = choose(rng, COOLERS)
    path = _copy(valid, name, folder)
    return Made(path, valid, name, change_cooler(rng, path))


def _make_mcool(rng: Random, valid: Path, folder: Path) -> Made:
    path = _copy(valid, "levels.mcool", folder)
    if rng.random() < 0.5:
        path.write_bytes(change_bytes(rng, path.read_bytes(), dense=True))
        return Made(path, valid, "levels.mcool", ["bytes"], same_contacts=True)
    return Made(path, valid, "levels.mcool", change_cooler(rng, path))


def _make_cool_bytes(rng: Random, valid: Path, folder: Path) -> Made:
    name = choose(rng, COOLERS)
    path = _copy(valid, name, folder)
    path.write_bytes(change_bytes(rng, path.read_bytes(), dense=bool(rng.random() < 0.7)))
    return Made(path, valid, name, ["bytes"], same_contacts=True)


def _make_hic(rng: Random, valid: Path, folder: Path) -> Made:
    name = choose(rng, [name for name in HICS if (valid / name).exists()])
    path = _copy(valid, name, folder)
    path.write_bytes(change_bytes(rng, path.read_bytes()))
    return Made(path, valid, name, ["bytes"], same_contacts=True)


def _read_levels(made: Made, folder: Path) -> list[dict[str, Any]]:
    """Read every level into memory and through the files of a map, and write a cooler of it."""
    info = inspect_source(str(made.path))
    facts = []
    for level in info.levels[:3]:
        contacts = _read_level(made.path, level, info.format == "hic")
        facts.append({"group": level.group, "resolution": level.resolution, **_facts(contacts)})
        if made.same_contacts:
            facts[-1]["as_valid"] = _compare_with_valid(made, level.resolution, facts[-1])
        if level.resolution is not None and info.format != "hic":
            _write_and_compare(info, level.resolution, contacts, folder)
    return facts


def _write_and_compare(info: SourceInfo, resolution: int, contacts: Contacts, folder: Path) -> None:
    """Write the files of a map and a cooler; the map must be that which was read."""
    paths = ResultPaths("fuzz", str(folder))
    files = paths.map_files("s", resolution)
    Path(files.source).parent.mkdir(parents=True, exist_ok=True)
    write_map(info, resolution, files)
    if _facts(read_map(files))["pixels"] != _facts(contacts)["pixels"]:
        raise WrongAnswerError("the files of the map differ from the map in memory")
    write_mcool(paths, "s", [resolution], {}, "", str(folder / "out.mcool"))


def _compare_with_valid(made: Made, resolution: int | None, facts: dict[str, Any]) -> bool:
    """Compare with the valid input, whose bytes were changed; return whether all is equal."""
    valid = _facts_of_valid(made.valid / made.seed).get(resolution)
    if valid is None:
        return False
    if valid["nnz"] != facts["nnz"] or not math.isclose(valid["sum"], facts["sum"], rel_tol=1e-7):
        raise WrongAnswerError(
            f"after a change of bytes, {facts['nnz']} pixels sum to {facts['sum']} instead of "
            f"{valid['nnz']} to {valid['sum']}"
        )
    return all(valid[key] == facts[key] for key in valid)


@cache
def _facts_of_valid(path: Path) -> dict[int | None, dict[str, Any]]:
    """Return the facts of a valid map, by resolution."""
    return {
        level.resolution: _facts(_read_level(path, level, path.suffix == ".hic"))
        for level in inspect_source(str(path)).levels
    }


def _read_level(path: Path, level: Level, by_resolution: bool) -> Contacts:
    uri = str(path) if level.group == "/" else f"{path}::{level.group}"
    return read_contacts(uri, level.resolution if by_resolution else None)


def _facts(contacts: Any) -> dict[str, Any]:
    """Return the facts of a map that a peer can confirm."""
    rows, columns, counts = pixels_of(contacts)
    return describe_map(contacts.bins, rows, columns, counts)


def pixels_of(contacts: Any) -> tuple[Any, Any, Any]:
    """Return the pixels of a map in memory."""
    counts = np.asarray(contacts.counts)
    return np.asarray(contacts.rows), np.asarray(contacts.columns), counts


def describe_map(bins: BinTable, rows: Any, columns: Any, counts: Any) -> dict[str, Any]:
    """Return sum, number of pixels, and digests of the bins and the pixels."""
    names = np.repeat(np.array(bins.chromosomes, dtype=object), np.diff(bins.offsets))
    return describe(names, bins.start, bins.end, rows, columns, counts)


def describe(
    names: Any, start: Any, end: Any, rows: Any, columns: Any, counts: Any
) -> dict[str, Any]:
    """Return sum, number of pixels, and digests of the bins and the pixels."""
    table = hashlib.sha256("\n".join(names).encode(errors="replace"))
    table.update(np.asarray(start, np.int64).tobytes() + np.asarray(end, np.int64).tobytes())
    pixels = hashlib.sha256()
    for values, dtype in ((rows, np.int64), (columns, np.int64), (counts, np.float64)):
        pixels.update(np.ascontiguousarray(values, dtype).tobytes())
    return {
        "sum": float(np.asarray(counts, np.float64).sum()),
        "nnz": len(rows),
        "bins": table.hexdigest()[:16],
        "pixels": pixels.hexdigest()[:16],
    }


# --- texts


def _make_sheet(rng: Random, valid: Path, folder: Path) -> Made:
    shutil.copyfile(valid / "one.cool", folder / "one.cool")
    path = folder / choose(rng, ("case.tsv", "case.tsv", "case.csv"))
    sheet = seeds.SHEET if path.suffix == ".tsv" else seeds.SHEET.replace("\t", ",")
    path.write_bytes(change_text(rng, sheet))
    return Made(path, valid, "sheet")


def _read_sheet(made: Made, folder: Path) -> list[dict[str, Any]]:
    table = read_sheet(made.path)
    table.validate(folder, set())
    text = made.path.read_text("utf-8-sig")
    lines = [line.strip().strip(",") for line in text.split("\n")]
    filled = [line for line in lines if line and line[0] not in '#"']
    quoted = [line for line in lines if line.startswith('"')]
    if not len(filled) - 1 <= len(table.samples) <= len(filled) + len(quoted) - 1:
        raise WrongAnswerError(f"{len(table.samples)} samples of {len(filled)} lines")
    return []


def _make_bed(rng: Random, valid: Path, folder: Path) -> Made:
    path = folder / "case.bed"
    data = change_text(rng, seeds.BED)
    if rng.random() < 0.3:
        import gzip

        path = folder / "case.bed.gz"
        data = gzip.compress(data, mtime=0)
        data = change_bytes(rng, data) if rng.random() < 0.7 else data
    path.write_bytes(data)
    return Made(path, valid, "bed")


def _read_bed(made: Made, folder: Path) -> list[dict[str, Any]]:
    contacts = _bed_map()
    mask = mask_bins(
        contacts, {"blacklist": str(made.path), "min_nnz": 0, "mad_max": 0, "ignore_diags": 0}
    )
    if made.path.suffix == ".bed":
        _compare_blacklist(made.path, mask)
    return []


def _bed_map() -> Contacts:
    n = len(seeds.BINS)
    diagonal = np.arange(n, dtype=np.int32)
    chunk = (diagonal, diagonal, np.ones(n, np.int32))
    return Contacts.from_chunks(seeds.BINS, iter([chunk]), {}, n)


def _compare_blacklist(path: Path, mask: Any) -> None:
    """Compare the masked bins with those that a plain reading of the lines masks."""
    expected = np.zeros(len(seeds.BINS), bool)
    for line in path.read_text("utf-8-sig").split("\n"):
        cells = line.split("\t") if line.count("\t") >= 2 else line.split()
        if len(cells) < 3 or not (cells[1].strip().isdecimal() and cells[2].strip().isdecimal()):
            continue
        start, end = int(cells[1]), int(cells[2])
        for name, lo, hi in seeds.BINS.chromosome_ranges():
            if name == cells[0].strip() and start < end:
                inside = (seeds.BINS.start[lo:hi] < end) & (seeds.BINS.end[lo:hi] > start)
                expected[lo:hi] |= inside
    if not np.array_equal(~mask.kept, expected):
        raise WrongAnswerError(f"{(~mask.kept).sum()} bins masked instead of {expected.sum()}")


def _make_configuration(rng: Random, valid: Path, folder: Path) -> Made:
    shutil.copyfile(valid / "one.cool", folder / "one.cool")
    path = folder / "conf" / "cohort" / "mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes(change_text(rng, seeds.CONFIGURATION))
    return Made(path, valid, "configuration")


def _read_configuration(made: Made, folder: Path) -> list[dict[str, Any]]:
    search = f"hydra.searchpath=[file://{folder / 'conf'}]"
    cohort = load_cohort(REPOSITORY / "conf", [search, "cohort=mine"], folder)
    if not cohort.samples or not cohort.methods or not cohort.runs:
        raise WrongAnswerError("a cohort without samples, methods or runs")
    return []


KINDS = {
    "cool": Kind(_make_cool, _read_levels, "cooler"),
    "cool_bytes": Kind(_make_cool_bytes, _read_levels, "cooler"),
    "mcool": Kind(_make_mcool, _read_levels, "cooler"),
    "hic": Kind(_make_hic, _read_levels, "hictkpy"),
    "sheet": Kind(_make_sheet, _read_sheet),
    "bed": Kind(_make_bed, _read_bed),
    "configuration": Kind(_make_configuration, _read_configuration),
}
