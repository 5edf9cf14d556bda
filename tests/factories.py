"""Test data: commands, events, symbols, accounts and flows, with neutral values for everything not named.

Every command and event is an array of one record, ready for `np.concatenate` (see `joined`).
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tradsys.records import (
    COMMAND,
    EVENT,
    CommandFlag,
    EventFlag,
    EventKind,
    Kind,
    MarketState,
    OrderType,
    Side,
    TimeInForce,
)
from tradsys.symbols import Account, Symbol

LOWEST_TICKS, HIGHEST_TICKS, REFERENCE_TICKS = 1, 1000, 500


def _record(dtype: np.dtype[Any], fields: dict[str, Any]) -> Any:
    record = np.zeros(1, dtype)
    for name, value in fields.items():
        record[name] = value
    return record


def new_order(
    side: Side = Side.BUY,
    price_ticks: int = REFERENCE_TICKS,
    quantity_lots: int = 10,
    *,
    account: int = 1,
    symbol: int = 1,
    order_type: OrderType = OrderType.LIMIT,
    time_in_force: TimeInForce = TimeInForce.GTC,
    **fields: Any,
) -> Any:
    """A NEW command; any other field of COMMAND by name."""
    named = {
        "kind": Kind.NEW,
        "side": side,
        "price_ticks": price_ticks,
        "quantity_lots": quantity_lots,
        "account": account,
        "symbol": symbol,
        "order_type": order_type,
        "time_in_force": time_in_force,
    }
    return _record(COMMAND, named | fields)


def buy(price_ticks: int, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command to buy."""
    return new_order(Side.BUY, price_ticks, quantity_lots, **fields)


def sell(price_ticks: int, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command to sell."""
    return new_order(Side.SELL, price_ticks, quantity_lots, **fields)


def market(side: Side, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command at whatever price there is; what does not fill is cancelled."""
    named = {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}
    return new_order(side, 0, quantity_lots, **(named | fields))


def cancel(order_id: int, *, account: int = 1, symbol: int = 1, **fields: Any) -> Any:
    """A CANCEL command."""
    return _record(COMMAND, {"kind": Kind.CANCEL, "order_id": order_id, "account": account, "symbol": symbol} | fields)


def amend(
    order_id: int,
    *,
    price_ticks: int | None = None,
    quantity_lots: int | None = None,
    account: int = 1,
    symbol: int = 1,
    flags: int = 0,
    **fields: Any,
) -> Any:
    """An AMEND command; the flags for a price and a quantity that are given are set."""
    if price_ticks is not None:
        flags |= CommandFlag.NEW_PRICE
    if quantity_lots is not None:
        flags |= CommandFlag.NEW_QUANTITY
    named = {
        "kind": Kind.AMEND,
        "order_id": order_id,
        "price_ticks": price_ticks or 0,
        "quantity_lots": quantity_lots or 0,
        "account": account,
        "symbol": symbol,
        "flags": flags,
    }
    return _record(COMMAND, named | fields)


def cancel_all(*, account: int = 0, symbol: int = 0, **fields: Any) -> Any:
    """A CANCEL_ALL command; 0 means every account or symbol."""
    return _record(COMMAND, {"kind": Kind.CANCEL_ALL, "account": account, "symbol": symbol} | fields)


def market_state(state: MarketState, *, symbol: int = 1, **fields: Any) -> Any:
    """A STATE command."""
    return _record(COMMAND, {"kind": Kind.STATE, "order_type": state, "symbol": symbol} | fields)


def tick(timestamp_ns: int = 0, **fields: Any) -> Any:
    """A TICK command: the log's clock."""
    return _record(COMMAND, {"kind": Kind.TICK, "timestamp_ns": timestamp_ns} | fields)


def symbol(id: int = 1, name: str | None = None, **fields: Any) -> Symbol:
    """A symbol of 1,000 ticks of 0.01 and lots of 1; any field of Symbol by name."""
    named: dict[str, Any] = {
        "price_decimals": 2,
        "tick_units": 1,
        "quantity_decimals": 0,
        "lot_units": 1,
        "lowest_ticks": LOWEST_TICKS,
        "highest_ticks": HIGHEST_TICKS,
        "reference_ticks": REFERENCE_TICKS,
        "state": MarketState.CONTINUOUS,
    }
    return Symbol(id=id, name=name or f"SYM{id}", **(named | fields))


def account(id: int = 1, name: str | None = None) -> Account:
    """An account."""
    return Account(id, name or f"account-{id}")


def define_symbol(id: int = 1, **fields: Any) -> Any:
    """The command that defines `symbol(id, **fields)`, as a COMMAND reading of the same bytes."""
    return symbol(id, **fields).definition().view(COMMAND)


def define_account(id: int = 1, name: str | None = None) -> Any:
    """The command that defines `account(id)`, as a COMMAND reading of the same bytes."""
    return account(id, name).definition().view(COMMAND)


def event(kind: EventKind, **fields: Any) -> Any:
    """An EVENT of this kind, flagged LAST unless `flags` says otherwise."""
    return _record(EVENT, {"kind": kind, "flags": EventFlag.LAST, "symbol": 1} | fields)


def trade(price_ticks: int = REFERENCE_TICKS, quantity_lots: int = 10, **fields: Any) -> Any:
    """A TRADE event between account 1, the aggressor, and account 2."""
    named = {"account": 1, "counter_account": 2, "price_ticks": price_ticks, "quantity_lots": quantity_lots}
    return event(EventKind.TRADE, **(named | fields))


def joined(*commands: Any, first_sequence: int = 1) -> Any:
    """The commands as one array, stamped with sequence numbers and a clock of one microsecond each."""
    log = np.concatenate(commands) if commands else np.zeros(0, COMMAND)
    log["sequence"] = np.arange(first_sequence, first_sequence + len(log))
    log["timestamp_ns"] = log["sequence"] * 1000
    return log


def flow(
    seed: int,
    count: int,
    *,
    symbols: int = 1,
    accounts: int = 3,
    centre_ticks: int = REFERENCE_TICKS,
    spread_ticks: int = 10,
    lots_max: int = 20,
) -> Any:
    """`count` random NEW commands around `centre_ticks` of every type, the same for the same seed.

    Prices are roughly bell-shaped and stay within the range of `symbol()`; one in eight is a market order.
    """
    dice = random.Random(seed)
    orders = np.zeros(count, COMMAND)
    for number in range(count):
        order = orders[number]
        order["kind"] = Kind.NEW
        order["side"] = dice.randrange(2)
        order["symbol"] = dice.randint(1, symbols)
        order["account"] = dice.randint(1, accounts)
        order["quantity_lots"] = dice.randint(1, lots_max)
        order["client_order_id"] = number + 1
        if dice.randrange(8) == 0:
            order["order_type"] = OrderType.MARKET
            order["time_in_force"] = TimeInForce.IOC
            continue
        offset = dice.randint(-spread_ticks, spread_ticks) + dice.randint(-spread_ticks, spread_ticks)
        order["price_ticks"] = min(max(centre_ticks + offset, LOWEST_TICKS), HIGHEST_TICKS)
        order["time_in_force"] = dice.choices((TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK), [8, 1, 1])[0]
        if order["time_in_force"] == TimeInForce.GTC and dice.randrange(10) == 0:
            order["flags"] = CommandFlag.POST_ONLY
    return orders
