"""Sections of the report below its first screen, from the results of four samples."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cooler
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import counterpoise as cp
from counterpoise.cohort.compose import load_cohort
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.jobs.report import ReportJob
from counterpoise.mask import MaskSettings, Reason
from counterpoise.methods import methods
from counterpoise.records import citations
from counterpoise.records.citations import Citation
from counterpoise.records.fitness import FitnessSettings
from counterpoise.records.prior import PriorUse
from counterpoise.records.verdict import Verdict
from counterpoise.report import style
from counterpoise.report.concordance import Concordance, write_concordance
from counterpoise.report.costs import list_wildcards, read_costs
from counterpoise.report.multiqc import write_multiqc
from counterpoise.report.page import write_report
from counterpoise.report.page.data import decay_points
from counterpoise.report.page.template import load_template
from counterpoise.report.samples import sample_rows
from counterpoise.report.sections import collect, masks
from counterpoise.report.sections.collect import Sections, read_sections
from counterpoise.report.sections.decay import describe_decay, read_curve
from counterpoise.report.sections.facts import NO_DEFAULT, CohortFacts, Setting
from counterpoise.report.sections.files import Snippet
from counterpoise.report.sections.inputs import describe_levels
from counterpoise.report.sections.masks import FILLS, MEANINGS, MOST_ROWS, MaskedMap
from counterpoise.report.sections.pairs import MOST_CELLS, cluster, describe_pairs
from counterpoise.report.sections.text import LABELS, write_methods_text
from counterpoise.report.summary import read_run_verdict, summary_rows
from counterpoise.report.svg import COLOURS, Scale, line
from counterpoise.report.table import Row
from counterpoise.store.masks import write_mask
from counterpoise.store.mcool import write_mcool
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import RULE_WILDCARDS, ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.runs import RunKey, SampleEntry, list_runs
from counterpoise.store.source_record import read_source
from counterpoise.store.weights import write_balance
from tests.support import REPOSITORY

SIZES = (10_000, 40_000)
GROUPS = {"a": "wild", "b": "wild", "c": "mutant", "it's": "mutant"}
COLUMNS = {"kr": "KR", "ice": "GW_ICE"}
# Rules whose jobs end after the page is written.
UNMEASURED = ("report", "differences", "track")
SVG = "{http://www.w3.org/2000/svg}"
ENTRIES = {name: SampleEntry(list(SIZES), {}, group) for name, group in GROUPS.items()}
FACTS = CohortFacts(
    "kr",
    COLUMNS,
    [
        Setting("cohort", "cohort", "mine", NO_DEFAULT),
        Setting("mask", "min_nnz", "3", "10"),
        Setting("mask", "mad_max", "5.0"),
    ],
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> ResultPaths:
    """Maps, masks, weights, coolers and concordance of four samples in two groups."""
    folder = tmp_path_factory.mktemp("sections")
    paths = ResultPaths("mine", str(folder / "results"))
    bins = cooler.binnify(pd.Series({"chr1": 600_000, "chr2": 400_000}), SIZES[0])
    bin1, bin2 = np.triu_indices(len(bins))
    for seed, name in enumerate(GROUPS):
        counts = np.random.default_rng(seed).poisson(100 / (1 + (bin2 - bin1) / (4 + seed)))
        counts[(bin1 == 7) | (bin2 == 7)] = 0
        pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
        source = str(folder / f"{name}.cool")
        cooler.create_cooler(source, bins, pixels[counts > 0], assembly="yeast1")
        for size in SIZES:
            write_map(inspect_source(source), size, paths.map_files(name, size))
            contacts = read_map(paths.map_files(name, size))
            mask = cp.mask_bins(contacts, MaskSettings(min_nnz=3))
            write_mask(paths.mask(name, size), mask, contacts.bins)
            for method in COLUMNS:
                result = cp.balance(contacts, method, mask=mask)
                write_balance(result, contacts.bins, paths.run_files(name, size, method))
        write_mcool(paths, name, SIZES, COLUMNS, "kr", _made(paths.cooler(name)))
    pairs = [("a", "b", 0.95), ("a", "c", 0.7), ("a", "it's", 0.5), ("b", "c", 0.71),
             ("b", "it's", 0.52), ("c", "it's", 0.9)]  # fmt: skip
    for size in SIZES:
        write_concordance(pairs, GROUPS, _made(paths.concordance(size)))
    return paths


def _made(path: str) -> str:
    """Return a path whose folder exists."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return path


