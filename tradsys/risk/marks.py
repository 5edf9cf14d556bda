"""Marks: at which price a symbol's positions are valued. The rule: docs/risk.md, Units."""

from __future__ import annotations

from shm.jit import kernel
from tradsys.ledger.layout import Ledger
from tradsys.risk.estimates import keep_lot_value


@kernel
def tell_of(ledger: Ledger, symbol: int, reference_ticks: int) -> None:
    """A symbol is defined: its reference price is its mark until it has traded."""
    row = ledger.symbols[symbol]
    row.told = 1
    if row.traded == 0:
        row.mark_ticks = reference_ticks
        keep_lot_value(ledger, symbol)


@kernel
def mark(ledger: Ledger, symbol: int, price_ticks: int) -> None:
    """A trade of a settled symbol is settled."""
    row = ledger.symbols[symbol]
    assert row.told != 0, "a symbol is told of before it trades"
    row.traded = 1
    row.mark_ticks = price_ticks
    keep_lot_value(ledger, symbol)
