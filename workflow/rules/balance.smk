# One job for each sample, resolution and method; its parameter is the method's settings alone.


rule balance:
    input:
        **LAYOUT.triples(),
        mask=LAYOUT.mask(),
        script=SCRIPTS / "balance.py",
    output:
        **LAYOUT.weights(),
    log:
        LAYOUT.log("balance", "{sample}", "{resolution}", "{method}"),
    conda:
        "../../envs/counterpoise.yaml"
    threads: 2
    resources:
        mem_mb=4000,
    params:
        settings=lambda wc: RUN.method_settings(wc.method),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: {wildcards.method}"
    shell:
        "python {input.script} --pixels {input.pixels} --bins {input.bins}"
        " --source {input.source} --mask {input.mask} --weights {output.weights}"
        " --trace {output.trace} --verdict {output.verdict} --threads {threads}"
        " --memory-mb {resources.mem_mb}"
        " --settings {params.settings:q} > {log} 2>&1"
