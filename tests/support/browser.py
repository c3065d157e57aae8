"""A headless Chromium that opens pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

LOAD_SECONDS = 60


def missing_browser() -> str:
    """Say which program is missing; empty if there is a browser."""
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"{' and '.join(missing)} is not installed" if missing else ""


@contextmanager
def open_browser(
    width: int = 1400, height: int = 900, *, dark: bool = False
) -> Iterator[webdriver.Chrome]:
    """Start a browser, and end it.

    Parameters
    ----------
    width, height : int
        Size of its window in pixels.
    dark : bool
        Whether pages are asked to be dark.
    """
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--force-device-scale-factor=1",
        f"--window-size={width},{height}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    try:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield browser
    finally:
        browser.quit()


def open_report(browser: webdriver.Chrome, page: str | Path) -> None:
    """Open a report, and wait until its script has drawn it.

    Parameters
    ----------
    browser : webdriver.Chrome
        The browser.
    page : str or Path
        The file.
    """
    browser.get(Path(page).resolve().as_uri())
    script = "return document.documentElement.dataset.ready === 'true'"
    WebDriverWait(browser, LOAD_SECONDS, 0.05).until(lambda each: each.execute_script(script))


def read_console(browser: webdriver.Chrome) -> list[Any]:
    """Return what the browser complained about since the last call.

    Parameters
    ----------
    browser : webdriver.Chrome
        The browser.
    """
    return [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"]
