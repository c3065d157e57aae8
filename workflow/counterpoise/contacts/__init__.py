"""A contact map: its bins, its counts and the selections that methods balance.

=============== ===================================================================
``bins``        the bin table of a genome
``region``      a stretch of the genome in words
``bed``         intervals of BED files, and the bins that overlap them
``contact_map`` the counts: the upper triangle by rows, in memory or on disk
``selection``   the contacts that a method uses: scope, diagonals and kept bins
``selected``    the pixels of a selection, and the entries of its matrix, in pieces
``distances``   sums over the contacts within chromosomes, by distance
``circular``    pixels across the origin of circular chromosomes
``chromosomes`` the bins of each chromosome of a part
``positive``    which values are finite and positive
``bandwidth``   a length along chromosomes, with its unit
``resolutions`` resolutions as they are written on the command line
=============== ===================================================================
"""
