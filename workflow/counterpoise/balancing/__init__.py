"""Balance a contact map: every method, each part by itself, judged and recorded."""
