"""Gather what the sections show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterpoise.mask import separates_regions
from counterpoise.records.fitness import FitnessSettings
from counterpoise.report.concordance import choose_concordance
from counterpoise.report.costs import Cost, read_costs
from counterpoise.report.sections.decay import DecaySection, describe_decay
from counterpoise.report.sections.facts import CohortFacts
from counterpoise.report.sections.files import FilesSection, describe_files
from counterpoise.report.sections.inputs import Input, list_inputs
from counterpoise.report.sections.masks import MaskSection, describe_masks
from counterpoise.report.sections.pairs import PairsSection, describe_pairs
from counterpoise.report.sections.settings import SettingsGroup, group_settings
from counterpoise.report.sections.text import MethodsText, write_methods_text
from counterpoise.report.statuses import MISSING
from counterpoise.report.summary import read_run_verdict
from counterpoise.report.table import Row
from counterpoise.store.missing import NOTHING_UNFINISHED, Unfinished
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from counterpoise.store.source_record import read_source


@dataclass(frozen=True)
class Sections:
    """What the sections below the runs show; None or empty for a section that is left out.

    Attributes
    ----------
    decay : DecaySection or None
        Contacts by distance.
    pairs : PairsSection or None
        Concordance of samples.
    masks : MaskSection
        Masked bins.
    inputs : list of Input
        Sources.
    settings : list of SettingsGroup
        Settings.
    text : MethodsText or None
        The paragraph on methods.
    files : FilesSection or None
        The coolers.
    costs : list of Cost
        Time and memory.
    """

    decay: DecaySection | None
    pairs: PairsSection | None
    masks: MaskSection
    inputs: list[Input]
    settings: list[SettingsGroup]
    text: MethodsText | None
    files: FilesSection | None
    costs: list[Cost]


def read_sections(
    paths: ResultPaths,
    runs: Sequence[RunKey],
    rows: Sequence[Row],
    samples: Sequence[Row],
    facts: CohortFacts,
    unfinished: Unfinished = NOTHING_UNFINISHED,
    limits: FitnessSettings | None = None,
) -> Sections:
    """Gather what the sections show from the results of a cohort.

    Parameters
    ----------
    paths : ResultPaths
        Locations of the cohort's results.
    runs : sequence of RunKey
        The runs.
    rows : sequence of dict
        Their rows of the summary.
    samples : sequence of dict
        The rows of ``samples.tsv``.
    facts : CohortFacts
        What the configuration says.
    unfinished : Unfinished, optional
        What a failed workflow left unmade.
    limits : FitnessSettings, optional
        The limits of fitness.

    Returns
    -------
    Sections
    """
    complete = [run for run, row in zip(runs, rows, strict=True) if row["status"] != MISSING]
    possible = [run for run in runs if run.absent is None]
    maps = list(dict.fromkeys((run.sample, run.resolution) for run in complete))
    sizes: dict[str, list[int]] = {}
    for run in possible:
        levels = sizes.setdefault(run.sample, [])
        if run.resolution not in levels:
            levels.append(run.resolution)
    concordance = choose_concordance(
        paths, sorted({size for levels in sizes.values() for size in levels}), unfinished
    )
    masks, all_masks = describe_masks(paths, maps)
    first = {run.method: run for run in reversed(complete)}
    verdicts = {name: read_run_verdict(paths, run) for name, run in reversed(first.items())}
    sources = [read_source(paths.map_files(*place).source) for place in dict(maps).items()]
    members = {run.sample: run.members for run in runs}
    pairs = describe_pairs(concordance, {run.sample: run.group for run in runs})
    return Sections(
        decay=describe_decay(paths, maps, samples, members),
        pairs=pairs,
        masks=masks,
        inputs=list_inputs(paths, maps),
        settings=group_settings(facts.settings),
        text=write_methods_text(
            rows, verdicts, all_masks, sources, limits or FitnessSettings(),
            primary=facts.primary, concordance=pairs.resolution if pairs else None,
        ),
        files=describe_files(
            paths, sizes, facts.columns, facts.primary, unfinished.output_set,
            by_region=any(separates_regions(verdict.mask) for verdict in verdicts.values()),
        ),
        costs=read_costs(paths, possible, facts.groups, facts.members),
    )  # fmt: skip
