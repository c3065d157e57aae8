"""Names of the real maps in the folder of shared data."""

from __future__ import annotations

IMR90 = "imr90_hindiii_chr20.mcool::/resolutions/"
FLY = "cooler_test_file.mcool::/resolutions/"
OLD = "hicexplorer_matrix.mcool::/"
HUMAN = "4dn_test.multires.cool::/resolutions/"
SPARSE = "hic2cool_0.7.0_multi_res.mcool::/resolutions/"
RNA = "dec2_20_pluslig_1pGene_grch38_UBR4_D_1nt.pairwise.sorted.cool"


TOTALS = [
    "yeast.10kb.cool",
    "gm12878_KR.cool",
    "kr_partial.cool",
    "gm12878_1_2_3.cool",
    "intra-removed.cool",
    "mm9_reduced_chr1.cool",
    "gm12878_chr2_8-48Mb_40kb.cool",
    "gm12878_rao_primary_chr22_50kb.cool",
    *(f"{IMR90}{level}" for level in (25000, 50000, 100000)),
    *(f"{FLY}{level}" for level in (100000, 1000000)),
    *(f"{OLD}{level}" for level in (0, 1, 2)),
    *(f"{HUMAN}{level}" for level in (1600000, 3200000, 6400000)),
    "odd.1.cool",
]
