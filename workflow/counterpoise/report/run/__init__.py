"""The figure of one run: the maps, coverage, weights and convergence of a sample.

``plot`` lays out the page, ``stretch`` chooses what is shown bin by bin and ``pictures`` computes
what needs the contacts. The other modules draw one panel each: ``banner``, ``maps``, ``coverage``,
``weights``, ``convergence``, ``bandwidth`` and, for a simulated map, ``bias``.
"""
