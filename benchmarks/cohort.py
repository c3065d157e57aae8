"""What a cohort of hundreds of samples costs Snakemake: dry runs, the start of a job, scheduling.

python -m benchmarks.cohort [--samples 10,50,100,250,500] [--scheduled 50]

Nothing is balanced. The maps are empty files, which a dry run does not open, and finished results
are empty files with the records that Snakemake keeps of them. Each measurement is a process of its
own: ``snakemake`` as a person or as the executor for Slurm calls it. The largest cohort is measured
in every way, the smaller ones for how time grows. Writes results/cohort.json and the tables in
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

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "resources" / "benchmarks" / "cohort-work"
SAID = WORK / "said.txt"
COHORT = """# @package _global_
defaults:
  - /method@methods.ice: ice
  - /method@methods.kr: kr
  - /method@methods.scale: scale
  - /method@methods.kde: kde
  - /method@methods.kde_eb: kde_eb
  - /method@methods.vc_sqrt: vc_sqrt
  - _self_
cohort: large
resolutions: [5000, 10000, 25000, 50000, 100000, 1000000]
primary: ice
sample_sheet: samples.tsv
"""
# Which jobs go to the cluster as one submission: as the profile has it, and more of them together.
PROFILE = yaml.safe_load((ROOT / "profiles" / "cluster" / "config.yaml").read_text())
COMPONENTS = PROFILE["group-components"]
MORE = {**COMPONENTS, "balance_{sample}": 6}
# The ways of scheduling that are compared, by what stands in the table.
GREEDY = ("--scheduler", "greedy")
SCHEDULERS = {
    "default": (),
    "`scheduler: greedy`": GREEDY,
    "`scheduler: greedy`, `scheduler-subsample: 100`": (*GREEDY, "--scheduler-subsample", "100"),
}
BAR_SECONDS = 60
# In every made output; of use in ``tracking.json`` alone, which the Snakefile reads.
RESULT = '{"status": "logged", "attempt": 0}'


def prepare(samples: int) -> None:
    """A new folder with a cohort of that many samples in it."""
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "conf" / "cohort").mkdir(parents=True)
    (WORK / "conf" / "cohort" / "large.yaml").write_text(COHORT)
    (WORK / "maps").mkdir()
    write_sheet(samples)


def write_sheet(samples: int) -> None:
    rows = ["sample\tpath\tcondition\treplicate"]
    for number in range(samples):
        path = WORK / "maps" / f"sample_{number:05d}.mcool"
        if not path.exists():
            path.touch()
        rows.append(f"{path.stem}\tmaps/{path.name}\tcondition {number % 4}\t{number // 4}")
    (WORK / "samples.tsv").write_text("\n".join(rows) + "\n")


def arguments(*words: str) -> list[str]:
    """Of Snakemake, for the cohort in ``WORK``."""
    where = ("--snakefile", str(ROOT / "Snakefile"), "--directory", str(WORK))
    cohort = ("--config", "cohort=large", f"conf={WORK / 'conf'}")
    return [*where, *words, *cohort]


def planned(*words: str) -> list[str]:
    """A dry run with the profile ``local``."""
    profile = ("--profile", str(ROOT / "profiles" / "local"))
    return [sys.executable, "-m", "snakemake", *arguments(*profile, "-n", *words)]


def cluster_job(*words: str) -> list[str]:
    """A dry run of one balancing job, as it is called on a node."""
    target = "balance:sample=sample_00003,resolution=10000,method=kr"
    mode = ("--mode", "remote", "--allowed-rules", "balance", "--target-jobs", target)
    options = ("--cores", "2", "--nolock", "--force-use-threads", "--force", "-n")
    return [sys.executable, "-m", "snakemake", *arguments(*mode, *options, *words)]


def nothing() -> list[str]:
    """Snakemake on a file with one rule that has nothing to do."""
    snakefile = WORK / "nothing.smk"
    snakefile.write_text("rule all:\n")
    return [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--cores", "2", "-n"]


def measured(what: str, command: list[str]) -> dict[str, Any]:
    """Seconds, peak memory, and the jobs that a dry run tells of, by rule and by group."""
    run = time_process(command, output=OUTPUT, fill_memory=False)
    said = SAID.read_text()
    table = re.search(r"^job +count\n[- ]+\n((?:\S+ +\d+\n)+)", said, re.MULTILINE)
    rows = [line.split() for line in table[1].splitlines()] if table else []
    jobs = {rule: int(count) for rule, count in rows if rule not in ("all", "total")}
    groups = len(re.findall(r"^\[.*\] Group job ", said, re.MULTILINE))
    found = {**asdict(run), "jobs": jobs, "groups": groups}
    print(f"{what}: {run.wall:.1f} s, CPU {run.cpu:.1f} s, {sum(jobs.values())} jobs", flush=True)
    return found


def finish() -> None:
    """Make every output of the cohort, empty, and Snakemake's records of it.

    What ``snakemake --touch`` does, but all jobs of a level at a time; the scheduler would take
    most of an hour.
    """
    from snakemake.cli import main
    from snakemake.scheduling.job_scheduler import JobScheduler

    def schedule(scheduler: Any) -> bool:
        dag, persistence = scheduler.workflow.dag, scheduler.workflow.persistence
        begin = time.time()
        for number, level in enumerate(dag.toposorted()):
            for job in level:
                for path in map(Path, job.output):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(RESULT)
                    os.utime(path, (begin + number, begin + number))
                asyncio.run(persistence.finished(job))
        return True

    JobScheduler.schedule = schedule
    sys.argv = ["snakemake", *arguments("--cores", "2", "--quiet", "all")]
    main()


def grouped(components: dict[str, int]) -> list[str]:
    pairs = [f"{rule}={group}" for rule, group in PROFILE["groups"].items()]
    sizes = [f"{group}={size}" for group, size in components.items()]
    return planned("--groups", *pairs, "--group-components", *sizes)


def submissions(found: dict[str, Any]) -> int:
    """Jobs that the cluster sees."""
    inside = PROFILE["groups"] if found["groups"] else {}
    return found["groups"] + sum(n for rule, n in found["jobs"].items() if rule not in inside)


def dry_runs(samples: int) -> dict[str, Any]:
    """A first dry run, and the same without a word on each job, which ends when the DAG is made."""
    prepare(samples)
    dag = planned("--quiet", "rules", "progress")
    return {
        "dag": measured(f"{samples} samples, DAG", dag),
        "plan": measured(f"{samples} samples, -n", planned()),
    }


def all_ways(samples: int) -> dict[str, Any]:
    """The largest cohort: grouped, finished, with one sample more, and what a job's start costs."""
    record = {
        "groups": measured("grouped", grouped(COMPONENTS)),
        "components": measured("grouped, several together", grouped(MORE)),
        "job": measured("a job on a node", cluster_job()),
        "nothing": measured("nothing to do", nothing()),
    }
    measured("made", [sys.executable, "-m", "benchmarks.cohort", "--finish"])
    record["again"] = measured("all done", planned())
    write_sheet(samples + 1)
    record["added"] = measured("one sample more", planned())
    return record


