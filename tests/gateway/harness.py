"""A venue in private memory, stepped by hand, with a whole gateway in front of it: one process, no supervisor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from aiohttp import ClientSession, ClientWebSocketResponse
from aiohttp.test_utils import TestServer

from gateway.app import application
from gateway.edge import Edge
from shm import broadcast, ring
from shm.arena import new_array
from tradsys.book.layout import initialise
from tradsys.configuration import Configuration, load
from tradsys.ledger.layout import W_TAKEN
from tradsys.records import COMMAND, Kind
from tradsys.risk.outbox import outbox_pending, outbox_pop
from workers import memory, topology
from workers.decision import KNOWN_ACCOUNTS, KNOWN_SYMBOLS, PRELUDE_MAX, decide_on, new_decider, readings
from workers.ledger_definitions import Known, missing_records
from workers.memory import ACCOUNTS, JOURNALED, READER_SHARDS, RUNNING, SYMBOLS, VenueMemory
from workers.port import Port
from workers.recovery import apply_batch
from workers.settlement import new_settlement, settle_events

DEADLINE_SECONDS = 20.0
ALICE, BOB, CAROL = "alice-key", "bob-key", "carol-key"
GATEWAY_RING = 0
NOWHERE = Path("no such directory")
"""For gateways that nobody administers."""
SEQUENCER = 0
"""Index of its worker."""


class SteppedEngine:
    """What the core workers do, one command at a time: sequence, match, publish, call it journaled."""

    def __init__(self, venue_memory: VenueMemory) -> None:
        self.memory = venue_memory
        self.log: list[Any] = []
        self.paused = False
        self._record = new_array(COMMAND, 1)
        self._slots = venue_memory.log.slots.view(np.ndarray)
        self._decider = new_decider(venue_memory, venue_memory.ledger)
        self._records = readings(venue_memory.log.slots)
        self._settlement = new_settlement(venue_memory, venue_memory.ledger)
        for shard in venue_memory.shards:
            initialise(shard)

    def execute(self, command: Any, source: int = 255, request: int = 0) -> None:
        """Sequence one command and carry it out. One with a reason is refused, whatever the ledger would say."""
        record = command.copy()
        record["sequence"] = len(self.log) + 1
        record["timestamp_ns"] = record["sequence"] * 1000
        record["source"], record["request"] = source, request
        self._decide(record)
        self.log.append(record)
        shards = self.memory.shards
        for number, shard in enumerate(shards):
            assert apply_batch(shard, number, len(shards), record), "nobody gates the events"
        sequence = len(self.log)
        broadcast.publish(self.memory.log, sequence)
        for number in range(len(shards)):
            broadcast.advance(self.memory.log, READER_SHARDS + number, sequence)
        self.memory.control[JOURNALED] = sequence
        while settle_events(self._settlement, 1):
            pass

    def step(self) -> None:
        """Take in everything that stands in the rings."""
        if self.paused:
            return
        for number, gateway in enumerate(self.memory.gateways):
            head = int(gateway.header[ring.HEAD])
            while ring.pop(gateway, self._record):
                self.execute(self._record, number, head & 0xFFFF_FFFF)
                head += 1

    def _decide(self, record: Any) -> None:
        """Let the ledger say whether the command is accepted."""
        mask = len(self._slots) - 1
        at = int(record["sequence"][0]) & mask
        self._slots[at] = record[0]
        if not record["reason"][0] and record["kind"][0] not in (Kind.TICK, Kind.ALERT):  # which are the venue's own
            record["reason"] = decide_on(self._decider, self._records, at, mask, PRELUDE_MAX)
            self._slots[at] = record[0]
        self.memory.control[ACCOUNTS] = self._decider.words[KNOWN_ACCOUNTS]
        self.memory.control[SYMBOLS] = self._decider.words[KNOWN_SYMBOLS]


class Harness:
    """The stepped venue, the edge in front of it, and where its server listens."""

    def __init__(self, configuration: Configuration, directory: Path = NOWHERE) -> None:
        self.configuration = configuration
        self.directory = directory
        self.memory = memory.private(topology.sizes(configuration))
        self.memory.control[memory.PHASE] = RUNNING
        self.memory.line(SEQUENCER)[memory.STATE] = memory.READY
        self.engine = SteppedEngine(self.memory)
        for account in configuration.account_list():
            self.engine.execute(account.definition().view(COMMAND))
        for symbol in configuration.symbol_list():
            self.engine.execute(symbol.definition().view(COMMAND))
        known = Known(self.memory.ledger, configuration.account_list(), configuration.symbol_list())
        for definition in missing_records(known, configuration):
            self.engine.execute(definition.record.view(COMMAND))
        self.port = Port(self.memory, GATEWAY_RING, 0)
        self.plan = topology.plan(configuration, [0])
        self.edge = Edge(self.memory, self.port, SEQUENCER, configuration, self.plan, self._no_replica, directory)
        self.server: TestServer | None = None
        self._handle: asyncio.Handle | None = None
        self.edge.pump()

    @property
    def url(self) -> str:
        """Base URL of the running server."""
        assert self.server is not None
        return str(self.server.make_url("/")).rstrip("/")

    def turn(self) -> None:
        """One cycle of engine and gateway."""
        self.engine.step()
        self.edge.pump()

    def log_outbox(self) -> None:
        """Let the log have what the venue itself has to tell."""
        ledger = self.memory.ledger
        while outbox_pending(ledger):
            record = np.asarray(ledger.outbox)[[int(ledger.words[W_TAKEN]) & (len(ledger.outbox) - 1)]]
            outbox_pop(ledger)
            self.send(record)

    def send(self, *commands: Any) -> None:
        """Commands that come from elsewhere than this gateway, carried out and seen by it."""
        for command in commands:
            self.engine.execute(command)
        self.edge.pump()

    def keep_turning(self) -> None:
        """Turn with every cycle of the event loop, until stop_turning()."""
        self.turn()
        self._handle = asyncio.get_running_loop().call_soon(self.keep_turning)

    def stop_turning(self) -> None:
        """End keep_turning()."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    @staticmethod
    def _no_replica() -> Any:
        raise AssertionError("this test's gateway was not to be lapped")


