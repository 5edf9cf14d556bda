"""What clients receive: orders, fills, execution reports and market data, as types that encode to JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.market import Level, Market, Trade
from gateway.orders import OPEN, Order
from tradsys.errors import TradingError, from_reason
from tradsys.records import CommandFlag, OrderType
from tradsys.symbols import Rules

SIDES = ("buy", "sell")
TYPES = tuple(member.name.lower() for member in OrderType)

_MARKET = int(OrderType.MARKET)
_POST_ONLY, _HIDDEN = int(CommandFlag.POST_ONLY), int(CommandFlag.HIDDEN)
_BASIS_POINTS, _MIDPOINT = int(CommandFlag.BASIS_POINTS), int(CommandFlag.MIDPOINT)
_NO_TERMS: dict[str, Any] = {}

encode = msgspec.json.Encoder().encode


class Fill(msgspec.Struct, gc=False):
    """One execution of an order."""

    trade_id: str
    price: str
    quantity: str


class _Terms(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What there is to say about some orders only; it stands last in the JSON."""

    amount: str | None = None
    spent: str | None = None
    trigger_price: str | None = None
    trail_by: str | None = None
    trail_bps: int | None = None
    display_quantity: str | None = None
    expires_at: str | None = None
    post_only: bool = False
    hidden: bool = False
    peg: str | None = None
    working_price: str | None = None
    waits_for: str | None = None


class OrderView(_Terms):
    """An order as its owner sees it. `fills` and `legs` are those of the command that this answers."""

    order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    filled: str
    status: str
    quantity: str | None = None
    leaves: str | None = None
    price: str | None = None
    client_order_id: str | None = None
    reason: str | None = None
    fills: list[Fill] | None = None
    legs: list[OrderView] | None = None


class Report(_Terms, tag_field="channel", tag="orders"):
    """An execution report: what happened to an order of the account."""

    event: str
    sequence: str
    timestamp_ns: str
    symbol: str | None = None
    order_id: str | None = None
    client_order_id: str | None = None
    side: str | None = None
    type: str | None = None
    time_in_force: str | None = None
    price: str | None = None
    quantity: str | None = None
    filled: str | None = None
    leaves: str | None = None
    status: str | None = None
    role: str | None = None
    trade_id: str | None = None
    reason: str | None = None
    message: str | None = None
    displayed: str | None = None


class Cancelled(msgspec.Struct, gc=False):
    """The answer to a mass cancel."""

    cancelled: int


class Recorded(msgspec.Struct, omit_defaults=True, gc=False):
    """The answer to a record that stands in the log, under this number; and how many orders it has cancelled."""

    sequence: str
    cancelled: int = 0


class Answer(msgspec.Struct, omit_defaults=True, gc=False):
    """A WebSocket answer to an operation that went well; without `id` the operation had none."""

    ok: bool
    result: Any
    id: str | int | None = None


class Refusal(msgspec.Struct, omit_defaults=True, gc=False):
    """A WebSocket answer to an operation that did not; `id` is absent when the operation had none."""

    ok: bool
    error: dict[str, Any]
    id: str | int | None = None


def order_view(
    order: Order, market: Market, fills: list[Fill] | None = None, legs: list[OrderView] | None = None
) -> OrderView:
    """The order as it is now."""
    quantity = market.quantity_text
    is_budget = order.is_budget
    return OrderView(
        str(order.order_id),
        market.symbol.name,
        SIDES[order.side],
        TYPES[order.order_type],
        order.time_in_force_name,
        quantity(order.filled_lots),
        order.status,
        None if is_budget else quantity(order.quantity_lots),
        None if is_budget else quantity(order.leaves_lots),
        market.price_text(order.limit_ticks) if order.has_limit else None,
        str(order.client_order_id) if order.client_order_id else None,
        from_reason(order.reason).code if order.reason else None,
        fills,
        legs,
        **terms_of(order, market),
    )


