"""The torch backend: the whole algorithm on a CUDA device, or on the CPU by the same code.

The map is held once, both triangles by rows, so that a row of the product is a sum in a fixed
order that nobody else adds to: no atomics, and the same bits at every run. A nonzero of a triangle
takes 2 bytes for its column and 2 for its count (8 where counts are no whole numbers below 65,536),
since columns count from the start of a panel of 65,536 and counts on the main diagonal, the largest
of all, are kept apart. On CUDA a compiled kernel reads them (``counterpoise.backends.triton``); on
the CPU, or where Triton is not installed, torch's own operations do, a slab of rows at a time.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection
from counterpoise.errors import ConfigError

PANEL = 2**16  # columns that 16 bits tell apart
BUILD_SLAB = 2**24  # entries sorted at once while the layout is made; about 100 bytes each
# Entries whose terms torch's own operations hold at once: what stays in a CPU's cache, and enough
# to keep a GPU busy.
PRODUCT_SLAB = {"cpu": 2**18, "cuda": 2**24}


@dataclass(frozen=True)
class Triangle:
    """The selected contacts above the main diagonal, by rows, and those on it; on the device.

    Attributes
    ----------
    starts : int64 [n + 1]; row i holds entries starts[i] to starts[i + 1].
    columns : int32 [nonzeros], ascending in each row, above the row's number.
    counts : int16 [nonzeros], the bits of whole numbers below 65,536; or else float64.
    diagonal : float64 [n].
    """

    starts: Tensor
    columns: Tensor
    counts: Tensor
    diagonal: Tensor


@dataclass(frozen=True)
class Layout:
    """Both triangles by rows, each row cut where its columns enter the next panel.

    Attributes
    ----------
    panels : how many panels of ``PANEL`` columns there are.
    starts : int64 [n * panels + 1]; segment i * panels + p holds row i's entries in panel p.
    columns : int16 [2 nonzeros], the bits of column - p * PANEL, ascending in each segment.
    counts : int16 (bits of whole numbers below 65,536) or float64 [2 nonzeros].
    diagonal : float64 [n], the main diagonal, which is in no segment.
    """

    panels: int
    starts: Tensor
    columns: Tensor
    counts: Tensor
    diagonal: Tensor

    @property
    def bytes(self) -> int:
        """Memory that the layout takes, all of which a product reads once."""
        parts = (self.starts, self.columns, self.counts, self.diagonal)
        return sum(part.numel() * part.element_size() for part in parts)


class TorchOperator:
    """``y = A x`` on the kept bins of a selection, on one device.

    Parameters
    ----------
    device : ``cuda``, ``cpu``, or None for CUDA where there is some.
    threads : of the CPU; None leaves torch's own number.

    Raises
    ------
    ConfigError : ``cuda`` is asked for and there is none, or the map does not fit there.
    """

    xp: Any = torch
    kept: Tensor | None = None
    factor: Tensor | None = None

    def __init__(
        self,
        contacts: Contacts,
        selection: Selection,
        device: str | None = None,
        threads: int | None = None,
    ) -> None:
        where = find_device(device)
        if threads:
            torch.set_num_threads(threads)
        try:
            self._fill(symmetric(upper_triangle(contacts, selection, where)))
        except torch.OutOfMemoryError as error:
            raise ConfigError(
                f"{selection.label} does not fit on the GPU; set backend.device=cpu, or use a GPU "
                f"with more memory ({str(error).partition('. ')[0]})."
            ) from error
        if not selection.kept.all():
            self._keep(torch.tensor(np.flatnonzero(selection.kept), device=where))
        if selection.factor is not None:
            self.factor = torch.tensor(selection.factor, device=where)

    @classmethod
    def from_triangle(cls, triangle: Triangle) -> TorchOperator:
        """The operator of a triangle that is on the device already, all of its bins kept."""
        operator = cls.__new__(cls)
        operator._fill(symmetric(triangle))
        return operator

    def _fill(self, layout: Layout) -> None:
        self.layout = layout
        self.size = self.n = len(layout.diagonal)
        self.device = layout.diagonal.device
        self.multiply = _compiled(layout) or _Slabs(layout)

    def _keep(self, kept: Tensor) -> None:
        self.kept, self.size = kept, len(kept)

    @property
    def bytes_per_product(self) -> int:
        """Bytes of the map's layout, each of which a product reads once."""
        return self.layout.bytes

    def ones(self) -> Tensor:
        return torch.ones(self.size, dtype=torch.float64, device=self.device)

    def restrict(self, kept: NDArray[np.bool_]) -> TorchOperator:
        other = copy.copy(self)
        chosen = torch.tensor(np.flatnonzero(kept), device=self.device)
        other._keep(chosen if self.kept is None else self.kept[chosen])
        return other

    def product(self, x: Tensor) -> Tensor:
        full = x
        if self.kept is not None:
            full = x.new_zeros((self.n, *x.shape[1:]))
            full[self.kept] = x
        if self.factor is not None:
            full = full * _across(self.factor, x)
        y = self.multiply(full.contiguous())
        y += _across(self.layout.diagonal, x) * full
        if self.factor is not None:
            y *= _across(self.factor, x)
        return y if self.kept is None else y[self.kept]


