# From a .hic, .cool or .mcool file to sparse triples.


rule inspect:
    output:
        LAYOUT.input_record(),
    input:
        lambda wc: RUN.source_file(wc.sample),
        script=SCRIPTS / "inspect_input.py",
    params:
        settings=lambda wc: {"uri": RUN.source_path(wc.sample), **RUN.ingest_settings()},
    log:
        LAYOUT.log("inspect", "{sample}"),
    conda:
        "../../envs/counterpoise.yaml"
    message:
        "{wildcards.sample}: looking into the input"
    shell:
        "python {input.script} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule ingest:
    output:
        **LAYOUT.triples(),
    input:
        lambda wc: RUN.source_file(wc.sample),
        record=LAYOUT.input_record(),
        script=SCRIPTS / "ingest.py",
    params:
        settings=lambda wc: RUN.ingest_settings(int(wc.resolution)),
    log:
        LAYOUT.log("ingest", "{sample}", "{resolution}"),
    conda:
        "../../envs/counterpoise.yaml"
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: reading contacts"
    shell:
        "python {input.script} --record {input.record} --pixels {output.pixels}"
        " --bins {output.bins} --source {output.source}"
        " --settings {params.settings:q} > {log} 2>&1"
