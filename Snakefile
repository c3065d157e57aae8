"""Counterpoise: from contact maps to balanced coolers, plots, a report and tracked runs."""

import re
import sys
from pathlib import Path

from snakemake.utils import min_version

from counterpoise.config import load, snakemake_overrides
from counterpoise.errors import ConfigError
from counterpoise.layout import combinations, compared
from counterpoise.script import prepare_jobs
from counterpoise.tracking import next_attempt

min_version("9.0")

prepare_jobs()

HERE = Path(str(workflow.current_basedir))
SCRIPTS = HERE / "scripts"
try:
    RUN = load(HERE / "conf", snakemake_overrides(config))
except ConfigError as error:
    sys.exit(f"counterpoise: {error}")
LAYOUT = RUN.layout
RUNS = combinations(RUN.cohort_settings())
COMPARED = compared(RUNS)


wildcard_constraints:
    sample="|".join(map(re.escape, RUN.samples)),
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
    default_target: True
    input:
        [LAYOUT.cooler(sample) for sample in RUN.samples],
        LAYOUT.summary,
        LAYOUT.report,
        LAYOUT.tracking,


rule demo_inputs:
    input:
        "resources/demo/yeast.cool",
        "resources/demo/yeast.hic",
        "resources/demo/simulated.cool",
