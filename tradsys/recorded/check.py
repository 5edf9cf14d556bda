"""Compares what a venue did with what the recorded exchange printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from tradsys.reasons import Reason
from tradsys.recorded.executions import Executions
from tradsys.recorded.sse import Auction, AuctionPair, Day, Execution, InboundOrder
from tradsys.records import MarketState

DIFFERENCES_KEPT = 10


@dataclass(frozen=True, order=True)
class Difference:
    """One place where venue and recording part: the line of the file, and both sides in words."""

    line: int
    subject: str
    expected: str
    actual: str


@dataclass
class Counters:
    """How much there was to compare, and how much of it came out exactly."""

    inbound: int = 0
    aggressive: int = 0
    aggressive_exact: int = 0
    trades: int = 0
    trades_exact: int = 0
    cancels: int = 0
    cancels_exact: int = 0
    auctions: int = 0
    auctions_exact: int = 0
    auction_pairs: int = 0
    auction_pairs_exact: int = 0
    crossed_books: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def as_dict(self) -> dict[str, int]:
        """The counters by name, in the order above."""
        return asdict(self)


@dataclass
class Result:
    """The counters of a day, the number of differences, and the first ten of them by line of the file."""

    counters: Counters
    differences_found: int
    differences: list[Difference] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether the venue did just what the recording says."""
        return self.differences_found == 0


class Check:
    """Holds the events of one symbol against a recorded day; feed them in the order of the stream."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self._batches: list[Any] = []

    def feed(self, events: Any) -> None:
        """Take the symbol's next events (array of records.EVENT). Copies them; nothing is compared yet."""
        if len(events):
            self._batches.append(events.copy())

    def result(self) -> Result:
        """Compare everything fed so far with the whole day."""
        executions = Executions()
        for batch in self._batches:
            executions.feed(batch)
        return _Comparison(self.day, executions).result()


