"""A recorded day of the Shanghai Stock Exchange: the inbound commands, and what the exchange made of them.

The file shows an order that matches on arrival only by its trades, and then by what is left of it. So an inbound
order is a run of consecutive trades with one aggressor (quantity their sum, limit their worst price) together
with the A of the same number that may follow (its quantity added, limit its price); any other A is an order that
rests at once. Orders before 09:25:00 belong to the opening auction, those from 14:57:00 on to the closing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tradsys.recorded.rows import RecordedFormatError, Row, read, time_ns
from tradsys.recorded.tied import Standing, settling_price
from tradsys.records import COMMAND, QUANTITY_MAX, Kind, MarketState, Side

OPENING_ENDS_NS = time_ns("09:25:00.000")
NOON_NS = time_ns("12:00:00.000")
CLOSING_STARTS_NS = time_ns("14:57:00.000")

_COLUMNS = ("timestamp_ns", "kind", "side", "order_type", "price_ticks", "quantity_lots", "client_order_id")
_PRICE = _COLUMNS.index("price_ticks")


class Execution(NamedTuple):
    """What one aggressor did to one resting order; orders by their numbers at the exchange."""

    maker_no: int
    price_ticks: int
    quantity_lots: int


class AuctionPair(NamedTuple):
    """A trade of a call auction."""

    buy_no: int
    sell_no: int
    price_ticks: int
    quantity_lots: int


@dataclass(slots=True)
class InboundOrder:
    """An order as it must have come in, with what it did on arrival; `rest_lots` went into the book."""

    order_no: int
    line: int
    time_ns: int
    side: int
    price_ticks: int
    quantity_lots: int
    rest_lots: int
    executions: list[Execution]


@dataclass(slots=True)
class InboundCancel:
    """A cancel, and the quantity that it took out."""

    order_no: int
    line: int
    time_ns: int
    quantity_lots: int


@dataclass(slots=True)
class Auction:
    """A call auction: the state that follows it, and its trades in sequence (none when nothing crossed).

    `reference_ticks` settles between prices of equal volume and surplus as the exchange does, see `tied`.
    """

    line: int
    next_state: int
    reference_ticks: int
    pairs: list[AuctionPair]

    @property
    def price_ticks(self) -> int:
        """The auction's price, 0 when nothing traded."""
        return self.pairs[0].price_ticks if self.pairs else 0

    @property
    def volume_lots(self) -> int:
        """What the auction traded."""
        return sum(pair.quantity_lots for pair in self.pairs)


@dataclass(frozen=True)
class Day:
    """A recorded day of one stock.

    `commands` (records.COMMAND) are the inbound commands in sequence: NEW and CANCEL with the exchange's order
    number as `client_order_id`, STATE for the phases of the day (with an auction's reference price at its start),
    `timestamp_ns` since midnight, `price_ticks` of 0.01. Symbol, account and, of cancels, `order_id` are left 0
    for the sender to fill in. `lines[i]` is the line of the file that command i came from. The price range holds
    every price of the day, with a margin.
    """

    name: str
    path: Path
    commands: Any
    lines: Any
    orders: list[InboundOrder]
    cancels: list[InboundCancel]
    auctions: list[Auction]
    lowest_ticks: int
    highest_ticks: int

    @property
    def inbound(self) -> int:
        """Number of orders and cancels."""
        return len(self.orders) + len(self.cancels)

    @property
    def reference_ticks(self) -> int:
        """A stand-in for the previous close, which the file does not hold: the opening's, or the middle of the day."""
        opening = self.auctions[0].reference_ticks if self.auctions else 0
        return opening or (self.lowest_ticks + self.highest_ticks) // 2


def read_day(path: Path | str) -> Day:
    """Read a `.csv` or `.csv.xz` day file. Raises RecordedFormatError naming file and line, or OSError."""
    path = Path(path)
    rows = list(read(path))
    if not rows:
        raise RecordedFormatError(path, 2, "the file has no rows")
    return _Reader(path, rows).day()


