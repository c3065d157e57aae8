"""``differences.html``: what differs between two folders of results, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from math import log
from pathlib import Path
from typing import Any

from counterpoise._version import __version__
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.files import atomic_write
from counterpoise.records.wording import measured_or_bound
from counterpoise.report.differences.compare import Differences, Kind, RunDifference
from counterpoise.report.differences.figure import draw_change
from counterpoise.report.differences.sentences import (
    describe_effect,
    describe_masks,
    describe_seconds,
    describe_settings,
    describe_staleness,
    describe_unevenness,
    format_change,
    format_value,
)
from counterpoise.report.differences.table import describe_reasons
from counterpoise.report.differences.weights import compare_weights
from counterpoise.report.formats import DASH
from counterpoise.report.page.template import load_template

FILES = resources.files("counterpoise.report.differences")
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
    shown = differences.differing[:MOST_ROWS]
    stream = load_template("differences.html", FILES).stream(
        a=differences.a.name,
        b=differences.b.name,
        version=__version__,
        what=describe_settings(differences),
        effect=describe_effect(differences),
        details=[
            describe_masks(differences),
            describe_unevenness(differences),
            describe_seconds(differences),
        ],
        warnings=[describe_staleness(differences)],
        settings=differences.settings,
        resolutions=sorted({run.place[1] for run in shown}),
        methods=list(dict.fromkeys(run.place[2] for run in shown)),
        runs=[_run_row(run) for run in shown],
        differing=len(differences.differing),
        figures=_figures(differences),
        same=_list_runs(differences.of_kind(Kind.SAME)),
        counts={
            "the same": len(differences.of_kind(Kind.SAME)),
            "without a result in both": len(differences.of_kind(Kind.NO_RESULT)),
        },
        most_figures=MOST_FIGURES,
        lacking=_list_runs(differences.of_kind(Kind.NO_RESULT)),
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
        "mask_reasons": _mask_reasons(run),
        "weights": run.weights,
        "largest": format_change(run.weights.largest if run.weights else None),
        "decay": format_change(largest[0] if largest else None),
        "decay_at": format_base_pairs(largest[1]) if largest else "",
        "slopes": _arrow(run.decay.slopes, "{:.3f}") if run.decay else "",
        "unevenness": _describe_unevenness(run),
        "seconds": _arrow(run.number("seconds"), "{:.3g} s"),
        "order": _sort_values(run),
    }


def _sort_values(run: RunDifference) -> dict[str, float | str]:
    """Return the numbers by which columns of the table are sorted; empty where unknown."""
    weights, mask = run.weights, run.mask
    decay = run.decay.largest if run.decay else None
    numbers = {
        "mask": sum(mask.gained.values()) + sum(mask.lost.values()) if mask else None,
        "weights": weights.moved_share if weights and weights.moved is not None else None,
        "largest": _size_of_change(weights.largest if weights else None),
        "decay": _size_of_change(decay[0] if decay else None),
        "unevenness": run.number("expected_unevenness")[1] or run.number("unevenness_at_most")[1],
    }
    return {name: "" if number is None else number for name, number in numbers.items()}


def _size_of_change(ratio: float | None) -> float | None:
    """Return the size of a change, which is the same for a ratio and its inverse."""
    return None if not ratio else abs(log(ratio))


def _mask_reasons(run: RunDifference) -> list[str]:
    """Return the reasons of bins that a mask gained and lost: ``lost: mad 20``."""
    if run.mask is None:
        return []
    changes = {"gained": run.mask.gained, "lost": run.mask.lost}
    return [f"{name}: {describe_reasons(counts)}" for name, counts in changes.items() if counts]


def _arrow(values: tuple[float | None, float | None], form: str) -> str:
    """Return the values of A and B; empty if both are unknown."""
    return _join(DASH if value is None else form.format(value) for value in values)


def _join(texts: Iterable[str]) -> str:
    """Return what is said of A and B; empty if nothing is known of both."""
    both = list(texts)
    return "" if both == [DASH, DASH] else " \u2192 ".join(both)


def _describe_unevenness(run: RunDifference) -> str:
    """Return the expected unevenness in A and B, or its upper bound."""
    columns = (run.number("expected_unevenness"), run.number("unevenness_at_most"))
    shares = (measured_or_bound(*both, less="< ") for both in zip(*columns, strict=True))
    return _join(share or DASH for share in shares)


def _figures(differences: Differences) -> Iterator[dict[str, Any]]:
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
            yield {
                "sample": sample,
                "resolution": resolution,
                "method": method,
                "title": title,
                "svg": draw_change(change, f"Change of the weights: {title}"),
            }


def _list_runs(runs: Sequence[RunDifference]) -> dict[str, list[str]]:
    """Return resolutions with their methods by sample: ``10 kb: ice, kr``."""
    samples: dict[str, dict[int, list[str]]] = {}
    for sample, resolution, method in sorted(run.place for run in runs):
        samples.setdefault(sample, {}).setdefault(resolution, []).append(method)
    return {
        sample: [
            f"{format_base_pairs(size)}: {', '.join(methods)}" for size, methods in sizes.items()
        ]
        for sample, sizes in samples.items()
    }
