"""Balance a contact map part by part: solve, measure, judge and record.

==================== ============================================================================
``api``              ``balance``: what the caller asks for
``arguments``        hints at our names for arguments of other programs
``run``              balance with one method: one loop over the parts of a map
``choosing``         balance with several methods, and take the best
``result``           ``Balance``, what they return
``copy_number``      copy numbers of the bins, to which row sums are then proportional
``task``             the task for the whole map, and the part that is balanced
``parts``            one part: refuse it if empty, attempt it, isolate or drop bins if the settings
                     say so
``attempt``          one attempt at a part: solve, measure, judge, record
``judging``          the table that turns measured facts into a status and a cause
``assessment``       the fitness of the weights of each part and of the map
``dropping``         ``on_failure: drop``
``isolation``        ``on_failure: isolate``
``support``          whether an exact balancing exists, decided before a product is spent
``blocks``           its cheap proof: total support by blocks of neighbouring bins
``pattern``          the nonzero pattern of a part, or as much of it as decides
``matching``         the complete test: a largest matching of the pattern
``standard_errors``  standard errors of weights, by the formula or by a bootstrap
``rescaling``        the target of balanced row sums
``matrices``         ``kr_normalize`` and its siblings, for any scipy matrix
==================== ============================================================================
"""
