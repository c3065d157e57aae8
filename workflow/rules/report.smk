# Samples side by side, and the cohort's summary and report.


rule compare:
    input:
        PLAN.compared_maps,
    output:
        figure=PATHS.comparison(),
        concordance=PATHS.concordance(),
    log:
        PATHS.log("compare"),
    benchmark:
        PATHS.benchmark("compare")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("compare")
    resources:
        **PLAN.resources("compare"),
    params:
        settings=PLAN.params("compare"),
        root=PLAN.root,
    message:
        "samples side by side at {wildcards.resolution} bp"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/compare.py --settings - --root {params.root:q}'
        " --output {output.figure:q} --concordance {output.concordance:q} > {log:q} 2>&1"


rule report:
    input:
        # A plot implies the map, its mask and the run; so does a verdict.
        plots=PLAN.plots,
        runs=PLAN.unplotted,
        comparisons=PLAN.comparisons,
    output:
        summary=PATHS.summary,
        samples=PATHS.samples,
        report=PATHS.report,
    log:
        PATHS.log("report"),
    benchmark:
        PATHS.benchmark("report")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("report")
    resources:
        **PLAN.resources("report"),
    params:
        settings=PLAN.params("report"),
        root=PLAN.root,
    message:
        "writing the report"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/report.py --settings - --root {params.root:q}'
        " --summary {output.summary:q} --samples {output.samples:q} --report {output.report:q}"
        " 2>&1 | tee {log:q}"
