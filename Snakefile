"""Counterpoise: from contact maps to balanced coolers, figures, a report and tracked runs."""

from snakemake.utils import min_version

from counterpoise.jobs.limits import require_address_space

require_address_space()  # before libraries load

from counterpoise.installation import name_missing_extra

with name_missing_extra("the workflow needs"):
    from counterpoise.jobs.plan import match_any
    from counterpoise.jobs.snakemake import (
        plan_workflow,
        report_finished,
        report_unfinished,
    )

min_version("9.0")

PLAN = plan_workflow(workflow, config)
PATHS = PLAN.paths


wildcard_constraints:
    # A list of all samples would be part of every path of every rule and slow down a large cohort;
    # the plan refuses unknown samples.
    sample=r"[^/]+",
    resolution=r"\d+",
    method=match_any(PLAN.cohort.methods),
    group=r"[^/]+",


include: "workflow/rules/resources.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/mask.smk"
include: "workflow/rules/prior.smk"
include: "workflow/rules/balance.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/tracking.smk"


for optional in PLAN.optional_rules:

    include: f"workflow/rules/{optional}.smk"


rule all:
    input:
        PLAN.coolers,
        PATHS.summary,
        PATHS.samples,
        PATHS.report,
        PATHS.multiqc,
        PLAN.differences,
        PATHS.tracking,


onsuccess:
    report_finished(workflow, PLAN)


onerror:
    report_unfinished(workflow, PLAN)


rule demo_inputs:
    input:
        local("resources/demo/yeast.cool"),
        local("resources/demo/yeast.hic"),
        local("resources/demo/simulated.cool"),
