# MLflow, filled from the files under results/ when all of them are there.


rule track:
    input:
        # What a plot shows is there when the plot is: traces, weights and bandwidths need no naming.
        verdicts=lambda wc: [
            PATHS.run_files(*place, method).verdict
            for place in MAPS
            for method in RUN.methods
        ],
        plots=lambda wc: [
            PATHS.plot(*place, method) for place in MAPS for method in RUN.methods
        ],
        script=SCRIPTS / "track.py",
    output:
        # Kept while the job starts: it says whether the last attempt got through.
        update(PATHS.tracking),
    log:
        PATHS.log("track"),
    benchmark:
        PATHS.benchmark("track")
    conda:
        "../../envs/counterpoise.yaml"
    resources:
        mem_mb=lambda wc, attempt: attempt * needs.runs_mb(len(RUNS)),
        runtime=lambda wc, attempt: attempt * needs.runs_minutes(len(RUNS)),
    params:
        root=lambda wc: PLACED.root,
        settings={
            **RUN.tracking_settings(),
            "attempt": next_attempt(PLACED.tracking),
        },
    message:
        "logging to MLflow"
    shell:
        "printf %s {params.settings:q} | python {input.script} --settings -"
        " --output {output} --root {params.root} 2>&1 | tee {log}"
