# Plots of every run, and the cohort's summary and report.


rule plot:
    input:
        **LAYOUT.triples(),
        **LAYOUT.weights(),
        mask=LAYOUT.mask(),
        bandwidth=lambda wc: RUN.bandwidth_file(wc.sample, wc.resolution, wc.method),
        script=SCRIPTS / "plot.py",
    output:
        LAYOUT.plot(),
    log:
        LAYOUT.log("plot", "{sample}", "{resolution}", "{method}"),
    benchmark:
        LAYOUT.benchmark("plot", "{sample}", "{resolution}", "{method}")
    conda:
        "../../envs/counterpoise.yaml"
    resources:
        mem_mb=lambda wc, input, attempt: attempt * needs.bins_mb("plot", input),
        runtime=lambda wc, input, attempt: attempt * needs.pass_minutes(input),
    params:
        settings=RUN.qc_settings(),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: plotting {wildcards.method}"
    shell:
        "python {input.script} --pixels {input.pixels} --bins {input.bins}"
        " --source {input.source} --mask {input.mask} --weights {input.weights}"
        " --trace {input.trace} --verdict {input.verdict} --sample {wildcards.sample}"
        " --output {output} --bandwidth {input.bandwidth}"
        " --settings {params.settings:q} > {log} 2>&1"


rule compare:
    input:
        results=lambda wc: [
            path
            for sample in COMPARED[int(wc.resolution)]
            for path in (
                *LAYOUT.triples(sample, wc.resolution).values(),
                LAYOUT.mask(sample, wc.resolution),
            )
        ],
        weights=lambda wc: [
            LAYOUT.weights(sample, wc.resolution, method)[name]
            for sample in COMPARED[int(wc.resolution)]
            for method in RUN.methods
            for name in ("weights", "verdict")
        ],
        script=SCRIPTS / "compare.py",
    output:
        LAYOUT.comparison(),
    log:
        LAYOUT.log("compare", "{resolution}"),
    benchmark:
        LAYOUT.benchmark("compare", "{resolution}")
    wildcard_constraints:
        resolution="|".join(map(str, COMPARED)) or "none",
    conda:
        "../../envs/counterpoise.yaml"
    resources:
        mem_mb=lambda wc, input, attempt: attempt
        * needs.bins_mb("compare", input, len(RUN.methods)),
        runtime=lambda wc, input, attempt: attempt * needs.pass_minutes(input),
    params:
        settings=lambda wc: RUN.comparison_settings(COMPARED[int(wc.resolution)]),
        root=lambda wc: PLACED.root,
    message:
        "samples side by side at {wildcards.resolution} bp"
    shell:
        "printf %s {params.settings:q} | python {input.script} --settings -"
        " --resolution {wildcards.resolution} --output {output} --root {params.root}"
        " > {log} 2>&1"


rule report:
    input:
        sources=lambda wc: [LAYOUT.triples(*place)["source"] for place in MAPS],
        masks=lambda wc: [LAYOUT.mask(*place) for place in MAPS],
        verdicts=lambda wc: [
            LAYOUT.weights(*place, method)["verdict"]
            for place in MAPS
            for method in RUN.methods
        ],
        plots=lambda wc: [
            LAYOUT.plot(*place, method) for place in MAPS for method in RUN.methods
        ],
        comparisons=[LAYOUT.comparison(resolution) for resolution in COMPARED],
        script=SCRIPTS / "report.py",
    output:
        summary=LAYOUT.summary,
        report=LAYOUT.report,
    log:
        LAYOUT.log("report"),
    benchmark:
        LAYOUT.benchmark("report")
    conda:
        "../../envs/counterpoise.yaml"
    resources:
        mem_mb=lambda wc, attempt: attempt * needs.runs_mb(len(RUNS)),
        runtime=lambda wc, attempt: attempt * needs.runs_minutes(len(RUNS)),
    params:
        settings=RUN.report_settings(),
        root=lambda wc: PLACED.root,
    message:
        "writing the report"
    shell:
        "printf %s {params.settings:q} | python {input.script} --settings -"
        " --summary {output.summary} --report {output.report} --root {params.root}"
        " > {log} 2>&1"
