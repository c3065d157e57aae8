# Plots of every run, and the cohort's summary and report.


rule plot:
    input:
        map=PATHS.map_files(),
        run=PATHS.run_files(),
        mask=PATHS.mask(),
        bandwidth=lambda wc: RUN.bandwidth_file(wc.sample, wc.resolution, wc.method),
        script=SCRIPTS / "plot.py",
    output:
        PATHS.plot(),
    log:
        PATHS.log("plot", "{sample}", "{resolution}", "{method}"),
    benchmark:
        PATHS.benchmark("plot", "{sample}", "{resolution}", "{method}")
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
        "python {input.script} --map {input.map} --mask {input.mask} --run {input.run}"
        " --sample {wildcards.sample}"
        " --output {output} --bandwidth {input.bandwidth}"
        " --settings {params.settings:q} > {log} 2>&1"


rule compare:
    input:
        results=lambda wc: [
            path
            for sample in COMPARED[int(wc.resolution)]
            for path in (
                *PATHS.map_files(sample, wc.resolution),
                PATHS.mask(sample, wc.resolution),
            )
        ],
        weights=lambda wc: [
            path
            for sample in COMPARED[int(wc.resolution)]
            for method in RUN.methods
            for files in [PATHS.run_files(sample, wc.resolution, method)]
            for path in (files.weights, files.verdict)
        ],
        script=SCRIPTS / "compare.py",
    output:
        PATHS.comparison(),
    log:
        PATHS.log("compare", "{resolution}"),
    benchmark:
        PATHS.benchmark("compare", "{resolution}")
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
        sources=lambda wc: [PATHS.map_files(*place).source for place in MAPS],
        masks=lambda wc: [PATHS.mask(*place) for place in MAPS],
        verdicts=lambda wc: [
            PATHS.run_files(*place, method).verdict
            for place in MAPS
            for method in RUN.methods
        ],
        plots=lambda wc: [
            PATHS.plot(*place, method) for place in MAPS for method in RUN.methods
        ],
        comparisons=[PATHS.comparison(resolution) for resolution in COMPARED],
        script=SCRIPTS / "report.py",
    output:
        summary=PATHS.summary,
        report=PATHS.report,
    log:
        PATHS.log("report"),
    benchmark:
        PATHS.benchmark("report")
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
