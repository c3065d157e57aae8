"""A cohort: its settings and samples, composed by Hydra and checked.

=================== ==================================================================
``settings``        the sections of the configuration, the only place of a default
``samples``         samples from YAML or a sample sheet
``resolutions``     bin sizes as a cohort or a sample names them
``grouping``        groups of samples that share something
``groups``          the groups of a cohort, and what the samples of each share
``file_levels``     the levels of the samples' files, read before any job runs
``levels``          resolutions that a sample's file can give
``merging``         samples that are made of others
``thinning``        how many contacts each sample keeps
``entries``         entries of ``methods``: an algorithm, its settings, its prior
``short_form``      cohorts without a list of defaults
``compose``         composition of the configuration with Hydra
``explain``         errors of Hydra in words: the file, the key and the remedy
``config_sources``  the files that were chosen, and checks of their names
``spelling``        names and labels that YAML, Snakemake or Hydra read as numbers
``checks``          checks of the composed configuration
``other_maps``      checks of the maps from which runs take a prior or weights
``cohort``          the checked cohort, and the runs that follow from it
``listed_settings`` its settings next to their defaults, for the report
``revisions``       revisions of the stages, raised by hand when results change
``conf_files``      the generated files under ``conf/``; ``make accept`` writes them
``docstrings``      the docstrings of settings, from which their comments are made
=================== ==================================================================
"""
