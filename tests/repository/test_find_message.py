"""The box on the page of messages, in a browser: a pasted message finds its entry."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import REPOSITORY
from tests.support.messages.collect import HOLE
from tests.support.messages.page import messages
from tests.support.messages.shown import SHOWN_IN, shown_messages, template_of

browsers = pytest.importorskip("tests.support.browser", reason="selenium is not installed")
pytest.importorskip("furo", reason="the extra docs is not installed")
pytestmark = pytest.mark.skipif(
    bool(browsers.missing_browser()), reason=browsers.missing_browser() or "there is a browser"
)
if not browsers.missing_browser():
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.remote.webdriver import WebDriver

FIND = """
const input = document.getElementById("find-message");
return arguments[0].map((text) => {
  input.value = text;
  input.dispatchEvent(new Event("input"));
  return [...document.querySelectorAll(".find-message li")].map(
    (item) => [...item.firstChild.querySelectorAll("code")].map((code) => code.textContent)
  );
});
"""
CONTRASTS = """
const shown = (text) => {
  const [red, green, blue, alpha = 1] = text.match(/[\\d.]+/g).map(Number);
  return { light: [red, green, blue].map((value) => value / 255), alpha };
};
const luminance = ({ light }) => light
  .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  .reduce((sum, value, channel) => sum + value * [0.2126, 0.7152, 0.0722][channel], 0);
const ground = (element) => {
  const colour = shown(getComputedStyle(element).backgroundColor);
  return colour.alpha === 1 || !element.parentElement ? colour : ground(element.parentElement);
};
return [...document.querySelectorAll(".find-message :is(label, textarea, p, li, code, a)")].map(
  (element) => {
    const both = [shown(getComputedStyle(element).color), ground(element)].map(luminance);
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  }
);
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the page of messages, built alone as the site has it."""
    site = tmp_path_factory.mktemp("site")
    alone = ("include_patterns=reference/messages.md", "root_doc=reference/messages")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-Q", "-b", "html", "-D", alone[0], "-D", alone[1],
         str(REPOSITORY / "docs"), str(site)],
        check=True, env={**os.environ, "COUNTERPOISE_NOTEBOOKS": "off"},
    )  # fmt: skip
    return Path(site, "reference/messages.html").as_uri()


@pytest.fixture(scope="module")
def browser(page: str) -> Iterator[WebDriver]:
    """Return a browser with the page; at the end nothing was wrong in the console."""
    with browsers.open_browser() as each:
        each.get(page)
        yield each
        assert browsers.read_console(each) == []


def find(browser: WebDriver, *texts: str) -> list[list[str]]:
    """Paste each text; return the sentences of each entry that is shown, without placeholders."""
    found = browser.execute_script(FIND, list(texts))
    return [[HOLE.sub("", " / ".join(sentences)) for sentences in entries] for entries in found]


def test_messages_of_other_pages_find_their_entry_first(browser: WebDriver) -> None:
    pages = [(REPOSITORY / name).read_text(encoding="utf-8") for name in SHOWN_IN]
    shown = [message for page in pages for message in shown_messages(page)]
    assert len(shown) > 20
    for message, entries in zip(shown, find(browser, *shown), strict=True):
        template = template_of(message)
        assert template
        assert entries[0] == HOLE.sub("", template.problem), message


def test_every_message_finds_its_entry(browser: WebDriver) -> None:
    """With names in it that no message has."""
    known = messages()
    pasted = [f"counterpoise: wild_1.mcool: {HOLE.sub('wild_1', each.text)}" for each in known]
    found = find(browser, *pasted)
    assert not [
        each.problem
        for each, entries in zip(known, found, strict=True)
        if HOLE.sub("", each.problem) not in entries
    ]


def test_keyboard(browser: WebDriver) -> None:
    input_box = browser.find_element(By.ID, "find-message")
    label = browser.find_element(By.CSS_SELECTOR, ".find-message label")
    label.click()
    assert browser.switch_to.active_element == input_box
    input_box.send_keys(Keys.ESCAPE, "it is cut short")
    status = browser.find_element(By.CSS_SELECTOR, ".find-message [role=status]")
    assert "the likeliest first" in status.text
    ActionChains(browser).send_keys(Keys.TAB).perform()
    link = browser.switch_to.active_element
    assert link.text == "Reading a .cool or .mcool file"
    assert link.get_attribute("href").endswith("#reading-a-cool-or-mcool-file")
    input_box.send_keys(Keys.ESCAPE)
    assert status.text == ""
    assert not browser.find_elements(By.CSS_SELECTOR, ".find-message li")
    input_box.send_keys("zebra")
    assert status.text == "No message has most of these words."


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_words_can_be_read_and_fit(page: str, width: int, dark: bool) -> None:
    with browsers.open_browser(width, 900, dark=dark) as browser:
        browser.get(page)
        entries = find(browser, "the reader hicstraw crashed (SIGSEGV) while reading chr1")[0]
        assert entries
        assert min(browser.execute_script(CONTRASTS)) > 4.5
        script = "const e = document.querySelector('.find-message'); return e.scrollWidth"
        assert browser.execute_script(script) <= width
        script = "const e = document.documentElement; return e.scrollWidth - e.clientWidth"
        assert browser.execute_script(script) == 0
