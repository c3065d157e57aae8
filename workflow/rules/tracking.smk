# MLflow, filled from the files under results/ when all of them are there.


rule track:
    input:
        # What a plot shows is there when the plot is: traces, weights and bandwidths need no naming.
        verdicts=lambda wc: [
            LAYOUT.weights(*place, method)["verdict"]
            for place in MAPS
            for method in RUN.methods
        ],
        plots=lambda wc: [
            LAYOUT.plot(*place, method) for place in MAPS for method in RUN.methods
        ],
        script=SCRIPTS / "track.py",
    output:
        # Kept while the job starts: it says whether the last attempt got through.
        update(LAYOUT.tracking),
    log:
        LAYOUT.log("track"),
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings={**RUN.tracking_settings(), "attempt": next_attempt(LAYOUT.tracking)},
    message:
        "logging to MLflow"
    shell:
        "printf %s {params.settings:q} | python {input.script} --settings -"
        " --output {output} 2>&1 | tee {log}"
