"""A gateway process: `python -m gateway.main --data-dir DIRECTORY --worker NAME`, started by the supervisor.

Or, as a service of its own, `tradsys gateway`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import uvloop
from aiohttp import web

from gateway.app import application
from gateway.edge import Edge
from gateway.tracing import new_tracer
from gateway.wakeup import Wakeup
from shm.doorbell import PollableBell
from shm.segment import Segment
from tradsys.logging import chosen_format, logger, tell_repetitions
from workers import apart, logs, memory, venue
from workers.following import Following
from workers.locked_memory import lock_memory_of
from workers.memory import VenueMemory
from workers.notify import ServiceManager
from workers.port import Port
from workers.replica import Replica
from workers.topology import GATEWAY, WorkerPlan
from workers.venue import Venue

DRAIN_SECONDS = 3.0
SHUTDOWN_SECONDS = 1.0
"""How long connections may take to end by themselves after the drain."""

SPIN_TURNS = 1000
"""A few tens of microseconds: about what a wake-up through the kernel would cost."""

_TIMER_SECONDS = 0.05
_LOOK_SECONDS = 0.25
"""How often a gateway looks whether counts are due, and without a supervisor whether its venue is still there."""

_STEP_PATIENCE_SECONDS = 60

_log = logger("gateway")


def main() -> None:
    """Serve until SIGTERM or SIGINT, then drain and leave with status 0."""
    uvloop.run(_serve(*venue.enter("gateway.main", __doc__), ServiceManager({}, 0)))


def main_apart(data_directory: Path, number: int, service: ServiceManager) -> None:
    """The same as a service of its own, until the venue stops or is gone.

    Raises VenueNotRunningError, NoGatewayError, RingTakenError, OSError when the address is taken.
    """
    found, plan = apart.find(data_directory, number)
    # Its stderr does not lead to the venue's supervisor: where it leads is decided here.
    format = chosen_format(found.configuration.logging.format, sys.stderr)
    here = msgspec.structs.replace(found, log_format=format)
    logs.begin(here.logging, plan.name)
    lock_memory_of(plan, here.configuration.performance)
    uvloop.run(_serve(here, plan, service))


async def _serve(here: Venue, plan: WorkerPlan, service: ServiceManager) -> None:
    segment, venue_memory = here.attach()
    if plan in here.apart:
        apart.enter(segment, venue_memory, plan)
    number = int(plan.name.removeprefix(f"{GATEWAY}-"))
    port = Port(venue_memory, number, here.sequencer_index)
    bell = _bell(here.bell_name(plan.index))
    line = venue_memory.line(plan.index)
    line[memory.PID] = os.getpid()
    line[memory.CORE] = -1 if plan.core is None else plan.core
    stop = asyncio.Event()
    edge = Edge(
        venue_memory,
        port,
        here.sequencer_index,
        here.configuration,
        [*here.workers, *here.apart],
        lambda: Replica(here.sizes, here.journal_directory),
        here.path,
        stop.set,  # the supervisor starts another one
        new_tracer(here.configuration.monitoring.tracing, plan.name, here.data_directory),
    )
    loop = asyncio.get_running_loop()
    for interruption in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(interruption, stop.set)

    following = Following(here, edge.configure)

    def beat() -> None:
        now = line[memory.HEARTBEAT_NS] = time.monotonic_ns()
        following.step(now)
        service.feed(now)
        if line[memory.STATE] == memory.RECOVERING:
            service.starting("reading the journal", _STEP_PATIENCE_SECONDS, now)

    wakeup = Wakeup(edge, venue_memory.bells, plan.index, bell, beat, spin_turns=_spin_turns(here, plan))
    line[memory.STATE] = memory.RECOVERING
    regular = ((_TIMER_SECONDS, wakeup.tick), (_LOOK_SECONDS, tell_repetitions))
    hearts = [asyncio.ensure_future(_every(seconds, action)) for seconds, action in regular]
    if plan in here.apart:
        hearts.append(asyncio.ensure_future(_leave_with(segment, venue_memory, stop)))
    runner = web.AppRunner(application(edge.service), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        await edge.recover()
        gc.freeze()  # what is here now stays: the collector need not look at it again in the middle of trading
        wakeup.start(loop)
        await runner.setup()
        address = await _listen(runner, here)
        venue.write_address(here.path, plan.name, address)
        line[memory.STATE] = memory.READY
        service.ready(f"serving at {address}")
        await stop.wait()
        line[memory.STATE] = memory.STOPPING
        service.stopping("draining", int(DRAIN_SECONDS + SHUTDOWN_SECONDS) + 1)
        for site in list(runner.sites):
            await site.stop()
        await edge.stop(DRAIN_SECONDS)
    finally:
        wakeup.stop(loop)
        await runner.cleanup()
        for heart in hearts:
            heart.cancel()
        port.close()
        bell.close()
        line[memory.STATE] = memory.STOPPED
        segment.close()


def _spin_turns(here: Venue, plan: WorkerPlan) -> int:
    """How long to look for the answer to a command before sleeping; 0 where it cannot be there in microseconds."""
    sequencer = next(worker for worker in here.workers if worker.index == here.sequencer_index)
    durable_at_once = here.configuration.journal.level == "memory"
    beside = sequencer.core != plan.core if sequencer.core is not None else (os.cpu_count() or 1) > 1
    return SPIN_TURNS if durable_at_once and beside and sequencer.idle != "park" else 0


async def _listen(runner: web.AppRunner, here: Venue) -> str:
    """Bind, and give the base URL."""
    gateway = here.configuration.gateway
    site = web.TCPSite(runner, gateway.host, gateway.port, reuse_port=gateway.count > 1 or None)
    await site.start()
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bell(name: str) -> PollableBell:
    """The queue of a gateway before this one, because engines that run have it open; else a new one."""
    try:
        return PollableBell.open(name)
    except FileNotFoundError:
        return PollableBell.create(name)


async def _leave_with(segment: Segment, venue_memory: VenueMemory, stop: asyncio.Event) -> None:
    """Have a gateway that no supervisor ends stop when its venue does, or is gone."""
    while not (reason := apart.reason_to_leave(segment, venue_memory)):
        await asyncio.sleep(_LOOK_SECONDS)
    _log.info("leaving", why=reason)
    stop.set()


async def _every(seconds: float, action: Callable[[], None]) -> None:
    while True:
        action()
        await asyncio.sleep(seconds)


if __name__ == "__main__":
    main()
