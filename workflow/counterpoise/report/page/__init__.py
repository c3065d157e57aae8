"""``report.html``: verdicts, masks, inputs and figures of a cohort on one page.

================= ==============================================================
``write``         gathers what the page shows and writes it
``tables``        the rows of the tables of masks and inputs
``pictures``      samples side by side, and the plots of runs
``template``      loads ``page.html``, the skeleton of the page
================= ==============================================================

The skeleton embeds ``page.css`` and ``page.js`` and includes the files of ``sections/``, one for
each section. To add a section, write its file there, include it in ``page.html`` and pass what it
shows to the template in ``write_report``. The page is made from the files under ``results/`` alone
and needs no network. The same files give the same bytes.
"""

from counterpoise.report.page.write import write_report

__all__ = ["write_report"]
