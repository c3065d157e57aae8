# The bins that can be trusted: one mask for all methods of a sample and resolution.


rule mask:
    input:
        map=PATHS.map_files().source,
        pixels=PATHS.map_files().pixels,
        bins=PATHS.map_files().bins,
        files=[local(path) for path in PLAN.made_mask_files],
    output:
        PATHS.own_mask() if PLAN.cohort.groups.shares_masks else PATHS.mask(),
    log:
        PATHS.log("mask"),
    benchmark:
        PATHS.benchmark("mask")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("mask")
    resources:
        **PLAN.resources("mask"),
    params:
        settings=PLAN.params("mask"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: filtering bins"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/mask.py --map {input.map:q} --output {output:q}'
        " --settings {params.settings:q} > {log:q} 2>&1"
