"""What it costs the core to be watched: the same load with all metrics and without, round by round in one venue.

With: the times of stages are taken of one record in 64, and the monitor looks at the venue and is asked for its metrics
twice a second. Without: no times are taken, and the monitor is stopped.

The core alone, in this process, is measured by the CPU time that its thread takes for an order, which depends little on
what else the machine does; the whole venue by the orders a second that come back.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, pinned, show
from bench.engine import SATURATION, Flow, Settings, measure, money_and_limits, overrides
from bench.recovery_market import describe, open_market
from shm import ring
from workers import memory
from workers import venue as venues
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.engine import Engine
from workers.memory import HEARTBEAT_NS, SAMPLED, SAMPLING
from workers.monitoring.probes import MONITOR
from workers.port import Port
from workers.topology import usable_cores

_LOOK_SECONDS = 0.5
_BEAT_SECONDS = 1.0
_PAIRS_WARMING, _PAIRS_A_ROUND = 3, 10
_ORDERS_A_PART = 60_000
_TURN_NS = 1_000_000
_START_SECONDS_MAX = 60


def run(console: Console, settings: Settings) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises EmbeddedVenueError, NoProgressError."""
    need_jit()
    wanted = overrides(settings) | {"monitoring": {"enabled": True}}
    with (
        console.status("starting a venue") as status,
        embedded_venue(wanted, directory=settings.data_directory) as embedded,
    ):
        usable = os.sched_getaffinity(0)
        mine = min(usable - {plan.core for plan in embedded.venue.workers}, default=usable_cores()[0])
        with pinned(mine):
            bare, watched = _rounds(embedded, settings, status.update)
    with console.status("the core alone"), pinned():
        alone = _core_alone(settings)
    # Each round against its neighbour: a shared machine is slower for seconds at a time.
    losses = [100 * (1 - with_all / without) for without, with_all in zip(bare, watched, strict=True)]
    own = [100 * (1 - without / with_all) for without, with_all in zip(alone[False], alone[True], strict=True)]
    result = {
        "core_ns_an_order_bare": round(statistics.median(alone[False]), 1),
        "core_ns_an_order_watched": round(statistics.median(alone[True]), 1),
        "core_loss_percent": round(statistics.median(own), 2),
        "orders_per_second_bare": round(statistics.median(bare)),
        "orders_per_second_watched": round(statistics.median(watched)),
        "loss_percent": round(statistics.median(losses), 2),
        "loss_percent_of_rounds": [round(loss, 2) for loss in losses],
    }
    title = f"engine at saturation, {'settled with every limit set' if settings.risk else 'nothing settled'}"
    rows = [
        ("without metrics", f"{result['core_ns_an_order_bare']:,}", f"{result['orders_per_second_bare']:,}"),
        ("with all", f"{result['core_ns_an_order_watched']:,}", f"{result['orders_per_second_watched']:,}"),
        ("median loss", f"{result['core_loss_percent']} %", f"{result['loss_percent']} %"),
    ]
    columns = ("", "core alone: CPU ns an order", "whole venue: orders a second")
    note = f"{len(own)} and {settings.rounds} pairs of rounds side by side"
    show(console, title, columns, rows, note)
    return result | {"risk": settings.risk, "rounds": settings.rounds, "seed": settings.seed, "machine": machine()}


def _core_alone(settings: Settings) -> dict[bool, list[float]]:
    """CPU time that the core takes for an order in ns, by round, without taking the times of stages and with it."""
    taken: dict[bool, list[float]] = {False: [], True: []}
    flow = Flow(settings)
    with tempfile.TemporaryDirectory(prefix="tradsys-") as home:
        venue = describe(Path(home) / "venue", overrides(settings))
        private = memory.private(venue.sizes)
        worker, port = Engine(venue, venue.workers[0], private), Port(private, 0, venue.sequencer_index)
        try:
            worker.recover()
            open_market(worker, port, settings)
            for number in range(_PAIRS_WARMING + settings.rounds * _PAIRS_A_ROUND):
                for is_watched in (False, True) if number % 2 else (True, False):
                    private.control[SAMPLING] = SAMPLED if is_watched else -1
                    taken[is_watched].append(_cpu_ns_an_order(worker, port, flow))
        finally:
            port.close()
            worker.close()
    return {is_watched: rounds[_PAIRS_WARMING:] for is_watched, rounds in taken.items()}


def _cpu_ns_an_order(worker: Engine, port: Port, flow: Flow) -> float:
    commands, sent = flow.next(_ORDERS_A_PART), 0
    cpu_ns = taken = 0
    head = port.memory.gateways[0].header
    while sent < len(commands):
        sent += port.submit(commands[sent:])
        began, begin = int(head[ring.HEAD]), time.thread_time_ns()
        worker.turn(_TURN_NS)
        cpu_ns += time.thread_time_ns() - begin
        taken += int(head[ring.HEAD]) - began
    return cpu_ns / taken


def _rounds(
    embedded: EmbeddedVenue, settings: Settings, report: Callable[[str], None]
) -> tuple[list[float], list[float]]:
    """Orders a second without metrics and with all of them, by round; which of the two comes first alternates."""
    venue = embedded.venue
    flow = Flow(settings)
    port = Port.claim_spare(embedded.memory, venue.control_ring + 1, venue.sequencer_index)
    measured: dict[bool, list[float]] = {False: [], True: []}
    try:
        report("waiting for the monitor")
        _await_monitor(embedded)
        if settings.risk:
            report("defining money and limits")
            measure(embedded, port, money_and_limits(settings), SATURATION)
        for number in range(settings.rounds + 1):  # the first one warms up
            for is_watched in (False, True) if number % 2 else (True, False):
                report(f"round {number} of {settings.rounds}, {'with all metrics' if is_watched else 'without'}")
                with _metrics(embedded, is_on=is_watched):
                    round_ = measure(embedded, port, flow.next(settings.saturating_orders), SATURATION)
                measured[is_watched].append(round_["achieved_per_second"])
    finally:
        port.close()
    return measured[False][1:], measured[True][1:]


def _await_monitor(embedded: EmbeddedVenue) -> None:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while MONITOR not in venues.addresses(embedded.venue.path, MONITOR):
        if time.monotonic() > deadline:
            raise BenchmarkError("the monitor does not start")
        time.sleep(0.01)


@contextmanager
def _metrics(embedded: EmbeddedVenue, *, is_on: bool) -> Iterator[None]:
    if is_on:
        with _beside(_ask, venues.addresses(embedded.venue.path, MONITOR)[MONITOR]):
            yield
        return
    pid = embedded.pid(MONITOR)
    embedded.memory.control[SAMPLING] = -1
    os.kill(pid, signal.SIGSTOP)
    try:
        with _beside(_beat, embedded.memory.line(embedded.worker(MONITOR).index)):
            yield
    finally:
        embedded.memory.control[SAMPLING] = SAMPLED
        os.kill(pid, signal.SIGCONT)


@contextmanager
def _beside(work: Callable[[Any, threading.Event], None], of: Any) -> Iterator[None]:
    """Let `work` go on in a thread; its second argument is set when it is to end."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(of, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(line: Any, over: threading.Event) -> None:
    """Give signs of life in the place of a monitor that is stopped, or the supervisor would start another one."""
    while not over.wait(_BEAT_SECONDS):
        line[HEARTBEAT_NS] = time.monotonic_ns()


def _ask(url: str, over: threading.Event) -> None:
    while not over.is_set():
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - the monitor of our own venue
            answer.read()
        over.wait(_LOOK_SECONDS)
