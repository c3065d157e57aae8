"""The limit on the address space of a process (``ulimit -v``).

Libraries reserve far more address space than they use: thread stacks, buffers of OpenBLAS, the pool
of Arrow. Under a small limit they end with an ImportError, or abort the process. So scripts check
the limit before they import any of them.
"""

from __future__ import annotations

import os
import resource
import sys

from counterpoise.errors import SetupError
from counterpoise.process import MIB

# MiB of address space with which jobs on small maps run, and Snakemake plans, on two cores.
JOB_MB = 2000
PLAN_MB = 800
CORE_MB = 40  # for each further core: libraries start a thread for each


def check_address_space(base_mb: int) -> None:
    """Refuse a limit on the address space under which libraries do not load or run.

    Parameters
    ----------
    base_mb : int
        What is needed with two cores, in MiB.

    Raises
    ------
    SetupError
        Names the limit and what is needed.
    """
    limit_mb = address_space_mb()
    needed_mb = base_mb + CORE_MB * max(0, (os.cpu_count() or 1) - 2)
    if limit_mb is not None and limit_mb < needed_mb:
        raise SetupError(
            f"the address space is limited to {limit_mb:,} MiB (ulimit -v), and libraries reserve "
            f"up to {needed_mb:,} MiB here, of which they use a small part. Run 'ulimit -v "
            "unlimited' first; the memory of jobs is limited by mem_mb and by the cluster."
        )


def address_space_mb() -> int | None:
    """Return the limit on the address space of this process in MiB; None if there is none."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit // MIB


def require_address_space() -> None:
    """End Snakemake with a message if it has too little address space to plan the workflow."""
    try:
        check_address_space(PLAN_MB)
    except SetupError as error:
        sys.exit(f"counterpoise: {error}")