def table_of(paths: ResultPaths) -> tuple[list[RunKey], list[Row], list[Row]]:
    runs = list_runs(ENTRIES, COLUMNS, COLUMNS)
    rows = summary_rows(paths, runs)
    return runs, rows, sample_rows(paths, ENTRIES, rows, "kr")


@pytest.fixture(scope="module")
def sections(results: ResultPaths) -> Sections:
    return read_sections(results, *table_of(results), FACTS)


def svg_of(markup: str) -> ElementTree.Element:
    """Parse a chart, as a program does that opens it as a file, and check what all have."""
    root = ElementTree.fromstring(markup)
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    title, description = (named[each] for each in root.get("aria-labelledby", "").split())
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text
    assert description.text
    assert root.get("role") == "img"
    assert "var(" not in markup.replace(" ", "")
    numbers = " ".join(value for each in root.iter() for key, value in each.items() if key in "dxy")
    assert "nan" not in numbers.lower()
    return root


# --- Contacts by distance ------------------------------------------------------------------------


def test_every_group_has_a_curve_and_its_slope(sections: Sections, results: ResultPaths) -> None:
    decay = sections.decay
    assert decay is not None
    assert (decay.without, decay.undrawn) == (0, 0)
    assert [(group.name, group.samples) for group in decay.groups] == [
        ("wild", ["a", "b"]), ("mutant", ["c", "it's"]),
    ]  # fmt: skip
    slopes = {row["sample"]: row["decay_slope"] for row in table_of(results)[2]}
    for group in decay.groups:
        of_group = [slopes[name] for name in group.samples]
        assert group.slope == pytest.approx(np.mean(of_group))
        assert (group.least, group.most) == (max(of_group), min(of_group))
    paths = svg_of(decay.chart).iter(f"{SVG}path")
    titles = [path.findtext(f"{SVG}title") for path in paths]
    # Each sample is a line, each group one in either panel.
    assert [title for title in titles if title in GROUPS] == list(GROUPS)
    assert sum("slope" in (title or "") for title in titles) == 2


def test_each_sample_is_drawn_at_its_finest_map(results: ResultPaths) -> None:
    samples = table_of(results)[2]
    places = [("a", SIZES[0]), ("b", SIZES[1]), ("b", SIZES[0]), ("c", SIZES[1])]
    decay = describe_decay(results, places, samples)
    assert decay is not None
    assert [(group.name, group.samples) for group in decay.groups] == [
        ("wild", ["a", "b"]), ("mutant", ["c"]),
    ]  # fmt: skip
    assert decay.without == 1


def curve_of_sparkline(results: ResultPaths, size: int) -> Any:
    """Return logarithms of distance and P(s) as the table of samples draws them."""
    points = decay_points(read_source(results.map_files("c", size).source)["statistics"])
    return np.array(points) * np.log(10)


def curve_for_multiqc(results: ResultPaths, size: int) -> Any:
    """Return logarithms of distance and P(s) as MultiQC draws them."""
    row = {**table_of(results)[2][2], "resolution": size}
    assert row["sample"] == "c"
    write_multiqc(results.multiqc, results, [row], [], "kr")
    return np.log(json.loads(Path(results.multiqc.decay).read_text())["data"]["c"]).T


def curve_of_chart(results: ResultPaths, size: int) -> Any:
    """Return logarithms of distance and P(s) as the section draws them."""
    return np.log(read_curve(results, "c", size))


@pytest.mark.parametrize("curve_of", [curve_of_sparkline, curve_for_multiqc, curve_of_chart])
def test_contacts_by_distance_do_not_depend_on_the_size_of_bins(
    results: ResultPaths, curve_of: Any
) -> None:
    fine, coarse = (curve_of(results, size) for size in SIZES)
    densities = np.interp(coarse[0, 2:-2], *fine)
    assert len(densities) > 3
    np.testing.assert_allclose(densities, coarse[1, 2:-2], atol=0.1)
    np.testing.assert_allclose(fine, curve_of_chart(results, SIZES[0]), atol=0.02)


