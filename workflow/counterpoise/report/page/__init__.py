"""``report.html``: verdicts, masks, inputs and figures of a cohort on one page.

================= ==============================================================
``write``         gathers what the page shows and writes it
``headline``      the answer: which samples can be used, and which to look at
``reasons``       why runs are not fit for use, once per sample
``data``          the numbers from which the script draws tables, as JSON
``pictures``      samples side by side, and the plots of runs
``template``      loads ``page.html``, the skeleton of the page
================= ==============================================================

The skeleton embeds ``page.css``, ``sections.css``, ``page.js`` (samples, runs and drawers) and
``export.js`` (copies and downloads), and includes the files of ``sections/``, one for
each section. To add a section, write its file there, include it in ``page.html`` and pass what it
shows to the template in ``write.py``. The page is made from the files under ``results/`` alone and
needs no network. The same files give the same bytes.
"""

from counterpoise.report.page.write import write_report

__all__ = ["write_report"]
