"""The tutorials as notebooks: what their programs find, and a link to download each.

Their kernel finds the commands of the environment that builds the site, and the modules of
``docs/tutorials``. What a program prints is shown as it is: MyST-NB ends a line wherever the kernel
happened to send a piece of it, so nbclient joins the pieces first.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import nbclient
from jupyter_cache.executors import utils as executors
from sphinx.application import Sphinx

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


def setup(app: Sphinx) -> dict[str, Any]:
    find_programs(Path(app.srcdir))
    executors.executenb = partial(nbclient.execute, coalesce_streams=True)
    app.connect("source-read", add_download)
    return {"parallel_read_safe": True}
