"""Balance a contact map part by part: solve, measure, judge and record."""
