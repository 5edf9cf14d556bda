"""Sends recorded days of a stock exchange through a running venue, and holds its executions against the recording."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from shm import histogram
from tradsys.errors import BusinessRuleError, OperatingError
from tradsys.reasons import Reason
from tradsys.recorded.check import Check, Counters, Result
from tradsys.recorded.sse import Day
from tradsys.records import COMMAND, EventKind, Kind, MarketState
from tradsys.symbols import SYMBOL_NAME_BYTES_MAX, Account, Symbol
from workers.driver import ANSWERED, EVENTS, LAST_ANSWER_NS, NO_TARGET, Driver, load_of
from workers.memory import ACCOUNTS, SYMBOLS, VenueMemory
from workers.port import Port
from workers.venue import Venue

ACCOUNT_NAME = "replay"
"""The account in whose name every recorded order is sent."""

_ATTEMPTS = 20
_PATIENCE_SECONDS = 30.0
_LATE_DEFINITIONS = (Reason.SYMBOL_EXISTS, Reason.ACCOUNT_EXISTS, Reason.DEFINITION_OUT_OF_ORDER)


class ReplayError(OperatingError, BusinessRuleError):
    """The venue cannot take the recorded days; the message says why."""

    CODE = "recording_refused"


class Outcome(NamedTuple):
    """What a replay found; `results` has an entry per day, in the order given."""

    days: Sequence[Day]
    results: list[Result]
    seconds: float
    events: int
    latencies: dict[str, int]  # shm.histogram.summary: from the planned time of sending, ns

    @property
    def counters(self) -> Counters:
        """The counters of all days together."""
        return sum((result.counters for result in self.results), Counters())

    @property
    def exact(self) -> bool:
        """Whether every day came out as recorded."""
        return all(result.exact for result in self.results)

    @property
    def orders_per_second(self) -> int:
        """Orders and cancels per second, from the first one sent to the last answer."""
        return round(self.counters.inbound / self.seconds)

    def as_dict(self) -> dict[str, Any]:
        """The fields of the command's JSON line."""
        return {
            **self.counters.as_dict(),
            "seconds": round(self.seconds, 6),
            "orders_per_second": self.orders_per_second,
            "events": self.events,
            "latency_ns_p50": self.latencies["p50"],
            "latency_ns_p99": self.latencies["p99"],
            "latency_ns_p999": self.latencies["p999"],
            "latency_ns_max": self.latencies["max"],
            "differences": sum(result.differences_found for result in self.results),
        }


def merge(days: Sequence[Day], symbols: Sequence[int], account: int) -> tuple[Any, Any]:
    """The commands of all days as they followed each other in time, and the target of each (see driver.load_of).

    Within a day the order is the recording's. Day i trades the symbol with id `symbols[i]`.
    """
    assert len(days) > 0, "there is something to replay"
    assert len(set(symbols)) == len(symbols), "each day has a symbol of its own"
    parts, times, targets = [], [], []
    start = 0
    for day, symbol in zip(days, symbols, strict=True):
        commands = day.commands.copy()
        commands["symbol"] = symbol
        commands["account"] = account
        parts.append(commands)
        # Sorting by time must not change a day's own order, whatever its clock did.
        times.append(np.maximum.accumulate(commands["timestamp_ns"]))
        mine = _targets(commands)
        targets.append(np.where(mine == NO_TARGET, NO_TARGET, mine + start))
        start += len(commands)
    order = np.argsort(np.concatenate(times), kind="stable")
    assert len(order) == start, "every command has its time"
    place = np.empty(start, np.int64)
    place[order] = np.arange(start)
    before = np.concatenate(targets)[order]
    return np.concatenate(parts)[order], np.where(before == NO_TARGET, NO_TARGET, place[before])


def _targets(commands: Any) -> Any:
    """For each cancel the row of the order with its number, NO_TARGET for all else."""
    targets = np.full(len(commands), NO_TARGET, np.int64)
    entering = np.flatnonzero(commands["kind"] == Kind.NEW)
    numbers = commands["client_order_id"][entering]
    by_number = np.argsort(numbers)
    assert (np.diff(numbers[by_number]) > 0).all(), "an order's number is its own"
    cancels = np.flatnonzero(commands["kind"] == Kind.CANCEL)
    found = np.searchsorted(numbers, commands["client_order_id"][cancels], sorter=by_number)
    assert (numbers[by_number[found]] == commands["client_order_id"][cancels]).all(), "what is cancelled has entered"
    targets[cancels] = entering[by_number[found]]
    return targets


