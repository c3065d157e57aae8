"""What people look at: figures of runs, samples side by side, ``summary.tsv`` and ``report.html``.

==================  ================================================================
``run/``            the figure of one run: one module per panel
``comparison/``     the figure of a cohort's samples side by side
``summary``         the columns of ``summary.tsv``; add a column here
``costs``           time and memory of the workflow's steps
``page``            ``report.html`` (template ``page.html``)
``style``           colours, page geometry, headings, tick labels of all figures
``formats``         numbers, durations and percentages as text
``chunks``          walking through a contact map in pieces, summing it into pictures
==================  ================================================================
"""
