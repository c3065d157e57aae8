"""Files for MultiQC, which shows the cohort next to other tools' results.

MultiQC reads ``*_mqc.json`` as custom content: one file for its general statistics, and one for
each section. https://docs.seqera.io/multiqc/custom_content describes the format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.files import write_json
from counterpoise.mask import Reason
from counterpoise.records.fitness import Fitness
from counterpoise.report.figures import decay_curve
from counterpoise.report.statuses import MISSING
from counterpoise.report.table import Row
from counterpoise.store.paths import MultiqcFiles, ResultPaths
from counterpoise.store.source_record import read_source

Section = dict[str, Any]


class Statistic(NamedTuple):
    """A column of MultiQC's general statistics.

    Attributes
    ----------
    key : str
        Its key in the file.
    value : callable
        Computes it of the row of a sample and the fitness of its primary method; None if unknown.
    header : dict
        How MultiQC shows it.
    """

    key: str
    value: Callable[[Row, str | None], Any]
    header: dict[str, Any]


PERCENTAGE = {"suffix": "%", "min": 0, "max": 100, "format": "{:,.1f}"}
FITNESS_COLOURS = {
    "pass": [{"s_eq": Fitness.GOOD.value}],
    "warn": [{"s_eq": Fitness.CAUTION.value}],
    "fail": [{"s_eq": Fitness.NO.value}, {"s_eq": MISSING}],
}

STATISTICS = (
    Statistic(
        "contacts",
        lambda row, fitness: row["contacts"],
        {
            "title": "Contacts",
            "description": "Contacts of the finest map",
            "format": "{:,.0f}",
            "scale": "Blues",
        },
    ),
    Statistic(
        "cis",
        lambda row, fitness: _percentage(row["cis_share"], 1),
        {
            "title": "Cis",
            "description": "Share of the contacts that are within chromosomes",
            "scale": "Greens",
            **PERCENTAGE,
        },
    ),
    Statistic(
        "resolution",
        lambda row, fitness: row["usable_resolution"],
        {
            "title": "Usable at",
            "description": "Finest resolution at which 80 % of the bins have 1,000 contacts",
            "suffix": " bp",
            "format": "{:,.0f}",
            "scale": "Purples-rev",
        },
    ),
    Statistic(
        "kept",
        lambda row, fitness: _percentage(row["kept"], row["bins"]),
        {
            "title": "Bins kept",
            "description": "Share of the bins of the finest map that the mask keeps",
            "scale": "Greens",
            **PERCENTAGE,
        },
    ),
    Statistic(
        "unevenness",
        lambda row, fitness: row["expected_unevenness"],
        {
            "title": "Unevenness",
            "description": "Expected unevenness of the weights of the primary method on the finest "
            "map",
            "scale": "Oranges",
            "suffix": "%",
            "min": 0,
            "format": "{:,.2f}",
        },
    ),
    Statistic(
        "fitness",
        lambda row, fitness: fitness,
        {
            "title": "Fitness",
            "description": "Whether weights of the primary method can be used on the finest map",
            "scale": False,
            "cond_formatting_rules": FITNESS_COLOURS,
        },
    ),
)


def write_multiqc(
    files: MultiqcFiles,
    paths: ResultPaths,
    samples: Sequence[Row],
    rows: Sequence[Row],
    primary: str,
) -> None:
    """Write the files for MultiQC.

    Parameters
    ----------
    files : MultiqcFiles
        Where they go.
    paths : ResultPaths
        Locations of the cohort's results.
    samples : sequence of dict
        The rows of ``samples.tsv``.
    rows : sequence of dict
        The rows of ``summary.tsv``.
    primary : str
        The cohort's primary method.
    """
    contents = {
        "general": _general_statistics(samples, rows, primary),
        "decay": _contacts_by_distance(paths, samples),
        "masked": _masked_bins(samples),
        "fitness": _fitness(rows),
    }
    for key, path in files._asdict().items():
        write_json(path, _describe(paths, key, contents[key]))


def _describe(paths: ResultPaths, key: str, content: Section) -> Section:
    """Return the content of a file: the section, and the cohort that it belongs to.

    Identifiers name the cohort and the experiment, so that MultiQC keeps two of them apart.
    """
    place = paths.base.removeprefix(f"{paths.root}/")
    parent = "counterpoise_" + re.sub(r"\W", "_", place)
    name = f"{parent}_{key}"
    section = {"id": name, "parent_id": parent, "parent_name": f"Counterpoise: {paths.title}"}
    section["parent_description"] = "balances Hi-C contact maps and judges the weights."
    if "pconfig" in content:
        content = {**content, "pconfig": {"id": f"{name}_plot", **content["pconfig"]}}
    return {**section, **content}


def _percentage(part: float | None, of: float | None) -> float | None:
    """Return a share in percent; None if it is unknown."""
    return None if part is None or not of else 100 * part / of


def _general_statistics(samples: Sequence[Row], rows: Sequence[Row], primary: str) -> Section:
    """Return the general statistics: one row for each sample with a result."""
    fitness = {
        (row["sample"], row["resolution"]): row["fitness"]
        for row in rows
        if row["method"] == primary
    }
    data = {}
    for row in samples:
        of_primary = fitness.get((row["sample"], row["resolution"]))
        values = {each.key: each.value(row, of_primary) for each in STATISTICS}
        data[row["sample"]] = {key: value for key, value in values.items() if value is not None}
    headers = {
        each.key: {"namespace": "Counterpoise", "placement": place, **each.header}
        for place, each in enumerate(STATISTICS)
    }
    return {"plot_type": "generalstats", "headers": headers, "data": data}


def _contacts_by_distance(paths: ResultPaths, samples: Sequence[Row]) -> Section:
    """Return P(s) of the finest map of each sample."""
    data = {}
    for row in samples:
        if row["resolution"] is None:
            continue
        source = read_source(paths.map_files(row["sample"], row["resolution"]).source)
        by_distance = (source.get("statistics") or {}).get("by_distance")
        if by_distance:
            data[row["sample"]] = _decay(by_distance)
    return {
        "section_name": "Contacts by distance",
        "description": "P(s): the share of the contacts within chromosomes that a pair of base "
        "pairs at the distance s has, on the finest map of each sample, before balancing.",
        "plot_type": "linegraph",
        "pconfig": {
            "title": "Counterpoise: contacts by distance",
            "xlab": "Distance (bp)",
            "ylab": "P(s), per pair of bp",
            "xlog": True,
            "ylog": True,
        },
        "data": data,
    }


def _decay(by_distance: Row) -> list[list[float]]:
    """Return pairs of distance and P(s) at this distance."""
    curve = decay_curve(by_distance)
    return [
        [round(distance), density]
        for distance, density in zip(*(values.tolist() for values in curve), strict=True)
    ]


def _masked_bins(samples: Sequence[Row]) -> Section:
    """Return the bins of the finest map of each sample, kept and masked by reason."""
    names = ["kept", *(f"masked_{each.name.lower()}" for each in Reason if each is not Reason.KEPT)]
    known = [row for row in samples if row["kept"] is not None]
    shown = [name for name in names if any(row[name] for row in known)]
    return {
        "section_name": "Masked bins",
        "description": "Bins of the finest map of each sample: those that the mask keeps, and the "
        "reasons for which the others are masked.",
        "plot_type": "bargraph",
        "pconfig": {"title": "Counterpoise: masked bins", "ylab": "Number of bins"},
        "categories": {name: {"name": name.removeprefix("masked_")} for name in shown},
        "data": {row["sample"]: {name: row[name] for name in shown} for row in known},
    }


def _fitness(rows: Sequence[Row]) -> Section:
    """Return the fitness of each run: a row for each sample, a column for each kind of run."""
    kinds = dict.fromkeys((row["resolution"], row["method"]) for row in rows)
    data: dict[str, dict[str, str]] = {row["sample"]: {} for row in rows}
    for row in rows:
        data[row["sample"]][_run_key(row["resolution"], row["method"])] = row["fitness"] or MISSING
    headers = {
        _run_key(resolution, method): {
            "title": f"{format_base_pairs(resolution)} {method}",
            "description": f"Weights of {method} at {format_base_pairs(resolution)}",
            "placement": place,
            "scale": False,
            "cond_formatting_rules": FITNESS_COLOURS,
        }
        for place, (resolution, method) in enumerate(sorted(kinds, key=lambda kind: kind[0]))
    }
    return {
        "section_name": "Fitness",
        "description": "Whether the weights of each run can be used: good, caution, no, or missing "
        "if there is no result. The reasons are in report.html and summary.tsv.",
        "plot_type": "table",
        "pconfig": {"title": "Counterpoise: fitness"},
        "headers": headers,
        "data": data,
    }


def _run_key(resolution: int, method: str) -> str:
    """Return the key of a column of runs; MultiQC wants a letter first."""
    return f"{method}_{resolution}"
