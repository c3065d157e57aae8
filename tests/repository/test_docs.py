"""The documentation describes the files that are written, and its examples work."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cooler
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from matplotlib import pyplot as plt
from PIL import Image

import counterpoise as cp
from counterpoise.cli.main import COMMANDS
from counterpoise.cohort.compose import load_cohort, snakemake_overrides
from counterpoise.cohort.conf_files import as_yaml
from counterpoise.cohort.docstrings import default_of
from counterpoise.files import read_json, write_json
from counterpoise.ingest.formats import inspect_source
from counterpoise.ingest.pixels import write_map
from counterpoise.mask import MaskSettings, Reason, mask_bins
from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings, ExactSettings, MethodSettings
from counterpoise.methods.kernel.settings import KernelSettings
from counterpoise.records.facts import Fact
from counterpoise.records.verdict import Cause, Status
from counterpoise.report.concordance import write_concordance
from counterpoise.report.samples import sample_rows, write_samples
from counterpoise.report.summary import read_figures, summary_rows, write_summary
from counterpoise.store.masks import read_mask, write_mask
from counterpoise.store.mcool import write_mcool
from counterpoise.store.paths import ResultPaths
from counterpoise.store.pixels import read_map
from counterpoise.store.priors import pool_samples, write_pool, write_prior
from counterpoise.store.runs import RunKey, SampleEntry
from counterpoise.store.source_record import read_origin
from counterpoise.store.weight_columns import DIVISIVE
from counterpoise.store.weights import write_balance
from tests.support import REPOSITORY
from tests.support.documentation import (
    CONDITIONAL_ATTRIBUTES,
    OUTPUTS,
    SCHEMAS,
    Schema,
    documented,
    schemas,
)
from tests.support.messages.notes import FACT_SECTIONS, facts_of
from tests.support.tracking import log_results

SETTINGS = (REPOSITORY / "docs/reference/settings.md").read_text(encoding="utf-8")
CONFIGURATION = (REPOSITORY / "docs/guides/configuration.md").read_text(encoding="utf-8")

RESOLUTIONS = (1000, 2000)
SCOPE_PREFIXES = {"cis": "", "genome": "GW_", "trans": "INTER_"}
COLUMNS = {
    name: SCOPE_PREFIXES[method.settings().scope] + name.upper()
    for name, method in methods().items()
}
RUNS = [
    RunKey(
        "wild",
        resolution,
        method,
        labels={"condition": "control", "replicate": "1"},
        group="control",
    )
    for resolution in RESOLUTIONS
    for method in COLUMNS
]

ENTRIES = {"wild": SampleEntry(list(RESOLUTIONS), RUNS[0].labels, RUNS[0].group)}


# --- what is written -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> ResultPaths:
    """Return the results of one small map, written by the package as the workflow's rules do.

    The source has a column ``GC`` and the columns ``weight`` and ``KR`` of an earlier balancing.
    """
    folder = tmp_path_factory.mktemp("docs")
    source = folder / "wild.cool"
    _write_source(source)
    paths = ResultPaths("mine", str(folder / "results"))
    info = inspect_source(str(source))
    write_json(paths.input_record("wild"), asdict(info))
    for resolution in RESOLUTIONS:
        files = paths.map_files("wild", resolution)
        write_map(info, resolution, files)
        contacts = read_map(files)
        write_mask(
            paths.mask("wild", resolution),
            mask_bins(contacts, MaskSettings(min_nnz=2)),
            contacts.bins,
        )
        kept, summary = read_mask(paths.mask("wild", resolution))
        for method in COLUMNS:
            result = cp.balance(contacts, method, mask=kept, mask_record=summary)
            write_balance(result, contacts.bins, paths.run_files("wild", resolution, method))
            plot = Path(paths.plot("wild", resolution, method))
            plot.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (16, 10)).save(plot)
    _write_priors(paths)
    write_mcool(paths, "wild", list(RESOLUTIONS), COLUMNS, "ice", paths.cooler("wild"))
    rows = summary_rows(paths, RUNS)
    write_summary(rows, paths.summary)
    write_concordance([], {}, paths.concordance(1000))
    write_samples(sample_rows(paths, ENTRIES, rows, "ice"), paths.samples)
    return paths


def _write_priors(paths: ResultPaths) -> None:
    contacts = read_map(paths.map_files("wild", 2000))
    alone = cp.balance(contacts, "kde_eb")
    write_balance(alone, contacts.bins, paths.alone_files("wild", 2000, "kde_eb"))
    pool = pool_samples(paths, ["wild"], 2000, "kde_eb")
    write_pool(paths.pool("control", 2000, "kde_eb"), pool, {})
    prior = cp.Prior.from_weights(alone.weights, source="wild.cool")
    write_prior(paths.file_prior(2000, "kde_eb"), prior, contacts.bins, {})


def _write_source(path: Path) -> None:
    bins = cooler.binnify(pd.Series({"chr1": 20_000, "chr2": 11_500}), 1000)
    rng = np.random.default_rng(1)
    bins["GC"] = rng.random(len(bins))
    bins["weight"], bins["KR"] = 1.0, 2.0
    bin1, bin2 = np.triu_indices(len(bins))
    counts = rng.poisson(40 / (bin2 - bin1 + 1) ** 0.5)
    pixels = pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": counts})
    cooler.create_cooler(str(path), bins, pixels[counts > 0], assembly="toy1")


def describe_type(kind: pa.DataType) -> str:
    return f"dictionary of {kind.value_type}" if pa.types.is_dictionary(kind) else str(kind)


@pytest.mark.parametrize(
    ("heading", "path"),
    [
        ("pixels.parquet", lambda paths: paths.map_files("wild", 2000).pixels),
        ("bins.parquet", lambda paths: paths.map_files("wild", 2000).bins),
        ("Masks", lambda paths: paths.mask("wild", 2000)),
        ("weights.parquet", lambda paths: paths.run_files("wild", 2000, "kr").weights),
        ("trace.parquet", lambda paths: paths.run_files("wild", 2000, "kr").trace),
        ("Pools", lambda paths: paths.pool("control", 2000, "kde_eb")),
        ("Prior of a file", lambda paths: paths.file_prior(2000, "kde_eb")),
    ],
)
def test_parquet_columns(paths: ResultPaths, heading: str, path: Any) -> None:
    schema = pq.read_schema(path(paths))
    rows = documented(heading)
    assert list(rows) == schema.names
    for name in schema.names:
        assert describe_type(schema.field(name).type) in re.split(", | or ", rows[name][0]), name


def test_parquet_metadata_and_carried_columns(paths: ResultPaths) -> None:
    bins = pq.read_schema(paths.map_files("wild", 1000).bins)
    assert bins.names == [*documented("bins.parquet"), "GC", "KR", "weight"]
    assert set(json.loads(bins.metadata[b"counterpoise"])) == {"resolution", "lengths"}
    assert pq.read_schema(paths.map_files("wild", 2000).bins).names == [*documented("bins.parquet")]
    mask = json.loads(pq.read_schema(paths.mask("wild", 1000)).metadata[b"counterpoise"])
    assert set(mask) == {"settings", "thresholds", "reasons"}
    assert set(mask["thresholds"]) == {"min_nnz", "min_count", "mad"}
    assert set(mask["reasons"]) == set(documented("Mask reasons"))


def test_pixels_are_packed_as_documented(paths: ResultPaths) -> None:
    group = pq.ParquetFile(paths.map_files("wild", 1000).pixels).metadata.row_group(0)
    for index in range(3):
        assert "DELTA_BINARY_PACKED" in group.column(index).encodings
        assert group.column(index).compression == "ZSTD"


def test_json_keys(paths: ResultPaths) -> None:
    source = paths.map_files("wild", 2000).source
    verdict = read_json(paths.run_files("wild", 2000, "kr").verdict)
    assert set(read_json(paths.input_record("wild"))) == set(documented("inputs/sample.json"))
    assert set(read_json(source)) == set(documented("source.json"))
    assert set(verdict) == set(documented("verdict.json"))
    for part in verdict["parts"]:
        assert set(part) == set(documented("Parts"))
    for part in read_json(paths.run_files("wild", 2000, "kde").verdict)["parts"]:
        assert set(part["search"]) == set(documented("Bandwidth search"))
        for candidate in part["search"]["candidates"]:
            assert set(candidate) == set(documented("Search candidates"))
    assert verdict["source"] == read_origin(source)
    statistics = read_json(source)["statistics"]
    assert set(statistics) == set(documented("Statistics of a map"))
    assert set(statistics["by_distance"]) == set(documented("Contacts by distance"))
    assert set(verdict["mask"]) == {"settings", "thresholds", "reasons"}
    assert set(verdict["run"]) == {"seconds", "peak_memory_mb"}
    assert set(verdict["versions"]) == {"counterpoise", "python", "numpy"}


def test_statuses_causes_and_reasons() -> None:
    assert list(documented("Statuses")) == [status.value for status in Status]
    assert {name.strip() for name in documented("Causes")} == {cause.value for cause in Cause}
    assert list(documented("Mask reasons")) == [reason.name.lower() for reason in Reason]


def test_facts_and_their_values() -> None:
    rows = documented("Facts")
    sections = [facts_of(module) for module in FACT_SECTIONS.values()]
    assert list(rows) == [kind.code for section in sections for kind in section]
    for code, kind in Fact.kinds.items():
        values = re.findall("`([^`]*)`", rows[code][0])
        assert values == list(kind.__annotations__), code


def test_every_path_is_listed() -> None:
    paths = ResultPaths("<cohort>")
    place = ("<sample>", "<resolution>")
    files = [
        paths.input_record("<sample>"),
        paths.input_state("<sample>"),
        paths.least("<group>"),
        *paths.map_files(*place),
        paths.mask(*place),
        paths.own_mask(*place),
        *paths.shared_mask("<group>", "<resolution>"),
        *paths.run_files(*place, "<method>"),
        paths.alone_files(*place, "<method>").weights,
        paths.pool("<group>", "<resolution>", "<method>"),
        paths.file_prior("<resolution>", "<method>"),
        paths.cooler("<sample>"),
        paths.plot(*place, "<method>"),
        paths.comparison("<resolution>"),
        paths.concordance("<resolution>"),
        paths.samples,
        paths.summary,
        paths.report,
        *paths.multiqc,
        paths.differences,
        paths.difference_table,
        paths.tracking,
    ]
    named = documented("Where things are")
    assert {path.removeprefix("results/<cohort>/") for path in files} <= set(named)


@pytest.mark.parametrize("schema", schemas(), ids=lambda schema: schema.file)
def test_a_schema_changes_only_with_its_number(schema: Schema) -> None:
    """Other tests here compare the specified names with those of files."""
    recorded = json.loads(SCHEMAS.read_text(encoding="utf-8"))[schema.file]
    assert schema.number == max(recorded, key=int), "the number of a schema never falls"
    assert schema.since == recorded[schema.number]["since"]
    assert schema.names
    assert schema.names == recorded[schema.number]["names"], (
        f"the schema of {schema.file} changed: raise its number in the table of schemas in "
        "docs/reference/outputs.md, note it in CHANGELOG.md, and run `make accept`"
    )


def test_every_specified_file_has_a_schema() -> None:
    files = {path.rsplit("/")[-1] for path in documented("Where things are")}
    data = {name for name in files if name.endswith((".json", ".parquet", ".tsv", ".mcool"))}
    listed = " ".join(schema.file for schema in schemas())
    by_folder = {
        "<resolution>.parquet",
        "<resolution>.tsv",
        "<sample>.json",
        "<group>.json",
        "...tsv",
    }
    assert not [name for name in data - by_folder if name not in listed and "_mqc" not in name]


PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md"]
PAGES += ["profiles/README.md"]
PAGES += sorted(str(page.relative_to(REPOSITORY)) for page in REPOSITORY.glob("docs/**/*.md"))


@pytest.mark.parametrize("name", PAGES)
def test_links_have_targets(name: str) -> None:
    """Links point to files of the repository and to headings of its pages."""
    page = REPOSITORY / name
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    for link in links:
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.M)
            anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in anchors, link


def addresses_of_other_sites(name: str) -> list[str]:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```$|`[^`]*`", "", text, flags=re.M | re.S)
    return re.findall(r"(?:\]\(|<)(\w+:[^\s>)]*)", text)


@pytest.mark.parametrize("name", PAGES)
def test_links_to_other_sites_are_addresses(name: str) -> None:
    """``make links``, which needs a network, looks whether they lead somewhere."""
    for address in addresses_of_other_sites(name):
        parts = urlsplit(address)
        assert parts.scheme == "https", address
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), address
        assert re.fullmatch(r"[\w./~+-]*", parts.path), address
        assert "//" not in parts.path, address
        if parts.netloc == "doi.org":
            assert re.fullmatch(r"/10\.\d{4,}/\S+[^./]", parts.path), address


def test_links_to_one_page_are_the_same() -> None:
    """No two addresses differ only by a slash at the end, capitals, ``www.`` or arXiv's DOI."""
    addresses = {address for name in PAGES for address in addresses_of_other_sites(name)}
    assert len(addresses) > 15
    plain: dict[str, set[str]] = {}
    for address in addresses:
        short = address.partition("#")[0].lower().rstrip("/").replace("://www.", "://")
        short = short.replace("doi.org/10.48550/arxiv.", "arxiv.org/abs/")
        plain.setdefault(short, set()).add(address)
    assert not [same for same in plain.values() if len(same) > 1]


