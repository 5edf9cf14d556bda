"""How far the history is, for whoever clears away the log behind it, and for whoever watches."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from workers.journal.reader import FAR
from workers.recorder.database import HistoryError, NoHistoryError, history_path, open_to_read


class Progress(NamedTuple):
    """Log sequences: how far the history is, and the oldest place that it may go back to."""

    position: int
    oldest: int


def progress(data_directory: Path) -> Progress:
    """Of the history in a data directory. Raises NoHistoryError, HistoryError."""
    path = history_path(data_directory)
    with closing(open_to_read(path)) as connection:
        try:
            row = connection.execute("SELECT MAX(sequence), MIN(sequence) FROM checkpoints").fetchone()
        except sqlite3.Error as error:
            raise HistoryError(f"{path} cannot be read: {error}") from error
    if row[0] is None:
        raise NoHistoryError(f"{path} is empty yet: the recorder has just begun")
    assert 0 <= row[1] <= row[0], "it goes forward"
    return Progress(*row)


def needed_by_history(data_directory: Path, is_enabled: bool) -> int:
    """The log behind this sequence, and a snapshot from before, the recorder still needs; FAR: nothing.

    One that cannot be read may be well again: it needs all.
    """
    if not is_enabled:
        return FAR
    with suppress(NoHistoryError):  # it will begin with the oldest snapshot
        try:
            return progress(data_directory).oldest
        except HistoryError:
            return 0
    return FAR
