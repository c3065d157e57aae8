"""Install a wheel into a clean environment without a compiler, and balance two small maps there.

python envs/try_wheel.py dist/*x86_64.whl --python python3.12 --python python3.13
python envs/try_wheel.py --here    # balance the maps with the package of this Python

Prints a line for each Python: its version, the seconds of `pip install` (by the clock, and of the
processor), and a checksum of all weights. Equal checksums mean the same bits.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHROMOSOMES = {"chr1": 2_000_000, "chr2": 1_300_000, "chr3": 500_000}
RESOLUTION = 10_000


def write_maps(folder: Path) -> tuple[str, str]:
    """Write a small map as `.cool` and as `.hic`; the same one everywhere.

    Parameters
    ----------
    folder : Path
        Where the files go.

    Returns
    -------
    tuple of str
        Their paths.
    """
    import h5py
    import hictkpy
    import numpy as np
    import pyarrow as pa

    cool, hic = folder / "map.cool", folder / "map.hic"
    sizes = [length // RESOLUTION for length in CHROMOSOMES.values()]
    n = sum(sizes)
    bin1, bin2 = np.triu_indices(n)
    # Multipliers of random number generators: counts that fall with distance, without a pattern.
    scatter = (bin1 * 1_664_525 + bin2 * 22_695_477) % 65_537
    count = (scatter * 60 // (65_537 * (bin2 - bin1 + 1) // 8 + 6_000)).astype(np.int32)
    pixels = {"bin1_id": bin1, "bin2_id": bin2, "count": count}
    pixels = {name: column[count > 0] for name, column in pixels.items()}
    with h5py.File(cool, "w") as file:
        file.attrs.update({"format": "HDF5::Cooler", "format-version": 3, "bin-type": "fixed"})
        file.attrs.update({"bin-size": RESOLUTION, "storage-mode": "symmetric-upper"})
        file.attrs.update({"nbins": n, "nnz": len(pixels["count"])})
        file["chroms/name"] = np.array(list(CHROMOSOMES), dtype="S")
        file["chroms/length"] = list(CHROMOSOMES.values())
        file["bins/chrom"] = np.repeat(np.arange(len(sizes)), sizes)
        file["bins/start"] = np.concatenate([np.arange(size) for size in sizes]) * RESOLUTION
        file["bins/end"] = file["bins/start"][:] + RESOLUTION
        for name, column in pixels.items():
            file.create_dataset(f"pixels/{name}", data=column, compression="gzip", chunks=True)
    writer = hictkpy.hic.FileWriter(hic, CHROMOSOMES, RESOLUTION)
    writer.add_pixels(pa.table(pixels))
    writer.finalize()
    return str(cool), str(hic)


def balance_maps() -> str:
    """Balance the small maps with several methods.

    Returns
    -------
    str
        SHA-256 of the weights.
    """
    import counterpoise as cp

    checksum = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        for path in write_maps(Path(folder)):
            contacts = cp.read_contacts(path, RESOLUTION)
            for method in ("kr", "ice", "scale", "kde_eb"):
                result = cp.balance(contacts, method, mask=cp.mask_bins(contacts))
                if result.status not in ("converged", "computed"):
                    sys.exit(f"{method} of {path}: {result.status}. {result.reason}")
                checksum.update(result.weights.tobytes())
    return checksum.hexdigest()


def install(wheel: Path, python: str, environment: Path) -> tuple[float, float]:
    """Install a wheel into a new environment.

    Parameters
    ----------
    wheel : Path
        The wheel.
    python : str
        The Python of the environment.
    environment : Path
        Its folder.

    Returns
    -------
    tuple of float
        Seconds of ``pip install``, by the clock and of the processor.
    """
    subprocess.run([python, "-m", "venv", environment], check=True)
    # pip's settings stay, and no program but those of the environment is found.
    variables = {**os.environ, "PATH": str(environment / "bin")}
    pip = [environment / "bin" / "python", "-I", "-m", "pip", "install", "--quiet"]
    options = ["--no-cache-dir", "--only-binary", ":all:", "--disable-pip-version-check"]
    start, used = time.monotonic(), processor_seconds()
    subprocess.run([*pip, *options, wheel], env=variables, check=True)
    return time.monotonic() - start, processor_seconds() - used


def processor_seconds() -> float:
    """Return the processor time of the commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Try the wheel of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path, nargs="?")
    parser.add_argument("--python", action="append", help="default: this one")
    parser.add_argument("--environments", type=Path, help="keep the environments in this folder")
    parser.add_argument("--here", action="store_true", help="do not install")
    args = parser.parse_args()
    if args.here:
        print(platform.python_version(), balance_maps())
        return
    with tempfile.TemporaryDirectory() as temporary:
        for number, python in enumerate(args.python or [sys.executable]):
            environment = (args.environments or Path(temporary)) / str(number)
            clock, processor = install(args.wheel.resolve(), python, environment)
            # -I: no PYTHONPATH, so that only the wheel is imported.
            command = [environment / "bin" / "python", "-I", __file__, "--here"]
            done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
            version, checksum = done.stdout.split()
            print(f"{version}  {clock:.1f} s  {processor:.1f} s  {checksum}", flush=True)


if __name__ == "__main__":
    main()
