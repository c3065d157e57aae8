"""The jobs of the workflow: settings, resources and work of each rule, bound to Snakemake.

One module per rule holds its job, a frozen dataclass. The Snakefile imports all of these modules,
and it is read at the start of every job; so a module imports at the top what describes the job, and
in ``run`` what does the work if that is slow to import (matplotlib, h5py, MLflow).

=============== ===========================================================================
``job``         what the jobs of all rules have in common
``method``      what jobs of one method on one map have in common
``inputs``      jobs that download or make input files
``inspect``     and a module for each other rule: ``ingest``, ``merge``, ``thin``, ``mask``,
                ``shared_mask``, ``balance``, ``plot``, ``compare``, ``export``, ``report``,
                ``differences``, ``track``
``prior``       jobs of the rules that make priors: ``balance_alone``, ``pool``, ``file_prior``
``waiting``     runs without a result because another map has none
``resources``   memory and time of jobs, predicted from what they read
``memory``      memory of balancing jobs, and streaming where it is too small
``command``     command lines of the scripts in ``scripts/``
``limits``      the limit on a process's address space
``source_files`` whether maps were read from the current content of their source files
``unrecorded``  outdated results that Snakemake has no record of
``environment`` the environment that jobs inherit
``plan``        what the rules ask about their jobs
``ending``      the last lines of the workflow in a terminal
``snakemake``   what the Snakefile calls, and all use of Snakemake's private interface
=============== ===========================================================================
"""
