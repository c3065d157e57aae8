"""A cohort's samples side by side at one resolution: their figure, and how well they agree.

``samples`` reads the results and decides which samples can be compared, and ``sets`` divides them
by condition. ``region`` and ``decay`` compute the maps, their log ratios and the contacts by
distance, and ``compare`` puts them together. ``captions`` words what is shown, ``panels`` and
``strips`` draw in ``colours``, and ``plot`` lays out the page by ``geometry``. ``strata`` chooses
the distances at which samples are correlated, and ``concordance`` correlates the balanced maps of
all pairs.
"""
