"""A WebSocket order through gateway and core and back, beside a bare aiohttp server that echoes as many bytes.

Both servers run at the same time, the echo pinned to the gateway's core, and take turns in one run; the client, the
frames that it sends and the number of bytes that come back are the same. Latency: one order at a time, from the
send to the answer, which the venue gives behind the execution report, and both only when the core has answered.
Throughput: orders are sent without waiting, a window of them being under way.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.common import machine, need_jit, show, spread
from bench.websocket import WebSocketClient, WebSocketError, text_frame
from shm import histogram
from workers.embedded import embedded_venue
from workers.venue import addresses

_KEY = "bench-key"
_SYMBOL = "BENCH"
_HEADER_BYTES = 4
"""Of a server's frame between 126 and 65,535 bytes long; shorter ones have 2."""


class Settings(NamedTuple):
    """How much is measured, in every round and of either server."""

    rounds: int = 20
    orders: int = 500  # one at a time
    pipelined: int = 4_000
    window: int = 128
    burst: int = 32
    data_directory: Path | None = None  # of the venue; a temporary one when not named


class Target(NamedTuple):
    """A server under measurement."""

    client: WebSocketClient
    frames_an_answer: int
    latencies: Any  # histogram, ns


def _overrides() -> dict[str, Any]:
    symbol = {
        "name": _SYMBOL,
        "tick_size": "0.01",
        "lot_size": "1",
        "lowest_price": "1.00",
        "highest_price": "999.99",
        "reference_price": "100.00",
    }
    return {
        "accounts": [{"name": "bench", "keys": [_KEY]}],
        "symbols": [symbol],
        "pools": {"orders_per_shard": 1 << 20},
    }


def _order_frame() -> bytes:
    """A limit order that rests, in the shape that clients send."""
    order = {
        "op": "place",
        "id": "bench-1",
        "symbol": _SYMBOL,
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "price": "99.95",
        "quantity": "10",
    }
    return text_frame(json.dumps(order, separators=(",", ":")).encode())


def _first_answer(client: WebSocketClient, frame: bytes) -> list[bytes]:
    """The payloads that one order brings. Raises WebSocketError when it is not accepted."""
    client.send(frame)
    payloads: list[bytes] = []
    while not any(b'"ok":' in payload for payload in payloads):
        payloads += client.take()
    if b'"ok":true' not in payloads[-1]:
        raise WebSocketError(f"the gateway refuses the order: {payloads[-1].decode(errors='replace')}")
    return payloads


