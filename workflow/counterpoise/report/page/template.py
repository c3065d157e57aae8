"""Load the template of the page, with its style and its script embedded."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from counterpoise.contacts.bins import format_base_pairs
from counterpoise.installation import name_missing_extra
from counterpoise.records.fitness import Fitness
from counterpoise.records.wording import fitness_label
from counterpoise.report.formats import (
    format_deviation,
    format_duration,
    format_number,
    format_percent,
    format_status,
)
from counterpoise.report.statuses import NO_RESULT

if TYPE_CHECKING:
    from jinja2 import Template

FILES = resources.files("counterpoise.report.page")


def load_template(name: str = "page.html", folder: Traversable = FILES) -> Template:
    """Load a template; unknown names in it are errors, and values are escaped.

    Parameters
    ----------
    name : str
        File of the template.
    folder : Traversable
        Its folder. What the template includes or embeds may also lie in that of the report's page.

    Returns
    -------
    jinja2.Template
        The template.
    """

    def read(part: str) -> str:
        home = folder if folder.joinpath(part).is_file() else FILES
        return home.joinpath(part).read_text(encoding="utf-8")

    with name_missing_extra("reports need"):
        from jinja2 import Environment, FunctionLoader, StrictUndefined
        from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(read),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["embed"] = lambda part: Markup(read(part))
    environment.filters.update(
        base_pairs=format_base_pairs,
        number=format_number,
        deviation=format_deviation,
        percent=format_percent,
        status=format_status,
        fitness=lambda value: fitness_label(Fitness(value)) if value else NO_RESULT,
        duration=format_duration,
    )
    return environment.get_template(name)
