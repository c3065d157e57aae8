"""The table of docs/guides/cluster.md: what the jobs of maps of several sizes request.

The figures are those of the functions with which jobs predict their own requests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from counterpoise.balancing.pattern import most_entries
from counterpoise.balancing.support import EXAMINE_LIMIT
from counterpoise.cli.output import COLUMN_BYTES
from counterpoise.cohort.settings import IngestSettings, QcSettings
from counterpoise.contacts.bins import format_base_pairs, pluralise
from counterpoise.ingest.pixels import PACKED_BYTES
from counterpoise.jobs.balance import BalanceJob
from counterpoise.jobs.export import ExportJob
from counterpoise.jobs.ingest import IngestJob
from counterpoise.jobs.inspect import InspectJob
from counterpoise.jobs.mask import MaskJob
from counterpoise.jobs.memory import MapSize
from counterpoise.jobs.method import useful_threads
from counterpoise.jobs.plot import PlotJob
from counterpoise.jobs.resources import SNAKEMAKE_MB
from counterpoise.mask import MaskSettings
from counterpoise.methods.ice import IceSettings
from counterpoise.process import MIB
from counterpoise.store.mcool import predict_size
from counterpoise.store.paths import MapFiles, RunFiles
from tests.support import REPOSITORY
from tests.support.generated import with_tables

PAGE = "docs/guides/cluster.md"
METHODS = ("ice", "kr")
# Counts of a usual map: their type, and contacts for each nonzero.
COUNT_TYPE, CONTACTS = "uint16", 3
# Bytes of a pixel while a source is read: two bins and a count of at most 8 bytes.
READING_BYTES = 16


@dataclass(frozen=True)
class Size:
    """A map: its nonzeros, bins and bin size in base pairs."""

    nonzeros: int
    bins: int
    resolution: int

    def __str__(self) -> str:
        """Return the head of its column."""
        level = format_base_pairs(self.resolution)
        return f"{self.nonzeros // 10**6:,} million nonzeros, {self.bins:,} bins ({level})"

    @property
    def figures(self) -> MapSize:
        """The figures that decide the memory of balancing all contacts at once."""
        examined = min(self.nonzeros, most_entries(self.bins, EXAMINE_LIMIT))
        contacts = CONTACTS * self.nonzeros
        return MapSize.of(self.bins, self.nonzeros, COUNT_TYPE, contacts, examined)

    @property
    def threads(self) -> int:
        """The threads of a balancing job."""
        return useful_threads(self.nonzeros)

    @property
    def balancing_mb(self) -> int:
        """MiB that a balancing job requests."""
        return -(-self.figures.bytes_in_memory // MIB) + SNAKEMAKE_MB

    @property
    def streaming_mb(self) -> int:
        """MiB with which the map streams."""
        return -(-self.figures.bytes_streaming(self.threads) // MIB) + SNAKEMAKE_MB

    @property
    def pixel_bytes(self) -> int:
        """Bytes of the file of pixels, and about those of a source that has this level alone."""
        return PACKED_BYTES * self.nonzeros

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights of the methods."""
        return len(METHODS) * COLUMN_BYTES * self.bins


# A human genome, from a shallow map to a very deep one.
SIZES = (
    Size(10_000_000, 31_000, 100_000),
    Size(100_000_000, 310_000, 10_000),
    Size(500_000_000, 620_000, 5_000),
    Size(1_000_000_000, 3_100_000, 1_000),
)


def describe_jobs(size: Size) -> dict[str, str]:
    """Return what each job of a map requests."""
    with TemporaryDirectory() as folder:
        source, record = Path(folder, "map.cool"), MapFiles.in_folder(folder).source
        with source.open("wb") as stream:
            stream.truncate(size.pixel_bytes)  # an empty file of this size takes no space
        Path(record).write_text(json.dumps({"bins": size.bins, "nnz": size.nonzeros}))
        inputs = [record, *[RunFiles.in_folder("").verdict] * len(METHODS)]
        file = {"uri": str(source), "hic_engine": IngestSettings.hic_engine}
        drawing = {"max_pixels": QcSettings.max_pixels, "dpi": QcSettings.dpi}
        columns = {name: name.upper() for name in METHODS}
        jobs = {
            "inspect the file": InspectJob(**file),
            "read": IngestJob(**file, resolution=size.resolution),
            "mask": MaskJob(filters=MaskSettings()),
            "plot": PlotJob(**drawing),
            "export": ExportJob(
                cohort="mine", resolutions=[size.resolution], columns=columns, primary=METHODS[0]
            ),
        }
        cells = {
            name: f"{job.mem_mb(inputs, job.THREADS):,} MB, {job.minutes(inputs)} min"
            for name, job in jobs.items()
        }
        minutes = BalanceJob(method="ice", settings=IceSettings()).minutes(inputs)
    threads = pluralise(size.threads, "thread")
    cells["balance, each method"] = f"{size.balancing_mb:,} MB, {minutes} min, {threads}"
    return cells


def describe_rows(size: Size) -> dict[str, str]:
    """Return the cells of a map by the name of their row."""
    pixels, weights = size.pixel_bytes, size.weight_bytes
    return {
        **describe_jobs(size),
        "balance from disk": f"{size.streaming_mb:,} MB",
        "results: pixels": describe_bytes(pixels),
        "results: weights": describe_bytes(weights),
        "results: cooler": describe_bytes(predict_size(pixels + weights)),
        "scratch: reading": describe_bytes(READING_BYTES * size.nonzeros),
        "scratch: balancing from disk": describe_bytes(size.figures.packed_bytes(size.nonzeros)),
    }


def describe_bytes(count: int) -> str:
    """Return a number of bytes in MB or GB."""
    return f"{count / 10**9:,.1f} GB" if count >= 10**9 else f"{-(-count // 10**6):,} MB"


def estimates_table() -> str:
    """Render the table."""
    columns = {str(size): describe_rows(size) for size in SIZES}
    rows = next(iter(columns.values()))
    lines = [["", *columns], *([name, *(each[name] for each in columns.values())] for name in rows)]
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, f"|{'---|' * (len(columns) + 1)}", *body])


def cluster_page() -> str:
    """Return the page with its table as it should be."""
    text = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    return with_tables(text, {"estimates": estimates_table})
