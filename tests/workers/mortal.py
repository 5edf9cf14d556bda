"""Connections to SQLite whose process dies between two statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from workers.recorder import database


class Fuse:
    """Counts statements. `raises`: what the death of the process is, no error that the code could handle."""

    def __init__(self, raises: type[BaseException]) -> None:
        self._raises = raises
        self.left = -1

    def arm(self, statements: int) -> None:
        """Die before the statement after so many, or right behind what makes a transaction count; negative: live."""
        self.left = statements

    def count(self) -> None:
        """A statement is about to be carried out."""
        if self.left == 0:
            self.left = -1
            raise self._raises
        self.left -= self.left > 0

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Let it count what is asked of every connection that is opened meanwhile."""

        def connect(file: Path | str) -> sqlite3.Connection:
            return sqlite3.connect(file, isolation_level=None, factory=_connection_of(self), uri=isinstance(file, str))

        with mock.patch.object(database, "connect", connect):
            yield


def _connection_of(fuse: Fuse) -> type[sqlite3.Connection]:
    class Mortal(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement != "ROLLBACK":  # which SQLite does itself for a process that is gone
                fuse.count()
            done = super().execute(statement, *values)
            if statement == "COMMIT":
                fuse.count()
            return done

        def executemany(self, statement: str, rows: Any, /) -> sqlite3.Cursor:
            fuse.count()
            return super().executemany(statement, rows)

    return Mortal
