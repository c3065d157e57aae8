"""The command ``counterpoise``: one module per subcommand, imported when it is called.

=========== =====================================================================
``main``    the entry of the command line, and the list of subcommands
``balance`` weights for every level of a file
``zoomify`` coarser levels of one map, and their weights
``check``   what the columns of weights in a file are
``adopt``   a column ``weight`` from an existing column, without computing
``vectors`` weights as the text that Juicer and Juicebox load
``init``    a folder with a cohort to run
``run``     Snakemake with the packaged workflow, on the current folder
``diff``    what differs between two folders of results
``ui``      the report of a cohort, and its runs in MLflow
=========== =====================================================================

The other modules are what subcommands share:

================= =======================================================================
``options``       options of the subcommands that balance
``levels``        balances the levels of a file with the methods that were asked for
``building``      builds a ``.mcool`` of maps in a temporary folder
``output``        where weights go: into the file, a new one, standard output, or nowhere
``known_columns`` the columns of a level whose convention is known
``choose``        the choice of a cohort where none is named
================= =======================================================================
"""
