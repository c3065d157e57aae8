# From a .hic, .cool or .mcool file to pixels and bins.


# Sources are local(): their paths count from the working folder, whatever prefix a module has.


rule inspect:
    input:
        local(lambda wc: RUN.source_file(wc.sample)),
        script=SCRIPTS / "inspect_input.py",
    output:
        PATHS.input_record(),
    log:
        PATHS.log("inspect", "{sample}"),
    benchmark:
        PATHS.benchmark("inspect", "{sample}")
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
        record=PATHS.input_record(),
        script=SCRIPTS / "ingest.py",
    output:
        map=PATHS.map_files(),
    log:
        PATHS.log("ingest", "{sample}", "{resolution}"),
    benchmark:
        PATHS.benchmark("ingest", "{sample}", "{resolution}")
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
        "python {input.script} --record {input.record} --map {output.map}"
        " --settings {params.settings:q} > {log} 2>&1"
