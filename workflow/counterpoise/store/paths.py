"""Where every result lies under ``results/``: the only place that spells these paths.

Arguments default to Snakemake wildcards, so a rule and the code that reads its output
ask the same function. ``docs/outputs.md`` describes what is in each file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

SAMPLE, RESOLUTION, METHOD = "{sample}", "{resolution}", "{method}"

BASE = "base"  # the experiment of a cohort by itself, with no overlay
SHARED = ("inspect", "ingest")  # rules whose results all experiments of a cohort share


class MapFiles(NamedTuple):
    """The three files of a map at one resolution.

    Attributes
    ----------
    pixels : str
        Parquet file of bin1_id, bin2_id and count.
    bins : str
        Parquet file of the bin table.
    source : str
        JSON record of where the map came from.
    """

    pixels: str
    bins: str
    source: str

    @classmethod
    def in_folder(cls, folder: str | Path) -> MapFiles:
        """Name the files of a map that has a folder of its own."""
        return cls(f"{folder}/pixels.parquet", f"{folder}/bins.parquet", f"{folder}/source.json")


class RunFiles(NamedTuple):
    """The three files of a balancing run.

    Attributes
    ----------
    weights : str
        Parquet file of weights and their standard errors, one row a bin.
    trace : str
        Parquet file with one row per iteration.
    verdict : str
        JSON file of how well the run went.
    """

    weights: str
    trace: str
    verdict: str

    @classmethod
    def in_folder(cls, folder: str | Path) -> RunFiles:
        """Name the files of a run that has a folder of its own."""
        return cls(f"{folder}/weights.parquet", f"{folder}/trace.parquet", f"{folder}/verdict.json")


@dataclass(frozen=True)
class ResultPaths:
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

    def map_files(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> MapFiles:
        """Return the paths of a map's pixels, bins and source record."""
        return MapFiles.in_folder(f"{self.shared}/triples/{sample}/{resolution}")

    def mask(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> str:
        return f"{self.base}/masks/{sample}/{resolution}.parquet"

    def run_files(
        self, sample: str = SAMPLE, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> RunFiles:
        """Return the paths of a run's weights, trace and verdict."""
        return RunFiles.in_folder(f"{self.base}/weights/{sample}/{resolution}/{method}")

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
