"""A reader that is slow, or gone: the shard waits and goes on, and writes the very same events."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.book.comparison import ROOMY
from tests.book.flow import INSTRUMENTS, Flow, definitions, records_of
from tests.book.harness import Bench, chained, kinds, open_bench, trades
from tests.factories import (
    amend,
    breaker,
    buy,
    cancel_all,
    define_symbol,
    extended,
    iceberg,
    joined,
    kill,
    linked,
    market,
    market_state,
    pegged,
    rules,
    sell,
    stop,
    tick,
)
from tradsys.book.audit import audit
from tradsys.book.layout import Shard, ShardSize, state_of
from tradsys.records import EVENT, CommandFlag, EventKind, Link, MarketState, Side, TimeInForce
from tradsys.reference.venue import Venue
from tradsys.risk.terms import Scope, Transition

COMMANDS = 1500
RING = 64
WIDE = ShardSize(symbols_max=200, orders=1000, pages=1000, directory=1 << 14, summary=1 << 12)


@cache
def random_log(seed: int) -> Any:
    """A log of every kind of command for the comparison's instruments."""
    venue = Venue(ROOMY.orders)
    flow = Flow(seed, [venue])
    commands = definitions(INSTRUMENTS)
    for number in range(COMMANDS):
        command = commands[number] if number < len(commands) else flow.next()
        command.sequence = number + 1
        command.timestamp_ns = 1000 * number
        events = venue.process(command)
        order = venue.orders.get(events[0].order_id) if events and events[0].kind == EventKind.ACCEPTED else None
        if order is not None:
            flow.learn(order)
        commands[number:] = [command]
    return records_of(commands)


