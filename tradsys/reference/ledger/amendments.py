"""Amendments that are under way, and how to know that one was done."""

from __future__ import annotations

from dataclasses import dataclass

from tradsys.reference.ledger.holds import HeldOrder
from tradsys.reference.messages import Command, Event
from tradsys.reference.terms import NEW_PRICE, NEW_QUANTITY, QUANTITY_IS_LEAVES


@dataclass(slots=True, eq=False)
class Amendment:
    """An AMEND, and what is held and counted beside its order for it."""

    order: HeldOrder
    command: Command
    more: int = 0
    more_lots: int = 0
    more_notional: int = 0
    """What it counts beside its order for the risk checks."""

    @property
    def worst_ticks(self) -> int:
        """The order's worst price if it is done."""
        is_new = self.command.flags & NEW_PRICE and self.order.has_limit
        return self.command.price_ticks if is_new else self.order.worst_ticks

    @property
    def leaves(self) -> int:
        """What it would leave of the order, by what has filled as far as is settled; perhaps less than 0."""
        flags, quantity = self.command.flags, self.command.quantity_lots
        if not flags & NEW_QUANTITY:
            return self.order.leaves
        return quantity if flags & QUANTITY_IS_LEAVES else quantity - self.order.filled_lots

    def is_done_by(self, event: Event) -> bool:
        """Whether an AMENDED with its log sequence and order is what it did.

        Before a record orders expire: what follows from that has its number too, and can be a decrement or a new price
        of a pegged order.
        """
        flags = self.command.flags
        if flags & NEW_PRICE and (self.order.is_pegged or event.price_ticks != self.command.price_ticks):
            return False
        return event.quantity_lots == self.leaves
