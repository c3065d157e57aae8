"""The cohort at a glance: ``summary.tsv``, and ``page.html``, one page that needs no network.

Both are made from the files under ``results/`` alone; equal files give equal bytes. A run that has
no result is told as ``missing``, with the reason.
"""

from __future__ import annotations

import base64
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from counterpoise._version import __version__
from counterpoise.contacts.bins import format_base_pairs
from counterpoise.files import read_json, replacing
from counterpoise.mask import Reason
from counterpoise.records.verdict import Status, Verdict
from counterpoise.store.masks import read_mask
from counterpoise.store.missing import not_written, why_missing
from counterpoise.store.paths import Layout, compared
from counterpoise.store.weights import read_verdict

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

# Where there is no verdict at all, ``Status`` has no word.
MISSING = "missing"
MISSING_MEANS = (
    "There is no result, since a job on the way to it failed or did not run; see the reason. "
    "Put it right and run again; only what is missing is done."
)
# Plots beyond so many are linked and not shown, those of bad verdicts last: a page has to open.
SHOWN = 300

SUMMARY_COLUMNS = (
    "sample", "condition", "replicate", "resolution", "method", "status", "reason", "algorithm",
    "scope", "bins", "kept", "contacts", "nonzeros", "iterations", "matvecs", "max_deviation",
    "rms_deviation", "median_se", "seconds", "peak_memory_mb", "format", "coarsened_from",
    "sha256", "source", "experiment",
)  # fmt: skip


def summary_rows(
    layout: Layout, runs: Sequence[Run], settings: Run | None = None
) -> list[dict[str, Any]]:
    """One row for each run, with the keys of ``SUMMARY_COLUMNS``; None where nothing is known.

    Parameters
    ----------
    runs : dicts with sample, resolution, method and, where the sample sheet has them,
        condition and replicate.
    settings : of the report; after a run of the workflow that failed with what it did not make
        (``outstanding``).
    """
    return [_summary_row(layout, run, settings or {}) for run in runs]


def _summary_row(layout: Layout, run: Run, settings: Run) -> dict[str, Any]:
    if reason := why_missing(layout, run, settings):
        known = {key: run.get(key) for key in SUMMARY_COLUMNS}
        return {**known, "status": MISSING, "reason": reason}
    verdict = _verdict(layout, run)
    source = read_json(layout.triples(run["sample"], run["resolution"])["source"])
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