def find_device(device: str | None) -> torch.device:
    """The device of this name; CUDA where there is some for None.

    Raises
    ------
    ConfigError : ``cuda`` is asked for and there is none.
    """
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise ConfigError(f"device is 'cuda': {why_no_cuda()}.")
    return torch.device(device or ("cuda" if there else "cpu"))


def why_no_cuda() -> str:
    """Why torch sees no CUDA device, and what helps."""
    if torch.version.cuda is None:
        return (
            f"the installed torch {torch.__version__} is built without CUDA; install a CUDA build "
            "of it"
        )
    return (
        "torch finds no CUDA device; look at nvidia-smi, at the driver's version and at "
        "CUDA_VISIBLE_DEVICES"
    )


def _across(vector: Tensor, x: Tensor) -> Tensor:
    """A vector [n] shaped to multiply x, [n] or [n, k]."""
    return vector if x.ndim == 1 else vector[:, None]


def _bits(values: Tensor) -> Tensor:
    """Whole numbers below 65,536 as the int16 of the same bits.

    Not torch.uint16, for which most of torch's operations do not exist.
    """
    return torch.where(values > 32767, values - 65536, values).to(torch.int16)


def _numbers(bits: Tensor) -> Tensor:
    """The whole numbers of int16 bits, int32."""
    return bits.to(torch.int32).bitwise_and_(0xFFFF)


def _starts(lengths: Tensor) -> Tensor:
    """int64 [n + 1], where each of n pieces begins and the last ends."""
    starts = lengths.new_zeros(len(lengths) + 1)
    torch.cumsum(lengths, 0, out=starts[1:])
    return starts


def upper_triangle(contacts: Contacts, selection: Selection, device: torch.device) -> Triangle:
    """Bring the contacts of a selection to the device, slab by slab, and keep those that count."""
    lo, hi = selection.lo, selection.hi
    n, first, last = hi - lo, int(contacts.indptr[lo]), int(contacts.indptr[hi])
    indptr = torch.tensor(contacts.indptr[lo : hi + 1], device=device)
    chromosome = torch.tensor(contacts.bins.chromosome_ids[lo:hi], device=device)
    narrow = contacts.counts.dtype == np.uint16
    columns = torch.empty(last - first, dtype=torch.int32, device=device)
    counts = torch.empty(
        last - first, dtype=torch.int16 if narrow else torch.float64, device=device
    )
    diagonal = torch.zeros(n, dtype=torch.float64, device=device)
    per_row = torch.zeros(n, dtype=torch.int64, device=device)
    filled = 0
    for a in range(first, last, BUILD_SLAB):
        b = min(a + BUILD_SLAB, last)
        column = torch.tensor(contacts.columns[a:b].view(np.int32), device=device) - lo
        host = contacts.counts[a:b]
        count = torch.tensor(
            host.view(np.int16) if narrow else host.astype(np.float64), device=device
        )
        row = torch.searchsorted(indptr, torch.arange(a, b, device=device), right=True) - 1
        if selection.ignore_diags == 0 and selection.scope is not Scope.TRANS:
            main = column == row
            values = _numbers(count[main]) if narrow else count[main]
            diagonal[row[main]] = values.to(torch.float64) * selection.diagonal
        inside = (column < n) & (column - row >= max(selection.ignore_diags, 1))
        row, column, count = row[inside], column[inside], count[inside]
        if selection.scope is not Scope.GENOME:
            same = chromosome[row] == chromosome[column]
            inside = same if selection.scope is Scope.CIS else ~same
            row, column, count = row[inside], column[inside], count[inside]
        per_row += torch.bincount(row, minlength=n)
        columns[filled : filled + len(row)] = column
        counts[filled : filled + len(row)] = count
        filled += len(row)
    return Triangle(_starts(per_row), columns[:filled], _narrowed(counts[:filled]), diagonal)


