"""Maps by URL: fetched whole or not at all, from a real server that fails as servers do."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cooler
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.errors import InputError
from counterpoise.files import ABANDONED_SECONDS, read_json
from counterpoise.ingest.download import MAX_WAIT, PIECE_BYTES, WAITS, download, name_url_in_errors
from counterpoise.ingest.urls import download_path, public_url, url_key, url_problem
from tests.support.cohort import Cohort
from tests.support.documentation import OUTPUTS, documented
from tests.support.maps import write_map
from tests.support.web import Remote, serving

DATA = np.random.default_rng(5).bytes(5 * PIECE_BYTES + 12_345)
NOW = (0.0, 0.0)  # seconds before further tries: two of them, at once


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, which would answer for servers that are not there."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def file() -> Remote:
    return Remote(DATA)


@pytest.fixture
def url(file: Remote) -> Iterator[str]:
    with serving({"/map.mcool": file}) as address:
        yield f"{address}/map.mcool"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "remote" / "0123456789abcdef" / "map.mcool"


def fetch(url: str, output: Path, waits: tuple[float, ...] = NOW) -> tuple[dict[str, Any], str]:
    """The record, and all that was said."""
    said: list[str] = []
    record = download(url, output, said.append, waits=waits)
    return record, "\n".join(said)


def assert_nothing_there(output: Path) -> None:
    """Neither the file nor a part of it, under any name."""
    left = [path for path in output.parents[1].rglob("*") if not path.is_dir()]
    assert left == []


# --- a file that comes whole ------------------------------------------------------------------


def test_fetched_once_and_kept_by_content(file: Remote, url: str, output: Path) -> None:
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
    assert file.seen[0]["Accept-Encoding"] == "identity"
    # Another address with the same content takes no room of its own, and leaves the first alone.
    other = output.parents[1] / "fedcba9876543210" / "same.mcool"
    before = os.stat(output, follow_symlinks=False)
    fetch(url, other)
    os.utime(other, follow_symlinks=False)
    assert other.resolve() == output.resolve()
    assert os.stat(output, follow_symlinks=False) == before
    assert len(list((output.parents[1] / "content").iterdir())) == 1


@pytest.mark.parametrize("told", ["etag", "last_modified", "both"])
def test_an_unchanged_file_is_checked_and_not_sent_again(
    told: str, file: Remote, url: str, output: Path
) -> None:
    file.etag = None if told == "last_modified" else file.etag
    file.modified = None if told == "etag" else file.modified
    first, _ = fetch(url, output)
    output.unlink()  # as Snakemake does before it runs a job
    again, said = fetch(url, output)
    assert again == first
    assert output.read_bytes() == DATA
    assert file.sent == len(DATA)
    assert "unchanged on the server" in said


def test_a_changed_file_is_fetched(file: Remote, url: str, output: Path) -> None:
    fetch(url, output)
    file.data, file.etag = DATA[::-1], '"two"'
    record, _ = fetch(url, output)
    assert output.read_bytes() == DATA[::-1]
    assert record["etag"] == '"two"'


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_the_cached_file_is_checked(damage: str, file: Remote, url: str, output: Path) -> None:
    record, _ = fetch(url, output)
    kept = output.parents[1] / "content" / record["sha256"]
    kept.unlink() if damage == "gone" else kept.write_bytes(DATA[:-1])
    fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.sent == 2 * len(DATA)


def test_a_server_that_tells_nothing_is_asked_for_all(file: Remote, url: str, output: Path) -> None:
    file.etag = file.modified = None
    fetch(url, output)
    record, _ = fetch(url, output)
    assert set(record) == {"url", "bytes", "sha256"}
    assert file.sent == 2 * len(DATA)


def test_chunked_without_a_length(file: Remote, url: str, output: Path) -> None:
    file.headers = {"Transfer-Encoding": "chunked", "Content-Length": None}
    assert fetch(url, output)[0]["bytes"] == len(DATA)
    assert output.read_bytes() == DATA


def test_where_a_disk_has_no_links_it_is_copied(
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


def test_login_comes_from_netrc(
    file: Remote, url: str, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


# --- connections that are cut -----------------------------------------------------------------


def test_a_cut_connection_goes_on_where_it_ended(file: Remote, url: str, output: Path) -> None:
    file.cuts = [3 * PIECE_BYTES, PIECE_BYTES]
    _, said = fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.sent == len(DATA), "no byte came twice"
    assert [seen.get("If-Range") for seen in file.seen] == [None, '"one"', '"one"']
    assert file.seen[1]["Range"] == f"bytes={3 * PIECE_BYTES}-"
    assert f"{3 * PIECE_BYTES:,} bytes have arrived; trying again" in said


def test_without_a_strong_etag_the_date_must_do(file: Remote, url: str, output: Path) -> None:
    file.etag, file.cuts = 'W/"one"', [2 * PIECE_BYTES]
    fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.seen[1]["If-Range"] == file.modified
    assert file.sent == len(DATA)


@pytest.mark.parametrize("why", ["no ranges", "nothing tells the content"])
def test_otherwise_the_download_restarts(why: str, file: Remote, url: str, output: Path) -> None:
    file.cuts = [3 * PIECE_BYTES]
    if why == "no ranges":
        file.ranges = False
    else:
        file.etag = file.modified = None
    fetch(url, output)
    assert output.read_bytes() == DATA
    assert file.sent == len(DATA) + 3 * PIECE_BYTES


@pytest.mark.parametrize("honest", [True, False], ids=["honest", "ignores If-Range"])
def test_content_that_changes_during_the_download_is_not_mixed(
    honest: bool, file: Remote, url: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = DATA[::-1] + b"longer"

    def change(number: int) -> None:
        if number == 2:
            file.data, file.etag, file.modified = other, '"two"', None

    file.cuts, file.before = [3 * PIECE_BYTES], change
    if not honest:
        monkeypatch.setattr(Remote, "same", lambda self, asked: asked is not None)
    record, _ = fetch(url, output)
    assert output.read_bytes() == other
    assert record["etag"] == '"two"'
    assert record["sha256"] == hashlib.sha256(other).hexdigest()


def test_content_that_shrinks_on_the_way(file: Remote, url: str, output: Path) -> None:
    def change(number: int) -> None:
        if number == 2:
            file.data, file.statuses = DATA[:PIECE_BYTES], [416]

    file.cuts, file.before = [3 * PIECE_BYTES], change
    fetch(url, output)
    assert output.read_bytes() == DATA[:PIECE_BYTES]


def test_tries_are_limited_and_progress_resets_the_count(
    file: Remote, url: str, output: Path
) -> None:
    file.cuts = [PIECE_BYTES] * 5  # five cuts and two further tries, each of which gets on
    fetch(url, output)
    assert output.read_bytes() == DATA
    file.cuts, file.ranges, file.etag = [PIECE_BYTES] * 9, False, '"two"'
    before = len(file.seen)
    with pytest.raises(
        InputError, match=r"could not be downloaded: .* also when tried again; 65,536"
    ):
        fetch(url, output)
    # The first try reached something new; of those after it none did.
    assert len(file.seen) - before == 1 + len(NOW)


def test_waits_grow_and_a_server_may_ask_for_more(
    file: Remote, url: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    file.statuses = [503] * 10
    with pytest.raises(InputError, match="answered 503"):
        download(url, output)
    assert slept == list(WAITS)
    assert slept == sorted(slept)
    *first, last = (f"{wait:g}" for wait in slept)
    assert f"{', '.join(first)} and {last} s" in OUTPUTS
    slept.clear()

    def ask(number: int) -> None:
        file.headers = {"Retry-After": "99999" if number % 2 else "20"}

    file.before = ask
    file.statuses = [429, 429]
    download(url, output)
    assert sorted(slept) == [20.0, MAX_WAIT]
    assert output.read_bytes() == DATA


# --- refusals: named, and nothing left behind ---------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, r"answered 404 \(Not Found\)\. There is no such file: correct the address\."),
        (410, r"answered 410 \(Gone\)\. The file was removed"),
        (403, r"answered 403 \(Forbidden\)\. You may not read it"),
        (400, r"answered 400 \(Bad Request\)\. Open the address in a browser"),
    ],
)
def test_refusals_are_not_tried_again(
    status: int, words: str, file: Remote, url: str, output: Path
) -> None:
    file.statuses = [status] * 9
    with pytest.raises(InputError, match=rf"^{url}: cannot be downloaded: the server {words}"):
        fetch(url, output)
    assert len(file.seen) == 1
    assert_nothing_there(output)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_passing_failures_are_tried_again(
    status: int, file: Remote, url: str, output: Path
) -> None:
    file.statuses = [status, status]
    _, said = fetch(url, output)
    assert output.read_bytes() == DATA
    assert said.count(f"the server answered {status}") == 2
    file.statuses, file.etag = [status] * 3, '"two"'
    with pytest.raises(InputError, match=rf"answered {status} .*, also when tried again; 0 bytes"):
        fetch(url, output)
    assert output.read_bytes() == DATA, "what was there before stays"


FALSE = {
    "announces more than it has": (
        {"Content-Length": str(len(DATA) + 9), "Connection": "close"},
        "could not be downloaded",
    ),
    "stalls": ({"Content-Length": str(len(DATA) + 9)}, "could not be downloaded: .*timed out"),
    "tells no size": ({"Content-Length": None, "Connection": "close"}, "does not tell its size"),
    "compresses unasked": ({"Content-Encoding": "gzip"}, "is sent compressed"),
}


@pytest.mark.parametrize("how", FALSE)
def test_a_partial_file_is_not_taken_for_complete(
    how: str, file: Remote, url: str, output: Path
) -> None:
    file.headers, words = FALSE[how]
    file.ranges = False
    with pytest.raises(InputError, match=f"^{url}: .*{words}"):
        download(url, output, waits=NOW, timeouts=(30.0, 0.3 if how == "stalls" else 60.0))
    assert_nothing_there(output)


def test_a_chunked_answer_that_is_cut_is_incomplete(file: Remote, url: str, output: Path) -> None:
    file.headers = {"Transfer-Encoding": "chunked", "Content-Length": None}
    file.cuts, file.ranges = [len(DATA) - 5] * 9, False
    with pytest.raises(InputError, match="could not be downloaded"):
        fetch(url, output)
    assert_nothing_there(output)


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
def test_servers_that_are_not_there(address: str, words: str, output: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        fetch(address, output)
    assert str(caught.value).startswith(address.partition("?")[0] + ": ")
    assert "secret" not in str(caught.value)
    assert_nothing_there(output)


def test_endless_redirects_end(file: Remote, url: str, output: Path) -> None:
    file.statuses, file.headers = [302] * 99, {"Location": url}
    with pytest.raises(InputError, match=f"^{url}: cannot be downloaded .*redirects"):
        fetch(url, output)
    assert_nothing_there(output)


# --- processes beside each other, and killed ones -----------------------------------------------


def _fetch_elsewhere(url: str, output: Path) -> None:
    download(url, output, waits=(0.0,) * 4)


def test_two_processes_do_not_spoil_each_other(file: Remote, url: str, output: Path) -> None:
    file.cuts = [2 * PIECE_BYTES, 3 * PIECE_BYTES]
    # Neither is answered before both have asked.
    barrier = threading.Barrier(2)

    def together(number: int) -> None:
        if number <= 2:
            barrier.wait(60)

    file.before = together
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fetch_elsewhere, args=(url, output)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    assert output.read_bytes() == DATA
    content = output.parents[1] / "content"
    assert [path.name for path in content.iterdir()] == [hashlib.sha256(DATA).hexdigest()]


def test_parts_of_killed_processes_are_cleared_and_of_living_ones_not(
    url: str, output: Path
) -> None:
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
    assert (content / names[2]).exists(), "of another address"


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/a/map.mcool", "map.mcool"),
        ("https://host/a/map.mcool?key=secret&x=/y.hic#z", "map.mcool"),
        ("https://host/files/@@download/map.hic", "map.hic"),
        ("https://host/my%20map%2F..%2Fx.hic", "x.hic"),
        ("https://host/a%0Ab$(rm).mcool", "a_b__rm_.mcool"),
        ("https://host/.hidden.cool", "hidden.cool"),
        ("https://host/files/12345", "12345"),
        ("https://host/download/?acc=GSM1", "map"),
        ("https://host", "map"),
        ("http://[::1]:80/map.mcool::/resolutions/1000", "map.mcool"),
        ("https://host/" + "x" * 300 + ".mcool", "x" * 94 + ".mcool"),
    ],
)
def test_names(url: str, name: str) -> None:
    assert download_path(url) == f"resources/remote/{url_key(url)}/{name}"


@given(st.text())
def test_every_address_has_one_plain_name(text: str) -> None:
    path = download_path(f"https://host/{text}")
    assert re.fullmatch(r"resources/remote/[0-9a-f]{16}/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", path)


def test_addresses_share_a_file_if_they_are_the_same() -> None:
    url = "https://host/map.mcool"
    assert url_key(url) == url_key(f"{url}::/resolutions/1000")
    assert url_key(url) != url_key(f"{url}?version=2")
    assert public_url("https://me:secret@host/m.mcool?k=s::/a/1") == "https://host/m.mcool::/a/1"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:secret@host/x.hic", "user name or password.*netrc"),
        ("https:///x.hic", "not a valid URL"),
        ("https://host:port/x.hic", "not a valid URL"),
        ("http://[::1/x.hic", "not a valid URL"),
        ("https://host/x y.hic", "not a valid URL"),
        ("https://host/x.mcool::resolutions/1000", "without a slash"),
    ],
)
def test_addresses_that_cannot_be(url: str, words: str) -> None:
    problem = url_problem(url)
    assert problem is not None
    assert re.search(words, problem)
    assert "secret" not in problem


def test_addresses_that_can_be() -> None:
    for url in ("https://host/x", "http://[::1]:80/x.mcool::/a/1", "https://h/?a=b::c", "http://h"):
        assert url_problem(url) is None


def test_errors_name_the_address() -> None:
    error = InputError("resources/remote/0/x.hic", "is cut short.", "Fetch it again.")
    words = r"^https://host/x\.hic: is cut short\. Fetch .*\(The .* is resources/remote/0/x\.hic"
    with pytest.raises(InputError, match=words), name_url_in_errors("https://host/x.hic"):
        raise error
    with (
        pytest.raises(InputError, match=r"^resources/remote/0/x\.hic: is cut"),
        name_url_in_errors(None),
    ):
        raise error


# --- the whole workflow -----------------------------------------------------------------------


REMOTE = """# @package _global_
defaults:
  - /method@methods.ice: ice
  - _self_
