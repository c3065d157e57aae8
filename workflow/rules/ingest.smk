# From a .hic, .cool or .mcool file to sparse triples.


# Sources are local(): their paths count from the working folder, whatever prefix a module has.


rule inspect:
    input:
        local(lambda wc: RUN.source_file(wc.sample)),
        script=SCRIPTS / "inspect_input.py",
    output:
        LAYOUT.input_record(),
    log:
        LAYOUT.log("inspect", "{sample}"),
    benchmark:
        LAYOUT.benchmark("inspect", "{sample}")
    conda:
        "../../envs/counterpoise.yaml"
    resources:
        mem_mb=lambda wc, attempt: attempt * needs.inspect_mb(),
        runtime=lambda wc, input, attempt: attempt * needs.inspect_minutes(input),
    params:
        settings=lambda wc: RUN.ingest_settings(wc.sample),
    message:
        "{wildcards.sample}: looking into the input"
    shell:
        "python {input.script} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule ingest:
    input:
        # What the file holds, its SHA-256, is in the record; a new time alone reads nothing again.
        ancient(local(lambda wc: RUN.source_file(wc.sample))),
        record=LAYOUT.input_record(),
        script=SCRIPTS / "ingest.py",
    output:
        **LAYOUT.triples(),
    log:
        LAYOUT.log("ingest", "{sample}", "{resolution}"),
    benchmark:
        LAYOUT.benchmark("ingest", "{sample}", "{resolution}")
    conda:
        "../../envs/counterpoise.yaml"
    threads: 2
    resources:
        mem_mb=lambda wc, attempt: attempt * needs.ingest_mb(),
        runtime=lambda wc, input, attempt: attempt * needs.ingest_minutes(input),
    params:
        settings=lambda wc: RUN.ingest_settings(wc.sample, int(wc.resolution)),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: reading contacts"
    shell:
        "python {input.script} --record {input.record} --pixels {output.pixels}"
        " --bins {output.bins} --source {output.source}"
        " --settings {params.settings:q} > {log} 2>&1"
