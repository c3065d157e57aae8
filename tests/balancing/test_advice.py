"""The remedies that a reason names give balanced weights when they are followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import counterpoise as cp
from benchmarks import larger_bins
from benchmarks.larger_bins import named_size
from benchmarks.measuring import load, wrap_prose
from counterpoise.balancing.bin_size import BinSizes
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope
from counterpoise.mask import sum_contacts
from counterpoise.records.facts import DominantChromosome, LargerBins, Remedies, Remedy
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import PartVerdict, Status
from tests.support.maps import random_map
from tests.support.thinning import simulate, sum_bins, thin

UNFILTERED = {"min_nnz": 0, "mad_max": 0}


DEEP = simulate(800)
# Contacts between two chromosomes of unequal size have no support; those between three can have it.
DEEP_TRANS = simulate(400, (4, 3, 3))
# Remedies for values that are no counts.
SETTINGS = {
    Remedy.ISOLATE,
    Remedy.RAISE_LIMIT,
    Remedy.KEEP_DIAGONALS,
    Remedy.USE_KR,
    Remedy.DROP,
    Remedy.MORE_ITERATIONS,
}
LIMITS = {"kr": "max_products", "ice": "max_iterations", "scale": "max_iterations"}


def remedies_of(result: cp.Balance) -> list[Remedies]:
    facts = (fact for part in result.verdict.parts for fact in part.facts)
    return [fact for fact in facts if isinstance(fact, Remedies)]


def actions_of(result: cp.Balance) -> set[Remedy]:
    return {action for remedies in remedies_of(result) for action in remedies.actions}


@dataclass(frozen=True)
class Run:
    """A map, and what it is balanced with."""

    contacts: Contacts
    method: str
    settings: dict[str, Any]
    has_copies: bool = False
    deep: Contacts = DEEP

    def balance(self) -> cp.Balance:
        copies = 1.0 + self.contacts.bins.chromosome_ids % 2 if self.has_copies else None
        return cp.balance(self.contacts, self.method, copy_number=copies, **self.settings)

    def change(self, **settings: Any) -> Run:
        return replace(self, settings={**self.settings, **settings})

    def use(self, method: str) -> Run:
        """Use another method, with the settings that all methods have."""
        common = {key: self.settings[key] for key in ("mask", "scope")}
        return replace(self, method=method, settings=common)

    def leave_out(self, parts: Iterable[PartVerdict]) -> Run:
        mask = sum_contacts(self.contacts) > 0
        for part in parts:
            mask[part.first_bin : part.first_bin + part.bins] = False
        return self.change(mask=mask)

    def follow(self, remedies: Remedies, action: Remedy) -> Run:
        """Do what the reason of a part advises."""
        if action is Remedy.LARGER_BINS:
            assert remedies.larger is not None
            return replace(self, contacts=sum_bins(self.contacts, remedies.larger.times))
        named = {"isolate_limit": remedies.isolate_limit, "tolerance": remedies.tolerance}
        values = {name: value for name, value in named.items() if value is not None}
        changes: dict[Remedy, Callable[[], Run]] = {
            Remedy.MORE_CONTACTS: lambda: replace(self, contacts=self.deep),
            Remedy.USE_KDE_EB: lambda: self.use("kde_eb"),
            Remedy.USE_KR: lambda: self.use("kr"),
            Remedy.MORE_ITERATIONS: lambda: self.change(**{remedies.iteration_setting: 100_000}),
            Remedy.DROP: lambda: self.change(on_failure="drop"),
            Remedy.ISOLATE: lambda: self.change(on_failure="isolate", **values),
            Remedy.RAISE_LIMIT: lambda: self.change(**values),
            Remedy.KEEP_DIAGONALS: lambda: self.change(ignore_diags=0),
        }
        return changes[action]()


def assert_every_remedy_works(run: Run) -> set[Remedy]:
    """Follow each remedy of each part; return all of them.

    A part of counts without a remedy has a chromosome that rules out equal row sums.
    """
    parts = run.balance().verdict.parts
    remedies_of_part = [[f for f in part.facts if isinstance(f, Remedies)] for part in parts]
    actions = {a for advice in remedies_of_part for each in advice for a in each.actions}
    for number, (part, advice) in enumerate(zip(parts, remedies_of_part, strict=True)):
        if run.contacts.holds_counts and not run.has_copies and not part.status.balanced:
            assert advice or any(isinstance(fact, DominantChromosome) for fact in part.facts)
        for remedies, action in ((each, action) for each in advice for action in each.actions):
            if action in (Remedy.LEAVE_OUT, Remedy.CHECK_COPY_NUMBERS):
                continue
            followed = run.follow(remedies, action).balance()
            mended = followed.verdict.parts[number]
            assert mended.status.balanced, (action, mended.reason)
            if action is Remedy.LARGER_BINS:
                assert followed.fitness is Fitness.GOOD, followed.reason
    if Remedy.LEAVE_OUT in actions:
        assert_others_are_balanced(run, remedies_of_part)
    return actions


def assert_others_are_balanced(run: Run, remedies_of_part: list[list[Remedies]]) -> None:
    """Leave out all chromosomes that are advised to be; the others are balanced."""
    parts = run.balance().verdict.parts
    dispensable = [
        part
        for part, advice in zip(parts, remedies_of_part, strict=True)
        if any(Remedy.LEAVE_OUT in remedies.actions for remedies in advice)
    ]
    verdict = run.leave_out(dispensable).balance().verdict
    others = [part for part in verdict.parts if part.kept]
    assert len(others) == len(parts) - len(dispensable) > 0
    assert all(part.status.balanced for part in others)
    assert verdict.fitness is not Fitness.NO


@pytest.mark.parametrize("on_failure", ["nan", "isolate", "keep", "drop"])
@pytest.mark.parametrize("per_bin", [1, 4, 10, 20])
@pytest.mark.parametrize("method", ["kr", "ice", "scale"])
def test_every_remedy_of_a_sparse_map_works(method: str, per_bin: float, on_failure: str) -> None:
    if method == "scale" and on_failure == "isolate":
        return
    settings = {"mask": UNFILTERED, "scope": "genome", "on_failure": on_failure}
    run = Run(thin(DEEP, per_bin), method, settings)
    assert run.balance().status.balanced or actions_of(run.balance())
    assert_every_remedy_works(run)


@pytest.mark.parametrize("kind", ["counts", "values", "copies"])
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("method", ["kr", "ice", "scale"])
def test_every_remedy_of_other_maps_works(method: str, scope: Scope, kind: str) -> None:
    deep = DEEP_TRANS if scope is Scope.TRANS else DEEP
    settings = {"mask": UNFILTERED, "scope": scope.value, "on_failure": "nan"}
    actions = set()
    for per_bin in (4, 20):
        contacts = thin(deep, per_bin)
        contacts = scale_values(contacts, 1e-4) if kind == "values" else contacts
        run = Run(contacts, method, settings, has_copies=kind == "copies", deep=deep)
        actions |= assert_every_remedy_works(run)
    if kind == "counts":
        assert actions & {Remedy.LARGER_BINS, Remedy.MORE_CONTACTS}
        assert (Remedy.USE_KDE_EB in actions) == (scope is not Scope.TRANS)
    if kind == "copies":
        assert actions & {Remedy.LARGER_BINS, Remedy.MORE_CONTACTS}
    if kind == "values":
        assert actions <= SETTINGS


def scale_values(contacts: Contacts, factor: float) -> Contacts:
    """Return a map of values that are no counts."""
    pixels = contacts.rows, contacts.columns.astype(np.int32), contacts.counts * factor
    return Contacts.from_chunks(contacts.bins, [pixels], {})


def with_hanging_bins(hanging: int) -> Contacts:
    """Return a deep map whose last bins have contacts with bin 0 alone."""
    matrix = random_map(200, 4, 1.0).toarray() + 3
    matrix[-hanging:] = matrix[:, -hanging:] = 0
    matrix[0, -hanging:] = matrix[-hanging:, 0] = 30
    rows, columns = np.nonzero(np.triu(matrix))
    pixels = (rows.astype(np.int32), columns.astype(np.int32), matrix[rows, columns].astype(int))
    return Contacts.from_chunks(BinTable.fixed(("chr1",), (2_000_000,), 10_000), [pixels], {})


@pytest.mark.parametrize("on_failure", ["nan", "isolate", "keep", "drop"])
@pytest.mark.parametrize(
    ("hanging", "action"),
    [
        (2, Remedy.ISOLATE),
        (9, Remedy.ISOLATE),
        (30, Remedy.ISOLATE),
        (60, Remedy.USE_KDE_EB),
    ],
)
def test_a_deep_map_keeps_its_bins_if_few_stand_in_the_way(
    hanging: int, action: Remedy, on_failure: str
) -> None:
    contacts = with_hanging_bins(hanging)
    settings = {"mask": None, "scope": "genome", "on_failure": on_failure}
    result = cp.balance(contacts, "kr", **settings)
    if result.status.balanced:  # what was set was enough
        assert on_failure == "drop" or (on_failure, hanging) == ("isolate", 2)
        return
    (remedies,) = remedies_of(result)
    raises = action is Remedy.ISOLATE and on_failure == "isolate"
    assert remedies.actions == (Remedy.RAISE_LIMIT if raises else action,)
    assert_every_remedy_works(Run(contacts, "kr", settings))


@given(st.integers(1, 400), st.integers(1, 2000))
def test_the_limit_that_is_advised_is_enough(needed: int, others: int) -> None:
    bins = needed + others
    limit = (100 * needed // bins + 1) / 100
    assert int(limit * bins) >= needed
    assert limit - needed / bins < 0.0101


@pytest.mark.parametrize("on_failure", ["nan", "isolate"])
def test_values_that_are_no_counts_are_isolated_as_counts_are(on_failure: str) -> None:
    settings = {"mask": None, "scope": "genome", "on_failure": on_failure}
    isolate = Remedy.RAISE_LIMIT if on_failure == "isolate" else Remedy.ISOLATE
    for hanging, action in ((2, Remedy.ISOLATE), (9, isolate), (60, None)):
        contacts = scale_values(with_hanging_bins(hanging), 1e-4)
        run = Run(contacts, "kr", settings)
        if run.balance().status.balanced:
            assert (on_failure, hanging) == ("isolate", 2)
        else:
            assert assert_every_remedy_works(run) == ({action} if action else set())


@pytest.mark.parametrize("hanging", [2, 9, 60])
def test_with_copy_numbers_no_remedy_for_equal_sums_is_named(hanging: int) -> None:
    settings = {"mask": None, "scope": "genome", "on_failure": "nan"}
    result = Run(with_hanging_bins(hanging), "kr", settings, has_copies=True).balance()
    assert not result.status.balanced
    assert not remedies_of(result)
    assert "kde_eb" not in result.reason


def test_no_remedy_is_what_was_set() -> None:
    actions = set()
    for per_bin in (2, 6, 12):
        contacts = thin(DEEP, per_bin)
        for on_failure in ("isolate", "drop"):
            settings = {"mask": UNFILTERED, "scope": "genome", "on_failure": on_failure}
            result = cp.balance(contacts, "kr", **settings)
            assert f"on_failure: {on_failure}" not in result.reason
            actions |= actions_of(result)
    assert actions


@pytest.mark.parametrize("on_failure", ["isolate", "nan"])
def test_a_limit_is_raised_without_the_setting_that_is_set(on_failure: str) -> None:
    result = cp.balance(with_hanging_bins(9), "kr", mask=None, on_failure=on_failure)
    isolate = "" if on_failure == "isolate" else "on_failure: isolate and "
    assert result.reason.startswith(f"Set {isolate}isolate_limit: 0.05. ")


def test_under_the_rule_of_cooler_isolation_needs_a_tolerance() -> None:
    contacts = with_hanging_bins(2)
    settings = {"mask": None, "scope": "genome", "tolerance": "cooler", "on_failure": "nan"}
    assert assert_every_remedy_works(Run(contacts, "ice", settings)) == {Remedy.ISOLATE}
    result = cp.balance(contacts, "ice", **settings)
    assert result.reason.startswith("Set on_failure: isolate and tolerance: 1e-05. ")


@pytest.mark.parametrize(("method", "limit"), [("kr", 2), ("ice", 2), ("scale", 2)])
def test_more_iterations_and_kr_balance_what_stopped_early(method: str, limit: int) -> None:
    settings = {"mask": None, "scope": "genome", LIMITS[method]: limit}
    kr = set() if method == "kr" else {Remedy.USE_KR}
    assert assert_every_remedy_works(Run(DEEP, method, settings)) == {Remedy.MORE_ITERATIONS} | kr


def test_kr_is_not_named_for_bins_that_scale_dropped() -> None:
    """Two bins have contacts with one other bin alone; kr would need them isolated."""
    rng = np.random.default_rng(252)
    full = np.triu(rng.integers(1, 1000, (20, 20)) * (rng.random((20, 20)) < 0.4), 1)
    full[:, -2:] = 0
    full[3, -2:] = 300
    result = cp.balance(full, "scale", max_iterations=20)
    assert result.verdict.parts[0].dropped
    assert result.verdict.status is Status.NOT_CONVERGED
    assert actions_of(result) == {Remedy.MORE_ITERATIONS}


@pytest.mark.parametrize("also_a_bin_with_one_partner", [False, True])
def test_all_diagonals_are_advised_where_no_further_bin_is_in_the_way(
    also_a_bin_with_one_partner: bool,
) -> None:
    """The further bin has contacts on its diagonals alone, so it joins with them."""
    i, j = np.indices((40, 40))
    full = np.triu(2000 // (1 + abs(i - j)))
    full[10] = full[:, 10] = 0
    full[10, 10], full[10, 25] = 500, 300
    if also_a_bin_with_one_partner:
        full[30] = full[:, 30] = 0
        full[30, 31] = 400
    run = Run(Contacts.from_matrix(full), "ssk", {"mask": None, "ignore_diags": 2, "scope": "cis"})
    advised = Remedy.KEEP_DIAGONALS in actions_of(run.balance())
    assert advised is run.change(ignore_diags=0).balance().verdict.status.balanced
    assert advised is not also_a_bin_with_one_partner


def test_no_chromosome_of_a_sparse_map_is_left_out() -> None:
    """Its other chromosomes, and other regions, have as few contacts."""
    one, two = sparse_chromosomes(1), sparse_chromosomes(2)
    regions = [(0, 20), (20, 40)]
    settings: dict[str, Any] = {"mask": None, "scope": "cis"}
    for result in (
        cp.balance(one, "kr", **settings),
        cp.balance(two, "kr", **settings),
        cp.balance(two, "kr", regions=regions, **settings),
    ):
        assert actions_of(result) == {Remedy.MORE_CONTACTS, Remedy.USE_KDE_EB}


def sparse_chromosomes(number: int) -> Contacts:
    """Return chromosomes of 20 bins with few contacts."""
    rng = np.random.default_rng(1)
    rows, columns = np.nonzero(np.triu(rng.poisson(0.15 / number, (20 * number, 20 * number))))
    pixels = rows.astype(np.int32), columns.astype(np.int32), np.ones(len(rows), int)
    names = tuple(f"chr{each + 1}" for each in range(number))
    bins = BinTable.fixed(names, (200_000,) * number, 10_000)
    return Contacts.from_chunks(bins, [pixels], {})


def test_not_all_chromosomes_of_a_map_are_left_out() -> None:
    """Contacts between chromosomes, and on ignored diagonals, do not count where none is used."""
    trans, near = scaffolds([20] * 6, 200, 0.99), scaffolds([20] * 6, 5, 0)
    upper = np.triu(near.full_matrix().toarray()).astype(int) + 200 * np.eye(120, dtype=int)
    rows, columns = np.nonzero(upper)
    pixels = rows.astype(np.int32), columns.astype(np.int32), upper[rows, columns]
    diagonal = Contacts.from_chunks(near.bins, [pixels], {})
    for contacts, ignored in ((diagonal, 2), (trans, 0)):
        settings: dict[str, Any] = {"scope": "cis", "ignore_diags": ignored, "on_failure": "nan"}
        result = cp.balance(contacts, "kr", mask=None, **settings)
        assert not result.status.balanced
        assert Remedy.MORE_CONTACTS in actions_of(result)
        assert Remedy.LEAVE_OUT not in actions_of(result)


def test_weights_of_chromosome_sizes_are_no_contacts() -> None:
    """ICE multiplies contacts between chromosomes; whether there are few depends on the map."""
    contacts = thin(simulate(200, (4, 3, 3)), 200)
    kr, ice = (
        actions_of(cp.balance(contacts, method, mask=None, scope="trans", on_failure="nan"))
        for method in ("kr", "ice")
    )
    assert kr == ice


def test_kr_is_not_named_for_components_of_weighted_contacts() -> None:
    rng = np.random.default_rng(0)
    matrix = np.zeros((200, 200), int)
    matrix[:50, 50:100] = 30 * rng.integers(1, 3, (50, 50))
    matrix[100:150, 150:] = 30 * rng.integers(1, 3, (50, 50))
    rows, columns = np.nonzero(matrix)
    pixels = rows.astype(np.int32), columns.astype(np.int32), matrix[rows, columns]
    bins = BinTable.fixed(("a", "b", "c", "d"), (500_000,) * 4, 10_000)
    contacts = Contacts.from_chunks(bins, [pixels], {})
    options: dict[str, Any] = {"mask": None, "max_iterations": 3, "on_failure": "nan"}
    result = cp.balance(contacts, "ice", scope="trans", **options)
    assert result.verdict.parts[0].cause == "disconnected"
    assert not remedies_of(result)
    assert "kr" not in result.reason
    every = cp.balance(contacts, "ice", scope="genome", ignore_diags=0, **options)
    assert every.verdict.parts[0].cause == "disconnected"
    assert every.reason.startswith("Use kr. ")


def test_a_chromosome_that_is_too_short_for_larger_bins_is_left_out() -> None:
    """Two bins of the second chromosome have contacts with the same third one."""
    deep = simulate(100)
    short = BinTable.fixed(("chr1", "chrM"), (1_000_000, 50_000), 10_000)
    kept = deep.columns < 100
    rows, columns, counts = (each[kept] for each in (deep.rows, deep.columns, deep.counts))
    star = np.array([100, 100, 100, 100], np.int32), np.array([101, 102, 103, 104], np.int32)
    pixels = [
        (rows.astype(np.int32), columns.astype(np.int32), counts.astype(int)),
        (*star, np.full(4, 50)),
    ]
    contacts = Contacts.from_chunks(short, pixels, {})
    result = cp.balance(contacts, "kr", mask=None, scope="cis")
    assert result.verdict.fitness is Fitness.GOOD
    (remedies,) = remedies_of(result)
    assert remedies.actions == (Remedy.LEAVE_OUT, Remedy.USE_KDE_EB)
    assert_every_remedy_works(Run(contacts, "kr", {"mask": None, "scope": "cis"}))


def scaffolds(lengths: Sequence[int], per_bin: float, trans: float) -> Contacts:
    """Simulate chromosomes with bins of 10 kb and some contacts between chromosomes."""
    rng = np.random.default_rng(3)
    names = tuple(f"s{number}" for number in range(len(lengths)))
    table = BinTable.fixed(names, tuple(10_000 * each for each in lengths), 10_000)
    bin1, bin2 = np.triu_indices(len(table))
    ids = table.chromosome_ids
    rate = np.where(ids[bin1] == ids[bin2], 1 / (1 + bin2 - bin1), 0.0)
    rate /= rate.sum() / (1 - trans)
    between = ids[bin1] != ids[bin2]
    rate[between] = trans / between.sum()
    counts = rng.poisson(rate * per_bin * len(table) / 2)
    pixels = (bin1.astype(np.int32), bin2.astype(np.int32), counts)
    return Contacts.from_chunks(table, [pixels], {})


def bin_sizes(contacts: Contacts, scope: Scope, ignore_diags: int) -> BinSizes:
    """Return what suggests larger bins, as if the method used all contacts."""
    marginal = sum_contacts(contacts)
    return BinSizes(contacts, scope, ignore_diags, marginal, 0.15, lambda: marginal)


def suggest(contacts: Contacts, scope: Scope) -> LargerBins | None:
    """Return the bins that suit a map."""
    return bin_sizes(contacts, scope, 0).of_map


def test_no_bin_is_as_large_as_the_chromosomes() -> None:
    """In scope cis a chromosome of a few bins is hardly balanced; the genome still is."""
    short, long = scaffolds([20] * 60, 5, 0.1), scaffolds([600] * 2, 5, 0.1)
    for contacts, scope, times in (
        (short, Scope.CIS, None),
        (short, Scope.GENOME, 20),
        (long, Scope.CIS, 20),
        (scaffolds([600, *[20] * 20], 5, 0.1), Scope.CIS, 20),  # most contacts are on one
    ):
        size = suggest(contacts, scope)
        assert (None if size is None else size.times) == times
    result = cp.balance(short, "kr", mask=None, scope="cis")
    assert not result.status.balanced
    assert Remedy.MORE_CONTACTS in actions_of(result)
    assert Remedy.LEAVE_OUT not in actions_of(result)
    assert named_size(result) is None


@pytest.mark.parametrize(
    ("lengths", "dominant"),
    [
        ((300, 100, 100), True),
        ((320, 160, 160), True),
        ((200, 150, 150), False),
        ((200, 200), False),
        ((200, 190), True),
    ],
)
def test_a_dominant_chromosome_rules_out_equal_row_sums_between_chromosomes(
    lengths: tuple[int, ...], dominant: bool
) -> None:
    """Neither larger bins nor more contacts help, and neither is named."""
    settings = {"mask": None, "scope": "trans", "on_failure": "nan"}
    for per_bin in (20, 3000):
        result = cp.balance(scaffolds(lengths, per_bin, 0.5), "kr", **settings)
        facts = [fact for part in result.verdict.parts for fact in part.facts]
        if dominant:
            assert not result.status.balanced
            labels = [fact.label for fact in facts if isinstance(fact, DominantChromosome)]
            assert labels == ["s0"]
            assert not actions_of(result) & {Remedy.LARGER_BINS, Remedy.MORE_CONTACTS}
            assert named_size(result) is None
        else:
            assert result.status.balanced or Remedy.LARGER_BINS in actions_of(result)
            assert not any(isinstance(fact, DominantChromosome) for fact in facts)
    size = suggest(scaffolds(lengths, 20, 0.5), Scope.TRANS)
    assert (size is None) == dominant


def bipartite(mean: float) -> Contacts:
    """Return contacts of a chromosome with two others, which share none and have as many bins."""
    upper = np.zeros((80, 80), int)
    upper[:40, 40:] = np.random.default_rng(0).poisson(mean, (40, 40))
    rows, columns = np.nonzero(upper)
    pixels = rows.astype(np.int32), columns.astype(np.int32), upper[rows, columns]
    bins = BinTable.fixed(("a", "b", "c"), (400_000, 200_000, 200_000), 10_000)
    return Contacts.from_chunks(bins, [pixels], {})


@pytest.mark.parametrize("method", ["kr", "ice", "scale"])
def test_a_chromosome_as_large_as_others_that_share_no_contacts_is_no_obstacle(method: str) -> None:
    settings = {"mask": None, "scope": "trans", "on_failure": "nan", LIMITS[method]: 2}
    run = Run(bipartite(20), method, settings)
    (part,) = run.balance().verdict.parts
    assert not any(isinstance(fact, DominantChromosome) for fact in part.facts)
    assert Remedy.MORE_ITERATIONS in assert_every_remedy_works(run)


def test_a_dominant_chromosome_is_named_where_it_rules_out_larger_bins() -> None:
    """Weights are noisy, and one isolated bin is enough for them to be equal at this size."""
    contacts = scaffolds((100, 50, 50), 20, 0.8)
    result = cp.balance(contacts, "kr", mask=None, scope="trans", isolate_limit=0.2)
    assert result.status.balanced
    assert result.fitness is not Fitness.GOOD
    assert result.verdict.notes == (DominantChromosome("s0", 100, 200),)
    assert result.reason.startswith("s0 has 100 of the 200 bins with contacts between chromosomes")
    failed = cp.balance(contacts, "kr", mask=None, scope="trans", on_failure="nan")
    assert failed.verdict.notes == ()  # its part says it


def test_no_chromosome_is_named_where_row_sums_are_equal_without_isolated_bins() -> None:
    result = cp.balance(bipartite(0.8), "kr", mask=None, scope="trans", on_failure="nan")
    assert result.status.balanced
    assert result.fitness is not Fitness.GOOD
    assert result.verdict.notes == ()


def rough_counts(seed: int) -> NDArray[np.float64]:
    """Return a small map of random structure, with many contacts a bin."""
    rng = np.random.default_rng(seed)
    bins, density = int(rng.integers(12, 80)), rng.uniform(0.05, 0.4)
    largest = 10 ** int(rng.integers(1, 5))
    present = rng.random((bins, bins)) < density
    upper = np.triu(present * rng.integers(1, largest, (bins, bins)))
    matrix = upper + np.triu(upper, 1).T
    return np.asarray(matrix + np.diag(rng.integers(1, 5, bins)) if seed % 3 else matrix, float)


def test_a_deep_map_that_diverges_needs_no_more_contacts() -> None:
    matrix = rough_counts(14)
    assert np.median(matrix.sum(axis=0)) > 20_000
    copies = np.random.default_rng(0).choice([1.0, 2, 4], len(matrix))
    result = cp.balance(matrix, "kr", copy_number=copies)
    assert result.verdict.parts[0].cause == "diverged"
    assert actions_of(result) == {Remedy.DROP, Remedy.CHECK_COPY_NUMBERS}


def test_kr_is_not_named_for_components_with_copy_numbers() -> None:
    """It is not known whether weights exist; here kr finds none."""
    matrix = rough_counts(46)
    copies = np.random.default_rng(0).choice([1.0, 2, 4], len(matrix))
    result = cp.balance(matrix, "ice", copy_number=copies, on_failure="nan")
    assert result.verdict.parts[0].cause == "disconnected"
    assert not cp.balance(matrix, "kr", copy_number=copies).status.balanced
    assert not actions_of(result)


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("diagonals", [0, 2, 7])
@pytest.mark.parametrize("times", [1, 2, 5, 20])
def test_contacts_that_larger_bins_use(scope: Scope, diagonals: int, times: int) -> None:
    """The prediction is that of maps that are summed from each possible first bin."""
    contacts = thin(DEEP, 60)
    marginal = sum_contacts(contacts)
    sizes = bin_sizes(contacts, scope, diagonals)
    share = sizes._measure(0, len(marginal))[0].share(times)
    ids, offsets = contacts.bins.chromosome_ids, contacts.bins.offsets
    rows, columns = contacts.rows, contacts.columns.astype(np.int64)
    within = ids[rows] == ids[columns]
    shares = []
    for shift in range(times):
        apart = (columns - offsets[ids[columns]] + shift) // times
        apart -= (rows - offsets[ids[rows]] + shift) // times
        used = {
            Scope.GENOME: ~within | (apart >= diagonals),
            Scope.CIS: within & (apart >= diagonals),
            Scope.TRANS: ~within,
        }[scope]
        both = np.where(rows == columns, 1, 2)
        shares.append((contacts.counts * used * both).sum() / (contacts.counts * both).sum())
    assert share == pytest.approx(np.mean(shares), rel=1e-9)


def test_sizes_of_a_matrix_have_no_base_pairs() -> None:
    contacts = thin(DEEP, 10)
    matrix = contacts.full_matrix()
    by_map = cp.balance(contacts, "kr", mask=None, scope="genome", ignore_diags=0)
    by_matrix = cp.balance(matrix, "kr")
    (size,) = [each.larger for each in remedies_of(by_map)]
    assert size is not None
    assert size.size == 10_000 * size.times
    (unsized,) = [each.larger for each in remedies_of(by_matrix)]
    assert unsized is not None
    assert unsized.size is None
    assert f"bins about {unsized.times} times as large" in by_matrix.reason


def test_noisy_weights_come_with_the_size_of_bins_that_is_needed() -> None:
    result = cp.balance(thin(DEEP, 40), "ice", mask=None)
    assert result.fitness is Fitness.CAUTION
    size = named_size(result)
    assert size is not None
    words = f"Bins of about {10 * size.times} kb ({size.times} times as large) are expected to be "
    assert result.reason.startswith(words)
    assert (
        cp.balance(sum_bins(thin(DEEP, 40), size.times), "ice", mask=None).fitness is Fitness.GOOD
    )
    assert named_size(cp.balance(DEEP, "ice")) is None


def test_the_size_that_is_named_on_real_maps(shared_data: Path) -> None:
    """Maps are fit for use at the size that is named, or at the next one.

    If only the record differs: ``python -m benchmarks.larger_bins``.
    """
    cases = larger_bins.measure(shared_data)
    steps = larger_bins.count_steps(cases)
    assert len(cases) >= 36
    assert set(steps) <= set(larger_bins.OUTCOMES)
    assert steps[0] >= 0.75 * len(cases)
    assert steps[-1] + steps[None] <= 0.1 * len(cases)
    assert cases == load("larger_bins")["cases"]


def test_the_page_shows_the_record() -> None:
    table = wrap_prose(larger_bins.render(load("larger_bins")["cases"]).rstrip())
    page = larger_bins.PAGE.read_text(encoding="utf-8")
    assert f"<!-- larger bins -->\n{table}\n<!-- end of larger bins -->" in page
