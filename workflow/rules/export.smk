# One .mcool for each sample: all resolutions, with a column for each method.


rule export:
    input:
        maps=PLAN.maps_of_sample,
        weights=PLAN.weights_of_sample,
    output:
        PATHS.cooler(),
    log:
        PATHS.log("export"),
    benchmark:
        PATHS.benchmark("export")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("export")
    resources:
        **PLAN.resources("export"),
    params:
        settings=PLAN.params("export"),
        root=PLAN.root,
    message:
        "{wildcards.sample}: writing the balanced cooler"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/export.py --root {params.root:q}'
        " --sample {wildcards.sample:q} --output {output:q}"
        " --settings {params.settings:q} > {log:q} 2>&1"