cohort: small
resolutions: [10000]
primary: ice
sample_sheet: samples.tsv
"""


def write_rows(folder: Path, paths: dict[str, str]) -> None:
    rows = "".join(f"{name}\t{path}\n" for name, path in paths.items())
    (folder / "samples.tsv").write_text("sample\tpath\n" + rows)


def attempt(cohort: Cohort) -> subprocess.CompletedProcess[str]:
    """A run that may fail."""
    return subprocess.run(
        cohort.command(), cwd=cohort.folder, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two maps as .mcool and one as .hic."""
    folder = tmp_path_factory.mktemp("maps")
    for seed, name in enumerate(("a", "other")):
        write_map(folder / f"{name}.cool", seed)
        paths = (str(folder / f"{name}.cool"), str(folder / f"{name}.mcool"))
        cooler.zoomify_cooler(*paths, [1000, 2000], 10_000)
    rng = np.random.default_rng(2)
    bins = cooler.binnify(pd.Series({"chr1": 250_000, "chr2": 150_000}), 10_000)
    bin1, bin2 = np.triu_indices(len(bins))
    counts = (rng.poisson(40 / (1 + (bin2 - bin1) / 4)) + 1).astype(np.int32)
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
    code = (
        "import sys, pandas as pd; from counterpoise.ingest.demo_maps import write_hic; "
        "write_hic(sys.argv[1], pd.read_pickle(sys.argv[2]), pd.read_pickle(sys.argv[3]), 'toy')"
    )
    tables = [str(folder / "bins.pkl"), str(folder / "pixels.pkl")]
    bins.to_pickle(tables[0])
    pixels.to_pickle(tables[1])
    # In a process of its own: hictkpy burns a core until its process ends.
    subprocess.run([sys.executable, "-c", code, str(folder / "b.hic"), *tables], check=True)
    return {name: folder / name for name in ("a.mcool", "other.mcool", "b.hic")}


