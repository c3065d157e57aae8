"""The code blocks of the documentation, and how they are run.

Blocks of a page run in their order in one folder, which has the files of :func:`write_maps`.

- ``console``: commands for bash. If lines begin with ``$``, only these are commands.
- ``python``: one program, whose names live on in the next block.
- ``yaml``: keys of a cohort, which must be known and have values of their type. If the first line
  is a comment with a path, the block is written there.

A comment on the line above a block changes this:

- ``<!-- not run: REASON -->``;
- ``<!-- files: a.mcool b.hic -->`` adds copies of the map under these names;
- ``<!-- demo: a.cool -->`` adds copies of the simulated map of the demo; with either comment,
  files named after a semicolon are removed, such as one that the block makes;
- ``<!-- in a cohort -->``: from here on the folder is one that ``counterpoise init`` made;
- ``<!-- not a cohort: WHAT -->`` is for YAML of something else, which is only parsed;
- ``<!-- output of: WHAT -->`` is for output of something else, such as another map.

A block shows its output in the lines without a prompt, if it has prompts, and in the next block if
that is ``text`` or has no language. Between the two may be one paragraph of up to three lines, and
no heading, list or table. Otherwise the second block is not output.

Output is compared after runs of whitespace, line ends too, became one blank. Each line that is
shown must occur in what was printed, as whole words and in this order. ``...`` within a line stands
for a word or a part of one, such as a time or an address. A line ``...`` says that lines are left
out; they may be left out without it, too.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cooler
import yaml

from counterpoise.cohort.compose import load_cohort
from counterpoise.ingest.demo_maps import simulate_map, write_cool
from counterpoise.jobs.inputs import SIMULATED_CHROMOSOMES, SIMULATED_CONTACTS
from tests.support import REPOSITORY
from tests.support.hic_files import write_hic

LANGUAGES = ("console", "python", "yaml")
PRINTING = ("console", "python")
OUTPUT = ("", "text")
OTHER = (*OUTPUT, "pycon", "tsv", "json")
BLOCK = re.compile(
    r"(?:^ *<!-- (?P<comment>[^\n]*) -->\n)?"
    r"^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.M | re.S,
)
# One paragraph of up to three lines, none of which begins a heading, a list or a table.
SHORT_PROSE = re.compile(r"\s*(?:(?![ ]*(?:[#|]|[-*+] |\d+\. ))[^\n]*\S[^\n]*\n){0,3}\s*")
DEMO_MAP = ".simulated.cool"
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
    """A block of a page: line, language, text, the comment above it, and the output shown."""

    line: int
    language: str
    text: str
    comment: str
    shown: str = ""

    @property
    def is_run(self) -> bool:
        return self.language in LANGUAGES and not self.comment.startswith("not run:")

    @property
    def commands(self) -> str:
        """Return the commands of a console block."""
        prompts = [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        return "\n".join(prompts) if prompts else self.text


def snippets(page: Path) -> list[Snippet]:
    """Return the blocks of a page."""
    return parse(page.read_text(encoding="utf-8"))


def parse(text: str) -> list[Snippet]:
    """Return the blocks of the text of a page, each with the output that it shows."""
    blocks: list[Snippet] = []
    end = 0
    for match in BLOCK.finditer(text):
        block = Snippet(
            text[: match.start("language")].count("\n") + 1,
            match["language"].split(" ")[0],
            textwrap.dedent(match["text"]),
            match["comment"] or "",
        )
        if block.language == "console":
            block = replace(block, shown=output_below_prompts(block.text))
        if blocks and is_output(block, blocks[-1], text[end : match.start()]):
            blocks[-1] = replace(blocks[-1], shown=blocks[-1].shown + block.text)
        blocks.append(block)
        end = match.end()
    return blocks


def is_output(block: Snippet, previous: Snippet, between: str) -> bool:
    """Return whether a block shows what the block before it prints."""
    return (
        block.language in OUTPUT
        and not block.comment.startswith("output of:")
        and previous.is_run
        and previous.language in PRINTING
        and SHORT_PROSE.fullmatch(between) is not None
    )


def output_below_prompts(text: str) -> str:
    """Return the lines of a console block that are no commands; none if it has no prompts."""
    lines = text.splitlines(keepends=True)
    output = [line for line in lines if not line.startswith("$ ")]
    return "" if len(output) == len(lines) else "".join(output)


def first_missing_line(shown: str, printed: str) -> str | None:
    """Return the first line of ``shown`` that ``printed`` lacks, or None."""
    printed = " ".join(printed.split())
    position = 0
    for line in shown.splitlines():
        words = " ".join(line.split())
        if words in ("", "..."):
            continue
        pattern = r"\S*".join(re.escape(part) for part in words.split("..."))
        match = re.compile(rf"(?<!\S){pattern}(?!\S)").search(printed, position)
        if match is None:
            return line
        position = match.end()
    return None


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
    write_cool(
        folder / DEMO_MAP, *simulate_map(SIMULATED_CHROMOSOMES, SIMULATED_CONTACTS), "simulated"
    )
    for name in ("map.bed", "blacklist.bed"):
        (folder / name).write_text("chr1\t100000\t150000\n")
    (folder / "segments.bed").write_text("chr1\t0\t150000\t2\n")
    (folder / "samples.tsv").write_text(SHEET)


class Page:
    """A page whose blocks run one after the other in a folder."""

    def __init__(self, folder: Path) -> None:
        self.home = self.folder = folder
        self.module = sys.modules["snippet"] = ModuleType("snippet")
        self.printed = ""  # by the last block

    def run(self, snippet: Snippet) -> None:
        """Run a block; an error of any kind means that the page is wrong."""
        self.printed = ""
        self._add_files(snippet)
        getattr(self, f"_run_{snippet.language}")(snippet)
        line = first_missing_line(snippet.shown, self.printed)
        assert line is None, (
            f"line {snippet.line}: {line!r} is shown, but this was printed:\n{self.printed}"
        )

    def _add_files(self, snippet: Snippet) -> None:
        if named := re.fullmatch(r"(files|demo):([^;]*);?(.*)", snippet.comment):
            for name in named[2].split():
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                source = DEMO_MAP if named[1] == "demo" else f"map{target.suffix}"
                shutil.copyfile(self.home / source, target)
            for name in named[3].split():
                (self.folder / name).unlink()
        if snippet.comment == "in a cohort":
            self._run_commands("counterpoise init mine map.mcool && cd mine")

    def _run_console(self, snippet: Snippet) -> None:
        self._run_commands(snippet.commands)

    def _run_commands(self, commands: str) -> None:
        place = self.home / ".place"
        script = f"set -euo pipefail\ntrap 'pwd >{place}' EXIT\n{commands}"
        binaries = Path(sys.executable).parent
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
                "PYTHONUNBUFFERED": "1",  # keeps the lines of stdout and stderr in order
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        self.printed = done.stdout
        self.folder = Path(place.read_text().strip())

    def _run_python(self, snippet: Snippet) -> None:
        printed = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(printed):
            exec(compile(snippet.text, f"line {snippet.line}", "exec"), vars(self.module))  # ours
        self.printed = printed.getvalue()

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
