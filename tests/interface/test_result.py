"""The repr, the card, the table and the figure of a result."""

from __future__ import annotations

import io
import pickle
import re
import rlcompleter
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import counterpoise as cp
from counterpoise.balancing.result import FITNESS_COLOURS
from counterpoise.contacts.contact_map import Contacts, StoredContacts
from counterpoise.records.wording import fitness_label
from tests.support import REPOSITORY
from tests.support.maps import genome_map, random_map


@pytest.fixture(scope="module")
def contacts() -> Contacts:
    return genome_map({"chr1": 40, "chr2": 30}, 4)


@pytest.fixture(scope="module")
def result(contacts: Contacts) -> cp.Balance:
    return cp.balance(contacts, "kr", mask={"min_nnz": 12})


def test_tab_completion_lists_the_public_names() -> None:
    completer = rlcompleter.Completer({"cp": cp})
    offered = []
    while (match := completer.complete("cp.", len(offered))) is not None:
        offered.append(match)
    names = {match.removeprefix("cp.").partition("(")[0] for match in offered}
    assert names == {name for name in cp.__all__ if not name.startswith("_")}


def test_the_result_is_the_public_class(result: cp.Balance, contacts: Contacts) -> None:
    for other in (result, replace(result, se=result.weights), pickle.loads(pickle.dumps(result))):
        assert type(other) is cp.Balance
    assert type(cp.balance(contacts, "auto")) is cp.Balance
    assert {"to_cooler", "to_frame", "plot", "matrix"} <= set(dir(result))


# --- cards -----------------------------------------------------------------------------------


class Texts(HTMLParser):
    """Collects texts, and the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def read_card(value: Any) -> Texts:
    parser = Texts()
    parser.feed(value._repr_html_())
    assert not parser.open
    assert parser.tags <= {"div", "span", "b"}
    return parser


def test_the_card_of_a_result(result: cp.Balance) -> None:
    texts = read_card(result).texts
    assert texts[:2] == ["kr (cis)", fitness_label(result.fitness)]
    assert "cooler's filters (min_nnz 12, mad_max 5)" in texts
    weighted = int(np.isfinite(result.weights).sum())
    assert any(text.startswith(f"{weighted} of 70 bins, median error") for text in texts)
    assert len(result._repr_html_()) < 2500
    assert FITNESS_COLOURS[result.fitness][0] in result._repr_html_()


def test_the_card_of_a_result_says_why(contacts: Contacts) -> None:
    failed = cp.balance(contacts, "kr", mask={"min_nnz": 100})
    texts = read_card(failed).texts
    assert failed.reason in texts
    assert "not for use" in texts


def test_the_fitness_has_its_reason(contacts: Contacts) -> None:
    sparse = cp.balance(contacts.full_matrix() > 0, "kr")
    assert sparse.fitness.value in ("caution", "no")
    assert "%" in sparse.fitness_reason
    assert sparse.fitness_reason in read_card(sparse).texts


def test_cards_of_maps_and_masks(contacts: Contacts) -> None:
    stored = StoredContacts(contacts.bins, contacts.indptr, contacts.entries)
    for each, name in ((contacts, "Contacts"), (stored, "StoredContacts")):
        texts = read_card(each).texts
        assert texts[0] == name
        assert "70 bins of 1 kb on 2 chromosomes" in texts
    texts = read_card(cp.mask_bins(contacts, {"min_nnz": 12})).texts
    assert texts[0] == "Mask"
    assert any(text.endswith(" of 70 bins") for text in texts)
    assert any(text.endswith(" min_nnz") for text in texts)


def test_texts_of_users_are_escaped_in_cards(contacts: Contacts) -> None:
    name = "<script>alert(1)</script>"
    named = replace(contacts, source={"uri": name, "notes": [name]})
    for value in (named, cp.balance(named, "vc", name=name)):
        assert name in " ".join(read_card(value).texts)
        assert "<script" not in value._repr_html_()


def test_colours_of_cards_are_those_of_the_report() -> None:
    page = (REPOSITORY / "workflow/counterpoise/report/page/page.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): (#\w+);", page.partition("@media")[0]))
    for fitness, (background, _) in FITNESS_COLOURS.items():
        assert colours[fitness.value] == background


# --- the table -------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_bin(result: cp.Balance, contacts: Contacts) -> None:
    frame = result.to_frame()
    assert list(frame.columns) == ["chrom", "start", "end", "weight", "se"]
    assert frame["chrom"].dtype == "category"
    assert frame["chrom"].value_counts().to_dict() == {"chr1": 40, "chr2": 30}
    for column, values in {
        "start": contacts.bins.start, "end": contacts.bins.end,
        "weight": result.weights, "se": result.se,
    }.items():  # fmt: skip
        np.testing.assert_array_equal(frame[column], values)
        assert frame[column].dtype == values.dtype


def test_chromosomes_without_bins_are_no_hindrance() -> None:
    frame = cp.balance(random_map(30, 1), "vc").to_frame()
    assert set(frame["chrom"]) == {"matrix"}


# --- the figure ------------------------------------------------------------------------------


def test_the_figure_is_that_of_the_report(result: cp.Balance) -> None:
    figure = result.plot(sample="wild")
    assert isinstance(figure, Figure)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any(text.startswith("wild · 1 kb · kr (cis)") for text in texts)
    assert any("bins kept" in text.get_text() for text in figure.texts)
    assert "Convergence" in texts
    with Image.open(io.BytesIO(figure._repr_png_())) as image:
        assert image.width == 1600


@pytest.mark.parametrize("method", ["vc", "ice", "kde", "auto"])
def test_every_kind_of_result_has_a_figure(contacts: Contacts, method: str, tmp_path: Path) -> None:
    figure = cp.balance(contacts, method).plot(dpi=50, max_pixels=50)
    figure.savefig(tmp_path / "run.png")
    with Image.open(tmp_path / "run.png") as image:
        assert image.width > 500


def test_results_without_weights_and_of_matrices_have_a_figure(contacts: Contacts) -> None:
    assert cp.balance(contacts, "kr", mask={"min_nnz": 100}).plot(dpi=50).axes
    assert cp.balance(random_map(30, 1), "kr").plot(dpi=50).axes


def test_balancing_loads_neither_pandas_nor_matplotlib() -> None:
    program = """
import sys, numpy as np, counterpoise as cp
result = cp.balance(np.ones((4, 4)), "vc")
repr(result), result._repr_html_()
print(*{"pandas", "matplotlib", "pyarrow", "h5py"} & {*sys.modules})
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
