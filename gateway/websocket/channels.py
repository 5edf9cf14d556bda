"""Who listens to what, and the messages that they get: execution reports, trades, depth, alerts."""

from __future__ import annotations

from typing import Any, Protocol

from gateway import results
from gateway.accounts import Accounts
from gateway.events import (
    ACCEPTED,
    AMENDED,
    AUCTION,
    CANCELLED,
    DISPLAYED,
    PREVENTED,
    REJECTED,
    RESTED,
    SELL,
    TERMS,
    TRADE,
    TRIGGERED,
    Event,
)
from gateway.ledger import LedgerReader
from gateway.market import Market
from gateway.orders import Order
from gateway.results import SIDES, TYPES, Report
from gateway.state import VenueState
from gateway.websocket import frames
from gateway.websocket.alerts import KINDS, Alerts
from tradsys.errors import from_reason
from tradsys.records import Kind

_NAMES = {
    ACCEPTED: "accepted",
    RESTED: "rested",
    CANCELLED: "cancelled",
    AMENDED: "amended",
    REJECTED: "rejected",
    TERMS: "terms",
    DISPLAYED: "displayed",
    TRIGGERED: "triggered",
    PREVENTED: "prevented",
    TRADE: "fill",
}

_ABOUT_ORDERS = range(Kind.NEW, Kind.LEG + 1)
"""The kinds of commands whose refusal is an execution report."""


class Listener(Protocol):
    """What gets frames: a session."""

    def send(self, frame: bytes) -> None:
        """Queue a frame for the next flush."""

    def flush(self) -> None:
        """Write what is queued."""


class Channels:
    """Subscriptions of all sockets of this gateway. Every method is cheap when nobody listens."""

    def __init__(self, state: VenueState, depth_levels_max: int, ledger: LedgerReader, accounts: Accounts) -> None:
        self._state = state
        self.alerts = Alerts(state, ledger, accounts, lambda listener, message: _send((listener,), message))
        self.depth_levels_max = depth_levels_max
        """Of each side, that depth shows, here and over REST."""
        self._owners: dict[int, list[Listener]] = {}
        self._traders: dict[int, list[Listener]] = {}
        self._watchers: dict[int, list[Listener]] = {}
        self._new_trades: dict[int, list[Any]] = {}
        self._told: dict[int, int] = {}
        """By symbol: the sequence of the last depth message."""
        self._waiting: list[Listener] = []

    def wants_flush(self, listener: Listener) -> None:
        """The listener has frames queued."""
        self._waiting.append(listener)

    def flush(self) -> None:
        """Write everything that is queued."""
        waiting, self._waiting = self._waiting, []
        for listener in waiting:
            listener.flush()

    def follow_orders(self, listener: Listener, account: int) -> None:
        """Execution reports of the account's orders."""
        _add(self._owners, account, listener)

    def unfollow_orders(self, listener: Listener, account: int) -> None:
        """No more of them."""
        _discard(self._owners, account, listener)

    def follow_trades(self, listener: Listener, market: Market) -> None:
        """The symbol's trades from now on."""
        _add(self._traders, market.symbol.id, listener)

    def unfollow_trades(self, listener: Listener, market: Market) -> None:
        """No more of them."""
        _discard(self._traders, market.symbol.id, listener)

    def follow_depth(self, listener: Listener, market: Market) -> None:
        """The symbol's depth: a snapshot now, then what changes. Again a snapshot for who follows already."""
        number = market.symbol.id
        if number not in self._watchers:
            market.follow()
            self._told[number] = market.sequence
        _add(self._watchers, number, listener)
        snapshot = {"channel": "depth", "type": "snapshot"} | results.depth_view(market, self.depth_levels_max)
        assert snapshot["sequence"] == self._told[number], "a snapshot is made between batches"
        listener.send(frames.text(results.encode(snapshot)))

    def unfollow_depth(self, listener: Listener, market: Market) -> None:
        """No more of it."""
        _discard(self._watchers, market.symbol.id, listener)
        if market.symbol.id not in self._watchers:
            market.unfollow()

    def remove(self, listener: Listener) -> None:
        """The listener is gone."""
        self.alerts.unfollow(listener)
        for table in (self._owners, self._traders, self._watchers):
            for key in [key for key, listeners in table.items() if listener in listeners]:
                _discard(table, key, listener)
        for number, market in self._state.markets.items():
            if market.changed is not None and number not in self._watchers:
                market.unfollow()

    def tell(self, event: Event) -> None:
        """An event, already applied to the state."""
        if event.kind in (TRADE, PREVENTED):
            self._tell_both(event)
            return
        if event.kind in KINDS:
            self.alerts.tell(event)
            return
        owners = self._owners.get(event.account)
        if owners is None or event.kind not in _NAMES:
            return
        if event.kind == REJECTED:
            if event.counter_account not in _ABOUT_ORDERS:
                return  # another record: what would be its account may be something else
            report = _rejected(event, self._state)
        else:
            order = self._state.orders.get(event.order_id)
            assert order is not None, f"a report's order {event.order_id} is unknown"
            report = _of_order(event, order, self._state.markets[event.symbol])
        _send(owners, report)

    def publish(self) -> None:
        """The trades and the depth changes since the last call, one message a symbol, and kill switches."""
        self.alerts.publish()
        if self._new_trades:
            for number, trades in self._new_trades.items():
                message = {"channel": "trades", "symbol": self._state.markets[number].symbol.name, "trades": trades}
                _send(self._traders.get(number, ()), message)
            self._new_trades.clear()
        for number, watchers in self._watchers.items():
            market = self._state.markets[number]
            changed = market.changed
            if changed is not None and (changed[0] or changed[1]):
                _send(watchers, self._depth_update(market))

    def _depth_update(self, market: Market) -> dict[str, Any]:
        number = market.symbol.id
        previous, self._told[number] = self._told[number], market.sequence
        bids, asks = market.take_changes()
        return {
            "channel": "depth",
            "type": "update",
            "symbol": market.symbol.name,
            "previous": previous,
            "sequence": market.sequence,
            "bids": results.level_rows(bids, market),
            "asks": results.level_rows(asks, market),
        }

    def _tell_both(self, event: Event) -> None:
        """A trade, or one of an account with itself that was prevented, to the owners of both orders."""
        market = self._state.markets[event.symbol]
        taker, maker = "taker", "maker"
        if event.kind == TRADE:
            if event.symbol in self._traders:
                view = results.trade_view(market.trades[-1], market)
                self._new_trades.setdefault(event.symbol, []).append(view)
            if event.flags & AUCTION:
                taker = maker = "auction"
        for account, order_id, role in (
            (event.account, event.order_id, taker),
            (event.counter_account, event.counter_order_id, maker),
        ):
            owners = self._owners.get(account)
            order = self._state.orders.get(order_id)
            if owners is not None and order is not None:
                _send(owners, _of_trade(event, order, market, role))