class _Reader:
    """Walks the rows once, and turns runs of them into commands and expectations."""

    def __init__(self, path: Path, rows: list[Row]) -> None:
        self.path = path
        self.rows = rows
        self.commands: list[list[int]] = []
        self.lines: list[int] = []
        self.orders: list[InboundOrder] = []
        self.cancels: list[InboundCancel] = []
        self.auctions: list[Auction] = []
        self.standing: dict[int, Standing] = {}  # every order that came in, by number
        self.auction_command = 0
        self.aggressor: InboundOrder | None = None
        self.state = MarketState.PRE_OPEN
        # An opening auction that traded ends with its trades, whatever the clock says.
        self.opening_trades_ahead = any(row.side == "N" and row.time_ns < NOON_NS for row in rows)
        self.opening_uncrossed = False

    def day(self) -> Day:
        self._change_state(self.rows[0], MarketState.OPENING_AUCTION)
        for row in self.rows:
            self._follow_the_clock(row)
            if row.event == "T":
                self._trade(row)
            elif row.event == "A":
                self._enter(row)
            else:
                self._finish_aggressor()
                self._cancel(row)
        self._finish_aggressor()
        if self.state == MarketState.CLOSING_AUCTION:
            self._uncross(self.rows[-1], MarketState.CLOSED)
        prices = [row.price_ticks for row in self.rows if row.event != "D"]
        if not prices:
            raise RecordedFormatError(self.path, self.rows[0].line, "the file holds no order")
        margin = max(16, (max(prices) - min(prices)) // 8)
        return Day(
            self.path.name.removesuffix(".xz").removesuffix(".csv"),
            self.path,
            self._command_records(),
            np.array(self.lines, np.int64),
            self.orders,
            self.cancels,
            self.auctions,
            max(1, min(prices) - margin),
            max(prices) + margin,
        )

    def _fail(self, row: Row, problem: str) -> RecordedFormatError:
        return RecordedFormatError(self.path, row.line, problem)

    # The phases of the day.

    def _follow_the_clock(self, row: Row) -> None:
        collecting_the_open = self.state == MarketState.OPENING_AUCTION
        if collecting_the_open and not self.opening_trades_ahead and row.time_ns >= OPENING_ENDS_NS:
            self._uncross(row, MarketState.CONTINUOUS)
        if self.state == MarketState.CONTINUOUS and row.time_ns >= CLOSING_STARTS_NS:
            self._finish_aggressor()
            self._change_state(row, MarketState.CLOSING_AUCTION)

    def _change_state(self, row: Row, state: MarketState) -> None:
        self.state = state
        self.auction_command = len(self.commands)
        self._command(row.line, row.time_ns, Kind.STATE, 0, state, 0, 0, 0)

    def _uncross(self, row: Row, state: MarketState) -> None:
        reference = settling_price(self.standing.values())
        self.commands[self.auction_command][_PRICE] = reference
        self.auctions.append(Auction(row.line, state, reference, []))
        self._change_state(row, state)

    def _auction_trade(self, row: Row) -> None:
        if self.state == MarketState.OPENING_AUCTION:
            self._uncross(row, MarketState.CONTINUOUS)
        elif self.state == MarketState.CLOSING_AUCTION:
            self._uncross(row, MarketState.CLOSED)
        elif not self.auctions or self.auctions[-1].next_state != self.state or self._traded_since(row):
            raise self._fail(row, "a trade of a call auction (side N) outside the auctions")
        pair = AuctionPair(row.buy_no, row.sell_no, row.price_ticks, row.quantity_lots)
        self.auctions[-1].pairs.append(pair)
        self._reduce(row.buy_no, row.quantity_lots)
        self._reduce(row.sell_no, row.quantity_lots)

    def _traded_since(self, row: Row) -> bool:
        """Whether something else happened since the auction's last trade."""
        return row.line - self.auctions[-1].line != len(self.auctions[-1].pairs)

    # Orders and cancels.

    def _trade(self, row: Row) -> None:
        if row.side == "N":
            self._finish_aggressor()
            self._auction_trade(row)
            return
        if self.state != MarketState.CONTINUOUS:
            raise self._fail(row, "a trade with an aggressor outside continuous trading")
        side = Side.BUY if row.side == "B" else Side.SELL
        taker_no, maker_no = (row.buy_no, row.sell_no) if side == Side.BUY else (row.sell_no, row.buy_no)
        order = self.aggressor
        if order is None or order.order_no != taker_no:
            self._finish_aggressor()
            order = self._begin(row, taker_no, side)
            self.aggressor = order
        elif order.side != side:
            raise self._fail(row, f"order {taker_no} trades as a buyer and as a seller")
        order.executions.append(Execution(maker_no, row.price_ticks, row.quantity_lots))
        self._reduce(maker_no, row.quantity_lots)
        worst = max if side == Side.BUY else min
        order.price_ticks = worst(order.price_ticks, row.price_ticks)
        order.quantity_lots += row.quantity_lots

    def _enter(self, row: Row) -> None:
        side = Side.BUY if row.side == "B" else Side.SELL
        order = self.aggressor
        if order is None or order.order_no != row.order_no:
            self._finish_aggressor()
            order = self.aggressor = self._begin(row, row.order_no, side)
        elif order.side != side:
            raise self._fail(row, f"order {row.order_no} rests on the side that it traded against")
        order.price_ticks = row.price_ticks
        order.quantity_lots += row.quantity_lots
        order.rest_lots = row.quantity_lots
        standing = self.standing[row.order_no]
        standing.price_ticks, standing.leaves_lots = row.price_ticks, row.quantity_lots
        self._finish_aggressor()

    def _begin(self, row: Row, order_no: int, side: int) -> InboundOrder:
        if order_no in self.standing:
            raise self._fail(row, f"order {order_no} enters a second time")
        self.standing[order_no] = Standing(side, 0, 0)
        return InboundOrder(order_no, row.line, row.time_ns, int(side), row.price_ticks, 0, 0, [])

    def _finish_aggressor(self) -> None:
        order = self.aggressor
        if order is None:
            return
        self.aggressor = None
        if order.quantity_lots > QUANTITY_MAX:
            raise RecordedFormatError(self.path, order.line, f"order {order.order_no} is larger than {QUANTITY_MAX}")
        self.orders.append(order)
        price, quantity = order.price_ticks, order.quantity_lots
        self._command(order.line, order.time_ns, Kind.NEW, order.side, 0, price, quantity, order.order_no)

    def _reduce(self, order_no: int, quantity_lots: int) -> None:
        # A number that never entered is the recording's damage; the check will show it as a difference.
        if order_no in self.standing:
            self.standing[order_no].leaves_lots -= quantity_lots

    def _cancel(self, row: Row) -> None:
        order = self.standing.get(row.order_no)
        if order is None:
            raise self._fail(row, f"order {row.order_no} is cancelled and never entered")
        order.leaves_lots = 0
        self.cancels.append(InboundCancel(row.order_no, row.line, row.time_ns, row.quantity_lots))
        side = Side.BUY if row.side == "B" else Side.SELL
        self._command(row.line, row.time_ns, Kind.CANCEL, side, 0, 0, 0, row.order_no)

    # Records.

    def _command(
        self, line: int, time: int, kind: int, side: int, state: int, price: int, quantity: int, order_no: int
    ) -> None:
        self.commands.append([time, kind, side, state, price, quantity, order_no])
        self.lines.append(line)

    def _command_records(self) -> Any:
        records = np.zeros(len(self.commands), COMMAND)
        columns = np.array(self.commands, np.int64).T
        for name, column in zip(_COLUMNS, columns, strict=True):
            records[name] = column
        return records
