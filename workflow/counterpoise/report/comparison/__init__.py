"""A cohort's samples side by side at one resolution: their figure, and how well they agree.

``samples`` reads the results and decides which samples can be compared, ``region`` and ``decay``
compute the maps and the contacts by distance, ``compare`` puts them together, ``captions`` words
what is shown, ``panels`` draws and ``plot`` lays out the page. ``strata`` chooses the distances at
which samples are correlated, and ``concordance`` correlates the balanced maps of all pairs.
"""
