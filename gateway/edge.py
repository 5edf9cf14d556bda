"""One gateway: events out of the engine into the state, to the channels and to whoever waits for an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from gateway import health
from gateway.accounts import Accounts
from gateway.administration.acts import Administration
from gateway.auth.keys import Keys
from gateway.commands import CommandWriter
from gateway.entry import OrderEntry
from gateway.events import Event, unpack_array
from gateway.feed import BATCH, Feed
from gateway.ledger import LedgerReader
from gateway.postings import Postings
from gateway.recovered import sessions as sessions_of
from gateway.service import Service
from gateway.sessions import SessionNumbers, ends_with_orders
from gateway.stages import Stages
from gateway.state import Recovered, VenueState
from gateway.tally import Tally
from gateway.tracing import OrderTracer
from gateway.underway import UnderWay
from gateway.websocket.channels import Channels
from shm.broadcast import LAPPED
from tradsys.configuration import Configuration
from tradsys.logging import log_latency, logger
from workers.administration.access import AccessFile
from workers.memory import JOURNALED, VenueMemory
from workers.port import Port
from workers.topology import WorkerPlan

_log = logger("gateway")

_DURABLE_SECONDS = 0.001
_SLOW_SECONDS = 10.0


class Replica(Recovered, Protocol):
    """What workers.replica.Replica gives: the venue's state out of its journal."""

    def advance(self) -> int:
        """Apply what the journal holds now; gives the last log sequence."""

    def missing_events(self, shard: int, after: int) -> Iterator[Any]:
        """EVENT arrays of a shard from event `after` + 1 on, of a replica that has not advanced."""


