# What differs between an experiment and its cohort, if the cohort has results.


rule differences:
    input:
        PATHS.summary,
    output:
        differences=PATHS.differences,
        table=PATHS.difference_table,
    log:
        PATHS.log("differences"),
    benchmark:
        PATHS.benchmark("differences")
    conda:
        "../../envs/counterpoise.yaml"
    threads: PLAN.threads("differences")
    resources:
        **PLAN.resources("differences"),
    params:
        # No input: Snakemake's lock would not admit the cohort and the experiment at the same time.
        settings=PLAN.params("differences", base=PLAN.base_version),
        root=PLAN.root,
    message:
        "comparing the experiment with its cohort"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/differences.py --settings {params.settings:q}'
        " --root {params.root:q} --differences {output.differences:q} --table {output.table:q}"
        " 2>&1 | tee {log:q}"
