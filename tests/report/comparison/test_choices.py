"""Samples side by side: which are compared, by which method, in which region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from counterpoise.errors import ConfigError
from counterpoise.records.fitness import Fitness
from counterpoise.report.comparison.captions import (
    describe_comparison,
    describe_genomes,
)
from counterpoise.report.comparison.compare import compare
from counterpoise.report.comparison.region import (
    Region,
    choose_region,
    count_contacts,
    list_regions,
)
from counterpoise.report.comparison.samples import (
    choose_method,
    group_samples,
    shared_chromosomes,
)
from counterpoise.store.runs import RunKey, compared_samples
from tests.support.compared_samples import (
    CHROMOSOMES,
    NONE_KNOWN,
    SHALLOW,
    make_map,
    make_sample,
    with_run,
    without_weights,
)


def test_resolutions_with_two_samples_are_compared() -> None:
    rows = [("a", 10), ("a", 20), ("b", 20), ("b", 30), ("a", 20), ("c", 20)]
    runs = [RunKey(sample, resolution, "ice") for sample, resolution in rows]
    assert compared_samples(runs) == {20: ["a", "b", "c"]}
    assert compared_samples([]) == {}


def test_samples_are_grouped_by_their_longest_chromosome() -> None:
    more = {"chr2": 30, "chrY": 5, "chr1": 60}
    other = {"chr1": 61, "chr2": 30}
    samples = [
        make_sample("a"),
        make_sample("b", chromosomes=other),
        make_sample("c", chromosomes=more),
    ]
    groups = group_samples(samples)
    assert [[sample.name for sample in group] for group in groups] == [["a", "c"], ["b"]]
    assert shared_chromosomes(groups[0]) == ["chr1", "chr2"]
    words = describe_comparison(compare(groups[0], "ice", NONE_KNOWN), "ice")
    assert "Left out, since not all samples have them with the same length: chrY of c." in words
    [genomes] = describe_genomes(groups)
    assert "a, c: chr1, 600,000 bp; b: chr1, 610,000 bp" in genomes
    assert "Compared with no other sample: b." in genomes
    assert describe_genomes(groups[:1]) == []


def test_assemblies_that_differ_are_named() -> None:
    assemblies = {"a": "hg19", "b": "hg38", "c": "hg38"}
    samples = [make_sample(name, assembly=assembly) for name, assembly in assemblies.items()]
    [words] = describe_genomes([samples])
    assert "different assemblies (hg19: a; hg38: b, c)" in words
    unnamed = [replace(samples[1], assembly=assembly) for assembly in ("", "unknown")]
    assert describe_genomes([[samples[0], *unnamed]]) == []
    other_length = make_sample("d", chromosomes={"chr1": 60, "chr2": 31})
    comparison = compare([samples[0], other_length], "ice", NONE_KNOWN)
    assert comparison.chromosomes == ["chr1"]
    words = describe_comparison(comparison, "ice")
    assert "with the same length: chr2 of a, d." in words


def test_the_primary_method_is_shown_where_it_is_good_and_else_the_next() -> None:
    a, b = make_sample("a", 1), make_sample("b", 2)
    assert choose_method([a, b], "kr") == "kr"
    assert describe_comparison(compare([a, b], "kr", NONE_KNOWN), "kr").startswith(
        "Balanced by kr, the cohort's primary method."
    )
    bad = with_run(b, "kr", fitness=Fitness.NO)
    assert choose_method([a, bad], "kr") == "ice"
    assert (
        "Balanced by ice, since the primary method, kr, has no weights, or weights that are not "
        "for use, for b (not for use)."
    ) in describe_comparison(compare([a, bad], "kr", NONE_KNOWN), "kr")
    other = replace(b, runs={**b.runs, "kr": replace(b.runs["kr"], verdict=b.runs["vc"].verdict)})
    words = describe_comparison(compare([a, other], "kr", NONE_KNOWN), "kr")
    assert "These are different methods, which cannot be compared: kr for a; vc for b." in words
    # A result without weights is not usable, whatever its verdict says.
    nothing = with_run(bad, "ice", weights=np.full(90, np.nan))
    assert choose_method([a, nothing], "kr") == "vc"
    # A sample that no method could balance decides nothing.
    assert choose_method([a, without_weights(b)], "kr") == "kr"
    assert choose_method([without_weights(a), without_weights(b)], "kr") == "kr"


def test_a_failed_sample_does_not_choose_the_method() -> None:
    samples = [make_sample(name, k, ("vc", "kr")) for k, name in enumerate("abc")]
    failed = replace(with_run(samples[2], "kr", fitness=Fitness.NO), shallow=SHALLOW)
    assert choose_method([*samples[:2], failed], "kr") == "vc"
    comparison = compare([*samples[:2], failed], "kr", NONE_KNOWN)
    assert comparison.method == "kr"
    assert set(comparison.reasons) == {"c"}
    assert "Its weights of kr are not for use" in comparison.reasons["c"]


def test_the_region_is_as_fine_as_contacts_allow() -> None:
    sample = make_sample("a", chromosomes={"chr1": 300}, depth=3)
    usable = np.ones(300, bool)
    usable[:40] = False
    regions = list_regions("chr1", usable, 100)
    stretches = [Region("chr1", 40, 100, 1), Region("chr1", 40, 200, 2)]
    assert regions == [*stretches, Region("chr1", 0, 300, 3)]
    counts = count_contacts(sample, sample.open(), regions)
    dense = make_map(0, {"chr1": 300}, 3)[1]
    assert counts[0] == np.triu(dense[40:140, 40:140]).sum()
    assert counts[-1] == np.triu(dense).sum()

    def choose(enough: float) -> Region:
        return choose_region(regions, counts[None], 100, enough)

    assert choose(0.01) == Region("chr1", 40, 100, 1)
    # No stretch has enough; the chromosome reaches it with 80 x 80 cells.
    assert choose(2 * counts[-1] / 80.5**2) == Region("chr1", 0, 300, 4)
    assert choose(1e9) == Region("chr1", 0, 300, 5)
    # The map with the fewest contacts decides.
    both = np.array([counts, counts / 1e6])
    assert choose_region(regions, both, 100, 0.01) == Region("chr1", 0, 300, 5)


def test_the_region_of_the_settings_is_shown_with_as_many_cells_as_contacts_allow() -> None:
    chromosomes = {"chr1": 600, "chr2": 500}
    samples = [make_sample(name, seed, chromosomes=chromosomes) for seed, name in enumerate("ab")]
    comparison = compare(samples, "kr", NONE_KNOWN, "chr2:1,000,000-4,000,000")
    region = comparison.region
    assert (region.chromosome, region.first, region.bins) == ("chr2", 100, 300)
    assert "Maps: chr2:1,000,000-4,000,000" in describe_comparison(comparison, "kr")
    dense = make_map(0, chromosomes)[1][700:1000, 700:1000]
    weights = samples[0].runs["kr"].weights[700:1000]
    balanced = np.nan_to_num(dense * np.outer(weights, weights))
    starts = np.arange(0, 300, region.block)
    cells = np.add.reduceat(np.add.reduceat(balanced, starts, axis=0), starts, axis=1)
    pairs = np.outer(*[np.add.reduceat(np.isfinite(weights), starts, dtype=float)] * 2)
    shown = comparison.pictures[0].values
    expected = cells / pairs
    np.testing.assert_allclose(shown, expected / expected[np.isfinite(expected)].mean())
    short = compare(samples, "kr", NONE_KNOWN, "chr2:2,000,000-2,100,000").region
    assert (short.chromosome, short.bins) == ("chr2", 250)
    with pytest.raises(ConfigError, match=r"qc\.region .* no chromosome chr3"):
        compare(samples, "kr", NONE_KNOWN, "chr3:1-2")


def test_a_region_that_samples_do_not_share_is_refused() -> None:
    a = make_sample("a", 1)
    b = make_sample("b", 2, chromosomes={**CHROMOSOMES, "chr2": 20})
    with pytest.raises(ConfigError, match=r"chr2 has other lengths .* Name a region on chr1,"):
        compare([a, b], "kr", NONE_KNOWN, "chr2:1-100000")
