"""The section of files, with code that reads them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cooler
import numpy as np
import pytest

from counterpoise.report.sections.collect import Sections, read_sections
from counterpoise.report.sections.files import Snippet
from counterpoise.store.missing import Unfinished
from counterpoise.store.paths import ResultPaths
from tests.support.report_sections import (
    FACTS,
    SIZES,
    table_of,
)


def test_columns_of_the_coolers_are_described(sections: Sections, results: ResultPaths) -> None:
    assert sections.files is not None
    assert [tuple(column)[:4] for column in sections.files.columns] == [
        ("weight", "kr", "each chromosome", "multiplicative"),
        ("KR", "kr", "each chromosome", "divisive"),
        ("GW_ICE", "ice", "the whole genome", "multiplicative"),
    ]
    for file in sections.files.files:
        assert not file.missing
        for size in file.resolutions:
            bins = cooler.Cooler(f"{file.path}::resolutions/{size}").bins()
            for column in sections.files.columns:
                assert {column.name, column.errors} <= set(bins.columns)


def test_every_program_has_code(sections: Sections) -> None:
    assert sections.files is not None
    programs = [snippet.program for snippet in sections.files.snippets]
    for program in (
        "cooler, Python",
        "cooler, command line",
        "cooltools",
        "hictk, Python",
        "HiGlass",
    ):
        assert program in programs


def snippet_of(sections: Sections, program: str) -> Snippet:
    assert sections.files is not None
    return next(each for each in sections.files.snippets if each.program == program)


def run_python(snippet: Snippet) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(snippet.code, snippet.program, "exec"), names)
    return names


def test_code_for_cooler_gives_balanced_maps(sections: Sections) -> None:
    names = run_python(snippet_of(sections, "cooler, Python"))
    sums = np.nansum(names["matrix"], axis=0)
    np.testing.assert_allclose(sums[sums > 0], np.median(sums[sums > 0]), rtol=1e-6)
    assert sections.files is not None
    column = next(each for each in sections.files.columns if each.method == "ice")
    expected = names["clr"].matrix(balance=column.name).fetch(names["region"])
    np.testing.assert_array_equal(names["other"], expected)


def test_code_for_hictk_gives_the_matrix_of_cooler(sections: Sections) -> None:
    ours = run_python(snippet_of(sections, "hictk, Python"))["matrix"]
    theirs = run_python(snippet_of(sections, "cooler, Python"))["other"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_code_for_cooltools_gives_expected_contacts(sections: Sections) -> None:
    pytest.importorskip("cooltools")
    names = run_python(snippet_of(sections, "cooltools"))
    assert "balanced.avg" in names["expected"].columns


def test_commands_of_cooler_list_levels_and_balanced_pixels(sections: Sections) -> None:
    # The first bins are masked, so all pixels are asked for.
    code = snippet_of(sections, "cooler, command line").code.removesuffix(" | head")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    output = subprocess.run(
        ["bash", "-euc", code], capture_output=True, text=True, check=True, env={"PATH": path}
    ).stdout.splitlines()
    assert sum("::/resolutions/" in each for each in output) == len(SIZES)
    head = output[len(SIZES)].split("\t")
    assert head[-1] == "balanced"
    balanced = [each.split("\t")[-1] for each in output[len(SIZES) + 1 :]]
    assert any(each and float(each) > 0 for each in balanced)


def test_names_with_quotes_are_quoted(results: ResultPaths) -> None:
    runs, rows, samples = table_of(results)
    missing = Unfinished([results.cooler(name) for name in "abc"])
    sections = read_sections(results, runs, rows, samples, FACTS, missing)
    assert sections.files is not None
    assert [file.missing for file in sections.files.files] == [True, True, True, False]
    test_code_for_cooler_gives_balanced_maps(sections)
    test_commands_of_cooler_list_levels_and_balanced_pixels(sections)
