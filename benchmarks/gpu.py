"""Time KR and ICE on a GPU, on random maps made there, against the bandwidth of its memory.

python -m benchmarks.gpu                                     # 50 million and 1 billion nonzeros
python -m benchmarks.gpu --whole-calls                       # whole calls beside the CPU
python -m benchmarks.gpu --device cpu --nonzeros 1000000     # a trial without a GPU

Prints a Markdown table. One billion nonzeros need a device with 20 GB. A machine with numpy, scipy,
torch, Triton and a C compiler is enough; there, first:

export PYTHONPATH=workflow
cc -O3 -std=c11 -D_GNU_SOURCE -ffp-contract=off -shared -fPIC \\
    -o workflow/counterpoise/native/_native.so workflow/counterpoise/native/*.c
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from counterpoise.backends.torch import find_device
from counterpoise.backends.torch.operator import TorchOperator
from counterpoise.backends.torch.panel_csr import Triangle
from counterpoise.backends.vectors import to_numpy
from counterpoise.balancing.api import balance
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods import methods
from counterpoise.methods.base import Problem
from counterpoise.methods.recorder import Recorder

SIZES = (50_000_000, 1_000_000_000)
MAX_COMPARED = 100_000_000  # nonzeros up to which the weights are compared with the CPU's
CALLED_SIZES = (10_000_000, 30_000_000, 100_000_000, 300_000_000)
CALLED_METHODS = ("kr", "ice", "vc_sqrt")
GENOME_WIDE: dict[str, Any] = {"scope": "genome", "ignore_diags": 0, "mask": None}
SOLVED: dict[str, tuple[str, dict[str, Any]]] = {  # name of the row -> method and settings
    "kr": ("kr", {}),
    "ice": ("ice", {}),
    "ice, plain": ("ice", {"solver": "plain"}),
}
PRODUCTS = 20
COPIED_BYTES = 2**30
# Properties of the map: reach of a row from the diagonal as a share of all bins; share of the bins
# within reach that have contacts; largest number of nonzeros per row, which limits large maps; and
# counts next to the diagonal.
REACH, FILLED, ROW, DEPTH = 0.2, 0.1, 3000, 60.0
SLAB = 2**24
SEED = 1

HEAD = (
    "| bins | nonzeros | method | products | seconds | ns per nonzero and product "
    "| bytes per nonzero | share of bandwidth | largest difference from the CPU | same bits |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def banded_map(nonzeros: int, device: torch.device) -> Triangle:
    """Make a random map with about the given number of nonzeros above the main diagonal.

    Each row has the same number of nonzeros (fewer at the end of the map). The first have no gaps
    between them; later gaps widen with the square of their number. Counts fall with distance and
    are multiplied by the biases of both bins.
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
    """Make the same map for the CPU."""
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
        """Return a vector of ones."""
        return self.inner.ones()

    def product(self, x: Any) -> Any:
        """Return A x and count it."""
        self.recorder.matvecs += 1
        return self.inner.product(x)

    def restrict(self, kept: Any) -> Counted:
        """Restrict the operator to some bins."""
        return Counted(self.inner.restrict(kept), self.recorder)


@dataclass(frozen=True)
class Measurement:
    """A row of the table; seconds are the median of the rounds."""

    bins: int
    nonzeros: int
    what: str
    products: int
    seconds: float
    bytes_per_product: int
    difference: float | None
    same_bits: bool

    def line(self, bandwidth: float) -> str:
        """Format the row, with a share of the bandwidth in bytes per second."""
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


def finish_time(device: torch.device) -> float:
    """Wait until the device has finished, and return the time."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def time_work(device: torch.device, work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds and the result of some work on the device."""
    begin = finish_time(device)
    result = work()
    return finish_time(device) - begin, result