def configuration(**sections: Any) -> Configuration:
    """The testing environment's configuration with some values replaced, as TRADSYS__SECTION__KEY variables do."""
    environ = {
        f"TRADSYS__{section}__{key}".upper(): str(value)
        for section, values in sections.items()
        for key, value in values.items()
    }
    return load("testing", environ=environ)


@asynccontextmanager
async def running(settings: Configuration | None = None) -> AsyncIterator[Harness]:
    """A harness whose server listens on a free port and whose engine turns."""
    with TemporaryDirectory(prefix="tradsys-") as directory:
        harness = Harness(settings or configuration(), Path(directory))
        harness.server = TestServer(application(harness.edge.service))
        await harness.server.start_server()
        harness.keep_turning()
        try:
            yield harness
        finally:
            harness.stop_turning()
            await harness.server.close()


@asynccontextmanager
async def socket(harness: Harness, key: str | None = None, query: str = "") -> AsyncIterator[ClientWebSocketResponse]:
    """A bare WebSocket to the harness; `query` as in "?a=b"."""
    headers = {} if key is None else {"X-API-Key": key}
    async with ClientSession() as session, session.ws_connect(f"{harness.url}/ws{query}", headers=headers) as opened:
        yield opened


async def receive(opened: ClientWebSocketResponse) -> Any:
    """The next message."""
    return await opened.receive_json(timeout=DEADLINE_SECONDS)


async def ask(opened: ClientWebSocketResponse, **message: Any) -> Any:
    """Send an operation and give its answer; what comes before the answer is dropped."""
    await opened.send_json(message)
    while "channel" in (answer := await receive(opened)):
        pass
    return answer


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds. Fails after DEADLINE_SECONDS."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            turned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(turned.set_result, None)
            await turned
