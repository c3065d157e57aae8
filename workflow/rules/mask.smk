# Which bins can be trusted: one mask for all methods of a sample and resolution.


rule mask:
    input:
        **LAYOUT.triples(),
        blacklist=[local(path) for path in [RUN.config.mask.blacklist] if path],
        script=SCRIPTS / "mask.py",
    output:
        LAYOUT.mask(),
    log:
        LAYOUT.log("mask", "{sample}", "{resolution}"),
    benchmark:
        LAYOUT.benchmark("mask", "{sample}", "{resolution}")
    conda:
        "../../envs/counterpoise.yaml"
    resources:
        mem_mb=lambda wc, input, attempt: attempt * needs.bins_mb("mask", input),
        runtime=lambda wc, input, attempt: attempt * needs.pass_minutes(input),
    params:
        settings=RUN.mask_settings(),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: filtering bins"
    shell:
        "python {input.script} --pixels {input.pixels} --bins {input.bins}"
        " --source {input.source} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"
