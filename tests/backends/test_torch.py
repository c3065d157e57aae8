"""The torch operator against scipy's, the Triton programs, and what ``backend: auto`` decides."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import counterpoise.backends.torch as torch_backend
from counterpoise.backends.choice import BackendChoice, choose_backend
from counterpoise.backends.scipy import ScipyOperator, selected_matrix
from counterpoise.backends.torch import (
    GPU_MIN_PIXELS,
    explain_missing_gpu,
    predict_device_bytes,
)
from counterpoise.backends.vectors import to_numpy
from counterpoise.cohort.settings import BackendSettings
from counterpoise.contacts.bins import BinTable
from counterpoise.contacts.contact_map import Contacts
from counterpoise.contacts.selection import Scope, Selection, select
from counterpoise.errors import ConfigError
from tests.support import REPOSITORY
from tests.support.maps import random_contacts, some_selections

torch = pytest.importorskip("torch", reason="torch is not installed")
from counterpoise.backends.torch import operator as torch_operator  # noqa: E402
from counterpoise.backends.torch.operator import TorchOperator  # noqa: E402
from counterpoise.backends.torch.panel_csr import PIECE_SIZES, PieceSizes  # noqa: E402

CUDA = torch.cuda.is_available()
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not CUDA, reason="no CUDA device"))]
needs_triton = pytest.mark.skipif(
    find_spec("triton") is None, reason="triton comes with CUDA builds of torch and is not here"
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread, since more gain nothing on small maps and wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Panels and slabs of a few entries, so that small maps have many of them.
SMALL_PIECES = PieceSizes(panel=8, build=30, product_cpu=20, product_cuda=20)


def assert_equal_operators(
    contacts: Contacts,
    selection: Selection,
    where: str,
    seed: int,
    sizes: PieceSizes = PIECE_SIZES,
) -> None:
    """Products are equal to 1e-12, also on fewer bins."""
    rng = np.random.default_rng(seed)
    slow = ScipyOperator(selected_matrix(contacts, selection))
    fast = TorchOperator(contacts, selection, where, sizes=sizes)
    assert slow.size == fast.size == np.count_nonzero(selection.kept)
    fewer = rng.random(slow.size) < 0.7
    for expected, actual in ((slow, fast), (slow.restrict(fewer), fast.restrict(fewer))):
        assert actual.size == expected.size
        x = rng.random(expected.size)
        y = actual.product(torch.tensor(x, device=where))
        assert y.device.type == where
        np.testing.assert_allclose(to_numpy(y), expected.product(x), rtol=1e-12, atol=0)


@pytest.mark.parametrize("where", DEVICES)
@given(
    sizes=st.lists(st.sampled_from([1, 1, 1, 2, 7, 12]), min_size=1, max_size=8),
    density=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    seed=st.integers(0, 1000),
    scope=st.sampled_from(list(Scope)),
    ignore_diags=st.integers(0, 4),
    diagonal=st.sampled_from([1, 2]),
    weighting=st.booleans(),
    trans=st.booleans(),
    kind=st.sampled_from(["narrow", "diagonal", "wide", "fractions"]),
)
def test_torch_equals_scipy(
    where: str,
    sizes: list[int],
    density: float,
    seed: int,
    scope: Scope,
    ignore_diags: int,
    diagonal: int,
    weighting: bool,
    trans: bool,
    kind: str,
) -> None:
    contacts = random_contacts(sizes, density, seed, kind)
    kept = np.random.default_rng(seed).random(len(contacts.bins)) < 0.8
    for selection in select(contacts.bins, kept, scope, ignore_diags, diagonal, weighting, trans):
        assert_equal_operators(contacts, selection, where, seed, SMALL_PIECES)


@pytest.mark.parametrize("where", DEVICES)
def test_two_panels_of_a_genome(where: str) -> None:
    """The map has more bins than 16 bits distinguish, with pixels on both sides of the border."""
    n = 70_000
    rng = np.random.default_rng(2)
    keys = np.unique(
        np.concatenate(
            [
                rng.integers(0, n, 20_000) * n + rng.integers(0, n, 20_000),
                np.add.outer(np.arange(65_530, 65_540) * n, np.arange(65_530, 65_540)).ravel(),
            ]
        )
    )
    bin1, bin2 = np.divmod(keys, n)
    upper = bin1 <= bin2
    bin1, bin2 = bin1[upper].astype(np.int32), bin2[upper].astype(np.int32)
    contacts = Contacts.from_chunks(
        BinTable.fixed(["a", "b"], [40_000, 30_000], 1),
        [(bin1, bin2, rng.integers(1, 300, len(bin1)))],
        {},
    )
    for selection in some_selections(contacts):
        assert_equal_operators(contacts, selection, where, 3)


@pytest.mark.parametrize("where", DEVICES)
def test_the_same_bits_again(where: str) -> None:
    contacts = random_contacts([40, 30], 0.5, 1)
    for selection in some_selections(contacts):
        x = torch.rand(
            np.count_nonzero(selection.kept), dtype=torch.float64, generator=torch.manual_seed(0)
        ).to(where)
        products = {
            to_numpy(
                TorchOperator(contacts, selection, where, sizes=SMALL_PIECES).product(x)
            ).tobytes()
            for _ in range(3)
        }
        assert len(products) == 1


@pytest.mark.parametrize(
    ("kind", "ignore_diags", "count_bytes"),
    [("narrow", 0, 2), ("diagonal", 0, 2), ("wide", 0, 8), ("fractions", 2, 8)],
)
def test_bytes_a_nonzero(kind: str, ignore_diags: int, count_bytes: int) -> None:
    """Each of a pixel's two mirror images takes four bytes if counts fit 16 bits."""
    contacts = random_contacts([60], 1.0, 1, kind)
    (selection,) = select(contacts.bins, np.ones(60, bool), Scope.GENOME, ignore_diags)
    operator = TorchOperator(contacts, selection, "cpu")
    nonzeros = sum(range(1, 61 - max(ignore_diags, 1)))
    assert operator.matrix.columns.dtype is torch.int16
    entries = operator.bytes_per_product - 61 * 8 - 60 * 8  # starts of rows, main diagonal
    assert entries == 2 * nonzeros * (2 + count_bytes)