@pytest.mark.parametrize("name", PAGES)
def test_named_pages_exist(name: str) -> None:
    """A page that a text names without a link, such as ``docs/limits.md``, is there."""
    named = re.findall(r"`(docs/[\w./-]+\.(?:md|py|png|svg))`", (REPOSITORY / name).read_text())
    assert not [path for path in named if not (REPOSITORY / path).exists()]


def prose(text: str) -> list[str]:
    """Return the lines of a page outside of code blocks and tables, with links cut out."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    lines = [line for line in text.splitlines() if not line.startswith("|")]
    return [re.sub(r"\]\([^)]*\)", "]", line) for line in lines]


@pytest.mark.parametrize("name", PAGES)
def test_prose_is_wrapped(name: str) -> None:
    """Lines have at most 100 characters, unless a line is one code span that cannot be broken."""
    lines = prose((REPOSITORY / name).read_text(encoding="utf-8"))
    assert not [line for line in lines if len(line) > 100 and not re.fullmatch("`[^`]*`", line)]


def test_mcool(paths: ResultPaths) -> None:
    with h5py.File(paths.cooler("wild")) as file:
        assert set(file.attrs) == {"format", "format-version", "bin-type"}
        assert set(file) == {"resolutions"}
        assert set(file["resolutions"]) == {"1000", "2000"}
        finest, coarse = file["resolutions/1000"], file["resolutions/2000"]
        columns = {"weight", *COLUMNS.values()}
        errors = {f"{column}_se" for column in columns}
        carried = {"GC", "weight_source", "KR_source"}
        for level, extra in ((finest, columns | errors | carried), (coarse, columns | errors)):
            assert set(level.attrs) == set(documented("Attributes of a level"))
            datasets = {
                f"{group}/{name}": level[group][name] for group in level for name in level[group]
            }
            rows = documented("Datasets of a level")
            assert set(datasets) == set(rows) | {f"bins/{name}" for name in extra}
            for name in rows:
                kind = datasets[name].dtype
                if kind.kind != "S":
                    assert str(kind) in re.split(", | or ", rows[name][0]), name
        origin = json.loads(finest.attrs["metadata"])["counterpoise"]
        assert set(origin) == {
            "uri", "format", "identity", "resolution", "coarsened_from", "notes"
        }  # fmt: skip
        rows = documented("Attributes of a weight column")
        optional = {"tol", *CONDITIONAL_ATTRIBUTES}  # vc and vc_sqrt have no tolerance
        for name in columns:
            attributes = set(finest["bins"][name].attrs)
            assert attributes <= set(rows) <= attributes | optional, name
        for name in errors:
            documented_attributes = set(documented("Columns of standard errors"))
            assert set(finest["bins"][name].attrs) == documented_attributes, name
        np.testing.assert_array_equal(finest["bins/weight_source"], 1.0)


def test_conventions_are_as_documented(paths: ResultPaths) -> None:
    table = documented("Weight columns")
    assert set(table) == {"<METHOD>", "GW_<METHOD>", "INTER_<METHOD>"}
    divisive = re.search(r"^\| (.*?) \| divisive", OUTPUTS, re.M)
    assert divisive
    assert tuple(re.findall("`([^`]*)`", divisive[1])) == DIVISIVE
    opened = cooler.Cooler(f"{paths.cooler('wild')}::resolutions/1000")
    raw = opened.matrix(balance=False)[:].astype(float)
    for method, column in COLUMNS.items():
        stored = opened.bins()[column][:].to_numpy()
        path = paths.run_files("wild", 1000, method).weights
        weights = pq.read_table(path)["weight"].to_numpy()
        values = 1 / stored if column in DIVISIVE else stored
        shape = values / weights  # constant on each part
        for part in (slice(0, 20), slice(20, 32)):
            np.testing.assert_allclose(shape[part], shape[part][0], rtol=1e-12)
        if column in DIVISIVE:  # Juicer's scale
            inside = raw[:20, :20]
            np.testing.assert_allclose(
                (inside * np.outer(values[:20], values[:20])).sum(), inside.sum(), rtol=1e-9
            )


def test_a_second_export_gives_the_same_bytes(paths: ResultPaths, tmp_path: Path) -> None:
    again = tmp_path / "again.mcool"
    write_mcool(paths, "wild", list(RESOLUTIONS), COLUMNS, "ice", str(again))
    assert again.read_bytes() == Path(paths.cooler("wild")).read_bytes()


def test_summary_columns(paths: ResultPaths) -> None:
    header = Path(paths.summary).read_text(encoding="utf-8").splitlines()[0]
    assert header.split("\t") == list(documented("summary.tsv"))


def test_sample_columns(paths: ResultPaths) -> None:
    header = Path(paths.samples).read_text(encoding="utf-8").splitlines()[0]
    assert header.split("\t") == list(documented("samples.tsv"))


def test_columns_of_pairs(paths: ResultPaths) -> None:
    header = Path(paths.concordance(1000)).read_text(encoding="utf-8").splitlines()[0]
    assert header.split("\t") == list(documented("Concordance"))


def test_tracking(paths: ResultPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    settings: dict[str, Any] = {
        "enabled": True, "uri": uri, "artifacts": f"{tmp_path}/artifacts", "timeout_seconds": 5,
        "figures": {
            place: {**figures, "usable_resolution": 1000.0}
            for place, figures in read_figures(paths.summary).items()
        },
    }  # fmt: skip
    record = log_results(paths, [run for run in RUNS if run.method == "kde"][:1], **settings)
    assert record["status"] == "logged"
    assert set(record) == set(documented("tracking.json"))
    assert set(record["runs"][0]) == set(documented("Tracked runs"))
    run = MlflowClient(uri).get_run(record["runs"][0]["run_id"])
    tags = {name for name in run.data.tags if not name.startswith("mlflow.")}
    rows = documented("MLflow tags")
    assert tags == set(rows)
    assert set(run.data.metrics) == set(documented("MLflow metrics"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    table = MlflowClient().load_table(run.info.experiment_id, "bandwidth.json")
    assert list(table) == list(documented("bandwidth.json"))
    method_settings = set(asdict(methods()["kde"].settings()))
    assert set(run.data.params) == method_settings | {
        f"mask.{key}" for key in asdict(MaskSettings())
    }


# --- settings.md and configuration.md --------------------------------------------------------


def tables(heading: str) -> list[list[list[str]]]:
    """Return the tables of settings.md with this first column, as rows of cells."""
    found = re.findall(rf"^\| {heading} \|.*\n((?:\|.*\n)+)", SETTINGS, re.M)
    return [
        [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[1:]]
        for table in found
    ]


def test_every_setting_has_a_meaning() -> None:
    *_, defaults_by_method = [table for table in tables("key") if len(table[0]) != 4]
    rows = [row for table in tables("key") if table != defaults_by_method for row in table]
    assert len(rows) > 80
    for row in rows:
        assert len(row) == 4, row
        assert all(row), row


def test_settings_of_methods_are_described_once() -> None:
    """A setting that methods share has one row; a method's own row only adds to it."""
    [matrix] = [table for table in tables("key") if len(table[0]) != 4]
    section = SETTINGS.partition("## methods.NAME")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*)$", section.partition("### Settings")[2], re.M)
    described = [name for name, cells in rows if "See [settings of" not in cells]
    for kind in (MethodSettings, EqualSumsSettings, ExactSettings, KernelSettings):
        for item in fields(kind):
            if item.name not in {"tolerance", "max_iterations", "solver", "diagonal"}:
                assert described.count(item.name) == 1, item.name
    defaults = {row[0].strip("`"): row[1:] for row in matrix}
    for column, method in enumerate(methods().values()):
        for item in fields(method.settings):
            assert item.name in described
            assert defaults[item.name][column] == f"`{as_yaml(default_of(item))}`"


