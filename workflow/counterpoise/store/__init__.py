"""The files under results/: where they are, what is in them, how they are read and written."""
