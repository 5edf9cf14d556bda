"""Random commands of every kind, for a market that they know: a seed gives one flow."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np

from tests import factories
from tradsys.records import COMMAND, PRICE_MAX, PRICE_MIN, QUANTITY_MAX, SLOT_BITS, Kind, MarketState
from tradsys.reference.book import Order
from tradsys.reference.messages import Command, commands_of
from tradsys.reference.venue import Venue

ACCOUNTS = (1, 2, 3, 4)
_ALL_STATES = (0, 1, 4, *[2] * 9)
_NO_AUCTION = (2,)
_REFUSING = (3, 5)
_BAD_STATES = (6, 255)


class Instrument(NamedTuple):
    """A symbol and where its orders' prices lie: within `spread` ticks of one of `centres`."""

    symbol: int
    lowest_ticks: int
    highest_ticks: int
    centres: tuple[int, ...]
    spread_ticks: int
    states: tuple[int, ...] = _ALL_STATES


INSTRUMENTS = (
    Instrument(1, 1, 1000, (500,), 12),
    Instrument(2, 7, 7, (7,), 1),
    Instrument(3, -70, 70, (0,), 70),
    # The reference tries every tick between crossed prices: no auctions where the prices lie far apart.
    Instrument(4, 0, (1 << 24) - 1, tuple(range(63, 1 << 24, 199_999)), 3, _NO_AUCTION),
    Instrument(5, PRICE_MIN, PRICE_MIN + 200, (PRICE_MIN + 64,), 10),
    Instrument(6, PRICE_MAX - 300, PRICE_MAX, (PRICE_MAX - 2, PRICE_MAX - 130), 6),
)


def definitions(instruments: tuple[Instrument, ...] = INSTRUMENTS) -> list[Command]:
    """The commands that open the instruments, in continuous trading."""
    return [_definition(instrument, MarketState.CONTINUOUS) for instrument in instruments]


def _definition(instrument: Instrument, state: int) -> Command:
    record = factories.define_symbol(
        instrument.symbol,
        lowest_ticks=instrument.lowest_ticks,
        highest_ticks=instrument.highest_ticks,
        reference_ticks=instrument.centres[0],
        state=state,
    )
    return commands_of(record)[0]


