"""The figure of a cohort's samples side by side at one resolution.

``samples`` reads the results and decides which samples can be compared, ``region`` and ``decay``
compute the maps and the contacts by distance, ``compare`` puts them together, ``captions`` words
what is shown, ``panels`` draws and ``plot`` lays out the page.
"""
