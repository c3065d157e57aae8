# One .mcool a sample: all resolutions, one column a method.


rule export:
    input:
        triples=lambda wc: [
            path
            for resolution in RUN.resolutions(wc.sample)
            for path in LAYOUT.triples(wc.sample, resolution).values()
        ],
        weights=lambda wc: [
            LAYOUT.weights(wc.sample, resolution, method)[name]
            for resolution in RUN.resolutions(wc.sample)
            for method in RUN.methods
            for name in ("weights", "verdict")
        ],
        script=SCRIPTS / "export.py",
    output:
        LAYOUT.cooler(),
    log:
        LAYOUT.log("export", "{sample}"),
    benchmark:
        LAYOUT.benchmark("export", "{sample}")
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
