"""Agreement with every vector stored by a peer, and between the methods of this package.

The real maps and the stored vectors that balance them are not part of a clone; see ``TABLE`` for
how closely each can be matched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope
from counterpoise.mask import MaskSettings
from counterpoise.store.weight_columns import juicer_vector
from tests.support import REPOSITORY
from tests.support.peers import hic_vectors
from tests.support.real_maps import TOTALS
from tests.support.solving import close_settings

STORED = "stored"


def weight(result: cp.Balance) -> NDArray[np.float64]:
    return result.weights


def inverse_weight(result: cp.Balance) -> NDArray[np.float64]:
    return 1 / result.weights


def divisive(result: cp.Balance) -> NDArray[np.float64]:
    """Return weights on Juicer's scale, where the balanced total equals the raw one."""
    return juicer_vector(result.weights, result.verdict)


def inverse_divisive(result: cp.Balance) -> NDArray[np.float64]:
    return 1 / divisive(result)


@dataclass(frozen=True)
class Stored:
    """A stored vector and the balancing that reproduces it.

    Attributes
    ----------
    name : str
        File of the shared data.
    level : int
        Resolution in base pairs; 0 if the file has only one.
    vector : str
        Name of the stored vector.
    form : callable
        Converts our result to the form of the vector.
    method, settings : str, dict
        Method and settings of our balancing.
    within : float
        Largest relative difference.
    rows : int
        Number of bins compared: all bins of the vector except those in ``unbalanced``.
    mask : MaskSettings, str or None
        ``STORED`` takes the bins of the vector, which a peer chose. Otherwise the mask of these
        settings, which must then be the same bins.
    free : bool
        Whether each chromosome has its own scale.
    looser : dict
        Larger differences, by chromosome.
    unbalanced : tuple of str
        Chromosomes that the vector does not balance; our verdict on them is a failure.
    """

    name: str
    level: int
    vector: str
    form: Callable[[cp.Balance], NDArray[np.float64]]
    method: str
    within: float
    rows: int
    mask: MaskSettings | str | None = STORED
    settings: dict[str, Any] = field(default_factory=dict)
    free: bool = False
    looser: dict[str, float] = field(default_factory=dict)
    unbalanced: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}-{self.level}-{self.vector}"


STRAW, HMEC = "straw_test.hic", "GSE63525_HMEC_combined_example.hic"
FLY, HUMAN = "cooler_test_file.mcool", "4dn_test.multires.cool"
SPARSE, SPARSE_OLD = "hic2cool_0.7.0_multi_res.mcool", "hic2cool_0.4.2_single_res.cool"
MOUSE, YEAST, W303 = "CN.mm9.1000kb.cool", "yeast.10kb.cool", "scer_w303_g1_2kb_SRR8769554.cool"
GENOME, CIS = MaskSettings(), MaskSettings(cis_only=True)


def juicer(name: str, level: int, kr: int, vc: int, form: Any = divisive) -> list[Stored]:
    """Return KR, VC and VC_SQRT of a file, with their numbers of rows; VC differs by rounding."""
    return [
        Stored(name, level, "KR", form, "kr", 1e-5, kr),
        Stored(name, level, "VC", form, "vc", 1e-12, vc, mask=None),
        Stored(name, level, "VC_SQRT", form, "vc_sqrt", 1e-12, vc, mask=None),
    ]


def scale(name: str, level: int, rows: int, vector: str = "SCALE", **more: Any) -> Stored:
    return Stored(name, level, vector, divisive, "scale", 1e-3, rows, **more)


def cooler(
    name: str,
    level: int,
    rows: int,
    mask: MaskSettings | str = GENOME,
    vector: str = "weight",
    **more: Any,
) -> Stored:
    """Return a weight of ``cooler balance``, equal to rounding: the stopping rule is the same."""
    settings = {"tolerance": "cooler", "max_iterations": 200, **more}
    return Stored(name, level, vector, weight, "ice", 1e-10, rows, mask, settings)