class Flow:
    """Gives one command after the other; the caller stamps them and tells which orders came into being."""

    def __init__(
        self,
        seed: int,
        venues: list[Venue],
        instruments: tuple[Instrument, ...] = INSTRUMENTS,
        live_aimed: int = 400,
        *,
        calm: bool = False,
    ) -> None:
        """`calm`: no mass cancels, no changes of state, so that the books grow deep."""
        self._venues = venues  # what is live is asked there
        self.dice = random.Random(seed)
        self.instruments = instruments
        self.live_aimed = live_aimed
        self._calm = calm
        self.orders: list[Order] = []
        """Orders that were accepted and may still be live."""
        self.gone: list[Order] = []
        """Some of those that are not live any more: their ids must not be found again."""
        self._clients = 0

    def learn(self, order: Order) -> None:
        """An order was accepted."""
        self.orders.append(order)

    def next(self) -> Command:
        """The next command, without sequence number."""
        crowded = sum(len(venue.orders) for venue in self._venues) > self.live_aimed
        kinds = (self._new, self._cancel, self._amend, self._state, self._tick, self._cancel_all, self._rare)
        weights = (600, 400 if crowded else 80, 200, *((0, 0, 0) if self._calm else (12, 30, 1)), 10)
        command = self.dice.choices(kinds, weights)[0]() if self.orders else self._new()
        if self._one_in(100):
            command.reason = self.dice.choice((1, 2, 3, 255))
        command.source = self.dice.randrange(256)
        command.request = self.dice.randrange(1 << 32)
        return command

    def _one_in(self, count: int) -> bool:
        return self.dice.randrange(count) == 0

    def _symbol(self) -> int:
        if self._one_in(150):
            return self.dice.choice((0, 7, 8, 9, 1000, (1 << 32) - 1))
        return self.dice.choice(self.instruments).symbol

    def _account(self) -> int:
        return self.dice.choice(ACCOUNTS)

    def _price(self, symbol: int, side: int = 2) -> int:
        """A price near one of the symbol's centres, sometimes an odd one; of a `side`, mostly behind the centre."""
        dice = self.dice
        if self._one_in(200):
            return dice.choice((-(1 << 31), PRICE_MIN, -1, 0, 1, PRICE_MAX, (1 << 31) - 1))
        instrument = next((each for each in self.instruments if each.symbol == symbol), self.instruments[0])
        if self._one_in(60):
            edge = dice.choice((instrument.lowest_ticks, instrument.highest_ticks))
            return min(max(edge + dice.randint(-1, 1), -(1 << 31)), (1 << 31) - 1)
        offset = dice.randint(-instrument.spread_ticks, instrument.spread_ticks)
        if side < 2 and dice.randrange(4) > 0:
            offset = abs(offset) if side else -abs(offset)
        return min(max(dice.choice(instrument.centres) + offset, -(1 << 31)), (1 << 31) - 1)

    def _quantity(self) -> int:
        if self._one_in(200):
            return self.dice.choice((0, -1, 1, QUANTITY_MAX, QUANTITY_MAX + 1, -(1 << 63), (1 << 63) - 1))
        if self._one_in(40):
            return self.dice.randint(1, 500)
        return self.dice.randint(1, 20)

    def _new(self) -> Command:
        dice = self.dice
        self._clients += 1
        symbol = self._symbol()
        side = dice.randrange(2) if not self._one_in(200) else dice.choice((2, 3, 255))
        return Command(
            kind=Kind.NEW,
            side=side,
            order_type=dice.choices((0, 1, 2, 255), (340, 30, 1, 1))[0],
            time_in_force=dice.choices((0, 1, 2, 3, 255), (160, 20, 20, 1, 1))[0],
            flags=dice.choices((0, 1, 2, 16, 256, 65535), (180, 16, 1, 1, 1, 1))[0],
            symbol=symbol,
            account=self._account(),
            price_ticks=self._price(symbol, side),
            quantity_lots=self._quantity(),
            client_order_id=self._clients,
        )

    def _target(self) -> Order | None:
        """An order that is probably live; the list of candidates is cleaned by the way."""
        wrong = self._one_in(30)
        while self.orders and not wrong:
            place = self.dice.randrange(len(self.orders))
            order = self.orders[place]
            if any(order.order_id in venue.orders for venue in self._venues):
                return order
            self.drop(place)
        return self.dice.choice(self.gone) if self.gone else None

    def drop(self, place: int) -> None:
        """The candidate at `place` is done."""
        self.gone.append(self.orders[place])
        self.orders[place] = self.orders[-1]
        self.orders.pop()
        if len(self.gone) > 200:
            del self.gone[: self.dice.randrange(150)]

    def _aim(self, command: Command) -> Command:
        """Point a cancel or amend at an order, mostly rightly."""
        target = self._target()
        if target is None or self._one_in(100):
            command.order_id = self.dice.choice((0, -1, 1, 5, 1 << SLOT_BITS, (1 << 63) - 1, -(1 << 63)))
            command.symbol, command.account = self._symbol(), self._account()
            return command
        command.order_id, command.symbol, command.account = target.order_id, target.symbol, target.account
        if self._one_in(40):
            match self.dice.randrange(4):
                case 0:
                    command.account = self._account()
                case 1:
                    command.symbol = self._symbol()
                case 2:
                    command.order_id += 1 << SLOT_BITS
                case _:
                    command.order_id ^= 1
        return command

    def _cancel(self) -> Command:
        return self._aim(Command(kind=Kind.CANCEL, client_order_id=self.dice.randrange(1 << 40)))

    def _amend(self) -> Command:
        flags = self.dice.randrange(32) if not self._one_in(50) else self.dice.randrange(1 << 16)
        command = self._aim(Command(kind=Kind.AMEND, flags=flags))
        command.price_ticks = self._price(command.symbol)
        command.quantity_lots = self._quantity()
        return command

    def _cancel_all(self) -> Command:
        symbol = self._symbol() if self._one_in(2) else 0
        return Command(kind=Kind.CANCEL_ALL, symbol=symbol, account=self._account() if not self._one_in(8) else 0)

    def _state(self) -> Command:
        """Another market state; one that refuses orders comes seldom, for it lasts until the next."""
        dice = self.dice
        instrument = dice.choice(self.instruments)
        symbol = self._symbol() if self._one_in(20) else instrument.symbol
        state = dice.choice(instrument.states)
        if self._one_in(8):
            state = dice.choice(_REFUSING)
        elif self._one_in(8) or symbol != instrument.symbol:
            state = dice.choice(_BAD_STATES)
        price = self._price(instrument.symbol) if self._one_in(3) else 0
        return Command(kind=Kind.STATE, symbol=symbol, order_type=state, price_ticks=price)

    def _tick(self) -> Command:
        return Command(kind=Kind.TICK)

    def _rare(self) -> Command:
        match self.dice.randrange(4):
            case 0:
                instrument = self.dice.choice(self.instruments)
                stranger = self.dice.choice((0, 7, instrument.symbol))
                return self._odd_definition(instrument._replace(symbol=stranger))
            case 1:
                return commands_of(factories.define_account(self.dice.randint(1, 1 << 20)))[0]
            case 2:
                return Command(kind=self.dice.choice((Kind.BOOT, Kind.NONE, 5, 7, 13, 255)))
            case _:
                return Command(kind=self.dice.choice((Kind.BOOT, 200)), symbol=self._symbol())

    def _odd_definition(self, instrument: Instrument) -> Command:
        """Symbol 0, a symbol that there is already, something wrong, or, late and rarely, symbol 7."""
        match self.dice.randrange(4):
            case 0:
                return _definition(instrument._replace(symbol=8, lowest_ticks=2, highest_ticks=1), MarketState.HALT)
            case 1:
                return _definition(instrument, self.dice.choice(_BAD_STATES))
            case _:
                small = self.instruments[0]._replace(symbol=instrument.symbol)
                return _definition(small, MarketState.OPENING_AUCTION)


def records_of(commands: list[Command]) -> np.ndarray:
    """The commands as COMMAND records, with the very bytes of definitions."""
    names = COMMAND.names
    assert names is not None
    return np.array([tuple(getattr(command, name) for name in names) for command in commands], COMMAND)
