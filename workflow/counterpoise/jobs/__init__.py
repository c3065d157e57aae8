"""The jobs of the workflow: what each needs, how it is started and how it reports."""
