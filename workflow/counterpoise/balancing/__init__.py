"""Balance a contact map part by part: solve, measure, judge and record.

===================== ============================================================================
``api``               ``balance``: what the caller asks for
``foreign_arguments`` hints at our names for arguments of other programs
``run``               balance with one method: one loop over the parts of a map
``choosing``          balance with several methods, and take the best
``result``            ``Balance``, what they return
``copy_number``       copy numbers of the bins, to which row sums are then proportional
``prior``             the bias of each bin by other maps
``borrowing``         how far a prior applies to a map
``applied_weights``   weights of another map, which a map takes instead of its own
``task``              the task for the whole map, and the part that is balanced
``parts``             one part: refuse it if empty, attempt it, isolate or drop bins if the settings
                      say so
``emptiness``         why a part has nothing to balance, and what the mask removed
``attempt``           one attempt at a part: solve, measure, judge, record
``check_solution``    refuses what is no solution of a method
``apply_weights``     weights of another map on a part, in place of a method
``judging``           the table that turns measured facts into a status and a cause
``advice``            remedies for a part that is not balanced
``bin_size``          the bins that are expected to have enough contacts
``notes``             larger bins that suit a map, and captured regions
``assessment``        the fitness of the weights of each part and of the map
``dropping``          ``on_failure: drop``
``isolation``         ``on_failure: isolate``
``support``           whether an exact balancing exists, decided before a product is spent
``blocks``            its cheap proof: total support by blocks of neighbouring bins
``pattern``           the nonzero pattern of a part, or as much of it as decides
``matching``          the complete test: a largest matching of the pattern
``standard_errors``   standard errors of weights, by the formula or by a bootstrap
``rescaling``         the target of balanced row sums
``matrices``          ``kr_normalize`` and its siblings, for any scipy matrix
===================== ============================================================================
"""
