"""What `tradsys bench kernel --mix` times: for each order type a few records that leave the book as they found it.

The book: 100 levels of ten plain orders a side, bids from 9,990 down, offers from 10,010 up, of which those at the
touch are too large ever to be used up. The market is at 9,990 before and after each operation. Orders are named by
client order ids: 1 to STANDING_MAX stand in the book from the beginning, those above belong to the operation.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tradsys.records import (
    COMMAND,
    LINK_SHIFT,
    ORDER_EXTENSION,
    SELF_TRADE_SHIFT,
    CommandFlag,
    EventKind,
    Kind,
    Link,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    entry_word,
)
from tradsys.symbols import Symbol

BID, MIDDLE, ASK = 9_990, 10_000, 10_010
STANDING_MAX = 4_096
BID_MAKER, ASK_MAKER, RARE = 1, 2, 3
"""Client order ids of the large orders at the touch, and of a case's own standing order."""
MAKERS, TAKERS = 1, 2
"""Accounts."""
_LARGE = 1 << 36
_BUY, _SELL = Side.BUY, Side.SELL
_FIRST = STANDING_MAX  # client order ids of an operation's orders: _FIRST + 1 and so on, moved on each time


class Case(NamedTuple):
    """An operation: its records, the events that it must cause, and what varies from one to the next.

    `vary`: "" nothing; "price" or "trigger" of every NEW and LEG, away from the market; "quantity" goes down by one.
    """

    name: str
    records: tuple[Any, ...]
    tells: tuple[EventKind, ...]
    standing: tuple[Any, ...] = ()
    vary: str = ""


def _record(dtype: np.dtype[Any], fields: dict[str, Any]) -> Any:
    record = np.zeros(1, dtype)
    for name, value in fields.items():
        record[name] = value
    return record


def _command(kind: Kind, **fields: Any) -> Any:
    return _record(COMMAND, {"kind": kind, "symbol": 1, "account": TAKERS} | fields)


def _new(side: Side, price: int, quantity: int = 10, client: int = 1, *, trigger: int = 0, **fields: Any) -> Any:
    named = {
        "side": side,
        "price_ticks": price,
        "quantity_lots": quantity,
        "order_id": entry_word(trigger),
        "client_order_id": _FIRST + client,
    }
    return _command(Kind.NEW, **(named | fields))


def _leg(order: Any) -> Any:
    """A LEG out of a NEW."""
    record = order.copy()
    record["kind"] = Kind.LEG
    return record


def _extension(*, records: int = 0, **fields: Any) -> Any:
    """`records`: how many records later the order expires."""
    named = {"kind": Kind.EXTENSION, "symbol": 1, "account": TAKERS, "expires_ns": records}
    return _record(ORDER_EXTENSION, named | fields).view(COMMAND)


def _standing(order: Any) -> Any:
    """A case's own order, which is there from the beginning."""
    order = order.copy()
    order["client_order_id"] = RARE
    order["account"] = MAKERS
    return order


def _cancel(client: int = 1) -> Any:
    return _command(Kind.CANCEL, client_order_id=_FIRST + client)


def _amend(**fields: Any) -> Any:
    return _command(Kind.AMEND, **({"client_order_id": RARE, "account": MAKERS} | fields))


def _take(side: Side, quantity: int = 1, price: int = 0, client: int = 19, **fields: Any) -> Any:
    """An immediate order that moves the last price to the other side's touch, or to `price`."""
    price = price or (ASK if side == _BUY else BID)
    return _new(side, price, quantity, client, time_in_force=TimeInForce.IOC, **fields)


_ACCEPTED, _RESTED, _TRADE, _CANCELLED = EventKind.ACCEPTED, EventKind.RESTED, EventKind.TRADE, EventKind.CANCELLED
_AMENDED, _REJECTED, _TERMS = EventKind.AMENDED, EventKind.REJECTED, EventKind.TERMS
_DISPLAYED, _TRIGGERED, _PREVENTED = EventKind.DISPLAYED, EventKind.TRIGGERED, EventKind.PREVENTED

