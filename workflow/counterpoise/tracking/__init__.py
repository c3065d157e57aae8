"""From result files to values, and from values to MLflow."""
