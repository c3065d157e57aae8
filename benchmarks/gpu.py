"""KR and ICE wholly on a GPU, on random maps that are made there, against its memory's speed.

python -m benchmarks.gpu                                     # 50 million and 1 billion nonzeros
python -m benchmarks.gpu --device cpu --nonzeros 1000000     # a trial where there is no GPU

Prints a Markdown table. One billion nonzeros need a device with 20 GB.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from counterpoise.backends.torch import TorchOperator, Triangle, find_device
from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.api import balance
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods import methods
from counterpoise.methods.base import Problem
from counterpoise.methods.recorder import Recorder

SIZES = (50_000_000, 1_000_000_000)
COMPARED = 100_000_000  # nonzeros up to which the CPU computes the same weights, to compare
METHODS = ("kr", "ice")
ROUNDS = 3
PRODUCTS = 20
COPIED_BYTES = 2**30
# Of the map: how far from the diagonal a row reaches, as a share of all bins; the share of its bins
# within reach that hold contacts; most nonzeros a row, which decides for large maps; and counts
# next to the diagonal.
REACH, FILLED, ROW, DEPTH = 0.2, 0.1, 3000, 60.0
SLAB = 2**24
SEED = 1

HEAD = (
    "| bins | nonzeros | | products | seconds | ns a nonzero and product | bytes a nonzero "
    "| share of bandwidth | largest difference from the CPU | same bits again |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def banded_map(nonzeros: int, device: torch.device) -> Triangle:
    """A random map without its main diagonal, about as many nonzeros above it, on the device.

    Each row holds equally many (fewer at the end of the map), first without a gap and then with
    gaps that widen as the square of their number; counts fall with distance, times the bias of
    both bins.
    """
    bins = max(round((nonzeros / REACH / FILLED) ** 0.5), nonzeros // ROW)
    reach = int(REACH * bins)
    row = nonzeros / bins
    for _ in range(10):  # rows that end early: their share depends on the row
        row = nonzeros / bins / (1 - (row / 2 + (reach - row) / 4) / bins)
    per_row = round(row)
    random = torch.Generator(device).manual_seed(SEED)
    bias = torch.empty(bins, dtype=torch.float64, device=device)
    bias = bias.normal_(0, 0.4, generator=random).exp_()
    share = torch.arange(1, per_row + 1, dtype=torch.float64, device=device) / per_row
    mean_gap = 3 * (reach - per_row) / per_row * share**2
    scale = 1 / torch.log1p(1 / mean_gap)  # of the exponential whose whole part has this mean
    columns = torch.empty(bins * per_row, dtype=torch.int32, device=device)
    counts = torch.empty(bins * per_row, dtype=torch.int16, device=device)
    lengths, filled = [], 0
    for first in range(0, bins, max(SLAB // per_row, 1)):
        rows = torch.arange(first, min(first + max(SLAB // per_row, 1), bins), device=device)
        gaps = torch.empty(len(rows), per_row, dtype=torch.float64, device=device)
        gaps = gaps.exponential_(generator=random).mul_(scale).floor_().add_(1)
        distance = gaps.cumsum_(1).to(torch.int32)
        inside = distance < (bins - rows)[:, None]
        lengths.append(inside.sum(1))
        column = (distance + rows[:, None].to(torch.int32))[inside]
        expected = (DEPTH * bias[rows, None] / distance)[inside] * bias[column]
        drawn = torch.poisson(expected, generator=random).clamp_(max=30_000) + 1
        columns[filled : filled + len(column)] = column
        counts[filled : filled + len(column)] = drawn.to(torch.int16)
        filled += len(column)
    starts = torch.zeros(bins + 1, dtype=torch.int64, device=device)
    torch.cumsum(torch.cat(lengths), 0, out=starts[1:])
    diagonal = torch.zeros(bins, dtype=torch.float64, device=device)
    return Triangle(starts, columns[:filled], counts[:filled], diagonal)


def contacts_of(triangle: Triangle) -> Contacts:
    """The same map for the CPU's backend."""
    bins = BinTable.fixed(["chr1"], [len(triangle.diagonal)], 1)
    columns = triangle.columns.cpu().numpy().view(np.uint32)
    counts = triangle.counts.cpu().numpy().view(np.uint16)
    return Contacts(bins, triangle.starts.cpu().numpy(), columns, counts)


class Counted:
    """An operator that counts its products."""

    def __init__(self, inner: TorchOperator, recorder: Recorder) -> None:
        self.inner, self.recorder = inner, recorder
        self.size, self.xp = inner.size, inner.xp

    def ones(self) -> Any:
        return self.inner.ones()

    def product(self, x: Any) -> Any:
        self.recorder.matvecs += 1
        return self.inner.product(x)

    def restrict(self, kept: Any) -> Counted:
        return Counted(self.inner.restrict(kept), self.recorder)


