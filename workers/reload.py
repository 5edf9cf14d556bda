"""The configuration of a venue that runs, read again when its files change or somebody asks for that.

A configuration with mistakes changes nothing. Of one that is right everything counts from now on but what needs a
restart, which is named.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tradsys.configuration import Configuration, InvalidConfigurationError
from tradsys.configuration.changes import Change
from tradsys.configuration.origin import Read
from tradsys.logging import logger
from workers.definitions import RefusedDefinitionError
from workers.filewatch import FileWatch
from workers.rereading import Rereading, RereadingError, Wanted

Define = Callable[[Configuration], None]
"""Let the core have what this configuration says otherwise than the one before. Raises RefusedDefinitionError."""
Subscriber = Callable[[Configuration, list[Change]], None]
"""Is told the configuration that counts from now on, and what changed."""


class Reload:
    """Watches the files of `read`, with which the venue was started."""

    def __init__(self, read: Read, define: Define, wake: Callable[[], None] = lambda: None) -> None:
        """`wake` has the loop call `adopt_read` soon; it is called from another thread."""
        assert read.files, "there are files to look at"
        self.credentials = read.credentials
        """Fingerprints by name of systemd's credentials that keys name."""
        self._origin = read.origin
        self._running = read.configuration
        self._define = define
        self._wake = wake
        self._subscribers: list[Subscriber] = []
        self._asked = False
        self._rereading: Rereading | None = None
        self._watch = FileWatch(read.files)
        self._log = logger("configuration")

    def subscribe(self, subscriber: Subscriber) -> None:
        """From now on `subscriber` is told each change, after the core has it."""
        assert not self.is_busy, "who is told of changes is known before there are any"
        self._subscribers.append(subscriber)

    def ask(self) -> None:
        """Have the files read at the next `begin_due`, changed or not. Safe in signal handlers."""
        self._asked = True

    @property
    def is_busy(self) -> bool:
        """Whether files are being read, or have been and do not count yet."""
        return self._rereading is not None

    def begin_due(self, now_ns: int) -> bool:
        """Begin to read the files when they have changed or somebody asked; whether that began.

        What changes or is asked for while they are read is due afterwards. `now_ns`: the monotonic time.
        """
        if self.is_busy:
            return False
        changed = self._watch.changed(now_ns)
        asked, self._asked = self._asked, False
        if asked or changed:
            try:
                self._rereading = Rereading(self._origin, self._running, self._wake)
            except OSError as error:  # the host is out of processes or descriptors, which may pass
                self._log.error("the configuration cannot be read now; trying again", why=str(error))
                self._asked = True
        return self.is_busy

    def adopt_read(self) -> list[Change] | None:
        """Let what was read count, if all of it has been; gives what differs, none when it cannot count.

        None: nothing has been read, or not all of it yet.
        """
        rereading = self._rereading
        if rereading is None or not rereading.is_done:
            return None
        self._rereading = None
        try:
            wanted = rereading.result()
        except InvalidConfigurationError as error:
            self._log.error(
                "the configuration has mistakes; nothing changes", mistakes=[str(mistake) for mistake in error.mistakes]
            )
            return []
        except RereadingError as error:
            self._log.error("the configuration cannot be read; nothing changes", why=str(error))
            return []
        finally:
            rereading.close()
        return self._adopt(wanted)

    def close(self) -> None:
        """Read no more."""
        if self._rereading is not None:
            self._rereading.close()
            self._rereading = None

    def _adopt(self, wanted: Wanted) -> list[Change]:
        assert not self.is_busy, "what is read next is compared with what counts by then"
        assert wanted.counting.environment == self._running.environment, "what needs a restart stays as it is"
        assert wanted.files, "there are files to look at"
        if any(change.when == "core" for change in wanted.changes):
            try:
                self._define(wanted.counting)
            except RefusedDefinitionError as error:
                self._log.error("a change of the configuration was refused; what was before counts", why=str(error))
                return []
        self.credentials, self._running = wanted.credentials, wanted.counting
        for subscriber in self._subscribers:
            subscriber(wanted.counting, wanted.changes)
        self._tell(wanted)
        self._watch.watch(map(Path, wanted.files))
        return wanted.changes

    def _tell(self, wanted: Wanted) -> None:
        found = wanted.changes
        by_time = {when: [str(change) for change in found if change.when == when] for when in ("restart", "never")}
        counting = [str(change) for change in found if change.when in {"live", "core"}]
        assert len(found) == len(counting) + sum(map(len, by_time.values())), "every change is told"
        self._log.info("the configuration was read again", changes=counting)
        variables = [f"{path} ({variable})" for path, variable in wanted.variables.items()]
        if variables or wanted.credentials:
            self._log.info(
                "variables and systemd's credentials are as they were at the start, until the next one",
                variables=variables,
                from_systemd=list(wanted.credentials),
            )
        if by_time["restart"]:
            self._log.warning("changes that count with the next start", changes=by_time["restart"])
        if by_time["never"]:
            self._log.warning("the log's word stays, whatever the configuration says", changes=by_time["never"])
