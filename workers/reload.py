"""The configuration of a venue that runs, read again when its files change or somebody asks for that.

A configuration with mistakes changes nothing. Of one that is right everything counts from now on but what needs a
restart, which is named.
"""

from __future__ import annotations

from collections.abc import Callable

from tradsys.configuration import Configuration, InvalidConfigurationError
from tradsys.configuration.changes import Change, changes, effective
from tradsys.configuration.origin import Read
from tradsys.configuration.rules import broken_rules
from tradsys.logging import logger
from workers.definitions import RefusedDefinitionError
from workers.filewatch import FileWatch

Define = Callable[[Configuration], None]
"""Let the core have what this configuration says otherwise than the one before. Raises RefusedDefinitionError."""
Subscriber = Callable[[Configuration, list[Change]], None]
"""Is told the configuration that counts from now on, and what changed."""


class Reload:
    """Watches the files of `read`, with which the venue was started."""

    def __init__(self, read: Read, define: Define) -> None:
        self._origin = read.origin
        self._running = read.configuration
        self._define = define
        self._subscribers: list[Subscriber] = []
        self._asked = False
        self._watch = FileWatch(read.files)
        self._log = logger("configuration")

    def subscribe(self, subscriber: Subscriber) -> None:
        """From now on `subscriber` is told each change, after the core has it."""
        self._subscribers.append(subscriber)

    def ask(self) -> None:
        """Have the files read at the next `step`, changed or not. Safe in signal handlers."""
        self._asked = True

    def due(self, now_ns: int) -> bool:
        """Whether to `reload`, at the monotonic time `now_ns`."""
        changed = self._watch.changed(now_ns)
        asked, self._asked = self._asked, False
        return asked or changed

    def reload(self) -> list[Change]:
        """Read the files and let what they say count; gives what differs, none when it cannot count."""
        try:
            wanted = self._origin.read()
            counting = effective(self._running, wanted.configuration)
            # New symbols, say, may need room that only a restart gives.
            mistakes = broken_rules(counting, wanted.layers, [])
            if mistakes:
                raise InvalidConfigurationError(mistakes)
        except InvalidConfigurationError as error:
            self._log.error(
                "the configuration has mistakes; nothing changes", mistakes=[str(mistake) for mistake in error.mistakes]
            )
            return []
        found = changes(self._running, wanted.configuration)
        if any(change.when == "core" for change in found):
            try:
                self._define(counting)
            except RefusedDefinitionError as error:
                self._log.error("a change of the configuration was refused; what was before counts", why=str(error))
                return []
        self._running = counting
        for subscriber in self._subscribers:
            subscriber(counting, found)
        self._tell(found)
        self._watch.watch(wanted.files)
        return found

    def _tell(self, found: list[Change]) -> None:
        by_time = {when: [str(change) for change in found if change.when == when] for when in ("restart", "never")}
        counting = [str(change) for change in found if change.when in {"live", "core"}]
        self._log.info("the configuration was read again", changes=counting)
        if by_time["restart"]:
            self._log.warning("changes that count with the next start", changes=by_time["restart"])
        if by_time["never"]:
            self._log.warning("the log's word stays, whatever the configuration says", changes=by_time["never"])
