"""Make the files of a release: a source distribution, a wheel for each platform, checksums.

python envs/release.py                                     # into dist/
python envs/release.py --platform manylinux_2_17_x86_64    # one wheel only

`make release` runs this with the packages of envs/release.txt. Wheels are built from the source
distribution, so it holds all that they need. zig compiles the native library for every platform, on
any of them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARY = "counterpoise/native/_native.so"


@dataclass(frozen=True)
class Platform:
    """A platform for which a wheel is made.

    Attributes
    ----------
    target : str
        What zig calls it, with the oldest system.
    words : tuple of str
        What the program ``file`` says of the native library.
    options : str
        Options for the linker.
    """

    target: str
    words: tuple[str, str]
    options: str = "-s"


# A library of macOS holds its own name, which would be the path of the build.
MACOS = "-s -Wl,-install_name,_native.so"
PLATFORMS = {
    "manylinux_2_17_x86_64": Platform("x86_64-linux-gnu.2.17", ("ELF", "x86-64")),
    "manylinux_2_17_aarch64": Platform("aarch64-linux-gnu.2.17", ("ELF", "aarch64")),
    "macosx_10_15_x86_64": Platform("x86_64-macos.10.15", ("Mach-O", "x86_64"), MACOS),
    "macosx_11_0_arm64": Platform("aarch64-macos.11.0", ("Mach-O", "arm64"), MACOS),
}


def run(*command: str | Path, **variables: str) -> str:
    """Run a command with environment variables; return what it prints. End if it fails.

    Parameters
    ----------
    *command : str or Path
        The command.
    **variables : str
        Variables to set.

    Returns
    -------
    str
        Its standard output.
    """
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **variables},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{shlex.join(done.args)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def commit_time() -> str:
    """Return the time of the commit in seconds, so that the same commit gives the same wheels."""
    return run("git", "log", "-1", "--format=%ct").strip()


def build_sdist(output: Path) -> Path:
    """Build the source distribution.

    Parameters
    ----------
    output : Path
        Folder for the file.

    Returns
    -------
    Path
        The file.
    """
    build = (sys.executable, "-m", "build", "--no-isolation")
    run(*build, "--sdist", "--outdir", output, ".", SOURCE_DATE_EPOCH=commit_time())
    (sdist,) = output.glob("*.tar.gz")
    return sdist


def build_wheel(sdist: Path, output: Path, name: str) -> Path:
    """Build the wheel of a platform from the source distribution.

    Parameters
    ----------
    sdist : Path
        The source distribution.
    output : Path
        Folder for the file.
    name : str
        The platform, one of ``PLATFORMS``.

    Returns
    -------
    Path
        The file.
    """
    platform = PLATFORMS[name]
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (source,) = Path(folder).iterdir()
        run(
            *(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", output),
            *(f"--config-setting=--build-option=--plat-name={name}", source),
            CC=f"{shlex.quote(sys.executable)} -m ziglang cc -target {platform.target}",
            CFLAGS="",
            LDFLAGS=platform.options,
            SOURCE_DATE_EPOCH=commit_time(),
        )
    (wheel,) = output.glob(f"*-py3-none-{name}.whl")
    check_library(wheel, platform)
    return wheel


def check_library(wheel: Path, platform: Platform) -> None:
    """End with a message unless the native library is for a platform.

    Parameters
    ----------
    wheel : Path
        The wheel.
    platform : Platform
        Its platform.
    """
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        path = Path(archive.extract(LIBRARY, folder))
        kind = run("file", "--brief", path)
        content = path.read_bytes()
    if not all(word in kind for word in platform.words):
        sys.exit(f"{wheel.name}: its library is {kind}")
    # Versions of the C library whose functions are used: GLIBC_2.2.5 and so on.
    newer = [text for text in re.findall(rb"GLIBC_2\.(\d+)", content) if int(text) > 17]
    if newer:
        sys.exit(f"{wheel.name}: its library needs version 2.{max(map(int, newer))} of glibc")


def write_checksums(output: Path) -> None:
    """Write ``SHA256SUMS``, which ``sha256sum --check`` reads.

    Parameters
    ----------
    output : Path
        Folder of the release.
    """
    files = sorted(path for path in output.iterdir() if path.suffix in (".gz", ".whl"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (output / "SHA256SUMS").write_text("".join(lines))


def main() -> None:
    """Make the release of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist", help="empty folder")
    parser.add_argument("--platform", action="append", choices=PLATFORMS, help="default: all")
    args = parser.parse_args()
    output = args.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()):
        sys.exit(f"{output} is not empty. Empty it first.")
    if changed := run("git", "status", "--porcelain"):
        print(f"These files differ from the commit and are released as they are:\n{changed}")
    sdist = build_sdist(output)
    wheels = [build_wheel(sdist, output, name) for name in args.platform or PLATFORMS]
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, *wheels)
    write_checksums(output)
    for path in (sdist, *wheels):
        print(f"{path.stat().st_size / 1000:8,.0f} kB  {path.name}")


if __name__ == "__main__":
    main()
