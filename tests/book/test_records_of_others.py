"""What the ledger and the risk checks are told, as the book answers it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.book.harness import Bench, ended, kinds
from tests.factories import buy, define_account, kill, ledger_record, sell
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import COMMAND, EventFlag, EventKind, Kind
from tradsys.risk.terms import Scope

OF_OTHERS = (*range(Kind.ASSET, Kind.BREAKER), Kind.ALERT)
WITHOUT_EVENT = (Kind.NONE, 7, Kind.BOOT, Kind.SETTLED, 26, 200, 255)


def of_random_bytes(kind: int, dice: np.random.Generator) -> Any:
    """A record whose bytes are all set."""
    record = np.frombuffer(bytearray(dice.bytes(COMMAND.itemsize)), COMMAND)
    record["kind"], record["reason"] = kind, 0
    record["symbol"] = 1
    if kind == Kind.KILL:
        record["order_type"] = 0  # lifted
    return record


@pytest.mark.parametrize("kind", OF_OTHERS)
def test_a_record_that_is_nothing_to_the_book_is_told_byte_for_byte(bench: Bench, kind: int, seed: int) -> None:
    record = of_random_bytes(kind, np.random.default_rng(seed))
    (event,) = bench.submit(record).view(np.ndarray)
    assert (event["kind"], event["flags"], event["reason"]) == (EventKind.RECORDED, EventFlag.LAST, 0)
    assert (event["source"], event["request"]) == (record["source"], record["request"])
    told, sent = event.tobytes(), record.tobytes()
    # Where the event has the record's bytes, by the offsets of both.
    for place, first, size in (
        (20, 24, 4),
        (24, 36, 4),
        (32, 40, 8),
        (40, 48, 8),
        (48, 28, 4),
        (52, 16, 4),
        (56, 56, 8),
    ):
        assert told[place : place + size] == sent[first : first + size], place


@pytest.mark.parametrize("kind", OF_OTHERS)
def test_a_record_that_is_refused_is_told_with_its_reason_alone(bench: Bench, kind: int) -> None:
    (event,) = bench.submit(ledger_record(Kind(kind), reason=Reason.INVALID_LIMIT, symbol=1, on=1))
    assert (event["kind"], event["reason"]) == (EventKind.REJECTED, Reason.INVALID_LIMIT)


@pytest.mark.parametrize("kind", WITHOUT_EVENT)
def test_other_records_have_no_event_and_stop_nothing(bench: Bench, kind: int) -> None:
    record = ledger_record(Kind.SETTLED, symbol=1)
    record["kind"] = kind
    assert kinds(bench.submit(record, buy(500))) == [EventKind.ACCEPTED]


def test_a_record_without_a_symbol_is_answered_by_the_first_shard_and_a_kill_by_every_one() -> None:
    benches = [Bench(shards=3, number=number) for number in range(3)]
    lifted, posting = kill(on=0), ledger_record(Kind.POSTING, number=5)
    breaker = ledger_record(Kind.BREAKER)
    refused = kill()
    refused["reason"] = Reason.INVALID_KILL
    for record in (lifted, posting, breaker):
        assert [kinds(bench.submit(record)) for bench in benches] == [[EventKind.RECORDED], [], []]
    assert [kinds(bench.submit(refused)) for bench in benches] == [[EventKind.REJECTED], [], []]
    assert [kinds(bench.submit(kill())) for bench in benches] == [[EventKind.MASS_CANCELLED]] * 3
    of_symbol = kill(Scope.SYMBOL, symbol=5)
    assert [kinds(bench.submit(of_symbol)) for bench in benches] == [[], [], [EventKind.MASS_CANCELLED]]


def test_a_kill_switch_takes_the_orders_of_a_group_and_says_how_many(bench: Bench) -> None:
    bench.submit(define_account(1, group=7), define_account(2, group=8), define_account(3, group=7))
    orders = {account: bench.enter(buy(400, account=account)) for account in (1, 2, 3)}
    events = bench.submit(kill(Scope.GROUP, group=7))
    assert ended(events) == [(orders[1], Reason.KILLED, 10), (orders[3], Reason.KILLED, 10)]
    assert kinds(events)[-1] == EventKind.MASS_CANCELLED
    assert (events["flags"][-1], events["quantity_lots"][-1]) == (EventFlag.LAST, 2)
    assert [order.account for order in bench.resting()] == [2]


def test_a_kill_switch_of_the_venue_empties_every_book(bench: Bench) -> None:
    for price in range(300, 500):
        bench.enter(buy(price))
        bench.enter(sell(price + 250, account=2))
    assert bench.submit(kill())["quantity_lots"][-1] == 400
    assert bench.live_orders == 0
    audit(bench.shard)
