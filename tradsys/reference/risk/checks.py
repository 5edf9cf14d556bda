"""The checks before the book, in their order; docs/risk.md numbers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradsys.reasons import Reason
from tradsys.reference.ledger.holds import HeldOrder
from tradsys.reference.risk.limits import Limits
from tradsys.reference.risk.sizes import NOTHING, Size, is_too_large, size_at
from tradsys.reference.risk.usage import Usage
from tradsys.reference.terms import width_ticks
from tradsys.risk.terms import Limit


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as a NEW, a LEG or an AMEND wants it; `limit_ticks` where it is new and its type has one."""

    order: HeldOrder
    worst_ticks: int
    leaves: int
    limit_ticks: int | None

    @property
    def size(self) -> Size:
        """How large it would be."""
        return size_at(self.order, self.worst_ticks, self.leaves)


@dataclass(frozen=True, slots=True)
class Change:
    """What the figures of an account in a symbol are, and would be; `equity` is the value of its balances."""

    before: Usage
    after: Usage
    equity: int
    quantity: int
    """Of the position."""
    is_amendment: bool = False
    more: Size = NOTHING
    """What the amendment adds."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Of one account in one symbol."""

    limits: Limits
    account: int
    symbol: int

    def limit(self, limit: Limit) -> int | None:
        """The one that counts; None: not limited."""
        return self.limits.of(limit, self.account, self.symbol)

    def is_over(self, limit: Limit, figure: int) -> bool:
        """Whether there is such a limit, and the figure is above it."""
        bound = self.limit(limit)
        return bound is not None and figure > bound

    def is_under(self, limit: Limit, figure: int) -> bool:
        """Whether there is such a limit, and the figure is below it."""
        bound = self.limit(limit)
        return bound is not None and figure < bound

    # Of each order.

    def lots(self, lots: int) -> Reason:
        """Check 7 as far as it holds in every symbol."""
        if self.is_under(Limit.ORDER_LOTS_MIN, lots):
            return Reason.ORDER_TOO_SMALL
        if self.is_over(Limit.ORDER_LOTS_MAX, lots):
            return Reason.ORDER_TOO_LARGE
        return Reason.NONE

    def sizes(self, wishes: Sequence[Wish]) -> Reason:
        """Check 7."""
        for wish in wishes:
            size = wish.size
            reason = Reason.NONE if wish.order.is_budget else self.lots(size.lots)
            if reason != Reason.NONE:
                return reason
            if self.is_under(Limit.ORDER_NOTIONAL_MIN, size.notional):
                return Reason.ORDER_TOO_SMALL
            if self.is_over(Limit.ORDER_NOTIONAL_MAX, size.notional):
                return Reason.ORDER_TOO_LARGE
        return Reason.NONE

    def collars(self, wishes: Sequence[Wish], mark_ticks: int) -> Reason:
        """Check 8."""
        bps = self.limit(Limit.COLLAR_BPS)
        for wish in wishes:
            if bps is None or wish.limit_ticks is None:
                continue
            worse_by = wish.limit_ticks - mark_ticks if wish.order.is_buy else mark_ticks - wish.limit_ticks
            if worse_by > width_ticks(mark_ticks, bps):
                return Reason.PRICE_COLLAR
        return Reason.NONE

    # Of what is counted.

    def open_orders(self, after: Usage) -> Reason:
        """Check 9."""
        is_over = self.is_over(Limit.OPEN_ORDERS, after.open_orders)
        if is_over or self.is_over(Limit.OPEN_ORDERS_TOTAL, after.all_open_orders):
            return Reason.OPEN_ORDERS_LIMIT
        return Reason.NONE

    def figures(self, change: Change) -> Reason:
        """Checks 10 to 14."""
        for check in (self._open, self._position, self._exposure, self._day):
            reason = check(change)
            if reason != Reason.NONE:
                return reason
        return Reason.NONE

    def _grows_over(self, limit: Limit, before: int, after: int) -> bool:
        """Whether a figure would be above its limit, and was less before."""
        return after > before and self.is_over(limit, after)

    def _open(self, change: Change) -> Reason:
        before, after = change.before, change.after
        if self._grows_over(
            Limit.OPEN_LOTS,
            before.open_lots_buy + before.open_lots_sell,
            after.open_lots_buy + after.open_lots_sell,
        ):
            return Reason.OPEN_LOTS_LIMIT
        if self._grows_over(
            Limit.OPEN_NOTIONAL,
            before.open_notional_buy + before.open_notional_sell,
            after.open_notional_buy + after.open_notional_sell,
        ):
            return Reason.OPEN_NOTIONAL_LIMIT
        return Reason.NONE

    def _position(self, change: Change) -> Reason:
        before, after, quantity = change.before, change.after, change.quantity
        is_over = self._grows_over(Limit.POSITION, quantity + before.open_lots_buy, quantity + after.open_lots_buy)
        if is_over or self._grows_over(
            Limit.POSITION, before.open_lots_sell - quantity, after.open_lots_sell - quantity
        ):
            return Reason.POSITION_LIMIT
        return Reason.NONE

    def _exposure(self, change: Change) -> Reason:
        before, after = change.before, change.after
        if self._grows_over(Limit.EXPOSURE, before.all_exposure, after.all_exposure):
            return Reason.EXPOSURE_LIMIT
        share, whole = self.limit(Limit.CONCENTRATION_BPS), self.limit(Limit.EXPOSURE)
        grows_here = after.exposure > before.exposure
        if share is not None and whole is not None and grows_here and after.exposure * 10_000 > share * whole:
            return Reason.CONCENTRATION_LIMIT
        leverage, grows = self.limit(Limit.LEVERAGE), after.all_exposure > before.all_exposure
        if leverage is not None and grows and after.all_exposure * 100 > leverage * max(change.equity, 0):
            return Reason.LEVERAGE_LIMIT
        return Reason.NONE

    def _day(self, change: Change) -> Reason:
        before, after = change.before, change.after
        if self._grows_over(
            Limit.DAILY_NOTIONAL, before.day_traded + before.all_open_value, after.day_traded + after.all_open_value
        ):
            return Reason.DAILY_NOTIONAL_LIMIT
        bound = self.limit(Limit.DAILY_LOSS)
        if bound is None or (change.is_amendment and change.more == NOTHING):
            return Reason.NONE
        loss = -(after.day_realised + after.unrealised)
        if loss > 0 if bound == 0 else loss >= bound:
            return Reason.DAILY_LOSS_LIMIT
        return Reason.NONE


def sizes_fit(wishes: Sequence[Wish]) -> bool:
    """Whether every notional can be counted, before check 6."""
    return not any(is_too_large(wish.order, wish.worst_ticks, wish.leaves) for wish in wishes)
