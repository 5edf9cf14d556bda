"""What each order type costs the matching kernel, and what rare orders in a book cost the plain ones that come to it.

Every operation is repeated on a book of its own that it leaves as it found it; a first pass learns the order ids and
checks that the venue told exactly the events that the operation stands for. For the second question one flow of plain
orders runs in three books that differ in what else is in them, far away from where it trades. All passes take turns.
Times are the CPU's for this thread: a pass of a few milliseconds is either interrupted by another program or it is
not, and that would be all one sees.
"""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, pinned, show, spread
from bench.flows import commands_of
from bench.mix_cases import STANDING_MAX, Case, book, cases, repeated
from bench.mix_log import details_of, learn, log_of, new_shard, start, timed
from bench.shapes import CENTRE_TICKS, generate
from tradsys.book.layout import Shard, ShardSize
from tradsys.records import (
    COMMAND,
    ORDER_EXTENSION,
    CommandFlag,
    EventKind,
    Kind,
    OrderType,
    Side,
    entry_word,
)
from tradsys.symbols import Symbol

_OPERATION_SIZE = ShardSize(symbols_max=1, orders=1 << 13, pages=1 << 11, directory=1 << 12, summary=1 << 9)
_FLOW = "normal"
_RARE_ORDERS = 1_000  # of each kind
_MARGIN_TICKS = 5_000
"""Between the flow's prices and the ends of the range, where the rare orders are."""
PLAIN, WITH_RARE, WITH_HIDDEN = "plain", "stops and icebergs far away", "a hidden order far away"


class WrongEventsError(BenchmarkError):
    """An operation did not cause the events that it stands for."""


class Settings(NamedTuple):
    """How much is measured."""

    operations: int = 20_000  # of each kind, a pass
    messages: int = 1_000_000  # of the plain flow
    rounds: int = 15
    seed: int = 1


class Prepared(NamedTuple):
    """A log whose part from record `first` on is timed."""

    name: str
    log: Any
    first: int
    records: int  # of one operation
    events: int
    operations: int


def prepare(case: Case, operations: int, seed: int, shard: Shard) -> Prepared:
    """The log of so many operations, checked on `shard`. Raises WrongEventsError when they do something else."""
    standing = [*book(), *case.standing]
    log = log_of([*standing, repeated(case, operations, seed)])
    first = len(standing) + 1
    details = details_of(log)
    order_ids = np.zeros(STANDING_MAX + 128 + 32 * operations, np.int64)
    told = np.zeros(2 * operations * len(case.tells), np.uint8)
    start(shard)
    learn(shard, log, details, 1, first - 1, order_ids, told[:0])
    events = learn(shard, log, details, first, len(log) - 1, order_ids, told)
    expected = np.tile(np.array(case.tells, np.uint8), operations)
    found = told[:events]
    if events != len(expected) or not np.array_equal(found, expected):
        kinds = [EventKind(kind).name for kind in found[: len(case.tells) + 2]]
        raise WrongEventsError(f"{case.name}: {events} events instead of {len(expected)}; they begin with {kinds}")
    return Prepared(case.name, log, first, len(case.records), len(case.tells), operations)