def memory_bandwidth(device: torch.device, size: int) -> float:
    """Return the bytes read and written per second in the fastest of ten copies."""
    source = torch.zeros(size // 8, dtype=torch.float64, device=device)
    target = torch.ones_like(source)
    times = [time_work(device, lambda: target.copy_(source))[0] for _ in range(10)]
    return 2 * size / min(times)


def solve(operator: TorchOperator, name: str, settings: dict[str, Any]) -> tuple[int, np.ndarray]:
    """Return products and weights of a method; vectors stay on the device until the end."""
    method = methods()[name]
    recorder = Recorder("genome", method.quantity)
    counted = Counted(operator, recorder)
    marginal = counted.product(counted.ones())
    problem = Problem(counted, marginal, recorder, lambda: counted.ones(), list)
    solution = method.solve(problem, method.settings(**settings))
    if not solution.status.balanced:
        raise SystemExit(f"{name} did not balance the map: {solution.cause}")
    return recorder.matvecs, to_numpy(solution.weights)


def measure(nonzeros: int, device: torch.device, rounds: int) -> list[Measurement]:
    """Time products alone, then each method, on one map."""
    triangle = banded_map(nonzeros, device)
    contacts = contacts_of(triangle) if nonzeros <= MAX_COMPARED else None
    operator = TorchOperator.from_triangle(triangle)
    size, stored = operator.size, len(triangle.columns)
    del triangle
    x = operator.ones()
    operator.product(x)  # compiles
    runs = [
        time_work(device, lambda: [operator.product(x) for _ in range(PRODUCTS)][-1])
        for _ in range(rounds)
    ]
    matrix_bytes = operator.bytes_per_product

    def row(what: str, products: int, times: list[float], results: list[Any]) -> Measurement:
        difference = None
        if contacts is not None and what in SOLVED:
            name, settings = SOLVED[what]
            expected = balance(contacts, name, device="cpu", **GENOME_WIDE, **settings).weights
            difference = float(np.abs(results[0] / expected - 1).max())
        same = len({result.tobytes() for result in results}) == 1
        seconds = statistics.median(times)
        return Measurement(size, stored, what, products, seconds, matrix_bytes, difference, same)

    lines = [row("product", PRODUCTS, [run[0] for run in runs], [to_numpy(r[1]) for r in runs])]
    for what, solved in SOLVED.items():
        solve(operator, *solved)  # compiles what the method needs
        runs = [
            time_work(device, lambda solved=solved: solve(operator, *solved)) for _ in range(rounds)
        ]
        times, results = [run[0] for run in runs], [run[1][1] for run in runs]
        lines.append(row(what, runs[0][1][0], times, results))
    return lines


def print_whole_calls(sizes: list[int], device: torch.device, rounds: int) -> None:
    """Print the seconds of `counterpoise.balance` on the CPU and on the device, without a mask."""
    devices = list(dict.fromkeys(["cpu", device.type]))
    heads = [f"{name}, {where}" for name in CALLED_METHODS for where in devices]
    print(f"| nonzeros | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    balance(contacts_of(banded_map(min(sizes), device)), "kr", device=device.type, **GENOME_WIDE)
    for nonzeros in sizes:
        contacts = contacts_of(banded_map(nonzeros, device))
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for name in CALLED_METHODS:
                for where in devices:
                    call = partial(balance, contacts, name, device=where, **GENOME_WIDE)
                    times.setdefault((name, where), []).append(time_work(device, call)[0])
        cells = [f"{min(seconds):.2f}" for seconds in times.values()]
        print(f"| {len(contacts.counts):,} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--nonzeros", type=int, nargs="+")
    parser.add_argument("--whole-calls", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    device = torch.device(find_device(args.device))
    sizes = args.nonzeros or list(CALLED_SIZES if args.whole_calls else SIZES)
    bandwidth = memory_bandwidth(device, min(COPIED_BYTES, 8 * max(sizes)))
    on_cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if on_cuda else f"CPU ({platform.machine()})"
    compiled = on_cuda and find_spec("triton") is not None
    print(
        f"{name}, {date.today()}, torch {torch.__version__}, "
        f"{'Triton program' if compiled else 'torch operations'}; memory copied at "
        f"{bandwidth / 1e9:,.0f} GB/s (read and written); {len(os.sched_getaffinity(0))} CPU "
        f"cores; {'fastest' if args.whole_calls else 'medians'} of {args.rounds} runs.\n"
    )
    if args.whole_calls:
        print_whole_calls(sizes, device, args.rounds)
        return
    print(HEAD)
    for nonzeros in sizes:
        for line in measure(nonzeros, device, args.rounds):
            print(line.line(bandwidth), flush=True)


if __name__ == "__main__":
    main()
