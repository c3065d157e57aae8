"""The product ``y = A x`` in torch: by a Triton program on CUDA, else by torch's own operations."""

from __future__ import annotations

import copy
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoise.backends.torch.panel_csr import (
    PIECE_SIZES,
    PanelCSR,
    PieceSizes,
    Triangle,
    from_bits,
    load_upper_triangle,
    mirror,
)
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Selection
from counterpoise.errors import ConfigError


class TorchOperator:
    """``y = A x`` on the kept bins of a selection, on one device.

    Parameters
    ----------
    contacts : Contacts
        The map, in memory.
    selection : Selection
        Bins and contacts that count.
    device : str, default "cpu"
        ``cuda`` or ``cpu``: see ``counterpoise.backends.torch.find_device``.
    threads : int, optional
        Threads on the CPU; None leaves torch's own number.
    sizes : PieceSizes
        Sizes of panels and slabs.

    Attributes
    ----------
    matrix : PanelCSR
        All bins of the selection, masked ones included.
    size : int
        Number of kept bins.

    Raises
    ------
    ConfigError
        The map does not fit on the device.
    """

    xp: Any = torch
    kept: Tensor | None = None
    factor: Tensor | None = None

    def __init__(
        self,
        contacts: Contacts,
        selection: Selection,
        device: str = "cpu",
        threads: int | None = None,
        sizes: PieceSizes = PIECE_SIZES,
    ) -> None:
        target = torch.device(device)
        if threads:
            torch.set_num_threads(threads)
        try:
            triangle = load_upper_triangle(contacts, selection, target, sizes)
            self._set_matrix(mirror(triangle, sizes), sizes)
        except torch.OutOfMemoryError as error:
            raise ConfigError(
                f"{selection.label} does not fit on the GPU; set backend.device=cpu, or use a GPU "
                f"with more memory ({str(error).partition('. ')[0]})."
            ) from error
        if not selection.kept.all():
            self._keep(torch.tensor(np.flatnonzero(selection.kept), device=target))
        if selection.factor is not None:
            self.factor = torch.tensor(selection.factor, device=target)

    @classmethod
    def from_triangle(cls, triangle: Triangle) -> TorchOperator:
        """Make the operator of a triangle that is on the device already, with every bin kept.

        ``benchmarks/gpu.py`` makes its maps on the device.
        """
        operator = cls.__new__(cls)
        operator._set_matrix(mirror(triangle), PIECE_SIZES)
        return operator

    def _set_matrix(self, matrix: PanelCSR, sizes: PieceSizes) -> None:
        """Take over the matrix and choose what multiplies with it."""
        self.matrix = matrix
        self.size = self.n = len(matrix.diagonal)
        self.device = matrix.diagonal.device
        self.multiply = _compile_product(matrix) or SlabProduct(matrix, sizes)

    def _keep(self, kept: Tensor) -> None:
        """Set the numbers of the kept bins."""
        self.kept, self.size = kept, len(kept)

    @property
    def bytes_per_product(self) -> int:
        """Bytes of the map, each of which a product reads once."""
        return self.matrix.bytes

    def ones(self) -> Tensor:
        """Return float64 [size] of ones on the device."""
        return torch.ones(self.size, dtype=torch.float64, device=self.device)

    def restrict(self, kept: NDArray[np.bool_]) -> TorchOperator:
        """Return the operator on fewer bins (bool [size]), which shares this one's matrix."""
        other = copy.copy(self)
        chosen = torch.tensor(np.flatnonzero(kept), device=self.device)
        other._keep(chosen if self.kept is None else self.kept[chosen])
        return other

    def product(self, x: Tensor) -> Tensor:
        """Multiply by float64 [size]; see ``Operator.product``."""
        full = x
        if self.kept is not None:
            full = x.new_zeros(self.n)
            full[self.kept] = x
        if self.factor is not None:
            full = full * self.factor
        y = self.multiply(full.contiguous())
        y += self.matrix.diagonal * full
        if self.factor is not None:
            y *= self.factor
        return y if self.kept is None else y[self.kept]


def _compile_product(matrix: PanelCSR) -> Any:
    """Return the product without the diagonal as a Triton program; None if that cannot run."""
    if matrix.diagonal.device.type != "cuda" or find_spec("triton") is None:
        return None
    from counterpoise.backends.torch.triton import TritonProduct

    return TritonProduct(matrix.starts, matrix.columns, matrix.counts, matrix.panels, matrix.width)


class SlabProduct:
    """The product without the diagonal by torch's own operations, a slab of rows at a time.

    Parameters
    ----------
    matrix : PanelCSR
        The matrix.
    sizes : PieceSizes
        ``product_cpu`` or ``product_cuda`` nonzeros are multiplied at a time.
    """

    def __init__(self, matrix: PanelCSR, sizes: PieceSizes = PIECE_SIZES) -> None:
        self.matrix = matrix
        device = matrix.diagonal.device
        nonzeros = sizes.product_cuda if device.type == "cuda" else sizes.product_cpu
        self.bounds = _cut_into_slabs(matrix, nonzeros)
        self.base = torch.arange(matrix.panels, dtype=torch.int32, device=device) * matrix.width

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply by float64 [n]."""
        y = torch.empty_like(x)
        starts, panels = self.matrix.starts, self.matrix.panels
        for (first, a), (last, b) in zip(self.bounds, self.bounds[1:], strict=False):
            column = from_bits(self.matrix.columns[a:b])
            segments = starts[first * panels : last * panels + 1]
            if panels > 1:
                base = self.base.repeat(last - first)
                column += base.repeat_interleave(segments.diff(), output_size=b - a)
            terms = x.index_select(0, column)
            counts = self.matrix.counts[a:b]
            terms *= from_bits(counts) if counts.dtype is torch.int16 else counts
            y[first:last] = torch.segment_reduce(
                terms, "sum", offsets=segments[::panels] - a, axis=0, unsafe=True
            )
        return y


def _cut_into_slabs(matrix: PanelCSR, nonzeros: int) -> list[tuple[int, int]]:
    """Return rows where slabs of about so many nonzeros begin, each with its first entry."""
    ends = matrix.starts[:: matrix.panels].cpu().numpy()
    cuts = np.searchsorted(ends, np.arange(0, ends[-1], nonzeros))
    cuts = np.unique([0, *cuts, len(ends) - 1])
    return [(int(cut), int(ends[cut])) for cut in cuts]
