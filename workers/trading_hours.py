"""The calendar as a service: it tells the log the market states that are due.

A state is sent once, when its phase begins, or when the venue starts or wakes up within it. What somebody sets by hand
stays until the next phase begins: what was sent last is kept in a file, so that this holds over a restart as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from tradsys.configuration import Configuration
from tradsys.configuration.calendars import CalendarEntry
from tradsys.errors import TradingError
from tradsys.records import MarketState
from tradsys.services import Health, Report, Service
from tradsys.symbols import Symbol
from tradsys.timetable import Beginning, Timetable, standing_at
from tradsys.words import word
from workers.administration import kept
from workers.administration.calendar_file import CalendarFile, SetCalendars
from workers.administration.defining import state_record
from workers.administration.desk import AdministrationDesk
from workers.administration.kept import Followed
from workers.administration.trail import Actor
from workers.defining import DEFINITIONS
from workers.definitions import known_symbols
from workers.desk import RefusedError
from workers.memory import SYMBOLS, VenueMemory
from workers.port import RingTakenError
from workers.venue import Venue

TRADING_HOURS = "trading hours"
FILE = "calendar.json"

_BY = Actor(part="calendar")
_PATIENCE_SECONDS = 1.0
_AGAIN_NS = 1_000_000_000
_STEP_BACK_NS = 60_000_000_000
"""By so much a clock may be set back without bringing back the phase before."""


class _Due(NamedTuple):
    symbol: Symbol
    phase: Beginning


class Calendars:
    """Which symbol follows which calendar."""

    def __init__(self, entries: list[CalendarEntry]) -> None:
        named = {symbol: entry for entry in entries for symbol in entry.symbols}
        assert len(named) == sum(len(entry.symbols) for entry in entries), "a symbol follows one calendar"
        assert sum(not entry.symbols for entry in entries) <= 1, "one calendar at most is for all others"
        self._timetable_of = {symbol: entry.timetable() for symbol, entry in named.items()}
        self._others = next((entry.timetable() for entry in entries if not entry.symbols), None)

    def of(self, symbol: str) -> Timetable | None:
        """The timetable of a symbol; None when it has none."""
        return self._timetable_of.get(symbol, self._others)

    def __bool__(self) -> bool:
        return bool(self._timetable_of) or self._others is not None


class TradingHours(Service):
    """Opens and closes symbols. `step` is called several times a second while the venue runs."""

    def __init__(self, venue: Venue, memory: Callable[[], VenueMemory]) -> None:
        super().__init__(TRADING_HOURS, (DEFINITIONS,))
        self._venue = venue
        self._memory = memory
        self._path = venue.path / FILE
        self._configured = venue.configuration.calendars
        self._set = Followed(CalendarFile(venue.path), SetCalendars())
        self._calendars = Calendars(self._configured)
        self._sent: dict[str, Beginning] = {}
        self._symbols = 0
        self._next_ns = 0
        """When something is due next, at the latest."""
        self._trouble = ""

    def start(self, report: Report) -> None:
        """Let every symbol be in the state that is due, before anybody trades."""
        assert not self._sent, "what was sent before is read once"
        self._look()
        if self._calendars:
            report("opening and closing symbols by their calendars")
            self._sent = _read(self._path)
            self.step(time.time_ns())

    def stop(self) -> None:
        """The symbols stay in their states."""

    def configure(self, configuration: Configuration) -> None:
        """Go by other calendars, where none have been set in their place."""
        self._configured = configuration.calendars
        self._join()

    def health(self) -> Health:
        """Whether what was due could be sent, and it is known what is due."""
        return Health(self._set.trouble or self._trouble, is_returning=True)

    def step(self, now_ns: int) -> None:
        """Send what is due at this time in ns since 1970."""
        self._look()
        if not self._calendars:
            self._trouble = ""
            return
        memory = self._memory()
        symbols = int(memory.control[SYMBOLS])
        if symbols == self._symbols and self._next_ns - _AGAIN_NS * 86_400 < now_ns < self._next_ns:
            return
        due = list(self._due(known_symbols(memory), now_ns))
        assert self._next_ns > now_ns, "it is looked again later"
        self._symbols = symbols
        if due:
            self._send(memory, due, now_ns)
        else:
            self._trouble = ""

    def _look(self) -> None:
        """Notice calendars that were set."""
        if self._set.look():
            if self._set.trouble:
                self.logger.error("the calendars that were read before count", why=self._set.trouble)
            self._join()

    def _join(self) -> None:
        """Go by what the configuration says and what was set."""
        counting = self._set.content.over(self._configured)
        for entry in self._set.content.unnamed(self._configured):
            if entry not in counting:
                told = "a calendar of the configuration gives way to one that was set, which has the same symbols"
                self.logger.warning(told, calendar=entry.name)
        self._calendars = Calendars(counting)
        assert bool(self._calendars) == bool(counting), "every calendar that counts is followed"
        self._next_ns = 0

    def _due(self, symbols: list[Symbol], now_ns: int) -> Iterator[_Due]:
        """What was not sent yet; and when to look again."""
        self._next_ns = now_ns + _AGAIN_NS * 86_400
        for symbol in symbols:
            timetable = self._calendars.of(symbol.name)
            if timetable is None:
                continue
            phase, following = standing_at(timetable, now_ns)
            assert phase is None or phase.at_ns <= now_ns, "a phase has begun before it counts"
            if following is not None:
                assert following.at_ns > now_ns, "the next phase is still to come"
                self._next_ns = min(self._next_ns, following.at_ns)
            sent = self._sent.get(symbol.name)
            is_set_back = sent is not None and now_ns < sent.at_ns <= now_ns + _STEP_BACK_NS
            if phase is not None and sent != phase and not is_set_back:
                yield _Due(symbol, phase)

    def _send(self, memory: VenueMemory, due: list[_Due], now_ns: int) -> None:
        assert due, "a ring is taken for something"
        assert len({symbol.id for symbol, _ in due}) == len(due), "a symbol is in one phase"
        try:
            with AdministrationDesk(self._venue, memory, _BY, is_supervisor=True) as desk:
                for symbol, phase in due:
                    present = MarketState(int(memory.shards[symbol.id % memory.sizes.shards].books[symbol.id]["state"]))
                    if present != phase.state:
                        self._change(desk, symbol, present, phase.state)
                    self._sent[symbol.name] = phase
            self._trouble = ""
        except (TradingError, RingTakenError, OSError) as problem:
            self._trouble = f"the calendar's market states cannot be sent: {problem}"
            self._next_ns = now_ns + _AGAIN_NS
            self.logger.error("the calendar's market states cannot be sent; trying again", why=str(problem))
        self._keep()

    def _change(self, desk: AdministrationDesk, symbol: Symbol, present: MarketState, state: MarketState) -> None:
        assert present != state, "a state that stands is not sent"
        told = {"symbol": symbol.name, "state": word(state)}
        try:
            desk.act(
                "symbol.state",
                symbol.name,
                state_record(symbol, state),
                before={"state": word(present)},
                after={"state": word(state)},
                patience_seconds=_PATIENCE_SECONDS,
            )
        except RefusedError as refusal:  # asking again would not help, and others are waiting
            self.logger.error("a market state of the calendar is refused", why=str(refusal), **told)
        else:
            self.logger.info("market state by the calendar", **told)

    def _keep(self) -> None:
        told = {name: (phase.at_ns, word(phase.state)) for name, phase in self._sent.items()}
        try:
            kept.replace(self._path, msgspec.json.format(msgspec.json.encode(told)) + b"\n")
        except OSError as problem:
            self.logger.error("what the calendar has sent cannot be kept for the next start", why=str(problem))


def _read(path: Path) -> dict[str, Beginning]:
    """What was sent before; nothing when nobody knows."""
    try:
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, tuple[int, str]])
        return {
            name: Beginning(at_ns, MarketState[state.upper().replace("-", "_")])
            for name, (at_ns, state) in told.items()
        }
    except (OSError, msgspec.DecodeError, KeyError):
        return {}
