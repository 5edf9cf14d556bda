"""What an account has traded of a symbol, at what cost and with what result."""

from __future__ import annotations

from dataclasses import dataclass

from tradsys.reference.ledger.amounts import rounded_to_zero


@dataclass(slots=True)
class Position:
    """`quantity` in lots, below 0 of a short one, and so is its `cost` then; amounts in quote units."""

    quantity: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0
    turnover: int = 0

    def trade(self, lots: int, notional: int, fee: int) -> None:
        """`lots` are above 0 when bought, below when sold."""
        self.fees += fee
        self.turnover += notional
        direction = 1 if lots > 0 else -1
        closed = min(abs(lots), abs(self.quantity)) if self.quantity * direction < 0 else 0
        if closed > 0:
            closed_notional = notional * closed // abs(lots)
            share = rounded_to_zero(self.cost * closed, abs(self.quantity))
            # Closing a long one is a sale: proceeds less cost. A short one's cost is what it got, negative.
            self.realised += -direction * closed_notional - share
            self.quantity += direction * closed
            self.cost -= share
            notional -= closed_notional
        opened = abs(lots) - closed
        if opened > 0:
            self.quantity += direction * opened
            self.cost += direction * notional
