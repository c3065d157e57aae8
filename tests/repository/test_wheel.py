"""The wheel: built by zig, installed without a compiler, it gives the bits of the local build.

Prints the seconds of each installation. Needs pip's index, and some minutes.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import counterpoise as cp
from counterpoise import native
from counterpoise.backends.native import packed_map
from counterpoise.contacts.contact_map import Contacts
from counterpoise.methods import methods
from tests.support import REPOSITORY
from tests.support.cohort import Cohort

pytestmark = pytest.mark.long

MACHINES = {
    ("Linux", "x86_64"): "manylinux_2_17_x86_64",
    ("Linux", "aarch64"): "manylinux_2_17_aarch64",
    ("Darwin", "x86_64"): "macosx_10_15_x86_64",
    ("Darwin", "arm64"): "macosx_11_0_arm64",
}
PLATFORM = MACHINES.get((platform.system(), platform.machine()), "")
# Of these packages, weights have the same bits only with the same version.
SAME_VERSIONS = ("numpy", "scipy")

TRY_WHEEL = str(REPOSITORY / "envs" / "try_wheel.py")
LIGHT = """
import counterpoise as cp
from counterpoise.installation import workflow_folder
print(workflow_folder())
try:
    cp.balance([[4, 2], [2, 9]], backend="torch")
except cp.errors.SetupError as error:
    print(error)
"""


def succeed(*command: object, **variables: str) -> str:
    """Run a command and return what it prints."""
    words = [str(word) for word in command]
    environment = {**os.environ, **variables}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pythons() -> dict[str, str]:
    """Return an interpreter of each supported version that is on this machine."""
    found: dict[str, str] = {}
    for minor in ("3.11", "3.12", "3.13"):
        candidates = [shutil.which(f"python{minor}") or ""]
        if shutil.which("pyenv"):
            folder = Path(succeed("pyenv", "root").strip(), "versions")
            candidates += map(str, folder.glob(f"{minor}.*/bin/python"))
        for candidate in filter(None, candidates):
            test = [candidate, "-c", "import ensurepip, sys; print(sys.version_info[:2])"]
            done = subprocess.run(test, capture_output=True, text=True, check=False)
            if done.stdout.strip() == f"(3, {minor[2:]})":
                found.setdefault(minor, candidate)
    return found


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the source distribution, this platform's wheel and checksums."""
    if not PLATFORM:
        pytest.skip("no wheel is made for this platform")
    if shutil.which("file") is None:
        pytest.skip("the program file is not installed")
    folder = tmp_path_factory.mktemp("release")
    succeed(sys.executable, "-m", "venv", folder / "tools")
    python = folder / "tools" / "bin" / "python"
    requirements = REPOSITORY / "envs" / "release.txt"
    install = [python, "-m", "pip", "install", "--quiet", "--requirement", requirements]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the packages of envs/release.txt cannot be installed: {done.stderr[-300:]}")
    script = REPOSITORY / "envs" / "release.py"
    succeed(python, script, "--platform", PLATFORM, "--output", folder / "dist")
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(release: Path) -> Path:
    (path,) = release.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the content of the wheel."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_files_of_a_release(release: Path) -> None:
    names = {path.name for path in release.iterdir()}
    stem = f"counterpoise-{cp.__version__}"
    assert names == {f"{stem}-py3-none-{PLATFORM}.whl", f"{stem}.tar.gz", "SHA256SUMS"}
    lines = (release / "SHA256SUMS").read_text().splitlines()
    assert {line.split()[1] for line in lines} == names - {"SHA256SUMS"}


def test_the_wheel_holds_the_workflow_as_it_is_in_the_clone(unpacked: Path) -> None:
    patterns = ("conf", "scripts", "workflow/rules", "workflow/schemas", "Snakefile")
    patterns += ("workflow/Snakefile", "workflow/report")
    patterns += (":(glob)envs/*.yaml", ":(glob)profiles/*/config.yaml")
    tracked = succeed("git", "-C", REPOSITORY, "ls-files", "--", *patterns).split()
    packaged = unpacked / "counterpoise" / "packaged"
    copies = [path.relative_to(packaged) for path in packaged.rglob("*") if path.is_file()]
    assert sorted(map(str, copies)) == sorted(tracked)
    for name in tracked:
        assert (packaged / name).read_bytes() == (REPOSITORY / name).read_bytes()


