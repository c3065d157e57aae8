"""Measure the cost of hundreds of samples in Snakemake: dry runs, start of a job, scheduling.

python -m benchmarks.cohort [--samples 10,50,100,250,500] [--scheduled 50] [--shared]

Nothing is balanced. Maps are copies of one small .mcool with all levels, which the first dry run
opens ("cold") and the later ones know from their record. Finished results are empty files with
Snakemake's records of them. Each measurement is a separate process: ``snakemake`` as called by a
user or by the Slurm executor. The largest cohort is measured in every way, the smaller ones to show
how time grows. With ``--shared``, the samples of a group share masks and priors, which adds the
rows of a cohort whose samples depend on each other. Writes results/cohort.json and the tables in
README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import sys
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import (
    machine,
    machine_line,
    markdown,
    publish,
    save,
    time_process,
    use_two_cores,
)
from benchmarks.rules import goal_reached

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "resources" / "benchmarks" / "cohort-work"
OUTPUT = WORK / "output.txt"
RESOLUTIONS = (5000, 10000, 25000, 50000, 100000, 1000000)
COHORT: dict[str, Any] = {
    "sample_sheet": "samples.tsv",
    "resolutions": list(RESOLUTIONS),
    "methods": {"ice": {}, "kr": {}, "scale": {}, "kde": {}, "kde_eb": {}, "vc_sqrt": {}},
}
# Settings with which the samples of a group depend on each other.
SHARED: dict[str, Any] = {
    "mask": {"shared": 0.8, "shared_within": "group"},
    "methods": {**COHORT["methods"], "kde_eb": {"prior": "group"}},
}
GROUPS = 4
# Jobs that share a submission: as in the profile, and with more of them together.
PROFILE = yaml.safe_load((ROOT / "profiles" / "cluster" / "config.yaml").read_text())
COMPONENTS = PROFILE["group-components"]
MORE = {**COMPONENTS, "balance_{sample}": 6}
# The compared schedulers by their label in the table.
GREEDY = ("--scheduler", "greedy")
SCHEDULERS = {
    "default": (),
    "`scheduler: greedy`": GREEDY,
    "`scheduler: greedy`, `scheduler-subsample: 100`": (*GREEDY, "--scheduler-subsample", "100"),
}
# Seconds for the largest cohort, by the label of a row.
GOALS = {
    "nothing done, DAG alone": 30,
    "nothing done, `snakemake -n` again": 60,
    "with shared masks and priors, the first `snakemake -n`": 120,
    "with shared masks and priors, `snakemake -n` again": 60,
}
# Content of every result but those of maps; only that of ``tracking.json`` is read (by the
# Snakefile).
RESULT = b'{"status": "logged", "attempt": 0}'


def prepare(samples: int, settings: dict[str, Any] | None = None) -> None:
    """Make a folder with a cohort of the given number of samples, and further settings."""
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "conf" / "cohort").mkdir(parents=True)
    cohort = yaml.safe_dump({**COHORT, **(settings or {})}, sort_keys=False)
    (WORK / "conf" / "cohort" / "large.yaml").write_text(cohort)
    (WORK / "maps").mkdir()
    write_small_map(WORK / "small.mcool")
    write_sheet(samples)


def write_small_map(path: Path) -> None:
    """Write a map of a few bins with every resolution of the cohort."""
    import cooler
    import pandas as pd

    bins = cooler.binnify(pd.Series({"chr1": 20 * max(RESOLUTIONS)}), min(RESOLUTIONS))
    diagonal = range(0, len(bins), 10)
    pixels = pd.DataFrame({"bin1_id": diagonal, "bin2_id": diagonal, "count": 1})
    single = path.with_suffix(".cool")
    cooler.create_cooler(str(single), bins, pixels)
    cooler.zoomify_cooler(str(single), str(path), list(RESOLUTIONS), 10**6)
    single.unlink()


def write_sheet(samples: int) -> None:
    """Write the sample sheet and the maps, which are copies."""
    rows = ["sample\tpath\tcondition\treplicate"]
    for number in range(samples):
        path = WORK / "maps" / f"sample_{number:05d}.mcool"
        if not path.exists():
            shutil.copyfile(WORK / "small.mcool", path)
        group, replicate = number % GROUPS, number // GROUPS
        rows.append(f"{path.stem}\tmaps/{path.name}\tcondition {group}\t{replicate}")
    (WORK / "samples.tsv").write_text("\n".join(rows) + "\n")


def arguments(*words: str) -> list[str]:
    """Return the arguments of Snakemake for the cohort in ``WORK``."""
    where = ("--snakefile", str(ROOT / "Snakefile"), "--directory", str(WORK))
    cohort = ("--config", "cohort=large", f"conf={WORK / 'conf'}")
    return [*where, *words, *cohort]


def dry_run(*words: str) -> list[str]:
    """Return the command of a dry run with the profile ``local``."""
    profile = ("--profile", str(ROOT / "profiles" / "local"))
    return [sys.executable, "-m", "snakemake", *arguments(*profile, "-n", *words)]


def cluster_job(*words: str) -> list[str]:
    """Return the command of a dry run of one balancing job, as called on a node."""
    target = "balance:sample=sample_00003,resolution=10000,method=kr"
    mode = ("--mode", "remote", "--allowed-rules", "balance", "--target-jobs", target)
    options = ("--cores", "2", "--nolock", "--force-use-threads", "--force", "-n")
    return [sys.executable, "-m", "snakemake", *arguments(*mode, *options, *words)]


def empty_workflow() -> list[str]:
    """Return the command that runs a Snakefile with nothing to do."""
    snakefile = WORK / "nothing.smk"
    snakefile.write_text("rule all:\n")
    return [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--cores", "2", "-n"]


def measure(label: str, command: list[str]) -> dict[str, Any]:
    """Time a dry run and count the jobs that it lists, by rule, and the groups."""
    run = time_process(command, output=OUTPUT, fill_gib=0)
    output = OUTPUT.read_text()
    table = re.search(r"^job +count\n[- ]+\n((?:\S+ +\d+\n)+)", output, re.MULTILINE)
    rows = [line.split() for line in table[1].splitlines()] if table else []
    jobs = {rule: int(count) for rule, count in rows if rule not in ("all", "total")}
    groups = len(re.findall(r"^\[.*\] Group job ", output, re.MULTILINE))
    print(f"{label}: {run.wall:.1f} s, CPU {run.cpu:.1f} s, {sum(jobs.values())} jobs", flush=True)
    return {**asdict(run), "jobs": jobs, "groups": groups}


def finish() -> None:
    """Make every output of the cohort and Snakemake's records of it.

    Does the same as ``snakemake --touch``, but for all jobs of a level at once; the scheduler would
    take most of an hour.
    """
    from snakemake.cli import main
    from snakemake.scheduling.job_scheduler import JobScheduler

    contents = map_contents()

    def schedule(scheduler: Any) -> bool:
        dag, persistence = scheduler.workflow.dag, scheduler.workflow.persistence
        begin = time.time()
        for number, level in enumerate(dag.toposorted()):
            for job in level:
                for path in map(Path, job.output):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(contents.get(path.name, RESULT))
                    os.utime(path, (begin + number, begin + number))
                asyncio.run(persistence.finished(job))
        return True

    JobScheduler.schedule = schedule
    sys.argv = ["snakemake", *arguments("--cores", "2", "--quiet", "all")]
    main()


def map_contents() -> dict[str, bytes]:
    """Return files by name, as of a small map; memory and time of jobs are predicted from them."""
    from counterpoise.ingest.formats import inspect_source
    from counterpoise.ingest.pixels import write_map
    from counterpoise.store.paths import MapFiles
    from tests.support.maps import write_map as write_cooler

    cooler = WORK / "small.cool"
    write_cooler(cooler, 1)
    info = inspect_source(str(cooler))
    resolution = info.levels[0].resolution
    assert resolution is not None
    names = ("pixels.parquet", "bins.parquet", "source.json")
    files = [WORK / name for name in names]
    write_map(info, resolution, MapFiles(*map(str, files)))
    contents = {path.name: path.read_bytes() for path in files}
    return {**contents, "weights.parquet": contents["bins.parquet"]}  # a row for each bin


def grouped_dry_run(components: dict[str, int]) -> list[str]:
    """Return the command of a dry run with the groups of the profile."""
    pairs = [f"{rule}={group}" for rule, group in PROFILE["groups"].items()]
    sizes = [f"{group}={size}" for group, size in components.items()]
    return dry_run("--groups", *pairs, "--group-components", *sizes)


def count_jobs(result: dict[str, Any]) -> int:
    """Return the number of jobs of a dry run."""
    return int(sum(result["jobs"].values()))


def count_submissions(result: dict[str, Any]) -> int:
    """Return the number of jobs that the cluster sees."""
    grouped = PROFILE["groups"] if result["groups"] else {}
    return result["groups"] + sum(n for rule, n in result["jobs"].items() if rule not in grouped)


def measure_dry_runs(samples: int, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure a first dry run, a second one, and one that ends when the DAG is complete."""
    prepare(samples, settings)
    return {
        "cold": measure(f"{samples} samples, -n, cold", dry_run()),
        "plan": measure(f"{samples} samples, -n", dry_run()),
        "dag": measure(f"{samples} samples, DAG", dry_run("--quiet", "rules", "progress")),
    }


