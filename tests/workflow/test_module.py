"""Another workflow uses this one as a module, with rules of its own before and after it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cooler
import pytest

from tests.support import REPOSITORY
from tests.support.cohort import copy_workflow
from tests.support.maps import write_map
from tests.support.web import ServedFile, serve

pytestmark = pytest.mark.workflow

SNAKEFILE = """
configfile: "config.yaml"


rule all:
    input:
        "done/all.txt",


module counterpoise:
    snakefile:
        config["snakefile"]
    config:
        config["counterpoise"]
    {prefix}


use rule * from counterpoise as counterpoise_*


rule make_map:
    input:
        "raw/{{sample}}.cool",
    output:
        "maps/{{sample}}.cool",
    shell:
        "cp {{input}} {{output}}"


# Names of rules and wildcards are as in the module, their values are not.
rule report:
    input:
        "{results}/coolers/wild.mcool",
        "{results}/coolers/far.mcool",
    output:
        "done/{{sample}}.txt",
    shell:
        "ls {{input}} > {{output}}"
"""

MAKE_SEGMENTS = """

rule make_segments:
    output:
        "maps/{sample}.bed",
    shell:
        "echo chr1 0 10000 3 > {output}"
"""

FROM_GITHUB = """
configfile: "config.yaml"


module counterpoise:
    snakefile:
        github("someone/counterpoise", path="workflow/Snakefile", branch="main")
    config:
        config["counterpoise"]


use rule * from counterpoise
"""

COHORT = """# @package _global_
defaults:
  - /method@methods.ice: ice
  - _self_
cohort: mine
resolutions: [1000, 2000]
primary: ice
files_made: true
samples:
  wild: {{path: maps/wild.cool}}
  far: {{path: {url}}}
"""

CONFIG = """
snakefile: {snakefile}
counterpoise: {{cohort: mine, conf: own, hydra_overrides: ["tracking=off"]}}
"""


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "no_proxy": "127.0.0.1"},
    )


def write_workflow(
    folder: Path, url: str, prefix: str | None, snakefile: str = "Snakefile"
) -> None:
    (folder / "own" / "cohort").mkdir(parents=True)
    (folder / "raw").mkdir()
    write_map(folder / "raw" / "wild.cool", 1)
    results = f"{prefix}/results/mine" if prefix else "results/mine"
    statement = f"prefix:\n        {prefix!r}" if prefix else ""
    (folder / "Snakefile").write_text(SNAKEFILE.format(results=results, prefix=statement))
    (folder / "own" / "cohort" / "mine.yaml").write_text(COHORT.format(url=url))
    (folder / "config.yaml").write_text(CONFIG.format(snakefile=REPOSITORY / snakefile))


def add_copy_numbers(folder: Path) -> None:
    """Give the sample wild a table of copy numbers that a rule of the other workflow makes."""
    with open(folder / "Snakefile", "a") as file:
        file.write(MAKE_SEGMENTS)
    cohort = folder / "own" / "cohort" / "mine.yaml"
    path = "path: maps/wild.cool"
    cohort.write_text(cohort.read_text().replace(path, f"{path}, copy_number: maps/wild.bed"))


@pytest.mark.parametrize("prefix", [None, "balanced"])
def test_a_workflow_around_this_one(tmp_path: Path, prefix: str | None) -> None:
    far = tmp_path / "far.cool"
    write_map(far, 2)
    folder = tmp_path / "other"
    with serve({"/far.cool": ServedFile(far.read_bytes())}) as address:
        write_workflow(folder, f"{address}/far.cool", prefix)
        add_copy_numbers(folder)
        done = snakemake(folder)
        assert done.returncode == 0, done.stdout + done.stderr
        # The default target is the other workflow's own, which needs two coolers and no report.
        assert not list(folder.rglob("report.html"))
        full_run = snakemake(folder, "counterpoise_all")
        assert full_run.returncode == 0, full_run.stdout + full_run.stderr
    results = folder / (prefix or "") / "results" / "mine"
    for name in ("report.html", "summary.tsv", "tracking.json", "compare/1000.png"):
        assert (results / name).is_file()
    for sample in ("wild", "far"):
        uri = f"{results}/coolers/{sample}.mcool::/resolutions/2000"
        assert "weight" in cooler.Cooler(uri).bins().columns
        verdict = json.loads((results / f"weights/{sample}/2000/ice/verdict.json").read_text())
        assert ("copy_number" in verdict) == (sample == "wild")
    assert (folder / "done/all.txt").read_text().count(".mcool") == 2
    made = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    expected = {"Snakefile", "config.yaml", "own", "raw", "maps", "done", "resources"}
    assert made == expected | {prefix or "results"}
    again = snakemake(folder, "-n", "all", "counterpoise_all")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_the_snakefile_of_the_catalog(tmp_path: Path) -> None:
    """`workflow/Snakefile` as a module, and without rules of the other workflow."""
    folder = tmp_path / "other"
    write_workflow(folder, "http://127.0.0.1:1/far.cool", "balanced", "workflow/Snakefile")
    mask = "balanced/results/mine/masks/wild/2000.parquet"
    done = snakemake(folder, mask)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / mask).is_file()
    head, rest = (folder / "Snakefile").read_text().split("rule all:")
    module = rest.partition("module counterpoise:")[2].partition("rule make_map:")[0]
    (folder / "Snakefile").write_text(f"{head}module counterpoise:{module}")
    output = snakemake(folder, "-n").stdout
    counts = dict(re.findall(r"^(\w+) +(\d+)$", output, re.M))
    assert counts["counterpoise_balance"] == "4"
    assert counts["counterpoise_report"] == counts["counterpoise_default"] == "1"


def test_a_module_from_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As snakedeploy writes it; git takes a local repository for that of GitHub."""
    (tmp_path / "hub" / "someone").mkdir(parents=True)
    source = copy_workflow(tmp_path / "hub" / "someone" / "counterpoise.git")
    author = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", str(source), *words], check=True)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{tmp_path}/hub/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "workflow"))
    folder = tmp_path / "other"
    write_workflow(folder, "http://127.0.0.1:1/far.cool", None)
    (folder / "raw").rename(folder / "maps")
    (folder / "Snakefile").write_text(FROM_GITHUB)
    mask = "results/mine/masks/wild/2000.parquet"
    done = snakemake(folder, mask)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / mask).is_file()
    assert re.search(r"^default +1$", snakemake(folder, "-n").stdout, re.M)


