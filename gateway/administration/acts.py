"""Acts of administrators: carried out by the core or in the venue's files, and then written to the trail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from gateway.auth import Caller
from gateway.entry import OrderEntry
from gateway.outcome import outcome
from gateway.results import Recorded
from tradsys.configuration import Configuration
from tradsys.errors import TradingError, error
from tradsys.logging import logger
from workers.administration import trail
from workers.administration.access import SHOWN, AccessFile
from workers.administration.calendar_file import CalendarFile
from workers.administration.counting import counting
from workers.administration.defining import TAKEN_MEANWHILE
from workers.administration.kept import Content, KeptFile
from workers.administration.known import known_in
from workers.administration.sent import sent
from workers.administration.trail import Act, Actor, TrailDamagedError
from workers.ledger_definitions import Known
from workers.memory import VenueMemory

_ATTEMPTS_MAX = 10
"""At a number that others take before us."""
_log = logger("gateway.administration")


class Intent(NamedTuple):
    """An act that is about to be carried out: who wants to do what to whom, and what changes by it."""

    by: Actor
    act: str
    target: str
    before: Any = None
    after: Any = None


class Administration:
    """Carries out what administrators want, for one gateway of the venue in `directory`."""

    def __init__(
        self, memory: VenueMemory, entry: OrderEntry, access: AccessFile, configuration: Configuration, directory: Path
    ) -> None:
        self.memory = memory
        self.access = access
        self.calendars = CalendarFile(directory)
        self.directory = directory
        self.configuration = configuration
        """As it was read last."""
        self.on_access_change: Callable[[], None] = lambda: None
        """Called when this gateway has changed who may come in; others notice by themselves."""
        self._entry = entry

    def counting(self) -> Configuration:
        """The configuration, with what was set while the venue ran. Raises AccessError, CalendarsError."""
        return counting(self.configuration, self.directory)

    def known(self) -> Known:
        """What the log has defined by now."""
        return known_in(self.memory)

    async def send(self, intent: Intent, record: Any) -> Recorded:
        """Have a record in the log, an array of one, and write it to the trail. Raises TradingError."""
        return await self.carry_out(intent, lambda: record)

    async def define(self, intent: Intent, record: Callable[[], Any]) -> Recorded:
        """Send what `record` makes; what it makes then once more, when somebody else took its number."""
        for attempt in range(_ATTEMPTS_MAX):
            try:
                return await self.send(intent, record())
            except TradingError as problem:
                if problem.code not in TAKEN_MEANWHILE or attempt == _ATTEMPTS_MAX - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def carry_out(self, intent: Intent, make: Callable[[], Any]) -> Recorded:
        """The same for what `make` makes; what that raises is written to the trail too. Raises TradingError."""
        try:
            record = make()
            recorded = await outcome(partial(self._entry.send, record))
        except TradingError as problem:
            await self._write(intent, problem.code)
            raise
        assert isinstance(recorded, Recorded)
        await self._write(intent, trail.DONE, int(recorded.sequence), sent(record))
        return recorded

    async def change(
        self,
        intent: Intent,
        file: KeptFile[Content],
        change: Callable[[Content], Content],
        view: Callable[[Content], Any],
    ) -> Content:
        """Change one of the files, and write to the trail what `view` gives of it before and after; gives what it says.

        A refusal is written as the intent has it. Raises TradingError.
        """
        assert file.path.parent == self.directory, "a file of this venue"
        try:
            before, after = await asyncio.to_thread(file.change, change)
        except OSError as problem:
            raise error("internal_error", cause=problem) from problem
        except TradingError as problem:
            await self._write(intent, problem.code)
            raise
        self.on_access_change()
        await self._write(intent._replace(before=view(before), after=view(after)), trail.DONE)
        return after

    async def _write(self, intent: Intent, result: str, sequence: int | None = None, record: str = "") -> None:
        assert bool(record) == (sequence is not None), "what stands in the log is told with its place there"
        act = Act(**intent._asdict(), result=result, sequence=sequence, record=record)
        try:
            line = await asyncio.to_thread(trail.append, self.directory, act)
        except (OSError, TrailDamagedError) as problem:
            raise error("trail_unwritable", cause=problem) from problem
        _log.info("administration", act=act.act, target=act.target, result=result, number=line.number, hash=line.hash)


def actor_of(caller: Caller, request: web.Request) -> Actor:
    """Who it was, for the trail."""
    return Actor(caller.account.name, caller.user, caller.key[:SHOWN], request.remote or "")
