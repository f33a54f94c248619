"""Benchmarks: `python -m benchmarks` measures, prints a table and writes RESULTS.md."""
