"""The tutorials as notebooks: what their programs find, and a link to download each.

Their kernel finds the commands of the environment that builds the site, and the modules of
``docs/tutorials``. What a program prints is shown as it is: MyST-NB ends a line wherever the kernel
happened to send a piece of it, so nbclient joins the pieces first. Neither MyST-NB nor
jupyter-cache has an option for that, and nbclient reads no configuration, so the function that
they call is replaced. It also measures the time of each tutorial.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import nbclient
from jupyter_cache.executors import utils as executors
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

# Seconds of processor time that a tutorial may take. On a quiet machine it takes less than 300; the
# rest is for slower ones.
LONGEST = 900
logger = logging.getLogger(__name__)

FRONT_MATTER = re.compile(r"---\n.*?\nkernelspec:.*?\n---\n", re.S)
TITLE = re.compile(r"^# .+\n", re.M)


def find_programs(docs: Path) -> None:
    """Let kernels, which inherit this environment, find commands and modules."""
    for variable, folder in (
        ("PATH", Path(sys.executable).parent),
        ("PYTHONPATH", docs / "tutorials"),
        ("PYTHONPATH", docs.parent / "workflow"),
    ):
        folders = [str(folder), *filter(None, [os.environ.get(variable)])]
        os.environ[variable] = os.pathsep.join(folders)


def add_download(app: Sphinx, name: str, source: list[str]) -> None:
    """Add a link to the notebook below the title of a page that is one."""
    front = FRONT_MATTER.match(source[0])
    title = front and TITLE.search(source[0], front.end())
    if title:
        link = f"{{nb-download}}`Download as a notebook <{name.rpartition('/')[2]}.ipynb>`"
        source[0] = f"{source[0][: title.end()]}\n{link}\n{source[0][title.end() :]}"


def processor_seconds() -> float:
    """Return the processor time of the kernels that have ended, and of their programs."""
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def execute(app: Sphinx, *arguments: Any, **options: Any) -> Any:
    """Run a notebook; warn, which fails a strict build, if it takes longer than a tutorial may."""
    before = processor_seconds()
    result = nbclient.execute(*arguments, coalesce_streams=True, **options)
    seconds, page = processor_seconds() - before, app.env.docname
    logger.info("%s: %.0f s of processor time", page, seconds)
    if seconds > LONGEST:
        message = "The cells take %.0f s of processor time, more than %d."
        logger.warning(message, seconds, LONGEST, location=page, type="notebooks", subtype="time")
    return result


def setup(app: Sphinx) -> dict[str, Any]:
    find_programs(Path(app.srcdir))
    if not hasattr(executors, "executenb"):
        raise ExtensionError(
            f"jupyter-cache {version('jupyter-cache')} has no executors.utils.executenb, which "
            f"{__name__}.py replaces. Install the versions of the extra: pip install '.[docs]'"
        )
    executors.executenb = partial(execute, app)
    app.connect("source-read", add_download)
    return {"parallel_read_safe": True}
