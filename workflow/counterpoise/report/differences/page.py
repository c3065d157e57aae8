"""``differences.html``: what differs between two folders of results, on one page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from counterpoise._version import __version__
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.files import atomic_write
from counterpoise.report.differences.compare import Differences, RunDifference
from counterpoise.report.differences.figure import draw_change
from counterpoise.report.differences.sentences import (
    describe_effect,
    describe_seconds,
    describe_settings,
    describe_staleness,
    format_change,
    format_value,
)
from counterpoise.report.differences.table import describe_reasons
from counterpoise.report.differences.weights import compare_weights
from counterpoise.report.page.template import load_template

MOST_FIGURES = 6  # maps whose change of weights is drawn
MOST_ROWS = 1000  # runs in the table of the page; differences.tsv has all


def write_page(differences: Differences, path: str | Path) -> None:
    """Write ``differences.html``.

    Parameters
    ----------
    differences : Differences
        What differs.
    path : str or Path
        Where the page goes.
    """
    stream = load_template("differences.html").stream(
        a=differences.a.name,
        b=differences.b.name,
        version=__version__,
        what=describe_settings(differences.settings),
        effect=describe_effect(differences),
        seconds=describe_seconds(differences),
        stale=describe_staleness(differences),
        settings=differences.settings,
        runs=[_run_row(run) for run in differences.differing[:MOST_ROWS]],
        differing=len(differences.differing),
        figures=_figures(differences),
        format_value=format_value,
    )
    with atomic_write(path) as temporary, open(temporary, "wb") as output:
        stream.dump(output, encoding="utf-8")


def _run_row(run: RunDifference) -> dict[str, Any]:
    """Return what the table shows of a run."""
    sample, resolution, method = run.place
    largest = run.decay.largest if run.decay else None
    return {
        "sample": sample,
        "resolution": resolution,
        "method": method,
        "kind": run.kind.value,
        "note": run.note,
        "fitness": run.text("fitness"),
        "reasons": run.text("fitness_reason"),
        "status": run.text("status"),
        "gained": run.mask and sum(run.mask.gained.values()),
        "lost": run.mask and sum(run.mask.lost.values()),
        "mask_reasons": [
            f"{sign}{text}"
            for sign, counts in (("+", run.mask.gained), ("\u2212", run.mask.lost))
            for text in [describe_reasons(counts)]
            if text
        ]
        if run.mask
        else [],
        "weights": run.weights,
        "largest": format_change(run.weights.largest if run.weights else None),
        "decay": format_change(largest[0] if largest else None),
        "decay_at": format_base_pairs(largest[1]) if largest else "",
        "slopes": run.decay.slopes if run.decay else (None, None),
        "unevenness": run.number("expected_unevenness"),
        "seconds": run.number("seconds"),
    }


def _figures(differences: Differences) -> Iterator[dict[str, str]]:
    """Yield the change of weights of the maps with the largest changes, one run for each."""
    drawn: set[tuple[str, int]] = set()
    for run in differences.differing:
        if len(drawn) == MOST_FIGURES:
            return
        if run.weights is None or run.weights.is_same or run.place[:2] in drawn:
            continue
        drawn.add((run.place[0], run.place[1]))
        sides = (run.a, run.b)
        a, b = (side.read_weights(run.place) for side in sides)
        verdicts = (run.a.read_verdict(run.place), run.b.read_verdict(run.place))
        if change := compare_weights(a, b, verdicts):
            sample, resolution, method = run.place
            title = f"{sample}, {format_base_pairs(resolution)}, {method}"
            yield {"title": title, "svg": draw_change(change, f"Change of the weights: {title}")}
