"""``counterpoise diff``: what differs between two folders of results."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from counterpoise.errors import InputError
from counterpoise.installation import require_module

SAME, DIFFERENT = 0, 1  # statuses, as those of diff


@click.command("diff")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "-o",
    "--output",
    metavar="PAGE",
    default="differences.html",
    show_default=True,
    help="The page; the table is next to it, with the ending .tsv.",
)
@click.option("-f", "--force", is_flag=True, help="Replace PAGE and the table if they exist.")
def command(a: str, b: str, output: str, force: bool) -> None:
    """Say what differs between the results in the folders A and B.

    A folder is that of a cohort or an experiment, such as results/mine or
    results/mine/experiments/strict_mask: two settings, two versions of the package, or two cohorts
    with the same samples. Runs are matched by sample, resolution and method. The page shows the
    settings that differ and what changed: fitness, masks, weights beyond their errors, P(s), time.
    The status is 0 if all runs are the same, 1 if not, 2 if a folder cannot be read.
    """
    require_module("jinja2", "reports need")
    from counterpoise.report.differences.compare import compare_folders
    from counterpoise.report.differences.folder import ResultFolder
    from counterpoise.report.differences.page import write_page
    from counterpoise.report.differences.sentences import describe
    from counterpoise.report.differences.table import write_differences

    page = Path(output)
    table = page.with_suffix(".tsv")
    _check_outputs(page, table, force)
    differences = compare_folders(ResultFolder.open(a), ResultFolder.open(b))
    write_differences(differences, table)
    write_page(differences, page)
    click.echo("\n".join([*describe(differences), f"{page}, {table}"]))
    sys.exit(SAME if differences.is_none else DIFFERENT)


def _check_outputs(page: Path, table: Path, force: bool) -> None:
    """Refuse a page that is no HTML file, and files that exist."""
    if page.suffix != ".html":
        raise InputError(page, "does not end in .html.", "Name the page PAGE.html.")
    for path in (page, table):
        if path.exists() and not force:
            raise InputError(path, "exists already.", "Replace it with --force.")
