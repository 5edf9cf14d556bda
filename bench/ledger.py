"""The ledger alone: what it costs to take an order's hold, and to settle a trade, with accounts that no cache holds.

Pairs of orders of random accounts in a random symbol: a buy and a sell, each decided and accepted, then traded whole.
Each call is timed by itself, with the clock's own cost in it. In every other round what an order's account has is asked
for AHEAD orders before, as the sequencer can when orders wait in its rings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, pinned, show
from shm.arena import new_array
from shm.clock import monotonic_ns, timespec
from shm.jit import kernel
from tradsys.ledger.deciding import ask_ahead, decide
from tradsys.ledger.layout import W_FAULTS, Ledger, LedgerSize, carve
from tradsys.ledger.recording import take_in
from tradsys.ledger.settling import settle
from tradsys.ledger.terms import AccountKind, PostingKind
from tradsys.records import COMMAND, DETAILS, EVENT, SLOT_BITS, EventFlag, EventKind, Kind, Side, details

_ACCEPTED, _TRADE = int(EventKind.ACCEPTED), int(EventKind.TRADE)
_DONE = int(EventFlag.ORDER_DONE | EventFlag.COUNTER_DONE)
_OUTSIDE, _FEES, _FIRST_CLIENT = 1, 2, 3
_FUNDS = 10**13
AHEAD = 8

_WORDS = {
    "decide": "an order's hold, asked for ahead",
    "decide_cold": "an order's hold, not asked for",
    "settle_trade": "a trade's settlement, asked for ahead",
    "settle_trade_cold": "a trade's settlement, not asked for",
    "clock": "the clock itself",
}


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
        positions=4 * settings.pairs * (settings.rounds + 1),
        postings=settings.accounts * settings.assets,
    )
    ledger = carve(new_array, size)
    records = [details(Kind.ASSET, asset=asset, value_divisor=1) for asset in range(1, settings.assets + 1)]
    records.append(details(Kind.ACCOUNT, account=_OUTSIDE, account_kind=AccountKind.OUTSIDE))
    records.append(details(Kind.ACCOUNT, account=_FEES, account_kind=AccountKind.FEE))
    ledger.accounts["kind"][_FIRST_CLIENT:] = AccountKind.CLIENT
    for symbol in range(1, settings.symbols + 1):
        base, quote = 1 + symbol % settings.assets, 1 + (symbol + 1 + symbol // settings.assets) % settings.assets
        quote = quote if quote != base else 1 + base % settings.assets
        records.append(details(Kind.SYMBOL, symbol=symbol, lowest_ticks=0, highest_ticks=100_000))
        terms = dict(asset=base, quote=quote, lot_value=100, numerator=3, divisor=2)
        records.append(details(Kind.CONTRACT, symbol=symbol, account=_FEES, **terms))
    records.append(details(Kind.FEES, maker_rate=-50, taker_rate=500, minimum=2))
    clients = np.repeat(np.arange(_FIRST_CLIENT, _FIRST_CLIENT + settings.accounts), settings.assets)
    deposits = np.zeros(len(clients), DETAILS)
    deposits["kind"] = Kind.POSTING
    deposits["posting_kind"] = PostingKind.DEPOSIT
    deposits["number"] = np.arange(len(clients)) + 1
    deposits["account"] = _OUTSIDE
    deposits["target"] = clients
    deposits["asset"] = np.resize(np.arange(1, settings.assets + 1), len(clients))
    deposits["amount"] = _FUNDS
    told = new_array(DETAILS, len(records) + len(deposits))
    told.view(np.ndarray)[:] = np.concatenate([*records, deposits])
    if _tell(ledger, told):
        raise BenchmarkError("a definition or a deposit was refused")
    return ledger


@kernel
def _tell(ledger: Ledger, records: Any) -> int:
    """Tell the ledger records; gives how many it refused."""
    refused = 0
    for number in range(len(records)):
        refused += take_in(ledger, records[number]) != 0
    return refused


@kernel
def _run(ledger: Ledger, commands: Any, events: Any, decided: Any, settled: Any, clock: Any, ahead: int) -> int:
    """Carry the pairs out; gives how many orders were refused."""
    refused = 0
    for pair in range(len(settled)):
        for number in (2 * pair + 1, 2 * pair + 2):
            if ahead > 0 and number + ahead < len(commands):
                ask_ahead(ledger, commands[number + ahead])
            begun = monotonic_ns(clock)
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
    with pinned() as core:
        with console.status("opening accounts"):
            ledger = new_ledger(settings)
        with console.status("timing"):
            told = _rounds(ledger, settings)
    result: dict[str, Any] = {
        f"{name}_ns_p{percentile}": float(np.percentile(values, percentile))
        for name, values in told.items()
        for percentile in (50, 99)
    }
    result |= {
        "orders": len(told["decide"]),
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": f"one thread on core {core}",
        "machine": machine(),
    }
    rows = [
        (words, f"{result[f'{name}_ns_p50']:.0f}", f"{result[f'{name}_ns_p99']:.0f}") for name, words in _WORDS.items()
    ]
    note = (
        f"{result['topology']}; {settings.accounts:,} accounts, {settings.assets} assets, "
        f"{settings.symbols:,} symbols; {settings.rounds} interleaved rounds of {2 * settings.pairs:,} orders and "
        f"{settings.pairs:,} trades each way, each timed by itself"
    )
    show(console, "the ledger", ("ns", "median", "p99"), rows, note)
    return result


def _rounds(ledger: Ledger, settings: Settings) -> dict[str, Any]:
    """The nanoseconds of every call, by what was called."""
    random = np.random.default_rng(settings.seed)
    clock = timespec()
    told: dict[str, list[Any]] = {name: [] for name in _WORDS}
    first = 1
    for number in range(-2, 2 * settings.rounds):
        commands, events = flow(settings, first, random)
        first += 2 * settings.pairs
        orders, trades = np.zeros(2 * settings.pairs, np.int64), np.zeros(settings.pairs, np.int64)
        ahead = AHEAD if number % 2 == 0 else 0
        refused = _run(ledger, commands, events, orders, trades, clock, ahead)
        if refused or ledger.words[W_FAULTS]:
            raise BenchmarkError(f"{refused} orders were refused, {ledger.words[W_FAULTS]} events did not fit")
        ticks = np.zeros(10_000, np.int64)
        _clock(clock, ticks)
        if number < 0:
            continue  # the first two compile, and touch the memory
        names = ("decide", "settle_trade", "clock") if ahead else ("decide_cold", "settle_trade_cold", "clock")
        for name, values in zip(names, (orders, trades, ticks), strict=True):
            told[name].append(values)
    return {name: np.concatenate(values) for name, values in told.items()}
