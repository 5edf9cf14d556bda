"""The table of order types: that each operation is what its name says, and that plain orders meet nothing rare."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from bench import mix
from bench.mix_cases import Case, book, cases, repeated
from bench.mix_log import details_of, log_of, new_shard
from shm.jit import JIT_DISABLED
from tradsys.cli.bench import bench
from tradsys.records import COMMAND, EventKind, Kind, OrderType, TimeInForce
from tradsys.reference.messages import commands_of
from tradsys.reference.venue import Venue

pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels")
OPERATIONS = 3


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_reference_venue_tells_the_same_of_each_operation_which_leaves_the_book_as_it_was(case: Case) -> None:
    standing = [*book(), *case.standing]
    log = log_of([*standing, repeated(case, OPERATIONS, 1)])
    venue = Venue()
    order_ids: dict[int, int] = {}
    kinds: list[EventKind] = []
    before = None
    for command in commands_of(np.array(log[1:])):
        if command.sequence == len(standing) + 1:
            before = _prices(venue)
            kinds = []
        if command.kind in {Kind.CANCEL, Kind.AMEND}:
            command.order_id = order_ids.get(command.client_order_id, 0)
        for event in venue.process(command):
            kinds.append(EventKind(event.kind))
            if event.kind == EventKind.ACCEPTED:
                order_ids[event.client_order_id] = event.order_id
    assert tuple(kinds) == case.tells * OPERATIONS
    assert _prices(venue) == before


def _prices(venue: Venue) -> list[tuple[int, int]]:
    """Every price in the book with its number of orders; the quantities of the large orders change."""
    return [(level.price_ticks, level.orders) for side in venue.depth(1) for level in side]


def test_every_order_type_and_time_in_force_is_timed() -> None:
    records = np.concatenate([record for case in cases() for record in (*case.standing, *case.records)])
    orders = records[np.isin(records["kind"], (Kind.NEW, Kind.LEG))]
    assert set(orders["order_type"].tolist()) >= set(OrderType) - {OrderType.TAKE_PROFIT_LIMIT}
    assert set(orders["time_in_force"].tolist()) >= set(TimeInForce) - {TimeInForce.AT_OPEN}


def test_an_operation_that_does_something_else_is_not_timed() -> None:
    case = cases()[0]._replace(tells=(EventKind.ACCEPTED, EventKind.REJECTED))
    with pytest.raises(mix.WrongEventsError, match=r"begin with .*'CANCELLED'"):
        mix.prepare(case, OPERATIONS, 1, new_shard(mix._OPERATION_SIZE))


def test_the_clock_of_a_log_makes_orders_expire_so_many_records_later() -> None:
    case = next(case for case in cases() if case.name == "good till a time: rests, expires")
    log = log_of([np.zeros(4, COMMAND), *case.records])
    assert log["sequence"].tolist() == list(range(8))
    assert int(details_of(log)["expires_ns"][5]) == int(log["timestamp_ns"][7])


def test_mix_gives_every_operation_and_the_cost_of_rare_orders() -> None:
    result = mix.run(Console(quiet=True), mix.Settings(operations=20, messages=3_000, rounds=2))
    assert list(result["operations"]) == [case.name for case in cases()]
    assert all(one["ns"] > 0 and one["samples"] == 2 for one in result["operations"].values())
    assert list(result["flow"]) == [mix.PLAIN, mix.WITH_RARE, mix.WITH_HIDDEN]
    assert result["flow"][mix.PLAIN]["ratio"] == 1
    assert result["flow"][mix.WITH_HIDDEN]["ratio"] > 1


def test_the_command_shows_the_mix() -> None:
    shown = CliRunner().invoke(bench, ["kernel", "--mix", "--rounds", "1", "--messages", "1000", "--json"])
    assert shown.exit_code == 0, shown.output
    assert "market: trades" in json.loads(shown.stdout.strip().splitlines()[-1])["operations"]
