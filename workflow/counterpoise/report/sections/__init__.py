"""What the sections of the page below its first screen show, one module each.

================  ==================================================================
``decay``         P(s) of every group of samples
``pairs``         the concordance of all pairs of samples
``masks``         what each sample costs in masked bins
``settings``      settings, and which are not the defaults
``text``          a paragraph on methods for a paper
``files``         the coolers, and how other programs open them
``inputs``        where contacts come from
``facts``         what the configuration says, which no result file holds
``collect``       all of them together; time and memory are in ``report.costs``
================  ==================================================================

The template of each section is in ``report/page/sections/``.
"""
