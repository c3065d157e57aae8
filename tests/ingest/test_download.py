"""Download files completely or not at all, from a server that fails as real ones do."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from counterpoise.errors import DiskFullError, InputError
from counterpoise.files import ABANDONED_SECONDS
from counterpoise.ingest.download import MAX_WAIT, PIECE_BYTES, WAITS, download, name_url_in_errors
from tests.support.documentation import OUTPUTS, documented
from tests.support.web import ServedFile, serve

DATA = np.random.default_rng(5).bytes(5 * PIECE_BYTES + 12_345)
NO_WAITS = (0.0, 0.0)  # two further attempts, at once


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use no proxy, which would answer for servers that do not exist."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def file() -> ServedFile:
    return ServedFile(DATA)


@pytest.fixture
def url(file: ServedFile) -> Iterator[str]:
    with serve({"/map.mcool": file}) as address:
        yield f"{address}/map.mcool"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "remote" / "0123456789abcdef" / "map.mcool"


def fetch(
    url: str, output: Path, waits: tuple[float, ...] = NO_WAITS
) -> tuple[dict[str, Any], str]:
    """Download a file; return its record and the messages."""
    messages: list[str] = []
    record = download(url, output, messages.append, waits=waits)
    return record, "\n".join(messages)


def assert_nothing_is_left(output: Path) -> None:
    """Neither the file nor a part of it exists, under any name."""
    left = [path for path in output.parents[1].rglob("*") if not path.is_dir()]
    assert left == []


# --- complete files --------------------------------------------------------------------------


def test_a_scheme_in_capitals(url: str, output: Path) -> None:
    fetch(url.replace("http://", "HTTP://"), output)
    assert output.read_bytes() == DATA


def test_a_file_is_downloaded_once_and_kept_by_content(
    file: ServedFile, url: str, output: Path
) -> None:
    record, _ = fetch(url, output)
    digest = hashlib.sha256(DATA).hexdigest()
    assert output.read_bytes() == DATA
    assert record == {
        "url": url, "bytes": len(DATA), "sha256": digest, "etag": '"one"',
        "last_modified": file.modified,
    }  # fmt: skip
    assert json.loads(output.with_name("map.mcool.json").read_text()) == record
    assert set(record) == set(documented("Remote files"))
    assert output.resolve() == (output.parents[1] / "content" / digest).resolve()
    assert os.readlink(output) == f"../content/{digest}", "the folder may be moved"
    assert file.requests[0]["Accept-Encoding"] == "identity"
    # Another address with the same content takes no further space, and leaves the first unchanged.
    other = output.parents[1] / "fedcba9876543210" / "same.mcool"
    before = os.stat(output, follow_symlinks=False)
    fetch(url, other)
    os.utime(other, follow_symlinks=False)
    assert other.resolve() == output.resolve()
    assert os.stat(output, follow_symlinks=False) == before
    assert len(list((output.parents[1] / "content").iterdir())) == 1


@pytest.mark.parametrize("validator", ["etag", "last_modified", "both"])
def test_an_unchanged_file_is_not_sent_again(
    validator: str, file: ServedFile, url: str, output: Path
) -> None:
    file.etag = None if validator == "last_modified" else file.etag
    file.modified = None if validator == "etag" else file.modified
    first, _ = fetch(url, output)
    output.unlink()  # as Snakemake does before it runs a job
    again, messages = fetch(url, output)
    assert again == first
    assert output.read_bytes() == DATA
    assert file.sent == len(DATA)
    assert "unchanged on the server" in messages


def test_a_full_disk_is_named_with_the_size_of_the_file(url: str, output: Path) -> None:
    """A limit on the size of files is met as a full disk is."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PIECE_BYTES // 2, before[1]))
    try:
        with pytest.raises(DiskFullError) as caught:
            fetch(url, output)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    message = str(caught.value)
    assert message.startswith(f"{output.parents[1] / 'content'}: files may not become larger")
    assert f"the downloaded file takes about {len(DATA) / 1e3:.1f} kB" in message
    assert_nothing_is_left(output)