def test_restricted_shares_the_map() -> None:
    contacts = random_contacts([20], 0.5, 1)
    (selection,) = select(contacts.bins, np.ones(20, bool), Scope.GENOME)
    operator = TorchOperator(contacts, selection, "cpu")
    fewer = operator.restrict(np.arange(20) < 5)
    assert fewer.matrix is operator.matrix
    assert (fewer.size, operator.size) == (5, 20)


def test_a_map_too_large_for_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 40.00 GiB. GPU 0 has")

    monkeypatch.setattr(torch_operator, "mirror", full)
    contacts = random_contacts([20], 0.5, 1)
    (selection,) = select(contacts.bins, np.ones(20, bool), Scope.CIS)
    with pytest.raises(ConfigError, match=r"^c0 does not fit on the GPU; set backend\.device=cpu"):
        TorchOperator(contacts, selection, "cpu")


# The Triton programs run without a GPU, in another process: triton's interpreter has to be chosen
# before triton is imported.
INTERPRETED = """
import numpy as np, torch
from counterpoise.backends.torch.operator import TorchOperator
from counterpoise.backends.torch.panel_csr import PieceSizes
from counterpoise.backends.torch.triton import TritonProduct
from tests.support.maps import random_contacts, some_selections

for kind in ("narrow", "wide"):
    contacts = random_contacts([12, 9], 0.5, 1, kind)
    for selection in some_selections(contacts):
        operator = TorchOperator(contacts, selection, "cpu", sizes=PieceSizes(panel=8))
        matrix = operator.matrix
        entries = (matrix.starts, matrix.columns, matrix.counts)
        multiply = TritonProduct(*entries, matrix.panels, matrix.width)
        x = torch.tensor(np.random.default_rng(0).random(operator.n))
        torch.testing.assert_close(multiply(x), operator.multiply(x), rtol=1e-12, atol=0)
print("equal")
"""

