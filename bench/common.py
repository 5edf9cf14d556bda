"""What every benchmark shares: the machine it runs on, cores, repetitions, and how results are shown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
from rich.console import Console
from rich.table import Table

from shm.jit import JIT_DISABLED
from workers.topology import usable_cores


class BenchmarkError(Exception):
    """A benchmark cannot be done, or what it measures went wrong; the message says what."""


def need_jit() -> None:
    """Raise BenchmarkError when kernels would run as plain Python."""
    if JIT_DISABLED:
        raise BenchmarkError("benchmarks need compiled kernels: unset NUMBA_DISABLE_JIT")


class Spread(NamedTuple):
    """Several measurements of one thing: the machine is shared, so one alone says little."""

    median: float
    worst: float
    best: float
    rounds: int


def spread(values: Sequence[float], *, more_is_better: bool) -> Spread:
    """Median, worst and best of `values`. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no measurements")
    low, high = min(values), max(values)
    worst, best = (low, high) if more_is_better else (high, low)
    return Spread(statistics.median(values), worst, best, len(values))


def machine() -> dict[str, Any]:
    """What a figure means nothing without: CPU, cores, kernel, versions, load."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": len(usable_cores()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "load_average": round(os.getloadavg()[0], 2),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.lower().startswith(("model name", "cpu model"))]
    return models[0] if models else platform.machine()


def two_cores() -> tuple[int, int]:
    """The cores for this process and for its partner: different ones where there are two."""
    cores = usable_cores()
    return cores[0], cores[-1]


@contextmanager
def pinned(core: int | None = None) -> Iterator[int]:
    """Keep this process on one core, the last usable one unless it is named, for the time of the block; gives it."""
    before = os.sched_getaffinity(0)
    core = usable_cores()[-1] if core is None else core
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


def core_note(mine: int, partner: int) -> str:
    """Which cores a two-process benchmark ran on, in words."""
    return f"cores {mine} and {partner}" if mine != partner else f"one core only ({mine}): both processes share it"


def show(console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> None:
    """A table of results under a line that names machine and conditions."""
    told = machine()
    console.print(
        f"{told['cpu']}, {told['usable_cores']} of {told['cores']} cores, Linux {told['kernel']}, "
        f"Python {told['python']}, numba {told['numba']}, load {told['load_average']}",
        style="dim",
        soft_wrap=True,
        highlight=False,
    )
    table = Table(title=title)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(note, style="dim", soft_wrap=True, highlight=False)
