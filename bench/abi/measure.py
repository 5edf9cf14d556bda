"""Messages a second through the shared library, as the public benchmark's harness measures them.

One thread delivers a flow to a fresh engine, another one on a core of its own drains the reports; the time runs from
the first message until everything is flushed. What the timed runs do is C, see measure.c. The runs of different flows
and batch sizes take turns, because the machine is shared. The reports of a flow must be the same in every run, and
those of the public workload must have the published hash.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench import data
from bench.abi.build import build, build_driver
from bench.abi.engine import MESSAGE
from bench.abi.transport import REPORT
from bench.common import BenchmarkError, Spread, core_note, machine, need_jit, show, spread, two_cores
from bench.flows import NORMAL_SEED23_FILE, NORMAL_SEED23_SHA256, TRADE, canonical_sha256, read_flow
from bench.flows import REPORT as CANONICAL
from bench.shapes import SHAPES, generate

PUBLIC = "normal_seed23"
ALL = 0xFFFF_FFFF
"""A batch size: the whole flow in one call."""
SINGLY = 0
"""A batch size: each message through the function of its type."""

_REPORTS_A_MESSAGE_MAX = 4  # on average
_Function = ctypes.c_void_p


class Settings(NamedTuple):
    """What is measured. `library`: built when None; `capacity`: reports that the harness asks the ring to hold."""

    messages: int = 2_000_000  # of each generated flow
    rounds: int = 7
    seed: int = 1
    batches: tuple[int, ...] = (ALL, 64, SINGLY)
    capacity: int = 1 << 20
    library: Path | None = None


class WrongReportsError(BenchmarkError):
    """The library's reports are not what they should be."""


class _Run(ctypes.Structure):
    """`struct run` of measure.c."""

    _fields_ = (
        ("init", _Function),
        ("shutdown", _Function),
        ("on_payload", _Function * 3),
        ("on_batch", _Function),
        ("flush", _Function),
        ("transport", _Function),
        ("messages", ctypes.c_void_p),
        *((name, ctypes.c_uint64) for name in ("count", "batch", "capacity")),
        *((name, ctypes.c_int64) for name in ("core", "drain_core")),
        *((name, ctypes.c_uint64) for name in ("reports_max", "elapsed_ns", "cpu_ns", "drained_ns", "reports")),
        ("collected", ctypes.c_void_p),
    )


class _Timing(NamedTuple):
    """Of one run, in seconds."""

    elapsed: float
    cpu: float
    drained: float


class _Flow(NamedTuple):
    name: str
    messages: Any  # MESSAGE
    expected_sha256: str  # published; "" when nobody has


def _flow(name: str, messages: Any, expected_sha256: str = "") -> _Flow:
    converted = np.zeros(len(messages), MESSAGE)
    for field in MESSAGE.names or ():
        converted[field] = messages[field]
    return _Flow(name, converted, expected_sha256)


def flows(settings: Settings, console: Console) -> list[_Flow]:
    """The public flow, where its file is, and the generated ones."""
    found = []
    path = data.find(NORMAL_SEED23_FILE)
    if path is None:
        console.print(f"[yellow]the public workload {NORMAL_SEED23_FILE} is not here; {data.VARIABLE} can name it[/]")
    else:
        found.append(_flow(PUBLIC, read_flow(path), NORMAL_SEED23_SHA256))
    return found + [_flow(name, generate(name, settings.messages, settings.seed)) for name in SHAPES]


class Driver:
    """Runs flows through a library, on the cores of two_cores(); `folder` takes what has to be built for it."""

    def __init__(self, library: Path, folder: Path, capacity: int) -> None:
        self._driver = ctypes.CDLL(str(build_driver(folder / "measure.so")))
        self._library = ctypes.CDLL(str(library))
        self._capacity = capacity
        self.drain_core, self.core = two_cores()

    def _address(self, name: str) -> int | None:
        return ctypes.cast(getattr(self._library, name), ctypes.c_void_p).value

    def run(self, messages: Any, batch: int, *, hashed: bool) -> tuple[_Timing, int, str]:
        """One run: its timing, the number of reports, and their canonical hash ("" if not `hashed`)."""
        run = _Run(
            init=self._address("engine_init"),
            shutdown=self._address("engine_shutdown"),
            on_payload=(_Function * 3)(*map(self._address, _ON_PAYLOAD)),
            on_batch=self._address("engine_on_batch"),
            flush=self._address("engine_flush"),
            transport=self._address("engine_get_transport"),
            messages=messages.ctypes.data,
            count=len(messages),
            batch=batch,
            capacity=self._capacity,
            core=self.core,
            drain_core=self.drain_core,
            reports_max=_REPORTS_A_MESSAGE_MAX * len(messages) + 1024,
        )
        if not self._driver.measure_run(ctypes.byref(run)):
            raise BenchmarkError("there is no memory or no thread for draining the reports")
        try:
            sha256 = _sha256(run.collected, run.reports) if hashed else ""
        finally:
            self._driver.measure_free(ctypes.byref(run))
        return _Timing(run.elapsed_ns / 1e9, run.cpu_ns / 1e9, run.drained_ns / 1e9), run.reports, sha256


