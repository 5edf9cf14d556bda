"""Scripted clients: they send every kind of command, some again when no answer comes, and note what they are told."""

from __future__ import annotations

import bisect
import random
from typing import Any, NamedTuple

import numpy as np

from shm import ring
from tests.factories import amend, cancel, cancel_all, iceberg, market, market_state, new_order
from tests.simulation.readers import Reader
from tests.simulation.scheduler import Scheduler
from tests.workers.settled_venue import officer, transfer
from tests.workers.stepped import ACCOUNTS, SYMBOLS
from tradsys.records import EventFlag, EventKind, Kind, MarketState, Side, TimeInForce

PATIENCE_STEPS = 40
"""After so many without an answer a client may send a command again."""
_STATES = [*MarketState, *[MarketState.CONTINUOUS] * 6]
_OF_ALL_SHARDS = (Kind.CANCEL_ALL, Kind.KILL)
_CLIENT_IDS = 1 << 32
"""Of each port; so no two clients use the same."""


class Place(NamedTuple):
    """Where a command went: how often the rings had been new, and its number in the ring."""

    boot: int
    request: int


class Answer(NamedTuple):
    """What a client was told of a command: where it is in the log, and the last event of it."""

    log_sequence: int
    event_kind: int
    reason: int
    command: Any


class Waiting(NamedTuple):
    """A command without an answer, with its prelude; sent at this step."""

    commands: Any
    since: int
    again: bool