def _narrowed(counts: Tensor) -> Tensor:
    """Counts as 16 bits where these hold them, as they often do without the main diagonal."""
    if counts.dtype is torch.int16 or not len(counts):
        return counts
    if float(counts.max()) > 65535 or bool((counts != counts.floor()).any()):
        return counts
    return _bits(counts.to(torch.int32))


def symmetric(triangle: Triangle) -> Layout:
    """Both triangles from the upper one.

    Rows of the upper triangle are taken in order, a slab of entries at a time. In row i of the
    result the entries left of the diagonal come first, in the order in which the slabs bring them;
    a stable sort by column puts those of one slab together.
    """
    starts, columns, counts = triangle.starts, triangle.columns, triangle.counts
    n, nonzeros = len(starts) - 1, len(columns)
    panels = max(-(-n // PANEL), 1)
    left = torch.zeros_like(starts[:-1])
    for a in range(0, nonzeros, BUILD_SLAB):
        left += torch.bincount(columns[a : a + BUILD_SLAB], minlength=n)
    rows = _starts(left + starts.diff())
    full_columns = columns.new_empty(2 * nonzeros, dtype=torch.int16)
    full_counts = counts.new_empty(2 * nonzeros)
    lengths = starts.new_zeros(n * panels)
    shift = rows[:-1] + left - starts[:-1]  # from a place in the triangle to that in the result
    free = rows[:-1].clone()  # where the next entry left of the diagonal goes
    for a in range(0, nonzeros, BUILD_SLAB):
        b = min(a + BUILD_SLAB, nonzeros)
        place = torch.arange(a, b, device=columns.device)
        row = torch.searchsorted(starts, place, right=True) - 1
        column = columns[a:b]
        place += shift[row]
        full_columns[place] = _bits(column % PANEL)
        full_counts[place] = counts[a:b]
        lengths += torch.bincount(row * panels + column // PANEL, minlength=n * panels)
        new = torch.bincount(column, minlength=n)
        column, order = torch.sort(column, stable=True)
        row = row[order]
        place = torch.arange(b - a, device=columns.device)
        place += (free - _starts(new)[:-1])[column]
        full_columns[place] = _bits(row % PANEL)
        full_counts[place] = counts[a:b][order]
        lengths += torch.bincount(
            column.to(torch.int64) * panels + row // PANEL, minlength=n * panels
        )
        free += new
    return Layout(panels, _starts(lengths), full_columns, full_counts, triangle.diagonal)


def _compiled(layout: Layout) -> Any:
    """The product without the diagonal by the compiled kernel; None where that cannot run."""
    if layout.diagonal.device.type != "cuda" or find_spec("triton") is None:
        return None
    from counterpoise.backends.triton import Kernel

    return Kernel(layout.starts, layout.columns, layout.counts, layout.panels, PANEL)


class _Slabs:
    """The product without the diagonal, by torch's own operations."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.bounds = _slab_bounds(layout)
        device = layout.diagonal.device
        self.base = torch.arange(layout.panels, dtype=torch.int32, device=device) * PANEL

    def __call__(self, x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        starts, panels = self.layout.starts, self.layout.panels
        for (first, a), (last, b) in zip(self.bounds, self.bounds[1:], strict=False):
            column = _numbers(self.layout.columns[a:b])
            segments = starts[first * panels : last * panels + 1]
            if panels > 1:
                base = self.base.repeat(last - first)
                column += base.repeat_interleave(segments.diff(), output_size=b - a)
            terms = x.index_select(0, column)
            counts = self.layout.counts[a:b]
            terms *= _across(_numbers(counts) if counts.dtype is torch.int16 else counts, x)
            y[first:last] = torch.segment_reduce(
                terms, "sum", offsets=segments[::panels] - a, axis=0, unsafe=True
            )
        return y


def _slab_bounds(layout: Layout) -> list[tuple[int, int]]:
    """Cuts between rows, each with its place in the entries, about a slab apart."""
    ends = layout.starts[:: layout.panels].cpu().numpy()
    size = PRODUCT_SLAB[layout.diagonal.device.type]
    cuts = np.searchsorted(ends, np.arange(0, ends[-1], size))
    cuts = np.unique([0, *cuts, len(ends) - 1])
    return [(int(cut), int(ends[cut])) for cut in cuts]