@dataclass(frozen=True)
class Measured:
    """A row of the table: seconds are the median of the rounds."""

    bins: int
    nonzeros: int
    what: str
    products: int
    seconds: float
    bytes_per_product: int
    difference: float | None
    same_bits: bool

    def line(self, bandwidth: float) -> str:
        each = self.seconds / self.products
        cells = [
            f"{self.bins:,}",
            f"{self.nonzeros:,}",
            self.what,
            f"{self.products:,}",
            f"{self.seconds:.3f}",
            f"{each / self.nonzeros * 1e9:.4f}",
            f"{self.bytes_per_product / self.nonzeros:.2f}",
            f"{self.bytes_per_product / each / bandwidth:.0%}",
            "" if self.difference is None else f"{self.difference:.1e}",
            "yes" if self.same_bits else "NO",
        ]
        return f"| {' | '.join(cells)} |"


def waited(device: torch.device) -> float:
    """The time when everything asked of the device so far is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def timed(device: torch.device, work: Callable[[], Any]) -> tuple[float, Any]:
    begin = waited(device)
    result = work()
    return waited(device) - begin, result


def memory_bandwidth(device: torch.device, size: int) -> float:
    """Bytes a second of the fastest of ten copies of ``size`` bytes: as many read as written."""
    source = torch.zeros(size // 8, dtype=torch.float64, device=device)
    target = torch.ones_like(source)
    times = [timed(device, lambda: target.copy_(source))[0] for _ in range(10)]
    return 2 * size / min(times)


def solved(operator: TorchOperator, name: str) -> tuple[int, np.ndarray]:
    """Products and weights of a method, every vector on the device until the end."""
    method = methods()[name]
    recorder = Recorder("genome")
    counted = Counted(operator, recorder)
    marginal = counted.product(counted.ones())
    problem = Problem(counted, marginal, recorder, lambda: counted.ones(), list)
    solution = method.solve(problem, method.settings())
    if not solution.status.good:
        raise SystemExit(f"{name} did not balance the map: {solution.cause}")
    return recorder.matvecs, to_numpy(solution.weights)


def measured(nonzeros: int, device: torch.device) -> list[Measured]:
    """Products alone, then each method, on one map."""
    triangle = banded_map(nonzeros, device)
    contacts = contacts_of(triangle) if nonzeros <= COMPARED else None
    operator = TorchOperator.from_triangle(triangle)
    size, held = operator.size, len(triangle.columns)
    del triangle
    x = operator.ones()
    operator.product(x)  # compiles
    runs = [
        timed(device, lambda: [operator.product(x) for _ in range(PRODUCTS)][-1])
        for _ in range(ROUNDS)
    ]
    layout_bytes = operator.bytes_per_product

    def row(what: str, products: int, times: list[float], results: list[Any]) -> Measured:
        difference = None
        if contacts is not None and what in METHODS:
            settings = {"scope": "genome", "ignore_diags": 0}
            expected = balance(contacts, what, device="cpu", **settings).weights
            difference = float(np.abs(results[0] / expected - 1).max())
        same = len({result.tobytes() for result in results}) == 1
        seconds = statistics.median(times)
        return Measured(size, held, what, products, seconds, layout_bytes, difference, same)

    lines = [row("product", PRODUCTS, [run[0] for run in runs], [to_numpy(r[1]) for r in runs])]
    for name in METHODS:
        solved(operator, name)  # compiles what the method needs
        found = [timed(device, lambda name=name: solved(operator, name)) for _ in range(ROUNDS)]
        times, results = [run[0] for run in found], [run[1][1] for run in found]
        lines.append(row(name, found[0][1][0], times, results))
    return lines


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    arguments.add_argument("--nonzeros", type=int, nargs="+", default=list(SIZES))
    chosen = arguments.parse_args()
    device = find_device(chosen.device)
    bandwidth = memory_bandwidth(device, min(COPIED_BYTES, 8 * max(chosen.nonzeros)))
    on_cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if on_cuda else f"CPU ({platform.machine()})"
    compiled = on_cuda and find_spec("triton") is not None
    print(
        f"{name}, {date.today()}, torch {torch.__version__}, "
        f"{'Triton kernel' if compiled else 'torch operations'}; memory copied at "
        f"{bandwidth / 1e9:,.0f} GB/s (read and written); medians of {ROUNDS} runs.\n"
    )
    print(HEAD)
    for nonzeros in chosen.nonzeros:
        for line in measured(nonzeros, device):
            print(line.line(bandwidth), flush=True)


if __name__ == "__main__":
    main()
