"""Publications that a text about a run cites; each method names its own (``Method.cites``)."""

from __future__ import annotations

from typing import NamedTuple


class Citation(NamedTuple):
    """A publication.

    Attributes
    ----------
    short : str
        Authors and year, as a text names it.
    reference : str
        The entry of a list of references.
    doi : str
        Digital object identifier.
    """

    short: str
    reference: str
    doi: str

    def __str__(self) -> str:
        """Return the entry of a list of references, with the link."""
        return f"{self.reference} https://doi.org/{self.doi}"


SINKHORN_KNOPP = Citation(
    "Sinkhorn & Knopp 1967",
    "Sinkhorn R, Knopp P. Concerning nonnegative matrices and doubly stochastic matrices. "
    "Pacific J. Math. 21:343-348 (1967).",
    "10.2140/pjm.1967.21.343",
)
LIEBERMAN_AIDEN = Citation(
    "Lieberman-Aiden et al. 2009",
    "Lieberman-Aiden E, van Berkum NL, Williams L, et al. Comprehensive mapping of long-range "
    "interactions reveals folding principles of the human genome. Science 326:289-293 (2009).",
    "10.1126/science.1181369",
)
IMAKAEV = Citation(
    "Imakaev et al. 2012",
    "Imakaev M, Fudenberg G, McCord RP, et al. Iterative correction of Hi-C data reveals hallmarks "
    "of chromosome organization. Nat. Methods 9:999-1003 (2012).",
    "10.1038/nmeth.2148",
)
KNIGHT_RUIZ = Citation(
    "Knight & Ruiz 2013",
    "Knight PA, Ruiz D. A fast algorithm for matrix balancing. IMA J. Numer. Anal. 33:1029-1047 "
    "(2013).",
    "10.1093/imanum/drs019",
)
RAO = Citation(
    "Rao et al. 2014",
    "Rao SSP, Huntley MH, Durand NC, et al. A 3D map of the human genome at kilobase resolution "
    "reveals principles of chromatin looping. Cell 159:1665-1680 (2014).",
    "10.1016/j.cell.2014.11.021",
)
JUICER = Citation(
    "Durand et al. 2016",
    "Durand NC, Shamim MS, Machol I, et al. Juicer provides a one-click system for analyzing "
    "loop-resolution Hi-C experiments. Cell Syst. 3:95-98 (2016).",
    "10.1016/j.cels.2016.07.002",
)
HICREP = Citation(
    "Yang et al. 2017",
    "Yang T, Zhang F, Yard\u0131mc\u0131 GG, et al. HiCRep: assessing the reproducibility of Hi-C "
    "data using a stratum-adjusted correlation coefficient. Genome Res. 27:1939-1949 (2017).",
    "10.1101/gr.220640.117",
)
COOLER = Citation(
    "Abdennur & Mirny 2020",
    "Abdennur N, Mirny LA. Cooler: scalable storage for Hi-C data and other genomically labeled "
    "arrays. Bioinformatics 36:311-316 (2020).",
    "10.1093/bioinformatics/btz540",
)
SNAKEMAKE = Citation(
    "M\u00f6lder et al. 2021",
    "M\u00f6lder F, Jablonski KP, Letcher B, et al. Sustainable data analysis with Snakemake. "
    "F1000Research 10:33 (2021).",
    "10.12688/f1000research.29032",
)
HICTK = Citation(
    "Rossini & Paulsen 2024",
    "Rossini R, Paulsen J. hictk: blazing fast toolkit to work with .hic and .cool files. "
    "Bioinformatics 40:btae408 (2024).",
    "10.1093/bioinformatics/btae408",
)
KERNEL = Citation(
    "Park et al. 2025",
    "Park J, Hao N, Niu YS, Hu M. Kernel Density Balancing. arXiv:2506.12626 (2025).",
    "10.48550/arXiv.2506.12626",
)
