"""Source packages: none of their code runs before their SHA-256 is compared."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from counterpoise.errors import InputError
from counterpoise.files import sha256
from counterpoise.ingest.pypi import download_sdist, extract_member

PROJECT = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """from pathlib import Path
Path({marker!r}).touch()

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = Path(folder, "tiny-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    return info.name
"""


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source package whose code leaves a marker; pip finds it in a folder."""
    package = tmp_path / "tiny-1.0"
    package.mkdir()
    (package / "pyproject.toml").write_text(PROJECT)
    (package / "backend.py").write_text(BACKEND.format(marker=str(tmp_path / "marker")))
    (package / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    links = tmp_path / "links"
    links.mkdir()
    with tarfile.open(links / "tiny-1.0.tar.gz", "w:gz") as tar:
        tar.add(package, "tiny-1.0")
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(links), "NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return links / "tiny-1.0.tar.gz"


def test_another_package_runs_no_code(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"its SHA-256 is {sha256(archive)}, expected {'0' * 64}"):
        download_sdist("tiny", "1.0", "0" * 64, tmp_path / "out.tar.gz")
    assert not (tmp_path / "marker").exists()
    assert not (tmp_path / "out.tar.gz").exists()


def test_the_right_package_is_kept(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.tar.gz"
    download_sdist("tiny", "1.0", sha256(archive), output)
    assert output.read_bytes() == archive.read_bytes()
    assert (tmp_path / "marker").exists()  # so its absence means something in the other test
    extract_member(output, "pyproject.toml", tmp_path / "member")
    assert (tmp_path / "member").read_text() == PROJECT


def test_an_unknown_package_is_named(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^other==1\.0: pip could not download"):
        download_sdist("other", "1.0", "0" * 64, tmp_path / "out.tar.gz")
