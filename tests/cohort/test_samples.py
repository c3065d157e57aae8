"""The sample sheet: what is accepted, and errors that name the row and the column."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoise.cohort.samples import (
    Sample,
    SampleTable,
    check_name,
    read_sheet,
    schema,
)
from counterpoise.errors import ConfigError


def sheet(folder: Path, text: str | bytes) -> Path:
    path = folder / "samples.tsv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


FULL = (
    "sample\tpath\tcondition\treplicate\tassembly\none\ta.cool\tcontrol\t1\tmm9\ntwo\tb.hic\t\t\t\n"
)
SAMPLES = {
    "one": Sample("a.cool", "control", "1", "mm9"),
    "two": Sample("b.hic"),
}


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        FULL.replace("\n", "\r\n"),
        "\ufeff" + FULL,
        "# made by hand\n\n" + FULL + "\n# the end\n\t\t\t\t\n",
        FULL.removesuffix("\n"),
        FULL.replace("one\t", " one \t").replace("control", '"control"'),
    ],
    ids=["plain", "CRLF", "BOM", "comments and empty lines", "no last newline", "spaces, quotes"],
)
def test_accepted(tmp_path: Path, text: str) -> None:
    assert read_sheet(sheet(tmp_path, text)).samples == SAMPLES


def test_a_sheet_names_tables_of_copy_numbers(tmp_path: Path) -> None:
    text = "sample\tpath\tcopy_number\none\ta.cool\ta.bed\ntwo\tb.cool\n"
    table = read_sheet(sheet(tmp_path, text))
    assert table.samples["one"] == Sample("a.cool", copy_number="a.bed")
    assert table.samples["two"].copy_number is None


def test_columns_in_any_order(tmp_path: Path) -> None:
    table = read_sheet(sheet(tmp_path, "path\tassembly\tsample\na.cool\tmm9\tone\n"))
    assert table.samples == {"one": Sample("a.cool", assembly="mm9")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "empty; its first line names the columns, at least sample and path with a tab between",
        ),
        ("# only a comment\n\n", "the sheet is empty"),
        ("sample\tcondition\none\tx\n", "column 'path' is missing"),
        ("path\na.cool\n", "column 'sample' is missing"),
        ("Sample\tpath\n", r"column 'Sample': did you mean 'sample'\?"),
        ("sample\tfile\tpaths\n", r"column 'paths': did you mean 'path'\?"),
        ("sample\tpath\trep\n", r"column 'rep': did you mean 'replicate'\?"),
        ("sample\tpath\tresolution\n", r"column 'resolution': did you mean 'resolutions'\?"),
        ("sample\tpath\tstatus\n", r"the label 'status' has the name of a column"),
        ("sample\tpath\tinput_bytes\n", r"the label 'input_bytes' has the name of .* a tag"),
        ("sample\tpath\tgröße\n", r"the label 'größe' has a name that MLflow does not take"),
        ("sample\tpath\t" + "x" * 200 + "\n", r"the label 'x{60}\.\.\.' has a name that"),
        ("sample,path\none,a.cool\n", r"column 'sample' is missing \(is it tab-separated\?\)"),
        ("sample\tpath\tpath\n", "column 'path' occurs twice"),
        ("sample\tpath\none\ta.cool\none\tb.cool\n", "row 3, column sample: 'one' .*in row 2"),
        ("sample\tpath\n\ta.cool\n", "row 2, column sample: the cell is empty"),
        ("# c\nsample\tpath\none\t \n", "row 3, column path: the cell is empty"),
        ("sample\tpath\none\n", "row 2, column path: the cell is empty"),
        ("sample\tpath\none\ta\tb\n", "row 2: the cell 'b' is in column 3, which has no name"),
        ("sample\t\tpath\none\tb\ta\n", "row 2: the cell 'b' is in column 2, which has no name"),
        ('sample\tpath\none\t"a.cool\ntwo\tb.cool\n', "row 2: a quote is not closed"),
        ('sample\tpath\none\ta.cool\n"two\tb.cool\nthree\tc"\n', "row 3: a quote is not closed"),
        ('sample\tpath\none\t"a".cool\n', "row 2: a quote is not closed in its cell"),
        (f"sample\tpath\none\t{'a' * 140_000}\n", "row 2 has 140,005 characters; at most 100,000"),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    path = sheet(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_sheet(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        FULL.replace("\n", "\t\t\n"),
        FULL.replace("\t\t\t\n", "\n"),
        FULL.replace("path\t", "path\t\t")
        .replace("cool\t", "cool\t \t")
        .replace("b.hic\t", "b.hic\t\t"),
        FULL.replace("one", "# don't \"stop\n\t\none") + "\t\t\n",
    ],
    ids=["at the right", "shorter rows", "in the middle", "empty rows and a quote in a comment"],
)
def test_empty_cells_and_columns_are_ignored(tmp_path: Path, text: str) -> None:
    assert read_sheet(sheet(tmp_path, text)).samples == SAMPLES


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("suffix", [".csv", ".CSV"])
def test_csv(tmp_path: Path, delimiter: str, suffix: str) -> None:
    path = tmp_path / f"samples{suffix}"
    text = FULL.replace("\t", delimiter).replace("\n", f"{delimiter}\r\n")
    path.write_text(f"\ufeff{text}", newline="")
    assert read_sheet(path).samples == SAMPLES


def test_csv_with_commas_in_cells(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    path.write_text('sample,path,condition\none,"a,b.cool","say ""hi"", twice"\n')
    assert read_sheet(path).samples == {"one": Sample("a,b.cool", 'say "hi", twice')}


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_with_blanks_before_quotes(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "samples.csv"
    path.write_text(f'sample{delimiter} "path"\n "one"{delimiter}  "a b.cool"\n')
    assert read_sheet(path).samples == {"one": Sample("a b.cool")}


def test_csv_of_one_unknown_column(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    path.write_text("sample|path\n")
    with pytest.raises(ConfigError, match=r"column 'sample' is missing; columns are sample\|path"):
        read_sheet(path)


def test_not_utf8(tmp_path: Path) -> None:
    path = sheet(tmp_path, "sample\tpath\tcondition\none\ta.cool\tgekühlt\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"samples\.tsv: .*UTF-8"):
        read_sheet(path)


def test_missing_sheet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.tsv does not exist; .*current folder"):
        read_sheet(tmp_path / "none.tsv")


def checked(folder: Path, text: str, made: set[str] | None = None) -> dict[str, Sample]:
    return read_sheet(sheet(folder, text)).validate(folder, made or set())


def test_files_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.mcool").touch()
    text = (
        "sample\tpath\nlocal\ta.mcool\ngroup\ta.mcool::/resolutions/10\n"
        f"absolute\t{tmp_path}/a.mcool\nurl\thttps://example.org/x.hic\nmade\tresources/x.cool\n"
    )
    samples = checked(tmp_path, text, {"resources/x.cool"})
    assert list(samples) == ["local", "group", "absolute", "url", "made"]


@pytest.mark.parametrize("path", ["gone.cool", "gone.mcool::/resolutions/10", ".", "a" * 300])
def test_missing_file(tmp_path: Path, path: str) -> None:
    (tmp_path / "a.cool").touch()
    with pytest.raises(
        ConfigError, match=r"row 4, column path: the file .* (does not exist|is a folder)"
    ):
        checked(tmp_path, f"sample\tpath\n# c\none\ta.cool\ntwo\t{path}\n")


@pytest.mark.parametrize("path", ["https://me:secret@host/x.mcool", "https://host/a.cool::b"])
def test_addresses_that_cannot_be(tmp_path: Path, path: str) -> None:
    with pytest.raises(
        ConfigError, match=r"row 3, column path: https://host/.*\(sample two\)"
    ) as e:
        checked(tmp_path, f"sample\tpath\none\thttps://host/x.mcool\ntwo\t{path}\n")
    assert "secret" not in str(e.value)


UNSAFE = ["../x", "a/b", "a b", ".hidden", "-x", "_x", "grün", "a\\b", "a:b", "*", "{x}", "~", "."]


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.cool").touch()
    with pytest.raises(ConfigError, match=r"row 2, column sample: the name .* cannot be used"):
        checked(tmp_path, f"sample\tpath\n{name}\ta.cool\n")


@pytest.mark.parametrize("name", ["", *UNSAFE, "x\n", "a\tb"])
def test_check_name_refuses(name: str) -> None:
    with pytest.raises(ConfigError, match="somewhere: the name"):
        check_name("somewhere", name)


def test_long_names(tmp_path: Path) -> None:
    """A temporary file adds about 90 letters to a name, and disks allow 255."""
    (tmp_path / "a.cool").touch()
    assert checked(tmp_path, f"sample\tpath\n{'x' * 100}\ta.cool\n")
    words = r"row 2, column sample: the name 'x{60}\.\.\.' has 101 letters; .*shorten it to 100"
    with pytest.raises(ConfigError, match=words):
        checked(tmp_path, f"sample\tpath\n{'x' * 101}\ta.cool\n")


@given(st.text(max_size=8))
def test_safe_names_are_one_plain_path_part(name: str) -> None:
    """An accepted name can neither leave its folder nor have a meaning for a shell."""
    try:
        check_name("here", name)
    except ConfigError:
        return
    else:
        assert Path("results", name).parts == ("results", name)
        assert name.isascii()
        assert not set(name) & set(" \t\n'\"$&;|<>*?~!{}()[]\\/:")


@pytest.mark.parametrize(("first", "second"), [("one", "ONE"), ("ONE", "one"), ("oNe", "OnE")])
def test_names_that_differ_in_case_alone(tmp_path: Path, first: str, second: str) -> None:
    (tmp_path / "a.cool").touch()
    words = rf"row 3, column sample: '{second}' and '{first}' differ only in case"
    with pytest.raises(ConfigError, match=words):
        checked(tmp_path, f"sample\tpath\n{first}\ta.cool\n{second}\ta.cool\n")


def test_no_samples(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="there are no samples; add a line with the name and the path"
    ):
        checked(tmp_path, "sample\tpath\n")


def test_places_in_yaml() -> None:
    table = SampleTable("samples", {"one": Sample("gone.cool")})
    with pytest.raises(ConfigError, match=r"^samples\.one\.path: the file gone\.cool"):
        table.validate(Path(), set())


def test_schema_and_dataclass_agree() -> None:
    """The sheet's columns are the dataclass's fields, but for what YAML alone can hold."""
    columns = {field.name for field in fields(Sample)} - {"labels"} | {"sample"}
    assert set(schema()["properties"]) == columns
    assert set(schema()["required"]) == {"sample", "path"}
