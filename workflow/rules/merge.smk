# Samples that are sums of others. Included if the cohort has any.


rule merge:
    input:
        members=PLAN.member_maps,
    output:
        map=PATHS.whole_map_files(),
    log:
        PATHS.log("merge"),
    benchmark:
        PATHS.benchmark("merge")
    wildcard_constraints:
        sample=match_any(PLAN.cohort.members),
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("merge")
    resources:
        **PLAN.resources("merge"),
    params:
        settings=PLAN.params("merge"),
        root=PLAN.root,
    message:
        "{wildcards.sample} at {wildcards.resolution} bp: summing its members"
    shell:
        "printf %s {params.settings:q} |"
        ' python "$COUNTERPOISE_SCRIPTS"/merge.py --settings - --root {params.root:q}'
        " --resolution {wildcards.resolution:q} --map {output.map:q} > {log:q} 2>&1"
