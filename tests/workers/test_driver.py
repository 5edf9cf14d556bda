"""The driver against a venue in private memory, whose core is stepped by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from shm import broadcast, histogram, ring
from shm.arena import as_records, new_array
from tests.factories import buy, cancel, joined, sell
from tradsys.book import layout
from tradsys.book.execution import run
from tradsys.book.layout import W_EVENTS
from tradsys.records import COMMAND, DETAILS, EventKind
from tradsys.symbols import Symbol
from workers import memory as venue_memory
from workers.codes import code_of
from workers.driver import ANSWERED, NO_TARGET, REFUSED, Driver, NoProgressError, load_of
from workers.memory import JOURNALED, Sizes, VenueMemory
from workers.port import Port

SIZES = Sizes(
    shards=2,
    rings=3,
    symbols_max=8,
    accounts_max=8,
    orders_per_shard=1024,
    level_pages_per_shard=64,
    directory_entries_per_shard=1024,
    log_ring=64,
    event_ring=64,
    gateway_ring=64,
)
RING = 2


class Core:
    """What sequencer, journal and matchers do, one command at a time."""

    def __init__(self, memory: VenueMemory) -> None:
        self.memory = memory
        self.sequence = 0
        self.log = new_array(COMMAND, 1 << 12)
        for shard in memory.shards:
            layout.initialise(shard)
        for symbol in (1, 2):
            named = Symbol(symbol, f"S{symbol}", 2, 1, 0, 1, 1, 1000, 500)
            self.execute(named.definition().view(COMMAND))

    def execute(self, command: Any, source: int = 0) -> None:
        self.sequence += 1
        record = self.log[self.sequence : self.sequence + 1]
        record[:] = command
        record["sequence"] = self.sequence
        record["source"] = source
        definitions = as_records(self.log.view(np.ndarray).view(DETAILS))
        for number, shard in enumerate(self.memory.shards):
            run(shard, self.log, definitions, 0, -1, self.sequence, SIZES.shards, number)
            broadcast.publish(shard.events, int(shard.words[W_EVENTS]))
        self.memory.control[JOURNALED] = self.sequence

    def take(self, count: int) -> None:
        gateway = self.memory.gateways[RING]
        taken = new_array(COMMAND, count)
        head = int(gateway.header[ring.HEAD])
        for place in range(int(ring.pop(gateway, taken))):
            taken["request"][place] = head + place
            self.execute(taken[place : place + 1], RING)


@pytest.fixture
def core() -> Core:
    return Core(venue_memory.private(SIZES))


@pytest.fixture
def port(core: Core) -> Iterator[Port]:
    port = Port(core.memory, RING, 0)
    yield port
    port.close()


def carry(driver: Driver, core: Core, commands_a_turn: int = 16) -> Any:
    """Everything that the driver keeps until all is answered."""
    kept = []
    deadline = time.monotonic() + 60
    while not driver.done:
        driver.step()
        core.take(commands_a_turn)
        kept.append(driver.take_kept().copy())
        assert time.monotonic() < deadline
    return np.concatenate(kept)


def test_every_command_is_answered_once_through_rings_smaller_than_the_load(core: Core, port: Port) -> None:
    commands = joined(*(buy(100 + number % 50, symbol=1 + number % 2) for number in range(300)))
    load = load_of(commands, np.full(300, NO_TARGET))
    with Driver(port, 0, load, [1, 2]) as driver:
        kept = carry(driver, core)
    assert driver.progress == (300, 300)
    assert (kept["kind"] == EventKind.ACCEPTED).sum() == len(kept) == 300
    assert len(set(kept["order_id"].tolist())) == 300
    assert histogram.summary(load.latencies)["count"] == 300


def test_a_cancel_is_held_back_until_its_order_has_an_id(core: Core, port: Port) -> None:
    commands = joined(buy(100), cancel(0), sell(300), cancel(0))
    load = load_of(commands, np.array([NO_TARGET, 0, NO_TARGET, 2]))
    with Driver(port, 0, load, [1]) as driver:
        driver.step()
        assert driver.progress == (1, 0)
        kept = carry(driver, core)
    assert kept["kind"].tolist() == [EventKind.ACCEPTED, EventKind.CANCELLED] * 2
    assert kept["order_id"][0] == kept["order_id"][1] == load.order_ids[0]


def test_a_cancel_of_a_refused_order_is_sent_and_refused(core: Core, port: Port) -> None:
    load = load_of(joined(buy(100_000), cancel(0)), np.array([NO_TARGET, 0]))
    with Driver(port, 0, load, [1]) as driver:
        kept = carry(driver, core)
    assert kept["kind"].tolist() == [EventKind.REJECTED] * 2
    assert load.order_ids[0] == REFUSED


def test_only_events_of_the_symbols_asked_for_are_kept(core: Core, port: Port) -> None:
    commands = joined(buy(100, symbol=1), buy(100, symbol=2))
    with Driver(port, 0, load_of(commands, np.full(2, NO_TARGET)), [2]) as driver:
        kept = carry(driver, core)
    assert kept["symbol"].tolist() == [2]


def test_answers_to_the_rings_former_owner_do_not_count(core: Core, port: Port) -> None:
    ring.push(core.memory.gateways[RING], joined(buy(50), buy(51)))
    load = load_of(buy(100), np.array([NO_TARGET]))
    with Driver(port, 0, load, [1]) as driver:
        core.take(2)
        driver.step()
        assert load.words[ANSWERED] == 0
        carry(driver, core)
    assert load.order_ids[0] > 0


def test_no_more_than_the_bound_is_in_flight(core: Core, port: Port) -> None:
    load = load_of(joined(*[buy(100)] * 20), np.full(20, NO_TARGET))
    with Driver(port, 0, load, [], in_flight_max=3) as driver:
        driver.step()
        assert driver.progress == (3, 0)
        carry(driver, core)
    assert driver.done


def test_a_planned_command_is_not_sent_before_its_time(core: Core, port: Port) -> None:
    load = load_of(joined(buy(100), buy(100)), np.full(2, NO_TARGET), interval_ns=3_600_000_000_000)
    with Driver(port, 0, load, []) as driver:
        driver.start()
        deadline = time.monotonic() + 60
        while driver.progress != (1, 1):
            driver.step()
            core.take(1)
            assert time.monotonic() < deadline
        driver.step()
        assert driver.progress == (1, 1)


def test_a_venue_that_does_not_answer_is_reported(core: Core, port: Port) -> None:
    load = load_of(joined(buy(100), cancel(0)), np.array([NO_TARGET, 0]))
    with (
        Driver(port, 0, load, []) as driver,
        pytest.raises(NoProgressError, match="1 of 2 commands sent, 0 answered") as caught,
    ):
        for _ in driver.run(patience_seconds=0.05):
            pass
    assert code_of(caught.value) == "no_progress"


def test_a_target_must_come_before_its_command() -> None:
    with pytest.raises(ValueError, match="earlier"):
        load_of(joined(cancel(0), buy(1)), np.array([1, NO_TARGET]))
