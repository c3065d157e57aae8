"""Choose the strength of a prior by the expected excess of the weights.

The bias of other maps is used to the power alpha, from 0 (not at all) up. A prior that says nothing
about a map makes its weights worse the further it is trusted, and one that says everything makes
them better, so alpha is learned from the map: for each of a few strengths the bandwidth is chosen
again and the expected unevenness of new contacts estimated. At 1 the map has all of the prior's
bias. A pool of shallow samples shows less than their bias, since the weights of each are drawn to
its curve; there alpha is above 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from counterpoise.backends.vectors import Vector, to_numpy
from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.errors import ConfigError
from counterpoise.methods.base import PriorRating, Problem
from counterpoise.methods.kernel.along_prior import fill_prior, make_smoother, smooth_signed
from counterpoise.methods.kernel.analytic import AnalyticSearch, Trial
from counterpoise.methods.kernel.estimator import Estimator
from counterpoise.methods.kernel.search import list_bandwidths
from counterpoise.methods.kernel.settings import AUTO_BANDWIDTH, KernelSettings

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


def rate_by(estimator: Estimator) -> Callable[[Problem, Any], PriorRating | None]:
    """Return the function by which a kernel method rates the strengths of a prior.

    Parameters
    ----------
    estimator : Estimator
        The method.
    """

    def rate(problem: Problem, settings: KernelSettings) -> PriorRating | None:
        if not problem.holds_counts:
            raise ConfigError(
                "leave the prior out, or give the raw map: how far it applies cannot be learned, "
                "since the values are not whole numbers and their counting noise is unknown."
            )
        assert problem.prior is not None
        has_prior = np.isfinite(problem.prior.log_bias).any()
        if not has_prior or problem.operator.size < 2 or not (problem.marginal > 0).any():
            return None
        return _rate(problem, estimator, settings)

    return rate


def _rate(problem: Problem, estimator: Estimator, settings: KernelSettings) -> PriorRating | None:
    """Try all strengths; None where one of them has no score."""
    assert problem.prior is not None
    trials, information, profiles = [], [], None
    for strength in STRENGTHS:
        prior = replace(problem.prior, strength=strength)
        along = replace(problem, prior=prior)
        search = AnalyticSearch(along, estimator, settings, _bandwidths(along, settings), profiles)
        best = search.run()
        if best not in search.trials:
            return None
        trial = search.trials[best]
        profiles = search.profiles
        trials.append(trial)
        information.append(_information(along, estimator, settings, search.bandwidths[best], trial))
    noise = np.array([trial.estimate.noise for trial in trials])
    sums = np.array([trial.estimate.row_sums for trial in trials])
    squares = [
        [float((np.minimum(v, w) * (r - s) ** 2).sum()) for v, r in zip(noise, sums, strict=True)]
        for w, s in zip(noise, sums, strict=True)
    ]
    return PriorRating(
        bins=problem.operator.size,
        excess=np.array([trial.estimate.excess.value for trial in trials]),
        squares=np.array(squares),
        information=np.array(information),
    )


def _bandwidths(problem: Problem, settings: KernelSettings) -> list[Bandwidth]:
    """Return the bandwidths to try: the given one, or all candidates."""
    if settings.bandwidth == AUTO_BANDWIDTH:
        return list_bandwidths(problem.chromosomes(), settings)
    return [Bandwidth.from_setting(float(settings.bandwidth))]


def _information(
    problem: Problem,
    estimator: Estimator,
    settings: KernelSettings,
    bandwidth: Bandwidth,
    trial: Trial,
) -> float:
    """Return how much a solution tells about the strength: the inverse variance of alpha.

    The strength is the slope of the bins' deviations from the curve on those of the prior, z.
    """
    assert estimator.precision is not None
    assert problem.prior is not None
    operator, chromosomes = problem.operator, problem.chromosomes()
    xp, log_bias, u = operator.xp, problem.prior.log_bias, trial.u
    mean = float(problem.marginal.sum() / operator.size)
    plain = make_smoother(settings, chromosomes, bandwidth, u, xp)
    smoother = make_smoother(settings, chromosomes, bandwidth, u, xp, problem.prior)
    logs: Vector = fill_prior(plain, log_bias, u, xp)
    deviation = logs - smooth_signed(plain, logs)
    precision = estimator.precision(operator, smoother, u, mean, settings)
    by_bin = to_numpy(precision * deviation**2)
    return float(by_bin[np.isfinite(log_bias)].sum())
