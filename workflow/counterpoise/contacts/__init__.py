"""A contact map: its bins, its counts and the selections that methods balance."""
