# Figures of runs. Included if the cohort asks for any.


rule plot:
    input:
        map=PATHS.map_files().source,
        mask=PATHS.mask(),
        verdicts=[PATHS.run_files(method=name).verdict for name in PLAN.cohort.plotted],
        traces=[PATHS.run_files(method=name).trace for name in PLAN.cohort.plotted],
    output:
        [
            report(
                PATHS.plot(method=name),
                caption="../report/plot.rst",
                category="Runs",
                subcategory="{sample}",
                labels={"resolution (bp)": "{resolution}", "method": name},
            )
            for name in PLAN.cohort.plotted
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
        " --settings {params.settings:q} > {log:q} 2>&1"
