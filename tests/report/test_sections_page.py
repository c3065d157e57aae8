"""The sections of the page in a browser: tables and charts are saved, heat maps tell numbers."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from counterpoise.report.concordance import Concordance
from counterpoise.report.page.reasons import UnfitReason
from counterpoise.report.page.template import load_template
from counterpoise.report.sections.inputs import Input
from counterpoise.report.sections.masks import MaskedMap, MaskSection
from counterpoise.report.sections.pairs import PairsSection, describe_pairs
from tests.support.browser import missing_browser, open_browser, read_console

pytestmark = pytest.mark.skipif(bool(missing_browser()), reason=missing_browser())

SAMPLES = [f"sample_{number}" for number in range(40)]
REASONS = {
    "a": [UnfitReason("few", "10 kb ice", "no"), UnfitReason("rough", "all runs", "caution")],
    "b": [UnfitReason("lost", "all runs", "missing")],
}
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>mine · x</title>
<style>{css}</style></head><body><main>{body}</main><script>{script}</script></body></html>"""


class Shown:
    """Sections of which two are shown."""

    def __init__(self, pairs: PairsSection | None) -> None:
        formula = Input("=1+1", "a.cool", "cool", "10 kb as stored", 12, 3, "", "ab", "a\nnote")
        self.inputs = [formula]
        self.pairs = pairs
        masked = {"empty": 3, "mad": 1}
        mask = MaskedMap("a", 10_000, 100, 96, masked, "mad 4 to 5 by chromosome", "")
        self.masks = MaskSection(["empty", "mad"], [mask], 1, [], [], 0, 0.04)


@pytest.fixture(scope="module")
def coefficients() -> dict[tuple[str, str], float]:
    values = np.random.default_rng(4).uniform(0.61, 0.99, (len(SAMPLES),) * 2)
    return {
        (one, other): float(values[min(i, j), max(i, j)])
        for i, one in enumerate(SAMPLES)
        for j, other in enumerate(SAMPLES)
        if i != j
    }


@pytest.fixture(scope="module")
def browser(
    tmp_path_factory: pytest.TempPathFactory, coefficients: dict[tuple[str, str], float]
) -> Iterator[webdriver.Chrome]:
    folder = tmp_path_factory.mktemp("page")
    pairs = describe_pairs(Concordance(10_000, coefficients), dict.fromkeys(SAMPLES, ""))
    templates = load_template().environment
    body = "".join(
        templates.get_template(f"sections/{name}.html").render(
            sections=Shown(pairs), reasons=REASONS, terms={}
        )
        for name in ("inputs", "masks", "concordance", "reasons")
    )
    read = templates.globals["embed"]
    page = folder / "page.html"
    page.write_text(
        PAGE.format(css=read("sections.css"), body=body, script=read("export.js")),
        encoding="utf-8",
    )
    with open_browser(1200, 1000) as chrome:
        behaviour = {"behavior": "allow", "downloadPath": str(folder)}
        chrome.execute_cdp_cmd("Page.setDownloadBehavior", behaviour)
        chrome.get(page.as_uri())
        chrome.folder = folder
        yield chrome
        assert read_console(chrome) == []


def press(browser: webdriver.Chrome, text: str, label: str) -> None:
    """Press the button with this text and part of its label."""
    for button in browser.find_elements(By.CSS_SELECTOR, ".tools button"):
        if button.text == text and label in (button.get_attribute("aria-label") or ""):
            return button.click()
    raise AssertionError(f"there is no button {text} for {label}")


def saved(browser: webdriver.Chrome, name: str) -> Path:
    """Wait for a download."""
    path: Path = browser.folder / name
    for _ in range(200):
        if path.is_file() and path.stat().st_size:
            return path
        time.sleep(0.05)
    raise AssertionError(f"{name} was not saved")


def test_a_table_is_saved_with_its_numbers(browser: webdriver.Chrome) -> None:
    press(browser, "TSV", "masked_bins")
    with open(saved(browser, "masked_bins.tsv"), encoding="utf-8", newline="") as lines:
        (row,) = csv.DictReader(lines, delimiter="\t")
    assert row == {
        "sample": "a", "resolution": "10000", "masked": "0.04", "bins": "100", "kept": "96",
        "empty": "3", "mad": "1", "thresholds": "mad 4 to 5 by chromosome",
    }  # fmt: skip


def test_a_saved_cell_is_no_formula_and_one_line(browser: webdriver.Chrome) -> None:
    press(browser, "TSV", "inputs")
    head, row, end = saved(browser, "inputs.tsv").read_text(encoding="utf-8").split("\n")
    assert end == ""
    cells = dict(zip(head.split("\t"), row.split("\t"), strict=True))
    assert (cells["sample"], cells["contacts"], cells["notes"]) == ("'=1+1", "12", "a note")


def test_a_cell_that_spans_rows_is_saved_in_each_and_hidden_rows_are_not(
    browser: webdriver.Chrome,
) -> None:
    browser.execute_script("document.querySelector('#reasons tbody[data-sample=b]').hidden = true")
    press(browser, "TSV", "reasons")
    assert saved(browser, "reasons.tsv").read_text(encoding="utf-8").splitlines() == [
        "sample\treason\truns",
        "a\tnot for use: few\t10 kb ice",
        "a\tuse with caution: rough\tall runs",
    ]


def test_a_table_is_copied(browser: webdriver.Chrome) -> None:
    press(browser, "Copy", "inputs")
    button = browser.find_element(By.CSS_SELECTOR, '[aria-label="Copy the table inputs"]')
    assert button.text == "Copied"


def test_a_chart_is_saved_as_svg_and_png(browser: webdriver.Chrome) -> None:
    press(browser, "SVG", "concordance")
    root = ElementTree.parse(saved(browser, "concordance.svg")).getroot()
    width, height = (int(value) for value in root.get("viewBox", "").split()[2:])
    assert root.get("style", "").startswith("color: ")
    press(browser, "PNG", "concordance")
    with Image.open(saved(browser, "concordance.png")) as picture:
        assert picture.size == (3 * width, 3 * height)
        colours = picture.convert("RGB").getcolors(2**20)
    assert colours is not None
    assert len(colours) > 50, "the matrix is in the picture"


def test_the_pointer_reads_the_numbers_of_a_large_heat_map(
    browser: webdriver.Chrome, coefficients: dict[tuple[str, str], float]
) -> None:
    image = browser.find_element(By.CSS_SELECTOR, "svg.chart image")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", image)
    side = image.size["width"]
    for across, down in ((-0.3, 0.2), (0.41, -0.17)):
        ActionChains(browser).move_to_element_with_offset(
            image, round(across * side), round(down * side)
        ).perform()
        pair, _, number = browser.find_element(By.CSS_SELECTOR, ".tip").text.rpartition(": ")
        one, other = pair.split(", ")
        assert float(number) == pytest.approx(coefficients[one, other], abs=0.01)
