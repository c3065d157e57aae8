"""Balance a contact map that is open: the entry of the package's core.

``balance`` resolves what the caller asks for; ``counterpoise.balancing.run`` balances with one
method, and ``counterpoise.balancing.choosing`` with the best of several.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from counterpoise.backends import AUTO
from counterpoise.balancing.applied_weights import AppliedWeights
from counterpoise.balancing.choosing import balance_with_best
from counterpoise.balancing.copy_number import CopyNumber
from counterpoise.balancing.foreign_arguments import hint_at
from counterpoise.balancing.prior import Prior
from counterpoise.balancing.result import Balance
from counterpoise.balancing.run import Request, balance_with
from counterpoise.contacts.bins import pluralise
from counterpoise.contacts.contact_map import (
    ContactMap,
    Contacts,
    StoredContacts,
    describe_type,
    drop_zeros,
    is_from_matrix,
    plain_number,
)
from counterpoise.errors import ConfigError, NotBalancedError
from counterpoise.mask import (
    DEFAULT_MASK,
    Mask,
    MaskOptions,
    MaskSettings,
    mask_bins,
    sum_contacts,
)
from counterpoise.methods import check_follows_copy_number, check_separate_regions, methods
from counterpoise.methods.base import Method, MethodSettings, OnFailure
from counterpoise.process import peak_memory_mb
from counterpoise.records.fitness import FitnessSettings, make_fitness_settings
from counterpoise.records.verdict import Status

MaskLike = Mask | MaskOptions | NDArray[np.bool_]
CopyNumberLike = CopyNumber | ArrayLike


def balance(
    contacts: Any,
    method: str = "kr",
    *,
    mask: MaskLike = DEFAULT_MASK,
    backend: str = AUTO,
    device: str | None = None,
    threads: int | None = None,
    name: str | None = None,
    mask_record: dict[str, Any] | None = None,
    progress: Callable[[str], None] = lambda message: None,
    fitness: FitnessSettings | dict[str, Any] | None = None,
    prior: Prior | None = None,
    applied: AppliedWeights | None = None,
    copy_number: CopyNumberLike | None = None,
    regions: Sequence[Sequence[int]] | None = None,
    beyond_regions: NDArray[np.bool_] | None = None,
    **settings: Any,
) -> Balance:
    """Balance a contact map that is open: `counterpoise.balance` also opens files.

    Parameters
    ----------
    contacts : ContactMap, sparse matrix or array_like
        The raw map. A scipy sparse or dense matrix is taken as `Contacts.from_matrix` takes it,
        with all diagonals unless ``ignore_diags`` says otherwise.
    method, mask, backend, device, threads, name, mask_record, progress, fitness, prior : various
        As for `counterpoise.balance`.
    applied : AppliedWeights, optional
        Weights of another map, which this one gets as they are, apart from their scale. The method
        is not run; it says which contacts count and what the target is.
    copy_number : CopyNumber, array_like of float, shape (bins,), or None
        As for `counterpoise.balance`, but no path.
    regions : sequence of pairs of int, optional
        First bin and end (exclusive) of each region that is balanced separately, in order; a `Mask`
        or its settings hold them already.
    beyond_regions : ndarray of bool, shape (bins,), optional
        `Mask.beyond_regions` of a mask that is given as an array; a `Mask` or its settings hold
        them already. These bins need no weights.
    **settings : various
        The method's own.

    Returns
    -------
    Balance

    Raises
    ------
    ConfigError
        If the method or a setting is unknown, a value is out of range, the prior or the copy
        numbers are not those of this map, or the method does not take them.
    NotBalancedError
        If the map is not balanced and ``on_failure`` is ``stop``.
    """
    begin = time.perf_counter()
    chosen = _find_method(method)
    contacts, mask, settings = _take_matrix(contacts, mask, settings)
    contacts = drop_zeros(contacts)
    resolved = make_settings(chosen, settings)
    if threads is not None and (not isinstance(threads, Integral) or threads < 1):
        raise ConfigError(f"threads is {threads!r}; it must be a whole number from 1 up.")
    if prior is not None:
        _require_prior(prior, chosen, contacts)
    if applied is not None:
        _require_weights(applied, chosen, contacts)
    if copy_number is not None:
        check_follows_copy_number(method)
    mask = _choose_default(contacts, mask)
    kept, marginal, mask_summary = _resolve_mask(contacts, mask)
    if beyond_regions is not None:
        marginal[beyond_regions] = 0
    regions = regions or mask_summary.get("regions")
    if regions:
        check_separate_regions(method, resolved.scope, prior is not None)
    request = Request(
        contacts,
        kept,
        marginal,
        mask_record or mask_summary,
        name or method,
        backend,
        device,
        threads,
        progress,
        make_fitness_settings(fitness),
        prior,
        applied,
        None if copy_number is None else CopyNumber.of(copy_number, len(contacts.bins)),
        regions,
    )
    run = balance_with_best if chosen.candidates else balance_with
    result = run(request, chosen, resolved)
    return _finish(result, resolved, time.perf_counter() - begin)


def _finish(result: Balance, settings: MethodSettings, seconds: float) -> Balance:
    """Add time and memory to the verdict, and refuse a map that is not balanced if it must be."""
    run = {"seconds": round(seconds, 3), "peak_memory_mb": round(peak_memory_mb(), 1)}
    verdict = replace(result.verdict, run=run)
    usable = verdict.status.balanced or verdict.status is Status.EMPTY
    if settings.on_failure == OnFailure.STOP and not usable:
        raise NotBalancedError(f"{verdict.name} ({verdict.status.value}): {verdict.reason}")
    return replace(result, verdict=verdict)


def make_settings(method: Method, settings: dict[str, Any]) -> MethodSettings:
    """Return the method's settings.

    Parameters
    ----------
    method : Method
        The method.
    settings : dict
        The settings that differ from its defaults.

    Raises
    ------
    ConfigError
        If the method has no setting of a name, or a value is out of range. For an argument of
        another program the message says what it is here.
    """
    names = {field.name for field in fields(method.settings)}
    unknown = sorted(set(settings) - names)
    if unknown:
        hints = {key: hint_at(key, settings[key], method.name, names) for key in unknown}
        if all(hints.values()):
            raise ConfigError(
                " ".join(f"{method.name} has no setting {key!r}: {hints[key]}" for key in unknown)
            )
        unknown = [key for key in unknown if not hints[key]]
        raise ConfigError(
            f"{method.name} has no setting {unknown[0]!r}; it has {', '.join(sorted(names))}."
        )
    return method.settings(**{name: plain_number(value) for name, value in settings.items()})


def _take_matrix(
    contacts: Any, mask: MaskLike, settings: dict[str, Any]
) -> tuple[ContactMap, MaskLike, dict[str, Any]]:
    """Return the map, the mask and the settings; of a matrix, all diagonals count by default."""
    if isinstance(contacts, Contacts | StoredContacts):
        return contacts, mask, settings
    if isinstance(mask, dict):
        mask = {"ignore_diags": 0, **mask}
    return Contacts.from_matrix(contacts), mask, {"ignore_diags": 0, **settings}


def _find_method(name: str) -> Method:
    """Return a method by its name."""
    if name not in methods():
        raise ConfigError(f"there is no method {name!r}; there are {', '.join(sorted(methods()))}.")
    return methods()[name]


def _require_prior(prior: Any, method: Method, contacts: ContactMap) -> None:
    """Refuse a prior that the method cannot use, or that is not of the map's bins."""
    if method.rate_prior is None:
        takers = [name for name, each in methods().items() if each.rate_prior is not None]
        raise ConfigError(f"{method.name} takes no prior. Use {' or '.join(takers)}.")
    if not isinstance(prior, Prior):
        raise ConfigError(
            f"a prior is a Prior; this is {describe_type(prior)}. Write "
            "prior=Prior.from_weights(weights), or with divisive=True for a bias."
        )
    shape = np.shape(prior.log_bias)
    if shape != (len(contacts.bins),):
        raise ConfigError(
            f"the prior of this map has {pluralise(len(contacts.bins), 'value')}, one for each "
            f"bin; this has {pluralise(int(np.prod(shape)), 'value')}. Take weights of a map with "
            "the same bins."
        )