def scheduled(samples: int, *words: str) -> dict[str, Any]:
    """All jobs of a cohort through the scheduler, which touches files instead of making them."""
    prepare(samples)
    options = ("--touch", "--cores", "2", "--quiet", "all", *words)
    command = [sys.executable, "-m", "snakemake", *arguments(*options)]
    return measured(f"scheduled, {' '.join(words)}", command)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--samples", default="10,50,100,250,500")
    words.add_argument("--scheduled", type=int, default=50, help="which of them to schedule")
    words.add_argument("--finish", action="store_true", help=argparse.SUPPRESS)
    args = words.parse_args()
    if args.finish:
        finish()
        return
    sizes = sorted(map(int, args.samples.split(",")))
    if args.scheduled not in sizes:
        words.error(f"--scheduled must be one of --samples ({args.samples})")
    use_two_cores()
    facts = {**machine(), "snakemake": version("snakemake")}
    record: dict[str, Any] = {"machine": facts, "dry_runs": {}, "scheduled": {}}
    for size in sizes:
        print(f"{size} samples", flush=True)
        record["dry_runs"][str(size)] = dry_runs(size)
    record["largest"] = {"samples": sizes[-1], **all_ways(sizes[-1])}
    record["scheduled_samples"] = args.scheduled
    for name, options in SCHEDULERS.items():
        record["scheduled"][name] = scheduled(args.scheduled, *options)
    save("cohort", record)
    publish("cohort", tables(record))
    shutil.rmtree(WORK)


