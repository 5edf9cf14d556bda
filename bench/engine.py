"""Orders through the whole core: gateway ring, sequencer, journal, matcher, event ring, and back to whoever sent them.

A real venue of its own processes, without gateways; this process is the gateway, pinned to another core than the
engine. The load is open-loop: every order has a time at which it is due, fixed beforehand, and its latency runs
from then to its last event, so that waiting behind a slow venue counts. At saturation an order is due as soon as the
ring has room for it. The journal is on, at level `memory`.

Every command is a new order. Two of three rest; the third takes about two of those, so the book neither fills nor
runs dry.

With risk the symbols are settled: many accounts with money in two assets, fees, and every limit set, none of which
refuses anything.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, pinned, show
from shm import histogram
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.records import COMMAND, Kind, Side, TimeInForce, details
from tradsys.risk.terms import Limit, Scope
from workers.driver import BACK_PRESSURE, EVENTS, LAST_ANSWER_NS, NO_TARGET, REFUSED, Driver, load_of
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.port import Port
from workers.topology import usable_cores

SATURATION = None
"""As an offered rate: as fast as the ring takes orders."""

_ACCOUNT = "bench"
_QUOTE, _BASE = 1, 2
_FUNDS = 10**17
_UNREACHED = 10**15
_SPECIAL_LIMITS = {
    Limit.TRADING: 1,
    Limit.ORDER_LOTS_MIN: 1,
    Limit.ORDER_NOTIONAL_MIN: 1,
    Limit.COLLAR_BPS: 10_000,
    Limit.CONCENTRATION_BPS: 10_000,
    Limit.ORDERS_PER_SECOND: 1_000_000,
    Limit.ORDERS_BURST: 1_000_000,
    Limit.CANCELS_PER_SECOND: 1_000_000,
    Limit.CANCELS_BURST: 1_000_000,
}
_NOT_SET = {Limit.SHORT, Limit.LEVERAGE}
"""They allow more instead of checking."""
_CENTRE_TICKS = 1000
_RANGE_TICKS = 200
_NO_BOUND = 1 << 40


class Settings(NamedTuple):
    """How much is measured."""

    rates: tuple[int | None, ...] = (100_000, 500_000, 1_000_000, 2_000_000, SATURATION)
    seconds: float = 1.0  # of load at each rate
    saturating_orders: int = 3_000_000
    rounds: int = 3
    symbols: int = 8
    seed: int = 1
    topology: str = "compact"
    shards: int = 1
    data_directory: Path | None = None  # of the venue; a temporary one when not named
    risk: bool = False
    accounts: int = 1  # with risk as many more as it takes to be like a venue

    @property
    def traders(self) -> int:
        """Accounts that send orders."""
        return max(self.accounts, 1000) if self.risk else self.accounts


class Flow:
    """Orders whose client order ids are never used again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._random = np.random.default_rng(settings.seed)
        self._used = 0

    def next(self, count: int) -> Any:
        """The next orders (COMMAND)."""
        commands = orders(count, self._settings.symbols, self._random, self._settings.traders)
        commands["client_order_id"] += self._used
        self._used += count
        return commands


def orders(count: int, symbols: int, random: np.random.Generator, accounts: int = 1) -> Any:
    """`count` new orders (COMMAND) over the symbols and accounts from 1 on."""
    commands = np.zeros(count, COMMAND)
    commands["kind"] = Kind.NEW
    commands["symbol"] = random.integers(1, symbols + 1, count)
    commands["account"] = random.integers(1, accounts + 1, count)
    side = random.integers(0, 2, count)
    takes = random.random(count) < 1 / 3
    commands["side"] = side
    commands["time_in_force"] = np.where(takes, TimeInForce.IOC, TimeInForce.GTC)
    behind = np.minimum(random.geometric(0.1, count), _RANGE_TICKS)
    # A taker reaches through whatever the other side shows.
    behind = np.where(takes, -_RANGE_TICKS, behind)
    commands["price_ticks"] = _CENTRE_TICKS + np.where(side == Side.BUY, -behind, behind)
    # A resting order has 50 lots in the mean, a taker 105: slightly more than what comes in.
    commands["quantity_lots"] = np.where(takes, random.integers(1, 210, count), random.integers(1, 100, count))
    commands["client_order_id"] = np.arange(1, count + 1)
    return commands