def test_replicates_of_large_groups_are_a_band(results: ResultPaths) -> None:
    _runs, _rows, samples = table_of(results)
    maps = [(name, SIZES[0]) for name in GROUPS]
    many = [{**samples[0], "sample": f"s{i}", "sample_group": "all", "stands_out": ""}
            for i in range(9)]  # fmt: skip
    many[4]["stands_out"] = "It does."
    for row in many:  # nine samples of one file each
        for name in ("source", "pixels", "bins"):
            target = Path(getattr(results.map_files(row["sample"], SIZES[0]), name))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(getattr(results.map_files("a", SIZES[0]), name)).read_bytes())
    decay = describe_decay(results, [(row["sample"], SIZES[0]) for row in many], many)
    assert decay is not None
    titles = [each.text for each in svg_of(decay.chart).iter(f"{SVG}title")]
    assert "all: 80 % of 9 samples" in titles
    assert [title for title in titles if re.fullmatch(r"s\d", title or "")] == ["s4"]
    assert describe_decay(results, maps, []) is None  # no samples, no curves


def test_a_merged_sample_is_a_line_and_does_not_count(results: ResultPaths) -> None:
    samples = [{**row, "sample_group": "all"} for row in table_of(results)[2]]
    maps = [(name, SIZES[0]) for name in GROUPS]
    plain, decay = (
        describe_decay(results, maps, samples, members)
        for members in ({}, {"c": ["a", "b"], "it's": ["elsewhere"]})
    )
    assert plain is not None
    assert decay is not None
    (before,), (group,) = plain.groups, decay.groups
    assert (before.samples, before.merged) == (list(GROUPS), [])
    assert (group.samples, group.merged) == (["a", "b", "it's"], ["c"])
    slopes = {row["sample"]: row["decay_slope"] for row in samples}
    assert group.slope == sorted(slopes[name] for name in group.samples)[1]
    assert group.slope != before.slope
    width = {
        path.findtext(f"{SVG}title"): path.get("stroke-width")
        for path in svg_of(decay.chart).iter(f"{SVG}path")
    }
    assert width["c"] == width["a"] == "1"
    alone = [{**samples[2], "sample_group": "pools"}, *samples[:2]]
    found = describe_decay(results, maps, alone, {"c": ["a", "b"]})
    assert found is not None
    assert [each.samples for each in found.groups] == [["c"], ["a", "b"]]


def test_samples_without_a_group_are_drawn_one_by_one(results: ResultPaths) -> None:
    samples = [{**row, "sample_group": None} for row in table_of(results)[2]]
    decay = describe_decay(results, [(name, SIZES[0]) for name in GROUPS], samples)
    assert decay is not None
    assert [group.name for group in decay.groups] == list(GROUPS)


def test_curves_are_placed_on_logarithmic_axes() -> None:
    scale = Scale(1e3, 1e6, 0, 300, logarithmic=True)
    assert scale.place(np.array([1e3, 1e4, 1e6])).tolist() == pytest.approx([0, 100, 300])
    assert scale.ticks == [1e3, 1e4, 1e5, 1e6]
    assert Scale(-2.0, 0.5, 100, 0).ticks == [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5]
    gap = line(np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 1, np.nan, 3, 4]))
    assert re.findall(r'd="([^"]*)"', gap) == ["M0 0L1 1M3 3L4 4"]


def test_the_palette_is_that_of_the_figures() -> None:
    figures = {style.BLUE, style.ORANGE, style.GREEN, style.RED, style.SKY, style.PINK}
    assert set(COLOURS) == figures


# --- Concordance ---------------------------------------------------------------------------------


def test_pairs_are_clustered_and_named(sections: Sections) -> None:
    pairs = sections.pairs
    assert pairs is not None
    assert pairs.resolution == SIZES[0]
    assert {tuple(sorted(pairs.samples[:2])), tuple(sorted(pairs.samples[2:]))} == {
        ("a", "b"), ("c", "it's"),
    }  # fmt: skip
    assert pairs.least == ("a", "it's", 0.5)
    titles = [each.text for each in svg_of(pairs.chart).iter(f"{SVG}title")]
    assert "a, it's: 0.500" in titles
    assert "it's, a: 0.500" in titles
    assert {"wild", "mutant"} <= set(titles)


