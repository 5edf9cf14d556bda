"""How long a standby takes to go on in a killed worker's place, as whoever trades sees it.

A real venue with a standby, its processes as in production but for the gateways; this process is the gateway. It
sends orders at a steady rate and, again and again, kills the engine with SIGKILL while they go on; in the sharded
topology the sequencer and the matchers in turn. Counted from the kill: when the worker's process is gone, when the
supervisor has named the standby its successor, when that says that it serves, when the first command that was sent
after the kill is acknowledged; and the longest time from one acknowledgement to the next. The next kill waits for the
next standby. Every order must be answered, once.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench import engine
from bench.common import BenchmarkError, machine, need_jit, pinned, show
from tradsys.records import EventFlag, EventKind
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.memory import PID, READY, STATE, SUCCESSOR
from workers.port import REQUEST_MASK, Port
from workers.topology import WorkerPlan, usable_cores

GOAL_MS = 50.0
"""From the kill to the worker's line saying READY again."""
_SHARDS = 2
"""Of the sharded topology."""
_NAP_SECONDS = 200e-6
_WARM_UP_ORDERS = 200_000
_STEADY_SECONDS = 0.3
"""Before a kill, and after the takeover."""
_PATIENCE_SECONDS = 120.0
_PERIOD_SECONDS = 4.0
"""From one kill to the next at least: the supervisor gives a worker up that ends 20 times within a minute."""
MOMENTS = ("gone", "named", "ready", "acknowledged", "gap")


class Settings(NamedTuple):
    """How much is measured."""

    levels: tuple[str, ...] = ("memory", "group")
    topologies: tuple[str, ...] = ("compact", "sharded")
    kills: int = 20  # at each level, in each topology
    rate: int = 10_000  # orders a second
    seed: int = 1
    data_directory: Path | None = None  # of the venues; temporary ones when not named
    risk: bool = True


class Traffic:
    """Orders through a port at a steady rate, and when they were acknowledged. `step` is called often."""

    def __init__(self, port: Port, flow: engine.Flow, rate: int) -> None:
        self._port = port
        self._flow = flow
        self._rate = rate
        self._began_ns = time.monotonic_ns()
        self._first_request = port.next_request
        self.sent = 0
        self.answered = 0
        self.last_ns = 0
        """When the last acknowledgement came."""
        self.longest_ns = 0
        """From one acknowledgement to the next, since this was set to 0."""
        self.awaited = 0
        """Of which order on the first acknowledgement is looked for, and"""
        self.awaited_ns = 0
        """when it came; 0: not yet."""
        port.gate()

    def step(self) -> None:
        """Send what is due, take in what has come, and nap. Raises BenchmarkError for an order refused."""
        due = (time.monotonic_ns() - self._began_ns) * self._rate // 1_000_000_000 - self.sent
        if due > 0:
            waiting = self._flow.next(int(due))
            self.sent += self._port.submit(waiting)
        for shard in range(self._port.memory.sizes.shards):
            events = self._port.drain(shard)
            assert events is not None, "a gating reader is never lapped"
            self._take(events[events["source"] == self._port.number])
        time.sleep(_NAP_SECONDS)

    def _take(self, events: Any) -> None:
        if not len(events):
            return
        if np.any(events["kind"] == EventKind.REJECTED):
            raise BenchmarkError("an order was refused: that would be another measurement")
        now_ns = time.monotonic_ns()
        self.answered += int(np.count_nonzero(events["flags"] & EventFlag.LAST))
        orders = (events["request"].astype(np.int64) - self._first_request) & REQUEST_MASK
        if not self.awaited_ns and bool(np.any(orders >= self.awaited)):
            self.awaited_ns = now_ns
        if self.last_ns:
            self.longest_ns = max(self.longest_ns, now_ns - self.last_ns)
        self.last_ns = now_ns

    def go_on(self, seconds: float) -> None:
        """Nothing but traffic for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.step()

    def finish(self) -> None:
        """Wait until all that was sent is answered. Raises BenchmarkError."""
        self._rate = 0
        until = time.monotonic() + _PATIENCE_SECONDS
        while self.answered < self.sent:
            if time.monotonic() > until:
                raise BenchmarkError(f"{self.sent - self.answered} of {self.sent} orders are not answered")
            self.step()
        if self.answered != self.sent:
            raise BenchmarkError(f"{self.sent} orders got {self.answered} answers")


def kill(embedded: EmbeddedVenue, plan: WorkerPlan, traffic: Traffic) -> dict[str, float]:
    """Kill a worker while orders come; gives milliseconds from then on by MOMENTS. Raises BenchmarkError."""
    line = embedded.memory.line(plan.index)
    killed, standby = int(line[PID]), _await_standby(embedded, traffic)
    traffic.go_on(_STEADY_SECONDS)
    traffic.longest_ns, traffic.awaited, traffic.awaited_ns = 0, traffic.sent, 0
    found: dict[str, float] = {}
    descriptor = os.pidfd_open(killed)
    try:
        begun_ns = time.monotonic_ns()
        os.kill(killed, signal.SIGKILL)

        def note(moment: str, now_ns: int) -> None:
            found.setdefault(moment, (now_ns - begun_ns) / 1e6)

        while not {"gone", "named", "ready", "acknowledged"} <= found.keys():
            traffic.step()
            now_ns = time.monotonic_ns()
            if now_ns - begun_ns > _PATIENCE_SECONDS * 1e9:
                raise BenchmarkError(f"nobody has taken the place of {plan.name} within {_PATIENCE_SECONDS:.0f} s")
            pid = int(line[PID])
            if select.select([descriptor], [], [], 0)[0]:
                note("gone", now_ns)
            if pid not in (0, killed):
                note("named", now_ns)
                if line[STATE] == READY:
                    note("ready", now_ns)
            if traffic.awaited_ns:
                note("acknowledged", traffic.awaited_ns)
    finally:
        os.close(descriptor)
    if pid != standby:
        raise BenchmarkError(f"process {pid} is {plan.name} now, not the standby {standby}")
    traffic.go_on(_STEADY_SECONDS)
    found["gap"] = traffic.longest_ns / 1e6
    return found


def _await_standby(embedded: EmbeddedVenue, traffic: Traffic) -> int:
    """Until a standby is ready; gives its process. Raises BenchmarkError."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while embedded.state("standby") != READY or embedded.memory.control[SUCCESSOR]:
        if time.monotonic() > until:
            raise BenchmarkError(f"no standby is ready within {_PATIENCE_SECONDS:.0f} s")
        traffic.step()
    return embedded.pid("standby")


