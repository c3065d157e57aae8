"""Results of four samples, and the sections of their report."""

from __future__ import annotations

import cooler
import numpy as np
import pandas as pd
import pytest

import counterpoise as cp
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.mask import MaskSettings
from counterpoise.report.concordance import write_concordance
from counterpoise.report.sections.collect import Sections, read_sections
from counterpoise.store.masks import write_mask
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.weights import write_balance
from tests.support.report_sections import (
    COLUMNS,
    FACTS,
    GROUPS,
    SIZES,
    make_folder_of,
    table_of,
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
        write_mcool(paths, name, SIZES, COLUMNS, "kr", make_folder_of(paths.cooler(name)))
    pairs = [("a", "b", 0.95), ("a", "c", 0.7), ("a", "it's", 0.5), ("b", "c", 0.71),
             ("b", "it's", 0.52), ("c", "it's", 0.9)]  # fmt: skip
    for size in SIZES:
        write_concordance(pairs, GROUPS, make_folder_of(paths.concordance(size)))
    return paths


@pytest.fixture(scope="module")
def sections(results: ResultPaths) -> Sections:
    return read_sections(results, *table_of(results), FACTS)