def test_a_changed_file_is_downloaded(file: ServedFile, url: str, output: Path) -> None:
    fetch(url, output)
    file.data, file.etag = DATA[::-1], '"two"'
    record, _ = fetch(url, output)
    assert output.read_bytes() == DATA[::-1]
    assert record["etag"] == '"two"'


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_damaged_earlier_download_is_replaced(
    damage: str, file: ServedFile, url: str, output: Path
) -> None:
    record, _ = fetch(url, output)
    stored = output.parents[1] / "content" / record["sha256"]
    stored.unlink() if damage == "gone" else stored.write_bytes(DATA[:-1])
    fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.sent == 2 * len(DATA)


def test_without_validators_a_file_is_sent_again(file: ServedFile, url: str, output: Path) -> None:
    file.etag = file.modified = None
    fetch(url, output)
    record, _ = fetch(url, output)
    assert set(record) == {"url", "bytes", "sha256"}
    assert file.sent == 2 * len(DATA)


def test_chunked_responses_need_no_length(file: ServedFile, url: str, output: Path) -> None:
    file.headers = {"Transfer-Encoding": "chunked", "Content-Length": None}
    assert fetch(url, output)[0]["bytes"] == len(DATA)
    assert output.read_bytes() == DATA


def test_on_a_disk_without_links_the_file_is_copied(
    url: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    fetch(url, output)
    assert not output.is_symlink()
    assert output.read_bytes() == DATA


def test_progress_counts_bytes(url: str, output: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    download(url, output, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert len(steps) > 3


def test_the_login_is_read_from_netrc(
    file: ServedFile, url: str, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.login = "Basic " + base64.b64encode(b"me:secret").decode()
    with pytest.raises(InputError, match=r"answered 401 \(Unauthorized\)\. .*netrc"):
        fetch(url, output)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    record, _ = fetch(url, output)
    assert output.read_bytes() == DATA
    assert "secret" not in json.dumps(record)


# --- connections that are cut ----------------------------------------------------------------


def test_a_cut_download_is_continued(file: ServedFile, url: str, output: Path) -> None:
    file.cuts = [3 * PIECE_BYTES, PIECE_BYTES]
    _, messages = fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.sent == len(DATA), "no byte was sent twice"
    assert [headers.get("If-Range") for headers in file.requests] == [None, '"one"', '"one"']
    assert file.requests[1]["Range"] == f"bytes={3 * PIECE_BYTES}-"
    assert f"{3 * PIECE_BYTES:,} bytes have arrived; trying again" in messages


def test_without_a_strong_etag_the_date_is_compared(
    file: ServedFile, url: str, output: Path
) -> None:
    file.etag, file.cuts = 'W/"one"', [2 * PIECE_BYTES]
    fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.requests[1]["If-Range"] == file.modified
    assert file.sent == len(DATA)


@pytest.mark.parametrize("why", ["no ranges", "no validators"])
def test_a_download_that_cannot_be_continued_starts_again(
    why: str, file: ServedFile, url: str, output: Path
) -> None:
    file.cuts = [3 * PIECE_BYTES]
    if why == "no ranges":
        file.ranges = False
    else:
        file.etag = file.modified = None
    fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.sent == len(DATA) + 3 * PIECE_BYTES


@pytest.mark.parametrize("honest", [True, False], ids=["honest", "ignores If-Range"])
def test_content_that_changes_during_a_download_is_not_mixed(
    honest: bool, file: ServedFile, url: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = DATA[::-1] + b"longer"

    def change(number: int) -> None:
        if number == 2:
            file.data, file.etag, file.modified = other, '"two"', None

    file.cuts, file.before = [3 * PIECE_BYTES], change
    if not honest:
        monkeypatch.setattr(ServedFile, "is_current", lambda self, asked: asked is not None)
    record, _ = fetch(url, output)
    assert output.read_bytes() == other
    assert record["etag"] == '"two"'
    assert record["sha256"] == hashlib.sha256(other).hexdigest()


def test_content_that_shrinks_during_a_download(file: ServedFile, url: str, output: Path) -> None:
    def change(number: int) -> None:
        if number == 2:
            file.data, file.statuses = DATA[:PIECE_BYTES], [416]

    file.cuts, file.before = [3 * PIECE_BYTES], change
    fetch(url, output)
    assert output.read_bytes() == DATA[:PIECE_BYTES]


def test_attempts_are_limited_unless_they_get_further(
    file: ServedFile, url: str, output: Path
) -> None:
    file.cuts = [PIECE_BYTES] * 5  # five cuts and two further attempts, each of which gets further
    fetch(url, output)
    assert output.read_bytes() == DATA
    file.cuts, file.ranges, file.etag = [PIECE_BYTES] * 9, False, '"two"'
    before = len(file.requests)
    with pytest.raises(
        InputError, match=r"could not be downloaded: .* also when tried again; 65,536"
    ):
        fetch(url, output)
    # Only the first attempt gets further than before.
    assert len(file.requests) - before == 1 + len(NO_WAITS)


def test_waits_grow_and_a_server_may_ask_for_more(
    file: ServedFile, url: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeps: list[float] = []
    monkeypatch.setattr(time, "sleep", sleeps.append)
    file.statuses = [503] * 10
    with pytest.raises(InputError, match="answered 503"):
        download(url, output)
    assert sleeps == list(WAITS)
    assert sleeps == sorted(sleeps)
    *first, last = (f"{wait:g}" for wait in sleeps)
    assert f"{', '.join(first)} and {last} s" in OUTPUTS
    sleeps.clear()

    def ask(number: int) -> None:
        file.headers = {"Retry-After": "99999" if number % 2 else "20"}

    file.before = ask
    file.statuses = [429, 429]
    download(url, output)
    assert sorted(sleeps) == [20.0, MAX_WAIT]
    assert output.read_bytes() == DATA


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, r"answered 404 \(Not Found\)\. There is no such file: correct the address\."),
        (410, r"answered 410 \(Gone\)\. The file was removed"),
        (403, r"answered 403 \(Forbidden\)\. You may not read it"),
        (400, r"answered 400 \(Bad Request\)\. Open the address in a browser"),
    ],
)
def test_refusals_are_final(
    status: int, words: str, file: ServedFile, url: str, output: Path
) -> None:
    file.statuses = [status] * 9
    with pytest.raises(InputError, match=rf"^{url}: cannot be downloaded: the server {words}"):
        fetch(url, output)
    assert len(file.requests) == 1
    assert_nothing_is_left(output)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_transient_failures_are_tried_again(
    status: int, file: ServedFile, url: str, output: Path
) -> None:
    file.statuses = [status, status]
    _, messages = fetch(url, output)
    assert output.read_bytes() == DATA
    assert messages.count(f"the server answered {status}") == 2
    file.statuses, file.etag = [status] * 3, '"two"'
    with pytest.raises(InputError, match=rf"answered {status} .*, also when tried again; 0 bytes"):
        fetch(url, output)
    assert output.read_bytes() == DATA, "the earlier file stays"


FAULTY_HEADERS = {
    "announces too many bytes": (
        {"Content-Length": str(len(DATA) + 9), "Connection": "close"},
        "could not be downloaded",
    ),
    "stalls": ({"Content-Length": str(len(DATA) + 9)}, "could not be downloaded: .*timed out"),
    "announces no size": (
        {"Content-Length": None, "Connection": "close"},
        "does not tell its size",
    ),
    "compresses": ({"Content-Encoding": "gzip"}, "is sent compressed"),
}


@pytest.mark.parametrize("how", FAULTY_HEADERS)
def test_an_incomplete_file_is_never_kept(
    how: str, file: ServedFile, url: str, output: Path
) -> None:
    file.headers, words = FAULTY_HEADERS[how]
    file.ranges = False
    with pytest.raises(InputError, match=f"^{url}: .*{words}"):
        download(url, output, waits=NO_WAITS, timeouts=(30.0, 0.3 if how == "stalls" else 60.0))
    assert_nothing_is_left(output)


def test_a_chunked_response_that_is_cut_is_incomplete(
    file: ServedFile, url: str, output: Path
) -> None:
    file.headers = {"Transfer-Encoding": "chunked", "Content-Length": None}
    file.cuts, file.ranges = [len(DATA) - 5] * 9, False
    with pytest.raises(InputError, match="could not be downloaded"):
        fetch(url, output)
    assert_nothing_is_left(output)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (
            "http://127.0.0.1:1/x.hic?key=secret",
            r"could not be downloaded: .*refused.*also when tried",
        ),
        ("http://nowhere.invalid/x.hic?key=secret", "could not be downloaded: .*, also when"),
        ("http://[::1/x.hic?key=secret", "cannot be downloaded .*Correct the address"),
    ],
)
def test_servers_that_do_not_exist(address: str, words: str, output: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        fetch(address, output)
    assert str(caught.value).startswith(address.partition("?")[0] + ": ")
    assert "secret" not in str(caught.value)
    assert_nothing_is_left(output)


def test_endless_redirects_end(file: ServedFile, url: str, output: Path) -> None:
    file.statuses, file.headers = [302] * 99, {"Location": url}
    with pytest.raises(InputError, match=f"^{url}: cannot be downloaded .*redirects"):
        fetch(url, output)
    assert_nothing_is_left(output)


def test_redirects_lead_to_web_servers_alone(
    file: ServedFile, url: str, output: Path, tmp_path: Path
) -> None:
    (tmp_path / "private").write_text("secret")
    file.statuses, file.headers = [302], {"Location": (tmp_path / "private").as_uri()}
    with pytest.raises(InputError, match=f"^{url}: "):
        fetch(url, output)
    assert not output.exists()


def test_a_login_is_not_sent_where_a_redirect_leads(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    first, second = ServedFile(DATA, statuses=[302]), ServedFile(DATA)
    with serve({"/first.mcool": first, "/second.mcool": second}) as address:
        elsewhere = address.replace("127.0.0.1", "localhost")
        first.headers = {"Location": f"{elsewhere}/second.mcool"}
        fetch(f"{address}/first.mcool", output)
    assert output.read_bytes() == DATA
    assert "Authorization" in first.requests[0]
    assert "Authorization" not in second.requests[0]


# --- concurrent and killed processes ---------------------------------------------------------


def download_in_process(url: str, output: Path) -> None:
    download(url, output, waits=(0.0,) * 4)


def test_two_processes_may_download_the_same_file(file: ServedFile, url: str, output: Path) -> None:
    file.cuts = [2 * PIECE_BYTES, 3 * PIECE_BYTES]
    # Neither request is answered before both have arrived.
    barrier = threading.Barrier(2)

    def wait_for_both(number: int) -> None:
        if number <= 2:
            barrier.wait()

    file.before = wait_for_both
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=download_in_process, args=(url, output), daemon=True)
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert output.read_bytes() == DATA
    content = output.parents[1] / "content"
    assert [path.name for path in content.iterdir()] == [hashlib.sha256(DATA).hexdigest()]


def test_only_parts_of_killed_processes_are_removed(url: str, output: Path) -> None:
    content = output.parents[1] / "content"
    content.mkdir(parents=True)
    key = output.parent.name
    names = [f".{key}.old.tmp", f".{key}.new.tmp", ".fedcba9876543210.old.tmp"]
    for name in names:
        (content / name).write_bytes(b"half")
    for name in names[::2]:
        os.utime(content / name, (time.time() - ABANDONED_SECONDS - 60,) * 2)
    fetch(url, output)
    assert not (content / names[0]).exists()
    assert (content / names[1]).exists()
    assert (content / names[2]).exists(), "it belongs to another URL"


def test_errors_about_a_downloaded_file_name_its_url() -> None:
    error = InputError("resources/remote/0/x.hic", "is cut short.", "Fetch it again.")
    words = r"^https://host/x\.hic: is cut short\. Fetch .*\(The .* is resources/remote/0/x\.hic"
    with pytest.raises(InputError, match=words), name_url_in_errors("https://host/x.hic"):
        raise error
    with (
        pytest.raises(InputError, match=r"^resources/remote/0/x\.hic: is cut"),
        name_url_in_errors(None),
    ):
        raise error
