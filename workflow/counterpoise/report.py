"""The cohort at a glance: ``summary.tsv``, and ``report.html``, one page that needs no network.

Both are made from the files under ``results/`` alone; equal files give equal bytes.
"""

from __future__ import annotations

import base64
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from counterpoise._version import __version__
from counterpoise.bins import base_pairs
from counterpoise.errors import InputError
from counterpoise.files import read_json, replacing
from counterpoise.layout import Layout, compared
from counterpoise.mask import Reason, read_mask
from counterpoise.results import read_verdict
from counterpoise.verdict import Status, Verdict

Run = dict[str, Any]

# What a status means to the person who wants to use the weights.
MEANINGS = {
    Status.CONVERGED: "All kept bins have the same balanced row sum, within the tolerance; with "
    "kernel methods (kde, kde_eb, ssk_cv) the same smoothed one. Use these weights.",
    Status.COMPUTED: "A method of one pass (VC, VC_SQRT): it evens out coverage but does not make "
    "row sums equal, so there is nothing that could converge.",
    Status.EMPTY: "No bin was left to balance: the map has no contacts of this kind, or the mask "
    "dropped every bin.",
    Status.NOT_CONVERGED: "Stopped before the row sums were equal. The largest deviation says how "
    "far off they are; more iterations, a stricter mask or a coarser resolution may help.",
    Status.FAILED: "No weights could be found that make the row sums equal; the reason says why. "
    "Sparse bins are the usual cause: mask more of them, or use a coarser resolution.",
}

SUMMARY_COLUMNS = (
    "sample", "condition", "replicate", "resolution", "method", "status", "reason", "algorithm",
    "scope", "bins", "kept", "contacts", "nonzeros", "iterations", "matvecs", "max_deviation",
    "rms_deviation", "median_se", "seconds", "peak_memory_mb", "format", "coarsened_from",
    "sha256", "source", "experiment",
)  # fmt: skip


def summary_rows(layout: Layout, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row for each run, with the keys of ``SUMMARY_COLUMNS``; None where nothing is known.

    Parameters
    ----------
    runs : dicts with sample, resolution, method and, where the sample sheet has them,
        condition and replicate.

    Raises
    ------
    InputError : a result is not there.
    """
    return [_summary_row(layout, run) for run in runs]


def _summary_row(layout: Layout, run: Run) -> dict[str, Any]:
    place = (run["sample"], run["resolution"])
    verdict = _verdict(layout, run)
    source = read_json(_present(layout.triples(*place)["source"]))
    row = {
        "sample": run["sample"],
        "condition": run.get("condition"),
        "replicate": run.get("replicate"),
        "resolution": run["resolution"],
        "method": run["method"],
        "status": verdict.status.value,
        "reason": verdict.reason,
        "algorithm": verdict.method,
        "scope": verdict.scope,
        "bins": verdict.bins,
        "kept": verdict.kept,
        "contacts": source.get("contacts"),
        "nonzeros": source.get("nnz"),
        "iterations": verdict.iterations,
        "matvecs": verdict.matvecs,
        "max_deviation": verdict.max_deviation,
        "rms_deviation": verdict.rms_deviation,
        "median_se": verdict.median_se,
        "seconds": verdict.run.get("seconds"),
        "peak_memory_mb": verdict.run.get("peak_memory_mb"),
        "format": source.get("format"),
        "coarsened_from": source.get("coarsened_from"),
        "sha256": source.get("identity", {}).get("sha256"),
        "source": source.get("uri"),
        "experiment": layout.experiment,
    }
    return {column: row[column] for column in SUMMARY_COLUMNS}


def write_summary(layout: Layout, runs: Sequence[Run], path: str | Path) -> None:
    """``summary.tsv``: tab-separated, a header line, an empty field where nothing is known."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SUMMARY_COLUMNS, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    for row in summary_rows(layout, runs):
        # A tab or a line break inside a text would break the table.
        writer.writerow(
            {k: " ".join(v.split()) if isinstance(v, str) else v for k, v in row.items()}
        )
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def write_report(
    layout: Layout, runs: Sequence[Run], path: str | Path, *, image_width: int = 1400
) -> None:
    """``report.html``: verdicts, masks, inputs and plots in one file.

    Parameters
    ----------
    runs : see ``summary_rows``.
    image_width : of the embedded plots, in pixels; the PNGs keep their own size.

    Raises
    ------
    InputError : a result is not there.
    """
    from jinja2 import Environment, StrictUndefined

    rows = summary_rows(layout, runs)
    maps = list(dict.fromkeys((run["sample"], run["resolution"]) for run in runs))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        base_pairs=base_pairs, number=number, deviation=deviation, words=words
    )
    source = resources.files("counterpoise").joinpath("report.html").read_text(encoding="utf-8")
    counts = Counter(row["status"] for row in rows)
    page = environment.from_string(source).stream(
        cohort=layout.title,
        version=__version__,
        versions=_versions(layout, runs),
        rows=rows,
        side_by_side=bool(compared(runs)),
        samples=list(dict.fromkeys(run["sample"] for run in runs)),
        resolutions=list(dict.fromkeys(run["resolution"] for run in runs)),
        methods=list(dict.fromkeys(run["method"] for run in runs)),
        statuses=[(status.value, counts[status.value], MEANINGS[status]) for status in Status],
        reasons=[reason.name.lower() for reason in Reason if reason is not Reason.KEPT],
        masks=[_mask_row(layout, *place) for place in maps],
        inputs=[_input_row(layout, *place) for place in maps],
        # One image in memory at a time: the page is written as it is made.
        comparisons=_comparisons(layout, runs, Path(path).parent, image_width),
        plots=_plots(layout, runs, rows, Path(path).parent, image_width),
    )
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        page.dump(stream, encoding="utf-8")


