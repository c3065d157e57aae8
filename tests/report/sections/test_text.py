"""The text on methods."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.methods import methods
from counterpoise.records import citations
from counterpoise.records.citations import Citation
from counterpoise.records.fitness import FitnessSettings
from counterpoise.records.prior import PriorUse
from counterpoise.records.verdict import Verdict
from counterpoise.report.page.template import load_template
from counterpoise.report.sections import collect
from counterpoise.report.sections.collect import Sections, read_sections
from counterpoise.report.sections.text import LABELS, write_methods_text
from counterpoise.report.summary import read_run_verdict
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import RunKey
from tests.support import REPOSITORY
from tests.support.report_sections import (
    FACTS,
    table_of,
)


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
        assert not (method.cites and method.candidates), name
        assert (name in LABELS) == bool(method.cites)
    known = [each for each in vars(citations).values() if isinstance(each, Citation)]
    for each in known:
        year = each.short[-4:]
        assert f"({year})." in each.reference
        assert each.reference.startswith(each.short.split()[0])
