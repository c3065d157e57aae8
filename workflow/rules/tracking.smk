# MLflow, filled from the files under results/ when all of them are there.


rule track:
    input:
        results=[
            path
            for run in RUNS
            for path in LAYOUT.weights(
                run["sample"], run["resolution"], run["method"]
            ).values()
        ],
        bandwidths=[
            path
            for run in RUNS
            for path in RUN.bandwidth_file(
                run["sample"], run["resolution"], run["method"]
            )
        ],
        plots=[
            LAYOUT.plot(run["sample"], run["resolution"], run["method"])
            for run in RUNS
        ],
        script=SCRIPTS / "track.py",
    output:
        # Kept while the job starts: it says whether the last attempt got through.
        update(LAYOUT.tracking),
    log:
        LAYOUT.log("track"),
    benchmark:
        LAYOUT.benchmark("track")
    conda:
        "../../envs/counterpoise.yaml"
    resources:
        mem_mb=lambda wc, attempt: attempt * needs.runs_mb(len(RUNS)),
        runtime=lambda wc, attempt: attempt * needs.runs_minutes(len(RUNS)),
    params:
        root=lambda wc: PLACED.root,
        settings={**TRACKING, "attempt": next_attempt(PLACED.tracking)},
    message:
        "logging to MLflow"
    shell:
        "python {input.script}"
        " --output {output} --root {params.root} --settings {params.settings:q} 2>&1 | tee {log}"
