"""Run the workflow on samples given by URL."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import pytest

from counterpoise.files import read_json
from tests.support.cohort import Cohort
from tests.support.maps import write_map
from tests.support.web import ServedFile, serve


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use no proxy, which would answer for servers that do not exist."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


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


def run_unchecked(cohort: Cohort) -> subprocess.CompletedProcess[str]:
    """Run the workflow, which may fail."""
    return subprocess.run(cohort.command(), cwd=cohort.folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write two maps as .mcool and one as .hic."""
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
    # In a separate process: hictkpy keeps a core busy until its process ends.
    subprocess.run([sys.executable, "-c", code, str(folder / "b.hic"), *tables], check=True)
    return {name: folder / name for name in ("a.mcool", "other.mcool", "b.hic")}


@pytest.mark.workflow
@pytest.mark.long
def test_the_workflow_reads_maps_by_url(tmp_path: Path, maps: dict[str, Path]) -> None:
    cohort = Cohort(tmp_path)
    (tmp_path / "conf/cohort/small.yaml").write_text(REMOTE)
    files = {"/a/@@download/a.mcool": ServedFile(maps["a.mcool"].read_bytes())}
    files["/b"] = ServedFile(maps["b.hic"].read_bytes())
    with serve(files) as address:
        urls = {
            "a": f"{address}/a/@@download/a.mcool?signature=secret::/resolutions/1000",
            "same": f"{address}/a/@@download/a.mcool?signature=secret",
            "b": f"{address}/b",
            "gone": f"{address}/gone.mcool?signature=secret",
        }
        write_rows(tmp_path, urls)
        first = run_unchecked(cohort)
        # The error names the missing file and the reason; the other samples are complete.
        assert first.returncode != 0
        words = (
            rf"{address}/gone\.mcool: cannot be downloaded: the server answered 404 \(Not Found\)"
        )
        assert re.search(words, first.stdout + first.stderr)
        assert "signature" not in first.stdout + first.stderr
        results = tmp_path / "results" / "small"
        complete = {path.stem for path in (results / "coolers").glob("*.mcool")}
        assert complete == {"a", "same", "b"}
        del urls["gone"]
        write_rows(tmp_path, urls)
        cohort.run()
        assert cohort.planned() == {}
        requests = {path: len(served.requests) for path, served in files.items()}
        assert requests == dict.fromkeys(files, 1), "each URL is downloaded once for all samples"
        for sample, name in (("a", "a.mcool"), ("same", "a.mcool"), ("b", "b.hic")):
            source = read_json(results / "triples" / sample / "10000" / "source.json")
            shown = urls[sample].replace("?signature=secret", "")
            assert source["uri"] == read_json(results / f"inputs/{sample}.json")["uri"] == shown
            data = maps[name].read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            assert source["identity"] == {"sha256": digest, "bytes": len(data)}
        assert source["engine"] == "hictkpy"
        written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".db"]
        # Snakemake's own records hold no secret either.
        assert [path.name for path in written if b"secret" in path.read_bytes()] == ["samples.tsv"]

        # The server has other content at one URL now.
        before = cohort.digests()
        changed = files["/a/@@download/a.mcool"]
        sent = files["/b"].sent
        changed.data, changed.etag = maps["other.mcool"].read_bytes(), '"two"'
        cohort.run("--forcerun", "download", "--until", "inspect")
        assert files["/b"].sent == sent, "unchanged, so nothing is sent"
        planned = cohort.planned()
        assert planned["ingest"] == planned["mask"] == 2
        cohort.run()
    after = cohort.digests()
    maps_read = [path for path in after if path.endswith("pixels.parquet")]
    assert {path.split("/")[3] for path in maps_read if after[path] != before[path]} == {
        "a",
        "same",
    }
    assert len(maps_read) == 3


@pytest.mark.workflow
def test_the_error_about_a_web_page_names_the_url(tmp_path: Path) -> None:
    cohort = Cohort(tmp_path)
    page = ServedFile(b"<!DOCTYPE html><html>please log in</html>")
    with serve({"/map.mcool": page}) as address:
        write_rows(tmp_path, {"a": f"{address}/map.mcool"})
        process = run_unchecked(cohort)
    words = rf"{address}/map\.mcool: is not an HDF5 file: it begins like a web page"
    assert re.search(words, process.stdout + process.stderr)
