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
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings=RUN.mask_settings(),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: filtering bins"
    shell:
        "python {input.script} --pixels {input.pixels} --bins {input.bins}"
        " --source {input.source} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"
