"""Checks of what an account's orders and positions add up to. The rule: docs/risk.md, Checks 9 to 14."""

from __future__ import annotations

from typing import NamedTuple

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import Ledger
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reasons import Reason
from tradsys.risk.days import realised_on, traded_on
from tradsys.risk.equity import equity_of
from tradsys.risk.estimates import loss_is_surely_below
from tradsys.risk.limits import limit_in
from tradsys.risk.sums import bounded, share_of, shown, shown_with
from tradsys.risk.terms import Check, Limit, refusal
from tradsys.risk.unrealised import unrealised_of
from tradsys.risk.usage import exposure_of, open_value_of

_OPEN_ORDERS = int(Limit.OPEN_ORDERS)
_OPEN_ORDERS_TOTAL = int(Limit.OPEN_ORDERS_TOTAL)
_OPEN_LOTS = int(Limit.OPEN_LOTS)
_OPEN_NOTIONAL = int(Limit.OPEN_NOTIONAL)
_POSITION = int(Limit.POSITION)
_EXPOSURE = int(Limit.EXPOSURE)
_CONCENTRATION_BPS = int(Limit.CONCENTRATION_BPS)
_LEVERAGE = int(Limit.LEVERAGE)
_DAILY_NOTIONAL = int(Limit.DAILY_NOTIONAL)
_DAILY_LOSS = int(Limit.DAILY_LOSS)
_COUNTS = 1 << _OPEN_ORDERS | 1 << _OPEN_ORDERS_TOTAL | 1 << _OPEN_LOTS | 1 << _POSITION
_AMOUNTS = 1 << _OPEN_NOTIONAL | 1 << _EXPOSURE | 1 << _CONCENTRATION_BPS | 1 << _LEVERAGE | 1 << _DAILY_NOTIONAL
_BPS, _HUNDREDTHS = 10_000, 100

_NONE = 0
_ORDERS = refusal(Check.OPEN_ORDERS, Reason.OPEN_ORDERS_LIMIT)
_LOTS = refusal(Check.OPEN_LOTS, Reason.OPEN_LOTS_LIMIT)
_NOTIONAL = refusal(Check.OPEN_NOTIONAL, Reason.OPEN_NOTIONAL_LIMIT)
_TOO_LONG = refusal(Check.POSITION, Reason.POSITION_LIMIT)
_EXPOSED = refusal(Check.EXPOSURE, Reason.EXPOSURE_LIMIT)
_CONCENTRATED = refusal(Check.CONCENTRATION, Reason.CONCENTRATION_LIMIT)
_LEVERAGED = refusal(Check.LEVERAGE, Reason.LEVERAGE_LIMIT)
_DAY_TRADED = refusal(Check.DAILY_NOTIONAL, Reason.DAILY_NOTIONAL_LIMIT)
_DAY_LOST = refusal(Check.DAILY_LOSS, Reason.DAILY_LOSS_LIMIT)


class Added(NamedTuple):
    """What a command would add to what its account counts in a symbol; an amendment may take away."""

    orders: int
    buy_lots: int
    buy_notional: int
    sell_lots: int
    sell_notional: int


class Place(NamedTuple):
    """Whose figures are judged, and where their limits start; see limits.rows_of."""

    account: int
    symbol: int
    position: int  # the row, 0 when there is none
    rows: tuple[int, int, int, int]
    limited: int  # the limits that are set, each a bit


@kernel
def _exceeds(figure: int, before: int, limit: int) -> bool:
    """Whether a figure has become more, and more than its limit (-1: none)."""
    return limit >= 0 and figure > limit and figure > before


@kernel
def _counts_refusal(ledger: Ledger, place: Place, added: Added, least: int) -> int:
    """Of orders and lots."""
    position = ledger.positions[place.position]
    if least <= _ORDERS and added.orders > 0:
        before = signed(position.open_orders)
        if _exceeds(before + added.orders, before, limit_in(ledger, place.rows, _OPEN_ORDERS)):
            return _ORDERS
        before = signed(ledger.accounts[place.account].open_orders)
        if _exceeds(before + added.orders, before, limit_in(ledger, place.rows, _OPEN_ORDERS_TOTAL)):
            return _ORDERS
    if least <= _LOTS:
        before = signed(position.open_lots_buy + position.open_lots_sell)
        if _exceeds(before + added.buy_lots + added.sell_lots, before, limit_in(ledger, place.rows, _OPEN_LOTS)):
            return _LOTS
    return _NONE


@kernel
def _position_refusal(ledger: Ledger, place: Place, added: Added) -> int:
    position = ledger.positions[place.position]
    limit = limit_in(ledger, place.rows, _POSITION)
    long = signed(position.quantity + position.open_lots_buy)
    short = signed(position.open_lots_sell - position.quantity)
    if _exceeds(long + added.buy_lots, long, limit) or _exceeds(short + added.sell_lots, short, limit):
        return _TOO_LONG
    return _NONE


