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

# Lanes of a program: entries that it takes at a time, and for several right-hand sides the values
# of x. They were chosen by measurements on an H200 (see "GPU" in ``benchmarks/README.md``).
MIN_LANES, VECTOR_LANES, BLOCK_LANES = 32, 128, 256
VALUES_PER_WARP = 256  # of x, for several right-hand sides; a single one takes one warp
MAX_RIGHT_SIDES = 16  # of one pass, so that sums stay in registers


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
        mean = len(columns) // max(len(starts) - 1, 1)
        self.segment = max(triton.next_power_of_2(mean), MIN_LANES)  # more lanes would be idle

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply by float64 [n] or [n, k], contiguous and on the device."""
        y = torch.empty_like(x)
        rows = (len(x),)
        if x.ndim == 1:
            lanes = min(self.segment, VECTOR_LANES)
            _multiply_vector[rows](*self.entries, x, y, LANES=lanes, num_warps=1, **self.constants)
            return y
        for first in range(0, x.shape[1], MAX_RIGHT_SIDES):
            sides = min(x.shape[1] - first, MAX_RIGHT_SIDES)
            padded = triton.next_power_of_2(sides)
            lanes = max(min(self.segment, BLOCK_LANES) // padded, MIN_LANES)
            warps = max(lanes * padded // VALUES_PER_WARP, 1)
            _multiply_block[rows](
                *self.entries,
                x[:, first:],
                y[:, first:],
                x.shape[1],
                sides,
                LANES=lanes,
                SIDES=padded,
                num_warps=warps,
                **self.constants,
            )
        return y


@triton.jit
def _multiply_vector(
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


@triton.jit
def _multiply_block(
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
    """Store one row of A x in y, for ``sides`` right-hand sides at once."""
    row = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    side = tl.arange(0, SIDES)
    used = side < sides
    total = tl.zeros([LANES, SIDES], tl.float64)
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
            offset = (panel * WIDTH + column).to(tl.int64) * stride
            value = tl.load(
                x + offset[:, None] + side[None, :],
                mask=inside[:, None] & used[None, :],
                other=0.0,
            )
            total += count.to(tl.float64)[:, None] * value
    tl.store(y + row * stride + side, tl.sum(total, axis=0), mask=used)
