"""Notes on a map as a whole: captured regions are noticed, and ordinary maps are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.balancing.api import balance
from counterpoise.balancing.notes import find_concentration
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.mask import sum_contacts
from counterpoise.records.facts import Concentrated, LargerBins, Remedies
from counterpoise.store.masks import read_beyond_regions, write_mask
from tests.support.thinning import simulate, sum_bins, thin

ORDINARY = (
    "4dn_test.multires.cool::/resolutions/100000", "CN.mm9.1000kb.cool", "kr_full.cool",
    "Scc1-control.10000.cool", "chromosight_example.cool", "gm12878_chr2_8-48Mb_40kb.cool",
    "hesc_dixon_chr1_40kb.cool", "hg19.GM12878-MboI.matrix.2000kb.cool", "hicstuff_mat.cool",
    "mm9_reduced_chr1.cool", "scer_w303_g1_2kb_SRR8769554.cool", "yeast.10kb.cool",
)  # fmt: skip

DEEP = simulate(800)


def capture(on_target: float) -> Contacts:
    """Simulate a region of 20 bins of 1,000 that is captured, and a few contacts elsewhere."""
    rng = np.random.default_rng(2)
    table = BinTable.fixed(("chr1",), (10_000_000,), 10_000)
    bin1, bin2 = np.triu_indices(len(table))
    inside = (bin1 >= 400) & (bin2 < 420)
    rate = 3 / (1 + bin2 - bin1) + np.where(inside, on_target / (1 + bin2 - bin1), 0)
    counts = rng.poisson(rate)
    pixels = (bin1.astype(np.int32), bin2.astype(np.int32), counts)
    return Contacts.from_chunks(table, [pixels], {})


def slow_concentration(marginal: list[float]) -> tuple[int, float]:
    """Sort all bins, and sum the first twentieth of those with contacts."""
    ordered = sorted((each for each in marginal if each > 0), reverse=True)
    few = -(-len(ordered) // 20)
    return few, sum(ordered[:few]) / sum(ordered)


def test_captured_regions_are_noticed() -> None:
    contacts = capture(5000)
    result = cp.balance(contacts, "ice", mask=None)
    (note,) = result.verdict.notes
    assert isinstance(note, Concentrated)
    matrix = contacts.full_matrix().toarray()
    used = np.triu(matrix, 2) + np.tril(matrix, -2)
    few, share = slow_concentration(used.sum(axis=0).tolist())
    assert (note.few, note.of) == (few, np.count_nonzero(sum_contacts(contacts)))
    assert note.contacts == pytest.approx(share)
    assert result.reason.startswith(f"{few} of {note.of:,} bins with contacts have ")
    assert "mask.regions" in result.reason
    assert cp.Verdict.from_dict(result.verdict.to_dict()).notes == (note,)


def test_other_advice_gives_way_to_the_note() -> None:
    """Larger bins would only hide that the row sums are not to be equal."""
    sparse = thin(capture(5000), 20)
    result = cp.balance(sparse, "kr", mask={"min_nnz": 0, "mad_max": 0})
    assert result.status is cp.Status.FAILED
    assert [type(note) for note in result.verdict.notes] == [Concentrated]
    assert "times as large" not in result.reason


def with_pixel(contacts: Contacts, bin1: int, bin2: int, times: float = 2) -> Contacts:
    """Return a map with a pixel that has so many times the contacts of all others."""
    upper = np.triu(contacts.full_matrix().toarray()).astype(int)
    upper[bin1, bin2] += int(times * contacts.counts.sum())
    rows, columns = np.nonzero(upper)
    pixels = (rows.astype(np.int32), columns.astype(np.int32), upper[rows, columns])
    return Contacts.from_chunks(contacts.bins, [pixels], {})


@pytest.mark.parametrize("pixels", [1, 2, 3])
@pytest.mark.parametrize("times", [1, 2])
def test_a_few_pixels_are_no_captured_region(pixels: int, times: int) -> None:
    """They do not withhold the advice on a sparse map."""
    contacts = sum_bins(thin(DEEP, 20), times)
    for bin1, bin2 in ((77, 90), (30, 350), (120, 150))[:pixels]:
        contacts = with_pixel(contacts, bin1, bin2)
    assert slow_concentration(sum_contacts(contacts).tolist())[1] > 0.6
    assert find_concentration(sum_contacts(contacts)) is None
    result = cp.balance(contacts, "ice", mask=None, scope="genome")
    assert "as in capture Hi-C" not in result.reason


def test_a_region_of_a_few_bins_is_noticed() -> None:
    marginal = np.ones(1000)
    marginal[500:510] = 1000
    assert find_concentration(marginal) is not None
    marginal[500:506] = 1
    assert find_concentration(marginal) is None


@pytest.mark.parametrize("pixel", [(77, 77), (77, 90), (30, 700)])
@pytest.mark.parametrize("method", ["ice", "kr"])
def test_a_single_pixel_is_no_captured_region(method: str, pixel: tuple[int, int]) -> None:
    """It does not withhold the advice on a sparse map."""
    sparse = thin(DEEP, 20)
    assert find_concentration(sum_contacts(with_pixel(sparse, *pixel))) is None
    settings = {"mask": None, "scope": "genome"}
    plain = cp.balance(sparse, method, **settings)
    result = cp.balance(with_pixel(sparse, *pixel), method, **settings)
    assert "as in capture Hi-C" not in result.reason
    assert "times as large" in plain.reason
    if pixel == (77, 77) and method == "ice":  # the pixel is not used
        assert "times as large" in result.reason


def test_masked_bins_and_ignored_diagonals_are_no_captured_region() -> None:
    """They have most of the contacts, and the method uses none of these."""
    contacts = capture(5000)
    kept = sum_contacts(contacts) > 0
    kept[400:420] = False
    assert find_concentration(sum_contacts(contacts)) is not None
    result = cp.balance(contacts, "ice", mask=kept)
    assert not any(isinstance(note, Concentrated) for note in result.verdict.notes)
    diagonal = thin(DEEP, 60)
    for bin1 in range(100, 120):
        diagonal = with_pixel(diagonal, bin1, bin1, 0.1)
    assert find_concentration(sum_contacts(diagonal)) is not None
    result = cp.balance(diagonal, "ice", mask=None)
    assert not any(isinstance(note, Concentrated) for note in result.verdict.notes)


def test_bins_beyond_the_regions_need_no_weights(tmp_path: Path) -> None:
    """Fitness and the size of bins follow from the regions alone, whoever gives the mask."""
    bed = tmp_path / "captured.bed"
    bed.write_text("chr1\t4000000\t4200000\n")
    for contacts, fitness in ((capture(5000), "good"), (thin(capture(5000), 1), "caution")):
        for separate in (False, True):
            mask = {"regions": str(bed), "separate_regions": separate, "min_nnz": 0, "mad_max": 0}
            result = cp.balance(contacts, "kr", mask=mask)
            verdict = result.verdict
            assert result.status.balanced
            assert verdict.with_contacts == verdict.weighted == 20
            assert result.fitness == fitness, result.fitness_reason
            assert not any(isinstance(note, LargerBins) for note in verdict.notes)
            outcome = cp.mask_bins(contacts, mask)
            assert cp.balance(contacts, "kr", mask=outcome).verdict.with_contacts == 20
            write_mask(tmp_path / "mask.parquet", outcome, contacts.bins)
            given = balance(
                contacts,
                "kr",
                mask=outcome.kept,
                mask_record=outcome.summary(),
                regions=outcome.regions,
                beyond_regions=read_beyond_regions(tmp_path / "mask.parquet"),
            )
            assert given.verdict.with_contacts == 20
            assert given.fitness == fitness
    write_mask(tmp_path / "mask.parquet", cp.mask_bins(contacts), contacts.bins)
    assert read_beyond_regions(tmp_path / "mask.parquet") is None


def test_larger_bins_suit_the_regions(tmp_path: Path) -> None:
    """The contacts of other bins, and with other bins, do not count."""
    bed = tmp_path / "half.bed"
    bed.write_text("chr1\t0\t4000000\n")
    for scope in ("cis", "genome"):
        sparse = thin(DEEP, 20)
        settings = {"mask": {"regions": str(bed), "min_nnz": 0, "mad_max": 0}, "scope": scope}
        result = cp.balance(sparse, "kr", **settings)
        facts = [*result.verdict.notes, *(f for p in result.verdict.parts for f in p.facts)]
        (size,) = [
            each.larger if isinstance(each, Remedies) else each
            for each in facts
            if isinstance(each, LargerBins | Remedies)
        ]
        assert isinstance(size, LargerBins)
        fit = {
            times: cp.balance(sum_bins(sparse, times), "kr", **settings).fitness
            for times in (size.times, size.times // 2)
        }
        assert fit[size.times] == "good"
        assert fit[size.times // 2] != "good"


def test_named_regions_are_not_noticed(tmp_path: Path) -> None:
    bed = tmp_path / "captured.bed"
    bed.write_text("chr1\t4000000\t4200000\n")
    assert cp.balance(capture(5000), "ice", mask={"regions": str(bed)}).verdict.notes == ()


@pytest.mark.parametrize("per_bin", [0.3, 1, 3, 10, 100])
def test_sparse_maps_are_ordinary(per_bin: float) -> None:
    assert find_concentration(sum_contacts(thin(DEEP, per_bin))) is None


def test_maps_of_few_bins_are_ordinary() -> None:
    marginal = np.ones(99)
    marginal[:5] = 1000
    assert find_concentration(marginal) is None
    assert find_concentration(np.append(marginal, 1)) is not None
    assert find_concentration(np.zeros(500)) is None


def test_real_maps(shared_data: Path) -> None:
    for file in ORDINARY:
        contacts = cp.read_contacts(f"{shared_data}/{file}").load()
        assert find_concentration(sum_contacts(contacts)) is None, file
        assert slow_concentration(sum_contacts(contacts).tolist())[1] < 0.2
    captured = cp.read_contacts(f"{shared_data}/FL-E13-5_chr1.cool").load()
    for times in (1, 2, 5, 10, 50, 100, 250):
        marginal = sum_contacts(sum_bins(captured, times))
        assert find_concentration(marginal) is not None, times
        assert slow_concentration(marginal.tolist())[1] > 0.6