TABLE = [
    *juicer(STRAW, 2_500_000, kr=1184, vc=1186),
    # One bin of chromosome 15 has contacts with only two others. hictk's rule stops when the
    # vector moves by 1e-4 in a step; Juicer continued from step 27 to step 60. On Y, which has no
    # total support, Juicer's vector was diverging to zero and infinity when it stopped.
    scale(STRAW, 2_500_000, 1175, looser={"15": 5e-3}, unbalanced=("Y",)),
    *juicer(HMEC, 50_000, kr=1410, vc=1412),
    # Juicer 1.13 came closer than hictk's rule would.
    scale(HMEC, 50_000, 1401, settings={"tolerance": 1e-5}),
    scale(HMEC, 50_000, 1399, "GW_SCALE", settings={"tolerance": 1e-5, "scope": "genome"}),
    # This vector is stored as 32-bit floats.
    Stored(
        "hic_test_file.hic", 100_000, "ICE", inverse_weight, "ice", 1e-6, 1319,
        settings={"tolerance": "cooler"},
    ),
    *juicer(FLY, 100_000, kr=1352, vc=1357),
    scale(FLY, 100_000, 1342, unbalanced=("chrY",)),
    cooler(FLY, 100_000, 1319),
    *juicer(SPARSE, 1_000_000, kr=2885, vc=2893),
    *juicer(SPARSE, 2_500_000, kr=1177, vc=1178),
    *juicer(SPARSE_OLD, 0, kr=1177, vc=1178, form=inverse_divisive),
    Stored("gm12878_KR.cool", 0, "weight", weight, "kr", 1e-5, 1186, free=True),
    Stored("kr_partial.cool", 0, "weight", weight, "kr", 1e-5, 80, free=True),
    cooler(MOUSE, 0, 2487),
    cooler(MOUSE, 0, 2486, CIS, "weight_cis", scope="cis"),
    cooler(MOUSE, 0, 2487, GENOME, "weight_trans", scope="trans"),
    # With STORED, an older cooler's filters chose other bins than today's.
    cooler(YEAST, 0, 1184, STORED),
    cooler(HUMAN, 100_000, 26_431, STORED),
    cooler(HUMAN, 200_000, 14_212),
    cooler(HUMAN, 400_000, 7148),
    cooler(HUMAN, 800_000, 3591),
    cooler(HUMAN, 1_600_000, 1810),
    cooler(HUMAN, 3_200_000, 913),
    cooler(HUMAN, 6_400_000, 460),
    cooler(W303, 0, 5741, STORED, scope="cis", ignore_diags=0, diagonal=2),
    cooler("chromosight_example.cool", 0, 637, CIS, scope="cis"),
]  # fmt: skip

JUICER = [case for case in TABLE if case.vector in ("KR", "VC", "VC_SQRT", "SCALE", "GW_SCALE")]
COOLER = [case for case in TABLE if case.method == "ice" and case.vector != "ICE"]
HICEXPLORER = [case for case in TABLE if case.method == "kr" and case.vector == "weight"]


def of_juicer(method: str) -> list[Stored]:
    return [case for case in JUICER if case.method == method]


@pytest.mark.parametrize(
    ("page", "words", "cases"),
    [
        ("how-it-works/methods/index.md", "compare {} stored vectors", TABLE),
        ("coming-from/juicer.md", "| {} stored vectors of several files |", JUICER),
        ("how-it-works/methods/ice.md", "| {} columns to 1e-10 |", COOLER),
        ("how-it-works/methods/kr.md", "| {} vectors to 1e-5, on the bins", of_juicer("kr")),
        ("how-it-works/methods/kr.md", "| {} vectors to 1e-5, up to one", HICEXPLORER),
        ("how-it-works/methods/scale.md", "| {} vectors to 1e-3;", of_juicer("scale")),
        ("how-it-works/methods/vc.md", "| {} vectors to 1e-12,", of_juicer("vc")),
        ("how-it-works/methods/vc_sqrt.md", "| {} vectors to 1e-12,", of_juicer("vc_sqrt")),
    ],
)
def test_pages_count_the_vectors(page: str, words: str, cases: list[Stored]) -> None:
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    assert words.format(len(cases)) in text


@pytest.mark.parametrize("method", sorted({case.method for case in TABLE}))
def test_the_table_of_methods_states_the_differences(method: str) -> None:
    """The largest differences allowed here, and no others, are in the rows of the method."""
    text = (REPOSITORY / "docs/how-it-works/methods/index.md").read_text(encoding="utf-8")
    table = text.partition("| method | other program | agreement |")[2].partition("\n\n")[0]
    rows = [line for line in table.splitlines() if f"[`{method}`]" in line]
    stated = {float(figure) for row in rows for figure in re.findall(r"\b\de-\d+", row)}
    cases = [case for case in TABLE if case.method == method]
    allowed = {case.within for case in cases}
    assert stated == allowed.union(*(case.looser.values() for case in cases))


@lru_cache(maxsize=2)  # the table is sorted by file
def read(path: Path, level: int) -> Contacts:
    return cp.read_contacts(path, level or None)


@cache
def vectors_of_hic(path: Path, level: int) -> dict[str, NDArray[np.float64]]:
    return hic_vectors(path, level, [case.vector for case in TABLE if case.name == path.name])


