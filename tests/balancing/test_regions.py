"""Regions that are balanced separately, compared with each region's matrix balanced alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise.contacts.bins import BinTable
from counterpoise.errors import ConfigError
from counterpoise.mask import MaskSettings
from counterpoise.methods import methods
from counterpoise.records.wording import fitness_reason
from counterpoise.store.masks import read_mask, read_own_mask, write_mask

BINS = BinTable.fixed(("chr1", "chr2"), (80_000, 60_000), 1000)
# In bins: 5 to 35 (two intervals with a bin in common), 35 to 70 (next to it), chr2 90 to 130.
INTERVALS = "chr1\t5000\t20500\nchr1\t20000\t35000\nchr1\t35000\t70000\nchr2\t10000\t50000\n"
REGIONS = [(5, 35), (35, 70), (90, 130)]
LABELS = ["chr1:5,000-35,000", "chr1:35,000-70,000", "chr2:10,000-50,000"]


def draw_counts() -> np.ndarray:
    n = len(BINS)
    rng = np.random.default_rng(5)
    bias = np.exp(rng.normal(0, 0.3, n))
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    counts = np.triu(rng.poisson(400 * np.outer(bias, bias) / (distance + 3)))
    counts = counts + np.triu(counts, 1).T
    counts[40] = counts[:, 40] = 0
    return counts


@pytest.fixture
def bed(tmp_path: Path) -> Path:
    path = tmp_path / "targets.bed"
    path.write_text(INTERVALS)
    return path


def contacts_of(counts: np.ndarray) -> cp.Contacts:
    row, column = np.triu(counts).nonzero()
    chunk = row.astype(np.int32), column.astype(np.int32), counts[row, column]
    return cp.Contacts.from_chunks(BINS, [chunk], {})


def cut(counts: np.ndarray, lo: int, hi: int) -> cp.Contacts:
    """Return the map of one region, as if it were a chromosome."""
    bins = BinTable.fixed(("region",), ((hi - lo) * 1000,), 1000)
    row, column = np.triu(counts[lo:hi, lo:hi]).nonzero()
    chunk = row.astype(np.int32), column.astype(np.int32), counts[lo:hi, lo:hi][row, column]
    return cp.Contacts.from_chunks(bins, [chunk], {})


@pytest.mark.parametrize("method", sorted(set(methods()) - {"auto"}))
def test_weights_are_those_of_each_region_alone(method: str, bed: Path) -> None:
    counts = draw_counts()
    options = {"scope": "cis"}
    if "target" in methods()[method].settings.__dataclass_fields__:
        options["target"] = "unit"
    mask = cp.mask_bins(contacts_of(counts), {"regions": str(bed), "separate_regions": True})
    result = cp.balance(contacts_of(counts), method, mask=mask, **options)
    assert [part.label for part in result.verdict.parts] == LABELS
    assert result.status.balanced
    inside = np.zeros(len(BINS), dtype=bool)
    for lo, hi in REGIONS:
        alone = cp.balance(cut(counts, lo, hi), method, mask=mask.kept[lo:hi], **options)
        np.testing.assert_allclose(result.weights[lo:hi], alone.weights, rtol=1e-10)
        np.testing.assert_allclose(result.se[lo:hi], alone.se, rtol=1e-8)
        inside[lo:hi] = True
    assert np.isnan(result.weights[~inside]).all()
    together = cp.balance(contacts_of(counts), method, mask=mask.kept, **options)
    assert len(together.verdict.parts) == 2
    assert not np.allclose(together.weights[5:70], result.weights[5:70], equal_nan=True)


@pytest.mark.parametrize("target", ["mean", "total"])
def test_targets_are_those_of_parts(target: str, bed: Path) -> None:
    counts = draw_counts()
    mask = {"regions": str(bed), "separate_regions": True}
    result = cp.balance(contacts_of(counts), "kr", mask=mask, target=target)
    balanced = counts * np.outer(result.weights, result.weights)
    sums = [np.nansum(balanced[lo:hi, lo:hi], axis=1) for lo, hi in REGIONS]
    assert all(np.ptp(each[each > 0]) < 1e-4 * each.max() for each in sums)


def test_reasons_speak_of_regions(bed: Path) -> None:
    counts = draw_counts()
    counts[6:35, 6:35] = 0  # bins of the first region have contacts with its first one alone
    mask = {"regions": str(bed), "separate_regions": True, "min_nnz": 0, "mad_max": 0}
    result = cp.balance(contacts_of(counts), "kr", mask=mask)
    assert result.verdict.reason.startswith("1 of 3 regions is not balanced: 30 of 105 bins")
    words = f"The weights of 1 of 3 regions ({LABELS[0]}) are not for use"
    assert fitness_reason(result.verdict.fitness_causes).startswith(words)
    assert "chromosome" not in result.reason


def test_stored_masks_keep_their_regions(tmp_path: Path, bed: Path) -> None:
    contacts = contacts_of(draw_counts())
    mask = cp.mask_bins(contacts, {"regions": str(bed), "separate_regions": True})
    assert mask.regions == REGIONS
    write_mask(tmp_path / "mask.parquet", mask, BINS)
    kept, summary = read_mask(tmp_path / "mask.parquet")
    np.testing.assert_array_equal(kept, mask.kept)
    assert summary["regions"] == [list(each) for each in REGIONS]
    assert read_own_mask(tmp_path / "mask.parquet").summary() == summary
    assert "regions" not in cp.mask_bins(contacts, {"regions": str(bed)}).summary()


def test_what_cannot_be_separate_is_refused(bed: Path) -> None:
    contacts = contacts_of(draw_counts())
    mask = {"regions": str(bed), "separate_regions": True}
    with pytest.raises(ConfigError, match=r"ice has the scope genome.*set scope to cis"):
        cp.balance(contacts, "ice", mask=mask)
    prior = cp.Prior.from_weights(np.ones(len(BINS)))
    with pytest.raises(ConfigError, match="leave out the prior"):
        cp.balance(contacts, "kde_eb", mask=mask, prior=prior)
    with pytest.raises(ConfigError, match="there are no regions"):
        MaskSettings(separate_regions=True)
