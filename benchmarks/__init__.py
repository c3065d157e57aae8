"""Benchmarks: comparisons with other programs, and measurements of speed and memory."""
