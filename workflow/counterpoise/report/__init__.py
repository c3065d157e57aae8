"""Figures of runs, samples side by side, ``summary.tsv`` and ``report.html``.

==================  ================================================================
``run/``            the figure of one run: one module per panel
``comparison/``     the figure of a cohort's samples side by side
``summary``         the columns of ``summary.tsv``; add a column here
``statuses``        the meaning of each fitness and status
``depth``           the depth of each map, compared with its cohort
``costs``           time and memory of the workflow's steps
``page``            ``report.html`` (template ``page.html``); a column of its table
                    *Runs* is a ``<th>`` and a ``<td>`` there, with the values of
                    the rows of ``summary``
``style``           colours, page geometry, headings and maps of all figures
``axes``            tick labels, units and names of chromosomes
``images``          figures embedded in the page
``formats``         numbers, durations and percentages as text
``chunks``          walking through a contact map in pieces, summing it into pictures
==================  ================================================================
"""