def measure_largest(samples: int) -> dict[str, Any]:
    """Measure the largest cohort in groups, finished and grown by a sample, and a single job."""
    record = {
        "groups": measure("grouped", grouped_dry_run(COMPONENTS)),
        "components": measure("grouped, several together", grouped_dry_run(MORE)),
        "job": measure("a job on a node", cluster_job()),
        "nothing": measure("nothing to do", empty_workflow()),
    }
    return {**record, **measure_finished(samples)}


def measure_finished(samples: int) -> dict[str, Any]:
    """Measure a finished cohort, and one that has grown by a sample."""
    measure("made", [sys.executable, "-m", "benchmarks.cohort", "--finish"])
    again = measure("all done", dry_run())
    write_sheet(samples + 1)
    return {"again": again, "added": measure("one sample more", dry_run())}


def measure_shared(samples: int) -> dict[str, Any]:
    """Measure a cohort whose groups share masks and priors."""
    return {**measure_dry_runs(samples, SHARED), **measure_finished(samples)}


def measure_scheduler(samples: int, *words: str) -> dict[str, Any]:
    """Measure the scheduler on all jobs of a cohort, with files touched instead of made."""
    prepare(samples)
    options = ("--touch", "--cores", "2", "--quiet", "all", *words)
    command = [sys.executable, "-m", "snakemake", *arguments(*options)]
    return measure(f"scheduled, {' '.join(words)}", command)


