"""Test data: commands, events, symbols, accounts and flows, with neutral values for everything not named.

Every command and event is an array of one record, ready for `np.concatenate` (see `joined`).
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tradsys.records import (
    ACCOUNT_DEFINITION,
    COMMAND,
    EVENT,
    LEDGER_RECORD,
    LINK_SHIFT,
    ORDER_EXTENSION,
    SELF_TRADE_SHIFT,
    SYMBOL_RULES,
    CommandFlag,
    EventFlag,
    EventKind,
    Kind,
    Link,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerSource,
    entry_word,
)
from tradsys.risk.terms import Cause, Scope, Transition
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
    trigger_ticks: int = 0,
    session: int = 0,
    flags: int = 0,
    self_trade: SelfTrade = SelfTrade.NONE,
    link: Link = Link.NONE,
    **fields: Any,
) -> Any:
    """A NEW command; any other field of COMMAND by name. What the two modes say is added to `flags`."""
    named = {
        "kind": Kind.NEW,
        "side": side,
        "price_ticks": price_ticks,
        "quantity_lots": quantity_lots,
        "account": account,
        "symbol": symbol,
        "order_type": order_type,
        "time_in_force": time_in_force,
        "flags": flags | self_trade << SELF_TRADE_SHIFT | link << LINK_SHIFT,
        "order_id": entry_word(trigger_ticks, session),
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


def stop(side: Side, trigger_ticks: int, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command that becomes a market order at its trigger."""
    named = {"order_type": OrderType.STOP, "trigger_ticks": trigger_ticks}
    return new_order(side, 0, quantity_lots, **(named | fields))


def stop_limit(side: Side, trigger_ticks: int, price_ticks: int, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command that becomes a limit order at its trigger."""
    named = {"order_type": OrderType.STOP_LIMIT, "trigger_ticks": trigger_ticks}
    return new_order(side, price_ticks, quantity_lots, **(named | fields))


def take_profit(side: Side, trigger_ticks: int, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command that becomes a market order when the market is as good as its trigger."""
    return stop(side, trigger_ticks, quantity_lots, **({"order_type": OrderType.TAKE_PROFIT} | fields))


def trailing_stop(side: Side, distance: int, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command that becomes a market order at a distance behind the best the market has been."""
    return new_order(side, distance, quantity_lots, **({"order_type": OrderType.TRAILING_STOP} | fields))


def pegged(side: Side, price_ticks: int, quantity_lots: int = 10, **fields: Any) -> Any:
    """A NEW command whose price follows the touch, up to `price_ticks`."""
    return new_order(side, price_ticks, quantity_lots, **({"order_type": OrderType.PEGGED} | fields))


def leg(order: Any) -> Any:
    """A LEG command out of a NEW."""
    record = order.copy()
    record["kind"] = Kind.LEG
    return record


def extension(
    *, expires_ns: int = 0, display_lots: int = 0, minimum_lots: int = 0, symbol: int = 1, account: int = 1
) -> Any:
    """An EXTENSION command, as a COMMAND reading of the same bytes."""
    named = {
        "kind": Kind.EXTENSION,
        "symbol": symbol,
        "account": account,
        "expires_ns": expires_ns,
        "display_lots": display_lots,
        "minimum_lots": minimum_lots,
    }
    return _record(ORDER_EXTENSION, named).view(COMMAND)


def extended(order: Any, **options: Any) -> tuple[Any, Any]:
    """An EXTENSION with these options, and the NEW `order` that announces it."""
    order = order.copy()
    order["flags"] |= np.uint16(CommandFlag.EXTENDED)
    where = {"symbol": int(order["symbol"][0]), "account": int(order["account"][0])}
    return extension(**(where | options)), order


def iceberg(side: Side, price_ticks: int, quantity_lots: int, display_lots: int, **fields: Any) -> tuple[Any, Any]:
    """An EXTENSION and a NEW that shows so much of itself at a time."""
    return extended(new_order(side, price_ticks, quantity_lots, **fields), display_lots=display_lots)


def linked(link: Link, order: Any, *legs: Any) -> tuple[Any, ...]:
    """The NEWs `legs` as LEGs, and the NEW `order` that announces them."""
    order = order.copy()
    order["flags"] |= np.uint16(link << LINK_SHIFT)
    return (*(leg(each) for each in legs), order)


def rules(
    *,
    symbol: int = 1,
    static_band_bps: int = 0,
    dynamic_band_bps: int = 0,
    collar_bps: int = 0,
    orders_max: int = 0,
    trigger_source: int = TriggerSource.LAST,
    breach_state: int = MarketState.HALT,
) -> Any:
    """A RULES command, as a COMMAND reading of the same bytes."""
    named = {
        "kind": Kind.RULES,
        "symbol": symbol,
        "static_band_bps": static_band_bps,
        "dynamic_band_bps": dynamic_band_bps,
        "collar_bps": collar_bps,
        "orders_max": orders_max,
        "trigger_source": trigger_source,
        "breach_state": breach_state,
    }
    return _record(SYMBOL_RULES, named).view(COMMAND)


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


def cancel_all(*, account: int = 0, symbol: int = 0, session: int = 0, side: Side | None = None, **fields: Any) -> Any:
    """A CANCEL_ALL command; 0 means every account, symbol or session, None both sides."""
    named: dict[str, Any] = {
        "kind": Kind.CANCEL_ALL,
        "account": account,
        "symbol": symbol,
        "order_id": entry_word(session=session),
    }
    if side is not None:
        named |= {"side": side, "flags": CommandFlag.ONE_SIDE}
    return _record(COMMAND, named | fields)


def ledger_record(kind: Kind, **fields: Any) -> Any:
    """A record of the ledger or the risk checks, any field of LEDGER_RECORD by name, as a COMMAND reading."""
    return _record(LEDGER_RECORD, {"kind": kind} | fields).view(COMMAND)


def kill(scope: Scope = Scope.VENUE, *, on: int = 1, symbol: int = 0, account: int = 0, group: int = 0) -> Any:
    """A KILL command, as a COMMAND reading of the same bytes."""
    return ledger_record(Kind.KILL, scope=scope, on=on, symbol=symbol, account=account, group=group)


def breaker(transition: Transition, *, symbol: int = 1, cause: Cause = Cause.MANUAL) -> Any:
    """A BREAKER command, as a COMMAND reading of the same bytes."""
    return ledger_record(Kind.BREAKER, transition=transition, symbol=symbol, cause=cause)


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


def define_account(id: int = 1, name: str | None = None, *, group: int = 0) -> Any:
    """The command that defines `account(id)` in a trade group, as a COMMAND reading of the same bytes."""
    record = account(id, name).definition().view(ACCOUNT_DEFINITION)
    record["group"] = group
    return record.view(COMMAND)


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