def test_many_samples_are_an_image_from_which_numbers_can_be_read() -> None:
    count = 500
    names = [f"sample_{number}" for number in range(count)]
    values = np.random.default_rng(0).uniform(0.61, 0.99, (count, count))
    coefficients = {
        (names[i], names[j]): float(values[min(i, j), max(i, j)])
        for i in range(count)
        for j in range(count)
        if i != j
    }
    concordance = Concordance(10_000, coefficients)
    pairs = describe_pairs(concordance, dict.fromkeys(names, ""))
    assert pairs is not None
    assert len(pairs.chart) < 350_000
    (image,) = svg_of(pairs.chart).iter(f"{SVG}image")
    assert image.get("data-samples", "").split("\t") == pairs.samples
    encoded = image.get("href", "").removeprefix("data:image/png;base64,")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))
    colours = [tuple(bytes.fromhex(each[1:])) for each in image.get("data-colours", "").split()]
    low = float(image.get("data-low", "nan"))
    for row, column in ((0, 1), (17, 400), (499, 3)):
        level = colours.index(tuple(picture[row, column]))
        number = low + (1 - low) * level / (len(colours) - 1)
        exact = coefficients[pairs.samples[row], pairs.samples[column]]
        assert number == pytest.approx(exact, abs=0.005)


def test_an_unknown_pair_is_no_obstacle() -> None:
    names = "abcde"
    values = {
        (one, other): 0.9 if abs(ord(one) - ord(other)) < 2 else 0.3
        for one in names
        for other in names
        if one != other and {one, other} != {"a", "e"}
    }
    concordance = Concordance(10_000, values)
    assert sorted(cluster(concordance)) == list(names)
    pairs = describe_pairs(concordance, dict.fromkeys(names, ""))
    assert pairs is not None
    assert "a, e: unknown" in pairs.chart
    assert len(names) <= MOST_CELLS
    assert describe_pairs(None, {}) is None
    same = describe_pairs(Concordance(1, {("a", "b"): 1.0, ("b", "a"): 1.0}), {"a": "", "b": ""})
    assert same is not None
    assert "a, b: 1.000" in same.chart


def test_a_failed_sample_does_not_take_the_colours_of_the_others() -> None:
    names = "abcdef"
    values = {
        (one, other): 0.1 if "f" in (one, other) else 0.85 + 0.02 * abs(ord(one) - ord(other))
        for one in names
        for other in names
        if one != other
    }
    pairs = describe_pairs(Concordance(10_000, values), dict.fromkeys(names, ""))
    assert pairs is not None
    texts = [each.text for each in svg_of(pairs.chart).iter(f"{SVG}text")]
    assert "\u2264 0.8" in texts
    fills = {
        each.findtext(f"{SVG}title"): each.get("fill")
        for each in svg_of(pairs.chart).iter(f"{SVG}rect")
    }
    assert fills["a, f: 0.100"] != fills["a, b: 0.870"] != fills["a, e: 0.930"]


def test_samples_that_are_no_longer_in_the_cohort_are_not_drawn() -> None:
    values = {(one, other): 0.9 for one in "abcd" for other in "abcd" if one != other}
    values[("a", "c")] = values[("c", "a")] = 0.1
    pairs = describe_pairs(Concordance(10_000, values), dict.fromkeys("abd", ""))
    assert pairs is not None
    assert sorted(pairs.samples) == ["a", "b", "d"]
    assert pairs.least[2] == 0.9
    assert describe_pairs(Concordance(10_000, values), {"a": ""}) is None


def test_merged_samples_do_not_decide_which_samples_the_colours_leave_out() -> None:
    """One of four samples fails, and agrees with sums that it is part of."""
    names = "abcdwxyz"
    values = {
        (one, other): 0.3 if "d" in (one, other) and set("abc") & {one, other} else 0.9
        for one in names
        for other in names
        if one != other
    }
    least = []
    for members in ({}, dict.fromkeys("wxyz", "cd")):
        pairs = describe_pairs(Concordance(10_000, values), dict.fromkeys(names, ""), members)
        assert pairs is not None
        texts = [each.text or "" for each in svg_of(pairs.chart).iter(f"{SVG}text")]
        least.append(texts[texts.index("concordance") + 1])
    assert least == ["0.3", "\u2264 0.9"]


