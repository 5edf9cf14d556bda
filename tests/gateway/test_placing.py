"""New orders as records, and what is answered at once because it cannot go together."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from gateway import messages
from gateway.market import Market
from gateway.placing import entry_of
from tests import factories
from tradsys.errors import TradingError
from tradsys.records import (
    COMMAND,
    LINK_SHIFT,
    ORDER_EXTENSION,
    SELF_TRADE_SHIFT,
    CommandFlag,
    Kind,
    Link,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    entry_word,
)

SESSION = 0x7FFF_FFFF
LIMIT: dict[str, Any] = {"symbol": "SYM1", "side": "buy", "quantity": "10", "price": "5.00"}
MARKET: dict[str, Any] = {"symbol": "SYM1", "side": "buy", "quantity": "10", "type": "market"}
STOP: dict[str, Any] = {"symbol": "SYM1", "side": "sell", "quantity": "10", "type": "stop", "trigger_price": "4.00"}
PEG: dict[str, Any] = LIMIT | {"type": "pegged"}
TAKE_PROFIT: dict[str, Any] = {"type": "take_profit", "trigger_price": "6.00"}


def records_of(body: dict[str, Any], **symbol: Any) -> Any:
    """The records of an order of account 3 in symbol 1: COMMAND."""
    message = messages.decode(messages.place_bodies, msgspec.json.encode(body))
    entry = entry_of(message, Market(factories.symbol(1, **symbol), 10), 3, SESSION)
    return np.frombuffer(bytearray(entry.records), COMMAND)


def test_a_plain_order_is_one_record() -> None:
    (record,) = records_of(LIMIT | {"client_order_id": "9", "post_only": True, "slide": True})
    assert record["kind"] == Kind.NEW
    assert (record["symbol"], record["account"], record["side"]) == (1, 3, Side.BUY)
    assert (record["price_ticks"], record["quantity_lots"], record["client_order_id"]) == (500, 10, 9)
    assert (record["order_type"], record["time_in_force"]) == (OrderType.LIMIT, TimeInForce.GTC)
    assert record["flags"] == CommandFlag.POST_ONLY | CommandFlag.SLIDE
    assert record["order_id"] == entry_word(session=SESSION)


def test_an_order_that_says_more_stands_behind_its_extension() -> None:
    records = records_of(LIMIT | {"display_quantity": "2", "minimum_quantity": "3", "expires_at": 1_900_000_000_000})
    assert records["kind"].tolist() == [Kind.EXTENSION, Kind.NEW]
    (extension,) = records[:1].view(ORDER_EXTENSION)
    assert (extension["symbol"], extension["account"]) == (1, 3)
    assert (extension["display_lots"], extension["minimum_lots"]) == (2, 3)
    assert extension["expires_ns"] == 1_900_000_000_000
    assert (records[1]["flags"], records[1]["time_in_force"]) == (CommandFlag.EXTENDED, TimeInForce.GTD)


def test_a_bracket_takes_side_quantity_and_self_trade_prevention_from_its_order() -> None:
    then = [TAKE_PROFIT | {"client_order_id": 2}, {"trail_bps": 150, "type": "trailing_stop", "quantity": "4"}]
    records = records_of(LIMIT | {"then": then, "self_trade": "cancel_maker", "client_order_id": 1})
    assert records["kind"].tolist() == [Kind.LEG, Kind.LEG, Kind.NEW]
    assert records["side"].tolist() == [Side.SELL, Side.SELL, Side.BUY]
    assert records["quantity_lots"].tolist() == [10, 4, 10]
    assert records["client_order_id"].tolist() == [2, 0, 1]
    prevention = SelfTrade.CANCEL_MAKER << SELF_TRADE_SHIFT
    link = Link.ONE_TRIGGERS_OTHER << LINK_SHIFT
    assert records["flags"].tolist() == [prevention, prevention | CommandFlag.BASIS_POINTS, prevention | link]
    assert records["order_id"].tolist() == [entry_word(600, SESSION), entry_word(0, SESSION), entry_word(0, SESSION)]
    assert records["price_ticks"].tolist() == [0, 150, 500]


def test_two_orders_that_cancel_each_other_have_side_and_time_in_force_in_common() -> None:
    other = {"type": "stop", "trigger_price": "4.50"}
    records = records_of(LIMIT | {"side": "sell", "time_in_force": "day", "one_cancels_other": other})
    assert records["kind"].tolist() == [Kind.LEG, Kind.NEW]
    assert records["side"].tolist() == [Side.SELL, Side.SELL]
    assert records["time_in_force"].tolist() == [TimeInForce.DAY, TimeInForce.DAY]
    assert records["flags"][1] == Link.ONE_CANCELS_OTHER << LINK_SHIFT


def test_an_amount_is_in_ticks_times_lots() -> None:
    (record,) = records_of(MARKET | {"quantity": None, "amount": "1000.0005"}, quantity_decimals=2, lot_units=5)
    assert (record["quantity_lots"], record["flags"]) == (2_000_001, CommandFlag.BUDGET)


@pytest.mark.parametrize(
    ("given", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-02T01:00:00.000001+01:00", 86_400 * 10**9 + 1000),
        ("1700000000123456789", 1_700_000_000_123_456_789),
        (1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
    ],
)
def test_an_expiry_is_a_date_or_nanoseconds(given: str | int, nanoseconds: int) -> None:
    records = records_of(LIMIT | {"expires_at": given})
    assert records[:1].view(ORDER_EXTENSION)["expires_ns"][0] == nanoseconds


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (LIMIT | {"price": None}, "missing_field", "price"),
        (LIMIT | {"trigger_price": "4.00"}, "invalid_field", "trigger_price"),
        (LIMIT | {"trail_by": "0.10"}, "invalid_field", "trail_by"),
        (LIMIT | {"trail_bps": 10}, "invalid_field", "trail_bps"),
        (LIMIT | {"peg": "midpoint"}, "invalid_field", "peg"),
        (LIMIT | {"quantity": None}, "missing_field", "quantity"),
        (LIMIT | {"quantity": None, "amount": "100"}, "invalid_field", "amount"),
        (STOP | {"price": "5.00"}, "invalid_field", "price"),
        (STOP | {"trigger_price": None}, "missing_field", "trigger_price"),
        (STOP | {"trigger_price": "10.01"}, "price_out_of_range", "trigger_price"),
        (STOP | {"trigger_price": "4.001"}, "off_tick_price", "trigger_price"),
        (STOP | {"time_in_force": "ioc"}, "invalid_order", "time_in_force"),
        (STOP | {"type": "trailing_stop", "trigger_price": None}, "missing_field", "trail_by"),
        (STOP | {"type": "trailing_stop", "trail_by": "1"}, "invalid_field", "trigger_price"),
        (LIMIT | {"type": "trailing_stop", "price": None, "trail_by": "0"}, "price_out_of_range", "trail_by"),
        (LIMIT | {"type": "trailing_stop", "price": None, "trail_by": "0.001"}, "off_tick_price", "trail_by"),
        (LIMIT | {"type": "trailing_stop", "price": None, "trail_bps": 10_000}, "invalid_field", "trail_bps"),
        (
            LIMIT | {"type": "trailing_stop", "price": None, "trail_bps": 1, "trail_by": "1"},
            "invalid_order",
            "trail_bps",
        ),
        (MARKET | {"time_in_force": "day"}, "invalid_order", "time_in_force"),
        (MARKET | {"post_only": True}, "invalid_order", "post_only"),
        (MARKET | {"amount": "5"}, "invalid_order", "amount"),
        (MARKET | {"quantity": None, "amount": "5.001"}, "off_lot_quantity", "amount"),
        (MARKET | {"quantity": None, "amount": "0"}, "zero_quantity", "amount"),
        (MARKET | {"quantity": None, "amount": "9" * 30}, "quantity_overflow", "amount"),
        (MARKET | {"quantity": None, "amount": "5", "time_in_force": "fok"}, "invalid_order", "time_in_force"),
        (MARKET | {"quantity": None, "amount": "5", "self_trade": "decrement"}, "invalid_order", "self_trade"),
        (MARKET | {"quantity": None, "amount": "5", "minimum_quantity": "1"}, "invalid_order", "minimum_quantity"),
        (MARKET | {"quantity": None, "amount": "5", "then": [TAKE_PROFIT]}, "invalid_order", "then"),
        (LIMIT | {"time_in_force": "gtd"}, "missing_field", "expires_at"),
        (LIMIT | {"time_in_force": "gtc", "expires_at": "5"}, "invalid_order", "expires_at"),
        (LIMIT | {"expires_at": "tomorrow"}, "invalid_field", "expires_at"),
        (LIMIT | {"expires_at": "2027-01-31T17:30:00"}, "invalid_field", "expires_at"),
        (LIMIT | {"expires_at": "9" * 19}, "invalid_field", "expires_at"),
        (LIMIT | {"expires_at": 0}, "invalid_field", "expires_at"),
        (LIMIT | {"slide": True}, "invalid_order", "slide"),
        (LIMIT | {"post_only": True, "minimum_quantity": "1"}, "invalid_order", "minimum_quantity"),
        (LIMIT | {"hidden": True, "display_quantity": "1"}, "invalid_order", "display_quantity"),
        (LIMIT | {"display_quantity": "11"}, "invalid_quantity", "display_quantity"),
        (LIMIT | {"display_quantity": "0"}, "zero_quantity", "display_quantity"),
        (LIMIT | {"minimum_quantity": "11"}, "invalid_quantity", "minimum_quantity"),
        (LIMIT | {"minimum_quantity": "1", "time_in_force": "fok"}, "invalid_order", "minimum_quantity"),
        (LIMIT | {"time_in_force": "at_open", "hidden": True}, "invalid_order", "hidden"),
        (LIMIT | {"self_trade_scope": "group"}, "invalid_order", "self_trade_scope"),
        (LIMIT | {"self_trade": "none", "self_trade_scope": "group"}, "invalid_order", "self_trade_scope"),
        (PEG | {"then": [TAKE_PROFIT]}, "invalid_order", "then"),
        (LIMIT | {"then": [], "time_in_force": "gtc"}, "invalid_order", "then"),
        (LIMIT | {"then": [TAKE_PROFIT] * 3}, "invalid_order", "then"),
        (LIMIT | {"then": [{"price": "6.00"}, {"price": "7.00"}]}, "invalid_order", "then"),
        (LIMIT | {"then": [TAKE_PROFIT], "one_cancels_other": TAKE_PROFIT}, "invalid_order", "then"),
        (LIMIT | {"then": [TAKE_PROFIT | {"price": "6.00"}]}, "invalid_field", "then[0].price"),
        (LIMIT | {"then": [TAKE_PROFIT | {"time_in_force": "gtd"}]}, "invalid_order", "then[0].time_in_force"),
        (LIMIT | {"then": [TAKE_PROFIT, TAKE_PROFIT | {"quantity": "0"}]}, "zero_quantity", "then[1].quantity"),
        (LIMIT | {"then": [TAKE_PROFIT | {"client_order_id": 0}]}, "invalid_field", "then[0].client_order_id"),
        (
            LIMIT | {"then": [TAKE_PROFIT | {"client_order_id": 4}], "client_order_id": "4"},
            "duplicate_client_order_id",
            "client_order_id",
        ),
        (LIMIT | {"one_cancels_other": {"price": "4.00"}}, "invalid_order", "one_cancels_other"),
        (LIMIT | {"one_cancels_other": TAKE_PROFIT, "hidden": True}, "invalid_order", "hidden"),
        (LIMIT | {"one_cancels_other": TAKE_PROFIT, "time_in_force": "ioc"}, "invalid_order", "one_cancels_other"),
        (
            LIMIT | {"one_cancels_other": TAKE_PROFIT | {"time_in_force": "day"}},
            "invalid_order",
            "one_cancels_other.time_in_force",
        ),
        (LIMIT | {"one_cancels_other": {"type": "stop"}}, "missing_field", "one_cancels_other.trigger_price"),
    ],
)
def test_what_does_not_go_together_is_answered_with_code_and_field(body: dict[str, Any], code: str, field: str) -> None:
    given = {name: value for name, value in body.items() if value is not None}
    with pytest.raises(TradingError) as caught:
        records_of(given)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_an_amount_needs_prices_above_zero() -> None:
    body = {name: value for name, value in MARKET.items() if name != "quantity"} | {"amount": "5.00"}
    with pytest.raises(TradingError) as caught:
        records_of(body, lowest_ticks=-5)
    assert (caught.value.code, caught.value.field) == ("invalid_order", "amount")