def row(label: str, found: dict[str, Any], *more: str) -> list[str]:
    return [label, f"{found['wall']:.1f}", f"{found['cpu']:.1f}", f"{found['peak']:,.0f}", *more]


def tables(record: dict[str, Any]) -> str:
    largest = record["largest"]
    samples = largest["samples"]
    first = record["dry_runs"][str(samples)]
    plan = first["plan"]
    total = sum(plan["jobs"].values())
    columns = ["wall s", "CPU s", "peak MB"]
    growth = [
        [
            f"{int(size):,}",
            f"{sum(found['plan']['jobs'].values()):,}",
            *row("", found["dag"])[1:],
            *row("", found["plan"])[1:],
            f"{1000 * found['plan']['cpu'] / sum(found['plan']['jobs'].values()):.2f}",
        ]
        for size, found in record["dry_runs"].items()
    ]
    ways = [
        row("nothing done, DAG alone", first["dag"], f"{total:,}", ""),
        row("nothing done, `snakemake -n`", plan, f"{total:,}", f"{submissions(plan):,}"),
        *(
            row(label, found, f"{sum(found['jobs'].values()):,}", f"{submissions(found):,}")
            for label, found in (
                ("the same in the groups of the profile `cluster`", largest["groups"]),
                ("the same with six balancings of a sample in one", largest["components"]),
                ("all done", largest["again"]),
                ("all done, one sample more", largest["added"]),
            )
        ),
        row("one job on a node", largest["job"], "1", ""),
        row("Snakemake with nothing to do", largest["nothing"], "0", ""),
    ]
    touched = [
        row(label, found, f"{1000 * found['cpu'] / jobs:.1f}")
        for jobs in [sum(scheduled_jobs(record).values())]
        for label, found in record["scheduled"].items()
    ]
    rules = ", ".join(f"{rule} {count:,}" for rule, count in plan["jobs"].items())
    verdict = "within" if first["dag"]["wall"] <= BAR_SECONDS else "not within"
    facts = machine_line(record["machine"])
    return "\n".join(
        [
            f"{samples:,} samples, 6 resolutions, 6 methods, two of them with a search for their "
            f"bandwidth. Jobs: {rules}. The DAG is {verdict} the bar of {BAR_SECONDS} s.\n",
            markdown(["", *columns, "jobs", "submissions"], ways),
            "Growth with the samples, nothing done:\n",
            markdown(
                [
                    "samples",
                    "jobs",
                    *(f"DAG {name}" for name in columns),
                    *(f"`-n` {name}" for name in columns),
                    "`-n` CPU ms a job",
                ],
                growth,
            ),
            f"All jobs of {record['scheduled_samples']} samples through the scheduler, which only "
            "touches their files:\n",
            markdown(["scheduler", *columns, "CPU ms a job"], touched),
            f"snakemake {record['machine']['snakemake']}; {facts}",
        ]
    )


def scheduled_jobs(record: dict[str, Any]) -> dict[str, int]:
    """Of the cohort that went through the scheduler, by rule."""
    plan = record["dry_runs"][str(record["scheduled_samples"])]["plan"]
    return dict(plan["jobs"])


if __name__ == "__main__":
    main()