class Client:
    """One port's clients."""

    def __init__(self, reader: Reader, scheduler: Scheduler, symbols_with_ids: tuple[int, ...]) -> None:
        """`symbols_with_ids`: where the venue refuses a client order id that was used already."""
        self.reader = reader
        self.told: dict[Place, Answer] = {}
        self.waiting: dict[Place, Waiting] = {}
        self._scheduler = scheduler
        self._dice: random.Random = scheduler.dice
        self._known: list[Any] = []
        """Events that accepted an order."""
        self._again: list[Any] = []
        """Commands that are lost for certain, to be sent once more."""
        self._id = (reader.number + 1) * _CLIENT_IDS
        self._symbols_with_ids = symbols_with_ids

    # Sending.

    def act(self) -> str:
        """Send some commands, new ones or those without an answer."""
        count = sum(self.send(self._next()) for _ in range(self._dice.randint(1, 6)))
        return f"port {self.reader.number} sends {count}"

    def send(self, commands: Any) -> bool:
        """Put one command, with its prelude, into the ring; False when there is no room for it."""
        port = self.reader.port
        if port is None or len(commands) > int(ring.writable(port._ring, len(commands))):
            return False
        place = Place(self._boot, port.next_request + len(commands) - 1)
        assert port.submit(commands) == len(commands)
        self.waiting[place] = Waiting(commands, self._scheduler.steps, False)
        return True

    @property
    def _boot(self) -> int:
        return len(self.reader.venue.bases)

    def _next(self) -> Any:
        if self._again:
            return self._again.pop()
        if self._scheduler.happens(20) and (late := self._late()) is not None:
            return late
        return self._command()

    def _late(self) -> Any:
        """A command that may be sent again although the first may still be on its way: the venue takes but one."""
        for place, waiting in self.waiting.items():
            if not waiting.again and waiting.since + PATIENCE_STEPS < self._scheduler.steps:
                command = waiting.commands[-1]
                if command["kind"] == Kind.POSTING or (
                    command["kind"] == Kind.NEW and command["symbol"] in self._symbols_with_ids
                ):
                    self.waiting[place] = waiting._replace(again=True)
                    return waiting.commands
        return None

    def _command(self) -> Any:
        dice, chance = self._dice, self._dice.randrange(100)
        symbol, account = dice.randint(1, SYMBOLS), dice.randint(1, ACCOUNTS)
        self._id += 1
        if chance < 50:
            price, quantity = 500 + dice.randint(-6, 6), dice.randint(1, 20)
            named: dict[str, Any] = dict(account=account, symbol=symbol, client_order_id=self._id)
            side = dice.choice([Side.BUY, Side.SELL])
            if chance < 5:
                return np.concatenate(iceberg(side, price, quantity + 10, 5, **named))
            if chance < 9:
                return market(side, quantity, **named)
            times = [TimeInForce.GTC] * 6 + [TimeInForce.IOC, TimeInForce.FOK]
            return new_order(side, price, quantity, time_in_force=dice.choice(times), **named)
        if chance < 68:
            return cancel(**self._target(), client_order_id=self._id)
        if chance < 84:
            price_ticks = dice.choice([None, dice.randint(490, 510)])
            quantity_lots = dice.choice([None, dice.randint(1, 30)])
            return amend(**self._target(), price_ticks=price_ticks, quantity_lots=quantity_lots)
        if chance < 90:
            return transfer(self._id, account, dice.randint(1, ACCOUNTS), dice.randint(1, 40))
        if chance < 95:
            return market_state(dice.choice(_STATES), symbol=symbol)
        if chance < 96:
            return cancel_all(account=dice.randint(0, ACCOUNTS), symbol=dice.randint(0, SYMBOLS))
        command = cancel(1, symbol=symbol)
        command["account"] = dice.choice([0, ACCOUNTS + 5, 1 << 31])
        command["kind"] = dice.choice([Kind.NEW, Kind.AMEND, Kind.TICK, Kind.BOOT, 0, 7, 200])
        return command

    def _target(self) -> dict[str, int]:
        """An order that was accepted, mostly of its owner."""
        if not self._known:
            return {"order_id": 1, "account": 1, "symbol": 1}
        event = self._dice.choice(self._known[-40:])
        account = int(event["account"]) if self._dice.randrange(10) else 1
        return {"order_id": int(event["order_id"]), "account": account, "symbol": int(event["symbol"])}

    # Being told.

    def read(self) -> int:
        """Take in what the venue says; gives how many events."""
        count = 0
        if not self.reader.is_open:
            return count
        for shard, events in enumerate(self.reader.read()):
            count += len(events)
            self._known.extend(events[events["kind"] == EventKind.ACCEPTED])
            last = (events["flags"] & EventFlag.LAST) != 0
            for event in events[last & (events["source"] == self.reader.number)]:
                self._note(event, shard)
        return count

    def _note(self, event: Any, shard: int) -> None:
        """The last event of a command of this port."""
        sequence = int(event["log_sequence"])
        place = Place(bisect.bisect_left(self.reader.venue.bases, sequence), int(event["request"]))
        waiting = self.waiting.pop(place, None)
        if waiting is None:
            known = self.told.get(place)
            kind = None if known is None else known.command["kind"]
            assert kind in _OF_ALL_SHARDS, f"{place} of port {self.reader.number} is answered twice: {event}"
            assert known is not None
            assert known.log_sequence == sequence, f"{place} is answered of two places in the log"
            return
        self.told[place] = Answer(sequence, int(event["kind"]), int(event["reason"]), waiting.commands[-1])

    # Losses.

    def reconnect(self) -> None:
        """The rings are new: what has no answer though all is read is lost, and is mostly sent again."""
        self.reader.open()
        self.read()
        self._again += [each.commands for each in self.waiting.values() if self._scheduler.happens(70)]
        self.waiting.clear()

    def lose(self, last: int) -> None:
        """What was told of the log after sequence `last` has not come to pass."""
        self.reader.lose(last)
        self.told = {place: answer for place, answer in self.told.items() if answer.log_sequence <= last}
        self._known = [event for event in self._known if event["log_sequence"] <= last]


class Desk(Client):
    """Somebody who minds the risk."""

    def _command(self) -> Any:
        return officer(self._dice)

    def act(self) -> str:
        return f"the desk sends {int(self.send(self._next()))}"
