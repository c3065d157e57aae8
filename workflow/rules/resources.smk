# Input files that the workflow itself fetches or makes, under resources/.

from counterpoise.cohort.config import tell_jobs
from counterpoise.ingest.urls import public_url

tell_jobs(HERE / "conf", snakemake_overrides(config))


rule download_sdist:
    input:
        script=SCRIPTS / "download_sdist.py",
    output:
        local("resources/archives/{package}.tar.gz"),
    log:
        "resources/logs/download_sdist/{package}.log",
    wildcard_constraints:
        package="|".join(map(re.escape, RUN.config.sources)) or "none",
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings=lambda wc: RUN.archive_settings(wc.package),
    message:
        "fetching the source package {wildcards.package}"
    shell:
        "python {input.script} --package {wildcards.package} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule extract:
    input:
        script=SCRIPTS / "extract.py",
        archive=local("resources/archives/{package}.tar.gz"),
    output:
        local("resources/{package}/{file}"),
    log:
        "resources/logs/extract/{package}/{file}.log",
    wildcard_constraints:
        package="|".join(map(re.escape, RUN.config.sources)) or "none",
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        member=lambda wc: RUN.config.sources[wc.package].members[wc.file],
    message:
        "taking {wildcards.file} out of {wildcards.package}"
    shell:
        "python {input.script} --archive {input.archive} --member {params.member:q}"
        " --output {output} > {log} 2>&1"


rule download:
    input:
        script=SCRIPTS / "download.py",
    output:
        local("resources/remote/{key}/{name}"),
    log:
        "resources/logs/download/{key}/{name}.log",
    wildcard_constraints:
        key="|".join(RUN.remote) or "none",
        name="[^/]+",
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        # The query, which may be a signature, would be seen in `ps` and where the job's command is
        # printed: the job asks the configuration for all of the address.
        settings=lambda wc: {"key": wc.key, "url": public_url(RUN.remote[wc.key])},
    message:
        "fetching {wildcards.name}"
    shell:
        "python {input.script} --output {output} --settings {params.settings:q} > {log} 2>&1"


rule demo_yeast:
    input:
        script=SCRIPTS / "demo_map.py",
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
        "python {input.script} --matrix {input.matrix} --bed {input.bed}"
        " --output {output} > {log} 2>&1"


rule demo_simulated:
    input:
        script=SCRIPTS / "demo_map.py",
    output:
        local("resources/demo/simulated.cool"),
    log:
        "resources/logs/demo_simulated.log",
    localrule: True
    conda:
        "../../envs/counterpoise.yaml"
    params:
        settings={"chromosomes": {"simA": 1500, "simB": 1000}, "contacts": 3_000_000},
    message:
        "simulating a map whose bias is known"
    shell:
        "python {input.script} --output {output} --settings {params.settings:q} > {log} 2>&1"
