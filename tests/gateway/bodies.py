"""Random new orders of every type, as clients write them: most of them make sense, some do not."""

from __future__ import annotations

import random
from typing import Any, get_args

from gateway.messages import LegBody, LegType, OrderTypeName, PlaceBody, SelfTradeMode, TimeInForceName

CENTRE_TICKS, SPREAD_TICKS = 500, 12
_SYMBOL = "SYM1"


def price(dice: random.Random) -> str:
    """A price near the centre of the test symbol's range, whose tick is 0.01."""
    return f"{(CENTRE_TICKS + dice.randint(-SPREAD_TICKS, SPREAD_TICKS)) / 100:.2f}"


def _terms(dice: random.Random, kind: str) -> dict[str, Any]:
    """The prices of an order of this type."""
    fields: dict[str, Any] = {"type": kind}
    if kind in ("limit", "stop_limit", "take_profit_limit", "pegged"):
        fields["price"] = price(dice)
    if kind in ("stop", "stop_limit", "take_profit", "take_profit_limit"):
        fields["trigger_price"] = price(dice)
    if kind == "trailing_stop":
        fields |= dice.choice([{"trail_by": f"0.{dice.randint(1, 9):02}"}, {"trail_bps": dice.randint(1, 300)}])
    if dice.random() < 0.3:
        fields["self_trade"] = dice.choice(get_args(SelfTradeMode))
        if fields["self_trade"] != "none" and dice.random() < 0.5:
            fields["self_trade_scope"] = "group"
    return fields


def _leg(dice: random.Random, **fields: Any) -> LegBody:
    named = _terms(dice, dice.choice(get_args(LegType))) | fields
    if dice.random() < 0.5:
        named["quantity"] = str(dice.randint(1, 30))
    if dice.random() < 0.2:
        named["side"] = dice.choice(["buy", "sell"])
    if dice.random() < 0.1:
        named["time_in_force"] = dice.choice(["gtc", "day", "gtd"])
    return LegBody(**named)


def _options(dice: random.Random, kind: str, quantity: int, now_ns: int) -> dict[str, Any]:
    """Options that often go with the type, and sometimes with each other."""
    fields: dict[str, Any] = {}
    if dice.random() < 0.3:
        lasting = ["gtc", "day", "gtd"]
        usual = {"limit": list(get_args(TimeInForceName)), "market": ["ioc", "fok", "at_open", "at_close"]}
        fields["time_in_force"] = dice.choice(usual.get(kind, lasting))
    if fields.get("time_in_force") == "gtd" or dice.random() < 0.05:
        fields["expires_at"] = str(now_ns + dice.randint(1, 60) * 1000)
    if kind in ("limit", "pegged") or dice.random() < 0.03:
        choice = dice.random()
        if choice < 0.1:
            fields |= {"post_only": True, "slide": dice.random() < 0.5}
        elif choice < 0.2:
            fields["hidden"] = True
        elif choice < 0.35:
            fields["display_quantity"] = str(dice.randint(1, quantity))
        if dice.random() < 0.05:
            fields["minimum_quantity"] = str(dice.randint(1, quantity))
    return fields


def order(dice: random.Random, now_ns: int) -> PlaceBody:
    """A new order; its expiry is soon after `now_ns`."""
    kind = dice.choice(["limit"] * 6 + list(get_args(OrderTypeName)))
    quantity = dice.randint(1, 40)
    fields = _terms(dice, kind) | _options(dice, kind, quantity, now_ns)
    if kind == "market" and dice.random() < 0.4:
        fields["amount"] = f"{dice.randint(1, 20_000) / 100:.2f}"
    else:
        fields["quantity"] = str(quantity)
    if kind == "pegged" and dice.random() < 0.5:
        fields["peg"] = dice.choice(["primary", "midpoint"])
    choice = dice.random()
    if choice < 0.1:
        fields["one_cancels_other"] = _leg(dice)
    elif choice < 0.2:
        fields["then"] = [_leg(dice) for _ in range(dice.choice([1, 2, 2, 3] if dice.random() < 0.1 else [1, 2]))]
    return PlaceBody(symbol=_SYMBOL, side=dice.choice(["buy", "sell"]), **fields)
