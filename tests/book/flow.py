"""Random commands of every kind, for a market that they know: a seed gives one flow."""

from __future__ import annotations

import random
from collections import deque

import numpy as np

from tests import factories
from tests.book.entries import Entries
from tests.book.instruments import ACCOUNTS, INSTRUMENTS, Instrument, Numbers, definition, definitions
from tradsys.records import BPS, COMMAND, SLOT_BITS, CommandFlag, Kind, MarketState, entry_word
from tradsys.reference.book import Order
from tradsys.reference.messages import Command, commands_of
from tradsys.reference.venue import Venue
from tradsys.risk.terms import Scope, Transition

__all__ = ["ACCOUNTS", "INSTRUMENTS", "Flow", "Instrument", "definitions", "records_of"]

_REFUSING = (3, 5)
_BAD_STATES = (7, 255)
_RECORDED = (*range(Kind.ASSET, Kind.KILL), Kind.BREAKER_RULES, Kind.ALERT)
_BEFORE_A_TRIP = (Transition.TRIP, Transition.TRIP, Transition.RESET)
_AFTER_A_TRIP = (Transition.HALF_OPEN, Transition.HALF_OPEN, Transition.RESET, Transition.TRIP)
_PRICED = (2, 2, 4, 6)
"""Flags of amendments: of price, quantity, or both."""