def _rare(side: Side, far_ticks: int, number: int) -> list[Any]:
    """A stop whose trigger the flow's prices never reach, and an iceberg behind all of them, of one side."""
    step = number % (_MARGIN_TICKS // 2)
    outwards = far_ticks - step if far_ticks < CENTRE_TICKS else far_ticks + step
    stop, iceberg = np.zeros(1, COMMAND), np.zeros(1, COMMAND)
    extension = np.zeros(1, ORDER_EXTENSION)
    for record in (stop, iceberg, extension):
        record["symbol"] = record["account"] = 1
    for order in (stop, iceberg):
        order["kind"] = Kind.NEW
        order["quantity_lots"] = 100
    # A buy's trigger is above the market, its limit below: what is far on one side is a stop to buy, an offer to sell.
    stop["side"] = Side.SELL if side == Side.BUY else Side.BUY
    stop["order_type"] = OrderType.STOP
    stop["order_id"] = entry_word(outwards)
    iceberg["side"] = side
    iceberg["price_ticks"] = outwards
    iceberg["flags"] = CommandFlag.EXTENDED
    extension["kind"] = Kind.EXTENSION
    extension["display_lots"] = 10
    return [stop, extension.view(COMMAND), iceberg]


def _beside(name: str, lowest: int, highest: int) -> list[Any]:
    """The rare orders of a book, between the range's ends `lowest` and `highest` and the flow's prices."""
    if name == WITH_RARE:
        below, above = lowest + _MARGIN_TICKS // 2, highest - _MARGIN_TICKS // 2
        return [
            record
            for number in range(_RARE_ORDERS // 2)
            for side, far in ((Side.BUY, below), (Side.SELL, above))
            for record in _rare(side, far, number)
        ]
    if name == WITH_HIDDEN:
        hidden = np.zeros(1, COMMAND)
        for field, value in dict(kind=Kind.NEW, symbol=1, account=1, quantity_lots=1, price_ticks=lowest).items():
            hidden[field] = value
        hidden["flags"] = CommandFlag.HIDDEN
        return [hidden]
    return []


def flows(settings: Settings) -> tuple[list[Prepared], Shard]:
    """The plain flow in each of the three books, and the one shard in which they run."""
    messages = generate(_FLOW, settings.messages, settings.seed)
    prices = messages["price_ticks"][messages["price_ticks"] > 0]
    lowest, highest = int(prices.min()) - _MARGIN_TICKS, int(prices.max()) + _MARGIN_TICKS
    symbol = Symbol(1, "BENCH", 2, 1, 0, 1, lowest, highest, CENTRE_TICKS).definition().view(COMMAND)
    pages = (highest - lowest) // 64 + 2
    orders = int((messages["type"] == 0).sum())
    size = ShardSize(1, min(orders + 4 * _RARE_ORDERS, 1 << 20), 8 * pages, 8 * pages, pages + 64)
    shard = new_shard(size)
    prepared: list[Prepared] = []
    for name in (PLAIN, WITH_RARE, WITH_HIDDEN):
        beside = [symbol, *_beside(name, lowest, highest)]
        log = log_of([*beside, commands_of(messages)])
        details = details_of(log)
        order_ids = np.zeros(int(messages["order_id"].max()) + 1, np.int64)
        start(shard)
        learn(shard, log, details, 1, len(beside), order_ids, np.zeros(0, np.uint8))
        events = learn(shard, log, details, len(beside) + 1, len(log) - 1, order_ids, np.zeros(0, np.uint8))
        if bool(shard.books["special"][1]) != (name == WITH_HIDDEN):
            raise WrongEventsError(f"the book with {name} is not what it is meant to be")
        if prepared and events != prepared[0].events:
            raise WrongEventsError(f"the flow caused {events} events beside {name}, {prepared[0].events} without")
        prepared.append(Prepared(name, log, len(beside) + 1, 1, events, len(messages)))
    return prepared, shard


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show both tables; gives the fields of the JSON line. Raises WrongEventsError."""
    need_jit()
    settings = settings or Settings()
    with pinned() as core:
        with console.status("preparing the operations and checking their events"):
            shard = new_shard(_OPERATION_SIZE)
            operations = [prepare(case, settings.operations, settings.seed, shard) for case in cases()]
            plain_flows, deep_shard = flows(settings)
        with console.status("timing"):
            costs = _rounds(operations, shard, settings.rounds)
            flow_costs = _rounds(plain_flows, deep_shard, settings.rounds)
    topology = f"one thread on core {core}, one symbol"
    result = {
        "operations": {one.name: _operation(one, costs[one.name]) for one in operations},
        "flow": {one.name: _flow(flow_costs[one.name], flow_costs[PLAIN]) for one in plain_flows},
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }
    _show(console, result, f"{topology}; {settings.rounds} interleaved passes; CPU time")
    return result


def _rounds(prepared: list[Prepared], shard: Shard, rounds: int) -> dict[str, list[float]]:
    """Nanoseconds an operation, one figure a round; every round begins with another one."""
    costs: dict[str, list[float]] = {one.name: [] for one in prepared}
    for number in range(rounds):
        turn = number % len(prepared)
        for one in prepared[turn:] + prepared[:turn]:
            costs[one.name].append(timed(shard, one.log, one.first) / one.operations)
    return costs


def _operation(one: Prepared, costs: list[float]) -> dict[str, Any]:
    measured = spread(costs, more_is_better=False)
    return {
        "ns": round(measured.median, 1),
        "ns_best": round(measured.best, 1),
        "ns_worst": round(measured.worst, 1),
        "records": one.records,
        "events": one.events,
        "operations": one.operations,
        "samples": measured.rounds,
    }


def _flow(costs: list[float], plain: list[float]) -> dict[str, Any]:
    """The ratio is the median of the rounds' ratios: what disturbs a round mostly disturbs all its passes."""
    measured = spread(costs, more_is_better=False)
    return {
        "ns": round(measured.median, 2),
        "ns_best": round(measured.best, 2),
        "ratio": round(statistics.median(cost / base for cost, base in zip(costs, plain, strict=True)), 4),
        "ratio_of_best": round(measured.best / min(plain), 4),
        "samples": measured.rounds,
    }


def _show(console: Console, result: dict[str, Any], note: str) -> None:
    rows = [
        (name, f"{one['ns']:,.0f}", f"{one['ns_best']:,.0f}", str(one["records"]), str(one["events"]))
        for name, one in result["operations"].items()
    ]
    show(console, "order types", ("operation", "ns", "best", "records", "events"), rows, note)
    rows = [
        (name, f"{one['ns']:.1f}", f"{one['ns_best']:.1f}", f"{one['ratio']:.3f}", f"{one['ratio_of_best']:.3f}")
        for name, one in result["flow"].items()
    ]
    headings = (f'flow "{_FLOW}" beside', "ns a message", "best", "to plain", "best to best")
    show(console, "what rare orders in the book cost plain ones", headings, rows, note)