class Edge:
    """The moving parts of a gateway process. `pump` is its duty cycle; the owner decides when to call it.

    `sequencer` is the index of the worker that takes in commands, and of its doorbell; `directory` is the venue's.
    `give_up` is called when events that were missed cannot be had any more: then only a new start helps.
    """

    def __init__(
        self,
        memory: VenueMemory,
        port: Port,
        sequencer: int,
        configuration: Configuration,
        workers: list[WorkerPlan],
        rebuild: Callable[[], Replica],
        directory: Path,
        give_up: Callable[[], None] = lambda: None,
        tracer: OrderTracer | None = None,
    ) -> None:
        gateway = configuration.gateway
        self._silence_ms_max = configuration.monitoring.thresholds.heartbeat_ms.enter
        self.memory = memory
        self.port = port
        self._rebuild = rebuild
        self._give_up = give_up
        self._catching_up: dict[int, asyncio.Task[None]] = {}
        self._shards = memory.sizes.shards
        self.state = VenueState(
            lambda symbol: memory.symbols[symbol], gateway.trades_kept, gateway.finished_orders_kept
        )
        self.feed = Feed(memory)
        writer = CommandWriter(memory, port.number, sequencer)
        self._stages = Stages(memory, port.number, tracer)
        self._tally = Tally(memory.counters, f"gateway-{port.number}")
        clock_ns = time.monotonic_ns
        self.entry = OrderEntry(writer, self.state, memory.control, self._shards, clock_ns, self._tally, self._stages)
        self.sessions = SessionNumbers(port.number, gateway.count)
        self._under_way = UnderWay(memory, self.feed)
        accounts = Accounts(memory.accounts, memory.control)
        access = AccessFile(directory)
        self._keys = Keys(configuration, accounts, access)
        self._administration = Administration(memory, self.entry, access, configuration, directory)
        self._administration.on_access_change = self._keys.look
        ledger = LedgerReader(memory, self.feed, sequencer)
        self.channels = Channels(self.state, gateway.depth_levels_max, ledger, accounts)
        self.service = Service(
            self.state,
            self.entry,
            self.channels,
            self.sessions,
            self._keys,
            accounts,
            ledger,
            Postings(accounts, ledger, self.state.withdrawals),
            self._administration,
            self._under_way,
            gateway.frame_bytes_max,
            lambda: self._health(workers),
            self._tally.sockets,
        )

    def configure(self, configuration: Configuration) -> None:
        """What of this configuration concerns a gateway that runs counts from now on: keys, roles, depth, patience."""
        self._keys.learn(configuration)
        self._administration.configuration = configuration
        self._silence_ms_max = configuration.monitoring.thresholds.heartbeat_ms.enter
        self.channels.depth_levels_max = configuration.gateway.depth_levels_max

    async def recover(self) -> None:
        """Begin with the state that the journal tells, and with the events after it."""
        with log_latency(_log, "recover", slow_seconds=_SLOW_SECONDS):
            await self._recover()

    async def _recover(self) -> None:
        # First what may not be in the journal yet: orders that the gateway before this one sent in its last moments.
        sessions = self._under_way.sessions(self.port.number)
        replica, sequence = await asyncio.get_running_loop().run_in_executor(None, self._advanced_replica)
        while int(self.memory.control[JOURNALED]) < sequence:
            await asyncio.sleep(_DURABLE_SECONDS)  # what is read may be written and not yet durable
        self.state.load(replica, self.memory.sizes.event_ring)
        self.feed.positions[:] = map(int, replica.positions)
        for shard in replica.shards:
            sessions |= sessions_of(shard)
        for account, session in sorted(sessions):
            self.sessions.skip(session)
            if self.sessions.is_heir(session) and ends_with_orders(session):
                self.entry.end_session(account, session)  # the gateway before this one has lost it

    def pump(self) -> bool:
        """Take one batch of events from every shard; True when there are more for certain."""
        more = False
        anything = False
        for shard in range(self._shards):
            if shard in self._catching_up:
                continue
            count = self.feed.take(shard)
            if count == LAPPED:
                self._tally.lapped.add()
                self._catching_up[shard] = asyncio.ensure_future(self._catch_up(shard))
            elif count:
                anything = True
                more = more or count == BATCH
                self._take(self.feed.taken(count), self.feed.positions[shard] - count)
        if anything:
            self.channels.publish()
        self.channels.flush()
        return more

    def has_events(self) -> bool:
        """Whether pump() would find something now. A shard that is being caught up with does not count."""
        return any(self.feed.has_events(shard) for shard in range(self._shards) if shard not in self._catching_up)

    def expire(self) -> None:
        """Answer the requests that have waited too long, and do what could not be done when it was asked for."""
        self._keys.look()
        self.entry.expire()
        self.entry.end_lost_sessions()
        self.channels.flush()

    async def stop(self, deadline_seconds: float) -> None:
        """Take nothing new, and wait until what is in flight has been answered or time is up."""
        self.entry.stopping = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + deadline_seconds
        while self.entry.waiting and loop.time() < deadline:
            self.pump()
            await asyncio.sleep(0.001)
        for task in self._catching_up.values():
            task.cancel()
        self._stages.close()

    def _health(self, workers: list[WorkerPlan]) -> health.Details:
        now_ns, is_stopping = time.monotonic_ns(), self.entry.stopping
        return health.read(self.memory, workers, now_ns, self._silence_ms_max, is_stopping=is_stopping)

    def _take(self, events: Iterable[Event], number: int) -> None:
        """Go through the events after event `number` of a shard."""
        apply, tell, observe = self.state.apply, self.channels.tell, self.entry.observe
        source = self.port.number
        for event in events:
            number += 1
            apply(event, number)
            tell(event)
            if event.source == source:
                observe(event)

    def _advanced_replica(self) -> tuple[Replica, int]:
        """The state that the journal tells now, and the log sequence that it is of."""
        replica = self._rebuild()
        return replica, replica.advance()

    async def _catch_up(self, shard: int) -> None:
        """The engine was too fast and has overwritten events unread: take them from the journal instead."""
        _log.warning("lapped", shard=shard, position=self.feed.positions[shard])
        try:
            loop = asyncio.get_running_loop()
            replica = await loop.run_in_executor(None, self._rebuild)
            missing = replica.missing_events(shard, self.feed.positions[shard])
            # Executing the journal takes its time, in another thread; the loop serves everybody else meanwhile.
            while (events := await loop.run_in_executor(None, next, missing, None)) is not None:
                durable = events[events["log_sequence"] <= int(self.memory.control[JOURNALED])]
                self._take(unpack_array(durable), self.feed.positions[shard])
                self.feed.positions[shard] += len(durable)
                self.channels.publish()
                self.channels.flush()
                if len(durable) < len(events):
                    break
        except Exception:
            # The shard stays with those that are being caught up with: nothing of it can be told any more.
            _log.exception("catching up failed: this gateway starts anew", shard=shard)
            self._give_up()
        else:
            del self._catching_up[shard]
