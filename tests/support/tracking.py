"""Result files of small runs, and what MLflow holds of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from counterpoise.contacts.bandwidth import Bandwidth
from counterpoise.files import read_json, write_json
from counterpoise.records.search import Candidate, Search
from counterpoise.records.verdict import PartVerdict, Status, Verdict
from counterpoise.records.wording import fitness_reason
from counterpoise.store.arrow import write_table
from counterpoise.store.paths import ResultPaths, RunFiles
from counterpoise.store.runs import RunKey
from counterpoise.store.weights import read_verdict
from counterpoise.tracking.log import log_cohort
from counterpoise.tracking.values import KIND, KIND_COHORT, KIND_RUN

POINTS = 12


def sqlite_settings(folder: Path) -> dict[str, Any]:
    return {
        "uri": f"sqlite:///{folder}/mlflow.db",
        "artifacts": f"{folder}/mlartifacts",
        "enabled": True,
        "timeout_seconds": 5,
    }


def cohort_runs(samples: int = 2, methods: tuple[str, ...] = ("ice", "kr")) -> list[RunKey]:
    return [
        RunKey(f"s{sample}", 10_000, method, labels={"condition": "control"})
        for sample in range(samples)
        for method in methods
    ]


def write_run(
    paths: ResultPaths,
    run: RunKey,
    *,
    points: int = POINTS,
    tolerance: float = 1e-5,
    seconds: float = 1.5,
    deviation: float = 1e-6,
) -> RunFiles:
    """Write minimal files of one balancing run and return their paths."""
    files, plot = paths.run_files(*run.place), Path(paths.plot(*run.place))
    part = PartVerdict(
        label="genome",
        first_bin=0,
        bins=4,
        kept=3,
        status=Status.CONVERGED,
        iterations=points,
        matvecs=2 * points,
        max_deviation=deviation,
        rms_deviation=deviation / 2,
    )
    verdict = Verdict(
        status=part.status,
        reason="",
        method="ice",
        name=run.method,
        scope="genome",
        settings={"tolerance": tolerance, "max_iterations": 200, "on_failure": "keep"},
        bins=4,
        kept=3,
        iterations=points,
        matvecs=2 * points,
        max_deviation=part.max_deviation,
        rms_deviation=part.rms_deviation,
        parts=(part,),
        backend="numba",
        source={
            "uri": "maps/a.cool",
            "format": "cool",
            "engine": "h5py",
            "identity": {"sha256": "ab" * 32, "bytes": 7},
        },
        mask={"settings": {"mad_max": 5.0}, "reasons": {"kept": 3, "mad": 1}},
        versions={"counterpoise": "0.1", "numpy": "2.0"},
        run={"seconds": seconds, "peak_memory_mb": 80.0},
    )
    steps = np.arange(1, points + 1, dtype=np.int32)
    write_table(
        files.trace,
        {
            "part": pa.array(["genome"] * points, pa.string()).dictionary_encode(),
            "iteration": steps,
            "matvecs": 2 * steps,
            "max_deviation": 0.5**steps,
            "rms_deviation": 0.25**steps,
            "max_smoothed_deviation": np.full(points, np.nan),
            "rms_smoothed_deviation": np.full(points, np.nan),
        },
    )
    write_table(files.weights, {"weight": np.array([1.0, 2.0, np.nan, 4.0])})
    plot.parent.mkdir(parents=True, exist_ok=True)
    plot.write_bytes(b"\x89PNG" + run.method.encode())
    write_json(files.verdict, verdict.to_dict())
    return files


def write_search(paths: ResultPaths, row: RunKey, score: float = 0.25) -> None:
    """Add a bandwidth search on two parts to a run."""
    verdict = paths.run_files(*row.place).verdict
    none = Candidate(Bandwidth(0.0), math.nan, math.nan, 0, "not converged")
    one, two = (
        Candidate(Bandwidth(0.125), score, math.nan, 9),
        Candidate(Bandwidth(0.25), 0.5, 0.01, 8),
    )
    best = 1 if score < two.score else 2
    record = read_json(verdict)
    first = record["parts"][0]
    record["parts"] = [
        first | {"label": search.label, "bandwidth": base_pairs, "search": search.to_dict()}
        for search, base_pairs in (
            (Search("genome", 16, 1e4, "cvm", (none, one, two), best), 20_000.0),
            (Search("chr2", 8, 1e4, "cvm", (none,), 0), 40_000.0),
        )
    ]
    write_json(verdict, record)


def tables(settings: dict[str, Any], run: Any) -> pd.DataFrame:
    """Read the table of a run as MLflow does."""
    from mlflow import MlflowClient

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", settings["uri"])
        return MlflowClient().load_table(
            run.info.experiment_id, "bandwidth.json", run_ids=[run.info.run_id]
        )


def stored(settings: dict[str, Any], cohort: str = "demo") -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(settings["uri"])
    experiment = client.get_experiment_by_name(cohort)
    assert experiment is not None
    of_maps = f"tags.{KIND} = '{KIND_RUN}'"
    order = ["attributes.run_name"]
    return list(client.search_runs([experiment.experiment_id], of_maps, order_by=order))


def stored_cohort(settings: dict[str, Any], cohort: str = "demo") -> Any:
    """Return the run of a cohort."""
    from mlflow import MlflowClient

    client = MlflowClient(settings["uri"])
    experiment = client.get_experiment_by_name(cohort)
    (run,) = client.search_runs([experiment.experiment_id], f"tags.{KIND} = '{KIND_COHORT}'")
    return run


def log_results(paths: ResultPaths, runs: Sequence[RunKey], **settings: Any) -> dict[str, Any]:
    """Log runs with the fitness of their verdicts, as they have it without other samples."""
    fitness = {}
    for run in runs:
        path = Path(paths.run_files(*run.place).verdict)
        if path.is_file():
            verdict = read_verdict(path)
            fitness[run.place] = (verdict.fitness.value, fitness_reason(verdict.fitness_causes))
    return log_cohort(paths, runs, fitness, **settings)


def history(settings: dict[str, Any], run: Any) -> dict[str, list[tuple[int, int, float]]]:
    """Return every point of every metric of a run: step, time, value."""
    from mlflow import MlflowClient

    client = MlflowClient(settings["uri"])
    return {
        key: [
            (point.step, point.timestamp, point.value)
            for point in client.get_metric_history(run.info.run_id, key)
        ]
        for key in run.data.metrics
    }


def snapshot(settings: dict[str, Any]) -> dict[str, Any]:
    """Return everything that the store holds, to check that nothing changed."""
    return {
        run.info.run_id: (run.info.status, run.data.tags, run.data.params, history(settings, run))
        for run in stored(settings)
    }


def artifacts(settings: dict[str, Any], run: Any) -> list[str]:
    from mlflow import MlflowClient

    return sorted(
        file.path for file in MlflowClient(settings["uri"]).list_artifacts(run.info.run_id)
    )


def file_hashes(folder: str) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }
