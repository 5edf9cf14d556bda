"""What a new order can say, for both clients; docs/api.md tells what each field means and what goes together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict


class LegTerms(TypedDict, total=False):
    """Prices, trigger and identity of an order, or of one that is linked to it."""

    type: str
    time_in_force: str
    client_order_id: int | str
    trigger_price: str
    trail_by: str
    trail_bps: int
    self_trade: str
    self_trade_scope: str


class Leg(LegTerms, total=False):
    """An order that is linked to another."""

    side: str
    quantity: str
    price: str


class OrderTerms(LegTerms, total=False):
    """Everything about a new order beyond symbol, side, quantity and price."""

    amount: str
    post_only: bool
    slide: bool
    hidden: bool
    peg: str
    display_quantity: str
    minimum_quantity: str
    expires_at: int | str
    one_cancels_other: Leg
    then: Sequence[Leg]


def order_fields(symbol: str, side: str, quantity: str | None, price: str | None, terms: OrderTerms) -> dict[str, Any]:
    """The message of a new order; a type that is not named follows from what is given."""
    return {
        "symbol": symbol,
        "side": side,
        "quantity": quantity,
        "price": price,
        "type": _type(price, terms),
        **terms,
    }


def _type(price: str | None, terms: OrderTerms) -> str:
    if "trigger_price" in terms:
        return "stop" if price is None else "stop_limit"
    if "trail_by" in terms or "trail_bps" in terms:
        return "trailing_stop"
    if "peg" in terms:
        return "pegged"
    return "market" if price is None else "limit"
