"""Jobs notice when a sample's file is not the one whose SHA-256 is recorded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from counterpoise.cohort.cohort import Cohort
from counterpoise.cohort.samples import Sample
from counterpoise.cohort.settings import CohortSettings
from counterpoise.errors import InputError
from counterpoise.files import FileState, read_json, sha256
from counterpoise.ingest import identity
from counterpoise.ingest.formats import inspect_source
from counterpoise.jobs import source_files
from counterpoise.jobs.ingest import IngestJob
from counterpoise.jobs.inspect import InspectJob
from counterpoise.jobs.plan import Plan
from counterpoise.jobs.source_files import SourceFiles
from counterpoise.store.paths import ResultPaths
from tests.support.maps import write_map


class Site:
    """A folder with the map ``a.cool``, shared by two samples, and the jobs that read it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.source = folder, folder / "a.cool"
        write_map(self.source, 1)
        with open(self.source, "ab") as stream:
            stream.write(b"x")
        settings = CohortSettings(cohort="small", resolutions=[1000])
        samples = {name: Sample(path="a.cool") for name in "ab"}
        self.cohort = Cohort(settings, samples, {}, {})
        self.paths = ResultPaths("small")

    def inspect(self, sample: str = "a", first: str | None = None) -> None:
        others = [self.paths.input_record(first), self.paths.input_state(first)] if first else []
        record, state = self.paths.input_record(sample), self.paths.input_state(sample)
        InspectJob.of(self.cohort, sample).run(record, state, *others)

    def ingest(self) -> None:
        IngestJob.of(self.cohort, "a", 1000).run(
            self.paths.input_record("a"), self.paths.input_state("a"), self.map_files
        )

    @property
    def map_files(self) -> object:
        return self.paths.map_files("a", 1000)

    def is_current(self) -> bool:
        return SourceFiles(self.cohort, self.paths).is_current("a", 1000)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.chdir(tmp_path)
    return Site(tmp_path)


def replace_content(path: Path) -> None:
    """Change the last byte, which is no part of the HDF5 data, and keep size and date."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_replaced_after_inspect_is_refused(site: Site) -> None:
    site.inspect()
    old = sha256(site.source)
    write_map(site.source, 2)
    os.utime(site.source, (1e9, 1e9))
    with pytest.raises(InputError) as caught:
        site.ingest()
    message = str(caught.value)
    assert message.startswith("a.cool: was replaced or changed after it was inspected")
    assert old in message
    assert sha256(site.source) in message
    assert f"Delete {site.paths.input_record('a')} and run the workflow again" in message
    assert not list(Path("results/small").rglob("*.parquet")), "nothing was written"


def test_another_file_of_the_same_size_and_date_is_refused(site: Site) -> None:
    site.inspect()
    before = FileState.of(site.source).size_and_date
    replace_content(site.source)
    assert FileState.of(site.source).size_and_date == before
    with pytest.raises(InputError, match="was replaced or changed after it was inspected"):
        site.ingest()


def test_a_copy_of_the_same_content_is_read(site: Site) -> None:
    site.inspect()
    shutil.copy(site.source, "copy")
    os.replace("copy", site.source)
    site.ingest()
    source = read_json(site.paths.map_files("a", 1000).source)
    assert source["identity"]["sha256"] == sha256(site.source)


def test_a_file_that_changes_while_it_is_inspected_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record holds levels of one content and the SHA-256 of the same."""

    def read_and_replace(*arguments: object, **options: object) -> object:
        info = inspect_source(*arguments, **options)
        replace_content(site.source)
        return info

    monkeypatch.setattr("counterpoise.ingest.formats.inspect_source", read_and_replace)
    with pytest.raises(InputError, match=r"^a\.cool: changed while it was read"):
        site.inspect()
    assert not Path(site.paths.input_record("a")).exists()


