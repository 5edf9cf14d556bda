"""A kernel's ledger without room for more refuses, and goes on with what it has; the reference always has room."""

from __future__ import annotations

from typing import Any

from tests.factories import amend, buy, linked, sell
from tests.ledger.hall import ALICE, BOB, CAROL, Hall
from tests.ledger.kernel_ledger import SMALL, KernelLedger
from tradsys.reasons import Reason
from tradsys.records import EventKind, Link
from tradsys.reference.messages import Event, commands_of
from tradsys.risk.terms import Limit, Scope


def hall_with(**sizes: int) -> Hall:
    """Everyone has 10,000 of the quote asset; tables have room for at least so many."""
    hall = Hall(KernelLedger(SMALL._replace(**sizes)))
    for account in (ALICE, BOB, CAROL):
        hall.fund(account, quote=10_000)
    return hall


def decided(hall: Hall, sequence: int, *records: Any) -> Reason:
    """What the ledger says to the last of the records, with the ones before it as its legs; no book sees it."""
    commands = [command for record in records for command in commands_of(record)]
    for place, command in enumerate(commands):
        command.sequence = sequence + place
    return hall.ledger.decide(commands[-1], commands[:-1])


def rejected(hall: Hall, sequence: int) -> None:
    """The book has refused the command."""
    names = dict.fromkeys(Event.__dataclass_fields__, 0)
    told = {"kind": int(EventKind.REJECTED), "symbol": 1, "log_sequence": sequence}
    hall.ledger.settle(Event(**(names | told)))


def test_an_order_needs_room_for_its_position() -> None:
    hall = hall_with(positions=2)
    hall.enter(buy(100, 10))
    hall.enter(buy(100, 10, account=BOB))
    assert hall.refusal(buy(100, 10, account=CAROL)) == Reason.LEDGER_FULL
    assert hall.quote(CAROL) == (10_000, 0)
    hall.enter(buy(100, 10))
    hall.fund(CAROL, base=20)
    assert hall.refusal(sell(100, 10, account=CAROL)) == Reason.LEDGER_FULL


def test_an_order_needs_room_among_the_commands_under_way() -> None:
    hall = hall_with(pending=2)
    assert decided(hall, 100, buy(100, 10)) == decided(hall, 101, buy(100, 10)) == Reason.NONE
    assert decided(hall, 102, buy(100, 10)) == Reason.LEDGER_FULL
    assert hall.quote(ALICE) == (8_000, 2_000)
    rejected(hall, 100)
    assert decided(hall, 102, buy(100, 10)) == Reason.NONE
    assert hall.quote(ALICE) == (8_000, 2_000)


def test_an_amendment_and_a_leg_need_room_too() -> None:
    hall = hall_with(pending=2)
    order = hall.enter(buy(100, 10))
    assert decided(hall, 100, buy(100, 10)) == Reason.NONE
    assert decided(hall, 102, amend(order, quantity_lots=11)) == Reason.LEDGER_FULL
    pair = linked(Link.ONE_CANCELS_OTHER, buy(100, 10), buy(90, 10))
    # First its leg has the place that is taken, then the order itself.
    assert decided(hall, 102, *pair) == decided(hall, 103, *pair) == Reason.LEDGER_FULL
    assert hall.quote(ALICE) == (8_000, 2_000)
    rejected(hall, 100)
    assert decided(hall, 103, *pair) == Reason.NONE


def test_limits_need_rows_of_their_own() -> None:
    ledger = hall_with(limit_rows=2).ledger

    def limited(scope: Scope, **named: int) -> Reason:
        return ledger.set_limit(scope, Limit.POSITION, 5, **named)

    assert limited(Scope.ACCOUNT, account=ALICE) == limited(Scope.GROUP, group=7) == Reason.NONE
    assert limited(Scope.ACCOUNT, account=BOB) == limited(Scope.GROUP, group=8) == Reason.LEDGER_FULL
    assert limited(Scope.ACCOUNT_SYMBOL, account=ALICE, symbol=1) == Reason.LEDGER_FULL
    assert limited(Scope.ACCOUNT, account=ALICE) == limited(Scope.VENUE) == Reason.NONE


def test_groups_have_room_for_so_many() -> None:
    ledger = hall_with(groups=1).ledger
    assert ledger.set_limit(Scope.GROUP, Limit.POSITION, 5, group=8) == Reason.NONE
    # The accounts' own group is the other one.
    assert ledger.set_limit(Scope.GROUP, Limit.POSITION, 5, group=9) == Reason.LEDGER_FULL
    assert ledger.set_kill(Scope.GROUP, 1, group=9) == Reason.LEDGER_FULL
    assert ledger.set_kill(Scope.GROUP, 1, group=7) == Reason.NONE
