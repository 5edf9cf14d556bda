"""Benchmarks, run by `tradsys bench` and by pytest-benchmark."""
