"""MLflow runs, made from the files under ``results/``.

===============  ====================================================================
``values``       from result files to tags, parameters, metrics and artifacts
``log``          logs every run of a cohort and records the outcome
``runs``         creates, completes or updates one MLflow run
``cohort_run``   the MLflow run of a whole cohort, and its experiment
``client``       opens the store, and explains its failures
``saved_view``   columns, order and charts of the cohort's page in MLflow
===============  ====================================================================

There is one flat MLflow run per sample, resolution and method, in the experiment named after the
cohort; runs of the cohort's overlays (``conf/experiment/``) are in the same experiment. The files
are the truth and MLflow is a view of them: logging again adds nothing, an interrupted logging is
completed, and an unreachable store fails nothing (the record says ``pending``).

Two tags identify a run: ``counterpoise.run`` (cohort/sample/resolution/method, or with an overlay
cohort/overlay/sample/resolution/method) and ``counterpoise.content``, a SHA-256 of everything that
stays the same if the same input is balanced with the same settings. New content makes a new run,
so that settings can be compared; ``counterpoise.current`` marks the run that the files hold now.
``docs/reference/outputs.md`` lists tags, parameters and metrics.
"""
