# One job for each sample, resolution and method. A kernel method chooses its bandwidth here.


rule balance:
    input:
        map=PATHS.map_files().source,
        mask=PATHS.mask(),
        prior=PLAN.prior,
        applied=PLAN.applied,
        copy_number=local(PLAN.made_copy_number),
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
        " --run {output.run:q} --sample {wildcards.sample:q} --prior {input.prior:q}"
        " --applied {input.applied:q} --threads {threads}"
        " --memory-mb {resources.mem_mb} --settings {params.settings:q} > {log:q} 2>&1"
