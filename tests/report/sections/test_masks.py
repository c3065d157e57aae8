"""The section of masked bins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterpoise.mask import Reason
from counterpoise.report.page.template import load_template
from counterpoise.report.sections import masks
from counterpoise.report.sections.collect import Sections
from counterpoise.report.sections.masks import FILLS, MEANINGS, MOST_ROWS, MaskedMap
from counterpoise.store.paths import ResultPaths
from tests.support.report_sections import (
    GROUPS,
    SIZES,
)


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
