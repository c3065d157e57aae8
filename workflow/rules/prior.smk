# The bias of other maps as a prior: of the other samples of a group, or of a file.


rule balance_alone:
    input:
        map=PATHS.map_files().source,
        mask=PATHS.mask(),
    output:
        run=PATHS.alone_files(),
    log:
        PATHS.log("balance_alone"),
    benchmark:
        PATHS.benchmark("balance_alone")
    conda:
        PLAN.environment
    threads: PLAN.threads("balance_alone")
    resources:
        **PLAN.resources("balance_alone"),
    params:
        settings=PLAN.params("balance_alone"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: {wildcards.method} without a prior"
        " (up to {resources.mem_mb} MB)"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/balance_alone.py --map {input.map:q}'
        " --mask {input.mask:q} --run {output.run:q} --threads {threads}"
        " --memory-mb {resources.mem_mb} --settings {params.settings:q} > {log:q} 2>&1"


rule pool:
    input:
        PLAN.pooled,
    output:
        PATHS.pool(),
    log:
        PATHS.log("pool"),
    benchmark:
        PATHS.benchmark("pool")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("pool")
    resources:
        **PLAN.resources("pool"),
    params:
        settings=PLAN.params("pool"),
        root=PLAN.root,
    message:
        "{wildcards.group} at {wildcards.resolution} bp: the samples' bias by {wildcards.method}"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/pool.py --settings - --root {params.root:q}'
        " --resolution {wildcards.resolution:q} --method {wildcards.method:q}"
        " --output {output:q} > {log:q} 2>&1"


rule file_prior:
    output:
        PATHS.file_prior(),
    log:
        PATHS.log("file_prior"),
    benchmark:
        PATHS.benchmark("file_prior")
    conda:
        PLAN.environment
    threads: PLAN.threads("file_prior")
    resources:
        **PLAN.resources("file_prior"),
    params:
        settings=PLAN.params("file_prior"),
    message:
        "bias of the prior of {wildcards.method} at {wildcards.resolution} bp"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/file_prior.py --output {output:q} --threads {threads}'
        " --settings {params.settings:q} > {log:q} 2>&1"