class _Comparison:
    def __init__(self, day: Day, executions: Executions) -> None:
        self.day = day
        self.done = executions
        self.counters = Counters(inbound=day.inbound, crossed_books=executions.crossed_books)
        self.differences: list[Difference] = []
        self.line_of = {order.order_no: order.line for order in day.orders}

    def result(self) -> Result:
        for order in self.day.orders:
            self._order(order)
        self._surplus_trades()
        self._cancels()
        self._auctions()
        for order_no, reason in self.done.rejects:
            self._differ(self._line(order_no), f"order {order_no}", "not refused", f"refused: {_reason(reason)}")
        if self.done.crossed_books:
            self._differ(0, "book", "never crossed", f"crossed after {self.done.crossed_books} commands")
        return Result(self.counters, len(self.differences), sorted(self.differences)[:DIFFERENCES_KEPT])

    def _differ(self, line: int, subject: str, expected: str, actual: str) -> None:
        self.differences.append(Difference(line, subject, expected, actual))

    def _line(self, order_no: int) -> int:
        return self.line_of.get(order_no, 0)

    def _order(self, order: InboundOrder) -> None:
        times = self.done.accepted.get(order.order_no, 0)
        if times != 1:
            self._differ(order.line, f"order {order.order_no}", "accepted once", f"accepted {times} times")
        rest = self.done.rests.get(order.order_no, 0)
        if rest != order.rest_lots:
            subject = f"order {order.order_no}, what went into the book"
            self._differ(order.line, subject, str(order.rest_lots), str(rest))
        if not order.executions:
            return
        done = self.done.trades.get(order.order_no, [])
        matching = _matching(order.executions, done)
        self.counters.aggressive += 1
        self.counters.trades += len(order.executions)
        self.counters.trades_exact += matching
        if done != order.executions:
            at = _first_difference(order.executions, done)
            subject = f"order {order.order_no}, trade {at + 1} of {len(order.executions)}"
            self._differ(order.line + at, subject, _execution(order.executions, at), _execution(done, at))
        elif rest == order.rest_lots:
            self.counters.aggressive_exact += 1

    def _surplus_trades(self) -> None:
        expected = [order.order_no for order in self.day.orders if order.executions]
        known = set(expected)
        for order_no, done in self.done.trades.items():
            if order_no not in known:
                subject = f"order {order_no}, {len(done)} trades"
                self._differ(self._line(order_no), subject, "none", _execution(done, 0))
        order = [order_no for order_no in self.done.aggressors if order_no in known]
        if len(order) == len(expected) and order != expected:
            at = _first_difference(expected, order)
            self._differ(self._line(expected[at]), "next aggressor", str(expected[at]), str(order[at]))

    def _cancels(self) -> None:
        expected: dict[int, list[int]] = {}
        for cancel in self.day.cancels:
            self.counters.cancels += 1
            done = self.done.cancels.get(cancel.order_no, [])
            place = len(expected.setdefault(cancel.order_no, []))
            expected[cancel.order_no].append(cancel.quantity_lots)
            actual = done[place] if place < len(done) else None
            if actual == cancel.quantity_lots:
                self.counters.cancels_exact += 1
            else:
                subject = f"cancel of order {cancel.order_no}, quantity taken out"
                self._differ(cancel.line, subject, str(cancel.quantity_lots), _or_nothing(actual))
        for order_no, done in self.done.cancels.items():
            wanted = len(expected.get(order_no, []))
            if len(done) > wanted:
                subject = f"cancels of order {order_no}"
                self._differ(self._line(order_no), subject, str(wanted), str(len(done)))

    def _auctions(self) -> None:
        done = list(self.done.auctions)
        for auction in self.day.auctions:
            self.counters.auctions += 1
            self.counters.auction_pairs += len(auction.pairs)
            if done and done[0].next_state == auction.next_state:
                uncrossed = done.pop(0)
                told = (uncrossed.price_ticks, uncrossed.volume_lots)
                self._auction(auction, told, uncrossed.pairs)
            else:
                name = MarketState(auction.next_state).name
                self._differ(auction.line, f"auction before {name}", f"{len(auction.pairs)} pairs", "no auction")
        for uncrossed in done:
            self._differ(0, "auction", "none", f"{uncrossed.volume_lots} at {uncrossed.price_ticks}")

    def _auction(self, auction: Auction, told: tuple[int, int], done: list[AuctionPair]) -> None:
        self.counters.auction_pairs_exact += _matching(auction.pairs, done)
        expected = (auction.price_ticks, auction.volume_lots)
        if told != expected:
            self._differ(auction.line, "auction", f"{expected[1]} at {expected[0]}", f"{told[1]} at {told[0]}")
        if done != auction.pairs:
            at = _first_difference(auction.pairs, done)
            subject = f"auction pair {at + 1} of {len(auction.pairs)}"
            self._differ(auction.line + at, subject, _pair(auction.pairs, at), _pair(done, at))
        elif told == expected:
            self.counters.auctions_exact += 1


def _matching(expected: Sequence[object], actual: Sequence[object]) -> int:
    return sum(one == other for one, other in zip(expected, actual, strict=False))


def _first_difference(expected: Sequence[object], actual: Sequence[object]) -> int:
    for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
        if one != other:
            return place
    return min(len(expected), len(actual))


def _execution(executions: list[Execution], place: int) -> str:
    if place >= len(executions):
        return "nothing"
    maker, price, quantity = executions[place]
    return f"{quantity} at {price} with order {maker}"


def _pair(pairs: list[AuctionPair], place: int) -> str:
    if place >= len(pairs):
        return "nothing"
    buyer, seller, price, quantity = pairs[place]
    return f"{quantity} at {price}, buyer {buyer}, seller {seller}"


def _or_nothing(value: int | None) -> str:
    return "nothing" if value is None else str(value)


def _reason(number: int) -> str:
    try:
        return Reason(number).name
    except ValueError:
        return str(number)
