"""Anderson acceleration: steps of a fixed point that learn from the steps before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector, like, to_numpy

# Changes between steps that are remembered.
MEMORY = 5
# Largest change of log u in a step.
LARGEST_STEP = 1.0
# A residual that is this many times the best so far leads back to the best point.
RETREAT = 3.0
# Combinations of changes whose eigenvalue is a smaller share of the largest are rounding; where
# several vectors iterate side by side, their tolerances are wider.
NEGLIGIBLE = 1e-12
NEGLIGIBLE_SIDE_BY_SIDE = 1e-10


class Anderson:
    """The update u <- u / quantity ** power, accelerated.

    In x = log u the plain step adds the residual f = -power log(quantity). The accelerated step
    assumes that f is linear. It combines the changes of the last steps so that the residual is
    least (Anderson's method, type II). Sums run in a fixed order, so that the same map gives the
    same bits.

    Parameters
    ----------
    power : float
        Power of the plain step.
    xp : module
        numpy or torch.

    Notes
    -----
    After a step that made the residual three times the best so far, u returns to the best point,
    makes a plain step and forgets the others. On maps with support but no total support the
    residual falls although the weights diverge, as it does for KR; the caller measures their span.

    References
    ----------
    Walker & Ni (2011), Anderson acceleration for fixed-point iterations, SIAM J. Numer. Anal. 49.
    """

    def __init__(self, power: float, xp: Any) -> None:
        self.power, self.xp = power, xp
        self._x: Vector = None  # log of the u that was returned last
        self._last: tuple[Vector, Vector] | None = None  # x and f of the step before
        self._best: tuple[Vector, Vector] | None = None
        self._best_size: NDArray[np.float64] = np.empty(0)
        self._residual_changes: list[Vector] = []
        self._changes: list[Vector] = []  # of x + f
        self._gram: NDArray[np.float64] = np.empty((0, 0, 0))  # [columns, steps, steps]
        self._restarted: NDArray[np.bool_] = np.empty(0, bool)

    def __call__(self, u: Vector, quantity: Vector) -> Vector:
        """Return the next u.

        Parameters
        ----------
        u : Vector
            float64 [bins] or [bins, columns]; what this returned last, except for the first call.
        quantity : Vector
            The quantity that is one at the solution, of the same shape.
        """
        xp = self.xp
        x = xp.log(u) if self._x is None else self._x
        f = xp.log(quantity) * -self.power
        self._add_change(x, f)
        size, projections = self._measure(f)
        if self._best is None:
            self._best, self._best_size = (x, f), size
            self._restarted = np.zeros(len(size), bool)
        away = ~(size <= RETREAT * self._best_size)
        step, scratch = f * 1.0, xp.empty_like(f)  # new vectors are slower than the arithmetic
        for change, weight in zip(self._changes, self._weights(projections), strict=True):
            step -= xp.multiply(change, self._values(weight, step), out=scratch)
        step /= xp.clip(xp.amax(xp.abs(step, out=scratch), 0) / LARGEST_STEP, 1, None)
        following = step
        following += x
        if away.any():
            following = self._retreat(away, following)
        self._keep_best(x, f, size, away)
        self._last, self._restarted, self._x = (x, f), away, following
        return xp.exp(following)

    def select(self, columns: Sequence[int]) -> None:
        """Go on with some of the columns.

        Parameters
        ----------
        columns : sequence of int
            Their numbers, ascending.
        """
        if self._x is None or len(columns) == len(self._best_size):
            return
        chosen = list(columns)

        def pick(pair: tuple[Vector, Vector] | None) -> tuple[Vector, Vector] | None:
            return None if pair is None else (pair[0][:, chosen], pair[1][:, chosen])

        self._x = self._x[:, chosen]
        self._last, self._best = pick(self._last), pick(self._best)
        self._residual_changes = [change[:, chosen] for change in self._residual_changes]
        self._changes = [change[:, chosen] for change in self._changes]
        self._gram = self._gram[chosen] if self._changes else self._gram
        self._restarted = self._restarted[chosen]
        self._best_size = self._best_size[chosen]

    def _add_change(self, x: Vector, f: Vector) -> None:
        """Remember how the last step changed the residual; the oldest change is forgotten."""
        if self._last is None:
            return
        old_x, old_f = self._last
        residual_change = f - old_f
        change = x - old_x
        change += residual_change
        if self._restarted.all():  # the step did not begin at the last point
            return
        residual_change = self._choose(self._restarted, 0, residual_change)
        change = self._choose(self._restarted, 0, change)
        self._residual_changes = [*self._residual_changes, residual_change][-MEMORY:]
        self._changes = [*self._changes, change][-MEMORY:]

    def _measure(self, f: Vector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the RMS of f, and its products with the changes; complete the Gram matrix."""
        changes = self._residual_changes
        pairs = [(f, f), *((change, f) for change in changes)]
        pairs += [(change, changes[-1]) for change in changes]
        scratch = self.xp.empty_like(f)
        products = [self.xp.multiply(a, b, out=scratch).sum(0) for a, b in pairs]
        sums = to_numpy(self.xp.stack(products))
        sums = sums.reshape(len(pairs), -1).T
        steps = len(changes)
        if steps:
            gram = np.empty((len(sums), steps, steps))
            known = min(steps - 1, self._gram.shape[1])
            gram[:, :known, :known] = self._gram[:, -known:, -known:] if known else 0
            gram[:, :, -1] = gram[:, -1, :] = sums[:, 1 + steps :]
            self._gram = gram
        return np.sqrt(sums[:, 0] / len(f)), sums[:, 1 : 1 + steps]

    def _weights(self, projections: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights [steps, columns] of the changes that make the residual smallest."""
        if not self._changes:
            return np.empty((0, len(projections)))
        scale = np.sqrt(np.einsum("kii->ki", self._gram))
        scale[~(scale > 0)] = 1
        gram = self._gram / (scale[:, :, None] * scale[:, None, :])
        usable = np.isfinite(gram).all((1, 2)) & np.isfinite(projections).all(1)
        gram[~usable] = 0
        values, vectors = np.linalg.eigh(gram)
        cutoff = NEGLIGIBLE if len(gram) == 1 else NEGLIGIBLE_SIDE_BY_SIDE
        kept = values > cutoff * values[:, -1:]
        inverse = np.divide(1, values, out=np.zeros_like(values), where=kept)
        right = np.where(usable[:, None], projections / scale, 0)
        along = (vectors * right[:, :, None]).sum(1) * inverse
        weights: NDArray[np.float64] = (vectors * along[:, None, :]).sum(2) / scale
        return weights.T

    def _retreat(self, away: NDArray[np.bool_], following: Vector) -> Vector:
        """Return to the best point plus a plain step in some columns; forget their changes."""
        assert self._best is not None
        if away.all():
            self._residual_changes, self._changes = [], []
        self._residual_changes = [self._choose(away, 0, each) for each in self._residual_changes]
        self._changes = [self._choose(away, 0, each) for each in self._changes]
        self._gram[away] = 0
        return self._choose(away, self._best[0] + self._best[1], following)

    def _keep_best(
        self, x: Vector, f: Vector, size: NDArray[np.float64], away: NDArray[np.bool_]
    ) -> None:
        """Remember the point with the smallest residual since the last return to one."""
        assert self._best is not None
        better = size < self._best_size
        self._best = (
            self._choose(better, x, self._best[0]),
            self._choose(better, f, self._best[1]),
        )
        self._best_size = np.where(away, np.inf, np.minimum(size, self._best_size))

    def _choose(self, chosen: NDArray[np.bool_], these: Any, those: Any) -> Any:
        """Return some columns from one vector and the others from another."""
        if chosen.all() or not chosen.any():
            return these if chosen.all() else those
        return self.xp.where(like(chosen, those), these, those)

    def _values(self, values: NDArray[np.float64], vector: Vector) -> Any:
        """Return numbers [columns] as factors of a vector."""
        return float(values[0]) if vector.ndim == 1 else like(values, vector)
