"""Panel CSR: the sparse format of the torch backend.

The map is stored once, both triangles by rows, so that a row of the product is a sum in a fixed
order to which nothing else adds: no atomics, and the same bits at every run. A nonzero takes
2 bytes for its column and 2 for its count (8 if some count is not a whole number below 65,536):
columns count from the start of a panel of 65,536, and the counts on the main diagonal, which are
the largest, are stored separately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, is_far


@dataclass(frozen=True)
class PieceSizes:
    """Sizes of the pieces in which a map is built and multiplied; tests use small ones.

    Attributes
    ----------
    panel : int
        Columns of a panel, at most what 16 bits tell apart.
    build : int
        Nonzeros sorted at once while the panel CSR is made, about 100 bytes each.
    product_cpu, product_cuda : int
        Nonzeros whose terms torch's own operations hold at once: what stays in a CPU's cache, and
        enough to keep a GPU busy.
    """

    panel: int = 2**16
    build: int = 2**24
    product_cpu: int = 2**18
    product_cuda: int = 2**24


PIECE_SIZES = PieceSizes()


@dataclass(frozen=True)
class Triangle:
    """The selected contacts above the main diagonal, by rows, and those on it; on the device.

    Attributes
    ----------
    starts : torch.Tensor
        int64 [n + 1]; row i holds entries starts[i] to starts[i + 1].
    columns : torch.Tensor
        int32 [nonzeros], ascending in each row, above the row's number.
    counts : torch.Tensor
        int16 [nonzeros], the bits of whole numbers below 65,536; or else float64.
    diagonal : torch.Tensor
        float64 [n].
    """

    starts: Tensor
    columns: Tensor
    counts: Tensor
    diagonal: Tensor


@dataclass(frozen=True)
class PanelCSR:
    """Both triangles by rows, each row cut into segments where its columns enter the next panel.

    Attributes
    ----------
    panels : int
        Number of panels.
    width : int
        Columns of a panel.
    starts : torch.Tensor
        int64 [n * panels + 1]; segment i * panels + p holds row i's entries in panel p.
    columns : torch.Tensor
        int16 [2 nonzeros], the bits of column - p * width, ascending in each segment.
    counts : torch.Tensor
        int16 (bits of whole numbers below 65,536) or float64 [2 nonzeros].
    diagonal : torch.Tensor
        float64 [n], the main diagonal, which is in no segment.
    """

    panels: int
    width: int
    starts: Tensor
    columns: Tensor
    counts: Tensor
    diagonal: Tensor

    @property
    def bytes(self) -> int:
        """Size in bytes, all of which a product reads once."""
        tensors = (self.starts, self.columns, self.counts, self.diagonal)
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def to_bits(values: Tensor) -> Tensor:
    """Return whole numbers as the int16 of the same bits.

    Most of torch's operations do not exist for torch.uint16.

    Parameters
    ----------
    values : torch.Tensor
        int32 or int64, from 0 to 65,535.
    """
    return torch.where(values > 32767, values - 65536, values).to(torch.int16)


def from_bits(bits: Tensor) -> Tensor:
    """Return the whole numbers that ``to_bits`` was given.

    Parameters
    ----------
    bits : torch.Tensor
        int16.

    Returns
    -------
    torch.Tensor
        int32.
    """
    return bits.to(torch.int32).bitwise_and_(0xFFFF)


def cumulate(lengths: Tensor) -> Tensor:
    """Return where each of n pieces begins, and where the last ends.

    Parameters
    ----------
    lengths : torch.Tensor
        int64 [n].

    Returns
    -------
    torch.Tensor
        int64 [n + 1], ascending from zero.
    """
    starts = lengths.new_zeros(len(lengths) + 1)
    torch.cumsum(lengths, 0, out=starts[1:])
    return starts


def load_upper_triangle(
    contacts: Contacts,
    selection: Selection,
    device: torch.device,
    sizes: PieceSizes = PIECE_SIZES,
) -> Triangle:
    """Copy the contacts of a selection to the device, slab by slab, and keep those that count.

    Parameters
    ----------
    contacts : Contacts
        The map, in memory.
    selection : Selection
        Bins and contacts that count; masked bins stay in, the operator leaves them out.
    device : torch.device
        Where the result lives.
    sizes : PieceSizes
        ``build`` pixels are copied at a time.
    """
    lo, hi = selection.lo, selection.hi
    n, first, last = hi - lo, int(contacts.indptr[lo]), int(contacts.indptr[hi])
    indptr = torch.tensor(contacts.indptr[lo : hi + 1], device=device)
    chromosome = torch.tensor(contacts.bins.chromosome_ids[lo:hi], device=device)
    narrow = contacts.counts.dtype == np.uint16
    count_type = torch.int16 if narrow else torch.float64
    columns = torch.empty(last - first, dtype=torch.int32, device=device)
    counts = torch.empty(last - first, dtype=count_type, device=device)
    diagonal = torch.zeros(n, dtype=torch.float64, device=device)
    per_row = torch.zeros(n, dtype=torch.int64, device=device)
    filled = 0
    for a in range(first, last, sizes.build):
        b = min(a + sizes.build, last)
        column = torch.tensor(contacts.columns[a:b].view(np.int32), device=device) - lo
        count = _copy_counts(contacts.counts[a:b], device)
        row = torch.searchsorted(indptr, torch.arange(a, b, device=device), right=True) - 1
        if selection.ignore_diags == 0 and selection.scope is not Scope.TRANS:
            main = column == row
            values = from_bits(count[main]) if narrow else count[main]
            diagonal[row[main]] = values.to(torch.float64) * selection.diagonal
        row, column, count = _select_above_diagonal(row, column, count, selection, chromosome)
        per_row += torch.bincount(row, minlength=n)
        columns[filled : filled + len(row)] = column
        counts[filled : filled + len(row)] = count
        filled += len(row)
    return Triangle(cumulate(per_row), columns[:filled], _narrow(counts[:filled]), diagonal)


def _copy_counts(counts: NDArray[Any], device: torch.device) -> Tensor:
    """Copy counts to the device, as int16 bits or as float64."""
    narrow = counts.dtype == np.uint16
    return torch.tensor(
        counts.view(np.int16) if narrow else counts.astype(np.float64), device=device
    )


def _select_above_diagonal(
    row: Tensor, column: Tensor, count: Tensor, selection: Selection, chromosome: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the entries above the ignored diagonals that are in the selection's scope."""
    n, ends = len(chromosome), None
    if selection.chromosome_ends is not None:
        ends = torch.tensor(selection.chromosome_ends, device=row.device)
    inside = (column < n) & is_far(row, column, max(selection.ignore_diags, 1), ends)
    row, column, count = row[inside], column[inside], count[inside]
    if selection.scope is not Scope.GENOME:
        same = chromosome[row] == chromosome[column]
        inside = same if selection.scope is Scope.CIS else ~same
        row, column, count = row[inside], column[inside], count[inside]
    return row, column, count