def money_and_limits(settings: Settings) -> Any:
    """What makes every symbol a settled one, and every limit one that is set: an array of COMMAND."""
    fees, outside = settings.traders + 1, settings.traders + 2
    records = [details(Kind.ASSET, asset=asset, value_numerator=1, value_divisor=1) for asset in (_QUOTE, _BASE)]
    records.append(details(Kind.ACCOUNT, account=fees, account_kind=AccountKind.FEE))
    records.append(details(Kind.ACCOUNT, account=outside, account_kind=AccountKind.OUTSIDE))
    terms = dict(asset=_BASE, quote=_QUOTE, account=fees, lot_value=1, numerator=1, divisor=1)
    records += [details(Kind.CONTRACT, symbol=symbol, **terms) for symbol in range(1, settings.symbols + 1)]
    records.append(details(Kind.FEES, maker_rate=-50, taker_rate=500, minimum=1))
    for limit in Limit:
        if limit not in _NOT_SET:
            amount = _SPECIAL_LIMITS.get(limit, _UNREACHED)
            records.append(details(Kind.LIMIT, scope=Scope.VENUE, limit=limit, amount=amount))
    for account in range(1, settings.traders + 1):
        for asset in (_QUOTE, _BASE):
            sides = dict(account=outside, target=account, asset=asset, amount=_FUNDS // 1000, number=len(records))
            records.append(details(Kind.POSTING, posting_kind=PostingKind.DEPOSIT, **sides))
    return np.concatenate([record.view(COMMAND) for record in records])


def overrides(settings: Settings, level: str = "memory") -> dict[str, Any]:
    """The configuration of the venue under measurement, with the journal at `level`."""
    symbol = {
        "tick_size": "1",
        "lot_size": "1",
        "lowest_price": str(_CENTRE_TICKS - _RANGE_TICKS),
        "highest_price": str(_CENTRE_TICKS + _RANGE_TICKS),
        "reference_price": str(_CENTRE_TICKS),
    }
    return {
        "topology": {"kind": settings.topology, "shards": settings.shards},
        "journal": {"level": level},
        "pools": {"symbols_max": max(settings.symbols, 16), "recent_client_ids": 65_536},
        "accounts": [{"name": f"{_ACCOUNT}-{number}"} for number in range(1, settings.traders + 1)],
        "symbols": [{"name": f"BENCH-{number}", **symbol} for number in range(1, settings.symbols + 1)],
    }


def measure(
    embedded: EmbeddedVenue, port: Port, commands: Any, rate: int | None, *, spin: bool = True
) -> dict[str, Any]:
    """One run of `commands` at `rate` orders a second; `spin` never gives the core away. Raises NoProgressError."""
    interval_ns = 0 if rate is SATURATION else 1_000_000_000 // rate
    load = load_of(commands, np.full(len(commands), NO_TARGET), interval_ns=interval_ns, keep_events=False)
    bell = embedded.venue.sequencer_index
    with Driver(port, bell, load, [], in_flight_max=_NO_BOUND, spin=spin) as driver:
        for _ in driver.run():
            pass
    refused = int(np.count_nonzero(load.order_ids == REFUSED))
    if refused:
        raise BenchmarkError(f"{refused} of {len(commands)} orders were refused: that would be another measurement")
    elapsed_ns = int(load.words[LAST_ANSWER_NS]) - int(load.planned_ns[0])
    latencies = histogram.summary(load.latencies)
    return {
        "achieved_per_second": round(len(commands) / elapsed_ns * 1e9),
        "p50_ns": latencies["p50"],
        "p99_ns": latencies["p99"],
        "p999_ns": latencies["p999"],
        "max_ns": latencies["max"],
        "orders": latencies["count"],
        "events": int(load.words[EVENTS]),
        "back_pressure": int(load.words[BACK_PRESSURE]),
    }


def combine(rate: int | None, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The rounds at one rate as one entry: medians, and the worst of the maxima."""
    combined: dict[str, Any] = {"offered_per_second": rate}
    for name in ("achieved_per_second", "p50_ns", "p99_ns", "p999_ns"):
        combined[name] = round(statistics.median(one[name] for one in rounds))
    combined["max_ns"] = max(one["max_ns"] for one in rounds)
    combined["achieved_per_second_best"] = max(one["achieved_per_second"] for one in rounds)
    combined["p99_ns_best"] = min(one["p99_ns"] for one in rounds)
    combined["orders"] = sum(one["orders"] for one in rounds)
    combined["events"] = sum(one["events"] for one in rounds)
    return combined


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises EmbeddedVenueError, NoProgressError."""
    need_jit()
    settings = settings or Settings()
    with (
        console.status("starting a venue") as status,
        embedded_venue(overrides(settings), directory=settings.data_directory) as embedded,
    ):
        workers = embedded.venue.workers
        usable = os.sched_getaffinity(0)
        mine = min(usable - {plan.core for plan in workers}, default=usable_cores()[0])
        with pinned(mine):
            runs = _rounds(embedded, settings, status.update)
    layout = ", ".join(f"{plan.name} on core {plan.core} ({plan.idle})" for plan in workers)
    risk = f", settled, every limit set, {settings.traders} accounts" if settings.risk else ""
    topology = f"{settings.topology}: {layout}; load from core {mine}; journal level memory"
    topology += f"; {settings.symbols} symbols{risk}"
    _show(console, runs, f"{topology}; medians of {settings.rounds} interleaved rounds, the worst maximum")
    return {
        "runs": runs,
        "risk": settings.risk,
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }


def _rounds(embedded: EmbeddedVenue, settings: Settings, report: Callable[[str], None]) -> list[dict[str, Any]]:
    venue = embedded.venue
    flow = Flow(settings)
    rounds: dict[int | None, list[dict[str, Any]]] = {rate: [] for rate in settings.rates}
    port = Port.claim_spare(embedded.memory, venue.control_ring + 1, venue.sequencer_index)
    try:
        if settings.risk:
            report("defining money and limits")
            measure(embedded, port, money_and_limits(settings), SATURATION)
        report("warming up")
        measure(embedded, port, flow.next(min(100_000, settings.saturating_orders)), SATURATION)
        for number in range(settings.rounds):
            for rate in settings.rates:
                report(f"round {number + 1} of {settings.rounds}: {_words(rate)}")
                count = settings.saturating_orders if rate is SATURATION else int(rate * settings.seconds)
                rounds[rate].append(measure(embedded, port, flow.next(count), rate))
    finally:
        port.close()
    return [combine(rate, measured) for rate, measured in rounds.items()]


def _words(rate: int | None) -> str:
    return "saturation" if rate is SATURATION else f"{rate:,} a second"


def _show(console: Console, runs: list[dict[str, Any]], note: str) -> None:
    rows = [
        (
            _words(one["offered_per_second"]),
            f"{one['achieved_per_second']:,}",
            *(f"{one[name] / 1000:,.1f}" for name in ("p50_ns", "p99_ns", "p999_ns", "max_ns")),
            f"{one['orders']:,}",
        )
        for one in runs
    ]
    headings = ("offered", "achieved a second", "p50 µs", "p99 µs", "p99.9 µs", "max µs", "orders")
    show(console, "engine: planned send to last event", headings, rows, note)
