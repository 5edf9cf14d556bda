"""The venue as one gateway sees it: a copy of orders and markets, kept current by applying every event in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from gateway.events import (
    ACCEPTED,
    AMENDED,
    AUCTION,
    CANCELLED,
    COUNTER_DONE,
    INDICATION,
    ORDER_DONE,
    RESTED,
    RESTING,
    SELL,
    STATE,
    SYMBOL,
    TRADE,
    WAS_RESTING,
    Event,
    unpack_array,
)
from gateway.market import Indication, Market, Trade
from gateway.orders import CANCELLED as CANCELLED_STATUS
from gateway.orders import FILLED, OPEN, Order, OrderTable
from tradsys.book.layout import W_USED_ORDERS
from tradsys.records import MarketState
from tradsys.symbols import Symbol


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

    def recent_events(self, shard: int, count: int) -> Any:
        """The last events of a shard, an EVENT array."""


class VenueState:
    """Orders, and markets by symbol number and by name. `definition_of` reads a symbol's definition record."""

    def __init__(self, definition_of: Callable[[int], Any], trades_kept: int, finished_orders_kept: int) -> None:
        self.orders = OrderTable(finished_orders_kept)
        self.markets: dict[int, Market] = {}
        self.market_of: dict[str, Market] = {}
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
            market.state = MarketState(int(replica.shards[shard].books[market.symbol.id]["state"]))

    def _apply_recent(self, events: Iterable[Event], first: int) -> None:
        for number, event in enumerate(events, first):
            # An order accepted before the first of these events is not known here.
            if event.kind in (ACCEPTED, TRADE, SYMBOL) or self.orders.get(event.order_id) is not None:
                self.apply(event, number)

    def _load_orders(self, shard: Any, position: int) -> None:
        used = np.asarray(shard.orders)[1 : int(shard.words[W_USED_ORDERS]) + 1]
        live = used[used["order_id"] != 0]
        for record in np.sort(live, order="order_id"):
            order = _order_from_record(record)
            self.orders.add(order)
            self.markets[order.symbol].change(order.side, order.price_ticks, order.leaves_lots, 1, position)

    def _define(self, definition: Any) -> None:
        symbol = Symbol.from_definition(definition)
        if symbol.id not in self.markets:
            market = Market(symbol, self._trades_kept)
            self.markets[symbol.id] = self.market_of[symbol.name] = market

    def _symbol(self, event: Event, number: int) -> None:
        self._define(self._definition_of(event.symbol))

    def _accepted(self, event: Event, number: int) -> None:
        order = Order.accepted(event)
        self.orders.add(order)
        if event.flags & RESTING:
            self.markets[event.symbol].change(order.side, order.price_ticks, order.leaves_lots, 1, number)

    def _rested(self, event: Event, number: int) -> None:
        side = event.flags & SELL
        self.markets[event.symbol].change(side, event.price_ticks, event.quantity_lots, 1, number)

    def _trade(self, event: Event, number: int) -> None:
        flags, lots = event.flags, event.quantity_lots
        market = self.markets[event.symbol]
        order = self.orders.get(event.order_id)
        maker = self.orders.get(event.counter_order_id)
        is_auction = flags & AUCTION
        if order is not None:
            if is_auction:
                market.change(order.side, order.price_ticks, -lots, -bool(flags & ORDER_DONE), number)
            self._fill(order, lots, flags & ORDER_DONE)
        if maker is not None:
            market.change(maker.side, maker.price_ticks, -lots, -bool(flags & COUNTER_DONE), number)
            self._fill(maker, lots, flags & COUNTER_DONE)
        side = None if is_auction else flags & SELL
        market.trades.append(Trade(number, event.price_ticks, lots, side, event.timestamp_ns))

    def _fill(self, order: Order, lots: int, done: int) -> None:
        order.filled_lots += lots
        order.leaves_lots -= lots
        if done:
            self.orders.finish(order, FILLED)

    def _cancelled(self, event: Event, number: int) -> None:
        order = self.orders.get(event.order_id)
        assert order is not None, f"event {number} cancels the unknown order {event.order_id}"
        if event.flags & WAS_RESTING:
            market = self.markets[event.symbol]
            market.change(order.side, event.price_ticks, -event.quantity_lots, -1, number)
        self.orders.finish(order, CANCELLED_STATUS, event.reason)

    def _amended(self, event: Event, number: int) -> None:
        order = self.orders.get(event.order_id)
        assert order is not None, f"event {number} amends the unknown order {event.order_id}"
        market = self.markets[event.symbol]
        previous_lots = event.counter_order_id
        market.change(order.side, event.previous_price_ticks, -previous_lots, -1, number)
        if event.flags & RESTING:
            market.change(order.side, event.price_ticks, event.quantity_lots, 1, number)
        order.price_ticks = event.price_ticks
        order.leaves_lots = event.quantity_lots
        order.quantity_lots = order.filled_lots + event.quantity_lots

    def _state(self, event: Event, number: int) -> None:
        market = self.markets[event.symbol]
        market.state = MarketState(event.counter_account)
        market.indication = None

    def _indication(self, event: Event, number: int) -> None:
        market = self.markets[event.symbol]
        market.indication = Indication(event.price_ticks, event.quantity_lots, event.order_id)


def _order_from_record(record: Any) -> Order:
    """An open order out of a shard's table."""
    leaves, filled = int(record["leaves_lots"]), int(record["filled_lots"])
    return Order(
        int(record["order_id"]),
        int(record["client_order_id"]),
        int(record["account"]),
        int(record["symbol"]),
        int(record["side"]),
        int(record["order_type"]),
        int(record["time_in_force"]),
        int(record["price_ticks"]),
        filled + leaves,
        filled,
        leaves,
        OPEN,
        0,
        0,
    )
