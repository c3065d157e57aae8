"""The record of a balancing run: trace, bandwidth search, facts and verdict.

=============== ====================================================================
``trace``       one row per iteration, the same columns for every method
``search``      the candidates of a bandwidth search, and the chosen one
``choice``      the methods that were compared on a map, and the chosen one
``excess``      how much new contacts would vary, balanced with the weights of a map
``prior``       how far the bias of other maps applies to a map
``copy_number`` what row sums are proportional to
``facts``       the facts that a reason consists of, as data (a package)
``wording``     every sentence about a run, rendered from facts (a package)
``numbers``     the check of settings that are numbers
``fitness``     whether weights may be used: the limits and the judgement
``verdict``     what ``verdict.json`` holds
``citations``   publications that a text about a run cites
=============== ====================================================================
"""