class Replay:
    """Replays days into the venue behind `port`, each day as a new symbol."""

    def __init__(self, venue: Venue, port: Port, days: Sequence[Day], *, orders_per_second: int | None = None) -> None:
        """`orders_per_second` plans the sending; None sends as fast as the venue answers."""
        assert orders_per_second is None or orders_per_second > 0, "orders are sent"
        self._days = days
        self._port = port
        self._bell = venue.sequencer_index
        self._interval_ns = 1_000_000_000 // orders_per_second if orders_per_second else 0

    @property
    def _memory(self) -> VenueMemory:
        return self._port.memory

    def run(
        self, report: Callable[[int, int], None] = lambda _done, _all: None, *, patience_seconds: float = 120.0
    ) -> Outcome:
        """Send everything and compare; `report` is told how many commands of how many are answered.

        Raises ReplayError when the venue has no room for the days, NoProgressError when it stops answering.
        """
        account = self._account()
        symbols = [self._symbol(day) for day in self._days]
        load = load_of(*merge(self._days, symbols, account), interval_ns=self._interval_ns)
        kept = []
        with Driver(self._port, self._bell, load, symbols, spin=self._interval_ns > 0) as driver:
            told = time.monotonic()
            for events in driver.run(patience_seconds=patience_seconds):
                if len(events):
                    kept.append(events.copy())
                if time.monotonic() - told > 0.05:
                    told = time.monotonic()
                    report(driver.progress[1], len(load.commands))
        report(int(load.words[ANSWERED]), len(load.commands))
        elapsed_ns = int(load.words[LAST_ANSWER_NS]) - int(load.planned_ns[0])
        assert int(load.words[ANSWERED]) == len(load.commands), "every command is answered"
        assert elapsed_ns >= 0, "answers come after their commands"
        events = np.concatenate(kept)
        assert len(events) <= int(load.words[EVENTS]), "no event is looked at twice"
        results = []
        for day, symbol in zip(self._days, symbols, strict=True):
            check = Check(day)
            check.feed(events[events["symbol"] == symbol])
            results.append(check.result())
        return Outcome(
            self._days, results, elapsed_ns / 1e9, int(load.words[EVENTS]), histogram.summary(load.latencies)
        )

    def _account(self) -> int:
        """The id of the replay's account, defined if the venue does not know it."""
        for _ in range(_ATTEMPTS):
            count = int(self._memory.control[ACCOUNTS])
            assert 0 <= count <= self._memory.sizes.accounts_max, "every account has its place"
            known = np.flatnonzero(self._memory.accounts["name"][: count + 1] == ACCOUNT_NAME.encode())
            if len(known):
                return int(known[0])
            if count >= self._memory.sizes.accounts_max:
                raise ReplayError(f"the venue is full: it holds {count} accounts; raise pools.accounts_max")
            if self._define(Account(count + 1, ACCOUNT_NAME).definition(), 0, EventKind.ACCOUNT):
                return count + 1
        raise ReplayError("the account could not be defined: others define accounts all the time")

    def _symbol(self, day: Day) -> int:
        """The id of a new symbol for the day."""
        for _ in range(_ATTEMPTS):
            count = int(self._memory.control[SYMBOLS])
            assert 0 <= count <= self._memory.sizes.symbols_max, "every symbol has its place"
            if count >= self._memory.sizes.symbols_max:
                raise ReplayError(f"the venue is full: it holds {count} symbols; raise pools.symbols_max")
            taken = {bytes(name).decode() for name in self._memory.symbols["name"][1 : count + 1]}
            symbol = Symbol(
                count + 1,
                free_name(day.name, taken),
                price_decimals=2,
                tick_units=1,
                quantity_decimals=0,
                lot_units=1,
                lowest_ticks=day.lowest_ticks,
                highest_ticks=day.highest_ticks,
                reference_ticks=day.reference_ticks,
                state=MarketState.PRE_OPEN,
            )
            if self._define(symbol.definition(), symbol.id, EventKind.SYMBOL):
                return symbol.id
        raise ReplayError(f"a symbol for {day.name} could not be defined: others define symbols all the time")

    def _define(self, definition: Any, symbol: int, expected: EventKind) -> bool:
        """Send a definition; False when somebody else was faster. Raises ReplayError when it is refused."""
        assert len(definition) == 1, "definitions are sent one by one"
        request = self._port.next_request
        load = load_of(definition.view(COMMAND), [NO_TARGET])
        with Driver(self._port, self._bell, load, [symbol]) as driver:
            events = np.concatenate([kept.copy() for kept in driver.run(patience_seconds=_PATIENCE_SECONDS)])
        mine = events[(events["source"] == self._port.number) & (events["request"] == request)]
        assert len(mine) == 1, "a definition has one answer"
        if mine["kind"].tolist() == [expected]:
            return True
        reason = Reason(int(mine["reason"][0]))
        if reason in _LATE_DEFINITIONS:
            return False
        raise ReplayError(f"the venue refuses a definition that the replay needs: {reason.name}")


def free_name(wanted: str, taken: set[str]) -> str:
    """A symbol's name like `wanted` that is not `taken`: with .2, .3 and so on at its end where needed."""
    base = "".join(character if character.isascii() and character.isalnum() else "." for character in wanted)
    name = base[:SYMBOL_NAME_BYTES_MAX]
    number = 1
    while name in taken:
        number += 1
        ending = f".{number}"
        name = base[: SYMBOL_NAME_BYTES_MAX - len(ending)] + ending
    assert len(name.encode()) <= SYMBOL_NAME_BYTES_MAX, "a name that fits"
    return name