@pytest.mark.workflow
def test_the_workflow_reads_maps_by_url(tmp_path: Path, maps: dict[str, Path]) -> None:
    cohort = Cohort(tmp_path)
    (tmp_path / "conf/cohort/small.yaml").write_text(REMOTE)
    files = {"/a/@@download/a.mcool": Remote(maps["a.mcool"].read_bytes())}
    files["/b"] = Remote(maps["b.hic"].read_bytes())
    with serving(files) as address:
        urls = {
            "a": f"{address}/a/@@download/a.mcool?signature=secret::/resolutions/1000",
            "same": f"{address}/a/@@download/a.mcool?signature=secret",
            "b": f"{address}/b",
            "gone": f"{address}/gone.mcool?signature=secret",
        }
        write_rows(tmp_path, urls)
        first = attempt(cohort)
        # The one that is not there is named, in full and with the reason; the others are done.
        assert first.returncode != 0
        words = (
            rf"{address}/gone\.mcool: cannot be downloaded: the server answered 404 \(Not Found\)"
        )
        assert re.search(words, first.stdout + first.stderr)
        assert "signature" not in first.stdout + first.stderr
        results = tmp_path / "results" / "small"
        done = {path.stem for path in (results / "coolers").glob("*.mcool")}
        assert done == {"a", "same", "b"}
        del urls["gone"]
        write_rows(tmp_path, urls)
        cohort.run()
        assert cohort.planned() == {}
        requests = {path: len(remote.seen) for path, remote in files.items()}
        assert requests == dict.fromkeys(files, 1), "an address is fetched once, whoever asks"
        for sample, name in (("a", "a.mcool"), ("same", "a.mcool"), ("b", "b.hic")):
            source = read_json(results / "triples" / sample / "10000" / "source.json")
            shown = urls[sample].replace("?signature=secret", "")
            assert source["uri"] == read_json(results / f"inputs/{sample}.json")["uri"] == shown
            data = maps[name].read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            assert source["identity"] == {"sha256": digest, "bytes": len(data)}
        assert source["engine"] == "hictkpy"
        written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".db"]
        # Neither in Snakemake's own records.
        assert [path.name for path in written if b"secret" in path.read_bytes()] == ["samples.tsv"]

        # Asked anew, the server has something else at one address.
        old = cohort.digests()
        changed = files["/a/@@download/a.mcool"]
        sent = files["/b"].sent
        changed.data, changed.etag = maps["other.mcool"].read_bytes(), '"two"'
        cohort.run("--forcerun", "download", "--until", "inspect")
        assert files["/b"].sent == sent, "unchanged, so nothing is sent"
        planned = cohort.planned()
        assert planned["ingest"] == planned["mask"] == 2
        cohort.run()
    new = cohort.digests()
    maps_read = [path for path in new if path.endswith("pixels.parquet")]
    assert {path.split("/")[3] for path in maps_read if new[path] != old[path]} == {"a", "same"}
    assert len(maps_read) == 3


@pytest.mark.workflow
def test_a_page_in_place_of_a_map_is_named_by_its_address(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    page = Remote(b"<!DOCTYPE html><html>please log in</html>")
    with serving({"/map.mcool": page}) as address:
        write_rows(tmp_path, {"a": f"{address}/map.mcool"})
        done = attempt(cohort)
    words = rf"{address}/map\.mcool: is not an HDF5 file: it begins as a web page does"
    assert re.search(words, done.stdout + done.stderr)
