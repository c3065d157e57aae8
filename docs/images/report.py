"""Photograph the first screen of a report, for docs/guides/workflow.md.

From the repository, with Chromium and the extra ``dev``::

    PYTHONPATH=.:workflow python docs/images/report.py results/<cohort>/report.html

The committed picture shows 12 libraries thinned from one yeast map (SRR8769554), with one of them
of 12,000 contacts, whose groups share their masks.
"""

import sys
from pathlib import Path

from tests.support.browser import open_browser, open_report

WIDTH, HEIGHT = 1400, 960

with open_browser(WIDTH, HEIGHT) as browser:
    open_report(browser, sys.argv[1])
    browser.save_screenshot(str(Path(__file__).with_name("report.png")))
