"""Readers of recorded markets, and the check of executions against them."""