def _require_weights(applied: AppliedWeights, method: Method, contacts: ContactMap) -> None:
    """Refuse weights of another map that do not fit this one, or a method that chooses others."""
    if method.candidates:
        raise ConfigError(
            f"{method.name} chooses a method for each map, so it cannot put the weights of one map "
            "on others. Name the method."
        )
    if len(applied.weights) != len(contacts.bins):
        raise ConfigError(
            f"{applied.source} has {pluralise(len(applied.weights), 'bin')}, and this map has "
            f"{pluralise(len(contacts.bins), 'bin')}. Take weights of a map with the same bins."
        )


def _choose_default(contacts: ContactMap, mask: MaskLike) -> MaskLike:
    """Return the mask that is meant: by default a map has the workflow's, a matrix has none."""
    is_default = isinstance(mask, str) and mask == DEFAULT_MASK
    return None if is_default and is_from_matrix(contacts) else mask


def _resolve_mask(
    contacts: ContactMap, mask: MaskLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64], dict[str, Any]]:
    """Return the kept bins, all contacts of each bin, and the summary of the mask.

    Bins beyond the mask's regions count as bins without contacts.
    """
    no_filters = mask is None
    if mask is None or isinstance(mask, dict | MaskSettings | str):
        mask = mask_bins(contacts, mask)
    summary = mask.summary() if isinstance(mask, Mask) else {}
    kept = np.asarray(mask.kept if isinstance(mask, Mask) else mask)
    if kept.dtype != bool or kept.shape != (len(contacts.bins),):
        raise ConfigError(
            f"the mask of this map is {len(contacts.bins):,} values of True (kept) or False, the "
            "result of mask_bins on the same map, MaskSettings, a dict such as {'min_nnz': 5}, or "
            f"None for empty bins only; this is {describe_type(mask)} with "
            f"{pluralise(kept.size, 'value')}."
        )
    if no_filters and isinstance(mask, Mask):  # filters count only some of the contacts
        return kept, mask.marginal, summary
    marginal = sum_contacts(contacts)
    if isinstance(mask, Mask) and mask.beyond_regions is not None:
        marginal[mask.beyond_regions] = 0
    return kept, marginal, summary
