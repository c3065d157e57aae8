"""The figure of one run: the maps, row sums, weights and convergence of a sample.

``plot`` lays out the page and ``survey`` computes what needs the contacts. The other modules
draw one panel each.
"""
