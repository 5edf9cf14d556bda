"""A venue of several symbols in plain Python: commands of the log in, events out."""

from __future__ import annotations

from typing import NamedTuple

from tradsys.reasons import Reason
from tradsys.records import SLOT_MASK, EventKind, Kind
from tradsys.reference.amending import amend
from tradsys.reference.book import Level
from tradsys.reference.cancelling import cancel, cancel_all, kill
from tradsys.reference.endings import end
from tradsys.reference.entering import enter
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.messages import Command, Event
from tradsys.reference.orders import Order, Place
from tradsys.reference.settling import come_to_rest
from tradsys.reference.states import change_state, define_symbol, obey_breaker, set_rules, tick
from tradsys.reference.tickets import Prelude

_OF_OTHERS = {
    Kind.ASSET,
    Kind.CONTRACT,
    Kind.FEES,
    Kind.TIER,
    Kind.POSTING,
    Kind.LIMIT,
    Kind.ACCOUNT_STATUS,
    Kind.KILL,
    Kind.BREAKER_RULES,
    Kind.BREAKER,
    Kind.ALERT,
}
"""What the ledger and the risk checks are told: here it is only said that it stands."""


class Waiting(NamedTuple):
    """A symbol's orders outside the book."""

    above: list[Order]
    """For a trigger above the market, in the order in which they would fire."""
    below: list[Order]
    unpriced: list[Order]
    """Pegged orders without a price, as they were accepted; so the next two."""
    parked: list[Order]
    behind_another: list[Order]
    queue: list[Order]
    """Orders that act as soon as the state lets them."""


class Venue:
    """Every symbol and every live order; `orders_max` orders can be live at once.

    `tells_accounts`: whether definitions of accounts, which every shard of a venue learns, have their event here.
    """

    def __init__(self, orders_max: int = SLOT_MASK, *, tells_accounts: bool = True) -> None:
        self._floor = Floor(orders_max)
        self._events = self._floor.events
        self._prelude = Prelude()
        self._tells_accounts = tells_accounts
        self.markets: dict[int, Market] = self._floor.markets
        self.orders: dict[int, Order] = self._floor.orders

    # What the venue shows.

    def depth(self, symbol: int, levels: int | None = None) -> tuple[list[Level], list[Level]]:
        """What the best levels of bids and of offers show, best first; all of them when `levels` is None."""
        book = self.markets[symbol].book
        return book.bids.displayed.levels(levels), book.asks.displayed.levels(levels)

    def best(self, symbol: int) -> tuple[int | None, int | None]:
        """Best displayed bid and offer in ticks, None where there is none."""
        return self.markets[symbol].book.best_displayed()

    def open_orders(self, symbol: int) -> list[Order]:
        """The displayed orders of a symbol: bids, then offers, each in price-time priority."""
        book = self.markets[symbol].book
        return [*book.bids.displayed.orders(), *book.asks.displayed.orders()]

    def hidden_orders(self, symbol: int) -> list[Order]:
        """The hidden orders of a symbol, pegged ones included: bids, then offers, each in price-time priority."""
        book = self.markets[symbol].book
        return [*book.bids.hidden.orders(), *book.asks.hidden.orders()]

    def waiting(self, symbol: int) -> Waiting:
        """The orders of a symbol that are not in its book."""
        market = self.markets[symbol]
        return Waiting(
            list(market.above.orders()),
            list(market.below.orders()),
            [order for order in market.orders.values() if order.place is Place.UNPRICED],
            list(market.parked.values()),
            [order for order in market.orders.values() if order.place is Place.BEHIND_ANOTHER],
            list(market.queue.values()),
        )

    # What the venue does.

    def process(self, command: Command) -> list[Event]:
        """Carry out one command of the log and give its events, the last one flagged LAST.

        Among them, first, are those of orders whose time has run out by then.
        """
        self._events.begin(command)
        self._expire(command.timestamp_ns)
        reason = command.reason
        if reason != Reason.NONE:
            self._prelude.drop()
        else:
            told = len(self._events.written)
            reason = self._carry_out(command)
            assert reason == Reason.NONE or len(self._events.written) == told, "a refused command changes nothing"
        if reason != Reason.NONE:
            self._events.rejected(reason)
        return self._events.finish()

    def pass_by(self, command: Command) -> list[Event]:
        """A record of the log that concerns other shards: here only time passes. Gives the events of that."""
        self._events.begin(command)
        self._expire(command.timestamp_ns)
        self._prelude.drop()
        return self._events.finish()

    def _expire(self, now_ns: int) -> None:
        order = self._floor.next_expired(now_ns)
        if order is None:
            return
        while order is not None:
            end(self._floor, order, Reason.EXPIRED)
            order = self._floor.next_expired(now_ns)
        self._come_to_rest(0)

    def _carry_out(self, command: Command) -> int:
        """Do what the command asks for and what follows from it; gives why it is refused."""
        floor = self._floor
        if command.kind in {Kind.EXTENSION, Kind.LEG}:
            self._prelude.add(command)
            return Reason.NONE
        prelude = self._prelude.take(command)
        reason = int(Reason.NONE)
        match command.kind:
            case Kind.NEW:
                reason = enter(floor, command, prelude)
            case Kind.CANCEL:
                reason = cancel(floor, command)
            case Kind.AMEND:
                reason = amend(floor, command)
            case Kind.CANCEL_ALL:
                reason = cancel_all(floor, command)
            case Kind.STATE:
                reason = change_state(floor, command)
            case Kind.RULES:
                reason = set_rules(floor, command)
            case Kind.SYMBOL:
                reason = define_symbol(floor, command)
            case Kind.TICK:
                tick(floor)
            case Kind.ACCOUNT:
                self._define_account(command)
            case Kind.KILL if command.kill is not None and command.kill.on:
                kill(floor, command)
            case Kind.BREAKER if command.symbol != 0:
                reason = obey_breaker(floor, command)
            case _ if command.kind in _OF_OTHERS:
                self._events.recorded()
                return Reason.NONE
            case _:
                return Reason.NONE  # it has no event, or the sequencer has refused what nobody knows
        if reason == Reason.NONE and command.kind not in {Kind.TICK, Kind.ACCOUNT}:
            self._come_to_rest(command.symbol)
        return reason

    def _define_account(self, command: Command) -> None:
        self._floor.groups[command.account] = command.group
        if self._tells_accounts:
            self._events.write(EventKind.ACCOUNT, 0, symbol=0, account=command.account)

    def _come_to_rest(self, symbol: int) -> None:
        """What follows in a symbol of itself; 0: in every symbol, one after the other."""
        if symbol in self.markets:
            come_to_rest(self._floor, self.markets[symbol])
        elif symbol == 0:
            for _, market in sorted(self.markets.items()):
                come_to_rest(self._floor, market)
