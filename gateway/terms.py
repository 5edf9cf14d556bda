"""What an order and a leg have in common: type, prices, trigger, self-trade prevention, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from gateway import messages
from gateway.market import Market
from gateway.messages import LegBody, PlaceBody
from tradsys.errors import ValidationError
from tradsys.records import BPS, SELF_TRADE_SHIFT, CommandFlag, OrderType, SelfTrade, TimeInForce

SIDES = {"buy": 0, "sell": 1}
TIMES_IN_FORCE = {member.name.lower(): int(member) for member in TimeInForce}
LASTING = ("gtc", "day", "gtd")
FOR_AUCTIONS = ("at_open", "at_close")

_TYPES = {member.name.lower(): int(member) for member in OrderType}
_SELF_TRADE = {member.name.lower(): int(member) << SELF_TRADE_SHIFT for member in SelfTrade}
_GROUP, _BASIS_POINTS = int(CommandFlag.GROUP), int(CommandFlag.BASIS_POINTS)
_PRICED = ("limit", "stop_limit", "take_profit_limit", "pegged")
_TRIGGERED = ("stop", "stop_limit", "take_profit", "take_profit_limit")

_Value = TypeVar("_Value")


class Terms(NamedTuple):
    """What an order and a leg have in common, as the core's fields."""

    order_type: int
    price_ticks: int
    trigger_ticks: int
    flags: int


def named(parse: Callable[[str], _Value], text: str, field: str) -> _Value:
    """What `parse` makes of the field's text. Raises its ValidationError with the field's name."""
    try:
        return parse(text)
    except ValidationError as problem:
        problem.field = field
        raise


def conflict(field: str, sentence: str) -> ValidationError:
    """The error of options that do not go together."""
    return ValidationError("invalid_order", sentence, field=field)


def missing(field: str, sentence: str) -> ValidationError:
    """The error of a field that is not there."""
    return ValidationError("missing_field", sentence, field=field)


def terms_of(body: PlaceBody | LegBody, market: Market, place: str) -> Terms:
    """Type, prices and trigger; `place` is where the body stands in the message, "then[0]." for example."""
    kind = body.type
    price_ticks = trigger_ticks = flags = 0
    if kind in _PRICED:
        if body.price is None:
            raise missing(f"{place}price", f"a {kind} order needs a price")
        price_ticks = named(market.parse_price, body.price, f"{place}price")
    elif body.price is not None:
        raise unwanted(kind, f"{place}price")
    if kind in _TRIGGERED:
        if body.trigger_price is None:
            raise missing(f"{place}trigger_price", f"a {kind} order needs a trigger_price")
        trigger_ticks = named(market.parse_price, body.trigger_price, f"{place}trigger_price")
    elif body.trigger_price is not None:
        raise unwanted(kind, f"{place}trigger_price")
    if kind == "trailing_stop":
        price_ticks, flags = _distance(body, market, place)
    elif body.trail_by is not None:
        raise unwanted(kind, f"{place}trail_by")
    elif body.trail_bps is not None:
        raise unwanted(kind, f"{place}trail_bps")
    return Terms(_TYPES[kind], price_ticks, trigger_ticks, flags)


def unwanted(kind: str, field: str) -> ValidationError:
    """The error of a field that an order of this type does not have."""
    return ValidationError("invalid_field", f"a {kind} order has no {field.rpartition('.')[2]}", field=field)


def _distance(body: PlaceBody | LegBody, market: Market, place: str) -> tuple[int, int]:
    """A trailing stop's distance, and the flag that says in what it is."""
    if body.trail_bps is None:
        if body.trail_by is None:
            raise missing(f"{place}trail_by", "a trailing_stop order needs trail_by or trail_bps")
        return named(market.symbol.parse_distance, body.trail_by, f"{place}trail_by"), 0
    if body.trail_by is not None:
        raise conflict(f"{place}trail_bps", "give trail_by or trail_bps, not both")
    if not 1 <= body.trail_bps < BPS:
        raise ValidationError("invalid_field", f"trail_bps is from 1 to {BPS - 1}", field=f"{place}trail_bps")
    return body.trail_bps, _BASIS_POINTS


def self_trade_flags(body: PlaceBody | LegBody, order: PlaceBody | None, place: str) -> int:
    """Self-trade prevention as flags; a leg that says nothing has that of its order."""
    mode, scope = body.self_trade, body.self_trade_scope
    if order is not None and mode is None and scope is None:
        mode, scope = order.self_trade, order.self_trade_scope
    flags = 0 if mode is None else _SELF_TRADE[mode]
    if scope == "group":
        if not flags:
            raise conflict(f"{place}self_trade_scope", "a group needs a self_trade mode that is not none")
        flags |= _GROUP
    return flags


def client_order_id(body: PlaceBody | LegBody, place: str) -> int:
    """The client's own id, 0 without one."""
    if body.client_order_id is None:
        return 0
    return messages.identifier(body.client_order_id, f"{place}client_order_id")