@contextmanager
def _echo_server(core: int | None) -> Iterator[str]:
    """A bare echo's base URL."""
    command = [sys.executable, "-m", "bench.echo", *([] if core is None else [str(core)])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def one_at_a_time(target: Target, frame: bytes, count: int) -> None:
    """Send `count` messages, each when the one before is answered; notes how long each took."""
    client, frames, latencies = target
    for _ in range(count):
        begun_ns = time.perf_counter_ns()
        client.send(frame)
        missing = frames
        while missing > 0:
            missing -= len(client.take())
        histogram.record(latencies, time.perf_counter_ns() - begun_ns)


def pipelined(target: Target, frame: bytes, count: int, window: int, burst: int) -> float:
    """Send `count` messages in bursts, at most `window` unanswered; gives messages a second."""
    client, frames, _ = target
    together = frame * burst
    sent = received = 0
    begun_ns = time.perf_counter_ns()
    while received < count * frames:
        while sent < count and sent - received // frames <= window - burst:
            client.send(together)
            sent += burst
        received += len(client.take())
    return count / (time.perf_counter_ns() - begun_ns) * 1e9


def _measure(settings: Settings, report: Callable[[str], None]) -> dict[str, Any]:
    frame = _order_frame()
    with embedded_venue(_overrides(), gateways=True, directory=settings.data_directory) as embedded:
        plan = next(worker for worker in embedded.venue.workers if worker.is_gateway)
        url = addresses(Path(embedded.venue.data_directory))[plan.name]
        with _echo_server(plan.core) as echo_url, WebSocketClient(f"{url}/ws", {"X-API-Key": _KEY}) as orders:
            _first_answer(orders, frame)  # later orders bring their reports as well
            answer = _first_answer(orders, frame)
            size = sum(len(payload) + _HEADER_BYTES for payload in answer) - _HEADER_BYTES
            with WebSocketClient(f"{echo_url}/ws?reply={size}") as echo:
                targets = (
                    Target(orders, len(answer), np.zeros(histogram.WORDS, np.int64)),
                    Target(echo, 1, np.zeros(histogram.WORDS, np.int64)),
                )
                measured = _rounds(targets, frame, settings, report)
        layout = ", ".join(f"{worker.name} on core {worker.core} ({worker.idle})" for worker in embedded.venue.workers)
    return measured | {
        "message_bytes": len(frame),
        "answer_bytes": size + _HEADER_BYTES,
        "topology": f"{layout}; echo on core {plan.core}; client not pinned; journal level memory",
    }


def _rounds(
    targets: tuple[Target, Target], frame: bytes, settings: Settings, report: Callable[[str], None]
) -> dict[str, Any]:
    count = settings.pipelined // settings.burst * settings.burst
    rates: tuple[list[float], list[float]] = ([], [])
    medians: tuple[list[int], list[int]] = ([], [])
    for number in range(-1, settings.rounds):
        report(f"round {number + 1} of {settings.rounds}")
        for place, target in enumerate(targets):
            one_round = target._replace(latencies=np.zeros(histogram.WORDS, np.int64))
            one_at_a_time(one_round, frame, settings.orders)
            rate = pipelined(target, frame, count, settings.window, settings.burst)
            if number < 0:
                continue  # the first round warms up
            histogram.merge(target.latencies, one_round.latencies)
            medians[place].append(histogram.percentile(one_round.latencies, 50))
            rates[place].append(rate)
    venue, echo = (histogram.summary(target.latencies) for target in targets)
    latency = spread([mine / bare for mine, bare in zip(*medians, strict=True)], more_is_better=False)
    throughput = spread([mine / bare for mine, bare in zip(*rates, strict=True)], more_is_better=True)
    return {
        "latency_ratio_p50": round(venue["p50"] / echo["p50"], 3),
        "latency_ratio_p50_best_round": round(latency.best, 3),
        "latency_ratio_p50_worst_round": round(latency.worst, 3),
        "throughput_ratio": round(throughput.median, 3),
        "throughput_ratio_best_round": round(throughput.best, 3),
        "throughput_ratio_worst_round": round(throughput.worst, 3),
        "gateway": _figures(venue, rates[0]),
        "echo": _figures(echo, rates[1]),
        "samples": venue["count"],
        "rounds": settings.rounds,
    }


def _figures(latencies: dict[str, int], rates: list[float]) -> dict[str, int]:
    rate = spread(rates, more_is_better=True)
    return {
        "latency_ns_p50": latencies["p50"],
        "latency_ns_p99": latencies["p99"],
        "latency_ns_max": latencies["max"],
        "messages_per_second": round(rate.median),
    }


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises EmbeddedVenueError, WebSocketError."""
    need_jit()
    settings = settings or Settings()
    with console.status("starting a venue") as status:
        result = _measure(settings, status.update)
    rows = [
        _row("order to its answer", result["gateway"]),
        _row("bare echo", result["echo"]),
        ("ratio", f"{result['latency_ratio_p50']:.2f}", "", "", f"{result['throughput_ratio']:.2f}"),
    ]
    headings = ("WebSocket", "p50 µs", "p99 µs", "max µs", "pipelined a second")
    note = (
        f"{result['topology']}; {result['rounds']} interleaved rounds, {result['samples']:,} orders one at a time; "
        f"{result['message_bytes']} bytes there, {result['answer_bytes']} back; latency ratio by round "
        f"{result['latency_ratio_p50_best_round']:.2f} to {result['latency_ratio_p50_worst_round']:.2f}"
    )
    show(console, "gateway beside a bare echo", headings, rows, note)
    return result | {"machine": machine()}


def _row(label: str, figures: dict[str, int]) -> tuple[str, ...]:
    latencies = (f"{figures[f'latency_ns_{name}'] / 1000:,.1f}" for name in ("p50", "p99", "max"))
    return (label, *latencies, f"{figures['messages_per_second']:,}")
