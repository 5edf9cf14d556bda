"""The ledger alone: what it costs to take an order's hold, and to settle a trade, with accounts that no cache holds.

Pairs of orders of random accounts in a random symbol: a buy and a sell, each decided and accepted, then traded whole.
Each call is timed by itself, with the clock's own cost in it.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, show
from shm.arena import new_array
from shm.clock import monotonic_ns, timespec
from shm.jit import kernel
from tradsys.ledger import definitions
from tradsys.ledger.deciding import ask_ahead, decide
from tradsys.ledger.definitions import Contract, Fees
from tradsys.ledger.layout import W_FAULTS, Ledger, LedgerSize, carve
from tradsys.ledger.postings import post
from tradsys.ledger.settling import settle
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.records import COMMAND, EVENT, SLOT_BITS, EventFlag, EventKind, Kind, Side
from workers.topology import usable_cores

_ACCEPTED, _TRADE = int(EventKind.ACCEPTED), int(EventKind.TRADE)
_DONE = int(EventFlag.ORDER_DONE | EventFlag.COUNTER_DONE)
_DEPOSIT = int(PostingKind.DEPOSIT)
_OUTSIDE, _FEES, _FIRST_CLIENT = 1, 2, 3
_FUNDS = 10**13
AHEAD = 8


class Settings(NamedTuple):
    """How much is measured."""

    accounts: int = 100_000
    assets: int = 20
    symbols: int = 1_000
    pairs: int = 100_000
    rounds: int = 3
    seed: int = 1


def new_ledger(settings: Settings) -> Ledger:
    """Accounts with money in every asset, symbols with contracts, and fees."""
    size = LedgerSize(
        accounts_max=settings.accounts + 2,
        assets_max=settings.assets,
        symbols_max=settings.symbols,
        orders=1 << 16,
        pending=1 << 10,
        positions=2 * settings.pairs * (settings.rounds + 1),
        postings=settings.accounts * settings.assets,
    )
    ledger = carve(new_array, size)
    for asset in range(1, settings.assets + 1):
        definitions.add_asset(ledger, asset)
    definitions.add_account(ledger, _OUTSIDE, AccountKind.OUTSIDE)
    definitions.add_account(ledger, _FEES, AccountKind.FEE)
    ledger.accounts["kind"][_FIRST_CLIENT:] = AccountKind.CLIENT
    for symbol in range(1, settings.symbols + 1):
        base, quote = 1 + symbol % settings.assets, 1 + (symbol + 1 + symbol // settings.assets) % settings.assets
        quote = quote if quote != base else 1 + base % settings.assets
        definitions.add_contract(ledger, symbol, Contract(base, quote, 100, 3, 2, 0, 100_000, _FEES))
    definitions.set_fees(ledger, 0, 0, Fees(-50, 500, 2))
    if not _deposit(ledger, settings.accounts, settings.assets):
        raise BenchmarkError("a deposit was refused")
    return ledger


@kernel
def _deposit(ledger: Ledger, accounts: int, assets: int) -> bool:
    number = 0
    for account in range(_FIRST_CLIENT, _FIRST_CLIENT + accounts):
        for asset in range(1, assets + 1):
            number += 1
            if post(ledger, _DEPOSIT, number, _OUTSIDE, account, asset, _FUNDS) != 0:
                return False
    return True


@kernel
def _run(ledger: Ledger, commands: Any, events: Any, decided: Any, settled: Any, clock: Any, ahead: int) -> int:
    """Carry the pairs out; gives how many orders were refused."""
    refused = 0
    for pair in range(len(settled)):
        for number in (2 * pair + 1, 2 * pair + 2):
            if ahead > 0 and number + ahead < len(commands):
                ask_ahead(ledger, commands[number + ahead])
            begun = monotonic_ns(clock)
            reason = decide(ledger, commands[number], commands[0], 1)
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


def flow(settings: Settings, first: int, random: np.random.Generator) -> tuple[Any, Any]:
    """Commands from log sequence `first` on (row 0: none), and the events that the book would tell."""
    pairs = settings.pairs
    commands = new_array(COMMAND, 2 * pairs + 1)
    orders = commands.view(np.ndarray)[1:]
    orders["sequence"] = first + np.arange(2 * pairs)
    orders["kind"] = Kind.NEW
    orders["side"][1::2] = Side.SELL
    orders["symbol"] = np.repeat(random.integers(1, settings.symbols + 1, pairs), 2)
    orders["price_ticks"] = np.repeat(random.integers(1, 10_000, pairs), 2)
    orders["quantity_lots"] = np.repeat(random.integers(1, 100, pairs), 2)
    orders["account"] = random.integers(_FIRST_CLIENT, _FIRST_CLIENT + settings.accounts, 2 * pairs)
    order_ids = orders["sequence"] << SLOT_BITS | 1 + np.arange(2 * pairs) % 2
    events = new_array(EVENT, 3 * pairs)
    told = events.view(np.ndarray)
    for place in (0, 1):
        told["kind"][place::3] = _ACCEPTED
        told["order_id"][place::3] = order_ids[place::2]
    told["kind"][2::3] = _TRADE
    told["flags"][2::3] = _DONE
    told["order_id"][2::3] = order_ids[1::2]
    told["counter_order_id"][2::3] = order_ids[0::2]
    told["symbol"] = np.repeat(orders["symbol"][::2], 3)
    told["price_ticks"][2::3] = orders["price_ticks"][::2]
    told["quantity_lots"][2::3] = orders["quantity_lots"][::2]
    return commands, events


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises BenchmarkError."""
    need_jit()
    settings = settings or Settings()
    affinity = os.sched_getaffinity(0)
    core = usable_cores()[-1]
    os.sched_setaffinity(0, {core})
    try:
        with console.status("opening accounts"):
            ledger = new_ledger(settings)
        with console.status("timing"):
            decided, settled, clock = _rounds(ledger, settings)
    finally:
        os.sched_setaffinity(0, affinity)
    result = {
        "decide_ns_p50": float(np.percentile(decided, 50)),
        "decide_ns_p99": float(np.percentile(decided, 99)),
        "settle_trade_ns_p50": float(np.percentile(settled, 50)),
        "settle_trade_ns_p99": float(np.percentile(settled, 99)),
        "clock_ns_p50": float(np.percentile(clock, 50)),
        "orders": len(decided),
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": f"one thread on core {core}",
        "machine": machine(),
    }
    rows = [
        ("an order's hold", f"{result['decide_ns_p50']:.0f}", f"{result['decide_ns_p99']:.0f}"),
        ("a trade's settlement", f"{result['settle_trade_ns_p50']:.0f}", f"{result['settle_trade_ns_p99']:.0f}"),
        ("the clock itself", f"{result['clock_ns_p50']:.0f}", ""),
    ]
    note = (
        f"{result['topology']}; {settings.accounts:,} accounts, {settings.assets} assets, "
        f"{settings.symbols:,} symbols; "
        f"{len(decided):,} orders and {len(settled):,} trades in {settings.rounds} rounds, each timed by itself"
    )
    show(console, "the ledger", ("ns", "median", "p99"), rows, note)
    return result


def _rounds(ledger: Ledger, settings: Settings) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(settings.seed)
    clock = timespec()
    decided: list[Any] = []
    settled: list[Any] = []
    clocks: list[Any] = []
    for number in range(settings.rounds + 1):
        commands, events = flow(settings, 1 + 2 * settings.pairs * number, random)
        taken = np.zeros(2 * settings.pairs, np.int64)
        trades = np.zeros(settings.pairs, np.int64)
        refused = _run(ledger, commands, events, taken, trades, clock, AHEAD)
        if refused or ledger.words[W_FAULTS]:
            raise BenchmarkError(f"{refused} orders were refused, {ledger.words[W_FAULTS]} events did not fit")
        ticks = np.zeros(10_000, np.int64)
        _clock(clock, ticks)
        if number > 0:  # the first compiles, and touches the memory
            decided.append(taken)
            settled.append(trades)
            clocks.append(ticks)
    return np.concatenate(decided), np.concatenate(settled), np.concatenate(clocks)
