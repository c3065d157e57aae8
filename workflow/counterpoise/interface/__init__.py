"""The Python interface: functions for users that take a map in any form, and their result.

They read the map if it is not in memory, and pass it on to the core (`counterpoise.balancing`,
`counterpoise.mask`), which knows no file formats.

==================  ============================================================================
``functions``       ``balance`` and ``mask_bins``
``maps``            opens a map of any form: a path, a ``cooler.Cooler``, a matrix
``result``          ``Balance``, what ``balance`` returns: its table, its figure, its column
``cooler_columns``  writes a result into a cooler
``progress_line``   progress as one line that is rewritten
==================  ============================================================================
"""