def stored_vector(path: Path, level: int, name: str) -> NDArray[np.float64]:
    if path.suffix == ".hic":
        return vectors_of_hic(path, level)[name]
    return read(path, level).bins.extra[name].astype(np.float64)


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_equals_the_vector_of_a_peer(shared_data: Path, case: Stored) -> None:
    path = shared_data / case.name
    contacts = read(path, case.level)
    stored = stored_vector(path, case.level, case.vector)
    rows = np.isfinite(stored) & (stored != 0)
    mask = rows if case.mask == STORED else case.mask
    result = cp.balance(contacts, case.method, mask=mask, **case.settings)
    vector = case.form(result)
    compared = 0
    for part in result.verdict.parts:
        inside = slice(part.first_bin, part.first_bin + part.bins)
        if part.label in case.unbalanced:
            assert part.status is cp.Status.FAILED
            continue
        kept = rows[inside]
        np.testing.assert_array_equal(np.isfinite(vector[inside]), kept, err_msg=part.label)
        if not kept.any():
            continue
        assert part.status.balanced, part.reason
        ratio = (vector[inside] / stored[inside])[kept]
        if case.free:
            ratio /= np.median(ratio)
        assert abs(ratio - 1).max() < case.looser.get(part.label, case.within), part.label
        compared += len(ratio)
    assert compared == case.rows


@pytest.mark.parametrize(
    ("name", "level", "vector", "cause"),
    [
        ("kr_full.cool", 0, "weight", "no_support"),
        ("hesc_dixon_chr1_40kb.cool", 0, "ICE_published", "no_support"),
        ("hicexplorer_matrix.mcool", 40_000, "weight", "no_total_support"),
    ],
)
@pytest.mark.parametrize("method", ["kr", "ssk", "ice"])
def test_maps_that_a_peer_did_not_balance_fail(
    shared_data: Path, name: str, level: int, vector: str, cause: str, method: str
) -> None:
    """No weights can make the row sums equal, and neither reading of the vector does."""
    contacts = read(shared_data / name, level)
    stored = stored_vector(shared_data / name, level, vector)
    matrix = contacts.full_matrix()
    rows = np.isfinite(stored) & (stored != 0) & (matrix.sum(axis=1) > 0).A1
    for power in (1, -1):
        weights = np.zeros(len(stored))
        weights[rows] = stored[rows] ** power
        sums = (weights * (matrix @ weights))[rows]
        assert sums.std() > 0.1 * sums.mean()
    settings = {"scope": "genome", "ignore_diags": 0, "on_failure": "nan"}
    result = cp.balance(contacts, method, mask=rows, **settings)
    (part,) = result.verdict.parts
    assert (result.status, part.cause) == (cp.Status.FAILED, cause), result.reason
    assert np.isnan(result.weights).all()


# Every method can balance these maps: raw, and as in the workflow (filtered, without two
# diagonals).
RAW = [(name, "genome", 0) for name in TOTALS] + [("gm12878_raw_values.cool", "cis", 0)]
FILTERED = [
    (MOUSE, "genome", 2),
    ("mm9_reduced_chr1.cool", "genome", 2),
    ("imr90_hindiii_chr20.mcool::/resolutions/50000", "genome", 2),
    (f"{FLY}::/resolutions/100000", "genome", 2),
    (f"{FLY}::/resolutions/100000", "trans", 2),
    *((name, scope, 2) for name in (YEAST, "gm12878_1_2_3.cool") for scope in Scope),
]
# Bins that SCALE drops because it converges too slowly with them.
DROPPED = {("imr90_hindiii_chr20.mcool::/resolutions/25000", "scale"): 4}


@pytest.mark.parametrize(("name", "scope", "diagonals"), RAW + FILTERED)
def test_methods_agree(shared_data: Path, name: str, scope: str, diagonals: int) -> None:
    """Exact methods have one solution."""
    contacts = cp.read_contacts(str(shared_data / name))
    settings = {"scope": scope, "ignore_diags": diagonals}
    mask = MaskSettings(cis_only=scope == "cis") if diagonals else None
    # cooler's ICE weights trans contacts by chromosome size, so its solution differs.
    for method in ("ssk", "scale") if scope == "trans" else ("ssk", "scale", "ice"):
        result = cp.balance(contacts, method, mask=mask, **settings, **close_settings(method))
        assert result.status is cp.Status.CONVERGED, (method, result.reason)
        dropped = sum(part.dropped for part in result.verdict.parts)
        assert dropped == DROPPED.get((name, method), 0)
        same_bins = np.isfinite(result.weights)
        kr = cp.balance(contacts, "kr", mask=same_bins, **settings, **close_settings("kr"))
        assert kr.status is cp.Status.CONVERGED, kr.reason
        kept = np.isfinite(kr.weights)
        assert np.count_nonzero(kept) == result.verdict.kept
        np.testing.assert_allclose(result.weights[kept], kr.weights[kept], rtol=1e-6)
