"""A venue of several symbols in plain Python: commands of the log in, events out."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradsys.reasons import Reason
from tradsys.records import (
    QUANTITY_MAX,
    SLOT_BITS,
    SLOT_MASK,
    CommandFlag,
    EventKind,
    Kind,
    MarketState,
    OrderType,
    TimeInForce,
)
from tradsys.reference.auction import NOTHING, Indication, indicate, pairs
from tradsys.reference.book import SELL, Book, Level, Order
from tradsys.reference.events import AUCTION, KEPT_PRIORITY, RESTING, WAS_RESTING, EventWriter
from tradsys.reference.messages import Command, Event

# Plain integers: an IntFlag's operators are slow.
POST_ONLY = int(CommandFlag.POST_ONLY)
NEW_PRICE = int(CommandFlag.NEW_PRICE)
NEW_QUANTITY = int(CommandFlag.NEW_QUANTITY)
QUANTITY_IS_LEAVES = int(CommandFlag.QUANTITY_IS_LEAVES)
LOSE_PRIORITY = int(CommandFlag.LOSE_PRIORITY)

COLLECTING = (MarketState.PRE_OPEN, MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION)
"""States in which orders rest without matching, and whose end uncrosses the book."""
INDICATED = (MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION)
REFUSING = (MarketState.HALT, MarketState.CLOSED)


@dataclass(slots=True)
class Market:
    """A symbol: its prices (in ticks, inclusive), its state, its book, and what its last INDICATION said."""

    lowest_ticks: int
    highest_ticks: int
    reference_ticks: int
    state: int
    book: Book = field(default_factory=Book)
    indicated: Indication = NOTHING

    def accepts_price(self, price_ticks: int) -> bool:
        """Whether a limit is within the symbol's range."""
        return self.lowest_ticks <= price_ticks <= self.highest_ticks


