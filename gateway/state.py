"""The venue as one gateway sees it: a copy of orders and markets, kept current by applying every event in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from gateway.events import (
    ACCEPTED,
    AMENDED,
    AUCTION,
    CANCELLED,
    COUNTER_DONE,
    DISPLAYED,
    HIDDEN,
    INDICATION,
    KEPT_PRIORITY,
    ORDER_DONE,
    PREVENTED,
    RECORDED,
    REJECTED,
    RESTED,
    RESTING,
    RULES,
    SELL,
    STATE,
    SYMBOL,
    TERMS,
    TRADE,
    TRIGGERED,
    Event,
    unpack_array,
)
from gateway.market import Indication, Market, Trade
from gateway.orders import CANCELLED as CANCELLED_STATUS
from gateway.orders import FILLED, OPEN, WAITING, Order, OrderTable
from gateway.recovered import live_orders
from gateway.withdrawals import Withdrawals
from tradsys.records import MarketState, TriggerSource
from tradsys.symbols import Rules, Symbol

_INDICATING = (MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION, MarketState.FROZEN)


class Recovered(Protocol):
    """A venue's state as rebuilt from its journal (see workers.replica)."""

    @property
    def shards(self) -> Any:
        """The private shards."""

    @property
    def positions(self) -> Any:
        """By shard: number of its last event."""

    @property
    def symbols(self) -> Any:
        """SYMBOL_DEFINITION by symbol number."""

    @property
    def symbol_count(self) -> int:
        """The highest symbol number."""

    @property
    def postings(self) -> Any:
        """The POSTING records, a LEDGER_RECORD array."""

    def recent_events(self, shard: int, count: int) -> Any:
        """The last events of a shard, an EVENT array."""


