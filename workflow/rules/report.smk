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
        [
            report(
                PATHS.plot(method=method),
                caption="../report/plot.rst",
                category="Runs",
                subcategory="{sample}",
                labels={"resolution (bp)": "{resolution}", "method": method},
            )
            for method in PLAN.cohort.methods
        ],
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
    message:
        "samples side by side at {wildcards.resolution} bp"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/compare.py --settings - --root {params.root:q}'
        " --output {output.figure:q} --concordance {output.concordance:q} > {log:q} 2>&1"


rule report:
    input:
        # A plot implies the map, its mask and the run. The page says how to open the coolers.
        plots=PLAN.plots,
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
