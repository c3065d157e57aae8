"""The fitness of weights: what it is judged by, and where the limits are."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

import counterpoise as cp
from counterpoise.balancing.api import balance
from counterpoise.balancing.applied_weights import AppliedWeights
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.errors import ConfigError
from counterpoise.records.excess import Excess
from counterpoise.records.facts import (
    ErrorsUnknown,
    FewWeights,
    LargeErrors,
    NotEqualised,
    PartsUnfit,
    UnevenContacts,
    UnevenRowSums,
    UnknownErrors,
)
from counterpoise.records.fitness import (
    Evidence,
    Fitness,
    FitnessSettings,
    judge_fitness,
    worst_fitness,
)
from counterpoise.records.wording import fitness_reason
from tests.support.thinning import simulate, thin

LIMITS = FitnessSettings()
FINE = Evidence(100, 100, 0.01, None)
NO_ERRORS, NOT_COUNTS = UnknownErrors.NO_ERRORS, UnknownErrors.NOT_COUNTS


def map_of(bins: BinTable, upper: NDArray[np.float64]) -> Contacts:
    """The map of some bins with the counts of an upper triangle."""
    stored = sp.csr_matrix(upper)
    counts = stored.data.astype(np.uint16)
    return Contacts(bins, stored.indptr.astype(np.int64), stored.indices.astype(np.uint32), counts)


def genome(depth: float, sizes: tuple[int, ...] = (60, 40), seed: int = 1) -> Contacts:
    """A map with the given mean number of contacts next to the diagonal, decaying with distance."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    bias = rng.lognormal(0, 0.3, n)
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    mean = depth * np.outer(bias, bias) / (1 + distance)
    counts = np.triu(rng.poisson(mean)).astype(float)
    bins = BinTable.fixed(
        [f"chr{i + 1}" for i in range(len(sizes))], [s * 1000 for s in sizes], 1000
    )
    return map_of(bins, counts)


@pytest.mark.parametrize(
    ("evidence", "fitness", "causes"),
    [
        (Evidence(100, 100, 0.01, 1e-9), Fitness.GOOD, []),
        (Evidence(80, 100, 0.15, 0.05), Fitness.GOOD, []),
        (Evidence(79, 100, 0.01, None), Fitness.CAUTION, [FewWeights(79, 100, 0.8)]),
        (Evidence(49, 100, 0.01, None), Fitness.NO, [FewWeights(49, 100, 0.5)]),
        (Evidence(100, 100, 0.151, None), Fitness.CAUTION, [LargeErrors(0.151, 0.15)]),
        (Evidence(100, 100, 0.301, None), Fitness.NO, [LargeErrors(0.301, 0.3)]),
        (Evidence(100, 100, 0.01, 0.051), Fitness.CAUTION, [UnevenRowSums(0.051, 0.05)]),
        (Evidence(100, 100, 0.01, None), Fitness.GOOD, []),
        (Evidence(100, 100, None, None), Fitness.CAUTION, [ErrorsUnknown(NO_ERRORS)]),
        (Evidence(100, 100, 0.4, None, False), Fitness.CAUTION, [ErrorsUnknown(NOT_COUNTS)]),
        (Evidence(0, 100, None, None), Fitness.NO, [FewWeights(0, 100, 0.5)]),
        (Evidence(0, 0, None, None), Fitness.NO, [FewWeights(0, 0, 0.5)]),
        (replace(FINE, excess=Excess(0.036, 0.0019)), Fitness.GOOD, []),
        (
            replace(FINE, excess=Excess(0.036, 0.0021)),
            Fitness.CAUTION,
            [UnevenContacts(0.036, 0.0021, 0.2)],
        ),
        (
            replace(FINE, excess=Excess(-0.06, 0.021)),
            Fitness.CAUTION,
            [UnevenContacts(-0.06, 0.021, 0.2)],
        ),
        (  # no chance, no bound
            replace(FINE, excess=Excess(-0.07, 0.021)),
            Fitness.CAUTION,
            [UnevenContacts(-0.07, 0.021, 0.2)],
        ),
        (
            replace(FINE, excess=Excess(-0.07, 0.021), has_prior=True),
            Fitness.CAUTION,
            [UnevenContacts(-0.07, 0.021, 0.2, has_prior=True)],
        ),
        (replace(FINE, excess=Excess(-0.0099, 0.001)), Fitness.GOOD, []),
        (
            replace(FINE, excess=Excess(-0.0101, 0.001)),
            Fitness.CAUTION,
            [UnevenContacts(-0.0101, 0.001, 0.2)],
        ),
        (  # the errors say the same
            replace(FINE, median_se=0.16, excess=Excess(0.05, 0.0)),
            Fitness.CAUTION,
            [LargeErrors(0.16, 0.15)],
        ),
        (replace(FINE, excess=Excess(0.039, 0.01), one_pass="vc"), Fitness.GOOD, []),
        (
            replace(FINE, excess=Excess(0.09, 0.01), one_pass="vc"),
            Fitness.CAUTION,
            [NotEqualised("vc", 0.3, 0.2)],
        ),
        (
            Evidence(79, 100, 0.4, 0.2),
            Fitness.NO,
            [LargeErrors(0.4, 0.3), FewWeights(79, 100, 0.8), UnevenRowSums(0.2, 0.05)],
        ),
    ],
)
def test_limits(evidence: Evidence, fitness: Fitness, causes: list[object]) -> None:
    assert judge_fitness(evidence, LIMITS) == (fitness, tuple(causes))


