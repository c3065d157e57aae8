"""The answer at the top of the page: each sample is named where it must be looked at."""

from __future__ import annotations

from counterpoise.report.page.headline import describe_assemblies


def test_files_that_state_no_assembly_have_no_other_assembly() -> None:
    assert describe_assemblies({"a": "hg38", "b": None, "c": "", "d": "unknown"}) == ""
    words = describe_assemblies({"a": "hg38", "b": "unknown", "c": "hg19", "d": "hg38"})
    assert "hg38 (a, d); hg19 (c)" in words
