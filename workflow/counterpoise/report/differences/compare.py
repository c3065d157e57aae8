"""Compare the runs of two folders of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from counterpoise.contacts.contact_map import ContactMap
from counterpoise.records.fitness import Fitness
from counterpoise.report.differences.decay import (
    MOST_CONTACTS,
    DecayChange,
    class_edges,
    compare_decays,
    measure_decays,
)
from counterpoise.report.differences.folder import Place, ResultFolder
from counterpoise.report.differences.masks import MaskChange, compare_masks
from counterpoise.report.differences.settings import SettingChange, list_changes
from counterpoise.report.differences.weights import WeightFigures, compare_weights
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import open_map

OTHER_BINS = "other bins"  # why weights cannot be compared


class Kind(StrEnum):
    """How the two results of a run compare; the largest difference first."""

    ONLY_A = "only_a"
    ONLY_B = "only_b"
    CHANGED = "changed"
    SAME = "same"
    NO_RESULT = "no_result"


@dataclass(frozen=True)
class RunDifference:
    """A run in two folders of results.

    Attributes
    ----------
    place : tuple
        Sample, resolution and method.
    a, b : ResultFolder
        The folders.
    kind : Kind
        Whether the run has a result in both, and whether it changed.
    weights : WeightFigures or None
        Change of the weights; None without a result in both, or with other bins.
    mask : MaskChange or None
        Change of the mask; None where the weights have none, or without both files.
    decay : DecayChange or None
        Change of P(s); None if nothing changed or the contacts were not read.
    is_newer : bool
        Whether a result is newer than the ``summary.tsv`` of its folder.
    """

    place: Place
    a: ResultFolder
    b: ResultFolder
    kind: Kind
    weights: WeightFigures | None = None
    mask: MaskChange | None = None
    decay: DecayChange | None = None
    is_newer: bool = False

    def text(self, column: str) -> tuple[str, str]:
        """Return the texts of a column of ``summary.tsv`` in A and B; empty where unknown."""
        return (
            self.a.rows.get(self.place, {}).get(column, ""),
            self.b.rows.get(self.place, {}).get(column, ""),
        )

    def number(self, column: str) -> tuple[float | None, float | None]:
        """Return the numbers of a column of ``summary.tsv`` in A and B."""
        return self.a.number(self.place, column), self.b.number(self.place, column)

    @property
    def has_other_fitness(self) -> bool:
        """Whether both have a result, with another fitness."""
        a, b = self.text("fitness")
        return bool(a and b) and a != b

    @property
    def is_worse(self) -> bool:
        """Whether the fitness is worse in B."""
        order = [each.value for each in Fitness]
        a, b = self.text("fitness")
        return self.has_other_fitness and order.index(b) > order.index(a)

    @property
    def note(self) -> str:
        """Why there is less to compare; empty where there is a result in both, with one table."""
        if self.kind in (Kind.ONLY_A, Kind.ONLY_B):
            other = self.b if self.kind is Kind.ONLY_A else self.a
            return other.missing_reason(self.place) or "no such run"
        return OTHER_BINS if self.kind is Kind.CHANGED and self.weights is None else ""

    @property
    def order(self) -> tuple[Any, ...]:
        """A key that sorts runs, the largest change first."""
        moved = self.weights.moved_share if self.weights else 0.0
        rms = (self.weights.rms or 0.0) if self.weights else 0.0
        other_bins = self.kind is Kind.CHANGED and self.weights is None
        place = list(Kind).index(self.kind)
        return (place, not other_bins, not self.has_other_fitness, -moved, -rms)


@dataclass(frozen=True)
class Differences:
    """The differences between two folders of results.

    Attributes
    ----------
    a, b : ResultFolder
        The folders.
    runs : list of RunDifference
        One for each run of either, the largest change first.
    settings : list of SettingChange
        Settings, versions and inputs that differ.
    """

    a: ResultFolder
    b: ResultFolder
    runs: list[RunDifference]
    settings: list[SettingChange]

    def of_kind(self, *kinds: Kind) -> list[RunDifference]:
        """Return the runs of some kinds."""
        return [run for run in self.runs if run.kind in kinds]

    @property
    def differing(self) -> list[RunDifference]:
        """Runs that changed, or that have a result in one folder only."""
        return self.of_kind(Kind.ONLY_A, Kind.ONLY_B, Kind.CHANGED)

    @property
    def is_none(self) -> bool:
        """Whether all runs are the same; settings and versions may differ."""
        return not self.differing


def compare_folders(
    a: ResultFolder, b: ResultFolder, most_contacts: int = MOST_CONTACTS
) -> Differences:
    """Compare two folders of results.

    Parameters
    ----------
    a, b : ResultFolder
        The folders.
    most_contacts : int
        Number of contacts to read for P(s), times the runs that they are balanced for. The runs
        with the largest changes come first.

    Returns
    -------
    Differences
        What differs.
    """
    runs, verdicts = [], []
    for place in {**a.rows, **b.rows}:
        if a.has_result(place) and b.has_result(place):
            pair = a.read_verdict(place), b.read_verdict(place)
            verdicts.append((place[2], *pair))
            runs.append(_compare_run(place, a, b, pair))
        else:
            runs.append(RunDifference(place, a, b, _incomplete_kind(place, a, b)))
    runs.sort(key=lambda run: run.order)
    return Differences(a, b, _add_decays(runs, most_contacts), list_changes(verdicts))


def _incomplete_kind(place: Place, a: ResultFolder, b: ResultFolder) -> Kind:
    """Return the kind of a run that does not have a result in both folders."""
    if a.has_result(place):
        return Kind.ONLY_A
    return Kind.ONLY_B if b.has_result(place) else Kind.NO_RESULT


def _compare_run(
    place: Place, a: ResultFolder, b: ResultFolder, verdicts: tuple[dict[str, Any], dict[str, Any]]
) -> RunDifference:
    """Compare a run that has a result in both folders."""
    change = compare_weights(a.read_weights(place), b.read_weights(place), verdicts)
    weights = None if change is None else change.figures()
    masks = [folder.paths.mask(*place[:2]) for folder in (a, b)]
    mask = compare_masks(masks[0], masks[1]) if weights else None
    is_newer = any(
        folder.is_newer_than_summary(place, verdict)
        for folder, verdict in zip((a, b), verdicts, strict=True)
    )
    run = RunDifference(place, a, b, Kind.CHANGED, weights, mask, is_newer=is_newer)
    texts = [run.text(column) for column in ("fitness", "status")]
    is_same = (
        weights is not None
        and weights.is_same
        and (mask is None or mask.is_same)
        and all(one == other for one, other in texts)
    )
    return replace(run, kind=Kind.SAME) if is_same else run


def _add_decays(runs: Sequence[RunDifference], most_contacts: int) -> list[RunDifference]:
    """Add the change of P(s) to the runs whose weights changed, each map being read once."""
    by_map: dict[tuple[str, int], list[int]] = {}
    for number, run in enumerate(runs):
        if run.weights is not None and not run.weights.is_same:
            by_map.setdefault(run.place[:2], []).append(number)
    result, left = list(runs), most_contacts
    for place, numbers in by_map.items():
        files = [folder.paths.map_files(*place) for folder in (runs[0].a, runs[0].b)]
        if not all(Path(path).is_file() for each in files for path in each):
            continue
        maps = [open_map(each) for each in files]
        left -= sum(each.nnz for each in maps) * len(numbers)
        if left < 0:
            break
        for number, decay in zip(
            numbers, _compare_map(files, maps, [runs[k] for k in numbers]), strict=True
        ):
            result[number] = replace(result[number], decay=decay)
    return result


def _compare_map(
    files: Sequence[MapFiles], maps: Sequence[ContactMap], runs: Sequence[RunDifference]
) -> list[DecayChange]:
    """Compare P(s) of the runs of a map; the two folders may share its contacts."""
    ignored = [_ignored_diagonals(run) for run in runs]
    edges = class_edges(maps[0].bins)
    weights = [[side.read_weights(run.place).weights for run in runs] for side in _sides(runs[0])]
    if files[0] == files[1]:
        both = measure_decays(maps[0], [*weights[0], *weights[1]], [*ignored, *ignored], edges)
        decays = [both[: len(runs)], both[len(runs) :]]
    else:
        decays = [
            measure_decays(each, vectors, ignored, edges)
            for each, vectors in zip(maps, weights, strict=True)
        ]
    size = runs[0].place[1]
    return [compare_decays(one, other, edges, size) for one, other in zip(*decays, strict=True)]


def _sides(run: RunDifference) -> tuple[ResultFolder, ResultFolder]:
    """Return the two folders."""
    return run.a, run.b


def _ignored_diagonals(run: RunDifference) -> int:
    """Return the number of diagonals that are left out: the main one, and those of the methods."""
    verdicts = [side.read_verdict(run.place) for side in _sides(run)]
    return max(1, *(int(each.get("settings", {}).get("ignore_diags") or 0) for each in verdicts))
