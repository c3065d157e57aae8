"""Figures of runs, samples side by side, tables, ``report.html`` and files for MultiQC.

==================  ================================================================
``run/``            the figure of one run: one module per panel
``comparison/``     a cohort's samples side by side: figure and concordance
``differences/``    two folders of results side by side, as a page and a table
``summary``         the columns of ``summary.tsv``; add a column here
``samples``         the columns of ``samples.tsv``; add a column here
``table``           columns of tables, reading and writing them
``figures``         the share of cis contacts, the slope of P(s) and other figures of
                    a map
``concordance``     the table of pairs of samples, and the samples that stand out
``mixed_methods``   samples balanced by different methods under one name
``statuses``        the meaning of each fitness and status
``depth``           the depth of each map, compared with its cohort
``costs``           time and memory of the workflow's steps
``page/``           ``report.html``: its data, skeleton, style, script and sections
``sections/``       the sections of the page below its first screen, one module each
``svg``             axes, lines and bands of charts that are part of the page
``ending``          the results of a cohort, for the last lines of the workflow
``multiqc``         the files of ``multiqc/``: statistics and sections for MultiQC
``style``           colours, page geometry, headings and maps of all figures
``axes``            tick labels, units and names of chromosomes
``images``          figures embedded in the page
``formats``         numbers, durations and percentages as text
``chunks``          walking through a contact map in pieces, summing it into pictures
==================  ================================================================
"""