@kernel
def _amounts_refusal(ledger: Ledger, place: Place, added: Added, day: int, least: int) -> int:
    """Of exposure and what is traded on a day; OPEN_NOTIONAL has been judged."""
    position = ledger.positions[place.position]
    account = ledger.accounts[place.account]
    quote = signed(ledger.contracts[place.symbol].quote)
    buy = shown_with(signed(position.open_notional_buy), signed(position.buy_over), added.buy_notional)
    sell = shown_with(signed(position.open_notional_sell), signed(position.sell_over), added.sell_notional)
    exposure = exposure_of(ledger, quote, signed(position.cost), buy, sell)
    change = exposure - position.exposure
    before = shown(signed(account.exposure), signed(account.exposure_over))
    whole = shown_with(signed(account.exposure), signed(account.exposure_over), change)
    limit = limit_in(ledger, place.rows, _EXPOSURE)
    if least <= _EXPOSED and _exceeds(whole, before, limit):
        return _EXPOSED
    share = limit_in(ledger, place.rows, _CONCENTRATION_BPS)
    most = share_of(limit, share, signed(_BPS)) if share >= 0 and limit >= 0 else signed(AMOUNT_MAX)
    if least <= _CONCENTRATED and change > 0 and exposure > most:
        return _CONCENTRATED
    leverage = limit_in(ledger, place.rows, _LEVERAGE)
    if least <= _LEVERAGED and leverage >= 0 and whole > before:
        equity = equity_of(ledger, place.account)
        if equity <= 0 or whole > share_of(equity, leverage, signed(_HUNDREDTHS)):
            return _LEVERAGED
    limit = limit_in(ledger, place.rows, _DAILY_NOTIONAL)
    if least <= _DAY_TRADED and limit >= 0:
        traded = traded_on(account, day)
        before = shown(signed(account.open_value), signed(account.open_value_over))
        change = open_value_of(ledger, quote, buy, sell) - position.open_value
        whole = shown_with(signed(account.open_value), signed(account.open_value_over), change)
        if _exceeds(bounded(traded + whole), bounded(traded + before), limit):
            return _DAY_TRADED
    return _NONE


@kernel
def _open_notional_refusal(ledger: Ledger, place: Place, added: Added) -> int:
    position = ledger.positions[place.position]
    buy, buy_over = signed(position.open_notional_buy), signed(position.buy_over)
    sell, sell_over = signed(position.open_notional_sell), signed(position.sell_over)
    before = bounded(shown(buy, buy_over) + shown(sell, sell_over))
    whole = bounded(shown_with(buy, buy_over, added.buy_notional) + shown_with(sell, sell_over, added.sell_notional))
    return _NOTIONAL if _exceeds(whole, before, limit_in(ledger, place.rows, _OPEN_NOTIONAL)) else _NONE


@kernel_entry
def _loss_of(ledger: Ledger, number: int, realised: int) -> int:
    """What an account has lost that has realised so much."""
    return -bounded(realised + unrealised_of(ledger, number))


@kernel
def _loss_refusal(ledger: Ledger, place: Place, day: int) -> int:
    limit = limit_in(ledger, place.rows, _DAILY_LOSS)
    realised = realised_on(ledger.accounts[place.account], day)
    if loss_is_surely_below(ledger, place.account, realised, limit):
        assert _loss_of(ledger, place.account, realised) < limit, "what is sure is so"
        return _NONE
    loss = _loss_of(ledger, place.account, realised)
    return _DAY_LOST if loss > 0 and loss >= limit else _NONE


@kernel
def figures_refusal(ledger: Ledger, place: Place, added: Added, is_amendment: bool, day: int, least: int) -> int:
    """The first refusal by one of these checks that is not below `least`; see terms.refusal."""
    found = _NONE
    assert added.orders >= 0, "a command takes no order away"
    assert day >= 0, "days are counted from the first of 1970"
    if place.limited & _COUNTS:
        found = _counts_refusal(ledger, place, added, least)
    if found == _NONE and place.limited >> _OPEN_NOTIONAL & 1 and least <= _NOTIONAL:
        found = _open_notional_refusal(ledger, place, added)
    if found == _NONE and place.limited >> _POSITION & 1 and least <= _TOO_LONG:
        found = _position_refusal(ledger, place, added)
    if found == _NONE and place.limited & _AMOUNTS and least <= _DAY_TRADED:
        found = _amounts_refusal(ledger, place, added, day, least)
    if found != _NONE or place.limited >> _DAILY_LOSS & 1 == 0 or least > _DAY_LOST:
        return found
    adds = max(added.buy_lots, added.sell_lots) > 0 or max(added.buy_notional, added.sell_notional) > 0
    return _loss_refusal(ledger, place, day) if adds or not is_amendment else signed(_NONE)