def test_an_unchanged_file_is_not_read_twice(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.inspect()

    def refuse(path: object) -> str:
        raise AssertionError(path)

    monkeypatch.setattr(identity, "sha256", refuse)
    site.ingest()


def test_a_file_that_changes_while_it_is_read_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appended bytes do not disturb the reader of HDF5, and the SHA-256 is computed before them."""

    def append(path: object) -> str:
        digest = sha256(site.source)
        with open(site.source, "ab") as stream:
            stream.write(b"x")
        return digest

    site.inspect()
    site.source.touch()
    monkeypatch.setattr(identity, "sha256", append)
    with pytest.raises(InputError, match=r"a\.cool: changed while it was read"):
        site.ingest()
    with pytest.raises(InputError, match=r"a\.cool: changed while it was read"):
        site.inspect()


def test_a_file_of_several_samples_is_hashed_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []

    def count(path: str | Path) -> str:
        hashed.append(path)
        return sha256(path)

    monkeypatch.setattr(identity, "sha256", count)
    site.inspect("a")
    site.inspect("b", first="a")
    assert len(hashed) == 1
    records = [read_json(site.paths.input_record(name))["identity"] for name in "ab"]
    assert records[0] == records[1] == {"sha256": sha256("a.cool"), "bytes": records[0]["bytes"]}
    # A file that changed in between is hashed again.
    write_map(site.source, 2)
    site.inspect("b", first="a")
    assert len(hashed) == 2
    assert read_json(site.paths.input_record("b"))["identity"]["sha256"] == sha256("a.cool")


def test_a_map_is_current_if_its_content_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not site.is_current(), "nothing was read"
    site.inspect()
    assert not site.is_current(), "no map was read"
    site.ingest()
    assert site.is_current()
    os.utime(site.source, (1e9, 1e9))
    assert site.is_current(), "only another date"
    monkeypatch.setattr(source_files, "MOST_COMPARED", 10)
    assert not site.is_current(), "too large to compare"
    monkeypatch.undo()
    os.chdir(site.folder)
    replace_content(site.source)
    os.utime(site.source, (1e9 + 1, 1e9 + 1))
    assert not site.is_current(), "other content of the same size"
    site.inspect()
    assert not site.is_current(), "the record is of the new file, the map of the old one"
    site.ingest()
    assert site.is_current()


def test_other_settings_or_damaged_records_are_not_current(site: Site) -> None:
    site.inspect()
    site.ingest()
    state = Path(site.paths.input_state("a"))
    text = state.read_text()
    state.write_text(text.replace('"hic_engine": "', '"hic_engine": "other '))
    assert not site.is_current()
    state.write_text(text[: len(text) // 2])
    assert not site.is_current()
    with pytest.raises(InputError, match=f"^{state}: is damaged"):
        site.ingest()


def test_a_file_that_a_rule_makes_is_never_current(site: Site) -> None:
    site.inspect()
    site.ingest()
    site.cohort.settings.files_made = True
    assert not site.is_current()
    assert InspectJob.of(site.cohort, "a").size_and_date is None


def test_the_state_of_a_link_is_that_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    assert FileState.of(tmp_path / "link") == FileState.of(tmp_path / "file")


def test_the_first_sample_of_a_file_is_inspected_first(site: Site) -> None:
    plan = Plan(site.cohort, "results")
    first = [site.paths.input_record("a"), site.paths.input_state("a")]
    assert plan.first_records(SimpleNamespace(sample="a")) == []
    assert plan.first_records(SimpleNamespace(sample="b")) == first
    # Cells of a file, and other files.
    site.cohort.samples["b"].path = "a.cool::/cells/b"
    assert Plan(site.cohort, "results").first_records(SimpleNamespace(sample="b")) == first
    site.cohort.samples["b"].path = "b.cool"
    assert Plan(site.cohort, "results").first_records(SimpleNamespace(sample="b")) == []
    # A rule may make a file again in this run.
    site.cohort.samples["b"].path = "a.cool"
    site.cohort.settings.files_made = True
    assert Plan(site.cohort, "results").first_records(SimpleNamespace(sample="b")) == []


def test_a_map_stays_as_it_was_made(site: Site) -> None:
    """So a finer resolution that is added or removed makes no other map again."""
    sizes = site.cohort.settings.resolutions
    sources = SourceFiles(site.cohort, site.paths)
    finer = site.map_files
    coarse = site.paths.map_files("a", 2000)
    site.inspect()
    site.ingest()
    job = IngestJob.of(site.cohort, "a", 2000)
    job.run(site.paths.input_record("a"), site.paths.input_state("a"), coarse)
    sizes[:] = [1000, 2000]
    assert site.cohort.finer_resolution("a", 2000) == 1000
    assert sources.finer_resolution("a", 2000) is None, "it was summed from the file's level"
    job.run(site.paths.input_record("a"), site.paths.input_state("a"), coarse, finer)
    sizes[:] = [2000]
    assert site.cohort.finer_resolution("a", 2000) is None
    assert sources.finer_resolution("a", 2000) == 1000
    plan = Plan(site.cohort, "results")
    assert plan.finer_map(SimpleNamespace(sample="a", resolution="2000")) == list(finer)
    assert plan.finer_maps == {coarse.source: 1000}
    shutil.rmtree(Path(finer.source).parent)
    assert sources.finer_resolution("a", 2000) is None, "there is nothing to sum"
