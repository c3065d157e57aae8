"""Snakemake's private interface, as ``jobs/snakemake.py`` uses it.

``tests/workflow`` runs it: a failed workflow that still writes its report, and a module.
"""

from __future__ import annotations

import inspect

import snakemake
import snakemake.api  # before the other modules, which import each other
from snakemake.dag import DAG
from snakemake.modules import WorkflowModifier
from snakemake.persistence import PersistenceBase
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.workflow import Workflow

from counterpoise.jobs.snakemake import TESTED_VERSIONS


def test_the_installed_version_was_tested() -> None:
    """After an update of Snakemake, run ``tests/workflow`` and add the version."""
    assert snakemake.__version__ in TESTED_VERSIONS


def test_the_private_interface_is_as_expected() -> None:
    for name in (
        "current_basedir",
        "modifier",
        "dag",
        "persistence",
        "is_main_process",
        "scheduler",
    ):
        assert isinstance(inspect.getattr_static(Workflow, name), property), name
    assert "self.failed = set()" in inspect.getsource(JobScheduler)
    assert inspect.signature(DAG.needrun_jobs).bind(None)
    assert inspect.signature(PersistenceBase.cleanup_metadata).bind(None, "path")
    assert inspect.signature(PersistenceBase.metadata).bind(None, "path")
    assert "self.forcefiles" in inspect.getsource(DAG)
    assert inspect.signature(WorkflowModifier.modify_path).bind(None, "path")
