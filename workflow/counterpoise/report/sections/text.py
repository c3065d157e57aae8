"""A paragraph on methods for a paper, with the numbers of this cohort and its references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from counterpoise._version import __version__
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.contacts.selection import Scope
from counterpoise.mask import separates_regions
from counterpoise.mask.quorum import Sharing
from counterpoise.methods import methods
from counterpoise.records.citations import COOLER, HICREP, HICTK, SNAKEMAKE, Citation
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.prior import PriorUse
from counterpoise.records.verdict import Status, Verdict
from counterpoise.records.wording import join_phrases, limit_percent, list_names
from counterpoise.report.formats import format_percent, format_status
from counterpoise.report.sections.masks import MaskedMap
from counterpoise.report.statuses import MISSING
from counterpoise.report.table import Row
from counterpoise.store.source_record import UNNAMED_ASSEMBLIES

SCOPES = {
    Scope.CIS: "on each chromosome separately",
    Scope.GENOME: "over the whole genome",
    Scope.TRANS: "by the contacts between chromosomes",
}
BY_REGION = "on each region separately"
LABELS = {
    "ice": "iterative correction (ICE)",
    "kr": "the algorithm of Knight and Ruiz (KR)",
    "scale": "SCALE",
    "ssk": "the symmetric Sinkhorn-Knopp iteration (SSK)",
    "ssk_cv": "the symmetric Sinkhorn-Knopp iteration on coarser bins (SSK_CV)",
    "vc": "vanilla coverage (VC)",
    "vc_sqrt": "the square root of vanilla coverage (VC_SQRT)",
    "kde": "kernel density balancing (KDE)",
    "kde_eb": "kernel density balancing with an empirical Bayes correction of each bin (KDE_EB)",
}
LEVEL = re.compile(r"::/?resolutions/\d+")  # of the file of a prior
# Settings that sentences state in words.
STATED = ("scope", "ignore_diags", "ignore_diags_trans", "tolerance", "cooler_variance", "seed")


@dataclass(frozen=True)
class MethodsText:
    """The text.

    Attributes
    ----------
    paragraphs : list of str
        The text: maps and masks, then one paragraph for each method, then what was measured.
    references : list of str
        What it cites, by author.
    """

    paragraphs: list[str]
    references: list[str]

    def __str__(self) -> str:
        """Return the whole text, with a line for each reference."""
        return "\n\n".join([*self.paragraphs, "\n".join(["References", *self.references])])


def write_methods_text(
    rows: Sequence[Row],
    verdicts: Mapping[str, Verdict],
    masks: Sequence[MaskedMap],
    sources: Sequence[Mapping[str, Any]],
    limits: FitnessSettings,
    *,
    primary: str = "",
    concordance: int | None = None,
) -> MethodsText | None:
    """Write the paragraph on methods.

    Parameters
    ----------
    rows : sequence of dict
        The summary: a row for each run.
    verdicts : mapping of str to Verdict
        The verdict of one run of each method by its name in the configuration.
    masks : sequence of MaskedMap
        The masks.
    sources : sequence of mapping
        A record of the source of each sample.
    limits : FitnessSettings
        The limits of fitness.
    primary : str
        The primary method; empty if unknown.
    concordance : int or None
        Resolution at which samples are compared, in base pairs; None if they are not.

    Returns
    -------
    MethodsText or None
        None without a run that has a result.
    """
    complete = [row for row in rows if row["status"] != MISSING]
    if not complete:
        return None
    cited: dict[Citation, None] = {}

    def cite(*citations: Citation) -> str:
        cited.update(dict.fromkeys(citations))
        return "; ".join(each.short for each in citations)

    first = primary if primary in verdicts else next(iter(verdicts))
    others = [name for name in verdicts if name != first]
    maps = [
        _describe_maps(complete, sources, cite),
        *_describe_mask(verdicts[first].mask, masks, cite),
    ]
    used = [_describe_method(first, complete, verdicts[first], cite)]
    if others:
        used.append(f"Unless stated otherwise, weights are those of {first}.")
    used.append(_describe_fitness(complete, first, limits))
    ends = [_describe_software(verdicts.values(), cite)]
    if concordance is not None:
        ends.insert(
            0,
            "The similarity of samples is the stratum-adjusted correlation coefficient of their "
            f"balanced maps at {format_base_pairs(concordance)} ({cite(HICREP)}).",
        )
    paragraphs = [
        " ".join(maps),
        " ".join(used),
        *(_describe_method(name, complete, verdicts[name], cite) for name in others),
        " ".join(ends),
    ]
    return MethodsText(paragraphs, [str(each) for each in sorted(cited)])


def _describe_maps(rows: Sequence[Row], sources: Sequence[Mapping[str, Any]], cite: Any) -> str:
    """Say which maps were balanced."""
    samples = len({row["sample"] for row in rows})
    sizes = sorted({row["resolution"] for row in rows})
    stated = {source.get("assembly") or "" for source in sources}
    assemblies = sorted(stated - UNNAMED_ASSEMBLIES)
    formats = sorted({row["format"] for row in rows if row["format"]})
    files = [
        f".{each} ({cite(HICTK if each == 'hic' else COOLER)})"
        for each in formats
        if each in ("hic", "cool", "mcool", "scool")
    ]
    of = f" ({', '.join(assemblies)})" if assemblies else ""
    read = f", read from {join_phrases(files)} files," if files else ""
    text = (
        f"Contact maps of {_count(samples, 'sample')}{of}{read} were balanced with Counterpoise "
        f"{__version__} in bins of {join_phrases([format_base_pairs(size) for size in sizes])}."
    )
    if any(row["coarsened_from"] for row in rows):
        text += " Maps of bin sizes that a file does not hold were summed from finer ones."
    if "merge" in formats:
        text += " Maps of some samples were summed to one."
    if thinned := next((s["thinned"] for s in sources if s.get("thinned")), None):
        given = [
            f"{key} {value}" for key, value in thinned["settings"].items() if value is not None
        ]
        text += f" Contacts were drawn at random from those of deeper maps ({', '.join(given)})."
    return text


def _describe_mask(mask: Mapping[str, Any], masks: Sequence[MaskedMap], cite: Any) -> list[str]:
    """Say which bins were masked, in words, and how many are kept."""
    if "settings" not in mask:
        return []
    settings = mask["settings"]
    tests = ["had no contacts", *_list_tests(settings)]
    text = f"Bins were masked before balancing if they {join_phrases(tests, word='or')}"
    if settings["min_nnz"] or settings["mad_max"]:
        text += f", as in cooler ({cite(COOLER)})"
    if settings["ignore_diags"] and len(tests) > 1:
        text += f"; {_diagonals(settings['ignore_diags'])} did not count"
    shared = settings.get("shared", Sharing.NONE)
    sentences = [text + "."]
    if shared != Sharing.NONE:
        sentences.append(_describe_sharing(shared, settings.get("shared_within", "group")))
    return [*sentences, _count_kept(masks)]


def _describe_sharing(shared: float | str, extent: str) -> str:
    """Say which bins samples share."""
    words = {Sharing.UNION: "any", Sharing.INTERSECTION: "every one"}
    who = words[Sharing(shared)] if shared in words else f"{limit_percent(float(shared))} or more"
    return f"A bin was used where {who} of the samples of its {extent} kept it."


def _list_tests(settings: Mapping[str, Any]) -> list[str]:
    """Return what the filters mask, in words that follow *if they*."""
    tests = []
    if value := settings["min_nnz"]:
        tests.append(f"had contacts with fewer than {value:,} bins")
    if value := settings["min_count"]:
        tests.append(f"had fewer than {value:,} contacts")
    if value := settings["mad_max"]:
        tests.append(
            f"had contacts more than {value:g} median absolute deviations below the median "
            "(logarithms, relative to the median of the chromosome)"
        )
    if value := settings.get("max_count"):
        tests.append(f"had more than {value:,} contacts")
    if value := settings.get("mad_max_above"):
        tests.append(f"had contacts more than {value:g} such deviations above it")
    if settings.get("blacklist"):
        tests.append("overlapped the blacklist")
    if settings.get("regions"):
        tests.append("were outside of the chosen regions")
    return tests


def _count_kept(masks: Sequence[MaskedMap]) -> str:
    """Say how many bins the masks keep at each resolution."""
    shares: dict[int, list[float]] = {}
    for mask in masks:
        if mask.bins:
            shares.setdefault(mask.resolution, []).append(mask.kept / mask.bins)
    parts = []
    for size, values in sorted(shares.items()):
        spread = ""
        if len(values) > 1 and min(values) < max(values):
            spread = f" ({format_percent(min(values))} to {format_percent(max(values))})"
        parts.append(f"{format_percent(median(values))}{spread} at {format_base_pairs(size)}")
    share = "The median share of bins kept" if len(masks) > 1 else "The share of bins kept"
    return f"{share} is {join_phrases(parts)}."


def _describe_method(name: str, rows: Sequence[Row], verdict: Verdict, cite: Any) -> str:
    """Say how a method was run, and on how many maps it succeeded."""
    own = [row for row in rows if row["method"] == name]
    if verdict.choice is not None:
        used = Counter(row["algorithm"] for row in own)
        by = join_phrases([f"{_label(each, cite)} for {number}" for each, number in used.items()])
        return f"Under the name {name} the method was chosen for each map: {by}."
    settings = verdict.settings
    part = BY_REGION if separates_regions(verdict.mask) else SCOPES[Scope(verdict.scope)]
    text = f"Maps were balanced by {_label(verdict.method, cite)}"
    text += "" if name == verdict.method else f" under the name {name}"
    text += f", {part}, {_describe_diagonals(settings)}"
    tolerance = settings.get("tolerance")
    if tolerance == "cooler":
        text += f", until the variance of row sums is below {_spell(settings['cooler_variance'])}"
    elif tolerance is not None:
        text += f", to a tolerance of {_spell(tolerance)}"
    if further := _list_further(verdict):
        text += f" ({', '.join(further)})"
    if verdict.weights_of:
        text += f"; all samples have the weights of {verdict.weights_of}"
    if verdict.prior is not None:
        text += _describe_prior(verdict.prior, {row["sample"] for row in rows})
    if verdict.copy_number is not None:
        text += "; row sums are proportional to copy numbers"
    return f"{text}. {_count_outcomes(own)}"


def _describe_prior(use: PriorUse, samples: Set[str]) -> str:
    """Say whose bias is the prior: that of other samples, or that of a file."""
    if set(use.sources) <= samples:
        return "; the bias of other maps is the prior of each"
    files = dict.fromkeys(LEVEL.sub("", source) for source in use.sources)
    return f"; the bias of {list_names(list(files))} is the prior"


def _describe_diagonals(settings: Mapping[str, Any]) -> str:
    """Say which diagonals a method ignores."""
    number = settings.get("ignore_diags", 0)
    if not number:
        return "with all diagonals"
    within = "" if settings.get("ignore_diags_trans", True) else " within chromosomes"
    return f"without {_diagonals(number)}{within}"


def _diagonals(number: int) -> str:
    """Name the diagonals that are ignored."""
    return "the main diagonal" if number == 1 else f"the first {number} diagonals"


def _list_further(verdict: Verdict) -> list[str]:
    """Return the settings of a run that are not the defaults and that no words state."""
    defaults = asdict(methods()[verdict.method].settings())
    return [
        f"{key} {value}"
        for key, value in verdict.settings.items()
        if key not in STATED and key in defaults and value != defaults[key]
    ]


def _label(algorithm: str, cite: Any) -> str:
    """Name a method, with its publications."""
    method, name = methods()[algorithm], LABELS.get(algorithm, algorithm)
    name += f" as in {method.version}" if method.version else ""
    return f"{name} ({cite(*method.cites)})" if method.cites else name


def _count_outcomes(rows: Sequence[Row]) -> str:
    """Say how a method ended on its maps."""
    counts = Counter(row["status"] for row in rows)
    total = _count(len(rows), "map")
    words = {
        Status.CONVERGED.value: "It converged on",
        Status.COMPUTED.value: "It was computed for",
    }
    if len(counts) == 1 and (status := next(iter(counts))) in words:
        return f"{words[status]} {'all ' if len(rows) > 1 else ''}{total}."
    each = [f"{number} {format_status(status)}" for status, number in counts.items()]
    return f"Of {total}: {join_phrases(each)}."


def _describe_fitness(rows: Sequence[Row], method: str, limits: FitnessSettings) -> str:
    """Say when weights are fit for use, and on how many maps they are."""
    counts = Counter(row["fitness"] for row in rows if row["method"] == method)
    labels = (
        (Fitness.GOOD, "fit for use"),
        (Fitness.CAUTION, "for use with caution"),
        (Fitness.NO, "not for use"),
    )
    outcomes = [f"{label} on {counts[each.value]}" for each, label in labels if counts[each.value]]
    found = f" Those of {method} are {join_phrases(outcomes)}." if outcomes else ""
    return (
        "Weights count as fit for use if their median relative standard error is at most "
        f"{limit_percent(limits.error_caution)} and at least {limit_percent(limits.bins_caution)} "
        "of the bins with contacts have one, among other criteria, and as not for use above "
        f"{limit_percent(limits.error_no)} or below {limit_percent(limits.bins_no)}.{found}"
    )


def _describe_software(verdicts: Iterable[Verdict], cite: Any) -> str:
    """Name the versions of the software."""
    versions: dict[str, set[str]] = {}
    for verdict in verdicts:
        for name, version in verdict.versions.items():
            versions.setdefault(name, set()).add(version)
    parts = [
        f"{name.replace('python', 'Python')} {' and '.join(sorted(found))}"
        for name, found in sorted(versions.items())
        # Some name the program that an algorithm follows.
        if name != "counterpoise" and name not in methods()
    ]
    used = f" with {join_phrases(parts)}" if parts else ""
    return f"Counterpoise ran as a Snakemake workflow ({cite(SNAKEMAKE)}){used}."


def _spell(number: float) -> str:
    """Spell a number as people write it: ``1e-5``."""
    return f"{number:g}".replace("e-0", "e-")


def _count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
