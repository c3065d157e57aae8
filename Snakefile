"""Counterpoise: from contact maps to balanced coolers, plots, a report and tracked runs."""

import gc
import re
import sys
from dataclasses import replace
from pathlib import Path

from snakemake.utils import min_version

from counterpoise.jobs import resources as needs
from counterpoise.cohort.config import load, snakemake_overrides
from counterpoise.errors import ConfigError
from counterpoise.store.paths import combinations, compared
from counterpoise.jobs.snakemake import gather
from counterpoise.jobs.environment import prepare_jobs
from counterpoise.tracking.log import next_attempt

min_version("9.0")

prepare_jobs()

# All of a DAG stays in memory, a hundred objects a job; to look through them for garbage as often as
# Python does would be a sixth of the time (benchmarks/cohort.py). Young objects are looked at as ever.
gc.set_threshold(*gc.get_threshold()[:2], 1000)

HERE = Path(str(workflow.current_basedir))
SCRIPTS = HERE / "scripts"
try:
    RUN = load(HERE / "conf", snakemake_overrides(config))
except ConfigError as error:
    sys.exit(f"counterpoise: {error}")
PATHS = RUN.paths
# Where the results really are: a workflow that uses this one as a module may give it a prefix.
PLACED = replace(PATHS, root=str(workflow.modifier.modify_path(PATHS.root)))
RUNS = combinations(RUN.cohort_settings())
MAPS = [(sample, bins) for sample in RUN.samples for bins in RUN.resolutions(sample)]
COMPARED = compared(RUNS)


wildcard_constraints:
    # Not a list of the names: it would stand in every path of every rule, and to fill in a path
    # reads all of it. Unknown samples are refused by ``RUN``.
    sample=r"[^/]+",
    resolution=r"\d+",
    method="|".join(map(re.escape, RUN.methods)),


include: "workflow/rules/resources.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/mask.smk"
include: "workflow/rules/balance.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/tracking.smk"


rule all:
    input:
        [PATHS.cooler(sample) for sample in RUN.samples],
        PATHS.summary,
        PATHS.report,
        PATHS.tracking,


# Where a job failed, the rules report and track wait for what it did not make. Until it is made:
onerror:
    gather(workflow, SCRIPTS, RUN)


rule demo_inputs:
    input:
        local("resources/demo/yeast.cool"),
        local("resources/demo/yeast.hic"),
        local("resources/demo/simulated.cool"),
