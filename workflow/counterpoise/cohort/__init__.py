"""A cohort: its settings, its samples, the configuration composed by Hydra and checked."""
