"""Take the pictures of MLflow's pages in docs/guides/tracking.md with headless Chromium.

python docs/images/mlflow.py COHORT SAMPLE

Run it in a folder with results of the cohort, logged with ``tracking=sqlite``. It needs Chromium
with chromedriver, and selenium (extra dev). The table is scrolled to the runs of the sample.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from counterpoise.files import read_json
from counterpoise.store.paths import ResultPaths

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 1600, 900
ROW = 32  # height of a row of MLflow's table, in pixels
LONGEST = 60  # seconds until a page shows what it should
SETTLE = 4  # seconds in which charts and pictures are drawn
CLOSE_ASSISTANT = "[data-component-id='mlflow.assistant.chat_panel.close']"


def main() -> None:
    """Take the pictures."""
    cohort, sample = sys.argv[1:]
    record = read_json(ResultPaths(cohort).tracking)
    with serving(cohort) as page, browsing() as browser:
        names = sorted(f"{run['sample']} {run['resolution']}" for run in record["runs"])
        first = sum(name < sample for name in names)
        take(browser, page, "mlflow-runs", "Run Name", scroll=first * ROW)
        take(browser, f"{page}&compareRunsMode=CHART", "mlflow-charts", "convergence")
        take(
            browser,
            comparison_page(page, record, sample),
            "mlflow-compare",
            "Show diff only",
            folded=("Visualizations", "Run details"),
        )


def comparison_page(page: str, record: dict[str, Any], sample: str) -> str:
    """Return the address at which MLflow compares the first two runs of a sample."""
    runs = [run["run_id"] for run in record["runs"] if run["sample"] == sample][:2]
    listed = quote(json.dumps(runs)), quote(json.dumps([record["experiment_id"]]))
    return f"{page.partition('#')[0]}#/compare-runs?runs={listed[0]}&experiments={listed[1]}"


@contextmanager
def serving(cohort: str) -> Iterator[str]:
    """Run ``counterpoise ui``; yield the address that it prints."""
    program = "from counterpoise.cli.main import main; main()"
    command = [sys.executable, "-c", program, "ui", "--no-browser", "--cohort", cohort]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(
                match[1]
                for line in process.stdout
                if (match := re.match(r"MLflow +(http\S+)", line))
            )
        finally:
            process.terminate()


@contextmanager
def browsing() -> Iterator[webdriver.Chrome]:
    """Run headless Chromium."""
    options = webdriver.ChromeOptions()
    for word in ("headless=new", "no-sandbox", "hide-scrollbars", f"window-size={WIDTH},{HEIGHT}"):
        options.add_argument(f"--{word}")
    browser = webdriver.Chrome(options=options)
    try:
        yield browser
    finally:
        browser.quit()


def take(
    browser: webdriver.Chrome,
    address: str,
    name: str,
    text: str,
    scroll: int = 0,
    folded: tuple[str, ...] = (),
) -> None:
    """Open a page, wait for a text, fold sections, close the assistant and take a picture."""
    browser.get("about:blank")
    browser.get(address)
    wait = WebDriverWait(browser, LONGEST)
    wait.until(lambda page: text in page.find_element(By.TAG_NAME, "body").text)
    time.sleep(SETTLE)
    for heading in folded:
        browser.find_element(By.XPATH, f"//*[text()='{heading}']").click()
    browser.execute_script(
        "document.querySelectorAll('.ag-body-viewport').forEach(e => e.scrollTop = arguments[0])",
        scroll,
    )
    time.sleep(SETTLE)
    close_assistant(browser)
    browser.save_screenshot(FOLDER / f"{name}.png")


def close_assistant(browser: webdriver.Chrome) -> None:
    """Close MLflow's assistant, a panel that opens some time after the page."""

    def is_closed(page: webdriver.Chrome) -> bool:
        buttons = page.find_elements(By.CSS_SELECTOR, CLOSE_ASSISTANT)
        for button in buttons:
            page.execute_script("arguments[0].click()", button)
        return not buttons

    WebDriverWait(browser, LONGEST, SETTLE).until(is_closed)


if __name__ == "__main__":
    main()
