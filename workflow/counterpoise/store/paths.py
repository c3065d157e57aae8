"""Paths of the files under ``results/``: the only module that spells them.

Arguments default to Snakemake wildcards, so that a rule and the code that reads its output call the
same function. ``docs/reference/outputs.md`` describes what is in each file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SAMPLE, RESOLUTION, METHOD, GROUP = "{sample}", "{resolution}", "{method}", "{group}"

BASE = "base"  # the experiment of a cohort without an overlay
EXPERIMENTS = "experiments"  # folder of all experiments on a cohort

# Rules whose results all experiments of a cohort share.
SHARED_RULES = ("inspect", "ingest", "merge", "find_least", "thin")

# Wildcards in the paths of each rule's log and benchmark; the other rules have none.
RULE_WILDCARDS = {
    "inspect": (SAMPLE,),
    "ingest": (SAMPLE, RESOLUTION),
    "merge": (SAMPLE, RESOLUTION),
    "find_least": (GROUP,),
    "thin": (SAMPLE, RESOLUTION),
    "mask": (SAMPLE, RESOLUTION),
    "shared_mask": (GROUP, RESOLUTION),
    "final_mask": (SAMPLE, RESOLUTION),
    "balance_alone": (SAMPLE, RESOLUTION, METHOD),
    "pool": (GROUP, RESOLUTION, METHOD),
    "file_prior": (RESOLUTION, METHOD),
    "balance": (SAMPLE, RESOLUTION, METHOD),
    "plot": (SAMPLE, RESOLUTION),
    "compare": (RESOLUTION,),
    "export": (SAMPLE,),
}


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


class GroupMaskFiles(NamedTuple):
    """The two files of a mask that a group of samples shares.

    Attributes
    ----------
    mask : str
        Parquet file of the number of samples that keep each bin.
    costs : str
        TSV file with one row per sample: the bins that it costs the group.
    """

    mask: str
    costs: str

    @classmethod
    def of(cls, stem: str) -> GroupMaskFiles:
        """Name the files, given their path without the suffix."""
        return cls(f"{stem}.parquet", f"{stem}.tsv")


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


class MultiqcFiles(NamedTuple):
    """The files of a cohort for MultiQC: one for its general statistics, one for each section.

    Attributes
    ----------
    general : str
        Statistics of the samples.
    decay : str
        Contacts by distance.
    masked : str
        Masked bins by reason.
    fitness : str
        Fitness of the runs.
    """

    general: str
    decay: str
    masked: str
    fitness: str


@dataclass(frozen=True)
class ResultPaths:
    """Paths of a cohort, or of an experiment on it (``conf/experiment/``).

    An experiment has a folder of its own in the cohort's folder. It shares what was read from the
    inputs with the cohort.

    Attributes
    ----------
    cohort : str
        Name of the cohort.
    root : str
        Folder of all cohorts' results.
    experiment : str
        Name of the experiment.
    thinned : bool
        Whether maps are thinned after they are read.
    """

    cohort: str
    root: str = "results"
    experiment: str = BASE
    thinned: bool = False

    @classmethod
    def of_folder(cls, folder: str | Path) -> ResultPaths:
        """Return the paths of the results in a folder: the inverse of ``base``.

        Parameters
        ----------
        folder : str or Path
            ``results/demo``, or ``results/demo/experiments/strict_mask``.
        """
        place = Path(folder).absolute()
        is_experiment = place.parent.name == EXPERIMENTS and not (place / "inputs").is_dir()
        home = place.parents[1] if is_experiment else place
        return cls(home.name, str(home.parent), place.name if is_experiment else BASE)

    @property
    def shared(self) -> str:
        """Return the folder of the cohort."""
        return f"{self.root}/{self.cohort}"

    @property
    def base(self) -> str:
        """Return the folder of the experiment; that of the cohort if there is none."""
        overlay = "" if self.experiment == BASE else f"/{EXPERIMENTS}/{self.experiment}"
        return self.shared + overlay

    @property
    def title(self) -> str:
        """Return the name of the cohort and, if there is one, of the experiment."""
        return self.cohort if self.experiment == BASE else f"{self.cohort} \u00b7 {self.experiment}"

    def input_record(self, sample: str = SAMPLE) -> str:
        """Return the path of what the rule ``inspect`` says about a sample's file."""
        return f"{self.shared}/inputs/{sample}.json"

    def input_state(self, sample: str = SAMPLE) -> str:
        """Return the path of the state of a sample's file when the rule ``inspect`` read it."""
        return f"{self.shared}/inputs/states/{sample}.json"

    def map_files(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> MapFiles:
        """Return the paths of a map's pixels, bins and source record."""
        return MapFiles.in_folder(f"{self.shared}/triples/{sample}/{resolution}")

    def whole_map_files(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> MapFiles:
        """Return the paths of a map before it is thinned; without thinning, those of the map."""
        if not self.thinned:
            return self.map_files(sample, resolution)
        return MapFiles.in_folder(f"{self.shared}/whole/{sample}/{resolution}")

    def least(self, group: str = GROUP) -> str:
        """Return the path of what is known of the sample with the fewest contacts of a group."""
        return f"{self.shared}/least/{group}.json"

    def mask(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> str:
        """Return the path of a map's mask."""
        return f"{self.base}/masks/{sample}/{resolution}.parquet"

    def own_mask(self, sample: str = SAMPLE, resolution: int | str = RESOLUTION) -> str:
        """Return the path of a map's own mask if the map has a shared one."""
        return f"{self.base}/own_masks/{sample}/{resolution}.parquet"

    def shared_mask(self, group: str = GROUP, resolution: int | str = RESOLUTION) -> GroupMaskFiles:
        """Return the paths of the mask of a group of samples and of what each sample costs."""
        return GroupMaskFiles.of(f"{self.base}/shared_masks/{group}/{resolution}")

    def run_files(
        self, sample: str = SAMPLE, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> RunFiles:
        """Return the paths of a run's weights, trace and verdict."""
        return RunFiles.in_folder(f"{self.base}/weights/{sample}/{resolution}/{method}")

    def alone_files(
        self, sample: str = SAMPLE, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> RunFiles:
        """Return the paths of a run without a prior, whose weights are a sample's in pools."""
        return RunFiles.in_folder(f"{self.base}/priors/{method}/samples/{sample}/{resolution}")

    def pool(
        self, group: str = GROUP, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> str:
        """Return the path of the summed bias of the samples of a group."""
        return f"{self.base}/priors/{method}/groups/{group}/{resolution}.parquet"

    def file_prior(self, resolution: int | str = RESOLUTION, method: str = METHOD) -> str:
        """Return the path of the bias by a file that is a prior."""
        return f"{self.base}/priors/{method}/file/{resolution}.parquet"

    def cooler(self, sample: str = SAMPLE) -> str:
        """Return the path of a sample's balanced cooler."""
        return f"{self.base}/coolers/{sample}.mcool"

    def plot(
        self, sample: str = SAMPLE, resolution: int | str = RESOLUTION, method: str = METHOD
    ) -> str:
        """Return the path of a run's figure."""
        return f"{self.base}/qc/{sample}/{resolution}/{method}.png"

    def comparison(self, resolution: int | str = RESOLUTION) -> str:
        """Return the path of the figure of samples side by side at a resolution."""
        return f"{self.base}/compare/{resolution}.png"

    def concordance(self, resolution: int | str = RESOLUTION) -> str:
        """Return the path of the table of how well the samples of a resolution agree."""
        return f"{self.base}/compare/{resolution}.tsv"

    @property
    def summary(self) -> str:
        """Return the path of the table of all runs."""
        return f"{self.base}/summary.tsv"

    @property
    def samples(self) -> str:
        """Return the path of the table of all samples."""
        return f"{self.base}/samples.tsv"

    @property
    def report(self) -> str:
        """Return the path of the HTML report."""
        return f"{self.base}/report.html"

    @property
    def multiqc(self) -> MultiqcFiles:
        """Return the paths of the files for MultiQC."""
        folder = f"{self.base}/multiqc"
        return MultiqcFiles(*(f"{folder}/{name}_mqc.json" for name in MultiqcFiles._fields))

    @property
    def differences(self) -> str:
        """Return the path of the page of differences between an experiment and its cohort."""
        return f"{self.base}/differences.html"

    @property
    def difference_table(self) -> str:
        """Return the path of the table of these differences."""
        return f"{self.base}/differences.tsv"

    @property
    def tracking(self) -> str:
        """Return the path of the record of what was logged to MLflow."""
        return f"{self.base}/tracking.json"

    def log(self, rule: str, *wildcards: str) -> str:
        """Return the path of the log of a rule's job.

        Parameters
        ----------
        rule : str
            Name of the rule.
        *wildcards : str
            Values of the rule's wildcards; by default the wildcards themselves.

        Returns
        -------
        str
            The path.
        """
        return f"{self._rule_file('logs', rule, wildcards)}.log"

    def benchmark(self, rule: str, *wildcards: str) -> str:
        """Return the path of the time and memory that Snakemake measures for a rule's job.

        Parameters
        ----------
        rule : str
            Name of the rule.
        *wildcards : str
            Values of the rule's wildcards; by default the wildcards themselves.

        Returns
        -------
        str
            The path.
        """
        return f"{self._rule_file('benchmarks', rule, wildcards)}.tsv"

    def _rule_file(self, folder: str, rule: str, wildcards: tuple[str, ...]) -> str:
        """Return the path of a file of a rule's job, without its suffix."""
        home = self.shared if rule in SHARED_RULES else self.base
        return "/".join([home, folder, rule, *(wildcards or RULE_WILDCARDS.get(rule, ()))])
