"""What it costs to check an order, and to settle a trade, with accounts that no cache holds.

Pairs of orders, a buy and a sell of two accounts in a symbol, each decided and accepted, then traded whole; see
bench.risk_market. Each decision and each settlement is timed by itself, with what is asked ahead for a later order in
it, and with the clock's own cost. Rounds take turns: with every limit set, with none, and so on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, pinned, show
from bench.risk_market import Settings, flow, new_ledger, opening, set_credit, set_limits
from shm.clock import monotonic_ns, timespec
from shm.jit import kernel
from tradsys.ledger.ahead import FURTHEST, ask_ahead, begin_asking
from tradsys.ledger.deciding import decide
from tradsys.ledger.layout import W_FAULTS, W_LIMITED, W_SENT, Ledger
from tradsys.ledger.settling import settle

_EVERY, _NO_LIMITS, _CREDIT, _COLD = "", "_no_limits", "_credit", "_cold"
_WAYS = (_EVERY, _NO_LIMITS, _CREDIT, _COLD)
_WORDS = {
    _EVERY: "every check on",
    _NO_LIMITS: "no limits",
    _CREDIT: "every check on, and SHORT and LEVERAGE",
    _COLD: "every check on, nothing asked for ahead",
}


@kernel
def _run(ledger: Ledger, commands: Any, events: Any, decided: Any, settled: Any, clock: Any, asks: bool) -> int:
    """Carry the pairs out; gives how many orders were refused."""
    refused = 0
    mask = (1 << 30) - 1  # the commands are no ring
    if asks:
        begin_asking(ledger, commands, 1, min(len(commands) - 1, FURTHEST), mask)
    for pair in range(len(settled)):
        for number in (2 * pair + 1, 2 * pair + 2):
            begun = monotonic_ns(clock)
            if asks:
                ask_ahead(ledger, commands, number, len(commands) - number, mask)
            reason = decide(ledger, commands[number], commands[0], commands[0], 1)
            decided[number - 1] = monotonic_ns(clock) - begun
            refused += reason != 0
            settle(ledger, events[3 * pair + (number - 1) % 2], 0, 1)
        begun = monotonic_ns(clock)
        settle(ledger, events[3 * pair + 2], 0, 1)
        settled[pair] = monotonic_ns(clock) - begun
    return refused


@kernel
def _clock(clock: Any, taken: Any) -> None:
    for i in range(len(taken)):
        begun = monotonic_ns(clock)
        taken[i] = monotonic_ns(clock) - begun


class _Bench:
    """The ledger, and each way's limits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._random = np.random.default_rng(settings.seed)
        self._clock = timespec()
        self._next = 1
        self.ledger = new_ledger(settings)
        limits = self.ledger.limits.view(np.ndarray)
        self._limits = {_NO_LIMITS: limits.copy()}
        set_limits(self.ledger, settings)
        self._limits[_EVERY] = self._limits[_COLD] = limits.copy()
        set_credit(self.ledger)
        self._limits[_CREDIT] = limits.copy()
        self._carry_out(_EVERY, *opening(settings, self._random))

    def round(self, way: str) -> tuple[Any, Any]:
        """The nanoseconds of each decision and of each settlement. Raises BenchmarkError."""
        return self._carry_out(way, *flow(self._settings, self._next, self._random))

    def _carry_out(self, way: str, commands: Any, events: Any) -> tuple[Any, Any]:
        ledger = self.ledger
        ledger.limits.view(np.ndarray)[:] = self._limits[way]
        ledger.words[W_LIMITED] = way != _NO_LIMITS
        orders, trades = np.zeros(len(commands) - 1, np.int64), np.zeros(len(events) // 3, np.int64)
        self._next += len(orders)
        refused = _run(ledger, commands, events, orders, trades, self._clock, way != _COLD)
        if refused or ledger.words[W_FAULTS] or ledger.words[W_SENT]:
            raise BenchmarkError(
                f"{refused} orders were refused, {ledger.words[W_FAULTS]} events did not fit, "
                f"{ledger.words[W_SENT]} alerts were told"
            )
        return orders, trades

    def clock(self) -> Any:
        """The nanoseconds that the clock says nothing takes."""
        taken = np.zeros(10_000, np.int64)
        _clock(self._clock, taken)
        return taken


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises BenchmarkError."""
    need_jit()
    settings = settings or Settings()
    if settings.accounts < 2 * settings.symbols:
        raise BenchmarkError(f"{settings.symbols} symbols need at least {2 * settings.symbols} accounts")
    with pinned() as core:
        with console.status("opening accounts"):
            bench = _Bench(settings)
        with console.status("timing"):
            told = _rounds(bench, settings)
    result: dict[str, Any] = {
        f"{what}_ns_p{percentile}{way}": float(np.percentile(values, percentile))
        for (what, way), values in told.items()
        for percentile in (50, 99)
    }
    result |= {
        "orders": len(told["check", _EVERY]),
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": f"one thread on core {core}",
        "machine": machine(),
    }
    names = [("check", way, f"an order: {_WORDS[way]}") for way in _WAYS]
    names += [("settle", way, f"a trade's settlement: {_WORDS[way]}") for way in (_EVERY, _NO_LIMITS)]
    names.append(("clock", "", "the clock itself, which is in each of these"))
    rows = [
        (words, f"{result[f'{what}_ns_p50{way}']:.0f}", f"{result[f'{what}_ns_p99{way}']:.0f}")
        for what, way, words in names
    ]
    note = (
        f"{result['topology']}; {settings.accounts:,} accounts, {settings.assets} assets, "
        f"{settings.symbols:,} symbols, {settings.positions} positions an account; {settings.rounds} interleaved "
        f"rounds of {2 * settings.pairs:,} orders and {settings.pairs:,} trades each way, each timed by itself"
    )
    show(console, "the risk checks", ("ns", "median", "p99"), rows, note)
    return result


def _rounds(bench: _Bench, settings: Settings) -> dict[tuple[str, str], Any]:
    """The nanoseconds of every call, by what was called and which way."""
    told: dict[tuple[str, str], list[Any]] = {}
    for number in range(-1, settings.rounds):
        for way in _WAYS:
            orders, trades = bench.round(way)
            taken = {("check", way): orders, ("settle", way): trades, ("clock", ""): bench.clock()}
            for name, values in taken.items():
                if number >= 0:  # the first round touches the memory
                    told.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in told.items()}