def main() -> None:
    """Measure cohorts of every size and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", default="10,50,100,250,500")
    parser.add_argument("--scheduled", type=int, default=50, help="number of samples to schedule")
    parser.add_argument("--shared", action="store_true", help="groups share masks and priors, too")
    parser.add_argument("--finish", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.finish:
        finish()
        return
    sizes = sorted(map(int, args.samples.split(",")))
    if args.scheduled not in sizes:
        parser.error(f"--scheduled must be one of --samples ({args.samples})")
    use_two_cores()
    facts = {**machine(), "snakemake": version("snakemake")}
    record: dict[str, Any] = {"machine": facts, "dry_runs": {}, "scheduled": {}}
    for size in sizes:
        print(f"{size} samples", flush=True)
        record["dry_runs"][str(size)] = measure_dry_runs(size)
    record["largest"] = {"samples": sizes[-1], **measure_largest(sizes[-1])}
    if args.shared:
        record["shared"] = measure_shared(sizes[-1])
    record["scheduled_samples"] = args.scheduled
    for name, options in SCHEDULERS.items():
        record["scheduled"][name] = measure_scheduler(args.scheduled, *options)
    save("cohort", record)
    publish("cohort", tables(record))
    shutil.rmtree(WORK)


def row(label: str, result: dict[str, Any], *more: str) -> list[str]:
    """Format a row: label, wall and CPU seconds, peak memory, and more."""
    return [label, f"{result['wall']:.1f}", f"{result['cpu']:.1f}", f"{result['peak']:,.0f}", *more]


def tables(record: dict[str, Any]) -> str:
    """Format the results as tables."""
    largest = record["largest"]
    samples = largest["samples"]
    first = record["dry_runs"][str(samples)]
    plan = first["plan"]
    total = count_jobs(plan)
    columns = ["wall s", "CPU s", "peak MB"]
    growth = [
        [
            f"{int(size):,}",
            f"{count_jobs(result['plan']):,}",
            *row("", result["dag"])[1:],
            *row("", result["plan"])[1:],
            f"{1000 * result['plan']['cpu'] / count_jobs(result['plan']):.2f}",
        ]
        for size, result in record["dry_runs"].items()
    ]
    ways = [
        row("nothing done, DAG alone", first["dag"], f"{total:,}", ""),
        *(
            row(label, result, f"{count_jobs(result):,}", f"{count_submissions(result):,}")
            for label, result in (
                ("nothing done, the first `snakemake -n`", first["cold"]),
                ("nothing done, `snakemake -n` again", plan),
                ("the same, grouped as in the profile `cluster`", largest["groups"]),
                ("the same, six balancing jobs of a sample per submission", largest["components"]),
                ("all done", largest["again"]),
                ("all done, one sample added", largest["added"]),
                *shared_rows(record.get("shared", {})),
            )
        ),
        row("one job on a node", largest["job"], "1", ""),
        row("Snakemake with nothing to do", largest["nothing"], "0", ""),
    ]
    for way in ways:
        way.append(compare_with_goal(way[0], float(way[1])))
    touched = [
        row(label, result, f"{1000 * result['cpu'] / jobs:.1f}")
        for jobs in [sum(scheduled_jobs(record).values())]
        for label, result in record["scheduled"].items()
    ]
    rules = ", ".join(f"{rule} {count:,}" for rule, count in plan["jobs"].items())
    facts = machine_line(record["machine"])
    return "\n".join(
        [
            f"{samples:,} samples, 6 resolutions, 6 methods, two of them with a search for their "
            f"bandwidth. Jobs: {rules}.\n",
            markdown(["", *columns, "jobs", "submissions", "goal, s"], ways),
            "Growth with the number of samples, nothing done:\n",
            markdown(
                [
                    "samples",
                    "jobs",
                    *(f"DAG {name}" for name in columns),
                    *(f"`-n` {name}" for name in columns),
                    "`-n` CPU ms per job",
                ],
                growth,
            ),
            f"Scheduling of all jobs of {record['scheduled_samples']} samples; files are only "
            "touched:\n",
            markdown(["scheduler", *columns, "CPU ms per job"], touched),
            f"snakemake {record['machine']['snakemake']}; {facts}",
        ]
    )


def compare_with_goal(label: str, seconds: float) -> str:
    """Return the goal of a row and whether it was reached; nothing for a row without a goal."""
    goal = GOALS.get(label)
    return f"{goal} ({goal_reached(seconds, goal)})" if goal else ""


def shared_rows(shared: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return label and result of each measurement with shared masks and priors; perhaps none."""
    labels = {
        "cold": "with shared masks and priors, the first `snakemake -n`",
        "plan": "with shared masks and priors, `snakemake -n` again",
        "again": "with shared masks and priors, all done",
        "added": "with shared masks and priors, all done, one sample added",
    }
    return [(label, shared[key]) for key, label in labels.items() if key in shared]


def scheduled_jobs(record: dict[str, Any]) -> dict[str, int]:
    """Return the jobs of the scheduled cohort by rule."""
    plan = record["dry_runs"][str(record["scheduled_samples"])]["plan"]
    return dict(plan["jobs"])


if __name__ == "__main__":
    main()