class VenueState:
    """Orders, and markets by symbol number and by name. `definition_of` reads a symbol's definition record."""

    def __init__(self, definition_of: Callable[[int], Any], trades_kept: int, finished_orders_kept: int) -> None:
        self.orders = OrderTable(finished_orders_kept)
        self.markets: dict[int, Market] = {}
        self.market_of: dict[str, Market] = {}
        self.withdrawals = Withdrawals()
        self._definition_of = definition_of
        self._trades_kept = trades_kept
        self._appliers: dict[int, Callable[[Event, int], None]] = {
            ACCEPTED: self._accepted,
            RESTED: self._rested,
            TRADE: self._trade,
            CANCELLED: self._cancelled,
            AMENDED: self._amended,
            STATE: self._state,
            INDICATION: self._indication,
            SYMBOL: self._symbol,
            RULES: self._rules,
            TERMS: self._terms,
            DISPLAYED: self._displayed,
            TRIGGERED: self._triggered,
            PREVENTED: self._prevented,
            RECORDED: self._recorded,
            REJECTED: self._recorded,
        }

    def apply(self, event: Event, number: int) -> None:
        """The next event of a shard, the one of this number in its stream."""
        applier = self._appliers.get(event.kind)
        if applier is not None:
            applier(event, number)

    def load(self, replica: Recovered, recent_count: int) -> None:
        """Begin with what the journal tells; the last `recent_count` events a shard give trades and ended orders."""
        for symbol in range(1, replica.symbol_count + 1):
            self._define(replica.symbols[symbol])
        self.withdrawals.load(replica.postings)
        for shard in range(len(replica.shards)):
            recent = replica.recent_events(shard, recent_count)
            first = int(replica.positions[shard]) - len(recent) + 1
            self._apply_recent(unpack_array(recent), first)
        # What the recent events say about open orders and depth is only a part of it: take the books themselves.
        self.orders.drop_open()
        for market in self.markets.values():
            market.clear_depth()
        for shard, position in zip(replica.shards, replica.positions, strict=True):
            self._load_orders(shard, int(position))
        for market in self.markets.values():
            shard = market.symbol.id % len(replica.shards)
            market.sequence = int(replica.positions[shard])
            book = replica.shards[shard].books[market.symbol.id]
            market.state = MarketState(int(book["state"]))
            market.rules = Rules.from_record(book)

    def _apply_recent(self, events: Iterable[Event], first: int) -> None:
        for number, event in enumerate(events, first):
            # An order accepted before the first of these events is not known here.
            if event.kind in (ACCEPTED, TRADE, SYMBOL) or self.orders.get(event.order_id) is not None:
                self.apply(event, number)

    def _load_orders(self, shard: Any, position: int) -> None:
        for order in live_orders(shard):
            self.orders.add(order)
            lots, order.shown_lots = order.shown_lots, 0
            _show(order, self.markets[order.symbol], lots, position)

    def _define(self, definition: Any) -> None:
        symbol = Symbol.from_definition(definition)
        if symbol.id not in self.markets:
            market = Market(symbol, self._trades_kept)
            self.markets[symbol.id] = self.market_of[symbol.name] = market

    def _symbol(self, event: Event, number: int) -> None:
        self._define(self._definition_of(event.symbol))

    def _accepted(self, event: Event, number: int) -> None:
        order = Order.accepted(event)
        market = self.markets[event.symbol]
        head = market.newest
        if head is not None and head.log_sequence == order.log_sequence:
            if head.triggers_others:
                order.waits_for = head.order_id
                order.status = WAITING
        else:
            market.newest = order
        self.orders.add(order)
        if event.flags & (RESTING | HIDDEN) == RESTING:
            _show(order, market, order.leaves_lots, number)

    def _terms(self, event: Event, number: int) -> None:
        order = self._known(event, number)
        order.trigger_ticks = event.price_ticks
        order.display_lots = event.quantity_lots
        order.distance = event.counter_account
        order.expires_ns = event.counter_order_id

    def _rested(self, event: Event, number: int) -> None:
        order = self._known(event, number)
        market = self.markets[event.symbol]
        _show(order, market, 0, number)
        order.price_ticks = event.price_ticks
        order.leaves_lots = event.quantity_lots
        order.quantity_lots = order.filled_lots + event.quantity_lots
        order.status = OPEN
        if not event.flags & HIDDEN:
            _show(order, market, event.quantity_lots, number)

    def _displayed(self, event: Event, number: int) -> None:
        order = self._known(event, number)
        market = self.markets[event.symbol]
        _show(order, market, 0, number)
        order.price_ticks = event.price_ticks
        _show(order, market, event.quantity_lots, number)

    def _triggered(self, event: Event, number: int) -> None:
        order = self._known(event, number)
        order.leaves_lots = event.quantity_lots
        order.quantity_lots = order.filled_lots + event.quantity_lots
        if order.waits_for:
            order.waits_for = 0
            if not order.has_trigger:
                order.status = OPEN
        elif order.has_trigger:
            order.fire()

    def _trade(self, event: Event, number: int) -> None:
        flags, lots, price_ticks = event.flags, event.quantity_lots, event.price_ticks
        market = self.markets[event.symbol]
        order = self.orders.get(event.order_id)
        if order is not None:
            self._fill(order, market, price_ticks, lots, flags & ORDER_DONE, number)
        maker = self.orders.get(event.counter_order_id)
        if maker is not None:
            self._fill(maker, market, price_ticks, lots, flags & COUNTER_DONE, number)
        side = None if flags & AUCTION else flags & SELL
        market.trades.append(Trade(number, price_ticks, lots, side, event.timestamp_ns))

    def _fill(self, order: Order, market: Market, price_ticks: int, lots: int, done: int, number: int) -> None:
        if order.shown_lots:
            # Of an iceberg no more than its slice trades at once: the next one is told by an event of its own.
            _show(order, market, order.shown_lots - lots, number)
        order.filled_lots += lots
        order.leaves_lots -= price_ticks * lots if order.is_budget else lots
        order.status = OPEN
        if done:
            self.orders.finish(order, FILLED)

    def _prevented(self, event: Event, number: int) -> None:
        taker = self._known(event, number)
        if not taker.decrements:
            return
        lots = event.quantity_lots
        for order in (taker, self.orders.get(event.counter_order_id)):
            if order is not None:
                order.leaves_lots -= lots
                order.quantity_lots -= lots
                if order.shown_lots:
                    _show(order, self.markets[event.symbol], order.shown_lots - lots, number)

    def _cancelled(self, event: Event, number: int) -> None:
        order = self._known(event, number)
        _show(order, self.markets[event.symbol], 0, number)
        order.leaves_lots = event.quantity_lots
        if not order.is_budget:
            order.quantity_lots = order.filled_lots + event.quantity_lots
        self.orders.finish(order, CANCELLED_STATUS, event.reason)

    def _amended(self, event: Event, number: int) -> None:
        order = self._known(event, number)
        flags, lots = event.flags, event.quantity_lots
        shown = lots if flags & RESTING else 0
        if flags & HIDDEN:
            # What is shown stays when the order keeps its place, as far as so much is left.
            shown = min(order.shown_lots, lots) if flags & KEPT_PRIORITY else 0
        market = self.markets[event.symbol]
        _show(order, market, 0, number)
        order.price_ticks = event.price_ticks
        if order.is_pegged:
            order.status = OPEN if flags & RESTING else WAITING
        else:
            order.limit_ticks = event.price_ticks
        order.leaves_lots = lots
        order.quantity_lots = order.filled_lots + lots
        _show(order, market, shown, number)

    def _known(self, event: Event, number: int) -> Order:
        order = self.orders.get(event.order_id)
        assert order is not None, f"event {number} is about the unknown order {event.order_id}"
        return order

    def _state(self, event: Event, number: int) -> None:
        market = self.markets[event.symbol]
        market.state = MarketState(event.counter_account)
        if market.state not in _INDICATING:
            market.indication = None

    def _rules(self, event: Event, number: int) -> None:
        self.markets[event.symbol].rules = Rules(
            event.order_id >> 32,
            event.order_id & 0xFFFF_FFFF,
            event.price_ticks,
            event.quantity_lots,
            TriggerSource(event.counter_account & 0xFF),
            MarketState(event.counter_account >> 8 & 0xFF or MarketState.HALT),
        )

    def _recorded(self, event: Event, number: int) -> None:
        self.withdrawals.apply(event)

    def _indication(self, event: Event, number: int) -> None:
        market = self.markets[event.symbol]
        market.indication = Indication(event.price_ticks, event.quantity_lots, event.order_id)


def _show(order: Order, market: Market, lots: int, number: int) -> None:
    """From event `number` on the public depth shows so much of the order, at its price."""
    shown = order.shown_lots
    if lots != shown:
        order.shown_lots = lots
        market.change(order.side, order.price_ticks, lots - shown, (lots > 0) - (shown > 0), number)
