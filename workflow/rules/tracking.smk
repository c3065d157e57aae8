# MLflow, filled from the files under results/ when all of them exist.


rule track:
    input:
        # The report implies all results.
        report=PATHS.report,
        summary=PATHS.summary,
        samples=PATHS.samples,
    output:
        # Kept while the job starts: it says whether the last attempt succeeded.
        update(PATHS.tracking),
    log:
        PATHS.log("track"),
    benchmark:
        PATHS.benchmark("track")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("track")
    resources:
        **PLAN.resources("track"),
    params:
        settings=PLAN.params("track", attempt=PLAN.next_attempt),
        root=PLAN.root,
    message:
        "logging to MLflow"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/track.py --settings - --root {params.root:q}'
        " --summary {input.summary:q} --samples {input.samples:q} --output {output:q} 2>&1 |"
        " tee {log:q}"