def write_summary(
    layout: Layout, runs: Sequence[Run], path: str | Path, settings: Run | None = None
) -> None:
    """``summary.tsv``: tab-separated, a header line, an empty field where nothing is known."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SUMMARY_COLUMNS, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    for row in summary_rows(layout, runs, settings):
        # A tab or a line break inside a text would break the table.
        writer.writerow(
            {k: " ".join(v.split()) if isinstance(v, str) else v for k, v in row.items()}
        )
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def write_report(
    layout: Layout,
    runs: Sequence[Run],
    path: str | Path,
    settings: Run | None = None,
    *,
    image_width: int = 1400,
) -> None:
    """``page.html``: verdicts, masks, inputs and plots in one file.

    Parameters
    ----------
    runs, settings : see ``summary_rows``.
    image_width : of the embedded plots, in pixels; the PNGs keep their own size.
    """
    from jinja2 import Environment, StrictUndefined

    rows = summary_rows(layout, runs, settings)
    done = [run for run, row in zip(runs, rows, strict=True) if row["status"] != MISSING]
    maps = list(dict.fromkeys((run["sample"], run["resolution"]) for run in done))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        base_pairs=format_base_pairs,
        number=number,
        deviation=deviation,
        words=words,
        duration=duration,
    )
    source = resources.files("counterpoise").joinpath("page.html").read_text(encoding="utf-8")
    counts = Counter(row["status"] for row in rows)
    meanings = {status.value: MEANINGS[status] for status in Status}
    if counts[MISSING]:
        meanings = {MISSING: MISSING_MEANS, **meanings}
    page = environment.from_string(source).stream(
        cohort=layout.title,
        version=__version__,
        versions=_versions(layout, done),
        rows=rows,
        missing=counts[MISSING],
        not_written=not_written(layout, settings or {}),
        plotted=len(done),
        shown=SHOWN,
        side_by_side=bool(compared(done)),
        samples=list(dict.fromkeys(run["sample"] for run in runs)),
        resolutions=list(dict.fromkeys(run["resolution"] for run in runs)),
        methods=list(dict.fromkeys(run["method"] for run in runs)),
        statuses=[(status, counts[status], meaning) for status, meaning in meanings.items()],
        reasons=[reason.name.lower() for reason in Reason if reason is not Reason.KEPT],
        masks=[_mask_row(layout, *place) for place in maps],
        inputs=[_input_row(layout, *place) for place in maps],
        # One image in memory at a time: the page is written as it is made.
        comparisons=_comparisons(layout, runs, done, Path(path).parent, image_width),
        plots=_plots(layout, rows, Path(path).parent, image_width),
        costs=costs(layout, runs),
    )
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        page.dump(stream, encoding="utf-8")


def _verdict(layout: Layout, run: Run) -> Verdict:
    paths = layout.weights(run["sample"], run["resolution"], run["method"])
    return read_verdict(paths["verdict"])


def _versions(layout: Layout, runs: Sequence[Run]) -> list[str]:
    """``numpy 2.4.6`` and so on, all that any of the runs used."""
    pairs = {pair for run in runs for pair in _verdict(layout, run).versions.items()}
    return [f"{name} {version}" for name, version in sorted(pairs)]


def _mask_row(layout: Layout, sample: str, resolution: int) -> dict[str, Any]:
    """How many bins of a map were dropped for which reason, and the cutoffs in counts."""
    kept, summary = read_mask(layout.mask(sample, resolution))
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
    record = read_json(layout.triples(sample, resolution)["source"])
    unknown = dict.fromkeys(("uri", "format", "coarsened_from", "contacts", "nnz", "assembly"))
    identity = record.get("identity", {})
    return {
        **unknown,
        **record,
        "sample": sample,
        "resolution": resolution,
        "notes": record.get("notes", []),
        "identity": identity.get("sha256") or "\u2013",
    }


def _comparisons(
    layout: Layout, runs: Sequence[Run], done: Sequence[Run], folder: Path, width: int
) -> Iterator[dict[str, Any]]:
    """The samples of each resolution of which all is there, and their picture as of ``_image``."""
    lacking = Counter(run["resolution"] for run in runs) - Counter(
        run["resolution"] for run in done
    )
    for resolution, samples in compared(runs).items():
        picture = layout.comparison(resolution)
        if resolution not in lacking and Path(picture).is_file():
            image = _image(picture, folder, width)
            yield {"resolution": resolution, "samples": samples, **image}


def _plots(
    layout: Layout, rows: Sequence[dict[str, Any]], folder: Path, width: int
) -> Iterator[dict[str, Any]]:
    """The rows with their plot as of ``_image``, or with a link to it alone."""
    plotted = [number for number, row in enumerate(rows) if row["status"] != MISSING]
    shown = set(sorted(plotted, key=lambda number: Status(rows[number]["status"]).good)[:SHOWN])
    for number in plotted:
        row = rows[number]
        plot = layout.plot(row["sample"], row["resolution"], row["method"])
        picture = _image(plot, folder, width) if number in shown else _link(plot, folder)
        yield {**row, "number": number + 1, "image": None, **picture}


def _image(path: str, folder: Path, width: int) -> dict[str, Any]:
    """A picture as a data URI, and the link to it."""
    image, size = _webp(Path(path), width)
    return {"image": image, "width": size[0], "height": size[1], **_link(path, folder)}


def _link(path: str, folder: Path) -> dict[str, str | None]:
    """A link to a PNG if it lies beside the page."""
    picture = Path(path)
    inside = picture.is_relative_to(folder)
    return {"link": picture.relative_to(folder).as_posix() if inside else None}


def costs(layout: Layout, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Time and memory of each rule's jobs, as Snakemake measured them (``Layout.benchmark``).

    Returns
    -------
    For each rule of which there are measurements: ``rule``, ``jobs``, ``seconds`` of all together,
    the ``longest`` and the ``largest`` (peak memory, MB) as pairs of figure and job; ``largest`` is
    None where all jobs were too short to be looked at.
    """
    samples = dict.fromkeys((run["sample"],) for run in runs)
    maps = dict.fromkeys((run["sample"], str(run["resolution"])) for run in runs)
    places = [(run["sample"], str(run["resolution"]), run["method"]) for run in runs]
    resolutions = dict.fromkeys((str(run["resolution"]),) for run in runs)
    jobs: dict[str, Iterable[tuple[str, ...]]] = {
        "inspect": samples, "ingest": maps, "mask": maps, "bandwidth": places, "balance": places,
        "plot": places, "compare": resolutions, "export": samples,
    }  # fmt: skip
    found = []
    for rule, wildcards in jobs.items():
        times, memories = [], []
        for wildcard in wildcards:
            path = Path(layout.benchmark(rule, *wildcard))
            if path.is_file():
                with open(path, newline="", encoding="utf-8") as stream:
                    row = next(csv.DictReader(stream, delimiter="\t"))
                name = " ".join(wildcard)
                times.append((float(row["s"]), name))
                # Snakemake writes a word instead of a figure for jobs that were over too soon.
                if row["max_rss"].replace(".", "", 1).isdigit():
                    memories.append((float(row["max_rss"]), name))
        if times:
            found.append(
                {
                    "rule": rule,
                    "jobs": len(times),
                    "seconds": sum(seconds for seconds, _ in times),
                    "longest": max(times),
                    "largest": max(memories, default=None),
                }
            )
    return found


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


def duration(seconds: float) -> str:
    """``12.3 s``, ``4 min 5 s`` or ``3 h 20 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def deviation(value: float | None) -> str:
    """A relative deviation: three digits, or a dash."""
    return "\u2013" if value is None else f"{value:.2e}" if value < 1e-3 else f"{value:.3g}"


def words(code: str) -> str:
    """``not_converged`` as ``not converged``."""
    return code.replace("_", " ")
