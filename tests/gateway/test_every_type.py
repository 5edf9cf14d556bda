"""Orders of every type through the edge's own encoding, and back as events: held against the reference venue."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np

from gateway.events import REJECTED, unpack_array
from gateway.orders import Order
from gateway.placing import entry_of
from gateway.state import VenueState
from tests import factories
from tests.gateway import bodies
from tradsys.errors import TradingError
from tradsys.reasons import Reason
from tradsys.records import COMMAND, CommandFlag, MarketState, Side, TriggerSource
from tradsys.reference.messages import commands_of, records_of
from tradsys.reference.orders import Order as ReferenceOrder
from tradsys.reference.orders import Place
from tradsys.reference.venue import Venue
from tradsys.symbols import Account, Rules

ACCOUNTS = 4
STATES = list(MarketState)


class Pair:
    """The reference venue, and the edge's copy of it, which gets every event."""

    def __init__(self) -> None:
        self.venue = Venue(10_000)
        symbol = factories.symbol(1, "SYM1")
        self.state = VenueState(lambda number: symbol.definition()[0], 100, 100_000)
        self.sequence = self.events = 0
        for number in range(1, ACCOUNTS + 1):
            self.send(Account(number, f"a{number}", group=number % 2 + 1).definition())
        self.send(symbol.definition())

    @property
    def now_ns(self) -> int:
        """The log's time."""
        return self.sequence * 1000

    @property
    def market(self) -> Any:
        """The edge's market."""
        return self.state.markets[1]

    def send(self, records: Any) -> list[Any]:
        """Carry out commands; gives the events of the last one."""
        events: list[Any] = []
        for record in np.split(records.view(COMMAND), len(records)):
            self.sequence += 1
            record["sequence"], record["timestamp_ns"] = self.sequence, self.now_ns
            (command,) = commands_of(record)
            events = list(unpack_array(records_of(self.venue.process(command))))
            for event in events:
                self.events += 1
                self.state.apply(event, self.events)
        return events

    def place(self, body: Any, account: int) -> list[Any]:
        """Send a new order as the gateway would."""
        records = entry_of(body, self.market, account, session=7).records
        return self.send(np.frombuffer(bytearray(records), COMMAND))

    def assert_same(self) -> None:
        """Every live order and the whole public depth are those of the reference."""
        for side, levels in zip(Side, self.venue.depth(1), strict=True):
            wanted = [(level.price_ticks, level.quantity_lots, level.orders) for level in levels]
            assert self.market.depth(side, 1_000_000) == wanted
        known = [order for account in range(1, ACCOUNTS + 1) for order in self.state.orders.of_account(account)]
        assert {order.order_id for order in known} == set(self.venue.orders)
        for order in known:
            _assert_same_order(order, self.venue.orders[order.order_id])
        assert self.market.state == self.venue.markets[1].state


def _assert_same_order(order: Order, wanted: ReferenceOrder) -> None:
    names = ("account", "side", "order_type", "time_in_force", "price_ticks", "leaves_lots", "filled_lots", "flags")
    for name in (*names, "client_order_id", "display_lots", "distance", "expires_ns"):
        assert getattr(order, name) == getattr(wanted, name), name
    assert order.shown_lots == (wanted.shown_lots if wanted.place is Place.BOOK and not wanted.is_hidden else 0)
    if wanted.place is not Place.QUEUE:
        in_book = wanted.place is Place.BOOK
        assert order.status == ("open" if in_book else "waiting"), wanted
        assert bool(order.waits_for) == (wanted.place is Place.BEHIND_ANOTHER)
    if order.is_pegged:
        assert order.limit_ticks == wanted.limit_ticks
    elif order.has_trigger and not order.is_trailing:
        assert order.trigger_ticks == wanted.trigger_ticks
    assert order.quantity_lots == order.filled_lots + order.leaves_lots


def random_amend(dice: random.Random, target: ReferenceOrder) -> Any:
    """Another price or trigger, another quantity, or both."""
    record = factories.amend(target.order_id, account=target.account)
    flags = 0
    if dice.random() < 0.6:
        is_trigger = target.has_trigger and dice.random() < 0.5
        flags |= CommandFlag.NEW_TRIGGER if is_trigger else CommandFlag.NEW_PRICE
        record["price_ticks"] = bodies.CENTRE_TICKS + dice.randint(-bodies.SPREAD_TICKS, bodies.SPREAD_TICKS)
    if not flags or dice.random() < 0.5:
        flags |= CommandFlag.NEW_QUANTITY | dice.choice([0, CommandFlag.QUANTITY_IS_LEAVES])
        record["quantity_lots"] = dice.randint(1, 40)
    record["flags"] = flags | dice.choice([0, 0, CommandFlag.LOSE_PRIORITY])
    return record


def random_step(pair: Pair, dice: random.Random, refused: Counter[str]) -> None:
    """One thing that somebody does: mostly a new order."""
    if pair.market.state != MarketState.CONTINUOUS and dice.random() < 0.15:
        pair.send(factories.market_state(MarketState.CONTINUOUS))
        return
    choice = dice.random()
    orders = pair.venue.orders
    if choice < 0.7 or not orders:
        try:
            events = pair.place(bodies.order(dice, pair.now_ns), dice.randint(1, ACCOUNTS))
        except TradingError as problem:
            refused[problem.code] += 1
            return
        if events[-1].kind == REJECTED:
            refused[Reason(events[-1].reason).name] += 1
        return
    target = orders[dice.choice(sorted(orders))]
    if choice < 0.83:
        pair.send(random_amend(dice, target))
    elif choice < 0.93:
        pair.send(factories.cancel(target.order_id, account=target.account))
    elif choice < 0.935:
        pair.send(factories.cancel_all(account=dice.randint(0, ACCOUNTS)))
    elif choice < 0.945:
        source = dice.choice(list(TriggerSource))
        rules = Rules(dice.choice([0, 300]), dice.choice([0, 100]), 0, 0, source, MarketState.OPENING_AUCTION)
        pair.send(rules.command(1))
        assert pair.market.rules == rules
    elif choice < 0.96:
        pair.send(factories.market_state(dice.choice(STATES)))
    else:
        pair.send(factories.tick())


def test_orders_and_depth_stay_those_of_the_reference_venue(seed: int) -> None:
    dice = random.Random(seed)
    pair = Pair()
    refused: Counter[str] = Counter()
    for _ in range(2500):
        random_step(pair, dice, refused)
        pair.assert_same()
    assert Reason.INVALID_ORDER.name not in refused, "what the core takes for nonsense the edge must have refused"
    assert {"invalid_order", Reason.NOT_ALLOWED_IN_AUCTION.name} <= set(refused)
