"""MLflow's store: its settings, how it is opened, and its failures in words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from counterpoise.errors import strip_credentials
from counterpoise.files import atomic_write
from counterpoise.installation import name_missing_extra

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

SQLITE = "sqlite:///"


@contextmanager
def mlflow_environment(timeout_seconds: int) -> Iterator[None]:
    """Set MLflow's environment variables for the duration of the block.

    MLflow reads some of them at import and some at each request.

    Parameters
    ----------
    timeout_seconds : int
        Longest time of a request to a server, and of a connection to a PostgreSQL database.
    """
    variables = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # MLflow would print the address of a server with its password.
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(timeout_seconds),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "PGCONNECT_TIMEOUT": str(timeout_seconds),
    }
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def store_errors() -> tuple[type[Exception], ...]:
    """List the errors of a store that is unreachable, full, locked or of another version.

    Returns
    -------
    tuple of exception types
        Errors of requests are OSErrors; ImportError means a missing database driver.

    Raises
    ------
    MissingExtraError
        If MLflow is not installed.
    """
    with name_missing_extra("tracking needs"):
        from alembic.util import CommandError
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError
        from urllib3.exceptions import HTTPError

    return (MlflowException, SQLAlchemyError, CommandError, HTTPError, OSError, ImportError)


def explain_error(error: BaseException) -> str:
    """Explain an error by the innermost system error.

    Parameters
    ----------
    error : exception
        The error; its chain of causes is searched for the innermost OSError.

    Returns
    -------
    str
        One line without credentials.
    """
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    roots = [link for link in chain if isinstance(link, OSError)]
    text = str(roots[-1] if roots else error).strip() or type(error).__name__
    return strip_credentials(re.sub(r" at 0x[0-9a-f]+", "", text.splitlines()[0]))


def is_server(uri: str) -> bool:
    """Tell whether a store is a server (and not a database).

    Parameters
    ----------
    uri : str
        Address of the store.

    Returns
    -------
    bool
        True for HTTP addresses.
    """
    return uri.lower().startswith(("http://", "https://"))


def open_store(cohort: str, uri: str, artifacts: str | None) -> tuple[MlflowClient, str]:
    """Open the store, and create the cohort's experiment if it does not exist.

    Parameters
    ----------
    cohort : str
        Name of the experiment.
    uri : str
        Address of the store. A SQLite database that does not exist is created.
    artifacts : str or None
        Folder or URI for artifacts; None if the server has its own.

    Returns
    -------
    tuple of MlflowClient and str
        The client and the experiment's id.

    Raises
    ------
    MlflowException
        If the experiment was deleted or keeps its artifacts elsewhere.
    """
    from mlflow import MlflowClient

    _create_database(uri)
    if not is_server(uri):
        _connect(uri)
    client = MlflowClient(uri)
    location = None
    if artifacts:
        folder = f"{artifacts}/{cohort}"
        location = folder if "://" in folder else Path(folder).absolute().as_uri()
    experiment = client.get_experiment_by_name(cohort)
    if experiment is None:
        return client, client.create_experiment(cohort, location)
    _check_experiment(experiment, location)
    return client, experiment.experiment_id


def database_file(uri: str) -> Path:
    """Return the file of a SQLite database.

    Parameters
    ----------
    uri : str
        Address of the store, which begins with ``sqlite:///``.

    Returns
    -------
    Path
        Path of the file.
    """
    return Path(uri.partition("?")[0].removeprefix(SQLITE))


def _create_database(uri: str) -> None:
    """Create a SQLite database under a temporary name: MLflow cannot use a half-made one."""
    from mlflow import MlflowClient

    database = database_file(uri)
    if uri.startswith(SQLITE) and not database.exists():
        with atomic_write(database) as temporary:
            temporary.unlink(missing_ok=True)
            MlflowClient(f"{SQLITE}{temporary}")


def _connect(uri: str) -> None:
    """Connect to a database once: MLflow would try ten times, for 101 seconds in all."""
    from sqlalchemy import create_engine, inspect

    engine = create_engine(uri)
    try:
        inspect(engine)
    finally:
        engine.dispose()


def _check_experiment(experiment: Experiment, location: str | None) -> None:
    """Raise an error if the experiment was deleted or keeps its artifacts elsewhere."""
    from mlflow.exceptions import MlflowException

    if experiment.lifecycle_stage == "deleted":
        raise MlflowException(
            f"the experiment {experiment.name} was deleted in MLflow; restore it with "
            f"'mlflow experiments restore --experiment-id {experiment.experiment_id}'"
        )
    if location and experiment.artifact_location != location:
        raise MlflowException(
            f"the experiment {experiment.name} keeps its files under "
            f"{experiment.artifact_location}, but tracking.artifacts asks for {location}; set "
            "tracking.artifacts back, or (after moving the folder) remove the database, which is "
            "filled again from the results"
        )
