"""Kernel density balancing: settings, smoothers and the solver that kernel methods share.

==================== =============================================================================
``settings``         settings of kernel methods, and the bandwidths that are tried
``smoothing``        Gaussian smoothing along chromosomes
``along_prior``      smoothing along a prior
``estimator``        a kernel method: what it drives to one, and its errors
``evidence``         two estimates of each bin's bias: from its own contacts, from its neighbours'
``solver``           the iteration that brings smoothed row sums to one
``search``           the search for the bandwidth of one part, by one of the next two modules
``analytic``         the bandwidth whose weights leave new contacts the least uneven
``cross_validation`` the bandwidth by cross-validation
``strength``         the strength of a prior, by the expected excess of the weights
``unevenness``       the expected unevenness of new contacts: what weights are worth
==================== =============================================================================
"""
