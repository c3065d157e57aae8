"""The jobs of the workflow: settings, resources and work of each rule, bound to Snakemake.

One module per rule holds its job, a frozen dataclass. The Snakefile imports all of these modules,
and it is read at the start of every job; so a module imports at the top what describes the job, and
in ``run`` what does the work if that is slow to import (matplotlib, h5py, MLflow).
"""