def _kills(
    settings: Settings, topology: str, level: str, cleanup: ExitStack, report: Callable[[str], None]
) -> list[dict[str, float]]:
    """All the kills in one venue."""
    shards = _SHARDS if topology == "sharded" else 1
    described = engine.Settings(seed=settings.seed, risk=settings.risk, topology=topology, shards=shards)
    overrides = engine.overrides(described, level)
    overrides["topology"]["standby"] = True
    directory = None if settings.data_directory is None else settings.data_directory / f"{topology}-{level}"
    embedded = cleanup.enter_context(embedded_venue(overrides, directory=directory))
    venue, flow = embedded.venue, engine.Flow(described)
    free = os.sched_getaffinity(0) - {plan.core for plan in venue.workers}
    cleanup.enter_context(pinned(min(free, default=usable_cores()[0])))
    port = Port.claim_spare(embedded.memory, venue.control_ring + 1, venue.sequencer_index)
    cleanup.callback(port.close)
    if settings.risk:
        engine.measure(embedded, port, engine.money_and_limits(described), engine.SATURATION, spin=False)
    engine.measure(embedded, port, flow.next(_WARM_UP_ORDERS), engine.SATURATION, spin=False)
    traffic = Traffic(port, flow, settings.rate)
    victims = [plan for plan in venue.workers if plan.is_followed]
    found = []
    for number in range(settings.kills):
        report(f"{topology}, level {level}: kill {number + 1} of {settings.kills}")
        begun = time.monotonic()
        found.append(kill(embedded, victims[number % len(victims)], traffic))
        traffic.go_on(_PERIOD_SECONDS - (time.monotonic() - begun))
    traffic.finish()
    return found


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises EmbeddedVenueError, BenchmarkError."""
    need_jit()
    settings = settings or Settings()
    venues: list[dict[str, Any]] = []
    with console.status("starting a venue") as status:
        for topology, level in product(settings.topologies, settings.levels):
            with ExitStack() as cleanup:
                moments = _result(_kills(settings, topology, level, cleanup, status.update))
                venues.append({"topology": topology, "level": level, "moments": moments})
    market = "settled, every limit set" if settings.risk else "plain"
    market += f", with a standby; {settings.rate:,} orders a second through one ring; {_SHARDS} matchers if sharded"
    _show(console, venues, f"{market}; {settings.kills} kills each; goal: ready within {GOAL_MS:.0f} ms")
    return {
        "venues": venues,
        "kills": settings.kills,
        "goal_ms": GOAL_MS,
        "seed": settings.seed,
        "market": market,
        "machine": machine(),
    }


def _result(found: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """By moment: median, 99th percentile and maximum, in milliseconds."""
    told = {}
    for moment in MOMENTS:
        p50, p99, most = np.percentile([one[moment] for one in found], [50, 99, 100]).tolist()
        told[moment] = {"p50_ms": round(p50, 2), "p99_ms": round(p99, 2), "max_ms": round(most, 2)}
    return told


def table(venues: list[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of what was measured."""
    rows = [
        (venue["topology"], venue["level"], moment, *(f"{one[unit]:.1f}" for unit in ("p50_ms", "p99_ms", "max_ms")))
        for venue in venues
        for moment, one in venue["moments"].items()
    ]
    return ("topology", "level", "from the kill until", "p50 ms", "p99 ms", "max ms"), rows


def _show(console: Console, venues: list[dict[str, Any]], note: str) -> None:
    show(console, "takeover: a standby goes on in a killed worker's place", *table(venues), note)
