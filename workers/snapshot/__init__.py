"""Snapshots: a venue's whole state at one sequence of its log, taken by a reader of the log beside the venue."""