def sessions() -> dict[str, list[Any]]:
    """Logs whose last command causes many events at once."""
    makers = [sell(500 + number // 30, 2, account=1 + number % 2) for number in range(300)]
    crossed = [buy(540 - number // 10, 3, account=3) for number in range(250)]
    symbols = [define_symbol(number, state=MarketState.OPENING_AUCTION) for number in range(2, WIDE.symbols_max + 1)]
    pairs = [
        order
        for number in range(2, WIDE.symbols_max + 1)
        for order in (buy(510, symbol=number), sell(490, symbol=number))
    ]
    opened, collecting = define_symbol(), define_symbol(state=MarketState.OPENING_AUCTION)
    return {
        "a sweep that is filled": [opened, *makers, buy(1000, 500)],
        "a sweep that rests": [opened, *makers, buy(505, 500)],
        "a sweep at any price": [opened, *makers, market(Side.BUY, 1000)],
        "a mass cancel": [opened, *makers, cancel_all()],
        "a mass cancel of one account": [opened, *makers, cancel_all(account=2)],
        "a kill switch": [opened, *makers, kill(Scope.ACCOUNT, account=2)],
        "an uncrossing": [collecting, *makers, *crossed, market_state(MarketState.CONTINUOUS)],
        "a breaker's reset": [collecting, *makers, *crossed, breaker(Transition.TRIP), breaker(Transition.RESET)],
        "indications": [collecting, *symbols, *pairs, tick()],
    } | rare_sessions()


def rare_sessions() -> dict[str, list[Any]]:
    """The same, of what orders do of their own accord after a command."""
    opened, numbers = define_symbol(), range(100)
    bids = [buy(499 - number, 2, account=2) for number in numbers]
    stops = [stop(Side.SELL, 498 - number, 2, account=3) for number in numbers]
    brackets = [
        record
        for _ in numbers
        for record in linked(Link.ONE_TRIGGERS_OTHER, buy(490, 2), sell(510, 2), stop(Side.SELL, 480, 2))
    ]
    bracket = linked(Link.ONE_TRIGGERS_OTHER, buy(600, 300), sell(400, 300), stop(Side.SELL, 400, 300))
    icebergs = [record for number in range(5) for record in iceberg(Side.SELL, 500 + number % 2, 100, 3 + number)]
    pegs = [pegged(Side.BUY, 300 + number, account=1 + number % 2) for number in numbers]
    midpoints = [pegged(Side.SELL, 900 - number, flags=CommandFlag.MIDPOINT) for number in numbers]
    # All of them between the last two of 202 records, which come a microsecond apart.
    expiring = [
        record
        for number in numbers
        for record in extended(
            buy(400 + number, time_in_force=TimeInForce.GTD, flags=CommandFlag.HIDDEN if number % 3 == 0 else 0),
            expires_ns=201_001 + number * 7 % 50,
        )
    ]
    days = [
        stop(Side.SELL, 300 - number, time_in_force=TimeInForce.DAY)
        if number % 2
        else buy(400 + number, time_in_force=TimeInForce.DAY)
        for number in numbers
    ]
    closing = [buy(510, time_in_force=TimeInForce.AT_CLOSE) for _ in numbers]
    close = [market_state(MarketState.CLOSING_AUCTION), market_state(MarketState.CLOSED)]
    return {
        "a cascade of stops": [opened, *bids, *stops, sell(490, 5)],
        "many brackets": [opened, *brackets, sell(490, 200, account=2), buy(510, 200, account=2)],
        "a bracket that trades all through": [opened, *both_sides(), *bracket],
        "a sweep of icebergs": [opened, *icebergs, market(Side.BUY, 450, account=2)],
        "many pegs": [opened, buy(299), sell(950), *pegs, *midpoints, buy(450, 3), cancel_all(account=2)],
        "many expiries": [opened, *expiring, tick()],
        "the end of the day": [opened, *days, *closing, *close],
        "an interruption": [opened, rules(static_band_bps=500), *both_sides(), *stops, market(Side.BUY, 500)],
    }


def both_sides() -> list[Any]:
    """A hundred offers and a hundred bids, every third one hidden."""
    return [
        order(price, 3, account=2, flags=CommandFlag.HIDDEN if price % 3 == 0 else 0)
        for number in range(100)
        for order, price in ((sell, 501 + number), (buy, 500 - number))
    ]


def is_same(one: Any, other: Any) -> bool:
    return bool(one.tobytes() == other.tobytes())


@pytest.mark.parametrize("drain", [1, 3, 1 << 30])
@pytest.mark.parametrize("name", list(sessions()))
def test_a_command_that_waits_for_room_goes_on_where_it_stopped(name: str, drain: int) -> None:
    log = joined(*sessions()[name])
    unhindered, hindered = Bench(WIDE), Bench(WIDE, ring=RING, drain=drain)
    expected, events = unhindered.carry_out(log), hindered.carry_out(log)
    assert is_same(events, expected)
    assert unhindered.waits == 0
    assert hindered.waits > 3
    assert same_state(hindered.shard, unhindered.shard)


def same_state(one: Shard, other: Shard) -> bool:
    """Whether everything but the event ring is equal, byte for byte."""
    return all(np.array_equal(ours, theirs) for ours, theirs in zip(state_of(one), state_of(other), strict=True))


def test_an_amend_that_waits_in_the_middle_of_its_trades_goes_on() -> None:
    events = []
    for ring in (4096, RING):
        bench = open_bench(ring=ring, drain=1)
        mover = bench.enter(buy(400, 300))
        bench.submit(*(sell(500 + number // 2, 2) for number in range(100)))
        events.append(bench.submit(amend(mover, price_ticks=600)))
        audit(bench.shard)
    assert kinds(events[0]) == [EventKind.AMENDED, *[EventKind.TRADE] * 100, EventKind.RESTED]
    assert len(trades(events[0])) == 100
    assert is_same(*events)


@pytest.mark.parametrize("ring", [64, 128])
def test_the_event_stream_does_not_depend_on_its_readers(seed: int, ring: int) -> None:
    log = random_log(seed)
    unhindered, hindered = Bench(ROOMY), Bench(ROOMY, ring=ring, drain=1)
    assert is_same(hindered.carry_out(log), unhindered.carry_out(log))
    assert hindered.waits > COMMANDS // ring
    assert same_state(hindered.shard, unhindered.shard)


def test_the_event_stream_does_not_depend_on_how_the_log_is_cut(seed: int) -> None:
    log = random_log(seed)
    whole, pieces = Bench(ROOMY), Bench(ROOMY)
    parts = [pieces.carry_out(log[at : at + 1 + at % 7]) for at in cuts(len(log))]
    assert is_same(chained(parts), whole.carry_out(log))


def cuts(length: int) -> list[int]:
    """Where pieces of 1 to 7 records begin."""
    found, at = [], 0
    while at < length:
        found.append(at)
        at += 1 + at % 7
    return found


@pytest.mark.parametrize("ring", [64, 4096])
@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_a_rebuilt_shard_writes_exactly_the_events_after_its_floor(seed: int, ring: int, part: int) -> None:
    log = random_log(seed)
    whole = Bench(ROOMY)
    events = whole.carry_out(log)
    floor = len(events) * part // 3
    rebuilt = Bench(ROOMY, ring=ring, floor=floor)
    slots = rebuilt.shard.events.slots.view(np.ndarray)
    slots["log_sequence"] = -1  # what readers have not read yet must stay
    untouched = slots[floor & (ring - 1)].copy()
    assert is_same(rebuilt.carry_out(log), events[floor:])
    if part == 3:
        assert is_same(slots[floor & (ring - 1)], untouched)
    state = [*state_of(rebuilt.shard)]
    state[0] = state[0].copy()
    state[0][:] = whole.shard.words  # the floor itself is the one difference
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(state, state_of(whole.shard), strict=True))
    assert rebuilt.position == whole.position
    assert rebuilt.live_orders == whole.live_orders


def test_a_rebuilt_shard_overwrites_nothing_below_its_floor(seed: int) -> None:
    log = random_log(seed)
    floor = len(Bench(ROOMY).carry_out(log)) - 5
    rebuilt = Bench(ROOMY, ring=RING, floor=floor)
    slots = rebuilt.shard.events.slots.view(np.ndarray)
    marks = np.arange(RING)
    slots["log_sequence"] = -1 - marks
    rebuilt.carry_out(log)
    written = [number & (RING - 1) for number in range(floor + 1, floor + 6)]
    kept = [mark for mark in marks.tolist() if mark not in written]
    assert slots["log_sequence"][kept].tolist() == [-1 - mark for mark in kept]
    assert slots.dtype == EVENT
    assert all(slots["log_sequence"][written] > 0)