_EXTENDED = CommandFlag.EXTENDED
_OCO = Link.ONE_CANCELS_OTHER << LINK_SHIFT
_OTO = Link.ONE_TRIGGERS_OTHER << LINK_SHIFT
_TAKER_OUT = SelfTrade.CANCEL_TAKER << SELF_TRADE_SHIFT
_DECREMENT = SelfTrade.DECREMENT << SELF_TRADE_SHIFT
_LEAVES = CommandFlag.NEW_QUANTITY | CommandFlag.QUANTITY_IS_LEAVES
_AT_CLOSE = TimeInForce.AT_CLOSE
_GONE = (_ACCEPTED, _CANCELLED)
_FILLED = (_ACCEPTED, _TRADE)
_TERMED = (_ACCEPTED, _TERMS, _CANCELLED)
_BUY_TRIGGER, _SELL_TRIGGER = 11_000, 9_000


def _plain() -> list[Case]:
    crossing = (_new(_SELL, MIDDLE), _new(_BUY, MIDDLE, client=2))
    return [
        Case("limit: rests behind the touch, cancelled", (_new(_BUY, BID - 1), _cancel()), _GONE, vary="price"),
        Case("limit: improves the touch, cancelled", (_new(_BUY, BID + 1), _cancel()), _GONE),
        Case("limit: rests in the spread, taken whole by another", crossing, (_ACCEPTED, *_FILLED)),
        Case("immediate: trades", (_take(_SELL),), _FILLED),
        Case("immediate: trades nothing", (_take(_BUY, price=BID + 1),), _GONE),
        Case(
            "amend: quantity down, keeps its place",
            (_amend(flags=_LEAVES, quantity_lots=_LARGE),),
            (_AMENDED,),
            (_standing(_new(_BUY, BID - 5, _LARGE + 1)),),
            vary="quantity",
        ),
        Case(
            "amend: to another price and back",
            (
                _amend(flags=CommandFlag.NEW_PRICE, price_ticks=BID - 3),
                _amend(flags=CommandFlag.NEW_PRICE, price_ticks=BID - 2),
            ),
            (_AMENDED, _AMENDED),
            (_standing(_new(_BUY, BID - 2)),),
        ),
        Case("cancel: of an order that is gone", (_cancel(99),), (_REJECTED,)),
    ]