class Flow:
    """Gives one command after the other; the caller stamps them and tells which orders came into being.

    Expiries suppose that the first command after the definitions is stamped as the comparison stamps it.
    """

    def __init__(
        self,
        seed: int,
        venues: list[Venue],
        instruments: tuple[Instrument, ...] = INSTRUMENTS,
        live_aimed: int = 400,
        *,
        calm: bool = False,
    ) -> None:
        """`calm`: no mass cancels, no changes of state or rules, so that the books grow deep."""
        self._venues = venues  # what is live is asked there
        self.dice = random.Random(seed)
        self.instruments = instruments
        self.live_aimed = live_aimed
        self._calm = calm
        self._numbers = Numbers(self.dice, instruments, venues)
        self._entries = Entries(self._numbers)
        self._pending: deque[Command] = deque()
        """The rest of an order with its prelude."""
        self._given = len(definitions(instruments))
        self.orders: list[Order] = []
        """Orders that were accepted and may still be live."""
        self.gone: list[Order] = []
        """Some of those that are not live any more: their ids must not be found again."""

    def learn(self, order: Order) -> None:
        """An order was accepted, and perhaps others that are linked to it."""
        self.orders += [order, *order.followers]
        if order.partner is not None:
            self.orders.append(order.partner)

    def next(self) -> Command:
        """The next command, without sequence number."""
        self._given += 1
        self._numbers.now_ns = self.now_ns()
        while not self._pending and self._wants_entry():
            self._pending.extend(self._entries.next())
        if self._pending and not self._one_in(80):
            command = self._pending.popleft()
        else:
            command = self._other()
            command.source = self.dice.randrange(256)
        if self._one_in(100):
            command.reason = self.dice.choice((1, 2, 3, 255))
        command.request = self.dice.randrange(1 << 32)
        return command

    def now_ns(self) -> int:
        """When the next command will be stamped."""
        return self._given * 1000

    def _wants_entry(self) -> bool:
        crowded = sum(len(venue.orders) for venue in self._venues) > self.live_aimed
        return not self.orders or self.dice.randrange(100) < (47 if crowded else 65)

    def _other(self) -> Command:
        """Anything but a new order."""
        crowded = sum(len(venue.orders) for venue in self._venues) > self.live_aimed
        kinds = (
            *(self._cancel, self._amend, self._tick, self._rare),
            *(self._state, self._cancel_all, self._rules, self._kill, self._breaker),
        )
        weights = (400 if crowded else 50, 200, 30, 12, *((0, 0, 0, 0, 0) if self._calm else (24, 2, 14, 3, 12)))
        stuck = self._stuck() if self._one_in(12) else None
        if stuck is not None:
            if self._numbers.is_tripped(stuck.symbol) and not self._one_in(3):
                return self._transition(stuck.symbol, self.dice.choice((Transition.HALF_OPEN, Transition.RESET)))
            return Command(kind=Kind.STATE, symbol=stuck.symbol, order_type=MarketState.CONTINUOUS)
        return self.dice.choices(kinds, weights)[0]()

    def _stuck(self) -> Instrument | None:
        """A symbol that does not trade, one that takes nothing sooner than one that collects orders."""
        states = {instrument: self._numbers.state(instrument.symbol) for instrument in self.instruments}
        refusing = [each for each, state in states.items() if state in {*_REFUSING, MarketState.FROZEN}]
        collecting = [each for each, state in states.items() if state not in {*_REFUSING, 2, 6}]
        found = refusing or (collecting if self._one_in(4) else [])
        return self.dice.choice(found) if found else None

    def _one_in(self, count: int) -> bool:
        return self._numbers.one_in(count)

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

    def _aim(self, command: Command, target: Order | None) -> Command:
        """Point a cancel or amend at an order, mostly rightly."""
        if target is None or self._one_in(100):
            command.order_id = self.dice.choice((0, -1, 1, 5, 1 << SLOT_BITS, (1 << 63) - 1, -(1 << 63)))
            command.symbol, command.account = self._numbers.symbol(), self._numbers.account()
            return command
        command.order_id, command.symbol, command.account = target.order_id, target.symbol, target.account
        if self._one_in(40):
            match self.dice.randrange(4):
                case 0:
                    command.account = self._numbers.account()
                case 1:
                    command.symbol = self._numbers.symbol()
                case 2:
                    command.order_id += 1 << SLOT_BITS
                case _:
                    command.order_id ^= 1
        return command

    def _cancel(self) -> Command:
        return self._aim(Command(kind=Kind.CANCEL, client_order_id=self.dice.randrange(1 << 40)), self._target())

    def _amend(self) -> Command:
        """What the order has is amended, mostly."""
        dice, target = self.dice, self._target()
        flags = dice.choice(_PRICED) if target is None or target.has_limit else int(CommandFlag.NEW_QUANTITY)
        if target is not None and target.has_trigger and self._one_in(2):
            flags = CommandFlag.NEW_TRIGGER | dice.choice((0, 0, CommandFlag.NEW_QUANTITY))
        flags |= dice.choice((0, CommandFlag.QUANTITY_IS_LEAVES)) | dice.choice((0, 0, 0, CommandFlag.LOSE_PRIORITY))
        if self._one_in(12):
            flags = dice.randrange(1 << 6) if not self._one_in(4) else dice.randrange(1 << 16)
        command = self._aim(Command(kind=Kind.AMEND, flags=int(flags)), target)
        command.price_ticks = self._numbers.price(command.symbol)
        command.quantity_lots = self._numbers.quantity()
        return command

    def _cancel_all(self) -> Command:
        """Orders of an account, sometimes of all; mostly not all of them."""
        symbol = self._numbers.symbol() if self._one_in(2) else 0
        account = self._numbers.account() if not self._one_in(8) else 0
        command = Command(kind=Kind.CANCEL_ALL, symbol=symbol, account=account)
        if self._one_in(2):
            command.order_id = entry_word(0, self._numbers.session())
        if self._one_in(2):
            command.flags, command.side = int(CommandFlag.ONE_SIDE), self.dice.choice((0, 1, 0, 1, 0, 1, 2))
        return command

    def _kill(self) -> Command:
        """A kill switch, mostly of an account or a group, put on or lifted; sometimes of nobody."""
        dice = self.dice
        scope = dice.choice((Scope.ACCOUNT, Scope.ACCOUNT, Scope.GROUP, Scope.SYMBOL))
        if self._one_in(8):
            scope = dice.choice((Scope.VENUE, Scope.NONE, Scope.ACCOUNT_SYMBOL))
        symbol = self._numbers.symbol() if scope == Scope.SYMBOL or self._one_in(4) else 0
        group = dice.choice((7, 8, 8, 0)) if scope == Scope.GROUP else 0
        account = self._numbers.account() if scope == Scope.ACCOUNT else 0
        on = dice.choice((0, 1, 1))
        return commands_of(factories.kill(scope, on=on, symbol=symbol, account=account, group=group))[0]

    def _breaker(self) -> Command:
        """A circuit breaker of a symbol, mostly of one that does not trade continuously."""
        dice, symbol = self.dice, self._numbers.symbol()
        others = [each for each in self.instruments if self._numbers.state(each.symbol) != MarketState.CONTINUOUS]
        if others and not self._one_in(5):
            symbol = dice.choice(others).symbol
        transitions = _AFTER_A_TRIP if self._numbers.is_tripped(symbol) else _BEFORE_A_TRIP
        return self._transition(symbol, dice.choice(transitions))

    def _transition(self, symbol: int, transition: Transition) -> Command:
        if self._one_in(20):
            transition = self.dice.choice((Transition.NONE, *_AFTER_A_TRIP))
        if transition == Transition.HALF_OPEN and not self._numbers.instrument(symbol).has_auctions:
            transition = Transition.RESET
        return commands_of(factories.breaker(transition, symbol=symbol))[0]

    def _state(self) -> Command:
        """Another market state; one that refuses orders comes seldom, for it lasts until the next."""
        dice = self.dice
        instrument = dice.choice(self.instruments)
        symbol = self._numbers.symbol() if self._one_in(20) else instrument.symbol
        state = dice.choice(instrument.states)
        if self._one_in(8):
            state = dice.choice(_REFUSING)
        elif self._one_in(8) or symbol != instrument.symbol:
            state = dice.choice(_BAD_STATES)
        price = self._numbers.price(instrument.symbol) if self._one_in(3) else 0
        return Command(kind=Kind.STATE, symbol=symbol, order_type=state, price_ticks=price)

    def _rules(self) -> Command:
        """Other rules for a symbol; they mostly leave room for prices near its reference."""
        dice, symbol = self.dice, self._numbers.symbol()
        instrument = self._numbers.instrument(symbol)
        states = (3, 1, 4, 1, 4) if instrument.has_auctions else (3,)
        rules = {
            "static_band_bps": self._width(instrument, 1, 3) if self._one_in(3) else 0,
            "dynamic_band_bps": self._width(instrument, 1, 2) if self._one_in(4) else 0,
            "collar_bps": self._width(instrument, 1, 4) if self._one_in(4) else 0,
            "orders_max": dice.randint(3, 25) if self._one_in(4) else 0,
            "trigger_source": dice.randrange(2),
            "breach_state": dice.choice(states),
        }
        if self._one_in(10):
            name = dice.choice(list(rules))
            odd = {"breach_state": (0, 2, 5, 6, 255), "trigger_source": (2, 255), "orders_max": ((1 << 32) - 1,)}
            rules[name] = dice.choice(odd.get(name, (1_000_000, 1_000_001, (1 << 32) - 1)))
        return commands_of(factories.rules(symbol=symbol, **rules))[0]

    def _width(self, instrument: Instrument, least: int, most: int) -> int:
        """So many spreads of the symbol, in basis points of its reference price."""
        reference = abs(self._numbers.reference_ticks(instrument.symbol))
        if reference == 0 or (len(instrument.centres) > 2 and not self._one_in(6)):
            return 0
        ticks = self.dice.randint(least * instrument.spread_ticks // 2, most * instrument.spread_ticks)
        return min(ticks * BPS // reference + 1, 1_000_000)

    def _tick(self) -> Command:
        return Command(kind=Kind.TICK)

    def _rare(self) -> Command:
        match self.dice.randrange(5):
            case 0:
                instrument = self.dice.choice(self.instruments)
                stranger = self.dice.choice((0, 7, instrument.symbol))
                return self._odd_definition(instrument._replace(symbol=stranger))
            case 1:
                account = self.dice.choice((*ACCOUNTS, self.dice.randint(1, 1 << 20)))
                return commands_of(factories.define_account(account, group=self.dice.choice((0, 7, 8))))[0]
            case 2:
                return Command(kind=self.dice.choice((Kind.BOOT, Kind.SETTLED, Kind.NONE, 7, 26, 255)))
            case 3:
                return self._recorded()
            case _:
                return Command(kind=self.dice.choice((Kind.BOOT, 200)), symbol=self._numbers.symbol())

    def _recorded(self) -> Command:
        """A record that is nothing to the book, with all its bytes at random."""
        dice = self.dice
        command = Command(
            kind=dice.choice(_RECORDED),
            symbol=self._numbers.symbol() if self._one_in(2) else 0,
            account=dice.randrange(1 << 32),
            price_ticks=dice.randrange(-(1 << 31), 1 << 31),
        )
        command.side, command.order_type, command.time_in_force = dice.randbytes(3)
        command.quantity_lots, command.order_id, command.client_order_id = (
            dice.randrange(-(1 << 63), 1 << 63) for _ in range(3)
        )
        return command

    def _odd_definition(self, instrument: Instrument) -> Command:
        """Symbol 0, a symbol that there is already, something wrong, or, late and rarely, symbol 7."""
        match self.dice.randrange(4):
            case 0:
                return definition(instrument._replace(symbol=8, lowest_ticks=2, highest_ticks=1), MarketState.HALT)
            case 1:
                return definition(instrument, self.dice.choice(_BAD_STATES))
            case _:
                small = self.instruments[0]._replace(symbol=instrument.symbol)
                return definition(small, MarketState.OPENING_AUCTION)


def records_of(commands: list[Command]) -> np.ndarray:
    """The commands as COMMAND records, with the very bytes of their other readings."""
    names = COMMAND.names
    assert names is not None
    return np.array([tuple(getattr(command, name) for name in names) for command in commands], COMMAND)
