"""Whether the columns of a file's levels belong together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isnan

import numpy as np
from numpy.typing import NDArray

from counterpoise.columns.judge import ColumnVerdict
from counterpoise.columns.readers import Convention
from counterpoise.columns.stored import StoredLevel
from counterpoise.contacts.positive import positive_or_nan

# Correlation of the logarithms of biases below which two levels do not belong together.
LEAST_AGREEMENT = 0.5
FEWEST_BINS = 10


def level_agreement(
    fine: StoredLevel, coarse: StoredLevel, name: str, convention: Convention
) -> float | None:
    """Return how well a column of one level agrees with that of a finer one.

    Parameters
    ----------
    fine, coarse : StoredLevel
        The levels.
    name : str
        A column of both.
    convention : Convention
        What it is in both.

    Returns
    -------
    float or None
        Correlation, over the coarse bins, of the logarithm of the bias with that of the mean bias
        of the fine bins inside; None for fewer than ten bins.
    """
    bias = _bias(fine.columns[name], convention)
    bins, coarse_bins = fine.contacts.bins, coarse.contacts.bins
    # The coarse bin of each fine one, by its start on its chromosome.
    size = int((coarse_bins.end - coarse_bins.start).max(initial=1))
    offsets = coarse_bins.offsets[:-1][bins.chromosome_ids]
    target = np.minimum(offsets + bins.start // size, len(coarse_bins) - 1)
    known = np.isfinite(bias)
    sums, numbers = (
        np.bincount(target[known], weights, minlength=len(coarse_bins))
        for weights in (bias[known], np.ones(np.count_nonzero(known)))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        pair = np.log(np.stack([sums / numbers, _bias(coarse.columns[name], convention)]))
    pair = pair[:, np.isfinite(pair).all(axis=0)]
    if pair.shape[1] < FEWEST_BINS:
        return None
    correlation = float(np.corrcoef(pair)[0, 1])
    return None if isnan(correlation) else correlation


def _bias(values: NDArray[np.float64], convention: Convention) -> NDArray[np.float64]:
    """Return the bias that a weight removes; NaN for none."""
    weights = positive_or_nan(values)
    return weights if convention is Convention.DIVISIVE else 1 / weights


def faults_between_levels(
    verdicts: Sequence[tuple[StoredLevel, Sequence[ColumnVerdict]]],
) -> list[str]:
    """Return how the levels of a file contradict each other.

    Parameters
    ----------
    verdicts : sequence of pairs
        Each level with the verdicts on its columns, the coarsest first.

    Returns
    -------
    list of str
        One sentence for each fault.
    """
    faults = []
    missing: dict[str, list[str]] = {}
    names = dict.fromkeys(verdict.name for _, columns in verdicts for verdict in columns)
    for name in names:
        found = [(level, by_name[name]) for level, by_name in _by_name(verdicts) if name in by_name]
        if len(found) < len(verdicts):
            present = [level.uri for level, _ in found]
            lacking = [level.uri for level, _ in verdicts if level.uri not in present]
            missing.setdefault(", ".join(lacking), []).append(name)
        for (coarse, one), (fine, other) in pairwise(found):
            faults += _faults_of_pair(coarse, one, fine, other)
    return [f"{', '.join(names)}: not in {levels}." for levels, names in missing.items()] + faults


def _by_name(
    verdicts: Sequence[tuple[StoredLevel, Sequence[ColumnVerdict]]],
) -> list[tuple[StoredLevel, dict[str, ColumnVerdict]]]:
    """Return the verdicts of each level by name."""
    return [(level, {each.name: each for each in columns}) for level, columns in verdicts]


def _faults_of_pair(
    coarse: StoredLevel, one: ColumnVerdict, fine: StoredLevel, other: ColumnVerdict
) -> list[str]:
    """Return how a column of two neighbouring levels differs."""
    where = f"{one.name} of {coarse.uri} and of {fine.uri}"
    if one.convention is None or other.convention is None:
        return []
    if one.convention is not other.convention:
        return [f"{where} have different conventions ({one.convention}, {other.convention})."]
    if one.scope is not other.scope:
        return [f"{where} balance different contacts ({one.scope}, {other.scope})."]
    agreement = level_agreement(fine, coarse, one.name, one.convention)
    if agreement is None or agreement >= LEAST_AGREEMENT:
        return []
    return [f"{where} do not belong together: their biases correlate by {agreement:.2f}."]
