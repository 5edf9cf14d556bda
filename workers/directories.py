"""Directories that are there after a loss of power too."""

from __future__ import annotations

from pathlib import Path

from workers.journal.segments import sync_directory


def make_directory(path: Path) -> None:
    """Make a directory and those above it, where they are missing, and their names durable. Raises OSError."""
    if path.is_dir():
        return
    if not path.parent.exists():
        make_directory(path.parent)
    path.mkdir(exist_ok=True)
    # What is synced in a directory is lost with it, as long as that is not synced where its own name stands.
    sync_directory(path.parent)
    assert path.is_dir(), "what was made is there"