def test_one_poor_bin_does_not_make_a_map_shallow() -> None:
    """Its noise makes the estimate uncertain; the reason does not blame the number of contacts."""
    rng = np.random.default_rng(0)
    matrix = np.triu(rng.poisson(2000, (50, 50))).astype(float)
    matrix[:, -1] = 0
    matrix[0, -1] = matrix[-1, -1] = 1
    result = cp.balance(matrix, "kr", mask=None)
    (cause,) = result.verdict.fitness_causes
    assert isinstance(cause, UnevenContacts)
    assert result.verdict.median_se is not None
    assert result.verdict.median_se < 0.01
    words = fitness_reason([cause])
    assert "few contacts" not in words
    assert words.startswith("New contacts balanced with these weights may be uneven by up to 2")


@pytest.mark.parametrize("method", ["kde", "ssk_cv"])
def test_an_estimate_slightly_below_zero_is_no_reason_for_caution(method: str) -> None:
    """With many contacts and no bias, chance explains less than rounding."""
    result = cp.balance(np.full((100, 100), 1000), method, mask=None)
    assert result.verdict.unevenness_at_most is None
    assert result.fitness is Fitness.GOOD, result.fitness_reason


def test_only_a_prior_that_was_used_is_named() -> None:
    without, with_prior = (
        fitness_reason([UnevenContacts(-0.07, 0.021, 0.2, has_prior)])
        for has_prior in (False, True)
    )
    assert without.endswith("The map has too few contacts.")
    assert with_prior.endswith("The map has too few contacts, or its prior was made of them.")


def test_limits_given_to_balance() -> None:
    matrix = genome(30)
    limits = {"error_caution": 0.0}
    result = cp.balance(matrix, "kr", mask=None, fitness=limits)
    assert result.fitness is Fitness.CAUTION
    assert result.verdict.fitness_limits == asdict(FitnessSettings(**limits))
    with pytest.raises(ConfigError, match="fitness has no limit 'eror_no'; it has error_caution"):
        cp.balance(matrix, "kr", mask=None, fitness={"eror_no": 0.5})
    with pytest.raises(ConfigError, match="this is list"):
        cp.balance(matrix, "kr", mask=None, fitness=[0.5])


def test_noise_that_is_unknown() -> None:
    counts = genome(300, (60,)).full_matrix()
    scaled = cp.balance(counts * 1e-3, "kr")
    assert scaled.verdict.fitness_causes == (ErrorsUnknown(NOT_COUNTS),)
    assert "values of the map are not counts" in fitness_reason(scaled.verdict.fitness_causes)
    observation = {"bandwidth": 0.05, "variant": "observation"}
    assert cp.balance(counts, "kde", **observation).verdict.fitness_causes == (
        ErrorsUnknown(NO_ERRORS),
    )
    assert cp.balance(counts, "kde", bootstrap=20, **observation).fitness is Fitness.GOOD