# --- Masks, inputs, settings ---------------------------------------------------------------------


def test_masked_bins_are_counted_by_reason_at_the_finest_map(sections: Sections) -> None:
    section = sections.masks
    assert [(mask.sample, mask.resolution) for mask in section.rows] == [
        (name, SIZES[0]) for name in GROUPS
    ]
    for mask in section.rows:
        assert mask.masked["empty"] == 1
        assert sum(mask.masked.values()) == mask.lost
        assert mask.thresholds.startswith("mad ")
    assert len(section.coarser) == len(GROUPS)
    assert section.largest == max(mask.lost / mask.bins for mask in section.rows)
    assert section.costs == []


@pytest.mark.parametrize("number", [MOST_ROWS, MOST_ROWS + 1])
def test_of_many_coarser_maps_those_that_lose_most_are_shown(
    results: ResultPaths, sections: Sections, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def read(_paths: ResultPaths, sample: str, resolution: int) -> MaskedMap:
        return MaskedMap(sample, resolution, 1000, 1000 - resolution, {"mad": resolution}, "", "")

    monkeypatch.setattr(masks, "read_masked_map", read)
    found, every = masks.describe_masks(results, [("a", size) for size in range(1, number + 2)])
    assert len(every) == number + 1
    assert [mask.resolution for mask in found.rows] == [1]
    assert found.coarser_maps == number
    assert len(found.coarser) == MOST_ROWS
    is_cut = number > MOST_ROWS
    assert (2 in [mask.resolution for mask in found.coarser]) != is_cut, "it loses least"
    template = load_template("sections/masks.html")
    page = template.render(sections=replace(sections, masks=found))
    assert f"<summary>The {number} coarser maps</summary>" in page
    assert ("These are the 100 that lose most; summary.tsv has all." in page) == is_cut


def test_every_reason_has_a_colour_and_a_meaning() -> None:
    names = {reason.name.lower() for reason in Reason if reason is not Reason.KEPT}
    assert set(FILLS) == set(MEANINGS) == names
    assert len(set(FILLS.values())) == len(names)


def test_levels_in_words() -> None:
    assert describe_levels({10_000: None}) == "10 kb as stored"
    summed = describe_levels({10_000: None, 20_000: None, 40_000: 20_000})
    assert summed == "10 kb, 20 kb as stored; 40 kb summed from 20 kb"


def test_inputs_have_their_checksums(sections: Sections, results: ResultPaths) -> None:
    assert [each.sample for each in sections.inputs] == list(GROUPS)
    for each in sections.inputs:
        assert re.fullmatch(r"[0-9a-f]{64}", each.sha256)
        assert each.levels == "10 kb as stored; 40 kb summed from 10 kb"
        assert Path(each.uri).is_file()


def test_settings_that_are_not_the_defaults_are_found(tmp_path: Path) -> None:
    cohort = load_cohort(
        REPOSITORY / "conf",
        ["cohort=demo", "mask.min_nnz=7", "qc.dpi=150", "methods.kde.bandwidth=20000",
         "fitness.error_no=0.4", "primary=kr", "tracking.enabled=false"],
    )  # fmt: skip
    job = ReportJob.of(cohort)
    assert ReportJob.from_params(job.to_params()) == job
    changed = {(each.section, each.name): (each.value, each.default)
               for each in job.settings if each.default is not None}  # fmt: skip
    assert changed == {
        ("cohort", "cohort"): ("demo", NO_DEFAULT),
        ("cohort", "resolutions"): ("10 kb, 20 kb", NO_DEFAULT),
        ("cohort", "primary"): ("kr", "ice"),
        ("mask", "min_nnz"): ("7", "10"),
        ("qc", "dpi"): ("150", "110"),
        ("methods.kde", "bandwidth"): ("20000.0", "auto"),
        ("fitness", "error_no"): ("0.4", "0.3"),
    }
    sections = dict.fromkeys(each.section for each in job.settings)
    assert list(sections) == [
        "cohort", "chromosomes", "thin", "ingest", "mask", "fitness", "qc",
        *(f"methods.{name}" for name in cohort.methods),
    ]  # fmt: skip


# --- The text on methods -------------------------------------------------------------------------


def test_the_text_has_the_numbers_of_the_cohort(sections: Sections) -> None:
    assert sections.text is not None
    maps, kr, ice, ends = sections.text.paragraphs
    assert maps.startswith(
        f"Contact maps of 4 samples (yeast1), read from .cool (Abdennur & Mirny 2020) files, were "
        f"balanced with Counterpoise {cp.__version__} in bins of 10 kb and 40 kb."
    )
    assert "had no contacts, had contacts with fewer than 3 bins or had contacts more than" in maps
    kept = [mask.kept / mask.bins for mask in sections.masks.rows]
    assert f"{100 * float(np.median(kept)):.3g} %" in maps
    assert kr.startswith(
        "Maps were balanced by the algorithm of Knight and Ruiz (KR) (Knight & Ruiz 2013; Rao et "
        "al. 2014), on each chromosome separately, with all diagonals, to a tolerance of 1e-8. It "
        "converged on all 8 maps. Unless stated otherwise, weights are those of kr."
    )
    assert "at most 15 % and at least 80 % of the bins with contacts have one" in kr
    assert "not for use above 30 % or below 50 %." in kr
    assert "over the whole genome, without the first 2 diagonals, to a tolerance of 1e-5" in ice
    assert "coefficient of their balanced maps at 10 kb (Yang et al. 2017)" in ends
    assert f"numpy {np.__version__}" in ends
    cited = re.findall(r"[\w-]+(?: et al\.| & \w+)? (?:19|20)\d\d(?=[;)])", str(sections.text))
    named = {each.split()[0] for each in cited}
    assert named == {each.split()[0] for each in sections.text.references}


def test_settings_that_no_words_state_are_in_the_text(results: ResultPaths) -> None:
    runs, rows, _samples = table_of(results)
    verdict = read_run_verdict(results, runs[0])
    changed = replace(
        verdict,
        settings={**verdict.settings, "target": "total", "ignore_diags": 1},
        mask={**verdict.mask, "settings": {**verdict.mask["settings"], "shared": 0.8}},
    )
    text = str(write_methods_text(rows, {"kr": changed}, [], [], FitnessSettings()))
    assert "without the main diagonal" in text
    assert "(target total)" in text
    assert "A bin was used where 80 % or more of the samples of its group kept it." in text


def test_regions_that_are_balanced_separately_are_named(
    results: ResultPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(paths: ResultPaths, run: RunKey) -> Verdict:
        verdict = read_run_verdict(paths, run)
        settings = {**verdict.mask["settings"], "regions": "r.bed", "separate_regions": True}
        return replace(verdict, mask={**verdict.mask, "settings": settings})

    table = table_of(results)
    warning = "Contacts between regions have no meaning in the balanced map"
    for by_region in (False, True):
        if by_region:
            monkeypatch.setattr(collect, "read_run_verdict", read)
        found = read_sections(results, *table, FACTS)
        assert found.files is not None
        balanced = found.files.columns[1].balanced
        assert balanced == ("each region" if by_region else "each chromosome")
        assert ("on each region separately" in str(found.text)) == by_region
        assert ("chromosome separately" in str(found.text)) != by_region
        page = load_template("sections/files.html").render(sections=found)
        assert (warning in page) == by_region


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (("b", "c"), "; the bias of other maps is the prior of each."),
        (("deep.cool",), "; the bias of deep.cool is the prior."),
        (("d/deep.mcool::/resolutions/10000",), "; the bias of d/deep.mcool is the prior."),
        (("x.scool::/cells/a weight",), "; the bias of x.scool::/cells/a weight is the prior."),
    ],
)
def test_the_text_says_whose_bias_is_the_prior(
    results: ResultPaths, sources: tuple[str, ...], said: str
) -> None:
    runs, rows, _samples = table_of(results)
    use = PriorUse(sources, 90, 1.0, 0.1, 5, ())
    verdict = replace(read_run_verdict(results, runs[0]), prior=use)
    assert said in str(write_methods_text(rows, {"kr": verdict}, [], [], FitnessSettings()))


