# One .mcool a sample: all resolutions, one column a method.


rule export:
    input:
        maps=lambda wc: [
            path
            for resolution in RUN.resolutions(wc.sample)
            for path in PATHS.map_files(wc.sample, resolution)
        ],
        weights=lambda wc: [
            path
            for resolution in RUN.resolutions(wc.sample)
            for method in RUN.methods
            for files in [PATHS.run_files(wc.sample, resolution, method)]
            for path in (files.weights, files.verdict)
        ],
        script=SCRIPTS / "export.py",
    output:
        PATHS.cooler(),
    log:
        PATHS.log("export", "{sample}"),
    benchmark:
        PATHS.benchmark("export", "{sample}")
    conda:
        "../../envs/counterpoise.yaml"
    threads: 2
    resources:
        mem_mb=lambda wc, input, attempt: attempt
        * needs.bins_mb("export", input, len(RUN.methods)),
        runtime=lambda wc, input, attempt: attempt * needs.pass_minutes(input),
    params:
        settings=lambda wc: RUN.export_settings(wc.sample),
        root=lambda wc: PLACED.root,
    message:
        "{wildcards.sample}: writing the balanced cooler"
    shell:
        "python {input.script}"
        " --sample {wildcards.sample} --output {output} --root {params.root}"
        " --settings {params.settings:q} > {log} 2>&1"