def test_a_file_that_no_rule_makes_is_named(tmp_path: Path) -> None:
    write_workflow(tmp_path / "other", "maps/nobody.cool.gz", None)
    done = snakemake(tmp_path / "other", "-n")
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert re.search(r"Missing input files for rule counterpoise_\w+:", output)
    assert re.search(r"wildcards: .*sample=far", output)
    assert "maps/nobody.cool.gz" in output


def test_two_cohorts_side_by_side(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    write_workflow(folder, "http://127.0.0.1:1/far.cool", None)
    text = (folder / "Snakefile").read_text()
    head, rest = text.split("module counterpoise:")
    module, tail = rest.split("use rule *", 1)
    second = f"module deep:{module}".replace('config["counterpoise"]', 'config["deep"]')
    order = "ruleorder: counterpoise_download > deep_download\n\n\n"
    (folder / "Snakefile").write_text(
        f"{head}{order}{second}use rule * from deep as deep_*\n\n\n"
        f"module counterpoise:{module}use rule *{tail}\n\n"
        "use rule balance from counterpoise as counterpoise_balance with:\n"
        "    resources:\n        mem_mb=12345,\n"
    )
    with (folder / "config.yaml").open("a") as stream:
        stream.write('deep: {cohort: other, conf: own, hydra_overrides: ["tracking=off"]}\n')
    cohorts = folder / "own" / "cohort"
    (cohorts / "other.yaml").write_text(
        (cohorts / "mine.yaml").read_text().replace("mine", "other")
    )
    done = snakemake(folder, "-n", "-p", "deep_all", "counterpoise_all")
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    counts = dict(re.findall(r"^(\w+) +(\d+)$", output, re.M))
    assert counts["deep_balance"] == counts["counterpoise_balance"] == "4"
    assert counts["counterpoise_download"] == "1"
    assert "deep_download" not in counts
    assert output.count("--memory-mb 12345") == 4