def test_methods_and_the_citation_file_name_the_same_publications() -> None:
    cited = {each.doi for method in methods().values() for each in method.cites}
    file = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert set(re.findall(r"^    doi: (\S+)$", file, re.M)) == cited
    for name, method in methods().items():
        assert bool(method.cites) != bool(method.candidates), name
        assert (name in LABELS) == bool(method.cites)
    known = [each for each in vars(citations).values() if isinstance(each, Citation)]
    for each in known:
        year = each.short[-4:]
        assert f"({year})." in each.reference
        assert each.reference.startswith(each.short.split()[0])


# --- Files ---------------------------------------------------------------------------------------


def test_columns_of_the_coolers_are_described(sections: Sections, results: ResultPaths) -> None:
    assert sections.files is not None
    assert [tuple(column)[:4] for column in sections.files.columns] == [
        ("weight", "kr", "each chromosome", "multiplicative"),
        ("KR", "kr", "each chromosome", "divisive"),
        ("GW_ICE", "ice", "the whole genome", "multiplicative"),
    ]
    for file in sections.files.files:
        assert not file.missing
        for size in file.resolutions:
            bins = cooler.Cooler(f"{file.path}::resolutions/{size}").bins()
            for column in sections.files.columns:
                assert {column.name, column.errors} <= set(bins.columns)


