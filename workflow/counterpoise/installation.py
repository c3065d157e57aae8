"""What is installed: packages of the extras, and the files of the workflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from counterpoise.errors import MissingExtraError, SetupError

# Packages that only an extra of pyproject.toml installs: the name of the import, the name for pip,
# and the extra.
EXTRAS = {
    "alembic": ("mlflow", "workflow"),
    "cooler": ("cooler", "workflow"),
    "hicstraw": ("hic-straw", "workflow"),
    "hydra": ("hydra-core", "workflow"),
    "jinja2": ("jinja2", "workflow"),
    "markupsafe": ("jinja2", "workflow"),
    "matplotlib": ("matplotlib", "workflow"),
    "mlflow": ("mlflow", "workflow"),
    "omegaconf": ("hydra-core", "workflow"),
    "pandas": ("pandas", "workflow"),
    "PIL": ("pillow", "workflow"),
    "requests": ("requests", "workflow"),
    "snakemake": ("snakemake", "workflow"),
    "sqlalchemy": ("mlflow", "workflow"),
    "torch": ("torch", "torch"),
    "triton": ("torch", "torch"),
    "urllib3": ("requests", "workflow"),
    "yaml": ("hydra-core", "workflow"),
}

# Packages that Python users may want without the rest of the workflow.
USEFUL_ALONE = ("cooler", "matplotlib", "pandas")


@contextmanager
def name_missing_extra(purpose: str) -> Iterator[None]:
    """Turn the failed import of a package of an extra into an error that names the extra.

    Parameters
    ----------
    purpose : str
        What needs the package, with the verb: ``plots need``.

    Raises
    ------
    MissingExtraError
        If the block imports a package of an extra that is not installed.

    Examples
    --------
    >>> with name_missing_extra("plots need"):  # doctest: +SKIP
    ...     import matplotlib
    Traceback (most recent call last):
    MissingExtraError: plots need matplotlib: pip install matplotlib, or all: pip install
    '.[workflow]' (in a clone of the repository)
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        package, extra = EXTRAS[module]
        alone = f"pip install {package}, or all: " if package in USEFUL_ALONE else ""
        raise MissingExtraError(
            f"{purpose} {package}: {alone}pip install '.[{extra}]' (in a clone of the repository)"
        ) from error


def require_module(module: str, purpose: str) -> None:
    """Refuse to go on without a package of an extra, without importing it.

    Parameters
    ----------
    module : str
        Name of the import.
    purpose : str
        What needs the package, with the verb: ``plots need``.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    with name_missing_extra(purpose):
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def workflow_folder() -> Path:
    """Return the folder of the workflow: the clone, or the copy in an installed package.

    Returns
    -------
    pathlib.Path
        Holds ``Snakefile``, ``conf/``, ``envs/``, ``profiles/``, ``scripts/`` and ``workflow/``.

    Raises
    ------
    SetupError
        If the package was installed without the workflow.
    """
    package = Path(__file__).parent
    for folder in (package / "packaged", package.parents[1]):
        if (folder / "workflow" / "rules").is_dir():
            return folder
    raise SetupError(
        "counterpoise was installed without the files of its workflow. Install the package again, "
        "in a clone of the repository: 'pip install --force-reinstall .'."
    )
