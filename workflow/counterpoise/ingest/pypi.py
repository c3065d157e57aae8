"""Download source packages from PyPI with pip, check their SHA-256, and extract files from them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from counterpoise.errors import InputError
from counterpoise.files import atomic_write


def download_sdist(package: str, version: str, digest: str, output: str | Path) -> None:
    """Download a source package with the user's own pip (its index, proxy and cache settings).

    Parameters
    ----------
    package, version : str
        Name and version on PyPI.
    digest : str
        Expected SHA-256, 64 hexadecimal digits.
    output : str or Path
        Where the archive is written.

    Raises
    ------
    InputError
        If pip cannot download the package, or its SHA-256 is not ``digest``.
    """
    pin = f"{package}=={version}"
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(f"{pin} --hash=sha256:{digest}\n", encoding="utf-8")
        # pip runs code of the package to read its metadata. With --require-hashes it compares the
        # SHA-256 of the archive before it unpacks it.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--no-binary", package, "--dest", folder]
        command += ["--requirement", str(requirements)]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.tar.gz"))
        if process.returncode or len(archives) != 1:
            raise _explain(pin, digest, process.stderr)
        with atomic_write(output) as temporary:
            temporary.write_bytes(archives[0].read_bytes())


def _explain(pin: str, digest: str, messages: str) -> InputError:
    """Return the error about a package that pip did not download, from pip's messages."""
    if actual := re.search(r"^ *Got +([0-9a-f]{64})$", messages, re.MULTILINE):
        return InputError(
            pin,
            f"its SHA-256 is {actual[1]}, expected {digest}.",
            "The archive is not the one that this cohort was written for; do not use it.",
        )
    lines = messages.strip().splitlines() or ["pip gave no source archive"]
    return InputError(
        pin,
        f"pip could not download the source package: {lines[-1]}",
        "Check the network and pip's settings, then run again.",
    )


def extract_member(archive: str | Path, member: str, output: str | Path) -> None:
    """Extract one file from a source package.

    Parameters
    ----------
    archive : str or Path
        A tar archive.
    member : str
        Path of the file below the archive's top folder.
    output : str or Path
        Where the file is written.

    Raises
    ------
    InputError
        If the archive has no such file.
    """
    with tarfile.open(archive) as tar:
        for entry in tar:
            if entry.isfile() and entry.name.partition("/")[2] == member:
                stream = tar.extractfile(entry)
                if stream is not None:
                    with stream, atomic_write(output) as temporary:
                        temporary.write_bytes(stream.read())
                    return
    raise InputError(archive, f"has no file {member}.", "Correct sources.*.members in the cohort.")
