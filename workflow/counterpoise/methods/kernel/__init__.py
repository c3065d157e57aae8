"""Kernel density balancing: settings, smoothers and the solver that kernel methods share."""
