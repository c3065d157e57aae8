# Input files that the workflow itself fetches or makes, under resources/.


rule download_sdist:
    output:
        "resources/archives/{package}.tar.gz",
    input:
        script=SCRIPTS / "download_sdist.py",
    params:
        settings=lambda wc: RUN.archive_settings(wc.package),
    log:
        "resources/logs/download_sdist/{package}.log",
    wildcard_constraints:
        package="|".join(map(re.escape, RUN.config.sources)) or "none",
    conda:
        "../../envs/counterpoise.yaml"
    localrule: True
    message:
        "fetching the source package {wildcards.package}"
    shell:
        "python {input.script} --package {wildcards.package} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule extract:
    output:
        "resources/{package}/{file}",
    input:
        script=SCRIPTS / "extract.py",
        archive="resources/archives/{package}.tar.gz",
    params:
        member=lambda wc: RUN.config.sources[wc.package].members[wc.file],
    log:
        "resources/logs/extract/{package}/{file}.log",
    wildcard_constraints:
        package="|".join(map(re.escape, RUN.config.sources)) or "none",
    conda:
        "../../envs/counterpoise.yaml"
    localrule: True
    message:
        "taking {wildcards.file} out of {wildcards.package}"
    shell:
        "python {input.script} --archive {input.archive} --member {params.member:q}"
        " --output {output} > {log} 2>&1"


rule demo_yeast:
    output:
        "resources/demo/yeast.{format}",
    input:
        script=SCRIPTS / "demo_map.py",
        matrix="resources/iced/duan.matrix",
        bed="resources/iced/duan.bed",
    log:
        "resources/logs/demo_yeast/{format}.log",
    wildcard_constraints:
        format="cool|hic",
    conda:
        "../../envs/counterpoise.yaml"
    localrule: True
    message:
        "writing the yeast map as .{wildcards.format}"
    shell:
        "python {input.script} --matrix {input.matrix} --bed {input.bed}"
        " --output {output} > {log} 2>&1"


rule demo_simulated:
    output:
        "resources/demo/simulated.cool",
    input:
        script=SCRIPTS / "demo_map.py",
    params:
        settings={"chromosomes": {"simA": 1500, "simB": 1000}, "contacts": 3_000_000},
    log:
        "resources/logs/demo_simulated.log",
    conda:
        "../../envs/counterpoise.yaml"
    localrule: True
    message:
        "simulating a map whose bias is known"
    shell:
        "python {input.script} --output {output} --settings {params.settings:q} > {log} 2>&1"
