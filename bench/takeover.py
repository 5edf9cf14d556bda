"""How long a standby takes to go on in a killed engine's place, as whoever trades sees it.

A real venue with a standby, its processes as in production but for the gateways; this process is the gateway. It
sends orders at a steady rate and, again and again, kills the engine with SIGKILL while they go on. Counted from the
kill: when the engine's process is gone, when the supervisor has named the standby its successor, when that says that
it serves, when the first command that was sent after the kill is acknowledged; and the longest time from one
acknowledgement to the next. The next kill waits for the next standby. Every order must be answered, once.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
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
from workers.topology import SEQUENCER, usable_cores

GOAL_MS = 50.0
"""From the kill to the engine's line saying READY again."""
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
    kills: int = 20  # at each level
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


def kill(embedded: EmbeddedVenue, traffic: Traffic) -> dict[str, float]:
    """Kill the engine while orders come; gives milliseconds from then on by MOMENTS. Raises BenchmarkError."""
    plan = next(plan for plan in embedded.venue.workers if plan.has(SEQUENCER))
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
                raise BenchmarkError(f"nothing has taken the engine's place within {_PATIENCE_SECONDS:.0f} s")
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
        raise BenchmarkError(f"process {pid} is the engine now, not the standby {standby}")
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


def _kills(settings: Settings, level: str, cleanup: ExitStack, report: Callable[[str], None]) -> list[dict[str, float]]:
    """All the kills at one level."""
    described = engine.Settings(seed=settings.seed, risk=settings.risk)
    overrides = engine.overrides(described, level)
    overrides["topology"]["standby"] = True
    directory = None if settings.data_directory is None else settings.data_directory / level
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
    found = []
    for number in range(settings.kills):
        report(f"level {level}: kill {number + 1} of {settings.kills}")
        begun = time.monotonic()
        found.append(kill(embedded, traffic))
        traffic.go_on(_PERIOD_SECONDS - (time.monotonic() - begun))
    traffic.finish()
    return found


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises EmbeddedVenueError, BenchmarkError."""
    need_jit()
    settings = settings or Settings()
    levels: dict[str, Any] = {}
    with console.status("starting a venue") as status:
        for level in settings.levels:
            with ExitStack() as cleanup:
                levels[level] = _result(_kills(settings, level, cleanup, status.update))
    market = "settled, every limit set" if settings.risk else "plain"
    topology = f"compact with a standby, {market}; {settings.rate:,} orders a second through one ring"
    _show(console, levels, f"{topology}; {settings.kills} kills at each level; goal: ready within {GOAL_MS:.0f} ms")
    return {
        "levels": levels,
        "kills": settings.kills,
        "goal_ms": GOAL_MS,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }


def _result(found: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """By moment: median, 99th percentile and maximum, in milliseconds."""
    told = {}
    for moment in MOMENTS:
        p50, p99, most = np.percentile([one[moment] for one in found], [50, 99, 100]).tolist()
        told[moment] = {"p50_ms": round(p50, 2), "p99_ms": round(p99, 2), "max_ms": round(most, 2)}
    return told


def _show(console: Console, levels: dict[str, Any], note: str) -> None:
    rows = [
        (level, moment, *(f"{one[unit]:.1f}" for unit in ("p50_ms", "p99_ms", "max_ms")))
        for level, moments in levels.items()
        for moment, one in moments.items()
    ]
    headings = ("level", "from the kill until", "p50 ms", "p99 ms", "max ms")
    show(console, "takeover: a killed engine's standby goes on", headings, rows, note)
