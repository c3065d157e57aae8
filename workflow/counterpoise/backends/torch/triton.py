"""The product of the panel CSR on CUDA, as programs in Triton, which CUDA builds of torch bring.

One program adds up one row: its lanes take the row's entries in turns, and their sums are added in
the shape of a tree that depends on the map alone. Hence the same bits at every run, which
autotuning would not give.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

# Lanes of a program, which is one warp: entries that it takes at a time. They were chosen by
# measurements on an H200 (see "GPU" in ``benchmarks/README.md``).
MIN_LANES, MAX_LANES = 32, 128


class TritonProduct:
    """The product of a ``PanelCSR`` without its diagonal: ``TritonProduct(...)(x)`` is y.

    Parameters
    ----------
    starts, columns, counts : torch.Tensor
        Those of the ``PanelCSR``.
    panels : int
        Number of panels.
    width : int
        Columns of a panel.
    """

    def __init__(
        self, starts: Tensor, columns: Tensor, counts: Tensor, panels: int, width: int
    ) -> None:
        self.entries = (starts, columns, counts)
        self.constants = {
            "PANELS": panels,
            "WIDTH": width,
            "BITS": counts.dtype is torch.int16,
        }
        mean = len(columns) // max(len(starts) - 1, 1)  # entries; more lanes would be idle
        self.lanes = min(max(triton.next_power_of_2(mean), MIN_LANES), MAX_LANES)

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply by float64 [n], contiguous and on the device."""
        y = torch.empty_like(x)
        _multiply[(len(x),)](*self.entries, x, y, LANES=self.lanes, num_warps=1, **self.constants)
        return y


@triton.jit
def _multiply(
    starts: tl.tensor,
    columns: tl.tensor,
    counts: tl.tensor,
    x: tl.tensor,
    y: tl.tensor,
    PANELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BITS: tl.constexpr,
    LANES: tl.constexpr,
) -> None:
    """Store one row of A x in y."""
    row = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    total = tl.zeros([LANES], tl.float64)
    for panel in range(PANELS):
        start = tl.load(starts + row * PANELS + panel)
        end = tl.load(starts + row * PANELS + panel + 1)
        for first in range(start, end, LANES):
            place = first + lane
            inside = place < end
            column = tl.load(columns + place, mask=inside, other=0).to(tl.int32) & 0xFFFF
            count = tl.load(counts + place, mask=inside, other=0)
            if BITS:
                count = count.to(tl.int32) & 0xFFFF
            value = tl.load(x + panel * WIDTH + column, mask=inside, other=0.0)
            total += count.to(tl.float64) * value
    tl.store(y + row, tl.sum(total))
