# Input files that the workflow itself downloads or makes, under resources/.


rule download_sdist:
    output:
        local("resources/archives/{package}.tar.gz"),
    log:
        "resources/logs/download_sdist/{package}.log",
    wildcard_constraints:
        package=match_any(PLAN.cohort.settings.sources),
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings=PLAN.params("download_sdist"),
    message:
        "fetching the source package {wildcards.package}"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/download_sdist.py --package {wildcards.package:q}'
        " --output {output:q} --settings {params.settings:q} > {log:q} 2>&1"


rule extract:
    input:
        local("resources/archives/{package}.tar.gz"),
    output:
        local("resources/{package}/{file}"),
    log:
        "resources/logs/extract/{package}/{file}.log",
    wildcard_constraints:
        package=match_any(PLAN.cohort.settings.sources),
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings=PLAN.params("extract"),
    message:
        "taking {wildcards.file} out of {wildcards.package}"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/extract.py --archive {input:q} --output {output:q}'
        " --settings {params.settings:q} > {log:q} 2>&1"


rule download:
    output:
        local("resources/remote/{key}/{name}"),
    log:
        "resources/logs/download/{key}/{name}.log",
    wildcard_constraints:
        key=match_any(PLAN.cohort.remote),
        name="[^/]+",
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings=PLAN.params("download"),
    message:
        "fetching {wildcards.name}"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/download.py --output {output:q}'
        " --settings {params.settings:q} > {log:q} 2>&1"


rule demo_yeast:
    input:
        matrix=local("resources/iced/duan.matrix"),
        bed=local("resources/iced/duan.bed"),
    output:
        local("resources/demo/yeast.{format}"),
    log:
        "resources/logs/demo_yeast/{format}.log",
    wildcard_constraints:
        format="cool|hic",
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    message:
        "writing the yeast map as .{wildcards.format}"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/demo_yeast.py --matrix {input.matrix:q} --bed {input.bed:q}'
        " --output {output:q} > {log:q} 2>&1"


rule demo_simulated:
    output:
        local("resources/demo/simulated.cool"),
    log:
        "resources/logs/demo_simulated.log",
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings=PLAN.params("demo_simulated"),
    message:
        "simulating a map whose bias is known"
    shell:
        'python "$COUNTERPOISE_SCRIPTS"/demo_simulated.py --output {output:q}'
        " --settings {params.settings:q} > {log:q} 2>&1"
