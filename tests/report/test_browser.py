"""The report in a browser: sorted, filtered, grouped, and its drawers by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from counterpoise.report.formats import DASH
from counterpoise.report.page import write_report
from counterpoise.report.samples import sample_rows
from counterpoise.report.sections.facts import CohortFacts
from counterpoise.report.summary import summary_rows
from counterpoise.store.paths import ResultPaths
from counterpoise.store.runs import list_runs
from tests.support.simulated_results import write_results

browsers = pytest.importorskip("tests.support.browser", reason="selenium is not installed")
pytestmark = pytest.mark.skipif(
    bool(browsers.missing_browser()), reason=browsers.missing_browser() or "there is a browser"
)
if not browsers.missing_browser():
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.remote.webdriver import WebDriver
    from selenium.webdriver.support import expected_conditions
    from selenium.webdriver.support.ui import Select, WebDriverWait

SAMPLES, SIZES, METHODS = 100, (10_000, 50_000), ("ice", "kr")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a hundred samples, whose plots lie next to it."""
    folder = tmp_path_factory.mktemp("report")
    plot = folder / "plot.png"
    Image.new("RGB", (140, 100), "teal").save(plot)
    paths = ResultPaths("many", str(folder))
    entries = write_results(paths, SAMPLES, SIZES, METHODS, plot=plot)
    runs = list_runs(entries, METHODS, METHODS)
    rows = summary_rows(paths, runs)
    next(row for row in rows if row["fitness"] == "good")["chromosomes_unfit"] = "chrM"
    about = sample_rows(paths, entries, rows, "ice")
    write_report(paths, runs, rows, paths.report, samples=about, facts=CohortFacts("ice"))
    return Path(paths.report)


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """Return a browser."""
    with browsers.open_browser() as each:
        yield each


@pytest.fixture
def page(browser: WebDriver, report: Path) -> Iterator[WebDriver]:
    """Return the browser with the report opened; at the end nothing was wrong in the console."""
    browsers.open_report(browser, report)
    yield browser
    assert browsers.read_console(browser) == []


def names(page: WebDriver) -> list[str]:
    """Return the samples of the matrix that are drawn, in their order."""
    script = "return [...document.querySelectorAll('#matrix button.name')].map(e => e.textContent)"
    return list(page.execute_script(script))


def choose(page: WebDriver, control: str, text: str) -> None:
    """Choose an entry of a list, and wait until the page is drawn again."""
    drawn = page.find_element(By.CSS_SELECTOR, "#matrix tbody")
    Select(page.find_element(By.ID, control)).select_by_visible_text(text)
    WebDriverWait(page, 10).until(expected_conditions.staleness_of(drawn))


def focused(page: WebDriver) -> str:
    """Return the label of the element that has the focus."""
    element = page.switch_to.active_element
    return element.get_attribute("aria-label") or element.text


def press(page: WebDriver, *keys: str) -> None:
    """Press keys one after another, wherever the focus is."""
    ActionChains(page).send_keys(*keys).perform()


def test_samples_are_sorted(page: WebDriver) -> None:
    head = "#matrix thead th:nth-child(2)"
    page.find_element(By.CSS_SELECTOR, f"{head} button").click()
    assert names(page)[0] == "sample_040", "the group liver comes first, and its shallow sample"
    assert page.find_element(By.CSS_SELECTOR, head).get_attribute("aria-sort") == "ascending"
    choose(page, "group", "nothing")
    shallow = {"sample_040", "sample_080"}
    assert set(names(page)[:2]) == shallow
    page.find_element(By.CSS_SELECTOR, f"{head} button").click()
    assert page.find_element(By.CSS_SELECTOR, head).get_attribute("aria-sort") == "descending"
    assert not shallow & set(names(page)[:10])


def test_samples_are_filtered_and_grouped(page: WebDriver) -> None:
    assert page.find_element(By.ID, "shown").text == "100 of 100 samples"
    groups = "return [...document.querySelectorAll('#matrix tr.group')].map(e => e.textContent)"
    assert page.execute_script(groups)[0].startswith("liver · 25 samples")
    page.find_element(By.ID, "search").send_keys("lung")
    WebDriverWait(page, 5).until(
        lambda each: each.find_element(By.ID, "shown").text == "25 of 100 samples"
    )
    assert names(page) == [f"sample_{number:03}" for number in range(26, 51)]
    choose(page, "group", "replicate")
    assert [each[0] for each in page.execute_script(groups)] == ["2", "3", "1"]
    choose(page, "colour", "tissue")
    assert len(page.find_elements(By.CSS_SELECTOR, "#matrix .swatch")) == 25
    page.find_element(By.ID, "search").clear()
    page.find_element(By.ID, "search").send_keys("no such sample")
    WebDriverWait(page, 5).until(lambda each: names(each) == [])
    assert "Nothing is like this" in page.find_element(By.ID, "matrix").text
    browsers.open_report(page, page.current_url.removeprefix("file://"))
    choose(page, "fitness", "no result (4)")
    assert names(page) == ["sample_097"]


