"""Where every result lies under ``results/``: the only place that spells these paths.

Arguments default to Snakemake wildcards, so a rule and the code that reads its output
ask the same function. ``docs/outputs.md`` describes what is in each file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SAMPLE, RESOLUTION, METHOD = "{sample}", "{resolution}", "{method}"

BASE = "base"  # the experiment of a cohort by itself, with no overlay
SHARED = ("inspect", "ingest")  # rules whose results all experiments of a cohort share


@dataclass(frozen=True)
class Layout:
    """Paths of one cohort, or of an experiment on it (``conf/experiment/``).

    An experiment has a folder of its own in the cohort's, and shares what was read from the inputs.
    """

    cohort: str
    root: str = "results"
    experiment: str = BASE

    @property
    def shared(self) -> str:
        return f"{self.root}/{self.cohort}"

    @property
    def base(self) -> str:
        own = "" if self.experiment == BASE else f"/experiments/{self.experiment}"
        return self.shared + own

    @property
    def title(self) -> str:
        """For people: the cohort, and the experiment on it if it is one."""
        return self.cohort if self.experiment == BASE else f"{self.cohort} \u00b7 {self.experiment}"

    def input_record(self, sample: str = SAMPLE) -> str:
        return f"{self.shared}/inputs/{sample}.json"

    def triples(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> dict[str, str]:
        folder = f"{self.shared}/triples/{sample}/{resolution}"
        return {
            "pixels": f"{folder}/pixels.parquet",
            "bins": f"{folder}/bins.parquet",
            "source": f"{folder}/source.json",
        }

    def mask(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> str:
        return f"{self.base}/masks/{sample}/{resolution}.parquet"

    def weights(
        self, sample: str = SAMPLE, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> dict[str, str]:
        folder = f"{self.base}/weights/{sample}/{resolution}/{method}"
        return {
            "weights": f"{folder}/weights.parquet",
            "trace": f"{folder}/trace.parquet",
            "verdict": f"{folder}/verdict.json",
        }

    def bandwidth(
        self, sample: str = SAMPLE, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> str:
        """Of kernel methods whose bandwidth is searched for."""
        return f"{self.base}/weights/{sample}/{resolution}/{method}/bandwidth.parquet"

    def cooler(self, sample: str = SAMPLE) -> str:
        return f"{self.base}/coolers/{sample}.mcool"

    def plot(
        self, sample: str = SAMPLE, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> str:
        return f"{self.base}/qc/{sample}/{resolution}/{method}.png"

    def comparison(self, resolution: int | str = RESOLUTION) -> str:
        """Of resolutions at which there are two or more samples, see ``compared``."""
        return f"{self.base}/compare/{resolution}.png"

    @property
    def summary(self) -> str:
        return f"{self.base}/summary.tsv"

    @property
    def report(self) -> str:
        return f"{self.base}/report.html"

    @property
    def tracking(self) -> str:
        return f"{self.base}/tracking.json"

    def log(self, rule: str, *wildcards: str) -> str:
        return "/".join([self._home(rule), "logs", rule, *wildcards]) + ".log"

    def benchmark(self, rule: str, *wildcards: str) -> str:
        """Seconds and peak memory of a job, as Snakemake measures them."""
        return "/".join([self._home(rule), "benchmarks", rule, *wildcards]) + ".tsv"

    def _home(self, rule: str) -> str:
        return self.shared if rule in SHARED else self.base


def combinations(cohort: dict[str, Any]) -> list[dict[str, Any]]:
    """Every sample x resolution x method of a cohort (``config.Run.cohort_settings``).

    Returns
    -------
    dicts of sample, condition, replicate, resolution, method.
    """
    return [
        {
            "sample": name,
            "condition": sample["condition"],
            "replicate": sample["replicate"],
            "resolution": resolution,
            "method": method,
        }
        for name, sample in cohort["samples"].items()
        for resolution in sample["resolutions"]
        for method in cohort["methods"]
    ]


def compared(runs: Sequence[dict[str, Any]]) -> dict[int, list[str]]:
    """The samples of each resolution that has two or more of them.

    Parameters
    ----------
    runs : as ``combinations`` gives them.
    """
    samples: dict[int, dict[str, None]] = {}
    for run in runs:
        samples.setdefault(run["resolution"], {})[run["sample"]] = None
    return {resolution: list(names) for resolution, names in samples.items() if len(names) > 1}
