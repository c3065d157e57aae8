"""Compare the depth of each map with the others of its cohort."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import median
from types import MappingProxyType

from counterpoise.records.facts import Shallow
from counterpoise.records.fitness import Fitness, worst_fitness
from counterpoise.store.runs import find_peers, is_merged

# A group with fewer samples has no median worth comparing with, a cohort with fewer no comparison.
SAMPLES_OF_GROUP, FEWEST_SAMPLES = 3, 2
NOT_MERGED: Mapping[str, Collection[str]] = MappingProxyType({})


def find_shallow(
    contacts: Mapping[tuple[str, int], float],
    groups: Mapping[str, str],
    limit: float,
    members: Mapping[str, Collection[str]] = NOT_MERGED,
) -> dict[tuple[str, int], Shallow]:
    """Find the maps that have far fewer contacts than others.

    Parameters
    ----------
    contacts : mapping
        Contacts by sample and resolution, of the maps that exist.
    groups : mapping
        Group of each sample; empty for none.
    limit : float
        Share of the median below which a map is shallow. The median is that of the group where it
        has three samples or more at the resolution, else that of all samples. Of two samples, each
        is compared with the other.
    members : mapping
        Members of the merged samples. Merged samples do not count in a median, and a merged sample
        is compared with samples that are not its members.

    Returns
    -------
    dict
        The fact by sample and resolution.
    """
    shallow = {}
    for (sample, resolution), depth in contacts.items():
        others = {
            name: contacts[name, resolution]
            for name in find_peers(sample, groups, members)
            if (name, resolution) in contacts
        }
        own = [] if is_merged(sample, groups, members) else [depth]
        if len(others) + len(own) < FEWEST_SAMPLES:
            continue
        group = groups[sample]
        compared = [n for name, n in others.items() if groups[name] == group] + own
        if not group or len(compared) < SAMPLES_OF_GROUP:
            group, compared = "", [*others.values(), *own]
        if len(others) == 1:  # half of the median of two is its own
            compared = list(others.values())
        median_depth = float(median(compared))
        if depth < limit * median_depth:
            shallow[sample, resolution] = Shallow(depth, median_depth, len(compared), group, limit)
    return shallow


def fitness_in_cohort(fitness: Fitness, shallow: Shallow | None) -> Fitness:
    """Return the fitness of a run, by its own facts and by the comparison with the cohort.

    Parameters
    ----------
    fitness : Fitness
        The fitness by the run's own facts.
    shallow : Shallow or None
        How the map compares with the cohort; None unless it has far fewer contacts.
    """
    return worst_fitness((fitness, Fitness.CAUTION)) if shallow else fitness
