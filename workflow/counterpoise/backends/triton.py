"""The CUDA kernel of the torch backend's product, in Triton, which CUDA builds of torch bring.

One program adds up one row: its lanes take the row's entries in turns and their sums are added in
the shape of a tree that depends on the map alone. Hence the same bits at every run, which
autotuning would not give.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

# Entries that a program takes at a time: enough to hide the way to memory, few enough that short
# rows do not leave most lanes idle.
MIN_LANES, MAX_LANES = 32, 1024
LANES_A_WARP = 128  # four entries a thread
RIGHT_SIDES = 16  # that one pass takes, so that sums stay in registers


class Kernel:
    """The product of ``torch.Layout`` without the diagonal: ``Kernel(...)(x)`` is y.

    Parameters
    ----------
    starts, columns, counts, panels : see ``torch.Layout``.
    width : columns of a panel.
    """

    def __init__(
        self, starts: Tensor, columns: Tensor, counts: Tensor, panels: int, width: int
    ) -> None:
        self.starts, self.columns, self.counts = starts, columns, counts
        self.panels, self.width = panels, width
        mean = len(columns) // max(len(starts) - 1, 1)
        self.lanes = min(max(triton.next_power_of_2(mean), MIN_LANES), MAX_LANES)

    def __call__(self, x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        shared = {
            "PANELS": self.panels,
            "WIDTH": self.width,
            "BITS": self.counts.dtype is torch.int16,
        }
        layout = (self.starts, self.columns, self.counts)
        rows = (len(x),)
        if x.ndim == 1:
            warps = max(self.lanes // LANES_A_WARP, 1)
            _one[rows](*layout, x, y, LANES=self.lanes, num_warps=warps, **shared)
            return y
        for first in range(0, x.shape[1], RIGHT_SIDES):
            sides = min(x.shape[1] - first, RIGHT_SIDES)
            padded = triton.next_power_of_2(sides)
            lanes = max(self.lanes // padded, MIN_LANES)
            warps = max(lanes * padded // LANES_A_WARP, 1)
            _several[rows](
                *layout,
                x[:, first:],
                y[:, first:],
                x.shape[1],
                sides,
                LANES=lanes,
                SIDES=padded,
                num_warps=min(warps, 8),
                **shared,
            )
        return y


@triton.jit
def _one(
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
    row = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    total = tl.zeros([LANES], tl.float64)
    for panel in range(PANELS):
        start = tl.load(starts + row * PANELS + panel)
        end = tl.load(starts + row * PANELS + panel + 1)
        for first in range(start, end, LANES):
            here = first + lane
            inside = here < end
            column = tl.load(columns + here, mask=inside, other=0).to(tl.int32) & 0xFFFF
            count = tl.load(counts + here, mask=inside, other=0)
            if BITS:
                count = count.to(tl.int32) & 0xFFFF
            seen = tl.load(x + panel * WIDTH + column, mask=inside, other=0.0)
            total += count.to(tl.float64) * seen
    tl.store(y + row, tl.sum(total))


@triton.jit
def _several(
    starts: tl.tensor,
    columns: tl.tensor,
    counts: tl.tensor,
    x: tl.tensor,
    y: tl.tensor,
    stride: tl.tensor,
    sides: tl.tensor,
    PANELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BITS: tl.constexpr,
    LANES: tl.constexpr,
    SIDES: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    side = tl.arange(0, SIDES)
    wanted = side < sides
    total = tl.zeros([LANES, SIDES], tl.float64)
    for panel in range(PANELS):
        start = tl.load(starts + row * PANELS + panel)
        end = tl.load(starts + row * PANELS + panel + 1)
        for first in range(start, end, LANES):
            here = first + lane
            inside = here < end
            column = tl.load(columns + here, mask=inside, other=0).to(tl.int32) & 0xFFFF
            count = tl.load(counts + here, mask=inside, other=0)
            if BITS:
                count = count.to(tl.int32) & 0xFFFF
            place = (panel * WIDTH + column).to(tl.int64) * stride
            seen = tl.load(
                x + place[:, None] + side[None, :],
                mask=inside[:, None] & wanted[None, :],
                other=0.0,
            )
            total += count.to(tl.float64)[:, None] * seen
    tl.store(y + row * stride + side, tl.sum(total, axis=0), mask=wanted)