def _send(listeners: Any, message: Any) -> None:
    frame = frames.text(results.encode(message))
    for listener in listeners:
        listener.send(frame)


def _add(table: dict[int, list[Listener]], key: int, listener: Listener) -> None:
    listeners = table.setdefault(key, [])
    if listener not in listeners:
        listeners.append(listener)


def _discard(table: dict[int, list[Listener]], key: int, listener: Listener) -> None:
    # A new list, because the old one may be being sent to.
    listeners = [other for other in table.get(key, ()) if other is not listener]
    if listeners:
        table[key] = listeners
    else:
        table.pop(key, None)


def _report(event: Event, order: Order, market: Market) -> Report:
    return Report(
        _NAMES[event.kind],
        str(event.log_sequence),
        str(event.timestamp_ns),
        symbol=market.symbol.name,
        order_id=str(order.order_id),
        client_order_id=str(order.client_order_id) if order.client_order_id else None,
        side=SIDES[order.side],
        status=order.status,
    )


def _of_order(event: Event, order: Order, market: Market) -> Report:
    quantity = market.quantity_text
    report = _report(event, order, market)
    report.type = TYPES[order.order_type]
    report.time_in_force = order.time_in_force_name
    report.price = market.price_text(order.limit_ticks) if order.has_limit else None
    report.filled = quantity(order.filled_lots)
    if not order.is_budget:
        report.quantity = quantity(order.quantity_lots)
        report.leaves = quantity(order.leaves_lots)
    report.reason = from_reason(event.reason).code if event.reason else None
    report.displayed = quantity(order.shown_lots) if event.kind == DISPLAYED else None
    for name, value in results.terms_of(order, market).items():
        setattr(report, name, value)
    return report


def _of_trade(event: Event, order: Order, market: Market, role: str) -> Report:
    quantity = market.quantity_text
    report = _report(event, order, market)
    report.price = market.price_text(event.price_ticks)
    report.quantity = quantity(event.quantity_lots)
    report.role = role
    if event.kind == TRADE:
        report.filled = quantity(order.filled_lots)
        report.leaves = None if order.is_budget else quantity(order.leaves_lots)
        report.trade_id = results.trade_id(event.symbol, market.trades[-1].number)
    return report


def _rejected(event: Event, state: VenueState) -> Report:
    entry = from_reason(event.reason)
    market = state.markets.get(event.symbol)
    return Report(
        "rejected",
        str(event.log_sequence),
        str(event.timestamp_ns),
        symbol=None if market is None else market.symbol.name,
        order_id=str(event.order_id) if event.order_id else None,
        client_order_id=str(event.client_order_id) if event.client_order_id else None,
        side=SIDES[event.flags & SELL],
        reason=entry.code,
        message=entry.sentence,
    )
