"""What people see: the plot of a run, samples side by side, the summary and the report."""
