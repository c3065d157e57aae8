# MLflow, filled from the files under results/ when all of them are there.


rule track:
    output:
        # Kept while the job starts: it says whether the last attempt got through.
        update(LAYOUT.tracking),
    input:
        results=[
            path
            for run in RUNS
            for path in LAYOUT.weights(
                run["sample"], run["resolution"], run["method"]
            ).values()
        ],
        plots=[
            LAYOUT.plot(run["sample"], run["resolution"], run["method"]) for run in RUNS
        ],
        script=SCRIPTS / "track.py",
    params:
        settings={**RUN.tracking_settings(), "attempt": next_attempt(LAYOUT.tracking)},
        root=LAYOUT.root,
        cohort=LAYOUT.cohort,
    log:
        LAYOUT.log("track"),
    conda:
        "../../envs/counterpoise.yaml"
    message:
        "logging to MLflow"
    shell:
        "python {input.script} --root {params.root} --cohort {params.cohort}"
        " --output {output} --settings {params.settings:q} 2>&1 | tee {log}"
