# Figures of every run, and the cohort's summary and report.


rule plot:
    input:
        map=PATHS.map_files().source,
        mask=PATHS.mask(),
        verdicts=[
            PATHS.run_files(method=method).verdict for method in PLAN.cohort.methods
        ],
        traces=[PATHS.run_files(method=method).trace for method in PLAN.cohort.methods],
    output:
        [PATHS.plot(method=method) for method in PLAN.cohort.methods],
    log:
        PATHS.log("plot"),
    benchmark:
        PATHS.benchmark("plot")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("plot")
    resources:
        **PLAN.resources("plot"),
    params:
        settings=PLAN.params("plot"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: plotting"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/plot.py --map {input.map:q} --mask {input.mask:q}'
        " --verdicts {input.verdicts:q} --outputs {output:q} --sample {wildcards.sample:q}"
        " --threads {threads} --settings {params.settings:q} > {log:q} 2>&1"


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
        # A plot implies the map, its mask and the run.
        plots=PLAN.plots,
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
