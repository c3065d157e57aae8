# One mask for the samples of a group, if mask.shared is set.


rule shared_mask:
    input:
        PLAN.own_masks,
    output:
        shared=PATHS.shared_mask(),
    log:
        PATHS.log("shared_mask"),
    benchmark:
        PATHS.benchmark("shared_mask")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("shared_mask")
    resources:
        **PLAN.resources("shared_mask"),
    params:
        settings=PLAN.params("shared_mask"),
        root=PLAN.root,
    message:
        "{wildcards.group} at {wildcards.resolution} bp: bins that the samples share"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/shared_mask.py --settings - --root {params.root:q}'
        " --group {wildcards.group:q} --resolution {wildcards.resolution:q}"
        " --shared {output.shared:q} > {log:q} 2>&1"


rule final_mask:
    input:
        map=PATHS.map_files().source,
        bins=PATHS.map_files().bins,
        mask=PATHS.own_mask(),
        group=PLAN.group_mask,
    output:
        PATHS.mask(),
    log:
        PATHS.log("final_mask"),
    benchmark:
        PATHS.benchmark("final_mask")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("final_mask")
    resources:
        **PLAN.resources("final_mask"),
    params:
        settings=PLAN.params("final_mask"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: bins that its group keeps"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/final_mask.py --map {input.map:q} --mask {input.mask:q}'
        " --group-mask {input.group:q} --output {output:q}"
        " --settings {params.settings:q} > {log:q} 2>&1"
