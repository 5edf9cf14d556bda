"""Backups: a copy of a venue's log and snapshots that is whole and says so itself, and the way back from it."""
