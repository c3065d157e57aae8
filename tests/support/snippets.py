"""The code blocks of the documentation, and how they are run.

Blocks of a page run in their order in one folder, which has the files of :func:`write_maps`.

- ``console``: commands for bash. If lines begin with ``$``, only these are commands.
- ``python``: one program, whose names live on in the next block.
- ``yaml``: keys of a cohort, which must be known and have values of their type. If the first line
  is a comment with a path, the block is written there.

A comment on the line above a block changes this:

- ``<!-- not run: REASON -->``;
- ``<!-- files: a.mcool b.hic -->`` adds copies of the map under these names;
- ``<!-- in a cohort -->``: from here on the folder is one that ``counterpoise init`` made;
- ``<!-- not a cohort: WHAT -->`` is for YAML of something else, which is only parsed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cooler
import yaml

from counterpoise.cohort.compose import load_cohort
from counterpoise.ingest.demo_maps import simulate_map, write_cool
from tests.support import REPOSITORY
from tests.support.hic_files import write_hic

LANGUAGES = ("console", "python", "yaml")
OTHER = ("", "text", "pycon", "tsv", "json", "{toctree}", "{include}", "{eval-rst}", "{code-cell}")
BLOCK = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```([^\n]*)\n(.*?)^```$", re.M | re.S)
COHORT: dict[str, Any] = {
    "sample_sheet": "samples.tsv",
    "methods": ["ice"],
    "resolutions": [10_000],
}
SHEET = """\
sample\tpath\tcondition\tcell_type\ttreatment
wild_1\tmap.mcool\twild\tliver\tnone
wild_2\tmap.mcool\twild\tliver\tnone
mutant_1\tmap.mcool\tmutant\tliver\tdrug
mutant_2\tmap.mcool\tmutant\tliver\tdrug
bulk\tmap.mcool\twild\tbulk\tnone
"""


@dataclass(frozen=True)
class Snippet:
    """A block of a page: line, language, text, and the comment above it."""

    line: int
    language: str
    text: str
    comment: str

    @property
    def is_run(self) -> bool:
        return self.language in LANGUAGES and not self.comment.startswith("not run:")

    @property
    def files(self) -> list[str]:
        return self.comment.removeprefix("files:").split() if "files:" in self.comment else []

    @property
    def commands(self) -> str:
        """Return the commands of a console block."""
        prompts = [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        return "\n".join(prompts) if prompts else self.text


def snippets(page: Path) -> list[Snippet]:
    """Return the blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Snippet(
            text[: match.start(2)].count("\n") + 1,
            match[2].split(" ")[0],
            match[3],
            match[1] or "",
        )
        for match in BLOCK.finditer(text)
    ]


def pages() -> list[Path]:
    """Return the pages with blocks that are for readers to run; notebooks run on their own."""
    names = ("README.md", "CONTRIBUTING.md", "profiles/README.md", "config/README.md")
    found = [REPOSITORY / name for name in names]
    found += sorted(REPOSITORY.glob("docs/**/*.md"))
    return [page for page in found if not page.read_text(encoding="utf-8").startswith("---\n")]


def write_maps(folder: Path) -> None:
    """Write the files that blocks name: maps of two chromosomes, BED files, a sample sheet."""
    sizes = {"chr1": 120, "chr2": 80}
    bins, pixels = simulate_map(sizes, 400_000)
    write_cool(folder / "map.cool", bins, pixels, "toy")
    cooler.zoomify_cooler(
        str(folder / "map.cool"), str(folder / "map.mcool"), [10_000, 20_000], 1_000_000
    )
    lengths = {name: 10_000 * size for name, size in sizes.items()}
    write_hic(folder / "map.hic", lengths, 10_000, pixels)
    for name in ("map.bed", "blacklist.bed"):
        (folder / name).write_text("chr1\t100000\t150000\n")
    (folder / "segments.bed").write_text("chr1\t0\t150000\t2\n")
    (folder / "samples.tsv").write_text(SHEET)


class Page:
    """A page whose blocks run one after the other in a folder."""

    def __init__(self, folder: Path) -> None:
        self.home = self.folder = folder
        self.module = sys.modules["snippet"] = ModuleType("snippet")

    def run(self, snippet: Snippet) -> None:
        """Run a block; an error of any kind means that the page is wrong."""
        for name in snippet.files:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.home / f"map{target.suffix}", target)
        if snippet.comment == "in a cohort":
            self._run_commands("counterpoise init mine map.mcool && cd mine")
        getattr(self, f"_run_{snippet.language}")(snippet)

    def _run_console(self, snippet: Snippet) -> None:
        self._run_commands(snippet.commands)

    def _run_commands(self, commands: str) -> None:
        place = self.home / ".place"
        script = f"set -euo pipefail\ntrap 'pwd >{place}' EXIT\n{commands}"
        binaries = Path(sys.executable).parent
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        self.folder = Path(place.read_text().strip())

    def _run_python(self, snippet: Snippet) -> None:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            exec(compile(snippet.text, f"line {snippet.line}", "exec"), vars(self.module))  # ours
        finally:
            os.chdir(before)

    def _run_yaml(self, snippet: Snippet) -> None:
        given = yaml.safe_load(snippet.text)
        if path := re.match(r"# (\S+\.yaml)$", snippet.text, re.M):
            target = self.folder / path[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(snippet.text)
        if snippet.comment.startswith("not a cohort:"):
            return
        base = {key: value for key, value in COHORT.items() if key != "sample_sheet"}
        cohort = {**(base if "samples" in given else COHORT), **given}
        conf = self.home / "conf-of-snippets"
        shutil.rmtree(conf, ignore_errors=True)
        shutil.copytree(REPOSITORY / "conf", conf)
        (conf / "cohort" / "mine.yaml").write_text(yaml.safe_dump(cohort), encoding="utf-8")
        load_cohort(conf, ["cohort=mine"], self.home)