_ON_PAYLOAD = ("engine_on_new_order", "engine_on_cancel", "engine_on_modify")


def _sha256(address: int, count: int) -> str:
    memory: Any = (ctypes.c_char * (count * REPORT.itemsize)).from_address(address)
    reports = np.frombuffer(memory, REPORT)
    canonical = np.zeros(count, CANONICAL)
    is_trade = (reports["type_and_side"] & 0xFF) == TRADE
    canonical["kind"] = reports["type_and_side"] & 0xFF
    canonical["side"] = reports["type_and_side"] >> 8
    canonical["order_id"] = np.where(is_trade, reports["maker_id"], reports["order_id"])
    canonical["taker_id"] = reports["taker_id"]
    for name in ("sequence", "price_ticks", "quantity"):
        canonical[name] = reports[name]
    return canonical_sha256(canonical)


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises WrongReportsError, BuildError."""
    need_jit()
    settings = settings or Settings()
    affinity = os.sched_getaffinity(0)
    try:
        with tempfile.TemporaryDirectory(prefix="tradsys-abi-") as name:
            folder = Path(name)
            with console.status("building the library and its driver"):
                driver = Driver(settings.library or build(folder / "libtradsys.so"), folder, settings.capacity)
            with console.status("making the flows"):
                measured_flows = flows(settings, console)
            with console.status("timing"):
                results = _measure(driver, measured_flows, settings)
    finally:
        os.sched_setaffinity(0, affinity)
    topology = core_note(driver.core, driver.drain_core).replace("processes", "threads")
    note = f"{topology}; {settings.rounds} interleaved rounds, a fresh engine each; a ring of {settings.capacity}"
    _show(console, results, note)
    return {
        "workloads": results,
        "rounds": settings.rounds,
        "seed": settings.seed,
        "capacity": settings.capacity,
        "topology": topology,
        "machine": machine(),
    }


def _measure(driver: Driver, measured_flows: list[_Flow], settings: Settings) -> dict[str, dict[str, Any]]:
    timings: dict[tuple[str, int], list[_Timing]] = {}
    reports: dict[str, int] = {}
    sha256: dict[str, str] = {}
    for number in range(settings.rounds):
        for flow in measured_flows:
            for batch in settings.batches:
                timing, count, found = driver.run(flow.messages, batch, hashed=number == 0)
                if count != reports.setdefault(flow.name, count):
                    raise WrongReportsError(f"{flow.name}: {count} reports, and {reports[flow.name]} in another run")
                expected = flow.expected_sha256 or sha256.setdefault(flow.name, found)
                if found and found != expected:
                    raise WrongReportsError(f"{flow.name}: the reports' SHA-256 is {found}, not {expected}")
                timings.setdefault((flow.name, batch), []).append(timing)
    return {
        flow.name: {
            "messages": len(flow.messages),
            "reports": reports[flow.name],
            "sha256": flow.expected_sha256 or sha256[flow.name],
            "sha256_is_published": bool(flow.expected_sha256),
            "batches": {
                _batch_name(batch): _result(len(flow.messages), timings[flow.name, batch]) for batch in settings.batches
            },
        }
        for flow in measured_flows
    }


def _batch_name(batch: int) -> str:
    return {ALL: "all", SINGLY: "singly"}.get(batch, str(batch))


def _result(messages: int, timings: list[_Timing]) -> dict[str, Any]:
    elapsed, cpu, drained = (_rates(messages, [timing[column] for timing in timings]) for column in range(3))
    return {
        "messages_per_second": round(elapsed.median),
        "messages_per_second_best": round(elapsed.best),
        "messages_per_second_worst": round(elapsed.worst),
        "messages_per_cpu_second_best": round(cpu.best),
        "messages_per_second_drained": round(drained.median),
        "samples": elapsed.rounds,
    }


def _rates(messages: int, seconds: list[float]) -> Spread:
    return spread([messages / one for one in seconds], more_is_better=True)


def _show(console: Console, results: dict[str, dict[str, Any]], note: str) -> None:
    names = ("_second", "_second_best", "_second_worst", "_cpu_second_best", "_second_drained")
    rows = []
    for flow, result in results.items():
        for batch, measured in result["batches"].items():
            rates = [f"{measured[f'messages_per{name}'] / 1e6:.1f}" for name in names]
            rows.append((flow, batch, *rates))
    headings = ("flow", "a call", "M messages/s", "best", "worst", "best by CPU time", "until drained")
    show(console, "the kernel through its C interface", headings, rows, note)