def test_the_answer_follows_the_resolution_that_is_chosen(page: WebDriver) -> None:
    for choice, size in (("50 kb", "50 kb"), ("10 kb", "10 kb"), ("50 kb", "50 kb")):
        choose(page, "resolution", choice)
        heading = page.find_element(By.ID, "answer")
        assert heading.get_attribute("aria-live") == "polite"
        row = page.find_element(By.CSS_SELECTOR, ".levels tr.chosen")
        name, *counts = row.text.rsplit(maxsplit=4)
        assert name == size
        usable = int(counts[0]) + int(counts[1])
        assert f"{usable} samples can be used at {size}" in heading.text
        doubts = page.find_elements(By.CLASS_NAME, "doubts")
        (shown,) = (each for each in doubts if each.is_displayed())
        assert shown.get_attribute("data-level") == size.replace(" kb", "000")


def test_a_run_without_some_chromosomes_has_its_dash_in_the_drawer(page: WebDriver) -> None:
    button = page.find_element(By.CSS_SELECTOR, "#matrix button.mark.partial")
    page.execute_script("arguments[0].click()", button)
    drawer = page.find_element(By.ID, "drawer")
    assert "fit for use but chrM" in drawer.text
    assert len(drawer.find_elements(By.CSS_SELECTOR, ".verdict .mark.good.partial")) == 1
    assert len(drawer.find_elements(By.CSS_SELECTOR, ".others .mark.partial")) == 1
    press(page, Keys.ESCAPE)


def test_long_tables_are_not_printed_whole(page: WebDriver) -> None:
    """The matrix has 100 samples below the names of 4 groups; its first 100 rows are printed."""
    printed = (
        "const table = document.getElementById(arguments[0]);"
        "const rows = [...table.tBodies[0].rows].filter(row => row.getClientRects().length);"
        "return [rows.length, table.parentNode.nextElementSibling.textContent]"
    )

    def show(table: str) -> tuple[int, str]:
        page.execute_cdp_cmd("Page.printToPDF", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        number, note = page.execute_script(printed, table)
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        return number, note

    runs = SAMPLES * len(SIZES) * len(METHODS)
    assert show("matrix") == (100, "4 more rows are not printed. Filter the page to print them.")
    assert show("runs") == (0, f"{runs} rows are not printed. Filter the page to print them.")
    page.find_element(By.ID, "search").send_keys("sample_00")
    WebDriverWait(page, 5).until(lambda each: len(names(each)) == 9)
    assert show("runs") == (9 * len(SIZES) * len(METHODS), "")


def test_a_drawer_opens_and_closes_by_keyboard(page: WebDriver) -> None:
    mark = page.find_element(By.CSS_SELECTOR, "#matrix button.mark[tabindex='0']")
    assert len(page.find_elements(By.CSS_SELECTOR, "#matrix button.mark[tabindex='0']")) == 1
    page.execute_script("arguments[0].focus()", mark)
    assert focused(page).startswith("sample_001 · 10 kb · ice: ")
    press(page, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert focused(page).startswith("sample_002 · 10 kb · kr: ")
    assert "caution above 15 %" in page.find_element(By.ID, "tip").text
    press(page, Keys.ENTER)
    drawer = page.find_element(By.ID, "drawer")
    assert drawer.is_displayed()
    assert focused(page) == "sample_002 · 10 kb · kr"
    image = page.find_element(By.CSS_SELECTOR, "#drawer img")
    WebDriverWait(page, 5).until(lambda _: image.get_property("naturalWidth") == 140)
    assert str(image.get_attribute("src")).endswith("qc/sample_002/10000/kr.png")
    press(page, Keys.ARROW_DOWN)
    assert focused(page) == "sample_003 · 10 kb · kr"
    press(page, Keys.ESCAPE)
    assert not drawer.is_displayed()
    assert focused(page).startswith("sample_003 · 10 kb · kr: ")


def test_rows_are_drawn_as_they_are_scrolled_to(page: WebDriver) -> None:
    rows = "return document.querySelectorAll('#runs tbody tr').length"
    drawn = page.execute_script(rows)
    total = SAMPLES * len(SIZES) * len(METHODS)
    assert drawn < total
    page.execute_script("document.querySelector('#runs').scrollIntoView()")
    box = "const box = document.querySelector('#runs').parentNode; box.scrollTop = box.scrollHeight"
    WebDriverWait(page, 10).until(lambda each: each.execute_script(f"{box}; {rows}") == total)
    assert page.find_element(By.ID, "runs").get_attribute("aria-rowcount") == str(total + 1)


def test_the_depth_of_a_sample_without_results_is_unknown(page: WebDriver) -> None:
    for name, shown, tip in (
        ("sample_001", "50 kb", "50 kb is the finest of its resolutions at which"),
        ("sample_097", DASH, "sample_097: unknown"),
    ):
        search = page.find_element(By.ID, "search")
        search.clear()
        search.send_keys(name)
        WebDriverWait(page, 5).until(lambda each, name=name: names(each) == [name])
        cell = page.find_element(By.CSS_SELECTOR, "#matrix td[data-figure=usable]")
        assert cell.text == shown
        ActionChains(page).move_to_element(cell).perform()
        assert tip in page.find_element(By.ID, "tip").text


def test_the_overview_keeps_its_distance(page: WebDriver) -> None:
    overview = page.find_element(By.ID, "overview")
    assert overview.value_of_css_property("margin-top") == "14px"
