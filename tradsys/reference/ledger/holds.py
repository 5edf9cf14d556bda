"""What orders hold until they end: as much as they can cost at worst."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradsys.ledger.terms import AMOUNT_MAX, MILLION
from tradsys.records import OrderType, SelfTrade
from tradsys.reference.ledger.amounts import rounded_up
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees
from tradsys.reference.messages import Command
from tradsys.reference.terms import BUDGET, BUY, WITH_LIMIT, self_trade_of


@dataclass(slots=True, eq=False)
class HeldOrder:
    """An order as the ledger knows it; of a budget `leaves` is money, in ticks times lots."""

    account: int
    symbol: int
    contract: Contract
    fees: Fees
    is_buy: bool
    is_budget: bool
    has_limit: bool
    is_pegged: bool
    decrements: bool
    """Whether its self-trade prevention takes quantities off both orders."""
    worst_ticks: int
    leaves: int
    filled_lots: int = 0
    maker_notional: int = 0
    taker_notional: int = 0
    charged: int = 0
    is_over: bool = False
    """The order of its side that cancels it has traded: it holds nothing, and its end follows."""
    awaited: HeldOrder | None = None
    """The order that it waits for."""
    client_order_id: int = 0
    mark_ticks: int = 0
    """The symbol's mark when it was decided."""
    shard: int = 0
    order_id: int = 0
    """0 until it is accepted."""

    @property
    def asset(self) -> int:
        """What it holds an amount of."""
        return self.contract.quote if self.is_buy else self.contract.base

    def need(self) -> int:
        """What it must hold as it is now."""
        return self.need_at(self.worst_ticks, self.leaves if self.brought_in is None else self.brought_in)

    @property
    def brought_in(self) -> int | None:
        """Of a sell that waits for a buy: as many of its lots as that one has bought for it. None: of any other."""
        if self.awaited is None or self.is_buy or not self.awaited.is_buy:
            return None
        return min(self.leaves, self.awaited.filled_lots)

    def need_at(self, worst_ticks: int, leaves: int) -> int:
        """What it would have to hold with another price and another rest."""
        if leaves < 1 or self.is_over:
            return 0
        if not self.is_buy:
            return self._lots(leaves) * self.contract.lot_value
        cost = self.contract.cost(self._ticks_times_lots(worst_ticks, leaves))
        fees = self.fees
        if fees.highest <= 0:
            return cost
        traded = self.maker_notional * fees.maker + self.taker_notional * fees.taker
        return cost + rounded_up(traded + cost * fees.highest, MILLION) + 1 + fees.minimum_taken - self.charged

    def is_too_large(self, worst_ticks: int, leaves: int) -> bool:
        """Whether it would hold, or on the way to that compute, more than there can be."""
        if leaves < 1:
            return False
        notional = self._ticks_times_lots(worst_ticks, leaves) * self.contract.numerator if self.is_buy else 0
        return max(notional, self.need_at(worst_ticks, leaves)) > AMOUNT_MAX

    def _lots(self, leaves: int) -> int:
        """How many lots can trade at most: of a budget those that it gets at the lowest price."""
        return leaves // max(self.contract.lowest_ticks, 1) if self.is_budget else leaves

    def _ticks_times_lots(self, worst_ticks: int, leaves: int) -> int:
        # No order with a price below 0 comes into the book.
        return leaves if self.is_budget else max(worst_ticks, 0) * leaves

    def fill(self, price_ticks: int, lots: int, *, is_maker: bool) -> int:
        """It trades so much; gives the fee for that."""
        assert not self.is_buy or self.is_budget or price_ticks <= self.worst_ticks, "no price is worse"
        self.leaves -= price_ticks * lots if self.is_budget else lots
        assert self.leaves >= 0, "no order trades more than it has"
        self.filled_lots += lots
        notional = self.contract.notional(price_ticks, lots)
        if is_maker:
            self.maker_notional += notional
        else:
            self.taker_notional += notional
        before = self.charged
        self.charged = self.fees.so_far(self.maker_notional, self.taker_notional)
        return self.charged - before


def order_of(command: Command, account: int, symbol: int, contract: Contract, fees: Fees, mark_ticks: int) -> HeldOrder:
    """The order that a NEW or a LEG asks for."""
    has_limit = command.order_type in WITH_LIMIT
    return HeldOrder(
        account,
        symbol,
        contract,
        fees,
        is_buy=command.side == BUY,
        is_budget=bool(command.flags & BUDGET),
        has_limit=has_limit,
        is_pegged=command.order_type == OrderType.PEGGED,
        decrements=self_trade_of(command.flags) == SelfTrade.DECREMENT,
        worst_ticks=command.price_ticks if has_limit else contract.highest_ticks,
        leaves=command.quantity_lots,
        client_order_id=command.client_order_id,
        mark_ticks=mark_ticks,
    )


@dataclass(slots=True, eq=False)
class Holding:
    """What an order, or two that cancel each other, hold together: of each asset as much as the greater need."""

    orders: list[HeldOrder]
    amounts: dict[int, int] = field(default_factory=dict)
    """By asset: what is held now."""

    @property
    def account(self) -> int:
        """Whose orders they are."""
        return self.orders[0].account

    def needs(self, changed: HeldOrder | None = None, need: int = 0) -> dict[int, int]:
        """By asset: what they must hold; as if one of them needed so much."""
        needs: dict[int, int] = {}
        for order in self.orders:
            own = need if order is changed else order.need()
            needs[order.asset] = max(needs.get(order.asset, 0), own)
        return needs