def _immediate() -> list[Case]:
    market: dict[str, Any] = dict(order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
    fok: dict[str, Any] = dict(time_in_force=TimeInForce.FOK)
    minimum: dict[str, Any] = dict(time_in_force=TimeInForce.IOC, flags=_EXTENDED)
    return [
        Case("market: trades", (_new(_SELL, 0, **market),), _FILLED),
        Case(
            "market by amount: trades, the rest too small",
            (_new(_SELL, 0, 2 * BID + 5, flags=CommandFlag.BUDGET, **market),),
            (_ACCEPTED, _TRADE, _CANCELLED),
        ),
        Case("fill or kill: filled", (_new(_SELL, BID, **fok),), _FILLED),
        Case("fill or kill: refused", (_new(_BUY, MIDDLE, **fok),), (_REJECTED,)),
        Case("minimum quantity: filled", (_extension(minimum_lots=5), _new(_SELL, BID, **minimum)), _FILLED),
        Case(
            "self-trade: taker cancelled",
            (_new(_SELL, BID, account=MAKERS, flags=_TAKER_OUT),),
            (_ACCEPTED, _PREVENTED, _CANCELLED),
        ),
        Case(
            "self-trade: both decreased",
            (_new(_SELL, BID, account=MAKERS, flags=_DECREMENT),),
            (_ACCEPTED, _PREVENTED, _AMENDED, _CANCELLED),
        ),
    ]


def _resting() -> list[Case]:
    post = CommandFlag.POST_ONLY
    day, gtd = TimeInForce.DAY, TimeInForce.GTD
    display = _extension(display_lots=1)
    iceberg = _new(_BUY, BID + 1, _LARGE, flags=_EXTENDED)
    hidden = _new(_BUY, BID + 1, _LARGE, flags=CommandFlag.HIDDEN)
    pegged = _new(_BUY, MIDDLE, order_type=OrderType.PEGGED)
    midpoint = _new(_BUY, ASK - 1, order_type=OrderType.PEGGED, flags=CommandFlag.MIDPOINT)
    improved = (_new(_BUY, BID + 4), _cancel())
    repriced = (_ACCEPTED, _AMENDED, _CANCELLED, _AMENDED)
    timed = _new(_BUY, BID - 1, time_in_force=gtd, flags=_EXTENDED)
    return [
        Case("post-only: rests, cancelled", (_new(_BUY, BID - 1, flags=post), _cancel()), _GONE, vary="price"),
        Case("post-only: refused", (_new(_BUY, ASK, flags=post),), (_REJECTED,)),
        Case("post-only: slides, cancelled", (_new(_BUY, ASK, flags=post | CommandFlag.SLIDE), _cancel()), _GONE),
        Case("day: rests, cancelled", (_new(_BUY, BID - 1, time_in_force=day), _cancel()), _GONE, vary="price"),
        Case("good till a time: rests, cancelled", (_extension(records=1000), timed, _cancel()), _TERMED, vary="price"),
        Case(
            "good till a time: rests, expires", (_extension(records=2), timed, _command(Kind.TICK, symbol=0)), _TERMED
        ),
        Case(
            "iceberg: rests, cancelled",
            (display, _new(_BUY, BID - 1, flags=_EXTENDED), _cancel()),
            (_ACCEPTED, _TERMS, _DISPLAYED, _CANCELLED),
            vary="price",
        ),
        Case(
            "iceberg: slice taken, next one shown",
            (_take(_SELL, price=BID + 1),),
            (*_FILLED, _DISPLAYED),
            (display, _standing(iceberg)),
        ),
        Case(
            "hidden: rests, cancelled", (_new(_BUY, BID - 1, flags=CommandFlag.HIDDEN), _cancel()), _GONE, vary="price"
        ),
        Case("hidden: taken by an immediate order", (_take(_SELL, price=BID + 1),), _FILLED, (_standing(hidden),)),
        Case("pegged: priced, cancelled", (pegged, _cancel()), (_ACCEPTED, _AMENDED, _CANCELLED)),
        Case("pegged: touch improves and falls back", improved, repriced, (_standing(pegged),)),
        Case("pegged to the midpoint: the same", improved, repriced, (_standing(midpoint),)),
    ]


def _triggered() -> list[Case]:
    stop: dict[str, Any] = dict(order_type=OrderType.STOP)
    limit: dict[str, Any] = dict(order_type=OrderType.STOP_LIMIT)
    far_stop = _new(_BUY, 0, trigger=_BUY_TRIGGER, **stop)
    profit = _new(_SELL, 0, trigger=_BUY_TRIGGER, order_type=OrderType.TAKE_PROFIT)
    trailing = _new(_SELL, 30, order_type=OrderType.TRAILING_STOP)
    points = _new(_SELL, 30, order_type=OrderType.TRAILING_STOP, flags=CommandFlag.BASIS_POINTS)
    near = [_new(_BUY, 0, 1, client, trigger=ASK, **stop) for client in range(1, 11)]
    fired = (_TRIGGERED, _TRADE)
    there_and_back = (_take(_BUY), _take(_SELL, client=20))
    return [
        Case("stop: waits, cancelled", (far_stop, _cancel()), _TERMED, vary="trigger"),
        Case(
            "stop-limit: waits, cancelled",
            (_new(_BUY, ASK, trigger=_BUY_TRIGGER, **limit), _cancel()),
            _TERMED,
            vary="trigger",
        ),
        Case("take-profit: waits, cancelled", (profit, _cancel()), _TERMED, vary="trigger"),
        Case("(market there and back by two immediate orders)", there_and_back, _FILLED * 2),
        Case(
            "stop: waits, fires; market there and back",
            (near[0], *there_and_back),
            (_ACCEPTED, _TERMS, *_FILLED, *fired, *_FILLED),
        ),
        Case(
            "ten stops: wait, fire at once; market there and back",
            (*near, *there_and_back),
            (*(_ACCEPTED, _TERMS) * 10, *_FILLED, *fired * 10, *_FILLED),
        ),
        Case("trailing stop: waits, cancelled", (trailing, _cancel()), _TERMED),
        Case(
            "trailing stop: waits, follows, cancelled; market there and back",
            (trailing, there_and_back[0], _cancel(), there_and_back[1]),
            (_ACCEPTED, _TERMS, *_FILLED, _CANCELLED, *_FILLED),
        ),
        Case("trailing stop in basis points: waits, cancelled", (points, _cancel()), _TERMED),
    ]


def _linked() -> list[Case]:
    stop: dict[str, Any] = dict(order_type=OrderType.STOP, trigger=_SELL_TRIGGER)
    protection = _leg(_new(_SELL, 0, 10, 2, **stop))
    goal = _leg(_new(_SELL, ASK + 50, 10, 3))
    one_of_two = (protection, _new(_SELL, BID + 2, flags=_OCO))
    bracket = (protection, goal, _take(_BUY, 10, flags=_OTO))
    entered = (_ACCEPTED, _ACCEPTED, _TERMS)
    return [
        Case(
            "one cancels other: both enter, one cancelled", (*one_of_two, _cancel()), (*entered, _CANCELLED, _CANCELLED)
        ),
        Case(
            "one cancels other: both enter, one taken",
            (*one_of_two, _take(_BUY, 10, BID + 2)),
            (*entered, *_FILLED, _CANCELLED),
        ),
        Case(
            "bracket: filled, both act, one cancelled; market back",
            (*bracket, _cancel(3), _take(_SELL, client=20)),
            (
                *entered[:2],
                _TERMS,
                _ACCEPTED,
                _TRADE,
                _TRIGGERED,
                _TRIGGERED,
                _RESTED,
                _CANCELLED,
                _CANCELLED,
                *_FILLED,
            ),
        ),
    ]


def _auctions() -> list[Case]:
    auction = (
        _command(Kind.STATE, order_type=MarketState.CLOSING_AUCTION, account=0),
        _new(_BUY, MIDDLE, time_in_force=_AT_CLOSE),
        _new(_SELL, MIDDLE, client=2, time_in_force=_AT_CLOSE),
        _command(Kind.STATE, order_type=MarketState.CONTINUOUS, account=0),
    )
    return [
        Case("at the close: waits, cancelled", (_new(_BUY, BID - 1, time_in_force=_AT_CLOSE), _cancel()), _GONE),
        Case(
            "closing auction of two such orders: begins, collects, uncrosses",
            auction,
            (EventKind.STATE, _ACCEPTED, _ACCEPTED, _TRADE, EventKind.STATE),
        ),
    ]


def cases() -> list[Case]:
    """All of them, plain orders first."""
    return [*_plain(), *_immediate(), *_resting(), *_triggered(), *_linked(), *_auctions()]


def book() -> list[Any]:
    """The records that make the book."""
    symbol = Symbol(1, "BENCH", 2, 1, 0, 1, 1, 20_000, MIDDLE)
    records = [symbol.definition().view(COMMAND)]
    client = RARE
    for level in range(100):
        for place in range(10):
            for side, price in ((_BUY, BID - level), (_SELL, ASK + level)):
                quantity = 10
                client += 1
                number = client
                if level == place == 0:
                    quantity, number = _LARGE, BID_MAKER if side == _BUY else ASK_MAKER
                order = _new(side, price, quantity, account=MAKERS)
                order["client_order_id"] = number
                records.append(order)
    records.append(_take(_SELL))
    return records


def repeated(case: Case, count: int, seed: int) -> Any:
    """The records of `count` operations in a row (COMMAND array)."""
    one = np.concatenate([record.view("V64") for record in case.records]).view(COMMAND)
    whole = np.tile(one.view("V64"), (count, 1)).view(COMMAND).reshape(count, len(one))
    far = np.random.default_rng(seed).integers(0, 90, count)
    for place, record in enumerate(one):
        column = whole[:, place]
        if record["kind"] in (Kind.NEW, Kind.LEG, Kind.CANCEL):
            column["client_order_id"] += 32 * np.arange(count, dtype=np.int64)
        if record["kind"] in (Kind.NEW, Kind.LEG) and case.vary == "price":
            column["price_ticks"] -= far.astype(np.int32)
        elif record["kind"] in (Kind.NEW, Kind.LEG) and case.vary == "trigger":
            column["order_id"] += far
        elif case.vary == "quantity":
            column["quantity_lots"] -= np.arange(count)
    return whole.reshape(-1)