def terms_of(order: Order, market: Market) -> dict[str, Any]:
    """What there is to say about an order beyond what every order has: nothing of most."""
    if order.order_type <= _MARKET and not (order.flags or order.display_lots or order.expires_ns or order.waits_for):
        return _NO_TERMS
    flags = order.flags
    terms: dict[str, Any] = {"post_only": bool(flags & _POST_ONLY), "hidden": bool(flags & _HIDDEN)}
    if order.is_budget:
        amount = market.symbol.format_amount
        terms["amount"] = amount(order.quantity_lots)
        terms["spent"] = amount(order.quantity_lots - order.leaves_lots)
    if order.is_trailing:
        if flags & _BASIS_POINTS:
            terms["trail_bps"] = order.distance
        else:
            terms["trail_by"] = market.price_text(order.distance)
    elif order.has_trigger:
        terms["trigger_price"] = market.price_text(order.trigger_ticks)
    if order.is_pegged:
        terms["peg"] = "midpoint" if flags & _MIDPOINT else "primary"
        if order.status is OPEN:
            terms["working_price"] = market.price_text(order.price_ticks)
    if order.display_lots:
        terms["display_quantity"] = market.quantity_text(order.display_lots)
    if order.expires_ns:
        terms["expires_at"] = str(order.expires_ns)
    if order.waits_for:
        terms["waits_for"] = str(order.waits_for)
    return terms


def level_rows(levels: list[Level], market: Market) -> list[tuple[str, str, int]]:
    """Price, quantity and number of orders of each level."""
    price, quantity = market.price_text, market.quantity_text
    return [(price(ticks), quantity(lots), count) for ticks, lots, count in levels]


def depth_view(market: Market, levels: int) -> dict[str, Any]:
    """The best levels of both sides, and the event number as of which they are."""
    view: dict[str, Any] = {
        "symbol": market.symbol.name,
        "state": market.state_name,
        "sequence": market.sequence,
        "bids": level_rows(market.depth(0, levels), market),
        "asks": level_rows(market.depth(1, levels), market),
    }
    if market.indication is not None:
        view["indication"] = _indication(market)
    return view


def trade_view(trade: Trade, market: Market) -> dict[str, Any]:
    """A trade as the public sees it; in an auction nobody is the aggressor and the side is null."""
    return {
        "trade_id": trade_id(market.symbol.id, trade.number),
        "price": market.price_text(trade.price_ticks),
        "quantity": market.quantity_text(trade.quantity_lots),
        "side": None if trade.side is None else SIDES[trade.side],
        "timestamp_ns": str(trade.timestamp_ns),
    }


def symbol_view(market: Market) -> dict[str, Any]:
    """A symbol's scales, price range, market state and trading rules."""
    symbol = market.symbol
    view: dict[str, Any] = {
        "symbol": symbol.name,
        "tick_size": symbol.tick_size,
        "lot_size": symbol.lot_size,
        "lowest_price": symbol.format_price(symbol.lowest_ticks),
        "highest_price": symbol.format_price(symbol.highest_ticks),
        "reference_price": symbol.format_price(symbol.reference_ticks),
        "state": market.state_name,
        "rules": _rules(market.rules),
    }
    if market.indication is not None:
        view["indication"] = _indication(market)
    return view


def trade_id(symbol: int, number: int) -> str:
    """Unique in the venue for ever: event numbers are unique in a shard, and a symbol never changes its shard."""
    return f"{symbol}-{number}"


def error_body(error: TradingError) -> bytes:
    """The JSON of a REST error answer."""
    return encode({"error": error.to_mapping()})


def _indication(market: Market) -> dict[str, Any]:
    indication = market.indication
    assert indication is not None
    return {
        "price": market.price_text(indication.price_ticks) if indication.quantity_lots else None,
        "quantity": market.quantity_text(indication.quantity_lots),
        "surplus": market.quantity_text(indication.surplus_lots),
    }


def _rules(rules: Rules) -> dict[str, Any]:
    return msgspec.structs.asdict(rules) | {
        "trigger_source": rules.trigger_source.name.lower(),
        "breach_state": rules.breach_state.name.lower(),
    }
