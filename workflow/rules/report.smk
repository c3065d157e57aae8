# Samples side by side, and the cohort's summary and report.


rule compare:
    input:
        PLAN.compared_maps,
    output:
        figure=report(
            PATHS.comparison(),
            caption="../report/comparison.rst",
            category="Samples side by side",
            labels={"resolution (bp)": "{resolution}", "content": "figure"},
        ),
        concordance=report(
            PATHS.concordance(),
            caption="../report/concordance.rst",
            category="Samples side by side",
            labels={"resolution (bp)": "{resolution}", "content": "concordance"},
        ),
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
        compared_to=PLAN.compared_to,
    message:
        "samples side by side at {wildcards.resolution} bp{params.compared_to}"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/compare.py --settings - --root {params.root:q}'
        " --output {output.figure:q} --concordance {output.concordance:q} > {log:q} 2>&1"


rule report:
    input:
        # A plot implies the map, its mask and the run; so does a verdict. The page says how to open
        # the coolers.
        plots=PLAN.plots,
        runs=PLAN.unplotted,
        comparisons=PLAN.comparisons,
        coolers=PLAN.coolers,
    output:
        summary=report(
            PATHS.summary,
            caption="../report/summary.rst",
            category="Cohort",
            labels={"content": "table of runs"},
        ),
        samples=report(
            PATHS.samples,
            caption="../report/samples.rst",
            category="Cohort",
            labels={"content": "table of samples"},
        ),
        report=report(
            PATHS.report,
            caption="../report/report.rst",
            category="Cohort",
            labels={"content": "report"},
        ),
        multiqc=PATHS.multiqc,
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
        " --multiqc {output.multiqc:q}"
        " 2>&1 | tee {log:q}"