def test_a_masked_chromosome_counts() -> None:
    contacts = genome(30, (100, 40, 100))
    kept = np.ones(240, bool)
    kept[100:140] = False
    verdict = cp.balance(contacts, "kr", mask=kept, scope="cis").verdict
    assert verdict.fitness is Fitness.CAUTION
    fact = verdict.fitness_causes[0]
    assert isinstance(fact, PartsUnfit)
    full = contacts.full_matrix().toarray()
    blocks = [full[a:b, a:b].sum() for a, b in ((0, 100), (100, 140), (140, 240))]
    assert fact.labels == ("chr2",)
    assert fact.contacts == pytest.approx(blocks[1] / sum(blocks))


def test_a_part_without_weights_spoils_no_row_sums() -> None:
    """On the second chromosome SCALE does not settle; it has few of the contacts."""
    rng = np.random.default_rng(0)
    upper = np.zeros((406, 406))
    upper[:400, :400] = np.triu(rng.poisson(20, (400, 400)) + 1)
    upper[400, 401:] = 1
    upper[401, 402] = 200
    bins = BinTable.fixed(["chr1", "chr2"], [400_000, 6000], 1000)
    verdict = cp.balance(map_of(bins, upper), "scale", mask=None).verdict
    assert verdict.parts[1].weighted == 0
    assert verdict.parts[1].rms_deviation > 0.1
    assert verdict.fitness is Fitness.GOOD, verdict.fitness_causes


