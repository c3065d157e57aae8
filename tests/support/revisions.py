"""Small results of every stage and method, and what a developer must do when they change.

``tests/revisions.json`` holds them; ``make accept`` writes it. Numbers are compared to about four
digits, and numbers that rounding decides (iterations, last deviations) are not compared, so that
another processor or another numpy passes. Pictures (``plot``, ``compare``) and the look of the
report are not compared because they differ between versions of matplotlib; raising their revisions
is up to the developer.

A bootstrap draws from numpy's generators. If a new numpy draws other numbers, its standard errors
change, and the message cannot say that numpy is the cause. So it is with thinned maps.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cooler
import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

import counterpoise as cp
from counterpoise.cohort.revisions import REVISIONS, of_method
from counterpoise.cohort.settings import IngestSettings
from counterpoise.cohort.thinning import ThinSettings
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.jobs.merge import MergeJob
from counterpoise.jobs.prior import FilePriorJob
from counterpoise.jobs.shared_mask import FinalMaskJob, SharedMaskJob
from counterpoise.jobs.thin import FindLeastJob, ThinJob
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.methods import methods
from counterpoise.report.differences.compare import compare_folders
from counterpoise.report.differences.folder import ResultFolder
from counterpoise.report.differences.table import difference_rows
from counterpoise.report.samples import sample_rows
from counterpoise.report.summary import summary_rows, write_summary
from counterpoise.store.masks import read_mask, write_mask
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import MapFiles, ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.priors import pool_samples, write_pool
from counterpoise.store.runs import RunKey, SampleEntry, list_runs
from counterpoise.store.weights import write_balance
from counterpoise.tracking.values import read_values
from tests.support import REPOSITORY
from tests.support.hic_files import hic_bytes

EXPECTED = REPOSITORY / "tests" / "revisions.json"
WRITE = "make accept"
NOT_COMPARED = {"plot", "compare"}

Results = dict[str, Any]


# Methods whose weights are exported, reported and logged here.
EXPORTED = ["balance/ice", "balance/kr", "balance/kde"]

# Settings that reach code which the defaults do not run.
OTHER_SETTINGS: dict[str, list[dict[str, Any]]] = {
    "ice": [{"scope": "cis", "target": "mean"}, {"tolerance": "cooler", "ignore_diags": 1}],
    "kr": [{"scope": "genome", "target": "total"}, {"bootstrap": 3}],
    "scale": [{"scope": "genome"}],
    "ssk": [{"scope": "cis", "target": "mean"}],
    "kde": [{"variant": "observation"}, {"mixing": 0.1}, {"scope": "genome"}],
    "kde_eb": [{"scope": "genome"}],
    "vc": [{"scope": "trans"}],
}

# --- the results -----------------------------------------------------------------------------


def write_cooler(path: Path, every: int) -> None:
    """Write two chromosomes of 40 bins with counts by a formula, and one pixel of ``every``."""
    bins = cooler.binnify(pd.Series({"chr1": 24_000, "chr2": 15_500}), 1000)
    i, j = np.triu_indices(len(bins))
    uneven = (3 * i * i + 7 * j + 5 * i * j) % 17
    counts = (4 + uneven) * (2 + i % 5) * (2 + j % 5) // (2 + j - i)
    kept = (counts > 0) & ((i * 31 + j * 17) % every == 0)
    for number in (7, 30):  # an empty bin, and one with few contacts
        kept &= ((i != number) & (j != number)) | ((number == 30) & (j - i < 3))
    pixels = pd.DataFrame({"bin1_id": i, "bin2_id": j, "count": counts})
    cooler.create_cooler(str(path), bins, pixels[kept], assembly="toy1")


def compute_results(folder: Path) -> Results:
    """Compute small results of all stages and methods, by stage or ``stage/method``."""
    results: Results = {}
    paths = ResultPaths("toy", str(folder / "results"))
    for sample, every in (("dense", 1), ("sparse", 3), ("hopeless", 7)):
        write_cooler(folder / f"{sample}.cool", every)
        info = inspect_source(str(folder / f"{sample}.cool"))
        for resolution, finer in ((1000, None), (2000, paths.map_files(sample, 1000))):
            write_map(info, resolution, paths.map_files(sample, resolution), finer=finer)
            contacts = read_map(paths.map_files(sample, resolution))
            mask = mask_bins(contacts, MaskSettings(min_nnz=3, min_count=15, mad_max=3))
            write_mask(paths.mask(sample, resolution), mask, contacts.bins)
            write_mask(paths.own_mask(sample, resolution), mask, contacts.bins)
    (folder / "old.hic").write_bytes(hic_bytes(8))
    old = inspect_source(str(folder / "old.hic"))
    files = paths.map_files("old", 200)
    write_map(old, 200, files, IngestSettings.hic_engine)

    results["inspect"] = [
        {k: v for k, v in asdict(each).items() if k not in ("uri", "identity")}
        for each in (info, old)
    ]
    ingested = [paths.map_files("dense", 1000), paths.map_files("sparse", 2000), files]
    results["ingest"] = [_map(each) for each in ingested]
    results |= _derived(folder, paths)
    results["mask"] = [
        {"table": _table(path), "summary": read_mask(path)[1]}
        for path in (paths.mask("hopeless", 1000), paths.mask("dense", 2000))
    ]
    group = paths.shared_mask("all", 1000)
    Path(group.mask).parent.mkdir(parents=True)
    sharing = {"samples": ["dense", "sparse"], "shared": 1.0, "shared_within": "cohort"}
    SharedMaskJob(cohort="toy", **sharing).run(paths.root, "all", 1000, group)
    results["shared_mask"] = {"mask": _table(group.mask), "costs": Path(group.costs).read_text()}
    final = str(folder / "final.parquet")
    own = paths.own_mask("dense", 1000)
    FinalMaskJob().run(paths.map_files("dense", 1000), own, group.mask, final)
    results["final_mask"] = {"table": _table(final), "summary": read_mask(final)[1]}
    for name in methods():
        balanced = [
            {key: balance[key] for key in ("settings", "status", "weights")}
            for settings in OTHER_SETTINGS.get(name, [])
            for balance in [_balanced(paths, name, "dense", settings)]
        ]
        if methods()[name].exact:
            balanced.append(_balanced(paths, name, "hopeless", {"on_failure": "drop"}))
        # The last result is the one that is exported, reported and logged below.
        balanced.append(_balanced(paths, name, "sparse", {"on_failure": "drop"}))
        balanced.append(_balanced(paths, name, "dense", {}))
        results[f"balance/{name}"] = balanced
    results |= _priors(paths, folder)
    columns = [key.removeprefix("balance/") for key in EXPORTED]
    write_mcool(
        paths,
        "dense",
        [1000],
        {name: name.upper() for name in columns},
        "kr",
        paths.cooler("dense"),
    )
    results["export"] = _exported(paths.cooler("dense"))

    samples = {name: SampleEntry([1000], {"condition": "c"}, "c") for name in ("dense", "sparse")}
    rows = list_runs(samples, ["kr", "kde"], ["kr", "kde"])
    loose = ("seconds", "peak_memory_mb", "reason", *_MEASURED, "sha256", "source")
    summary = summary_rows(paths, rows)
    results["report"] = [
        {key: "" if key in loose else value for key, value in row.items()}
        for row in [*summary, *sample_rows(paths, samples, summary, "kr")]
    ]
    results["differences"] = _differences(paths, rows)
    results["track"] = [_tracked(paths, row) for row in rows]
    return results


def _differences(paths: ResultPaths, runs: list[RunKey]) -> list[dict[str, Any]]:
    """Compare results with those of a stricter mask and another scope."""
    other = replace(paths, experiment="other")
    for sample in ("dense", "sparse"):
        contacts = read_map(paths.map_files(sample, 1000))
        mask = mask_bins(contacts, MaskSettings(min_nnz=5, min_count=25, mad_max=3))
        write_mask(other.mask(sample, 1000), mask, contacts.bins)
        for name, settings in (("kr", {"scope": "genome"}), ("kde", {})):
            result = cp.balance(contacts, name, mask=mask.kept, **settings)
            files = other.run_files(sample, 1000, name)
            write_balance(result, contacts.bins, files)
            shutil.copy(paths.plot(sample, 1000, name), _folder_of(other.plot(sample, 1000, name)))
    folders = []
    for each in (paths, other):
        write_summary(summary_rows(each, runs), each.summary)
        folders.append(ResultFolder(each, each.title))
    loose = ("seconds_a", "seconds_b")
    rows = difference_rows(compare_folders(*folders))
    return [{key: "" if key in loose else value for key, value in row.items()} for row in rows]


def _folder_of(path: str) -> Path:
    """Make the folder of a file and return it."""
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _derived(folder: Path, paths: ResultPaths) -> Results:
    """Merge and thin two maps."""
    whole = replace(paths, thinned=True)
    files = {name: whole.whole_map_files(name, 1000) for name in ("dense", "sparse", "both")}
    least = whole.least("all")
    sizes = dict.fromkeys(("dense", "sparse"), 1000)
    for name in sizes:
        write_map(inspect_source(str(folder / f"{name}.cool")), 1000, files[name])
    merging = MergeJob(cohort=paths.cohort, members=list(sizes), thinned=True)
    merging.run(paths.root, 1000, files["both"])
    FindLeastJob(cohort=paths.cohort, samples=sizes).run(paths.root, least)
    thinning = ThinJob(thin=ThinSettings(least_of="cohort"))
    thinned = paths.map_files("both", 1000)
    thinning.run("both", 1000, thinned, whole=files["both"], least=least)
    return {
        "merge": [_map(files["both"])],
        "find_least": [json.loads(Path(least).read_text())],
        "thin": [_map(thinned)],
    }


def _priors(paths: ResultPaths, folder: Path) -> Results:
    """Pool two samples, and take the prior of a file."""
    samples = ["dense", "sparse"]
    for sample in samples:
        contacts = read_map(paths.map_files(sample, 1000))
        kept, _ = read_mask(paths.mask(sample, 1000))
        alone = cp.balance(contacts, "kde_eb", mask=kept)
        write_balance(alone, contacts.bins, paths.alone_files(sample, 1000, "kde_eb"))
    pool, file = paths.pool("toy", 1000, "kde_eb"), paths.file_prior(1000, "kde_eb")
    write_pool(pool, pool_samples(paths, samples, 1000, "kde_eb"), {})
    FilePriorJob(
        method="kde_eb",
        settings=methods()["kde_eb"].settings(),
        file=str(folder / "dense.cool"),
        resolution=1000,
        file_sha256="",
    ).run(file)
    return {"pool": _table(pool), "file_prior": _table(file)}


# Values that rounding decides.
_MEASURED = ("iterations", "matvecs", "max_deviation", "rms_deviation")


def _table(path: str, *columns: str) -> dict[str, Any]:
    """Read all types, and the values of the columns (all of them, if none is named)."""
    table = pq.read_table(path)
    types = {field.name: str(field.type) for field in table.schema}
    return {"types": types, "columns": table.select(columns or table.column_names).to_pydict()}


def _map(files: MapFiles) -> dict[str, Any]:
    source = json.loads(Path(files.source).read_text())
    source = {k: "" if k in ("uri", "identity") else v for k, v in source.items()}
    source["notes"] = len(source["notes"])  # new words for a message raise no revision
    for member in source.get("members", {}).values():
        del member["uri"], member["identity"]
    return {"source": source, "pixels": _table(files.pixels), "bins": _table(files.bins)}


def _balanced(
    paths: ResultPaths, name: str, sample: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """Balance and write."""
    contacts = read_map(paths.map_files(sample, 1000))
    kept, summary = read_mask(paths.mask(sample, 1000))
    result = cp.balance(contacts, name, mask=kept, mask_record=summary, **settings)
    files = paths.run_files(sample, 1000, name)
    write_balance(result, contacts.bins, files)
    plot = Path(paths.plot(sample, 1000, name))
    plot.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (2, 2)).save(plot)
    verdict = json.loads(Path(files.verdict).read_text())
    parts = ("label", "status", "cause", "bins", "kept", "dropped", "bandwidth", "target")
    return {
        "weights": _table(files.weights, "weight", "se"),
        "trace": [str(field) for field in pq.read_schema(files.trace)],
        "keys": [sorted(verdict), sorted(verdict["parts"][0])],
        "settings": verdict["settings"],
        "status": verdict["status"],
        "parts": [{key: part.get(key) for key in parts} for part in verdict["parts"]],
    }


def _exported(path: str) -> dict[str, Any]:
    contents: dict[str, Any] = {}
    loose = {*_MEASURED, "versions", "generated-by", "creation-date", "metadata", "reason"}

    def visit(name: str, item: Any) -> None:
        attributes = {key: "" if key in loose else value for key, value in item.attrs.items()}
        contents[name] = {"attributes": attributes}
        if isinstance(item, h5py.Dataset):
            contents[name]["type"] = str(item.dtype)
            if "/pixels/" not in name and "/indexes/" not in name:  # the pixels again
                contents[name]["values"] = item[:]

    with h5py.File(path) as file:
        file.visititems(visit)
    return contents


def _tracked(paths: ResultPaths, row: RunKey) -> dict[str, Any]:
    (summary,) = summary_rows(paths, [row])
    result = read_values(paths, row, (summary["fitness"], summary["fitness_reason"]))
    loose = ("input", "input_sha256", "input_bytes", "reason", "weights_sha256", "plot_sha256")
    shown = {
        key: "" if key in loose or key.startswith("version.") else value
        for key, value in result.tags.items()
    }
    return {
        "name": result.name,
        "key": result.key,
        "tags": shown,
        "params": result.params,
        "metrics": sorted({name for name, _, _ in [*result.curve, *result.final]}),
    }


# --- the comparison --------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Convert to what JSON holds: numbers to nine digits, NaN as null."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value if value is None else str(value)


def difference(old: Any, new: Any, place: str = "") -> str:
    """Describe the first difference; empty if there is none."""
    if isinstance(old, dict) and isinstance(new, dict):
        if apart := set(old) ^ set(new):
            return f"{place}: {sorted(apart)[0]} is only on one side"
        pairs = [(f"{place}.{key}", old[key], new[key]) for key in old]
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return f"{place}: {len(old)} before, now {len(new)}"
        pairs = [(f"{place}[{k}]", *both) for k, both in enumerate(zip(old, new, strict=True))]
    elif isinstance(old, float) and isinstance(new, (int, float)):
        same = math.isclose(old, new, rel_tol=1e-4, abs_tol=1e-9)
        return "" if same else f"{place}: {old} before, now {new}"
    else:
        return "" if old == new else f"{place}: {old!r} before, now {new!r}"
    return next((text for pair in pairs if (text := difference(*pair[1:], pair[0]))), "")


def rests_on(key: str) -> list[str]:
    """List the results that a stage or method uses; raising their revisions reruns it."""
    stage = key.partition("/")[0]
    derived = ["inspect", "ingest", "merge", "find_least", "thin"]
    read = ["inspect", "ingest", "mask"]
    masks = [*read, "shared_mask", "final_mask"]
    for stages in (derived, masks):
        if stage in stages:
            return stages[: stages.index(stage)]
    if stage in ("pool", "file_prior"):
        return [*read, "balance/kde_eb"]
    return read if stage == "balance" else [*read, *EXPORTED]


def revisions(key: str) -> dict[str, Any]:
    """Return the revisions of a stage or method and of what it rests on."""
    by_key: dict[str, Any] = {}
    for name in [*rests_on(key), key]:
        stage, _, method = name.partition("/")
        by_key[name] = of_method(method) if method else REVISIONS[stage]
    return by_key


def complaint(key: str, expected: Results, results: Results) -> str:
    """Say what a developer has to do about a stage or method; empty if nothing."""
    if key not in expected:
        return f"{key} is not in {EXPECTED.name}: {WRITE}"
    if expected[key]["revisions"] != revisions(key):
        return f"a revision was raised; run: {WRITE}"
    changed = difference(expected[key]["results"], results[key], key)
    if not changed or any(complaint(name, expected, results) for name in rests_on(key)):
        return ""  # or the change comes from what it rests on
    stage, _, method = key.partition("/")
    where = f'REVISIONS["{stage}"] in workflow/counterpoise/cohort/revisions.py'
    if method:
        where = (
            f"the revision of {method} in workflow/counterpoise/methods/ (or, if this is so for "
            f"all methods, {where})"
        )
    return (
        f"{changed}.\nResults changed and the revision did not, so users would keep the old ones. "
        f"If the change is meant, raise {where} by one and run: {WRITE}"
    )


def write_expected_results() -> bool:
    """Write ``revisions.json`` and return whether it changed.

    Results that changed under an unchanged revision are refused. If it is this module that changed,
    remove the entry from ``revisions.json`` by hand.
    """
    before = EXPECTED.read_text() if EXPECTED.exists() else "{}"
    expected = json.loads(before)
    with tempfile.TemporaryDirectory() as folder:
        results = plain(compute_results(Path(folder)))
    for key in results:
        if key in expected and expected[key]["revisions"] == revisions(key):
            if text := complaint(key, expected, results):
                sys.exit(text)
            results[key] = expected[key]["results"]
    entries = {
        key: {"revisions": revisions(key), "results": results[key]} for key in sorted(results)
    }
    lines = [f" {json.dumps(key)}: {json.dumps(entry)}" for key, entry in entries.items()]
    after = "{\n" + ",\n".join(lines) + "\n}\n"
    EXPECTED.write_text(after)
    return after != before
