"""What accounts and markets were at a past moment, in the words that clients are told the present in."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.orders import Order
from gateway.results import OrderView, depth_view, order_view, symbol_view, trade_view
from gateway.state import VenueState
from tradsys.reading.times import format_time
from workers.limits import LimitView, limits_of
from workers.moment import Moment
from workers.statement import AccountView, Statement, account_named, accounts, statement, symbol_named

_EVENTS, _TRADES = 4096, 20
_ALL = 1 << 31


class AccountThen(msgspec.Struct, frozen=True):
    """What an account was and owned, and what it used of the limits that counted for it."""

    statement: Statement
    limits: list[LimitView]


class OrderThen(msgspec.Struct, frozen=True):
    """An order that was live, and whose."""

    account: str
    order: OrderView


class MomentView(msgspec.Struct, frozen=True):
    """A venue at a moment. `symbols`: what each was, its whole depth and its last trades."""

    sequence: int
    time: str
    accounts: list[AccountThen]
    symbols: list[dict[str, Any]]
    orders: list[OrderThen]


def moment_view(moment: Moment, account: str | None, symbol: str | None) -> MomentView:
    """All of it; or one account with its orders, or one symbol with its; or one account's orders in one symbol.

    Raises TradingError.
    """
    memory = moment.memory
    state = VenueState(lambda number: memory.symbols[number], _TRADES, 1)
    state.load(moment, _EVENTS)
    whose = [account_named(memory, account)] if account is not None else accounts(memory)
    markets = list(state.markets.values())
    if symbol is not None:
        markets = [state.markets[symbol_named(memory, symbol).id]]
    return MomentView(
        sequence=moment.sequence,
        time=format_time(moment.log_ns),
        accounts=[] if account is None and symbol is not None else [_account(moment, each) for each in whose],
        symbols=[] if symbol is None and account is not None else [_symbol(market) for market in markets],
        orders=[
            OrderThen(each.name, order_view(order, state.markets[order.symbol]))
            for each in whose
            for order in _orders(state, each, [market.symbol.id for market in markets])
        ],
    )


def _account(moment: Moment, account: AccountView) -> AccountThen:
    return AccountThen(statement(moment.memory, account), limits_of(moment.memory, account, moment.log_ns))


def _symbol(market: Any) -> dict[str, Any]:
    trades = [trade_view(trade, market) for trade in market.trades]
    return symbol_view(market) | depth_view(market, _ALL) | {"trades": trades}


def _orders(state: VenueState, account: AccountView, symbols: list[int]) -> list[Order]:
    return [order for order in state.orders.of_account(account.number) if order.symbol in symbols]
