"""Functions that the Snakefile calls, and all use of Snakemake's private interface.

The private interface is ``workflow.current_basedir``, ``workflow.modifier``, ``workflow.dag``,
``workflow.scheduler``, ``workflow.persistence``, ``workflow.output_settings`` and
``workflow.is_main_process``. It was tested with the versions in ``TESTED_VERSIONS``.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.compose import load_cohort, snakemake_overrides
from counterpoise.cohort.file_levels import FileLevels
from counterpoise.cohort.levels import MissingLevels
from counterpoise.cohort.other_maps import check_levels_of_other_maps
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.errors import ConfigError
from counterpoise.installation import workflow_folder
from counterpoise.jobs.ending import ending_lines
from counterpoise.jobs.environment import SCRIPTS, prepare_jobs
from counterpoise.jobs.inputs import publish_configuration
from counterpoise.jobs.job import Job
from counterpoise.jobs.plan import Plan
from counterpoise.jobs.report import CohortJob
from counterpoise.jobs.unrecorded import outdated_results
from counterpoise.jobs.waiting import explain_waiting
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import BASE

TESTED_VERSIONS = ("9.27.1",)

# Modification time of files that the next run of the workflow must make again: 2 January 1970.
# Snakemake takes a time of zero for none.
LONG_AGO = 86_400

# Folder of what is known of the samples' files, by cohort; it only saves time.
FILE_LEVELS = Path(".snakemake", "counterpoise", "levels")

# Longest time of drawing plots after a workflow failed.
DRAWING_SECONDS = 600

# Garbage collections of young objects after which Python looks through all objects. The DAG stays
# in memory, with a hundred objects a job: the default would take a sixth of the time
# (benchmarks/cohort.py).
FULL_COLLECTION_THRESHOLD = 1000


def plan_workflow(workflow: Any, config: dict[str, Any]) -> Plan:
    """Compose the cohort, prepare the environment of its jobs and plan them.

    Ends Snakemake with a message if the configuration is wrong or no job could run.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that reads the Snakefile.
    config : dict
        Snakemake's configuration.

    Returns
    -------
    Plan
        What the rules ask about their jobs.
    """
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION_THRESHOLD)
    folder = Path(str(workflow.current_basedir))
    if not folder.is_dir():  # a URL: rules are read from there, all else from the package
        folder = workflow_folder()
    if set("{}") & set(str(folder)):
        sys.exit(
            f"counterpoise: the workflow is in {folder}; Snakemake takes braces in this path for "
            "wildcards. Rename the folder."
        )
    prepare_jobs(folder / "scripts")
    try:
        require_cohort(config, folder)
        overrides = snakemake_overrides(config, folder / "conf")
        cohort = load_cohort(folder / "conf", overrides)
        record = FILE_LEVELS / f"{cohort.settings.cohort}.json"
        cohort = replace(cohort, file_levels=FileLevels(record))
        # Each job of a cluster composes the cohort, too, and opens the files that it needs only.
        if workflow.is_main_process:
            cohort.look_into_files()
            name_unreadable_files(cohort)
            name_missing_levels(cohort)
            check_levels_of_other_maps(cohort)
    except ConfigError as error:
        sys.exit(f"counterpoise: {error}")
    publish_configuration(folder / "conf", overrides)
    plan = Plan(cohort, str(workflow.modifier.modify_path(cohort.paths.root)))
    if workflow.is_main_process:
        plan.before_first_map = lambda: force_outdated(workflow, plan)
        name_missing_base(plan)
    return plan


def name_missing_base(plan: Plan) -> None:
    """Print that an experiment cannot be compared, since its cohort has no results.

    Parameters
    ----------
    plan : Plan
        The plan.
    """
    cohort = plan.cohort
    if cohort.experiment == BASE or plan.differences:
        return
    name = cohort.settings.cohort
    print(
        f"counterpoise: the cohort {name} has no results without the experiment "
        f"{cohort.experiment}, so no differences are written. Run the workflow with cohort={name} "
        "and without experiment, then again with the experiment; only the comparison is made then.",
        file=sys.stderr,
    )


def require_cohort(config: dict[str, Any], folder: Path) -> None:
    """Refuse a configuration that names no cohort, except in the repository, which has a default.

    Parameters
    ----------
    config : dict
        Snakemake's configuration.
    folder : Path
        Folder of the workflow. The working folder is the repository if it is the same one.

    Raises
    ------
    ConfigError
        Names the cohorts that there are.
    """
    overrides = config.get("hydra_overrides", [])
    if "cohort" in config or any(str(item).startswith("cohort=") for item in overrides):
        return
    if os.path.samefile(folder, Path.cwd()):
        return
    conf = str(config.get("conf", "conf"))
    own, packaged = (
        ", ".join(sorted(path.stem for path in Path(each, "cohort").glob("*.yaml")))
        for each in (conf, folder / "conf")
    )
    here = f"conf={conf} cohort=NAME for a cohort of this folder ({own}), or " if own else ""
    raise ConfigError(
        f"no cohort is chosen. Add to --config {here}cohort=NAME for one of the package "
        f"({packaged}). 'counterpoise init FOLDER FILE...' makes a cohort."
    )


def force_outdated(workflow: Any, plan: Plan) -> None:
    """Force the jobs whose results Snakemake has no record of, if the settings are others now.

    Snakemake takes a result without a record for current. It has none if ``.snakemake`` was removed
    or not copied along with the results.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow, while Snakemake builds the graph of its jobs.
    plan : Plan
        Its plan.
    """
    from snakemake.io import IOFile

    def has_record(path: str) -> bool:
        if os.stat(path).st_mtime == LONG_AGO:
            return True  # report_unfinished removed it, and Snakemake runs the job anyway
        return workflow.persistence.metadata(IOFile(path)) is not None

    outdated = outdated_results(plan, has_record)
    if outdated:
        workflow.dag.forcefiles.update(outdated)
        named = ", ".join(outdated[:3]) + (" ..." if outdated[3:] else "")
        print(
            f"counterpoise: Snakemake has no record of how {len(outdated):,} results were made "
            "(was .snakemake removed, or Snakemake killed?). Their settings differ from the "
            f"current ones or are not recorded, so they are made again: {named}",
            file=sys.stderr,
        )


def name_unreadable_files(cohort: Cohort) -> None:
    """Print which samples' files cannot be read, and why.

    Parameters
    ----------
    cohort : Cohort
        The cohort, whose files were looked into.
    """
    block = "\n".join(f"  {name}: {problem}" for name, problem in cohort.unreadable().items())
    if block:
        print(
            "counterpoise: the files of these samples cannot be read, and the jobs that need them "
            f"will fail; correct the files, or remove the samples:\n{block}",
            file=sys.stderr,
        )


def name_missing_levels(cohort: Cohort) -> None:
    """Print the levels that the samples' files lack, or refuse them.

    Parameters
    ----------
    cohort : Cohort
        The cohort.

    Raises
    ------
    ConfigError
        If there are any and ``missing_levels`` is ``stop``, or if a file has none of its levels.
    """
    lines = [
        f"  {name} at {format_base_pairs(size)}: {reason}"
        for name in cohort.samples
        for size, reason in cohort.lacking(name).items()
    ]
    if not lines:
        return
    block = "\n".join(lines)
    if cohort.settings.missing_levels == MissingLevels.STOP:
        raise ConfigError(
            f"missing_levels is stop, and the samples' files lack these levels:\n{block}\n"
            "Set resolutions, of the cohort or of these samples, to levels that the files have; or "
            "set missing_levels to skip."
        )
    for name in cohort.samples:
        cohort.absent(name)  # refuses a file that has none
    print(
        "counterpoise: the samples' files lack these levels, which are skipped; all others are "
        f"made:\n{block}",
        file=sys.stderr,
    )


def report_unfinished(workflow: Any, plan: Plan) -> None:
    """Write plots, report, tables and tracking record from the results of a failed workflow.

    The rules that write these files wait for all results, and the plots of a map for all methods.
    So the files are made old and Snakemake's records of them are removed: the next run of the
    workflow makes them again.

    What there is and what is missing is printed also with ``--quiet all``, with which Snakemake
    itself prints nothing about the failure.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that ended.
    plan : Plan
        Its plan.
    """
    outputs = {str(path) for job in workflow.dag.needrun_jobs() for path in job.output}
    outputs -= _draw_blocked_plots(workflow, plan, outputs)
    cohort = plan.cohort
    unfinished = Unfinished(
        tuple(sorted(outputs)),
        cohort.downloads,
        plan.finer_maps,
        members=cohort.members,
        thinned=cohort.settings.thin.is_on,
        mask_groups=cohort.groups.mask_groups,
        least_groups=plan.least_groups,
        awaited=plan.awaited(outputs),
    )
    unfinished = replace(unfinished, other_maps=explain_waiting(plan, unfinished))
    paths = plan.paths
    tables = {"--summary": [paths.summary], "--samples": [paths.samples]}
    written: dict[str, dict[str, list[str]]] = {
        "report": {**tables, "--report": [paths.report], "--multiqc": list(paths.multiqc)},
        "track": {**tables, "--output": [paths.tracking]},
    }
    if plan.differences:
        page, table = plan.differences
        written["differences"] = {"--differences": [page], "--table": [table]}
    done = {}
    for rule, options in written.items():
        words = [word for option, files in options.items() for word in (option, *files)]
        outputs_of_rule = [file for files in options.values() for file in files]
        job = plan.job(rule)
        if isinstance(job, CohortJob):
            job = replace(job, unfinished=unfinished)
        words = ["--root", paths.root, *words]
        done[rule] = _make_for_now(workflow, rule, job, words, outputs_of_rule)
    # The summary of an earlier run says nothing of this one.
    if done["report"] and _makes_summary(workflow, plan):
        print(*ending_lines(plan, unfinished), sep="\n", file=sys.stderr)


def report_finished(workflow: Any, plan: Plan) -> None:
    """Print what a workflow that succeeded has made, and where it is; nothing with ``--quiet all``.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that ended.
    plan : Plan
        Its plan.
    """
    is_silent = "ALL" in {each.name for each in workflow.output_settings.quiet or ()}
    if _makes_summary(workflow, plan) and not is_silent:
        print(*ending_lines(plan), sep="\n", file=sys.stderr)


def _makes_summary(workflow: Any, plan: Plan) -> bool:
    """Tell whether what the user asked for includes the summary, as it does by default."""
    return any(plan.paths.summary in job.output for job in workflow.dag.jobs)


def _draw_blocked_plots(workflow: Any, plan: Plan, unfinished: set[str]) -> set[str]:
    """Draw the plots that wait for another method, which failed on their map; return their paths.

    Drawing ends after ``DRAWING_SECONDS``, since hundreds of maps may wait.
    """
    failed = {Path(path).parent for job in workflow.scheduler.failed for path in job.output}
    plotted = [run for run in plan.cohort.runs if not run.unplotted]
    runs = {run: plan.paths.run_files(*run.place) for run in plotted}
    blocked = {run.place[:2] for run, files in runs.items() if Path(files.verdict).parent in failed}
    end = monotonic() + DRAWING_SECONDS
    drawn: set[str] = set()
    for place in sorted(blocked):
        finished = {
            plan.paths.plot(*run.place): files.verdict
            for run, files in runs.items()
            if run.place[:2] == place and files.verdict not in unfinished
        }
        if finished and monotonic() < end and _draw_plots(workflow, plan, place, finished):
            drawn.update(finished)
    return drawn


def _draw_plots(
    workflow: Any, plan: Plan, place: tuple[str, int], verdicts: dict[str, str]
) -> bool:
    """Draw the plots of a map's runs, given the verdict of each; tell whether this succeeded."""
    options = [
        *("--map", *plan.paths.map_files(*place)),
        *("--mask", plan.paths.mask(*place)),
        *("--verdicts", *verdicts.values()),
        *("--outputs", *verdicts),
        *("--sample", place[0]),
    ]
    job = plan.job("plot", SimpleNamespace(sample=place[0], resolution=place[1]))
    return _make_for_now(workflow, "plot", job, options, list(verdicts))


def _make_for_now(
    workflow: Any, rule: str, job: Job, options: list[str], outputs: list[str]
) -> bool:
    """Run the script of a rule and let the next run of the workflow make its outputs again."""
    from snakemake.io import IOFile

    script = Path(os.environ[SCRIPTS], f"{rule}.py")
    command = [sys.executable, str(script), "--settings", "-", *options]
    done = subprocess.run(command, input=repr(job.to_params()), text=True, check=False)
    if done.returncode:
        print(f"{script.name} could not write what there is so far.", file=sys.stderr)
        return False
    for path in outputs:
        workflow.persistence.cleanup_metadata(IOFile(path))
        os.utime(path, (LONG_AGO, LONG_AGO))
    return True