class Venue:
    """Every symbol and every live order; `orders_max` orders can be live at once."""

    def __init__(self, orders_max: int = SLOT_MASK) -> None:
        self.markets: dict[int, Market] = {}
        self.orders: dict[int, Order] = {}
        self._orders_max = orders_max
        self._free_slots: list[int] = []
        self._used_slots = 0
        self._events = EventWriter()

    # What the venue shows.

    def depth(self, symbol: int, levels: int | None = None) -> tuple[list[Level], list[Level]]:
        """The best levels of bids and of offers, best first; all of them when `levels` is None."""
        book = self.markets[symbol].book
        return book.bids.levels(levels), book.asks.levels(levels)

    def best(self, symbol: int) -> tuple[int | None, int | None]:
        """Best bid and best offer in ticks, None where there is none."""
        book = self.markets[symbol].book
        return book.bids.best_price(), book.asks.best_price()

    def open_orders(self, symbol: int) -> list[Order]:
        """The orders of a symbol: bids, then offers, each in price-time priority."""
        book = self.markets[symbol].book
        return [*book.bids.orders_from_best(), *book.asks.orders_from_best()]

    # What the venue does.

    def process(self, command: Command) -> list[Event]:
        """Carry out one command of the log and give its events, the last one flagged LAST."""
        self._events.begin(command)
        if command.reason != Reason.NONE:
            self._events.rejected(command.reason)
        else:
            reason = self._carry_out(command)
            if reason != Reason.NONE:
                assert not self._events.written, "a refused command changes nothing"
                self._events.rejected(reason)
        return self._events.finish()

    def _carry_out(self, command: Command) -> int:
        if command.kind == Kind.NEW:
            return self._new(command)
        if command.kind == Kind.CANCEL:
            return self._cancel(command)
        if command.kind == Kind.AMEND:
            return self._amend(command)
        if command.kind == Kind.CANCEL_ALL:
            return self._cancel_all(command)
        if command.kind == Kind.STATE:
            return self._change_state(command)
        if command.kind == Kind.TICK:
            return self._tick()
        if command.kind == Kind.SYMBOL:
            return self._define_symbol(command)
        if command.kind == Kind.ACCOUNT:
            self._events.write(EventKind.ACCOUNT, 0, symbol=0, account=command.account)
        return Reason.NONE  # the sequencer has refused what nobody knows

    # New orders.

    def _new(self, command: Command) -> int:
        reason = self._why_not_new(command)
        if reason != Reason.NONE:
            return reason
        market = self.markets[command.symbol]
        is_market = command.order_type == OrderType.MARKET
        may_rest = not is_market and command.time_in_force == TimeInForce.GTC
        order = Order(
            command.sequence << SLOT_BITS | self._take_slot(),
            command.account,
            command.symbol,
            command.side,
            0 if is_market else command.price_ticks,
            command.quantity_lots,
            command.client_order_id,
            bool(command.flags & POST_ONLY),
        )
        self.orders[order.order_id] = order
        limit = None if is_market else order.price_ticks
        trades = market.state == MarketState.CONTINUOUS and market.book.would_trade(order.side, limit)
        rests = may_rest and not trades
        self._events.order(
            EventKind.ACCEPTED,
            order,
            RESTING if rests else 0,
            counter_account=command.order_type | command.time_in_force << 8,
        )
        if trades:
            self._sweep(market, order, limit)
        if order.leaves_lots == 0:
            self._forget(order)
        elif may_rest:
            market.book.side(order.side).add(order)
            if trades:
                self._events.order(EventKind.RESTED, order, RESTING)
        else:
            rest = Reason.MARKET_REST if is_market else Reason.IMMEDIATE_REST
            self._events.order(EventKind.CANCELLED, order, 0, rest)
            self._forget(order)
        return Reason.NONE

    def _why_not_new(self, command: Command) -> int:
        market = self.markets.get(command.symbol)
        if market is None:
            return Reason.UNKNOWN_SYMBOL
        if market.state in REFUSING:
            return Reason.SYMBOL_NOT_OPEN
        is_market = command.order_type == OrderType.MARKET
        immediate = is_market or command.time_in_force != TimeInForce.GTC
        post_only = bool(command.flags & POST_ONLY)
        if not _is_valid_order(command) or (post_only and immediate):
            return Reason.INVALID_ORDER
        if not 1 <= command.quantity_lots <= QUANTITY_MAX:
            return Reason.INVALID_QUANTITY
        if not is_market and not market.accepts_price(command.price_ticks):
            return Reason.PRICE_OUT_OF_RANGE
        if market.state in COLLECTING and (immediate or post_only):
            return Reason.NOT_ALLOWED_IN_AUCTION
        limit = None if is_market else command.price_ticks
        if post_only and market.book.would_trade(command.side, limit):
            return Reason.WOULD_CROSS
        all_or_nothing = command.time_in_force == TimeInForce.FOK
        if all_or_nothing and market.book.available_lots(command.side, limit) < command.quantity_lots:
            return Reason.NOT_FILLABLE
        if not self._free_slots and self._used_slots == self._orders_max:
            return Reason.ORDER_POOL_FULL
        return Reason.NONE

    def _sweep(self, market: Market, taker: Order, limit_ticks: int | None) -> None:
        """Trade `taker` against the other side, best price first, earliest order first, at the makers' prices."""
        makers = market.book.opposite(taker.side)
        while taker.leaves_lots > 0 and market.book.would_trade(taker.side, limit_ticks):
            maker = makers.best_order()
            quantity = min(taker.leaves_lots, maker.leaves_lots)
            self._fill(taker, quantity)
            self._fill(maker, quantity)
            self._events.trade(taker, maker, maker.price_ticks, quantity, taker.side)
            if maker.leaves_lots == 0:
                makers.remove(maker)
                self._forget(maker)

    # Cancels and amends.

    def _cancel(self, command: Command) -> int:
        order = self.orders.get(command.order_id)
        if order is None or order.symbol != command.symbol:
            return Reason.UNKNOWN_ORDER
        if order.account != command.account:
            return Reason.NOT_YOUR_ORDER
        self._take_out(order, Reason.CANCELLED_BY_CLIENT)
        return Reason.NONE

    def _take_out(self, order: Order, reason: int) -> None:
        self.markets[order.symbol].book.side(order.side).remove(order)
        self._events.order(EventKind.CANCELLED, order, WAS_RESTING, reason)
        self._forget(order)

    def _cancel_all(self, command: Command) -> int:
        chosen = [
            order
            for order in self.orders.values()
            if command.account in {0, order.account} and command.symbol in {0, order.symbol}
        ]
        for order in sorted(chosen, key=lambda order: order.order_id & SLOT_MASK):
            self._take_out(order, Reason.CANCELLED_BY_MASS_CANCEL)
        self._events.write(
            EventKind.MASS_CANCELLED, 0, symbol=command.symbol, quantity_lots=len(chosen), account=command.account
        )
        return Reason.NONE

    def _amend(self, command: Command) -> int:
        reason = self._why_not_amend(command)
        if reason != Reason.NONE:
            return reason
        order = self.orders[command.order_id]
        market = self.markets[order.symbol]
        price, leaves = _amended(order, command)
        if leaves <= 0:
            self._take_out(order, Reason.AMENDED_BELOW_FILLED)
            return Reason.NONE
        before_price, before_leaves = order.price_ticks, order.leaves_lots
        keeps = price == before_price and leaves <= before_leaves and not command.flags & LOSE_PRIORITY
        trades = not keeps and market.state == MarketState.CONTINUOUS and market.book.would_trade(order.side, price)
        if trades and order.post_only:
            return Reason.WOULD_CROSS
        side = market.book.side(order.side)
        if not keeps:
            side.remove(order)
        order.price_ticks, order.leaves_lots = price, leaves
        self._events.order(
            EventKind.AMENDED,
            order,
            WAS_RESTING | (0 if trades else RESTING) | (KEPT_PRIORITY if keeps else 0),
            counter_account=before_price & 0xFFFF_FFFF,
            counter_order_id=before_leaves,
        )
        if trades:
            self._sweep(market, order, price)
        if order.leaves_lots == 0:
            self._forget(order)
        elif not keeps:
            side.add(order)
            if trades:
                self._events.order(EventKind.RESTED, order, RESTING)
        return Reason.NONE

    def _why_not_amend(self, command: Command) -> int:
        order = self.orders.get(command.order_id)
        if order is None or order.symbol != command.symbol:
            return Reason.UNKNOWN_ORDER
        if order.account != command.account:
            return Reason.NOT_YOUR_ORDER
        if not command.flags & (NEW_PRICE | NEW_QUANTITY):
            return Reason.NOTHING_TO_AMEND
        market = self.markets[order.symbol]
        if market.state in REFUSING:
            return Reason.SYMBOL_NOT_OPEN
        if command.flags & NEW_QUANTITY and not 1 <= command.quantity_lots <= QUANTITY_MAX:
            return Reason.INVALID_QUANTITY
        if command.flags & NEW_PRICE and not market.accepts_price(command.price_ticks):
            return Reason.PRICE_OUT_OF_RANGE
        return Reason.NONE

    # Symbols, their states and their auctions.

    def _define_symbol(self, command: Command) -> int:
        definition = command.definition
        assert definition is not None, "a symbol command needs its definition"
        if definition.symbol == 0:
            return Reason.UNKNOWN_SYMBOL
        if definition.symbol in self.markets:
            return Reason.SYMBOL_EXISTS
        if definition.state > MarketState.CLOSED:
            return Reason.INVALID_STATE
        if definition.lowest_ticks > definition.highest_ticks:
            return Reason.SYMBOL_RANGE_TOO_WIDE
        self.markets[definition.symbol] = Market(
            definition.lowest_ticks, definition.highest_ticks, definition.reference_ticks, definition.state
        )
        self._events.write(
            EventKind.SYMBOL,
            0,
            symbol=definition.symbol,
            price_ticks=definition.reference_ticks,
            counter_account=definition.state,
        )
        return Reason.NONE

    def _change_state(self, command: Command) -> int:
        market = self.markets.get(command.symbol)
        if market is None:
            return Reason.UNKNOWN_SYMBOL
        state = command.order_type
        if state > MarketState.CLOSED:
            return Reason.INVALID_STATE
        if command.price_ticks != 0:
            market.reference_ticks = command.price_ticks
        uncrossed = NOTHING
        if market.state in COLLECTING and state not in COLLECTING:
            uncrossed = self._uncross(market)
        market.state = state
        market.indicated = NOTHING
        self._events.write(
            EventKind.STATE,
            0,
            symbol=command.symbol,
            price_ticks=uncrossed.price_ticks,
            quantity_lots=uncrossed.volume_lots,
            counter_account=state,
        )
        return Reason.NONE

    def _uncross(self, market: Market) -> Indication:
        book = market.book
        result = indicate(book, market.reference_ticks)
        for buyer, seller, quantity in pairs(book, result):
            self._fill(buyer, quantity)
            self._fill(seller, quantity)
            self._events.trade(buyer, seller, result.price_ticks, quantity, AUCTION)
            for order in (buyer, seller):
                if order.leaves_lots == 0:
                    book.side(order.side).remove(order)
                    self._forget(order)
        if result.volume_lots > 0:
            market.reference_ticks = result.price_ticks
        return result

    def _tick(self) -> int:
        for symbol, market in sorted(self.markets.items()):
            if market.state not in INDICATED:
                continue
            now = indicate(market.book, market.reference_ticks)
            if now != market.indicated:
                market.indicated = now
                self._events.write(
                    EventKind.INDICATION,
                    0,
                    symbol=symbol,
                    price_ticks=now.price_ticks,
                    quantity_lots=now.volume_lots,
                    order_id=now.surplus_lots,
                )
        return Reason.NONE

    # Orders' slots and fills.

    def _take_slot(self) -> int:
        if self._free_slots:
            return self._free_slots.pop()
        self._used_slots += 1
        return self._used_slots

    def _forget(self, order: Order) -> None:
        del self.orders[order.order_id]
        self._free_slots.append(order.order_id & SLOT_MASK)

    @staticmethod
    def _fill(order: Order, quantity_lots: int) -> None:
        order.leaves_lots -= quantity_lots
        order.filled_lots += quantity_lots


def _is_valid_order(command: Command) -> bool:
    known_flags = command.flags in {0, POST_ONLY}
    known_type = command.order_type <= OrderType.MARKET and command.time_in_force <= TimeInForce.FOK
    return known_flags and known_type and command.side <= SELL


def _amended(order: Order, command: Command) -> tuple[int, int]:
    """The limit and the leaves that the amend asks for; leaves may come out at or below zero."""
    price = command.price_ticks if command.flags & NEW_PRICE else order.price_ticks
    leaves = order.leaves_lots
    if command.flags & NEW_QUANTITY:
        leaves = command.quantity_lots
        if not command.flags & QUANTITY_IS_LEAVES:
            leaves -= order.filled_lots
    return price, leaves
