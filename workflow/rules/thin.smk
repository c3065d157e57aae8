# Maps of fewer contacts. Included if the cohort is thinned.


rule find_least:
    input:
        PLAN.maps_to_count,
    output:
        PATHS.least(),
    log:
        PATHS.log("find_least"),
    benchmark:
        PATHS.benchmark("find_least")
    wildcard_constraints:
        group=match_any(PLAN.cohort.groups.least_samples),
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("find_least")
    resources:
        **PLAN.resources("find_least"),
    params:
        settings=PLAN.params("find_least"),
        root=PLAN.root,
    message:
        "{wildcards.group}: finding the sample with the fewest contacts"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/find_least.py --settings - --root {params.root:q}'
        " --output {output:q} > {log:q} 2>&1"


rule thin:
    input:
        whole=PLAN.whole_map,
        finer=PLAN.finer_thinned_map,
        least=PLAN.least_of_sample,
    output:
        map=PATHS.map_files(),
    log:
        PATHS.log("thin"),
    benchmark:
        PATHS.benchmark("thin")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("thin")
    resources:
        **PLAN.resources("thin"),
    params:
        settings=PLAN.params("thin"),
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: thinning"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/thin.py --sample {wildcards.sample:q}'
        " --resolution {wildcards.resolution:q} --map {output.map:q} --whole {input.whole:q}"
        " --finer {input.finer:q} --least {input.least:q} --settings {params.settings:q}"
        " > {log:q} 2>&1"
