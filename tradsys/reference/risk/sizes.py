"""How large orders are for the risk checks, in lots and in notional."""

from __future__ import annotations

from typing import NamedTuple

from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.records import QUANTITY_MAX
from tradsys.reference.ledger.holds import HeldOrder, Holding


class Size(NamedTuple):
    """Lots, and a notional in quote units."""

    lots: int = 0
    notional: int = 0

    def greater(self, other: Size) -> Size:
        """Of lots and notional each the greater one."""
        return Size(max(self.lots, other.lots), max(self.notional, other.notional))

    def plus(self, other: Size) -> Size:
        """Both together."""
        return Size(self.lots + other.lots, self.notional + other.notional)

    def beyond(self, other: Size) -> Size:
        """What it has more than the other."""
        return Size(max(self.lots - other.lots, 0), max(self.notional - other.notional, 0))


NOTHING = Size()


def _price_of(order: HeldOrder, limit_ticks: int) -> int:
    """What an order counts with for each lot; `limit_ticks` counts where its type has a limit."""
    return max(limit_ticks if order.has_limit else order.mark_ticks, 0)


def _ticks_times_lots(order: HeldOrder, limit_ticks: int, leaves: int) -> int:
    return leaves if order.is_budget else _price_of(order, limit_ticks) * leaves


def is_too_large(order: HeldOrder, limit_ticks: int, leaves: int) -> bool:
    """Whether its notional is more than can be counted."""
    return leaves >= 1 and _ticks_times_lots(order, limit_ticks, leaves) * order.contract.numerator > AMOUNT_MAX


def size_at(order: HeldOrder, limit_ticks: int, leaves: int) -> Size:
    """How large the order would be with this limit and rest."""
    if leaves < 1:
        return NOTHING
    lots = leaves // max(_price_of(order, limit_ticks), 1) if order.is_budget else leaves
    return Size(min(lots, QUANTITY_MAX), order.contract.cost(_ticks_times_lots(order, limit_ticks, leaves)))


def size_of(order: HeldOrder) -> Size:
    """How large it is as it is now."""
    return size_at(order, order.worst_ticks, order.leaves)


def counted(order: HeldOrder) -> Size:
    """What it counts with: nothing when it waits for another, or when one that it cancels has traded."""
    return NOTHING if order.is_over or order.awaited is not None else size_of(order)


def counted_together(holding: Holding, *, is_buy: bool, instead: tuple[HeldOrder, Size] | None = None) -> Size:
    """What an order or two that cancel each other count with on one side; as if one of them had another size."""
    together = NOTHING
    for order in holding.orders:
        if order.is_buy == is_buy:
            own = instead[1] if instead is not None and instead[0] is order else counted(order)
            together = together.greater(own)
    return together
