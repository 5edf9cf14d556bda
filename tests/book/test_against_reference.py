"""The kernel against the slow, obvious venue: the same events, field for field, for whatever comes."""

from __future__ import annotations

from collections import Counter

import pytest

from shm.jit import JIT_DISABLED
from tests.book.comparison import ROOMY, Comparison
from tests.book.flow import INSTRUMENTS, Flow, definitions
from tests.book.shards import ReferenceShards
from tradsys.reasons import Reason
from tradsys.records import EventKind

BATCH = 250
BOOKS_EVERY = 2000
ORDINARY = 3_000 if JIT_DISABLED else 40_000
SOAK = 10_000_000


def compare(comparison: Comparison, flow: Flow, commands: int) -> None:
    """Send `commands` of the flow through both, comparing as it goes."""
    for command in definitions(flow.instruments):
        comparison.submit(command)
    for number in range(1, commands + 1):
        order = comparison.submit(flow.next())
        if order is not None:
            flow.learn(order)
        if number % BATCH == 0:
            comparison.compare()
        if number % BOOKS_EVERY == 0:
            comparison.compare_books()
    comparison.compare()
    comparison.compare_books()


def test_every_event_is_the_references(seed: int) -> None:
    comparison = Comparison(seed, ROOMY)
    compare(comparison, Flow(seed, comparison.venues), 2 * ORDINARY)


def test_every_event_is_the_references_when_the_order_pool_fills_up(seed: int) -> None:
    comparison = Comparison(seed, ROOMY._replace(orders=60))
    flow = Flow(seed + 1, comparison.venues, live_aimed=70)
    compare(comparison, flow, ORDINARY)


def test_every_event_is_the_references_in_one_deep_book(seed: int) -> None:
    comparison = Comparison(seed, ROOMY)
    deep = INSTRUMENTS[0]._replace(spread_ticks=200)
    flow = Flow(seed + 2, comparison.venues, (deep,), live_aimed=1500, calm=True)
    compare(comparison, flow, ORDINARY)


def test_every_shard_gives_the_events_of_its_symbols(seed: int) -> None:
    comparison = Comparison(seed, ROOMY, shards=3)
    compare(comparison, Flow(seed + 3, comparison.venues), ORDINARY)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_ten_million_commands_give_the_references_events(seed: int) -> None:
    parts = 20
    for part in range(parts):
        is_crowded, is_sharded = part % 5 == 4, part % 4 == 3
        size = ROOMY._replace(orders=80) if is_crowded else ROOMY
        comparison = Comparison(seed + part, size, shards=3 if is_sharded else 1)
        flow = Flow(seed + 100 + part, comparison.venues, live_aimed=90 if is_crowded else 400)
        compare(comparison, flow, SOAK // parts)


def test_the_flow_brings_every_kind_of_event_and_every_reason_of_the_book() -> None:
    """A comparison proves nothing about what never happens in it."""
    shards = ReferenceShards(orders_max=100)
    flow = Flow(1, shards.venues, live_aimed=120)
    kinds: Counter[int] = Counter()
    reasons: Counter[int] = Counter()
    for _, events in shards.run(flow, 20_000):
        kinds.update(event.kind for event in events)
        reasons.update(event.reason for event in events)
    sequencers = {Reason.ACCOUNT_EXISTS, Reason.DEFINITION_OUT_OF_ORDER}
    ledgers = {reason for reason in Reason if reason >= Reason.INVALID_POSTING} - {Reason.INVALID_BREAKER}
    assert set(EventKind) - set(kinds) == {EventKind.NONE}
    assert set(Reason) - set(reasons) == sequencers | ledgers | {Reason.LEVEL_POOL_FULL}
