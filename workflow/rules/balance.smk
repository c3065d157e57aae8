# One job for each sample, resolution and method; its parameter is the method's settings alone.
# A kernel method whose bandwidth is chosen by cross-validation has a job for that before.


rule bandwidth:
    input:
        **LAYOUT.triples(),
        mask=LAYOUT.mask(),
        script=SCRIPTS / "bandwidth.py",
    output:
        LAYOUT.bandwidth(),
    log:
        LAYOUT.log("bandwidth", "{sample}", "{resolution}", "{method}"),
    benchmark:
        LAYOUT.benchmark("bandwidth", "{sample}", "{resolution}", "{method}")
    conda:
        f"../../envs/{RUN.config.backend.environment}.yaml"
    threads: lambda wc, input: needs.threads_for(input)
    resources:
        **RUN.gpu(),
        mem_mb=lambda wc, input, threads, attempt: attempt
        * needs.search_mb(input, RUN.method_settings(wc.method), threads),
        runtime=lambda wc, input, attempt: attempt * needs.search_minutes(input),
    params:
        settings=lambda wc: RUN.search_settings(wc.method),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: a bandwidth for {wildcards.method}"
        " (up to {resources.mem_mb} MB)"
    shell:
        "python {input.script} --pixels {input.pixels} --bins {input.bins}"
        " --source {input.source} --mask {input.mask} --output {output} --threads {threads}"
        " --memory-mb {resources.mem_mb}"
        " --settings {params.settings:q} > {log} 2>&1"


rule balance:
    input:
        **LAYOUT.triples(),
        mask=LAYOUT.mask(),
        bandwidth=lambda wc: RUN.bandwidth_file(wc.sample, wc.resolution, wc.method),
        script=SCRIPTS / "balance.py",
    output:
        **LAYOUT.weights(),
    log:
        LAYOUT.log("balance", "{sample}", "{resolution}", "{method}"),
    benchmark:
        LAYOUT.benchmark("balance", "{sample}", "{resolution}", "{method}")
    conda:
        f"../../envs/{RUN.config.backend.environment}.yaml"
    threads: lambda wc, input: needs.threads_for(input)
    resources:
        **RUN.gpu(),
        mem_mb=lambda wc, input, threads, attempt: attempt
        * needs.balance_mb(input, RUN.method_settings(wc.method), threads),
        runtime=lambda wc, input, attempt: attempt
        * needs.balance_minutes(input, RUN.method_settings(wc.method)),
    params:
        settings=lambda wc: RUN.method_settings(wc.method),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: {wildcards.method}"
        " (up to {resources.mem_mb} MB)"
    shell:
        "python {input.script} --pixels {input.pixels} --bins {input.bins}"
        " --source {input.source} --mask {input.mask} --weights {output.weights}"
        " --trace {output.trace} --verdict {output.verdict} --threads {threads}"
        " --memory-mb {resources.mem_mb} --bandwidth {input.bandwidth}"
        " --settings {params.settings:q} > {log} 2>&1"