def test_the_worst() -> None:
    assert worst_fitness([]) is Fitness.GOOD
    assert worst_fitness([Fitness.CAUTION, Fitness.GOOD]) is Fitness.CAUTION
    assert worst_fitness([Fitness.CAUTION, Fitness.NO, Fitness.GOOD]) is Fitness.NO


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"error_no": 0.1}, "error_caution"),
        ({"bins_no": 0.9}, "bins_no"),
        ({"depth_caution": -1}, "depth_caution"),
        ({"depth_caution": float("nan")}, "depth_caution"),
        ({"error_no": 30}, "fraction, from 0 to 1"),
    ],
)
def test_limits_that_contradict_each_other(settings: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        FitnessSettings(**settings)


@pytest.mark.parametrize("method", ["ice", "kr", "vc_sqrt", "kde"])
def test_a_map_fades_from_good_to_unfit(method: str) -> None:
    settings = {"mask": None, **({"bandwidth": 0.05} if method == "kde" else {})}
    deep = cp.balance(genome(400), method, **settings)
    if method == "kde":  # bins scatter about any curve
        assert deep.fitness is Fitness.CAUTION
        return
    assert deep.fitness is Fitness.GOOD
    assert deep.verdict.fitness_causes == ()
    shallow = genome(0.3)
    assert cp.balance(shallow, method, **settings).fitness is Fitness.NO


def test_evidence_is_counted_from_the_map() -> None:
    contacts = genome(50)
    kept = np.ones(100, dtype=bool)
    kept[:30] = False
    verdict = cp.balance(contacts, "kr", mask=kept).verdict
    has_contacts = np.asarray(contacts.full_matrix().sum(axis=0)).ravel() > 0
    assert verdict.with_contacts == np.count_nonzero(has_contacts)
    assert verdict.weighted == np.count_nonzero(has_contacts & kept)
    assert [part.with_contacts for part in verdict.parts] == [60, 40]
    assert [part.weighted for part in verdict.parts] == [30, 40]
    assert verdict.fitness is Fitness.CAUTION
    assert [part.fitness for part in verdict.parts] == [Fitness.CAUTION, Fitness.GOOD]


def test_a_negligible_chromosome_does_not_condemn_the_map() -> None:
    """Two bins that cannot be balanced are named with their share; a large chromosome counts."""
    for size, fitness in ((2, Fitness.GOOD), (40, Fitness.CAUTION)):
        whole = genome(100, (90, size)).full_matrix().toarray()
        # A star: its arms share one partner.
        whole[90:, 90:] = 0
        whole[90, 91:] = whole[91:, 90] = 1 if size == 2 else 100
        whole[91, 91] = 1 if size == 2 else 0
        bins = BinTable.fixed(["chr1", "chr2"], [90_000, size * 1000], 1000)
        contacts = map_of(bins, np.triu(whole))
        verdict = cp.balance(contacts, "kr", mask=None).verdict
        assert verdict.status is cp.Status.FAILED
        assert [part.fitness for part in verdict.parts] == [Fitness.GOOD, Fitness.NO]
        assert verdict.fitness is fitness
        assert f"1 of 2 chromosomes is not balanced: {size} of {90 + size} bins" in verdict.reason
        assert "of the contacts" in verdict.reason
        unfit = [fact for fact in verdict.fitness_causes if isinstance(fact, PartsUnfit)]
        assert bool(unfit) is (fitness is Fitness.CAUTION)


def test_only_methods_that_equalise_are_judged_by_row_sums() -> None:
    contacts = genome(400)
    for method in ("vc", "vc_sqrt"):
        verdict = cp.balance(contacts, method, mask=None).verdict
        assert verdict.rms_deviation is not None
        assert verdict.rms_deviation > LIMITS.uneven_caution
        assert UnevenRowSums not in map(type, verdict.fitness_causes)
    limits = replace(LIMITS, uneven_caution=0.001)
    settings = {"mask": None, "max_iterations": 1, "on_failure": "keep", "fitness": limits}
    stopped = cp.balance(contacts, "ice", **settings).verdict
    assert [type(fact) for fact in stopped.fitness_causes] == [UnevenRowSums]


def test_limits_are_settings() -> None:
    contacts = genome(50)
    strict = replace(LIMITS, error_caution=0.001, error_no=0.002)
    assert cp.balance(contacts, "kr", mask=None).fitness is Fitness.GOOD
    strictly = cp.balance(contacts, "kr", mask=None, fitness=strict)
    assert strictly.fitness is Fitness.NO
    cautious = cp.balance(contacts, "kr", mask=None, fitness={"error_caution": 0.001})
    assert cautious.fitness is Fitness.CAUTION


def test_the_failed_library_stands_out(shared_data: object) -> None:
    """Of twelve libraries thinned from one map, the one with 12,000 contacts is not for use."""
    base = cp.read_contacts(f"{shared_data}/yeast.10kb.cool").load()
    rng = np.random.default_rng(1)
    depths = [12_000, *np.linspace(160_000, 770_000, 11).astype(int)]
    for method in ("ice", "kr"):
        found = []
        for depth in depths:
            counts = rng.binomial(base.counts.astype(int), depth / base.counts.sum())
            used = counts > 0
            starts = np.concatenate([[0], np.cumsum(used)])[base.indptr]
            thinned = Contacts(
                base.bins, starts, base.columns[used], counts[used].astype(np.uint16)
            )
            found.append(cp.balance(thinned, method, mask={}).fitness)
        assert found == [Fitness.NO, *[Fitness.GOOD] * 11]


def test_a_method_of_one_pass_is_judged_by_what_its_weights_leave() -> None:
    contacts = genome(400)
    expected = cp.balance(contacts, "vc", mask=None).verdict.expected_unevenness
    assert expected is not None
    for limit, fitness in ((1.01, Fitness.GOOD), (0.99, Fitness.CAUTION)):
        limits = {"expected_unevenness_caution": limit * expected / 100}
        verdict = cp.balance(contacts, "vc", mask=None, fitness=limits).verdict
        assert verdict.fitness is fitness
    words = fitness_reason(verdict.fitness_causes)
    assert words.startswith(
        "vc does not make row sums equal: new contacts are expected to be uneven by "
    )


def test_weights_of_another_map_are_not_judged_by_what_they_leave() -> None:
    """The two maps may truly differ. Uneven row sums are a cause all the same."""
    deep, other = genome(400), genome(400, seed=2)
    result = cp.balance(deep, "kr", mask=None)
    applied = AppliedWeights(result.weights, result.se, "deep")
    verdict = balance(other, "kr", mask=None, applied=applied).verdict
    assert verdict.expected_unevenness is not None
    assert verdict.expected_unevenness > 100 * LIMITS.expected_unevenness_caution
    assert [type(fact) for fact in verdict.fitness_causes] == [UnevenRowSums]


@pytest.mark.parametrize("method", ["kde", "kde_eb", "auto"])
def test_no_map_of_a_contact_a_bin_is_fit_for_use(method: str) -> None:
    """Its estimate of the expected excess is far below zero, and is no proof of even contacts."""
    for per_bin in (0.5, 1, 2):
        result = cp.balance(thin(simulate(300), per_bin), method, mask=None, scope="cis")
        assert result.verdict.expected_excess is not None
        assert result.fitness is not Fitness.GOOD, per_bin
        if result.verdict.unevenness_at_most is None:
            causes = {type(fact) for fact in result.verdict.fitness_causes}
            assert causes & {UnevenContacts, LargeErrors}
            assert result.verdict.choice is None or not result.verdict.choice.compared
