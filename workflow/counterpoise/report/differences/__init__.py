"""Two folders of results side by side: ``differences.html`` and ``differences.tsv``.

The folders are those of a cohort and an experiment on it, of two versions of the package, or of two
cohorts with the same samples. Records are read as plain values, so that those of an earlier version
can be compared.

===============  ===================================================================
``folder``       one of the two: its runs, and the files of each
``weights``      how far the weights of a run moved, and which bins have one
``masks``        bins that a mask gained or lost, by the reason
``decay``        change of P(s) of the balanced maps
``settings``     settings, versions and inputs that differ
``compare``      one difference per run, the largest first
``table``        the columns of ``differences.tsv``; add a column here
``sentences``    what differs and what that did, in words
``figure``       the change of the weights along the genome, as SVG
``page``         ``differences.html`` (template ``differences.html``)
===============  ===================================================================
"""
