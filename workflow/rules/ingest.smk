# From .hic, .cool and .mcool files to pixels and bins.


# Only sources that a rule makes are inputs; the settings hold the version of the others. They are
# local(): their paths belong to the working folder, whatever prefix a module has.


rule inspect:
    input:
        local(PLAN.made_source),
        first=PLAN.first_records,
    output:
        record=PATHS.input_record(),
        state=PATHS.input_state(),
    log:
        PATHS.log("inspect"),
    benchmark:
        PATHS.benchmark("inspect")
    wildcard_constraints:
        sample=PLAN.read_sample_pattern,
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("inspect")
    resources:
        **PLAN.resources("inspect"),
    params:
        settings=PLAN.params("inspect"),
    message:
        "{wildcards.sample}: looking into the input"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/inspect_input.py --output {output.record:q}'
        " --state {output.state:q} --first {input.first:q}"
        " --settings {params.settings:q} > {log:q} 2>&1"


rule ingest:
    input:
        # The record holds the SHA-256 of the file; a new modification time alone changes nothing.
        ancient(local(PLAN.source_of_level)),
        record=PLAN.input_record,
        state=ancient(PATHS.input_state()),
        finer=PLAN.finer_map,
    output:
        map=PATHS.whole_map_files(),
    log:
        PATHS.log("ingest"),
    benchmark:
        PATHS.benchmark("ingest")
    wildcard_constraints:
        sample=PLAN.read_sample_pattern,
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("ingest")
    resources:
        **PLAN.resources("ingest"),
    params:
        settings=PLAN.params("ingest"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: reading contacts"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/ingest.py --record {input.record:q}'
        " --state {input.state:q} --map {output.map:q} --finer {input.finer:q}"
        " --settings {params.settings:q} > {log:q} 2>&1"