def test_every_group_and_choice_is_listed() -> None:
    table = SETTINGS.partition("## Groups")[2].partition("##")[0]
    for file in (REPOSITORY / "conf").glob("*/*.yaml"):
        row = re.search(rf"^\| `{file.parent.name}` \|.*$", table, re.M)
        assert row, file.parent.name
        assert f"`{file.stem}`" in row[0] or file.parent.name == "method", file


def blocks(language: str, page: str = CONFIGURATION) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Copy conf/ next to the files that the examples name."""
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    for name in ("wild_1.hic", "wild_2.hic", "mutant_1.mcool"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).touch()
    (tmp_path / "blacklist.bed").write_text("chr1\t0\t1000\n", encoding="utf-8")
    (tmp_path / "samples.tsv").write_text(
        next(block for block in blocks("text") if block.startswith("sample\t")), encoding="utf-8"
    )
    return tmp_path / "conf"


def test_the_example_cohort_and_sheet_load(conf: Path) -> None:
    cohort, samples, *_, long = blocks("yaml")
    (conf / "cohort" / "mine.yaml").write_text(cohort, encoding="utf-8")
    run = load_cohort(conf, ["cohort=mine"], conf.parent)
    assert {name: run.column(name) for name in run.methods} == {
        "ice": "GW_ICE",
        "kr": "KR",
        "kr_genome": "GW_KR_GENOME",
    }
    assert run.settings.mask.min_nnz == 5
    assert set(run.samples) == {"wild_1", "wild_2", "mutant_1"}
    listed = cohort.replace("sample_sheet: samples.tsv\n", samples)
    (conf / "cohort" / "base.yaml").write_text(listed, encoding="utf-8")
    (conf / "cohort" / "mine.yaml").write_text(long, encoding="utf-8")
    run = load_cohort(conf, ["cohort=mine"], conf.parent)
    assert run.resolutions("mutant_1") == [100_000]
    assert (run.settings.mask.min_nnz, run.settings.mask.mad_max) == (5, 0)
    assert list(run.methods) == ["ice", "kr", "kr_genome", "vc"]
    assert run.column("vc") == "GW_VC"


@pytest.mark.parametrize("section", ["chromosomes", "merge", "thin"])
def test_the_examples_of_sections_load(conf: Path, section: str) -> None:
    cohort, *others = blocks("yaml")
    [example] = [block for block in others if block.startswith(section)]
    for text in example.splitlines() if section == "thin" else [example]:
        (conf / "cohort" / "mine.yaml").write_text(f"{cohort}{text}\n", encoding="utf-8")
        settings = load_cohort(conf, ["cohort=mine"], conf.parent).settings
        assert settings.chromosomes.is_on or settings.merge or settings.thin.is_on


SIZES = ("min_length", "contacts")


@pytest.mark.parametrize("example", blocks("yaml", SETTINGS))
def test_the_examples_of_settings_load(conf: Path, example: str) -> None:
    cohort = yaml.safe_load(blocks("yaml")[0])
    given = yaml.safe_load(example)
    if "samples" in given:
        del cohort["sample_sheet"]
    (conf / "cohort" / "mine.yaml").write_text(yaml.safe_dump({**cohort, **given}))
    settings = asdict(load_cohort(conf, ["cohort=mine"], conf.parent).settings)
    for section in (
        "chromosomes",
        "thin",
        "ingest",
        "mask",
        "fitness",
        "backend",
        "tracking",
        "qc",
    ):
        for key, value in given.get(section, {}).items():
            read = {"1Mb": 1_000_000, "10M": 10_000_000}
            assert settings[section][key] == (read.get(value, value) if key in SIZES else value)


def test_the_example_overrides_load(conf: Path) -> None:
    given = re.findall(
        r"^counterpoise run --config 'hydra_overrides=(\[.*?\])'", CONFIGURATION, re.M
    )
    assert len(given) == 4
    (conf / "cohort" / "mine.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    composed = []
    for overrides in given:
        config = {"cohort": "mine", "hydra_overrides": yaml.safe_load(overrides)}
        composed.append(load_cohort(conf, snakemake_overrides(config, conf), conf.parent))
    loose, filtered, off, added = composed
    assert loose.settings.cohort == "mine"
    assert asdict(loose.methods["kr"])["tolerance"] == 1e-4
    assert (filtered.settings.mask.min_nnz, filtered.settings.resolutions) == (10, [20_000])
    assert (off.settings.mask.mad_max, off.settings.tracking.enabled) == (0, False)
    assert list(added.methods) == ["kr", "kr_genome", "kr_loose"]


def test_the_example_experiment_loads(conf: Path) -> None:
    [experiment] = re.findall(r"^counterpoise run --config experiment=(\w+)", CONFIGURATION, re.M)
    (conf / "cohort" / "mine.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    config = {"cohort": "mine", "experiment": experiment}
    run = load_cohort(conf, snakemake_overrides(config, conf), conf.parent)
    assert run.experiment == experiment
    assert run.settings.mask.min_nnz != 5


# --- python.md and command-line.md -----------------------------------------------------------


def test_every_public_name_is_in_the_reference() -> None:
    text = (REPOSITORY / "docs/reference/python.md").read_text(encoding="utf-8")
    documented_names = re.findall(r"^\.\. auto\w+:: counterpoise\.(\w+)", text, re.M)
    assert sorted(documented_names) == sorted(cp.__all__)


def test_every_subcommand_has_its_options() -> None:
    text = (REPOSITORY / "docs/reference/command-line.md").read_text(encoding="utf-8")
    directives = re.findall(
        r"^\.\. click:: counterpoise\.cli\.(\w+):command\n   :prog: counterpoise (\w+)$", text, re.M
    )
    assert directives == [(name, name) for name in COMMANDS]


# --- the tutorial ----------------------------------------------------------------------------


def test_the_tutorial_of_five_bins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the cells of the notebook; the site runs it, too, and shows what it prints."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    page = (REPOSITORY / "docs/tutorials/five-bins.md").read_text(encoding="utf-8")
    cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```$", page, re.M | re.S)
    values: dict[str, Any] = {}
    with np.printoptions():
        exec("".join(cells), values)
    assert values["picture"].get_array().shape == (5, 5)
    plt.close(values["figure"])

    # The results
    expected = [0.02275, 0.01953, 0.05655, 0.05874, 0.06847]
    np.testing.assert_allclose(values["kr_weights"], expected, atol=5e-6)
    np.testing.assert_allclose(values["kr"].sum(axis=1), 1, atol=1e-8)
    assert values["ice_against_kr"] < 1e-6
    assert values["ice_error"] < 0.006  # two printed decimals
    assert values["geometric_mean"] == pytest.approx(705.133, abs=5e-4)

    # What the text claims
    dense, printed = values["dense"], values["PRINTED_KR_WEIGHTS"]
    np.testing.assert_allclose(
        printed * (dense @ printed), values["PRINTED_KR_ROW_SUMS"], atol=5e-7
    )
    assert np.ptp((dense @ printed)[2:]) < 1e-6 < np.ptp(dense @ values["kr_weights"])
    assert np.abs(values["moved"] / values["kr_weights"] - 1).max() > 0.1
    np.testing.assert_allclose(
        values["reached"] / values["reached"].max(), values["printed_shape"], atol=1e-6
    )
    np.testing.assert_allclose(values["d"], values["kr_weights"], rtol=1e-9)
    assert max(values["kr_products"].values()) < 2 * min(values["kr_products"].values())
    assert values["cooler_against_ice"] < 1e-10 < 0.01 < values["cooler_against_kr"]
    for unequal in (
        values["vc"].sum(axis=1),
        values["vc_sqrt"].sum(axis=1),
        values["one_liner_sums"],
    ):
        assert np.ptp(unequal) / unequal.mean() > 0.1
    ratio = values["one_liner"] / values["vc_sqrt_weights"]
    assert np.ptp(ratio) / ratio.mean() > 0.1
    assert values["verdict"].verdict.parts[0].cause is Cause.NO_SUPPORT
