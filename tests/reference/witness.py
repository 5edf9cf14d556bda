"""What a reader of nothing but the event stream knows: every order's leaves, the displayed book, who may trade."""

from __future__ import annotations

from dataclasses import dataclass

from tradsys.reasons import Reason
from tradsys.records import (
    LINK_SHIFT,
    SELF_TRADE_MASK,
    SELF_TRADE_SHIFT,
    CommandFlag,
    EventFlag,
    EventKind,
    Link,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from tradsys.reference.messages import Event

_IN_BOOK = (EventKind.ACCEPTED, EventKind.RESTED, EventKind.AMENDED)
_FOR_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)
_FIRES_AS_MARKET = (OrderType.STOP, OrderType.TRAILING_STOP, OrderType.TAKE_PROFIT)


@dataclass(slots=True)
class Known:
    """A live order as its events describe it."""

    symbol: int
    side: int
    limit_ticks: int | None
    leaves_lots: int
    flags: int
    shown: tuple[int, int] | None = None
    """Price and quantity that the book displays of it."""
    rival: int = 0
    """The order that one of the two cancels."""

    @property
    def is_budget(self) -> bool:
        return bool(self.flags & CommandFlag.BUDGET)


class Witness:
    """Takes the events of one command after the other; an AssertionError says what does not add up."""

    def __init__(self) -> None:
        self.live: dict[int, Known] = {}
        self.traded_lots: dict[int, int] = {}
        self._taken_off: dict[int, int] = {}
        """Of orders that were decremented and whose next event is to say so."""

    def see(self, events: list[Event]) -> None:
        """The events of one command."""
        if not events:
            return
        assert [bool(event.flags & EventFlag.LAST) for event in events] == [False] * (len(events) - 1) + [True]
        self._taken_off.clear()
        for event in events:
            self._see(event)
        self._link([event for event in events if event.kind == EventKind.ACCEPTED])
        self._check_rivals(events)

    def depth(self, symbol: int, side: int) -> dict[int, tuple[int, int]]:
        """Quantity and number of displayed orders at each price."""
        found: dict[int, tuple[int, int]] = {}
        for order in self.live.values():
            if order.symbol == symbol and order.side == side and order.shown is not None:
                price, lots = order.shown
                total, count = found.get(price, (0, 0))
                found[price] = total + lots, count + 1
        return found

    def _see(self, event: Event) -> None:
        match event.kind:
            case EventKind.ACCEPTED:
                self._accept(event)
            case EventKind.TRADE:
                self._trade(event)
            case EventKind.PREVENTED:
                self._prevent(event)
            case EventKind.CANCELLED:
                self._cancel(event)
            case EventKind.AMENDED:
                self._amend(event)
            case EventKind.TRIGGERED:
                order = self.live[event.order_id]
                assert 0 < event.quantity_lots <= order.leaves_lots
                order.leaves_lots = event.quantity_lots
            case EventKind.RESTED:
                assert self.live[event.order_id].leaves_lots == event.quantity_lots
            case _:
                pass
        if event.kind in _IN_BOOK and event.flags & EventFlag.RESTING and not event.flags & EventFlag.HIDDEN:
            self.live[event.order_id].shown = event.price_ticks, event.quantity_lots
        if event.kind == EventKind.DISPLAYED:
            self._taken_off.pop(event.order_id, None)
            assert 0 < event.quantity_lots <= self.live[event.order_id].leaves_lots
            self.live[event.order_id].shown = event.price_ticks, event.quantity_lots

    def _accept(self, event: Event) -> None:
        assert event.order_id not in self.live
        order_type, time = event.counter_account & 0xFF, event.counter_account >> 8 & 0xFF
        takes_any = order_type in _FIRES_AS_MARKET or (order_type == OrderType.MARKET and time not in _FOR_AUCTIONS)
        limit = None if takes_any else event.price_ticks
        side = event.flags & EventFlag.SELL
        self.live[event.order_id] = Known(event.symbol, side, limit, event.quantity_lots, event.counter_account >> 16)
        self.traded_lots[event.order_id] = 0

    def _link(self, accepted: list[Event]) -> None:
        if not accepted:
            return
        link = accepted[0].counter_account >> 16 + LINK_SHIFT & 3
        rivals = accepted[:2] if link == Link.ONE_CANCELS_OTHER else accepted[1:]
        if len(rivals) == 2:
            one, other = (event.order_id for event in rivals)
            for mine, its in ((one, other), (other, one)):
                if mine in self.live:
                    self.live[mine].rival = its

    def _check_rivals(self, events: list[Event]) -> None:
        """Of two orders that cancel each other none is live when the other has traded or ended."""
        cancelled = [event for event in events if event.kind == EventKind.CANCELLED]
        ended = [event.order_id for event in cancelled if event.reason != Reason.LINKED_ORDER]
        traded = [event for event in events if event.kind == EventKind.TRADE]
        touched = {*ended, *(event.order_id for event in traded), *(event.counter_order_id for event in traded)}
        for order in self.live.values():
            assert order.rival not in touched, f"its rival was at work: {order}"

    def _trade(self, event: Event) -> None:
        is_auction = bool(event.flags & EventFlag.AUCTION)
        flags = (EventFlag.ORDER_DONE, EventFlag.COUNTER_DONE)
        for order_id, done in zip((event.order_id, event.counter_order_id), flags, strict=True):
            order = self.live[order_id]
            assert event.quantity_lots > 0
            assert order.symbol == event.symbol
            if order.limit_ticks is not None:
                behind = event.price_ticks - order.limit_ticks
                assert (behind <= 0) if order.side == Side.BUY else (behind >= 0), f"beyond its limit: {order}"
            order.leaves_lots -= event.quantity_lots * (event.price_ticks if order.is_budget else 1)
            self.traded_lots[order_id] += event.quantity_lots
            if order_id == event.counter_order_id or is_auction:
                self._show_less(order, event.quantity_lots)
            assert bool(event.flags & done) == (order.leaves_lots == 0)
            if order.leaves_lots == 0:
                del self.live[order_id]

    def _show_less(self, order: Known, quantity_lots: int) -> None:
        if order.shown is not None:
            price, lots = order.shown
            assert quantity_lots <= lots, "more traded than was shown"
            order.shown = (price, lots - quantity_lots) if lots > quantity_lots else None

    def _prevent(self, event: Event) -> None:
        taker, maker = self.live[event.order_id], self.live[event.counter_order_id]
        if taker.flags >> SELF_TRADE_SHIFT & SELF_TRADE_MASK == SelfTrade.DECREMENT:
            assert event.quantity_lots > 0
            taker.leaves_lots -= event.quantity_lots
            maker.leaves_lots -= event.quantity_lots
            self._show_less(maker, event.quantity_lots)
            self._taken_off = {event.counter_order_id: event.quantity_lots}
            if taker.leaves_lots == 0:
                self._taken_off[event.order_id] = event.quantity_lots

    def _cancel(self, event: Event) -> None:
        order = self.live.pop(event.order_id)
        # Where a decrement leaves nothing, what it took off is told.
        assert event.quantity_lots == (order.leaves_lots or self._taken_off[event.order_id])

    def _amend(self, event: Event) -> None:
        order = self.live[event.order_id]
        before = order.leaves_lots + self._taken_off.pop(event.order_id, 0)
        assert event.previous_quantity_lots == before
        order.leaves_lots = event.quantity_lots
        if order.limit_ticks is not None:
            order.limit_ticks = event.price_ticks
        if not event.flags & EventFlag.KEPT_PRIORITY:
            order.shown = None
        elif order.shown is not None:
            order.shown = order.shown[0], min(order.shown[1], event.quantity_lots)