def test_every_program_has_code(sections: Sections) -> None:
    assert sections.files is not None
    programs = [snippet.program for snippet in sections.files.snippets]
    for program in (
        "cooler, Python",
        "cooler, command line",
        "cooltools",
        "hictk, Python",
        "HiGlass",
    ):
        assert program in programs


def snippet_of(sections: Sections, program: str) -> Snippet:
    assert sections.files is not None
    return next(each for each in sections.files.snippets if each.program == program)


def run_python(snippet: Snippet) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(snippet.code, snippet.program, "exec"), names)
    return names


def test_code_for_cooler_gives_balanced_maps(sections: Sections) -> None:
    names = run_python(snippet_of(sections, "cooler, Python"))
    sums = np.nansum(names["matrix"], axis=0)
    np.testing.assert_allclose(sums[sums > 0], np.median(sums[sums > 0]), rtol=1e-6)
    assert sections.files is not None
    column = next(each for each in sections.files.columns if each.method == "ice")
    expected = names["clr"].matrix(balance=column.name).fetch(names["region"])
    np.testing.assert_array_equal(names["other"], expected)


def test_code_for_hictk_gives_the_matrix_of_cooler(sections: Sections) -> None:
    ours = run_python(snippet_of(sections, "hictk, Python"))["matrix"]
    theirs = run_python(snippet_of(sections, "cooler, Python"))["other"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_code_for_cooltools_gives_expected_contacts(sections: Sections) -> None:
    pytest.importorskip("cooltools")
    names = run_python(snippet_of(sections, "cooltools"))
    assert "balanced.avg" in names["expected"].columns


def test_commands_of_cooler_list_levels_and_balanced_pixels(sections: Sections) -> None:
    # The first bins are masked, so all pixels are asked for.
    code = snippet_of(sections, "cooler, command line").code.removesuffix(" | head")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    output = subprocess.run(
        ["bash", "-euc", code], capture_output=True, text=True, check=True, env={"PATH": path}
    ).stdout.splitlines()
    assert sum("::/resolutions/" in each for each in output) == len(SIZES)
    head = output[len(SIZES)].split("\t")
    assert head[-1] == "balanced"
    balanced = [each.split("\t")[-1] for each in output[len(SIZES) + 1 :]]
    assert any(each and float(each) > 0 for each in balanced)


def test_names_with_quotes_are_quoted(results: ResultPaths) -> None:
    runs, rows, samples = table_of(results)
    missing = Unfinished([results.cooler(name) for name in "abc"])
    sections = read_sections(results, runs, rows, samples, FACTS, missing)
    assert sections.files is not None
    assert [file.missing for file in sections.files.files] == [True, True, True, False]
    test_code_for_cooler_gives_balanced_maps(sections)
    test_commands_of_cooler_list_levels_and_balanced_pixels(sections)


# --- Time and memory -----------------------------------------------------------------------------


def test_every_rule_with_a_measurement_is_in_the_table(results: ResultPaths) -> None:
    runs = list_runs({"a": SampleEntry([10_000])}, ["kr"], ["kr"])
    wildcards = list_wildcards(runs, ["all"], ["member"])
    rules = set()
    for file in (REPOSITORY / "workflow" / "rules").glob("*.smk"):
        rules |= set(re.findall(r'PATHS\.benchmark\("(\w+)"\)', file.read_text(encoding="utf-8")))
    assert rules == set(wildcards) | set(UNMEASURED)
    for rule, jobs in wildcards.items():
        for values in jobs:
            assert len(values) == len(RULE_WILDCARDS[rule]), rule
            path = Path(_made(results.benchmark(rule, *values)))
            path.write_text("s\tmax_rss\n1.5\t20\n", encoding="utf-8")
    costs = read_costs(results, runs, ["all"], ["member"])
    assert {cost.rule for cost in costs} == set(wildcards)
    assert {cost.rule: cost.jobs for cost in costs}["inspect"] == 2


# --- The page ------------------------------------------------------------------------------------


def test_the_page_shows_all_sections(results: ResultPaths) -> None:
    runs, rows, samples = table_of(results)
    benchmark = Path(_made(results.benchmark("export", "a")))
    benchmark.write_text("s\tmax_rss\n1.5\t20\n", encoding="utf-8")
    write_report(results, runs, rows, results.report, samples=samples, facts=FACTS, most_figures=0)
    page = Path(results.report).read_text(encoding="utf-8")
    for name in ("decay", "concordance", "masks", "settings", "text", "files", "inputs", "costs"):
        assert page.count(f'id="{name}-section"') == 1, name
    assert "min_nnz <b>3</b> (default 10)" in page
    assert "Knight &amp; Ruiz 2013" in page
    assert 'data-name="masked_bins"' in page
    assert 'data-name="inputs"' in page
    assert "it&#39;s" in page
    assert not re.search(r'(?:src|href)="https?://', page)


def test_sections_of_500_samples_stay_small(results: ResultPaths) -> None:
    """All samples have the files of one; the page lists the first, the tables have all."""
    names = [f"sample_{number:03}" for number in range(500)]

    class Same(ResultPaths):
        """Paths of one sample for all."""

        def map_files(self, sample: Any = "a", resolution: Any = 0) -> Any:
            return ResultPaths.map_files(self, "a", resolution)

        def mask(self, sample: Any = "a", resolution: Any = 0) -> str:
            return ResultPaths.mask(self, "a", resolution)

        def run_files(self, sample: Any = "a", resolution: Any = 0, method: Any = "") -> Any:
            return ResultPaths.run_files(self, "a", resolution, method)

        def concordance(self, resolution: Any = 0) -> str:
            return f"{self.base}/compare/500/{resolution}.tsv"

    paths = Same("mine", results.root)
    _, rows, samples = table_of(results)
    entries = {name: SampleEntry([SIZES[0]], {}, f"group {i % 12}") for i, name in enumerate(names)}
    values = np.random.default_rng(0).uniform(0.6, 1.0, (500, 500))
    pairs = [
        (one, other, float(values[i, j]))
        for i, one in enumerate(names)
        for j, other in enumerate(names)
        if i < j
    ]
    write_concordance(pairs, dict.fromkeys(names, ""), _made(paths.concordance(SIZES[0])))
    runs = list_runs(entries, COLUMNS, COLUMNS)
    many = [{**rows[0], "sample": run.sample, "method": run.method} for run in runs]
    about = [{**samples[0], "sample": name, "sample_group": entry.group}
             for name, entry in entries.items()]  # fmt: skip
    sections = read_sections(paths, runs, many, about, FACTS)
    assert len(sections.masks.rows) == MOST_ROWS
    assert sections.masks.samples == 500
    assert sections.files is not None
    assert len(sections.files.files) == 100
    templates = load_template().environment
    names = ("decay", "concordance", "masks", "settings", "text", "files", "inputs", "costs")
    sizes = {
        name: len(templates.get_template(f"sections/{name}.html").render(sections=sections))
        for name in names
    }
    assert sum(sizes.values()) < 500_000, sizes
    assert sum(sizes.values()) - sizes["concordance"] < 250_000, sizes
