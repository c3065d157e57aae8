"""Jobs that meet a limit of the machine end with one line: full disks, and address space."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterpoise.errors import DiskFullError
from counterpoise.files import (
    atomic_write,
    full_disk_error,
    is_disk_full,
    name_full_disk,
    write_json,
)
from counterpoise.jobs.limits import CORE_MB, JOB_MB
from counterpoise.store.paths import ResultPaths
from tests.support import REPOSITORY
from tests.support.maps import write_map

SCRIPTS = REPOSITORY / "scripts"
MIB = 2**20
RESULTS = "results/small"
MAP = [f"{RESULTS}/triples/{{sample}}/1000/{name}" for name in ("pixels.parquet", "bins.parquet")]
MAP.append(f"{RESULTS}/triples/{{sample}}/1000/source.json")
RUN = [f"{RESULTS}/weights/a/1000/kr/{name}" for name in ("weights.parquet", "trace.parquet")]
RUN.append(f"{RESULTS}/weights/a/1000/kr/verdict.json")
COHORT = "'cohort': 'small', 'methods': ['kr']"
ENTRIES = "'samples': {'a': {'resolutions': [1000]}}, 'plotted': ['kr']"
SOURCE = "'uri': 'a.cool', 'hic_engine': 'hictkpy'"
STORE = "{'enabled': True, 'uri': 'sqlite:///m.db', 'artifacts': 'art', 'timeout_seconds': 9}"


def words(sample: str = "a") -> dict[str, list[str]]:
    """Return the command line of each script for a sample, except for the script itself."""
    files = [path.format(sample=sample) for path in MAP]
    mask = ["--mask", f"{RESULTS}/masks/{sample}/1000.parquet"]
    inputs = f"{RESULTS}/inputs/{sample}.json"
    state = f"{RESULTS}/inputs/states/{sample}.json"
    return {
        "inspect_input": [*("--output", inputs, "--state", state, "--settings", f"{{{SOURCE}}}")],
        "ingest": [
            *("--record", inputs, "--state", state, "--map", *files),
            *("--settings", f"{{{SOURCE}, 'resolution': 1000}}"),
        ],
        "mask": ["--map", *files, "--output", mask[1]],
        "balance": [*("--map", *files), *mask, "--run", *RUN, "--settings", "{'method': 'kr'}"],
        "plot": [
            *("--map", *files, *mask, "--verdicts", RUN[2]),
            *("--outputs", f"{RESULTS}/qc/a/1000/kr.png"),
            *("--settings", "{'max_pixels': 100, 'dpi': 50}"),
        ],
        "export": [
            *("--sample", "a", "--output", f"{RESULTS}/coolers/a.mcool", "--settings"),
            "{'cohort': 'small', 'resolutions': [1000], 'columns': {'kr': 'KR'}, 'primary': 'kr'}",
        ],
        "report": [
            *("--summary", f"{RESULTS}/summary.tsv", "--samples", f"{RESULTS}/samples.tsv"),
            *("--report", f"{RESULTS}/report.html", "--multiqc"),
            *ResultPaths("small").multiqc,
            *("--settings", f"{{{COHORT}, {ENTRIES}, 'primary': 'kr'}}"),
        ],
        "compare": [
            *("--output", f"{RESULTS}/compare/1000.png"),
            *("--concordance", f"{RESULTS}/compare/1000.tsv", "--settings"),
            f"{{{COHORT}, 'resolution': 1000, 'samples': {{'a': {{}}}}, 'primary': 'kr', "
            "'dpi': 50, 'depth_caution': 0.2}",
        ],
        "track": [
            *("--summary", f"{RESULTS}/summary.tsv", "--samples", f"{RESULTS}/samples.tsv"),
            *("--output", f"{RESULTS}/tracking.json"),
            *("--settings", f"{{{COHORT}, {ENTRIES}, 'tracking': {STORE}}}"),
        ],
    }


def under(name: str, limit: int, command: list[str]) -> list[str]:
    """Return a command that sets a limit, such as ``RLIMIT_AS``, and becomes another command.

    ``preexec_fn`` would set it in a fork of this process, whose threads can let the fork hang.
    """
    program = (
        f"import os, resource, sys; resource.setrlimit(resource.{name}, ({limit}, {limit})); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-c", program, *command]


def run(script: str, folder: Path, name: str = "RLIMIT_CORE", limit: int = 0) -> tuple[int, str]:
    """Run a script in a folder, under a limit; return its exit status and what it printed."""
    done = subprocess.run(
        under(name, limit, [sys.executable, str(SCRIPTS / f"{script}.py"), *words()[script]]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def message_of(script: str, folder: Path, name: str, limit: int) -> str:
    """Return the message of a script that must end with status 1 and no traceback."""
    status, errors = run(script, folder, name, limit)
    assert status == 1, errors
    lines = [line for line in errors.splitlines() if not re.match(r"\d\d:\d\d:\d\d ", line)]
    assert len(lines) == 1, errors
    return lines[0]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small map and the results of all scripts."""
    folder = tmp_path_factory.mktemp("limits")
    write_map(folder / "a.cool", 1)
    for script in words():
        status, errors = run(script, folder)
        assert status == 0, errors
    return folder


# --- full disks


