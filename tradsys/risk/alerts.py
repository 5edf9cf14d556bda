"""Telling when a figure has come near its limit. The rule: docs/risk.md, Alerts."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import W_LIMITED, Ledger
from tradsys.ledger.positions import account_of, symbol_of
from tradsys.risk.limits import limit_in, rows_of, set_in
from tradsys.risk.outbox import send_alert
from tradsys.risk.sums import shown
from tradsys.risk.terms import Limit

_POSITION = int(Limit.POSITION)
_EXPOSURE = int(Limit.EXPOSURE)
_DAILY_NOTIONAL = int(Limit.DAILY_NOTIONAL)
_DAILY_LOSS = int(Limit.DAILY_LOSS)
_WATCHED = 1 << _POSITION | 1 << _EXPOSURE | 1 << _DAILY_NOTIONAL | 1 << _DAILY_LOSS
_NEAR, _REACHED = 80, 100


@kernel
def _judge(
    ledger: Ledger, rows: tuple[int, int, int, int], account: int, symbol: int, which: int, figure: int, was: int
) -> int:
    """The percentage of its limit that a figure has reached, 0, 80 or 100; an alert tells what it had not before."""
    assert was == 0 or was == _NEAR or was == _REACHED, "what was told last is one of these"
    limit = limit_in(ledger, rows, which)
    if limit < 0 or figure <= 0 or figure < limit - limit // 5:
        return signed(0)
    if was < _NEAR:
        send_alert(ledger, account, symbol, which, signed(_NEAR), figure, limit)
    if figure < limit:
        return signed(_NEAR)
    if was < _REACHED:
        send_alert(ledger, account, symbol, which, signed(_REACHED), figure, limit)
    return signed(_REACHED)


@kernel_entry
def _judge_all(ledger: Ledger, hold: Any) -> None:
    number, symbol = signed(hold.account), signed(hold.symbol)
    account, position = ledger.accounts[number], ledger.positions[hold.position]
    assert account_of(signed(position.key)) == number, "an order counts in a position of its account"
    assert symbol_of(signed(position.key)) == symbol, "and of its symbol"
    rows = rows_of(ledger, account, signed(position.limits_row))
    if set_in(ledger, rows) & _WATCHED == 0:
        position.alert = 0
        account.exposure_alert = 0
        account.notional_alert = 0
        account.loss_alert = 0
        return
    none = signed(0)
    quantity = abs(signed(position.quantity))
    position.alert = _judge(ledger, rows, number, symbol, signed(_POSITION), quantity, signed(position.alert))
    exposure = shown(signed(account.exposure), signed(account.exposure_over))
    account.exposure_alert = _judge(
        ledger, rows, number, none, signed(_EXPOSURE), exposure, signed(account.exposure_alert)
    )
    account.notional_alert = _judge(
        ledger, rows, number, none, signed(_DAILY_NOTIONAL), signed(account.day_traded), signed(account.notional_alert)
    )
    account.loss_alert = _judge(
        ledger, rows, number, none, signed(_DAILY_LOSS), -signed(account.day_realised), signed(account.loss_alert)
    )


@kernel
def watch_account(ledger: Ledger, hold: Any) -> None:
    """An order has traded, and the trade is settled."""
    if ledger.words[W_LIMITED] != 0:
        _judge_all(ledger, hold)
