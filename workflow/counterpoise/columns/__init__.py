"""Columns of weights in files of any program: what they are, and how readers take them.

============= =================================================================================
``stored``    the columns that a file holds, level by level
``claims``    what the attributes of a column state
``measure``   how even the row sums are with a column, for every convention and scope
``judge``     the verdict on a column: its kind, convention, scope and faults
``levels``    whether the columns of a file's levels belong together
``readers``   by which convention cooler, hictk and HiCExplorer read a column
``identify``  columns as multiplicative weights, or as divisive vectors on Juicer's scale
``prior``     a prior for the bias of each bin, from a column
``new_names`` names that a new column may not have
============= =================================================================================
"""