def test_the_wheel_holds_every_module_and_no_source_of_c(unpacked: Path) -> None:
    package = REPOSITORY / "workflow" / "counterpoise"
    modules = {str(path.relative_to(package)) for path in package.rglob("*.py")}
    folder = unpacked / "counterpoise"
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    others = {str(path) for path in files if path.parts[0] != "packaged"}
    pages = [path for path in (package / "report").rglob("*.*") if path.suffix != ".pyc"]
    parts = {str(path.relative_to(package)) for path in pages}
    assert others == modules | parts | {"py.typed", "native/_native.so"}


def test_the_workflow_of_the_wheel_runs(
    unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(unpacked))
    script = "import counterpoise; print(counterpoise.__file__)"
    assert succeed(sys.executable, "-c", script).startswith(str(unpacked))
    cohort = Cohort(tmp_path, unpacked / "counterpoise" / "packaged")
    cohort.run(overrides=("resolutions=[2000]", "~methods.kde"))
    assert (tmp_path / "results" / "small" / "coolers" / "a.mcool").is_file()
    small = ("resolutions=[2000]", "~methods.kde")
    assert cohort.planned(*small) == {}
    catalog = unpacked / "counterpoise" / "packaged" / "workflow" / "Snakefile"
    assert cohort.planned(*small, words=f"-s {catalog}") == {}
    # The command finds the Snakefile, the cohort and the profile.
    command = [sys.executable, "-c", "from counterpoise.cli.main import main; main()"]
    overrides = f"hydra_overrides={json.dumps(['tracking=off', *small])}"
    monkeypatch.chdir(tmp_path)
    run = [*command, "run", "--config", overrides, "--cores", "2"]
    assert "Nothing to be done" in succeed(*run, "-n")
    succeed(*command, "init", "study", "a.cool")
    monkeypatch.chdir(tmp_path / "study")
    succeed(*command, "run", "--cores", "2")
    assert (tmp_path / "study" / "results" / "study" / "coolers" / "a.mcool").is_file()
    # Jobs find the package alone, not what is installed next to it.
    link = tmp_path / "study" / ".snakemake" / "counterpoise" / "counterpoise"
    assert link.resolve() == unpacked / "counterpoise"


@pytest.mark.parametrize("name", sorted(methods()))
def test_weights_of_the_two_compilers_have_the_same_bits(
    name: str, unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = native.library()
    by_zig = native.load_library(unpacked / "counterpoise" / "native")
    distance = np.abs(np.subtract.outer(np.arange(600), np.arange(600)))
    counts = np.random.default_rng(1).poisson(np.triu(400 / (distance + 1) + 0.1))
    highest = native.call("processor_level")
    for level in range(highest + 1):
        monkeypatch.setattr(packed_map, "_processor_level", lambda level=level: level)
        weights = []
        for library in (local, by_zig):
            monkeypatch.setattr(native, "library", lambda library=library: library)
            assert native.call("processor_level") == highest
            weights.append(cp.balance(Contacts.from_matrix(counts), name).weights.tobytes())
        assert weights[0] == weights[1]


@pytest.mark.parametrize("minor", ["3.11", "3.12", "3.13"])
def test_the_wheel_in_a_clean_environment(
    minor: str, wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if minor not in pythons():
        pytest.skip(f"Python {minor} is not on this machine")
    constraint = tmp_path / "constraint.txt"
    constraint.write_text("".join(f"{name}=={version(name)}\n" for name in SAME_VERSIONS))
    words = [TRY_WHEEL, wheel, "--python", pythons()[minor], "--environments", tmp_path / "envs"]
    tried = succeed(sys.executable, *words, PIP_CONSTRAINT=str(constraint))
    with capsys.disabled():
        print(f"\ninstalled on Python {tried.rsplit(maxsplit=1)[0]} of the processor")
    package = str(REPOSITORY / "workflow")
    here = succeed(sys.executable, TRY_WHEEL, "--here", PYTHONPATH=package)
    assert tried.split()[-1] == here.split()[-1]

    programs = tmp_path / "envs" / "0" / "bin"
    assert succeed(programs / "counterpoise", "--version").split()[-1] == cp.__version__
    folder, message = succeed(programs / "python", "-I", "-c", LIGHT).splitlines()
    assert folder.endswith("site-packages/counterpoise/packaged")
    assert (
        message
        == "the backend torch needs torch: pip install '.[torch]' (in a clone of the repository)"
    )
