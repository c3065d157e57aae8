"""Evidence on kernel density balancing: simulations whose truth is known, and held-out contacts."""
