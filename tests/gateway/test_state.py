"""The gateway's copy of the venue, held against the books themselves."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np

from gateway.state import VenueState
from tests import factories
from tests.gateway.harness import Harness, configuration
from tradsys.book.layout import W_EVENTS
from tradsys.records import EVENT, LEDGER_RECORD, MarketState, Side
from tradsys.risk.terms import Scope, Transition

SYMBOLS = 2


def book_orders(harness: Harness) -> dict[int, Any]:
    """The live orders that stand in the shards' own tables, by id."""
    tables = [np.asarray(shard.orders) for shard in harness.memory.shards]
    return {int(order["order_id"]): order for table in tables for order in table[table["order_id"] != 0]}


def depth_of(orders: dict[int, Any], symbol: int, side: int) -> list[tuple[int, int, int]]:
    """The levels that these orders make, best first."""
    lots: Counter[int] = Counter()
    count: Counter[int] = Counter()
    for order in orders.values():
        if order["symbol"] == symbol and order["side"] == side:
            lots[int(order["price_ticks"])] += int(order["leaves_lots"])
            count[int(order["price_ticks"])] += 1
    return [(price, lots[price], count[price]) for price in sorted(lots, reverse=side == Side.BUY)]


def assert_same(state: VenueState, harness: Harness) -> None:
    """Orders and depth are those of the books."""
    orders = book_orders(harness)
    known = [order for account in (1, 2, 3) for order in state.orders.of_account(account)]
    assert {order.order_id for order in known} == set(orders)
    for order in known:
        record = orders[order.order_id]
        for name in ("account", "symbol", "side", "price_ticks", "leaves_lots", "filled_lots", "client_order_id"):
            assert getattr(order, name) == record[name], name
        assert order.quantity_lots == order.leaves_lots + order.filled_lots
        assert order.is_open
    for number, market in state.markets.items():
        for side in Side:
            assert market.depth(side, 1_000_000) == depth_of(orders, number, side)


def random_command(dice: random.Random, orders: dict[int, Any], flow: Any) -> Any:
    """Mostly the flow's next order, sometimes a cancel or an amend of a live order or a change of market state."""
    choice = dice.random()
    if orders and choice < 0.4:
        target = orders[dice.choice(sorted(orders))]
        named = {"account": int(target["account"]), "symbol": int(target["symbol"])}
        order_id = int(target["order_id"])
        if choice < 0.15:
            return factories.cancel(order_id, **named)
        price = dice.choice([None, int(target["price_ticks"]) + dice.randint(-8, 8)])
        quantity = dice.choice([None, dice.randint(1, 30)])
        return factories.amend(order_id, price_ticks=price, quantity_lots=quantity, **named)
    if choice < 0.41:
        return factories.cancel_all(account=dice.randint(0, 3), symbol=dice.randint(0, SYMBOLS))
    if choice < 0.42:
        return factories.kill(Scope.ACCOUNT, account=dice.randint(0, 3), on=dice.randint(0, 1))
    if choice < 0.44:
        return factories.breaker(dice.choice(list(Transition)), symbol=dice.randint(0, SYMBOLS))
    if choice < 0.46:
        states = (MarketState.CONTINUOUS, MarketState.CONTINUOUS, MarketState.OPENING_AUCTION, MarketState.HALT)
        return factories.market_state(dice.choice(states), symbol=dice.randint(1, SYMBOLS))
    if choice < 0.5:
        return factories.tick()
    return next(flow)


def random_venue(seed: int, count: int, shards: int) -> Harness:
    """A venue after `count` random commands, all of them seen by its gateway."""
    harness = Harness(configuration(topology={"shards": shards}))
    centre = harness.configuration.symbol_list()[0].reference_ticks
    dice = random.Random(seed)
    flow = (row for row in np.split(factories.flow(seed, count, symbols=SYMBOLS, centre_ticks=centre), count))
    for _ in range(count):
        harness.send(random_command(dice, book_orders(harness), _priced(flow, harness)))
    return harness


def _priced(flow: Any, harness: Harness) -> Any:
    """Orders of the second symbol around its own reference price."""
    symbols = harness.configuration.symbol_list()
    for order in flow:
        if order["symbol"][0] == 2 and order["order_type"][0] == 0:
            order["price_ticks"] += symbols[1].reference_ticks - symbols[0].reference_ticks
        yield order


def test_orders_and_depth_stay_those_of_the_books(seed: int) -> None:
    for shards in (1, 2):
        harness = random_venue(seed, 600, shards)
        assert_same(harness.edge.state, harness)
        states = [int(harness.memory.shards[number % shards].books[number]["state"]) for number in (1, 2)]
        assert [harness.edge.state.markets[number].state for number in (1, 2)] == states


class LoadedFrom:
    """What a replica gives, out of the harness's own shards."""

    def __init__(self, harness: Harness) -> None:
        self.shards = harness.memory.shards
        self.positions = np.array([shard.words[W_EVENTS] for shard in self.shards])
        self.symbols = harness.memory.symbols
        self.symbol_count = 2
        self.postings = np.zeros(0, LEDGER_RECORD)

    def recent_events(self, shard: int, count: int) -> Any:
        last = int(self.positions[shard])
        slots = np.asarray(self.shards[shard].events.slots)
        return slots[np.arange(max(last - count + 1, 1), last + 1) & (len(slots) - 1)].astype(EVENT)


def test_a_gateway_that_starts_later_knows_the_same(seed: int) -> None:
    harness = random_venue(seed, 500, 2)
    late = VenueState(lambda symbol: harness.memory.symbols[symbol], 100, 1000)
    late.load(LoadedFrom(harness), 400)
    assert_same(late, harness)
    early = harness.edge.state
    for number, market in late.markets.items():
        assert market.state == early.markets[number].state
        missing = len(early.markets[number].trades) - len(market.trades)
        assert list(market.trades) == list(early.markets[number].trades)[missing:]


def test_ended_orders_are_kept_up_to_the_limit_and_found_by_client_order_id() -> None:
    harness = Harness(configuration(gateway={"finished_orders_kept": 3}))
    price = harness.configuration.symbol_list()[0].reference_ticks
    for number in range(1, 6):
        harness.send(
            factories.new_order(Side.SELL, price, client_order_id=number),
            factories.new_order(Side.BUY, price, account=2, client_order_id=number),
        )
    orders = harness.edge.state.orders
    found = [orders.of_client(2, number) for number in range(1, 6)]
    assert [order is not None for order in found] == [False, False, False, False, True]
    last = found[-1]
    assert last is not None
    assert (last.status, last.filled_lots, last.leaves_lots) == ("filled", 10, 0)
    sold = [orders.of_client(1, number) for number in range(1, 6)]
    assert sum(order is not None for order in found + sold) == 3


def test_an_auction_trade_has_no_aggressor() -> None:
    harness = Harness(configuration())
    market = harness.edge.state.markets[1]
    price = market.symbol.reference_ticks
    harness.send(
        factories.market_state(MarketState.OPENING_AUCTION),
        factories.new_order(Side.SELL, price - 1),
        factories.new_order(Side.BUY, price + 1, 15, account=2),
        factories.tick(),
    )
    assert market.indication is not None
    assert (market.indication.quantity_lots, market.indication.surplus_lots) == (10, 5)
    harness.send(factories.market_state(MarketState.CONTINUOUS))
    assert harness.edge.state.markets[1].indication is None
    assert [(trade.quantity_lots, trade.side) for trade in market.trades] == [(10, None)]
    assert market.depth(Side.BUY, 5) == [(price + 1, 5, 1)]
    assert market.depth(Side.SELL, 5) == []
