"""How a worker learns what changes in the configuration of its venue, whose file the supervisor then writes anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgspec

from tradsys import logging
from tradsys.configuration import Configuration
from workers import venue as venues
from workers.filewatch import FileWatch
from workers.venue import UnreadableVenueError, Venue, VenueNotRunningError


class Following:
    """Looks at the file of the venue, of which this process is a worker, about every second."""

    def __init__(self, venue: Venue, tell: Callable[[Configuration], None] = lambda configuration: None) -> None:
        """`tell` is called with each configuration that counts from then on. What is logged follows it anyway."""
        self._venue = venue
        self._tell = tell
        self._watch = FileWatch([venues.file_of(venue.path)], looks=1)
        self._first = True

    def step(self, now_ns: int) -> None:
        """Look, when it is time to, at the monotonic time `now_ns`."""
        if not self._watch.changed(now_ns) and not self._first:
            return
        self._first = False  # what has changed since this process read it first
        with suppress(VenueNotRunningError, UnreadableVenueError):  # a service of its own may be of another version
            found = venues.read(self._venue.path)
            if found.started_ns == self._venue.started_ns and found.configuration != self._venue.configuration:
                # In which form this process logs was decided at its start.
                self._venue = msgspec.structs.replace(found, log_format=self._venue.logging.format)
                logging.configure(self._venue.logging.level, self._venue.logging.format)
                self._tell(found.configuration)