def _narrow(counts: Tensor) -> Tensor:
    """Return counts as 16 bits if these hold them, as they often do without the main diagonal."""
    if counts.dtype is torch.int16 or not len(counts):
        return counts
    if float(counts.max()) > 65535 or bool((counts != counts.floor()).any()):
        return counts
    return to_bits(counts.to(torch.int32))


def mirror(triangle: Triangle, sizes: PieceSizes = PIECE_SIZES) -> PanelCSR:
    """Make both triangles from the upper one.

    The rows of the upper triangle are taken in order, ``sizes.build`` entries at a time. In row i
    of the result the entries left of the diagonal come first, in the order in which the slabs bring
    them; a stable sort by column puts those of one slab together.

    Parameters
    ----------
    triangle : Triangle
        The upper triangle.
    sizes : PieceSizes
        ``build`` entries are sorted at a time; ``panel`` columns make a panel.
    """
    starts, columns, counts = triangle.starts, triangle.columns, triangle.counts
    n, nonzeros, width = len(starts) - 1, len(columns), sizes.panel
    panels = max(-(-n // width), 1)
    left = torch.zeros_like(starts[:-1])
    for a in range(0, nonzeros, sizes.build):
        left += torch.bincount(columns[a : a + sizes.build], minlength=n)
    rows = cumulate(left + starts.diff())
    full_columns = columns.new_empty(2 * nonzeros, dtype=torch.int16)
    full_counts = counts.new_empty(2 * nonzeros)
    lengths = starts.new_zeros(n * panels)
    shift = rows[:-1] + left - starts[:-1]  # from a place in the triangle to that in the result
    free = rows[:-1].clone()  # where the next entry left of the diagonal goes

    def fill(place: Tensor, row: Tensor, column: Tensor, count: Tensor) -> None:
        """Write entries (row, column) of the full matrix at their places."""
        full_columns[place] = to_bits(column % width)
        full_counts[place] = count
        segment = row.to(torch.int64) * panels + column // width
        lengths.add_(torch.bincount(segment, minlength=n * panels))

    for a in range(0, nonzeros, sizes.build):
        b = min(a + sizes.build, nonzeros)
        place = torch.arange(a, b, device=columns.device)
        row = torch.searchsorted(starts, place, right=True) - 1
        column = columns[a:b]
        fill(place + shift[row], row, column, counts[a:b])
        new = torch.bincount(column, minlength=n)
        column, order = torch.sort(column, stable=True)
        place = torch.arange(b - a, device=columns.device)
        place += (free - cumulate(new)[:-1])[column]
        fill(place, column, row[order], counts[a:b][order])
        free += new
    return PanelCSR(panels, width, cumulate(lengths), full_columns, full_counts, triangle.diagonal)
