"""Sequencer, journal and matchers as workers of their own, stepped in random order, each of them mortal."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.factories import buy, cancel_all, define_account, define_symbol, joined, tick
from tests.workers.crashes import crash_anywhere
from tests.workers.stepped import ACCOUNTS, SIZES, SYMBOLS, SteppedVenue, sharded
from tests.workers.traders import Traders
from tradsys.reasons import Reason
from tradsys.records import EventKind, Kind
from workers.memory import ACCOUNTS as ACCOUNTS_WORD
from workers.memory import SYMBOLS as SYMBOLS_WORD


def new_venue(directory: Path, shards: int, level: str = "memory") -> SteppedVenue:
    venue = SteppedVenue(directory, sharded(shards), msgspec.structs.replace(SIZES, shards=shards), level=level)
    venue.define()
    return venue


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[SteppedVenue]:
    """A venue of two shards with accounts and symbols."""
    venue = new_venue(tmp_path, 2)
    yield venue
    venue.close()


@pytest.mark.parametrize(("shards", "level"), [(2, "memory"), (3, "group"), (2, "each")])
def test_random_crashes_of_any_worker_leave_no_trace(tmp_path: Path, seed: int, shards: int, level: str) -> None:
    venue = new_venue(tmp_path, shards, level)
    crashes = crash_anywhere(venue, random.Random(seed), 600)
    venue.assert_right()
    assert crashes > 5
    assert all(len(seen) > 50 for seen in venue.seen)
    venue.close()


@pytest.mark.parametrize("victim", ["journal", "sequencer", "matcher-0", "matcher-1"])
def test_the_others_go_on_while_a_worker_is_away(venue: SteppedVenue, seed: int, victim: str) -> None:
    traders = Traders(venue, seed)
    venue.submit(traders.next(20))
    if victim != "sequencer":
        venue.sequence()
    venue.crash(victim)
    for name, worker in venue.workers.items():
        if name == "sequencer":
            assert worker.sequence(venue.now_ns) == 0
        worker.write()
        if name.startswith("matcher"):
            worker.match()
    venue.read()
    venue.start(victim)
    venue.submit(traders.next(20))
    venue.settle()
    venue.assert_right()


def test_a_matcher_that_ran_ahead_of_the_journal_waits_for_it_when_it_comes_back(venue: SteppedVenue) -> None:
    venue.submit(joined(*[buy(400 + number, symbol=1 + number % 2) for number in range(10)]))
    venue.sequence()
    venue.match(0)
    venue.match(1)
    venue.restart("matcher-1")
    venue.settle()
    venue.assert_right()


def refusal(venue: SteppedVenue, command: object) -> list[int]:
    """Submit one command; the reasons of the events that it caused, over all shards."""
    before = [len(seen) for seen in venue.seen]
    venue.submit(command)
    venue.settle()
    new = [seen[start:] for seen, start in zip(venue.seen, before, strict=True)]
    assert all((events["kind"] == EventKind.REJECTED).all() for events in new)
    return [int(reason) for events in new for reason in events["reason"]]


@pytest.mark.parametrize("account", [0, ACCOUNTS + 1, SIZES.accounts_max, (1 << 32) - 1])
def test_an_unknown_account_is_refused(venue: SteppedVenue, account: int) -> None:
    for kind in (Kind.NEW, Kind.CANCEL, Kind.AMEND):
        command = buy(400, account=account)
        command["kind"] = kind
        assert refusal(venue, command) == [Reason.UNKNOWN_ACCOUNT]
    venue.assert_right()


@pytest.mark.parametrize("kind", [0, 7, 26, 128, 255])
def test_an_unknown_kind_of_command_is_refused(venue: SteppedVenue, kind: int) -> None:
    command = buy(400)
    command["kind"] = kind
    assert refusal(venue, command) == [Reason.UNKNOWN_COMMAND]
    venue.assert_right()


@pytest.mark.parametrize("kind", [Kind.TICK, Kind.BOOT])
@pytest.mark.parametrize("symbol", [1, 2])
def test_a_client_cannot_turn_the_clock_or_boot_the_venue(venue: SteppedVenue, kind: Kind, symbol: int) -> None:
    assert refusal(venue, tick(kind=kind, symbol=symbol)) == [Reason.UNKNOWN_COMMAND]
    venue.assert_right()


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (define_account(ACCOUNTS), Reason.ACCOUNT_EXISTS),
        (define_account(1), Reason.ACCOUNT_EXISTS),
        (define_account(ACCOUNTS + 2), Reason.DEFINITION_OUT_OF_ORDER),
        (define_account(0, "nobody"), Reason.DEFINITION_OUT_OF_ORDER),
        (define_symbol(SYMBOLS), Reason.SYMBOL_EXISTS),
        (define_symbol(1), Reason.SYMBOL_EXISTS),
        (define_symbol(SYMBOLS + 2), Reason.DEFINITION_OUT_OF_ORDER),
        (define_symbol(0), Reason.DEFINITION_OUT_OF_ORDER),
    ],
)
def test_a_definition_that_exists_or_is_out_of_order_is_refused(
    venue: SteppedVenue, definition: object, reason: Reason
) -> None:
    assert refusal(venue, definition) == [reason]
    assert int(venue.memory.control[ACCOUNTS_WORD]) == ACCOUNTS
    assert int(venue.memory.control[SYMBOLS_WORD]) == SYMBOLS
    venue.assert_right()


def test_definitions_beyond_what_the_venue_holds_are_refused(venue: SteppedVenue) -> None:
    for number in range(ACCOUNTS + 1, SIZES.accounts_max + 1):
        venue.submit(define_account(number))
    for number in range(SYMBOLS + 1, SIZES.symbols_max + 1):
        venue.submit(define_symbol(number))
    venue.settle()
    assert refusal(venue, define_account(SIZES.accounts_max + 1)) == [Reason.UNKNOWN_ACCOUNT]
    assert refusal(venue, define_symbol(SIZES.symbols_max + 1)) == [Reason.UNKNOWN_SYMBOL]
    venue.assert_right()


def test_definitions_and_their_first_orders_may_come_together(venue: SteppedVenue) -> None:
    account, symbol = ACCOUNTS + 1, SYMBOLS + 1
    venue.submit(joined(define_account(account), define_symbol(symbol), buy(400, account=account, symbol=symbol)))
    venue.settle()
    assert venue.seen[symbol % 2]["kind"][-2:].tolist() == [EventKind.SYMBOL, EventKind.ACCEPTED]
    assert int(venue.memory.accounts["account"][account]) == account
    assert bytes(venue.memory.symbols["name"][symbol]) == f"SYM{symbol}".encode()
    venue.assert_right()


def test_a_mass_cancel_of_all_symbols_is_answered_by_every_shard(venue: SteppedVenue) -> None:
    venue.submit(joined(*[buy(400, symbol=1 + number % SYMBOLS) for number in range(8)], cancel_all(account=1)))
    venue.settle()
    for seen in venue.seen:
        assert seen["kind"][-5:].tolist() == [EventKind.CANCELLED] * 4 + [EventKind.MASS_CANCELLED]
        assert seen["quantity_lots"][-1] == 4
    venue.assert_right()


def test_shards_come_from_the_journal_independently_of_one_another(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    for _ in range(20):
        venue.submit(traders.next(10))
        venue.settle()
    before = [shard.orders.tobytes() for shard in venue.memory.shards]
    events = [int(position) for position in venue.ports[0].positions]
    for shard in (1, 0):
        venue.restart(f"matcher-{shard}")
        assert [each.orders.tobytes() for each in venue.memory.shards] == before
    assert np.array_equal(venue.ports[0].positions, events)
    venue.assert_right()
