# One job for each sample, resolution and method; its parameter is the method's settings alone.
# A kernel method whose bandwidth is chosen by cross-validation has a job for that before.


rule bandwidth:
    input:
        map=PATHS.map_files(),
        mask=PATHS.mask(),
        script=SCRIPTS / "bandwidth.py",
    output:
        PATHS.bandwidth(),
    log:
        PATHS.log("bandwidth", "{sample}", "{resolution}", "{method}"),
    benchmark:
        PATHS.benchmark("bandwidth", "{sample}", "{resolution}", "{method}")
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
        "python {input.script} --map {input.map} --mask {input.mask} --output {output} --threads {threads}"
        " --memory-mb {resources.mem_mb}"
        " --settings {params.settings:q} > {log} 2>&1"


rule balance:
    input:
        map=PATHS.map_files(),
        mask=PATHS.mask(),
        bandwidth=lambda wc: RUN.bandwidth_file(wc.sample, wc.resolution, wc.method),
        script=SCRIPTS / "balance.py",
    output:
        run=PATHS.run_files(),
    log:
        PATHS.log("balance", "{sample}", "{resolution}", "{method}"),
    benchmark:
        PATHS.benchmark("balance", "{sample}", "{resolution}", "{method}")
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
        "python {input.script} --map {input.map} --mask {input.mask} --run {output.run}"
        " --threads {threads}"
        " --memory-mb {resources.mem_mb} --bandwidth {input.bandwidth}"
        " --settings {params.settings:q} > {log} 2>&1"
