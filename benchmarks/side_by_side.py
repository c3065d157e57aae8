"""Measure the page of samples side by side for many samples.

python -m benchmarks.side_by_side

The samples are copies of 20 simulated maps of 3,000 bins (five chromosomes, 20 kb), in conditions
of 5 samples, with one sample in a hundred that has a hundredth of the contacts. The job reads the
files of every sample, so that copies cost what different samples cost. Writes
results/side_by_side.json and the table in README.md. The page for 500 samples stays in
build/side_by_side.png.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import cooler
import numpy as np
import pandas as pd

import counterpoise as cp
from benchmarks.measuring import machine, machine_line, markdown, publish, save, time_process
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.installation import workflow_folder
from counterpoise.jobs.compare import CompareJob
from counterpoise.store.masks import write_mask
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.runs import SampleLabels
from counterpoise.store.weights import write_balance

RESOLUTION = 20_000
CHROMOSOMES, BINS = 5, 600
MAPS, SHALLOW = 20, 0.01
SAMPLES = (10, 100, 500)
OF_CONDITION = 5
PAGE = Path(__file__).parents[1] / "build" / "side_by_side.png"


def write_cool(path: Path, seed: int, depth: float) -> None:
    """Write Poisson counts with a bias and the decay of a chromosome."""
    rng = np.random.default_rng(seed)
    apart = np.subtract.outer(np.arange(BINS), np.arange(BINS))
    rows = []
    for chromosome in range(CHROMOSOMES):
        bias = np.exp(rng.normal(0, 0.3, BINS))
        upper = np.triu(rng.poisson(depth * np.outer(bias, bias) / (abs(apart) + 1)))
        bin1, bin2 = np.nonzero(upper)
        first = chromosome * BINS
        columns = {"bin1_id": bin1 + first, "bin2_id": bin2 + first, "count": upper[bin1, bin2]}
        rows.append(pd.DataFrame(columns))
    sizes = pd.Series({f"chr{k + 1}": BINS * RESOLUTION for k in range(CHROMOSOMES)})
    cooler.create_cooler(str(path), cooler.binnify(sizes, RESOLUTION), pd.concat(rows))


def write_sample(paths: ResultPaths, name: str, path: Path) -> None:
    """Write the results of a map: pixels, mask and weights."""
    files = paths.map_files(name, RESOLUTION)
    write_map(inspect_source(str(path)), RESOLUTION, files)
    contacts = read_map(files)
    mask = cp.mask_bins(contacts)
    write_mask(paths.mask(name, RESOLUTION), mask, contacts.bins)
    result = cp.balance(contacts, "vc_sqrt", mask=mask.kept)
    write_balance(result, contacts.bins, paths.run_files(name, RESOLUTION, "vc_sqrt"))


def copy_sample(paths: ResultPaths, name: str, source: str) -> None:
    """Give a sample the results of another one."""
    run, other = (paths.run_files(each, RESOLUTION, "vc_sqrt") for each in (source, name))
    files = [
        *zip(paths.map_files(source, RESOLUTION), paths.map_files(name, RESOLUTION), strict=True),
        (paths.mask(source, RESOLUTION), paths.mask(name, RESOLUTION)),
        *zip(run, other, strict=True),
    ]
    for one, target in files:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(one, target)


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Return seconds and peak memory by number of samples."""
    paths = ResultPaths("many", str(folder / "results"))
    for k in range(MAPS + 1):
        path = folder / f"{k}.cool"
        write_cool(path, k, 40 * (SHALLOW if k == MAPS else 1))
        write_sample(paths, f"map_{k}", path)
    measured = {}
    labels = {}
    for k in range(max(SAMPLES)):
        source = MAPS if k % 100 == 6 else k % MAPS
        copy_sample(paths, f"sample_{k}", f"map_{source}")
        labels[f"sample_{k}"] = SampleLabels(group=f"condition {k // OF_CONDITION}")
    for number in SAMPLES:
        job = CompareJob(
            cohort="many",
            resolution=RESOLUTION,
            samples=dict(list(labels.items())[:number]),
            methods=["vc_sqrt"],
            primary="vc_sqrt",
            dpi=110,
            depth_caution=0.2,
        )
        settings = folder / "settings.json"
        settings.write_text(repr(job.to_params()))
        script = Path(workflow_folder()) / "scripts" / "compare.py"
        PAGE.parent.mkdir(exist_ok=True)
        words = [sys.executable, str(script), "--settings", "-", "--root", str(folder / "results")]
        words += ["--output", str(PAGE), "--concordance", str(folder / "pairs.tsv")]
        shell = f'exec "$@" < {settings}'
        run = time_process(["sh", "-c", shell, "sh", *words], fill_gib=1)
        measured[str(number)] = {"seconds": run.wall, "peak": run.peak}
    return measured


def table(record: dict[str, object]) -> str:
    """Format the measurements."""
    runs = record["runs"]
    assert isinstance(runs, dict)
    rows = [
        [number, f"{run['seconds']:.0f}", f"{run['peak']:,.0f}"] for number, run in runs.items()
    ]
    facts = record["machine"]
    assert isinstance(facts, dict)
    head = ["samples", "seconds", "peak memory (MB)"]
    return markdown(head, rows) + "\n" + machine_line(facts)


def main() -> None:
    """Measure, and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        record = {"machine": machine(), "runs": measure(Path(folder))}
    save("side_by_side", record)
    publish("side by side", table(record))


if __name__ == "__main__":
    main()
