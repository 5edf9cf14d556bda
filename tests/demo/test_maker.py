from __future__ import annotations

import random
from typing import Any

import pytest

from tests.factories import symbol
from tradsys.configuration import load
from tradsys.demo.maker import LEVELS, Maker
from tradsys.demo.market import Instrument
from tradsys.demo.taker import Taker
from tradsys.demo.traders import traders_of
from tradsys.errors import ConfigurationError, error


class FakeStream:
    """Takes orders as a venue would, and remembers them."""

    def __init__(self) -> None:
        self.live: dict[str, dict[str, Any]] = {}
        self.cancelled: list[str] = []
        self.placed = 0
        self.refuse = False
        self.fill = False

    async def place(self, symbol: str, side: str, quantity: str, price: str, **options: Any) -> Any:
        if self.refuse:
            raise error("would_cross")
        self.placed += 1
        order_id = str(self.placed)
        self.live[order_id] = {"side": side, "price": price, **options}
        return {"order_id": order_id, "status": "filled" if self.fill else "open"}

    async def cancel(self, order_id: str) -> None:
        self.cancelled.append(order_id)
        if self.live.pop(order_id, None) is None:
            raise error("unknown_order")


def wide() -> Instrument:
    return Instrument(symbol(highest_ticks=10**6, reference_ticks=400_000), random.Random(1))


async def go_round(maker: Maker) -> None:
    for quote in maker._quotes:
        await maker.renew(quote)


async def test_a_maker_keeps_quotes_on_both_sides_of_the_fair_price() -> None:
    stream = FakeStream()
    maker = Maker(stream, [wide()], random.Random(1))  # type: ignore[arg-type]
    await go_round(maker)
    assert len(stream.live) == 2 * LEVELS
    assert all((order["price"] < "4000.00") == (order["side"] == "buy") for order in stream.live.values())


async def test_a_maker_moves_its_quotes_with_the_fair_price_and_leaves_them_while_it_stands() -> None:
    stream, instrument = FakeStream(), wide()
    maker = Maker(stream, [instrument], random.Random(1))  # type: ignore[arg-type]
    await go_round(maker)
    await go_round(maker)
    assert stream.cancelled == []
    instrument.fair_ticks += 50 * instrument.unit_ticks
    await go_round(maker)
    assert len(stream.cancelled) == len(stream.live) == 2 * LEVELS


async def test_a_quote_that_met_a_better_order_at_once_is_placed_again_in_the_next_round() -> None:
    stream = FakeStream()
    maker = Maker(stream, [wide()], random.Random(1))  # type: ignore[arg-type]
    stream.fill = True
    await go_round(maker)
    stream.fill = False
    await go_round(maker)
    assert stream.placed == 4 * LEVELS
    assert stream.cancelled == []


async def test_a_filled_quote_is_placed_anew() -> None:
    stream = FakeStream()
    maker = Maker(stream, [wide()], random.Random(1))  # type: ignore[arg-type]
    await go_round(maker)
    del stream.live["1"]
    maker.hear({"channel": "orders", "event": "fill", "order_id": "1", "status": "filled"})
    maker.hear({"channel": "orders", "event": "fill", "order_id": "2", "status": "open"})
    await go_round(maker)
    assert len(stream.live) == 2 * LEVELS
    assert stream.cancelled == []


async def test_a_refused_quote_is_tried_again_in_the_next_round() -> None:
    stream = FakeStream()
    maker = Maker(stream, [wide()], random.Random(1))  # type: ignore[arg-type]
    stream.refuse = True
    await go_round(maker)
    stream.refuse = False
    await go_round(maker)
    assert len(stream.live) == 2 * LEVELS


async def test_a_taker_reaches_only_a_little_beyond_the_fair_price() -> None:
    stream, instrument = FakeStream(), wide()
    taker = Taker(stream, [instrument], random.Random(1))  # type: ignore[arg-type]
    for _ in range(20):
        await taker.cross()
    assert {order["side"] for order in stream.live.values()} == {"buy", "sell"}
    assert {order["time_in_force"] for order in stream.live.values()} == {"ioc"}
    assert {order["price"] for order in stream.live.values()} == {"3997.00", "4003.00"}


def test_the_development_environment_has_all_that_the_traders_need() -> None:
    traders = traders_of(load("development", environ={}))
    assert [trader.is_maker for trader in traders] == [True, True, True, False]
    assert all(trader.key for trader in traders)


def test_accounts_without_keys_are_told() -> None:
    accounts = "[{name: demo-maker-1, keys: [k]}, {name: demo-taker}]"
    with pytest.raises(ConfigurationError, match="a key of the account 'demo-taker'"):
        traders_of(load("testing", environ={"TRADSYS__ACCOUNTS": accounts}))