COMPILED = """
import re

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from counterpoise.backends.torch.triton import _multiply

for counts in ("*i16", "*fp64"):
    vectors = {"starts": "*i64", "columns": "*i16", "counts": counts, "x": "*fp64", "y": "*fp64"}
    fixed = {"PANELS": 3, "WIDTH": 65536, "BITS": counts == "*i16", "LANES": 128}
    signature = vectors | dict.fromkeys(fixed, "constexpr")
    source = ASTSource(fn=_multiply, signature=signature, constexprs=fixed)
    compiled = triton.compile(source, target=GPUTarget("cuda", 80, 32))
    assert not re.search(r"\\b(atom|red)\\.", compiled.asm["ptx"])
    assert compiled.asm["cubin"]
print("compiled")
"""


@needs_triton
@pytest.mark.parametrize(
    ("program", "interpret", "said"), [(INTERPRETED, "1", "equal"), (COMPILED, "0", "compiled")]
)
def test_the_programs_without_a_gpu(
    program: str, interpret: str, said: str, tmp_path: Path
) -> None:
    """A program equals torch's operations in the interpreter, and compiles without atomics."""
    if interpret == "1" and np.lib.NumpyVersion(np.__version__) >= "2.5.0":
        pytest.skip("triton's interpreter (3.6) cannot run loops with numpy 2.5")
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TRITON_INTERPRET": interpret, "TRITON_CACHE_DIR": str(tmp_path)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip().endswith(said), done.stderr


@pytest.mark.skipif(not CUDA, reason="no CUDA device")
@needs_triton
def test_cuda_uses_the_program() -> None:
    from counterpoise.backends.torch.triton import TritonProduct

    contacts = random_contacts([40, 30], 0.5, 1)
    for selection in some_selections(contacts):
        operator = TorchOperator(contacts, selection, "cuda")
        assert isinstance(operator.multiply, TritonProduct)


# What ``auto`` decides


def large(nonzeros: int = GPU_MIN_PIXELS, bins: int = 100_000) -> tuple[Contacts, list[Selection]]:
    """Return a map that seems to have this many pixels; the choice never reads them."""
    table = BinTable.fixed(["a"], [bins], 1)
    starts = np.linspace(0, nonzeros, bins + 1).astype(np.int64)
    # Broadcast arrays have the required length and take no memory.
    columns, counts = (np.broadcast_to(kind(0), starts[-1]) for kind in (np.uint32, np.uint16))
    contacts = Contacts(table, starts, columns, counts, {})
    return contacts, list(select(table, np.ones(bins, bool), Scope.GENOME))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let torch and the driver's files report one GPU of 40 GiB."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch_backend, "_driver_files", lambda: [Path("/dev/nvidia0")])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (40 * 2**30, 40 * 2**30))
    return monkeypatch


def forbid_torch(patch: pytest.MonkeyPatch) -> None:
    """Let torch seem installed, but let its import fail."""
    patch.setattr(torch_backend, "find_spec", lambda name: object())
    patch.setitem(sys.modules, "torch", None)


def test_auto_takes_the_gpu(gpu: pytest.MonkeyPatch) -> None:
    chosen = choose_backend("auto", None, *large())
    assert (chosen.backend, chosen.device, chosen.note) == ("torch", "cuda", "")


def test_auto_leaves_small_maps_to_the_cpu(gpu: pytest.MonkeyPatch) -> None:
    """A small map is left to the CPU without an import of torch."""
    forbid_torch(gpu)
    chosen = choose_backend("auto", None, *large(GPU_MIN_PIXELS - 1))
    assert (chosen.backend, chosen.device) == ("native", "cpu")
    assert re.search(r"a map of 499,999,999 pixels .* from about 500,000,000", chosen.note)


def test_auto_says_that_the_map_does_not_fit(gpu: pytest.MonkeyPatch) -> None:
    contacts, selections = large(2_000_000_000)
    needed = predict_device_bytes(contacts, selections[0])
    assert 44e9 < needed < 60e9
    chosen = choose_backend("auto", None, contacts, selections)
    assert (chosen.backend, chosen.device) == ("native", "cpu")
    assert re.search(r"needs 4\d\.\d GiB on the GPU and 40\.0 GiB are free", chosen.note)


def test_auto_fits_chromosome_by_chromosome(gpu: pytest.MonkeyPatch) -> None:
    """A map too large for the GPU fits chromosome by chromosome."""
    contacts, _ = large(2_000_000_000)
    contacts = replace(contacts, bins=BinTable.fixed(["a", "b"], [50_000, 50_000], 1))
    parts = list(select(contacts.bins, np.ones(100_000, bool), Scope.CIS))
    assert choose_backend("auto", None, contacts, parts).device == "cuda"


