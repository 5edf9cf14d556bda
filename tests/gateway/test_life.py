"""Lives of orders, as `tradsys trace` tells them: what is left after each step, held against the reference venue."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.life import life_view
from gateway.market import Market
from gateway.placing import entry_of
from tests import factories
from tests.gateway import bodies
from tests.workers.stepped import ACCOUNTS, SteppedVenue, compact
from tradsys.errors import TradingError
from tradsys.records import COMMAND, SLOT_BITS, CommandFlag, EventKind, Link, MarketState, SelfTrade, Side
from tradsys.reference.messages import commands_of
from tradsys.reference.venue import Venue as ReferenceVenue
from workers.life import Life, NoSuchOrderError, life_of
from workers.replica import Replica
from workers.snapshot.files import list_snapshots
from workers.snapshot.taking import take_snapshot


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[SteppedVenue]:
    venue = SteppedVenue(tmp_path, compact())
    venue.define()
    yield venue
    venue.close()


def send(venue: SteppedVenue, *commands: Any) -> list[int]:
    """Carry out commands one after the other; gives the ids of the orders that they have placed."""
    before = len(venue.seen[0])
    for command in commands:
        venue.submit(command)
        venue.settle()
    new = venue.seen[0][before:]
    return [int(each) for each in new["order_id"][new["kind"] == EventKind.ACCEPTED]]


def life(venue: SteppedVenue, order_id: int) -> Life:
    return life_of(venue.directory, venue.sizes, order_id)


def told(venue: SteppedVenue, order_id: int) -> list[tuple[str, str | None, str]]:
    """What happened to an order, how many it was about, and how many were left."""
    view = life_view(life(venue, order_id), venue.description)
    return [(step.what, step.quantity, step.leaves) for step in view.steps]


def left_by_the_reference(venue: SteppedVenue) -> dict[int, dict[int, int]]:
    """Of every order, what the reference venue has left of it after each record of the log: nothing once it is gone."""
    reference = ReferenceVenue(venue.sizes.orders_per_shard, tells_accounts=True)
    left: dict[int, dict[int, int]] = defaultdict(dict)
    for command in commands_of(venue.records()):
        reference.process(command)
        for order_id in {*left, *reference.orders}:
            order = reference.orders.get(order_id)
            left[order_id][command.sequence] = 0 if order is None else order.leaves_lots
    return left


def random_entry(dice: random.Random, market: Market, now_ns: int) -> Any:
    """A new order as a gateway sends it, often one that decrements or is for an amount. Raises TradingError."""
    body = bodies.order(dice, now_ns)
    if body.amount is None and dice.random() < 0.4:
        body = msgspec.structs.replace(body, self_trade="decrement")
    records = entry_of(body, market, dice.randint(1, ACCOUNTS), session=7).records
    return np.frombuffer(bytearray(records), COMMAND)


def test_what_is_left_of_orders_of_every_type_is_what_the_reference_has_left(venue: SteppedVenue, seed: int) -> None:
    dice, market = random.Random(seed), Market(factories.symbol(1, "SYM1"), 1)
    placed: list[int] = []
    for _ in range(700):
        choice = dice.random()
        if choice < 0.8 or not placed:
            try:
                placed += send(venue, random_entry(dice, market, venue.now_ns))
            except TradingError:
                continue
        elif choice < 0.85:
            states = [MarketState.OPENING_AUCTION, *[MarketState.CONTINUOUS] * 4]
            send(venue, factories.market_state(dice.choice(states)))
        else:
            account, order_id = dice.randint(1, ACCOUNTS), dice.choice(placed[-50:])
            send(venue, factories.amend(order_id, account=account, quantity_lots=dice.randint(1, 40)))
    left, end = left_by_the_reference(venue), len(venue.records())
    events = venue.seen[0]
    budgets = events[
        (events["kind"] == EventKind.ACCEPTED) & (events["counter_account"] >> 16 & CommandFlag.BUDGET > 0)
    ]
    prevented = events[events["kind"] == EventKind.PREVENTED]
    wanted = {*budgets["order_id"].tolist(), *prevented["order_id"].tolist(), *prevented["counter_order_id"].tolist()}
    kinds: Counter[int] = Counter()
    for order_id in sorted(wanted):
        found = life(venue, order_id)
        after = {step.log_sequence: step for step in found.steps}
        kinds.update(step.kind for step in found.steps)
        for sequence, step in after.items():
            # An order that never came to stand in the reference is gone with the command that it came with.
            assert step.leaves_lots == left[order_id].get(sequence, 0), (order_id, step)
        assert found.is_open == (left[order_id].get(end, 0) > 0)
    assert {EventKind.TRADE, EventKind.PREVENTED, EventKind.AMENDED} <= set(kinds)


def test_an_order_for_an_amount_is_told_in_money(venue: SteppedVenue) -> None:
    send(venue, factories.sell(500, 3), factories.sell(510, 2))
    (order_id,) = send(venue, factories.market(Side.BUY, 500 * 3 + 510 + 70, account=2, flags=CommandFlag.BUDGET))
    assert told(venue, order_id) == [
        ("accepted", "20.80", "20.80"),
        ("trade", "3", "5.80"),
        ("trade", "1", "0.70"),
        ("cancelled", "0.70", "0.00"),
    ]


def test_what_two_orders_of_one_account_take_off_each_other_is_left_of_neither(venue: SteppedVenue) -> None:
    (maker,) = send(venue, factories.sell(500, 10))
    (taker,) = send(venue, factories.buy(500, 4, self_trade=SelfTrade.DECREMENT))
    (iceberg,) = send(venue, np.concatenate(factories.iceberg(Side.SELL, 499, 12, 5)))
    (larger,) = send(venue, factories.buy(499, 7, self_trade=SelfTrade.DECREMENT))
    assert told(venue, maker) == [("accepted", "10", "10"), ("prevented", "4", "10"), ("amended", "6", "6")]
    assert told(venue, taker) == [("accepted", "4", "4"), ("prevented", "4", "0"), ("cancelled", "4", "0")]
    assert told(venue, iceberg) == [
        ("accepted", "12", "12"),
        ("terms", "5", "12"),
        ("displayed", "5", "12"),
        ("prevented", "5", "12"),
        ("displayed", "5", "7"),
        ("prevented", "2", "7"),
        ("amended", "5", "5"),
    ]
    assert told(venue, larger)[1:] == [("prevented", "5", "2"), ("prevented", "2", "0"), ("cancelled", "2", "0")]


def test_who_only_gives_way_to_the_own_order_keeps_what_is_left(venue: SteppedVenue) -> None:
    (maker,) = send(venue, *[np.concatenate(factories.iceberg(Side.SELL, 499, 12, 5))])
    (taker,) = send(venue, factories.buy(499, 7, self_trade=SelfTrade.CANCEL_TAKER))
    assert told(venue, maker)[-1] == ("prevented", "5", "12")
    assert told(venue, taker)[1:] == [("prevented", "5", "7"), ("cancelled", "7", "0")]


def test_a_linked_orders_life_is_its_own(venue: SteppedVenue) -> None:
    """It has the log sequence of the order that it came with."""
    head = factories.buy(490, 5, client_order_id=11)
    other = factories.sell(520, 7, client_order_id=12)
    first, second = send(venue, np.concatenate(factories.linked(Link.ONE_CANCELS_OTHER, head, other)))
    assert first >> SLOT_BITS == second >> SLOT_BITS
    lives = [life(venue, each) for each in (first, second)]
    assert {(each.side, each.client_order_id, each.steps[0].quantity_lots) for each in lives} == {
        (Side.BUY, 11, 5),
        (Side.SELL, 12, 7),
    }


def test_an_order_that_was_refused_has_no_life_also_when_somebody_asks_for_it(venue: SteppedVenue) -> None:
    send(venue, factories.buy(500, 5), factories.buy(0, 5))
    sequence = int(venue.records()["sequence"][-1])
    never = (sequence << SLOT_BITS) + 1
    send(venue, factories.cancel(never))
    assert venue.seen[0]["order_id"][-1] == never, "the refusal names it"
    with pytest.raises(NoSuchOrderError, match="it was refused, or never was"):
        life(venue, never)


def test_a_snapshot_of_a_lost_end_does_not_hide_what_happened(venue: SteppedVenue) -> None:
    """It knows of more events than there were at that place of the log as it is now."""
    kept = {path: path.read_bytes() for path in venue.directory.glob("*.journal")}
    send(venue, *(factories.buy(400 + place, 5) for place in range(20)))
    send(venue, np.concatenate([factories.cancel_all(account=1) for _ in range(5)]))
    end = Replica(venue.sizes, venue.directory).advance()
    stray = take_snapshot(venue.directory, venue.sizes, pytest.fail, until=end)
    venue.close()
    for path, content in kept.items():
        path.write_bytes(content)
    venue.seen = [venue.seen[0][:0]]
    venue.boot(Replica(venue.sizes, venue.directory).advance())
    while len(venue.records()) <= end:
        send(venue, factories.tick())
    (order_id,) = send(venue, factories.sell(600, 9))
    assert list_snapshots(venue.directory) == [stray]
    assert told(venue, order_id) == [("accepted", "9", "9")]
