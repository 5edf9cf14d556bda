"""Noticing that files have changed, by looking at them now and then."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

_LOOK_NS = 1_000_000_000

_Seen = tuple[int, int, int] | None


class FileWatch:
    """Looks at files about every second; some may not be there.

    A change is told when it was there for so many looks: two, so that a file that is written in several steps is not
    read in the middle of that; one where files come into their places whole.
    """

    def __init__(self, paths: Iterable[Path], looks: Literal[1, 2] = 2) -> None:
        """Changes from now on are told."""
        self._settle = looks > 1
        self._known = self._last = {path: _seen(path) for path in paths}
        self._next_ns = 0

    def watch(self, paths: Iterable[Path]) -> None:
        """Watch these files; of those that are new here, changes from now on."""
        self._known = self._last = {path: self._known[path] if path in self._known else _seen(path) for path in paths}

    def changed(self, now_ns: int) -> bool:
        """Whether they have changed since this was last true; at the monotonic time `now_ns`."""
        if now_ns < self._next_ns:
            return False
        self._next_ns = now_ns + _LOOK_NS
        assert self._last.keys() == self._known.keys(), "the same files are looked at each time"
        seen, before = {path: _seen(path) for path in self._known}, self._last
        self._last = seen
        if seen == self._known or (self._settle and seen != before):
            return False
        self._known = seen
        return True


def _seen(path: Path) -> _Seen:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
