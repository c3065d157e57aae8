# One job for each sample, resolution and method. A kernel method whose bandwidth is chosen by
# cross-validation has a job for that before.


rule bandwidth:
    input:
        map=PATHS.map_files().source,
        mask=PATHS.mask(),
    output:
        PATHS.bandwidth(),
    log:
        PATHS.log("bandwidth"),
    benchmark:
        PATHS.benchmark("bandwidth")
    conda:
        PLAN.environment
    threads: PLAN.threads("bandwidth")
    resources:
        **PLAN.resources("bandwidth"),
    params:
        settings=PLAN.params("bandwidth"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: a bandwidth for {wildcards.method}"
        " (up to {resources.mem_mb} MB)"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/bandwidth.py --map {input.map:q} --mask {input.mask:q}'
        " --output {output:q} --threads {threads} --memory-mb {resources.mem_mb}"
        " --settings {params.settings:q} > {log:q} 2>&1"


rule balance:
    input:
        map=PATHS.map_files().source,
        mask=PATHS.mask(),
        bandwidth=PLAN.bandwidth_file,
    output:
        run=PATHS.run_files(),
    log:
        PATHS.log("balance"),
    benchmark:
        PATHS.benchmark("balance")
    conda:
        PLAN.environment
    threads: PLAN.threads("balance")
    resources:
        **PLAN.resources("balance"),
    params:
        settings=PLAN.params("balance"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: {wildcards.method}"
        " (up to {resources.mem_mb} MB)"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/balance.py --map {input.map:q} --mask {input.mask:q}'
        " --bandwidth {input.bandwidth:q} --run {output.run:q} --threads {threads}"
        " --memory-mb {resources.mem_mb} --settings {params.settings:q} > {log:q} 2>&1"
