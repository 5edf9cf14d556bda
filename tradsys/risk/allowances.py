"""How far below 0 an account may go. The rule: docs/risk.md, Checks 16."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import W_LIMITED, Ledger
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.records import Side
from tradsys.risk.limits import limit_in, rows_of
from tradsys.risk.terms import Limit

_BUY = int(Side.BUY)
_SHORT = int(Limit.SHORT)
_LEVERAGE = int(Limit.LEVERAGE)


@kernel_entry
def _floor(ledger: Ledger, hold: Any, contract: Any) -> int:
    of_position = signed(ledger.positions[hold.position].limits_row)
    rows = rows_of(ledger, ledger.accounts[hold.account], of_position)
    if hold.side == _BUY:
        return -signed(AMOUNT_MAX) if limit_in(ledger, rows, signed(_LEVERAGE)) >= 0 else signed(0)
    lots = max(limit_in(ledger, rows, signed(_SHORT)), signed(0))
    return -(lots * contract.lot_value) if lots <= AMOUNT_MAX // contract.lot_value else -signed(AMOUNT_MAX)


@kernel
def floor_of(ledger: Ledger, hold: Any, contract: Any) -> int:
    """What an order must leave available of the asset that it holds."""
    return _floor(ledger, hold, contract) if ledger.words[W_LIMITED] != 0 else signed(0)