def test_auto_without_a_gpu_never_imports_torch(gpu: pytest.MonkeyPatch) -> None:
    gpu.setattr(torch_backend, "_driver_files", list)
    gpu.setattr(torch_backend.shutil, "which", lambda name: None)
    forbid_torch(gpu)
    chosen = choose_backend("auto", None, *large())
    assert (chosen.backend, chosen.device) == ("native", "cpu")
    assert "no NVIDIA GPU" in chosen.note


@pytest.mark.parametrize("hidden", ["", "-1", "NoDevFiles"])
def test_auto_heeds_hidden_devices(gpu: pytest.MonkeyPatch, hidden: str) -> None:
    gpu.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert "CUDA_VISIBLE_DEVICES hides" in explain_missing_gpu()
    gpu.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert explain_missing_gpu() == ""


def test_auto_without_torch(gpu: pytest.MonkeyPatch) -> None:
    gpu.setattr(torch_backend, "find_spec", lambda name: None)
    assert "torch is not installed" in choose_backend("auto", None, *large()).note


def test_auto_with_a_torch_that_sees_no_device(gpu: pytest.MonkeyPatch) -> None:
    gpu.setattr(torch.cuda, "is_available", lambda: False)
    gpu.setattr(torch.version, "cuda", None)
    assert "is built without CUDA; install" in choose_backend("auto", None, *large()).note
    gpu.setattr(torch.version, "cuda", "13.0")
    assert (
        "torch finds no CUDA device; look at nvidia-smi"
        in choose_backend("auto", None, *large()).note
    )


def test_the_device_can_be_chosen(gpu: pytest.MonkeyPatch) -> None:
    assert choose_backend("auto", "cpu", *large()) == BackendChoice("native")
    assert choose_backend("auto", "cuda", *large(10)).device == "cuda"
    assert choose_backend("torch", None, *large(10)).device == "cuda"
    assert choose_backend("torch", "cpu", *large(10)) == BackendChoice("torch")
    assert choose_backend("scipy", None, *large()) == BackendChoice("scipy")
    gpu.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_backend("torch", None, *large(10)).device == "cpu"
    for name in ("torch", "auto"):
        with pytest.raises(ConfigError, match=r"device is 'cuda': .*torch"):
            choose_backend(name, "cuda", *large(10))


def test_devices_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match=r"backend\.device is 'gpu'; it must be cpu, cuda or"):
        BackendSettings("torch", "gpu")
    with pytest.raises(
        ConfigError, match=r"backend\.device is 'cuda', but backend scipy runs on cpu"
    ):
        BackendSettings("scipy", "cuda")


# The benchmark


def test_benchmark_on_the_cpu(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command whose documented figures come from a GPU also runs on the CPU."""
    from benchmarks import gpu as benchmark

    arguments = ["--device", "cpu", "--nonzeros", "50000", "--rounds", "2"]
    monkeypatch.setattr(sys, "argv", ["gpu", *arguments])
    benchmark.main()
    output = capsys.readouterr().out
    assert re.search(r"memory copied at [\d,]+ GB/s", output)
    rows = [line.strip("| ").split(" | ") for line in output.splitlines()[4:]]
    assert [row[2] for row in rows] == ["product", "kr", "ice", "ice, plain"]
    for row in rows:
        assert abs(int(row[1].replace(",", "")) - 50_000) < 1000
        assert 8 <= float(row[6]) < 9
        assert row[9] == "yes"
        if row[2] != "product":
            assert float(row[8]) < 1e-10


def test_the_benchmarks_map_is_an_upper_triangle() -> None:
    from benchmarks.gpu import banded_map

    triangle = banded_map(50_000, torch.device("cpu"))
    starts, columns = to_numpy(triangle.starts), to_numpy(triangle.columns)
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    keys = rows * len(starts) + columns
    assert (np.diff(keys) > 0).all()
    assert (columns > rows).all()
    assert columns.max() < len(starts) - 1
    assert to_numpy(triangle.counts).min() >= 1
