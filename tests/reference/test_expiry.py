from __future__ import annotations

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds
from tradsys.reasons import Reason
from tradsys.records import EventFlag, EventKind, Link, MarketState, Side, TimeInForce
from tradsys.reference.messages import commands_of
from tradsys.reference.venue import Venue

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, CANCELLED, TRIGGERED = EventKind.ACCEPTED, EventKind.CANCELLED, EventKind.TRIGGERED
GTD = TimeInForce.GTD


def dated(desk: Desk, expires_ns: int, order: object) -> int:
    """Enter the order, good till then."""
    record = order.copy()  # type: ignore[attr-defined]
    record["time_in_force"] = GTD
    return desk.enter(*make.extended(record, expires_ns=expires_ns))


def test_an_order_expires_before_the_record_at_its_time_is_carried_out(desk: Desk) -> None:
    order = dated(desk, 6000, make.buy(500, 5))
    assert desk.now_ns == 3000
    desk.send(make.tick(), make.tick())
    events = desk.send(make.sell(500, 5, account=2, request=77, source=3))
    assert kinds(events) == [CANCELLED, ACCEPTED]
    assert ended(events) == [(order, Reason.EXPIRED, 5)]
    cancelled = events[0]
    assert (cancelled.log_sequence, cancelled.timestamp_ns) == (6, 6000)
    assert (cancelled.request, cancelled.source) == (77, 3)
    assert cancelled.flags == EventFlag.WAS_RESTING, "the command's own events follow"


def test_the_earliest_expiry_comes_first_and_then_the_lower_id(desk: Desk) -> None:
    third = dated(desk, 40_000, make.buy(500))
    second = dated(desk, 30_000, make.stop(BUY, 600))
    fourth = dated(desk, 40_000, make.pegged(BUY, 500))
    first = dated(desk, 20_000, make.buy(500))
    desk.late_ns = 100_000
    events = desk.send(make.tick())
    assert [order for order, _, _ in ended(events)] == [first, second, third, fourth]
    assert [event.flags & EventFlag.LAST for event in events if event.kind == CANCELLED] == [0, 0, 0, EventFlag.LAST]


def test_a_cancelled_order_does_not_expire(desk: Desk) -> None:
    order = dated(desk, 20_000, make.buy(500))
    desk.send(make.cancel(order))
    desk.late_ns = 100_000
    assert desk.send(make.tick()) == []


def test_even_a_refused_record_lets_time_pass_and_so_does_a_frozen_auction(desk: Desk) -> None:
    order = dated(desk, 6000, make.buy(500))
    desk.send(make.market_state(MarketState.OPENING_AUCTION), make.market_state(MarketState.FROZEN))
    events = desk.send(make.buy(500, reason=Reason.UNKNOWN_ACCOUNT))
    assert kinds(events) == [CANCELLED, EventKind.REJECTED]
    assert ended(events) == [(order, Reason.EXPIRED, 10)]


def test_what_follows_from_an_expiry_is_done_before_the_record(desk: Desk) -> None:
    order = make.buy(490, 10, time_in_force=GTD)
    leg = make.stop_limit(SELL, 495, 600)
    extension, new = make.extended(order, expires_ns=6000)
    first = desk.enter(extension, *make.linked(Link.ONE_TRIGGERS_OTHER, new, leg))
    desk.send(make.sell(490, 4, account=2))
    events = desk.send(make.cancel_all(account=1))
    assert kinds(events) == [CANCELLED, TRIGGERED, TRIGGERED, EventKind.RESTED, CANCELLED, EventKind.MASS_CANCELLED]
    assert ended(events)[0] == (first, Reason.EXPIRED, 6)


def test_records_of_other_shards_let_time_pass_here(desk: Desk) -> None:
    order = dated(desk, 5000, make.buy(500))
    (command,) = commands_of(make.buy(500, symbol=2, sequence=4, timestamp_ns=4999))
    assert desk.venue.pass_by(command) == []
    (command,) = commands_of(make.buy(500, symbol=2, sequence=5, timestamp_ns=5000, source=9, request=8))
    (event,) = desk.venue.pass_by(command)
    assert (event.order_id, event.reason, event.log_sequence) == (order, Reason.EXPIRED, 5)
    assert (event.source, event.request) == (9, 8)
    assert event.flags & EventFlag.LAST


def test_a_record_of_another_shard_breaks_a_prelude(desk: Desk) -> None:
    extension, order = make.extended(make.buy(500), display_lots=2)
    desk.send(extension)
    (command,) = commands_of(make.tick(sequence=3))
    desk.venue.pass_by(command)
    assert desk.send(order)[0].reason == Reason.INVALID_ORDER


def test_every_shard_learns_the_groups_of_accounts_and_one_tells_it() -> None:
    (command,) = commands_of(make.define_account(3, group=7))
    assert kinds(Venue().process(command)) == [EventKind.ACCOUNT]
    assert Venue(tells_accounts=False).process(command) == []
