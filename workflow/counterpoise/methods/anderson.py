"""Anderson acceleration: steps of a fixed point that learn from the steps before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.backends.vectors import Vector, to_floats

# Changes between steps that are remembered.
MEMORY = 5
# Largest change of log u in a step.
LARGEST_STEP = 1.0
# A residual that is this many times the best so far leads back to the best point.
RETREAT = 3.0
# Combinations of changes whose eigenvalue is a smaller share of the largest are rounding.
NEGLIGIBLE = 1e-12


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
        self._best_size = float("inf")
        self._residual_changes: list[Vector] = []
        self._changes: list[Vector] = []  # of x + f
        self._gram: NDArray[np.float64] = np.empty((0, 0))  # of the residual changes

    def __call__(self, u: Vector, quantity: Vector) -> Vector:
        """Return the next u.

        Parameters
        ----------
        u : Vector
            float64 [bins]; what this returned last, except for the first call.
        quantity : Vector
            float64 [bins], the quantity that is one at the solution.
        """
        xp = self.xp
        x = xp.log(u) if self._x is None else self._x
        f = xp.log(quantity) * -self.power
        self._add_change(x, f)
        size, projections = self._measure(f)
        if self._best is not None and not size <= RETREAT * self._best_size:
            following = self._best[0] + self._best[1]
            self._residual_changes, self._changes = [], []
            self._last, self._best_size = None, float("inf")
        else:
            following = self._combine(f, projections)
            following += x
            self._last = (x, f)
            if size < self._best_size:
                self._best, self._best_size = (x, f), size
        self._x = following
        return xp.exp(following)

    def _add_change(self, x: Vector, f: Vector) -> None:
        """Remember how the last step changed the residual; the oldest change is forgotten."""
        if self._last is None:  # no step, or one that did not begin at the last point
            return
        old_x, old_f = self._last
        residual_change = f - old_f
        change = x - old_x
        change += residual_change
        self._residual_changes = [*self._residual_changes, residual_change][-MEMORY:]
        self._changes = [*self._changes, change][-MEMORY:]

    def _measure(self, f: Vector) -> tuple[float, NDArray[np.float64]]:
        """Return the RMS of f, and its products with the changes; complete the Gram matrix."""
        changes = self._residual_changes
        pairs = [(f, f), *((change, f) for change in changes)]
        pairs += [(change, changes[-1]) for change in changes]
        scratch = self.xp.empty_like(f)
        sums = to_floats(*(self.xp.multiply(a, b, out=scratch).sum() for a, b in pairs))
        steps = len(changes)
        gram = np.empty((steps, steps))
        if steps:
            known = min(steps - 1, len(self._gram))
            gram[:known, :known] = self._gram[-known:, -known:] if known else 0
            gram[:, -1] = gram[-1, :] = sums[1 + steps :]
        self._gram = gram
        return (sums[0] / len(f)) ** 0.5, np.array(sums[1 : 1 + steps])

    def _combine(self, f: Vector, projections: NDArray[np.float64]) -> Vector:
        """Return the step: f less the combination of changes that makes the residual least."""
        xp = self.xp
        step, scratch = f * 1.0, xp.empty_like(f)  # new vectors are slower than the arithmetic
        for change, weight in zip(self._changes, self._weights(projections), strict=True):
            step -= xp.multiply(change, float(weight), out=scratch)
        step /= xp.clip(xp.amax(xp.abs(step, out=scratch)) / LARGEST_STEP, 1, None)
        return step

    def _weights(self, projections: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights of the changes, float64 [steps]; zero where sums are not finite."""
        scale = np.sqrt(np.diag(self._gram))
        scale[~(scale > 0)] = 1
        gram, right = self._gram / np.outer(scale, scale), projections / scale
        if not (np.isfinite(gram).all() and np.isfinite(right).all()):
            return np.zeros(len(projections))
        values, vectors = np.linalg.eigh(gram)
        kept = values > NEGLIGIBLE * values[-1:]
        inverse = np.divide(1, values, out=np.zeros_like(values), where=kept)
        along = (vectors * right[:, None]).sum(0) * inverse
        return np.asarray((vectors * along).sum(1) / scale)