def _present(path: str) -> str:
    """The path, if there is such a file."""
    if not Path(path).is_file():
        raise InputError(path, "is not there.", "Run the workflow again; it makes what is missing.")
    return path


def _verdict(layout: Layout, run: Run) -> Verdict:
    paths = layout.weights(run["sample"], run["resolution"], run["method"])
    return read_verdict(_present(paths["verdict"]))


def _versions(layout: Layout, runs: Sequence[Run]) -> list[str]:
    """``numpy 2.4.6`` and so on, all that any of the runs used."""
    pairs = {pair for run in runs for pair in _verdict(layout, run).versions.items()}
    return [f"{name} {version}" for name, version in sorted(pairs)]


def _mask_row(layout: Layout, sample: str, resolution: int) -> dict[str, Any]:
    """How many bins of a map were dropped for which reason, and the cutoffs in counts."""
    kept, summary = read_mask(_present(layout.mask(sample, resolution)))
    return {
        "sample": sample,
        "resolution": resolution,
        "bins": len(kept),
        "kept": int(kept.sum()),
        "dropped": summary["reasons"],
        "cutoffs": cutoffs(summary["thresholds"]),
    }


def cutoffs(thresholds: dict[str, Any]) -> str:
    """The mask's thresholds in words: ``min_nnz 10; mad 31.5 to 80.2 by chromosome``."""
    parts = []
    for name, value in thresholds.items():
        if not isinstance(value, dict):
            parts.append(f"{name} {number(value)}")
        elif value:
            low, high = min(value.values()), max(value.values())
            span = number(low) if low == high else f"{number(low)} to {number(high)} by chromosome"
            parts.append(f"{name} {span}")
    return "; ".join(parts)


def _input_row(layout: Layout, sample: str, resolution: int) -> dict[str, Any]:
    record = read_json(_present(layout.triples(sample, resolution)["source"]))
    unknown = dict.fromkeys(("uri", "format", "coarsened_from", "contacts", "nnz", "assembly"))
    identity = record.get("identity", {})
    return {
        **unknown,
        **record,
        "sample": sample,
        "resolution": resolution,
        "notes": record.get("notes", []),
        "identity": identity.get("sha256") or identity.get("etag") or "\u2013",
    }


def _comparisons(
    layout: Layout, runs: Sequence[Run], folder: Path, width: int
) -> Iterator[dict[str, Any]]:
    """The samples of each resolution, and their picture as of ``_image``."""
    for resolution, samples in compared(runs).items():
        image = _image(layout.comparison(resolution), folder, width)
        yield {"resolution": resolution, "samples": samples, **image}


def _plots(
    layout: Layout, runs: Sequence[Run], rows: Sequence[dict[str, Any]], folder: Path, width: int
) -> Iterator[dict[str, Any]]:
    """The rows with their plot as of ``_image``."""
    for run, row in zip(runs, rows, strict=True):
        plot = layout.plot(run["sample"], run["resolution"], run["method"])
        yield {**row, **_image(plot, folder, width)}


def _image(path: str, folder: Path, width: int) -> dict[str, Any]:
    """A picture as a data URI and, if it lies beside the page, a link to the PNG."""
    picture = Path(_present(path))
    image, size = _webp(picture, width)
    link = picture.relative_to(folder).as_posix() if picture.is_relative_to(folder) else None
    return {"image": image, "width": size[0], "height": size[1], "link": link}


def _webp(path: Path, width: int) -> tuple[str, tuple[int, int]]:
    """A PNG as a WebP data URI (a tenth of the bytes), not wider than asked, and its size."""
    from PIL import Image

    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=72, method=4)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/webp;base64,{encoded}", image.size


def number(value: float | None) -> str:
    """A figure with thousands apart and no digits that nobody needs, or a dash."""
    if value is None:
        return "\u2013"
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"


def deviation(value: float | None) -> str:
    """A relative deviation: three digits, or a dash."""
    return "\u2013" if value is None else f"{value:.2e}" if value < 1e-3 else f"{value:.3g}"


def words(code: str) -> str:
    """``not_converged`` as ``not converged``."""
    return code.replace("_", " ")
