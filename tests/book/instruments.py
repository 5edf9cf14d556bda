"""The symbols of the random flow, and prices and quantities that make something happen in them."""

from __future__ import annotations

import random
from typing import NamedTuple

from tests import factories
from tradsys.records import PRICE_MAX, PRICE_MIN, QUANTITY_MAX, MarketState
from tradsys.reference.messages import Command, commands_of
from tradsys.reference.venue import Venue

GROUPS = {1: 7, 2: 7, 3: 8, 4: 0}
"""Accounts that trade, and the trade groups that they begin with."""
ACCOUNTS = tuple(GROUPS)
_ALL_STATES = (0, 1, 1, 4, 6, *[2] * 6)
_NO_AUCTION = (2,)


class Instrument(NamedTuple):
    """A symbol and where its orders' prices lie: within `spread` ticks of one of `centres`."""

    symbol: int
    lowest_ticks: int
    highest_ticks: int
    centres: tuple[int, ...]
    spread_ticks: int
    states: tuple[int, ...] = _ALL_STATES

    @property
    def has_auctions(self) -> bool:
        """Whether orders are ever collected."""
        return self.states != _NO_AUCTION


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
    """The commands that open the instruments, in continuous trading, and put the accounts into their groups."""
    accounts = [commands_of(factories.define_account(id, group=group))[0] for id, group in GROUPS.items()]
    return [*(definition(instrument, MarketState.CONTINUOUS) for instrument in instruments), *accounts]


def definition(instrument: Instrument, state: int) -> Command:
    """The command that defines the instrument in this state."""
    record = factories.define_symbol(
        instrument.symbol,
        lowest_ticks=instrument.lowest_ticks,
        highest_ticks=instrument.highest_ticks,
        reference_ticks=instrument.centres[0],
        state=state,
    )
    return commands_of(record)[0]


class Numbers:
    """Random symbols, accounts, prices and quantities: mostly sensible ones."""

    def __init__(self, dice: random.Random, instruments: tuple[Instrument, ...], venues: list[Venue]) -> None:
        self.dice = dice
        self.instruments = instruments
        self.venues = venues
        self.now_ns = 0
        """About the time of the log, as the comparison stamps it."""
        self._by_symbol = {instrument.symbol: instrument for instrument in instruments}

    def one_in(self, count: int) -> bool:
        return self.dice.randrange(count) == 0

    def symbol(self) -> int:
        if self.one_in(150):
            return self.dice.choice((0, 7, 8, 9, 1000, (1 << 32) - 1))
        return self.dice.choice(self.instruments).symbol

    def account(self) -> int:
        return self.dice.choice(ACCOUNTS)

    def instrument(self, symbol: int) -> Instrument:
        """The instrument of a symbol; of a stranger the first one."""
        return self._by_symbol.get(symbol, self.instruments[0])

    def state(self, symbol: int) -> int:
        """The symbol's market state; of a stranger CLOSED."""
        for venue in self.venues:
            if symbol in venue.markets:
                return venue.markets[symbol].state
        return MarketState.CLOSED

    def is_tripped(self, symbol: int) -> bool:
        """Whether the symbol is in its state by a circuit breaker."""
        return any(symbol in venue.markets and venue.markets[symbol].is_tripped for venue in self.venues)

    def reference_ticks(self, symbol: int) -> int:
        """The symbol's reference price; of a stranger 0."""
        for venue in self.venues:
            if symbol in venue.markets:
                return venue.markets[symbol].reference_ticks
        return 0

    def price(self, symbol: int, side: int = 2) -> int:
        """A price near one of the symbol's centres, sometimes an odd one; of a `side`, mostly behind the centre."""
        dice = self.dice
        if self.one_in(200):
            return dice.choice((-(1 << 31), PRICE_MIN, -1, 0, 1, PRICE_MAX, (1 << 31) - 1))
        instrument = self.instrument(symbol)
        if self.one_in(60):
            edge = dice.choice((instrument.lowest_ticks, instrument.highest_ticks))
            return fitting(edge + dice.randint(-1, 1))
        offset = dice.randint(-instrument.spread_ticks, instrument.spread_ticks)
        if side < 2 and dice.randrange(4) > 0:
            offset = abs(offset) if side else -abs(offset)
        return fitting(dice.choice(instrument.centres) + offset)

    def quantity(self) -> int:
        if self.one_in(200):
            return self.dice.choice((0, -1, 1, QUANTITY_MAX, QUANTITY_MAX + 1, -(1 << 63), (1 << 63) - 1))
        if self.one_in(40):
            return self.dice.randint(1, 500)
        return self.dice.randint(1, 20)

    def session(self) -> int:
        return self.dice.choice((0, 0, 1, 2, 3, (1 << 31) - 1))


def fitting(price_ticks: int) -> int:
    """The price, or the nearest that a record holds."""
    return min(max(price_ticks, -(1 << 31)), (1 << 31) - 1)