@pytest.mark.parametrize(
    ("script", "output"),
    [
        ("inspect_input", "inputs"),
        ("ingest", ""),
        ("mask", "masks/a"),
        ("balance", "weights/a/1000/kr"),
        ("plot", "qc/a/1000"),
        ("export", "coolers"),
        ("report", ""),
        ("compare", "compare"),
        ("track", ""),
    ],
)
def test_every_stage_names_the_folder_and_what_is_needed(
    results: Path, script: str, output: str
) -> None:
    """Writers meet a limit of the size of files as they meet a full disk."""
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*.*") if path.is_file()}
    message = message_of(script, results, "RLIMIT_FSIZE", 100)
    folder = tempfile.gettempdir() if script == "ingest" else f"{RESULTS}/{output}".rstrip("/")
    assert message.startswith(f"counterpoise: {folder}: files may not become larger")
    assert re.search(r"takes (about|over) [\d,.]+ (bytes|kB|MB)", message)
    kept = {path: path.stat().st_mtime_ns for path in before if "m.db" not in path.name}
    assert all(before[path] == time for path, time in kept.items())
    assert not list(results.rglob("*.tmp"))


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB, if this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a disk")
    except FileNotFoundError:
        pytest.skip("there is no program mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("script", "room_kb"),
    [  # the module tempfile takes another folder if TMPDIR has no room at all
        ("ingest", 4),
        ("mask", 0),
        ("plot", 4),
        ("report", 0),
        *[("export", room) for room in (0, 4, 16, 32)],
    ],
)
def test_a_full_disk(
    results: Path, full_disk: Path, script: str, room_kb: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where HDF5 and Arrow fail only when they close the file."""
    (full_disk / "ballast").write_bytes(bytes((64 - room_kb) * 1024))
    monkeypatch.setenv("TMPDIR", str(full_disk if script == "ingest" else "/tmp"))
    arguments = [
        word.replace(RESULTS, str(full_disk))
        if previous in ("--output", "--outputs", "--summary", "--report")
        else word
        for previous, word in zip(["", *words()[script]], words()[script], strict=False)
    ]
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / f"{script}.py"), *arguments],
        cwd=results,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert f"counterpoise: {full_disk}" in done.stderr
    assert "its disk or your quota is full" in done.stderr
    assert re.search(r"takes (about|over) [\d,.]+ (bytes|kB|MB)", done.stderr)
    assert "Traceback" not in done.stderr
    assert ("TMPDIR" in done.stderr) == (script == "ingest")


def no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "error",
    [
        no_space(),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError("120 requested and 40 written"),  # numpy.save
        RuntimeError(
            "Can't decrement id ref count (file write failed: time = 1, filename = 'x', errno = "
            "28, error message = 'No space left on device', buf = 0x1)"
        ),
    ],
)
def test_errors_of_full_disks_are_recognised(tmp_path: Path, error: Exception) -> None:
    assert is_disk_full(error)
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))
    output = tmp_path / "folder" / "out"

    def write() -> None:
        with atomic_write(output, 5_000_000) as temporary:
            temporary.write_bytes(bytes(2000))
            raise error

    with pytest.raises(DiskFullError) as caught:
        write()
    message = str(caught.value)
    assert message.startswith(f"{output.parent}: its disk or your quota is full (")
    assert "out takes about 5.0 MB, of which 2.0 kB could be written." in message
    assert list(output.parent.iterdir()) == []


def test_an_error_of_closing_the_file_hides_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with name_full_disk(tmp_path):
            try:
                raise full_disk_error("/scratch", no_space(), 10, 20, "a file", "Make room.")
            finally:
                raise no_space()

    with pytest.raises(DiskFullError, match=r"^/scratch: "):
        write()


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), atomic_write(tmp_path / "out"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_folder_that_cannot_be_made_for_lack_of_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise no_space()

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(DiskFullError, match="new: its disk or your quota is full"):
        write_json(tmp_path / "new" / "out.json", {})


# --- address space


@pytest.mark.parametrize("script", sorted(path.stem for path in SCRIPTS.glob("*.py")))
@pytest.mark.parametrize("limit_mb", [200, 600])
def test_every_job_names_a_small_address_space(script: str, limit_mb: int) -> None:
    """Before any library loads, so that none of them aborts."""
    done = subprocess.run(
        under("RLIMIT_AS", limit_mb * MIB, [sys.executable, str(SCRIPTS / f"{script}.py")]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    needed = JOB_MB + CORE_MB * max(0, (os.cpu_count() or 1) - 2)
    expected = f"the address space is limited to {limit_mb} MiB (ulimit -v)"
    assert done.stderr.startswith(f"counterpoise: {expected}")
    assert f"{needed:,} MiB" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", ["ingest", "balance", "plot", "export", "track"])
def test_jobs_run_with_the_address_space_that_the_message_asks_for(
    results: Path, script: str
) -> None:
    limit = (JOB_MB + CORE_MB * max(0, (os.cpu_count() or 1) - 2)) * MIB
    status, errors = run(script, results, "RLIMIT_AS", limit)
    assert status == 0, errors


@pytest.mark.workflow
def test_snakemake_names_a_small_address_space(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "snakemake", "-n", "-s", str(REPOSITORY / "Snakefile")]
    done = subprocess.run(
        under("RLIMIT_AS", 500 * MIB, command),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "counterpoise: the address space is limited to 500 MiB (ulimit -v)" in done.stderr
    assert "Traceback" not in done.stderr
