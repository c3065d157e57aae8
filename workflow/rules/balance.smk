# One job for each sample, resolution and method; its parameter is the method's settings alone.


rule balance:
    output:
        **LAYOUT.weights(),
    input:
        **LAYOUT.triples(),
        mask=LAYOUT.mask(),
        script=SCRIPTS / "balance.py",
    params:
        settings=lambda wc: RUN.method_settings(wc.method),
    log:
        LAYOUT.log("balance", "{sample}", "{resolution}", "{method}"),
    threads: 2
    conda:
        "../../envs/counterpoise.yaml"
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: {wildcards.method}"
    shell:
        "python {input.script} --pixels {input.pixels} --bins {input.bins}"
        " --source {input.source} --mask {input.mask} --weights {output.weights}"
        " --trace {output.trace} --verdict {output.verdict} --threads {threads}"
        " --settings {params.settings:q} > {log} 2>&1"
