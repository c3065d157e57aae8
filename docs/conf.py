"""Settings of Sphinx for the site, which ``make docs`` builds into ``build/site``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_site"), str(HERE.parent / "workflow")]

from counterpoise._version import __version__  # noqa: E402

project = "Counterpoise"
copyright = "The Counterpoise developers"
release = __version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "formulas",
    "options",
    "notebooks",
    "find_message",
    "outside",
]

# Pages are Markdown; links to headings are those of GitHub.
myst_heading_anchors = 6
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "dollarmath", "html_image"]
smartquotes = False  # "--force" stays as it is typed
suppress_warnings = ["myst.header"]  # a page may start below the top level in a cell

# Tutorials are Markdown notebooks. They run each time, or once with COUNTERPOISE_NOTEBOOKS=cache.
nb_execution_mode = os.environ.get("COUNTERPOISE_NOTEBOOKS", "force")
if nb_execution_mode == "off":  # only a kernel says in which language cells are
    suppress_warnings += ["myst-nb.lexer"]
nb_execution_show_tb = True  # a cell that fails is a warning, which ends the build of `make docs`
nb_execution_timeout = 300
nb_execution_in_temp = True
nb_merge_streams = True
nb_cache_path = str(HERE.parent / "build" / "notebooks")

autodoc_typehints = "none"  # the docstrings have the types
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
copybutton_exclude = ".linenos, .gp, .go"
html_math_renderer = "mathml"

# Links to other sites, which `make links` looks up.
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_report_timeouts_as_broken = False

html_theme = "furo"
html_title = "Counterpoise"
html_static_path = ["_static"]
html_css_files = ["site.css", "notebooks.css", "front.css"]
html_logo = html_favicon = "_static/mark.svg"
html_theme_options = {
    "navigation_with_keys": True,
    "top_of_page_buttons": [],  # no links to edit or view the source
    "light_css_variables": {"color-brand-primary": "#8a1c52", "color-brand-content": "#8a1c52"},
    "dark_css_variables": {"color-brand-primary": "#f5a65b", "color-brand-content": "#f7b97d"},
}
html_show_sphinx = False
html_show_sourcelink = False
