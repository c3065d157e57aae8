# Which bins can be trusted: one mask for all methods of a sample and resolution.


rule mask:
    input:
        map=PATHS.map_files(),
        blacklist=[local(path) for path in [RUN.config.mask.blacklist] if path],
        script=SCRIPTS / "mask.py",
    output:
        PATHS.mask(),
    log:
        PATHS.log("mask", "{sample}", "{resolution}"),
    benchmark:
        PATHS.benchmark("mask", "{sample}", "{resolution}")
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
        "python {input.script} --map {input.map} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"
