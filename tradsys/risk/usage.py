"""What the live orders and positions of an account count for its limits, kept as they change.

The rule: docs/risk.md, What is counted. An order counts through its HOLD: the row, or while it is pending that of its
command; of two orders that share a hold the first counts the greater of both, the second nothing.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.amounts import product_is_above
from tradsys.ledger.contracts import rounded_up
from tradsys.ledger.layout import FOR_TURN, W_POSITIONS, Ledger
from tradsys.ledger.positions import account_of, symbol_of
from tradsys.ledger.values import value_of
from tradsys.options import has_limit
from tradsys.records import QUANTITY_MAX, Side
from tradsys.risk.sums import over_of, rest_of, shown

_BUY = int(Side.BUY)
TOO_LARGE = -1
"""Instead of a notional: price times lots times numerator would be above AMOUNT_MAX."""


@kernel
def price_of(ledger: Ledger, symbol: int, order_type: int, price_ticks: int) -> int:
    """An order's price for these figures: its limit, or the mark of now; never below 0."""
    return max(price_ticks if has_limit(order_type) else signed(ledger.symbols[symbol].mark_ticks), signed(0))


@kernel
def lots_of(is_budget: bool, leaves: int, price_ticks: int) -> int:
    """The lots that an order counts, with so much left."""
    if is_budget:
        leaves //= max(price_ticks, signed(1))
    return min(max(leaves, signed(0)), signed(QUANTITY_MAX))


@kernel
def notional_of(contract: Any, is_budget: bool, leaves: int, price_ticks: int) -> int:
    """The notional that an order counts, with so much left; or TOO_LARGE."""
    assert price_ticks >= 0, "a price below 0 counts as 0"
    if leaves < 1 or (price_ticks == 0 and not is_budget):
        return signed(0)
    most = signed(contract.notional_max)
    if is_budget:
        if leaves > most:
            return signed(TOO_LARGE)
    elif product_is_above(leaves, price_ticks, most):
        return signed(TOO_LARGE)
    return rounded_up(contract, (leaves if is_budget else leaves * price_ticks) * contract.numerator)


@kernel
def exposure_of(ledger: Ledger, quote: int, cost: int, buy: int, sell: int) -> int:
    """The exposure of a position with so much notional open."""
    return value_of(ledger, quote, max(cost + buy, sell - cost))


@kernel
def open_value_of(ledger: Ledger, quote: int, buy: int, sell: int) -> int:
    """The value of both open notionals."""
    return value_of(ledger, quote, buy + sell)


@kernel
def _refresh(ledger: Ledger, position: Any, account: Any, quote: int) -> None:
    """The values of a position and the sums of its account are again what the position says."""
    buy = shown(signed(position.open_notional_buy), signed(position.buy_over))
    sell = shown(signed(position.open_notional_sell), signed(position.sell_over))
    exposure = exposure_of(ledger, quote, signed(position.cost), buy, sell)
    open_value = open_value_of(ledger, quote, buy, sell)
    amount = account.exposure + exposure - position.exposure
    account.exposure = rest_of(amount)
    account.exposure_over += over_of(amount)
    amount = account.open_value + open_value - position.open_value
    account.open_value = rest_of(amount)
    account.open_value_over += over_of(amount)
    assert account.exposure_over >= 0, "exposures do not sum to less than nothing"
    assert account.open_value_over >= 0, "open values do not sum to less than nothing"
    position.exposure = exposure
    position.open_value = open_value


@kernel_entry
def revalue(ledger: Ledger, asset: int) -> None:
    """An asset has another value."""
    for row in range(1, ledger.words[W_POSITIONS] + 1):
        position = ledger.positions[row]
        key = signed(position.key)
        quote = signed(ledger.contracts[symbol_of(key)].quote)
        if quote == asset:
            _refresh(ledger, position, ledger.accounts[account_of(key)], quote)


@kernel
def count(ledger: Ledger, hold: Any, orders: int, lots: int, notional: int) -> None:
    """A record counts so many lots and so much notional from now on, and its position so many orders more."""
    position = ledger.positions[hold.position]
    more_lots, more = lots - hold.counted_lots, notional - hold.counted_notional
    hold.counted_lots = lots
    hold.counted_notional = notional
    assert lots >= 0, "an order counts no lots or some"
    assert notional >= 0, "an order counts no notional or some"
    assert signed(position.open_orders) + orders >= 0, "no more orders of a position end than began"
    position.open_orders = signed(position.open_orders) + orders
    ledger.accounts[hold.account].open_orders += orders
    assert ledger.accounts[hold.account].open_orders >= 0, "no more orders of an account end than began"
    if hold.side == _BUY:
        position.open_lots_buy += more_lots
        amount = position.open_notional_buy + more
        position.open_notional_buy = rest_of(amount)
        position.buy_over += over_of(amount)
    else:
        position.open_lots_sell += more_lots
        amount = position.open_notional_sell + more
        position.open_notional_sell = rest_of(amount)
        position.sell_over += over_of(amount)
    assert position.open_lots_buy >= 0, "no more lots to buy end than began"
    assert position.open_lots_sell >= 0, "no more lots to sell end than began"
    assert position.buy_over >= 0, "no more notional to buy ends than began"
    assert position.sell_over >= 0, "no more notional to sell ends than began"
    _refresh(ledger, position, ledger.accounts[hold.account], signed(ledger.contracts[hold.symbol].quote))


@kernel
def uncount(ledger: Ledger, hold: Any) -> None:
    """A record counts nothing any more."""
    count(ledger, hold, -signed(hold.counts), signed(0), signed(0))
    hold.counts = 0


@kernel
def own_lots(hold: Any) -> int:
    """The lots that an order counts alone, as it is now: one that waits for another none."""
    if hold.waits == FOR_TURN:
        return signed(0)
    return lots_of(hold.budget != 0, signed(hold.leaves), signed(hold.price_ticks))


@kernel
def own_notional(ledger: Ledger, hold: Any) -> int:
    """The notional that an order counts alone, as it is now."""
    if hold.waits == FOR_TURN:
        return signed(0)
    contract = ledger.contracts[hold.symbol]
    return notional_of(contract, hold.budget != 0, signed(hold.leaves), signed(hold.price_ticks))


@kernel
def recount(ledger: Ledger, hold: Any) -> None:
    """An order, with the one that it shares its hold with, counts what it is now."""
    lots, notional = own_lots(hold), own_notional(ledger, hold)
    if hold.partner != 0:
        partner = ledger.holds[hold.partner]
        assert partner.side == hold.side, "orders of one side share a hold"
        lots = max(lots, own_lots(partner))
        notional = max(notional, own_notional(ledger, partner))
        take_over(hold, partner)
    count(ledger, hold, signed(0), lots, notional)


@kernel_entry
def count_two(ledger: Ledger, one: Any, other: Any) -> None:
    """Two pending orders that cancel each other count from now on: of one side the first the greater of both."""
    assert one.position == other.position, "linked orders are of one account and symbol"
    lots, notional = own_lots(one), own_notional(ledger, one)
    other_lots, other_notional = own_lots(other), own_notional(ledger, other)
    if one.side == other.side:
        lots, notional = max(lots, other_lots), max(notional, other_notional)
        other_lots, other_notional = signed(0), signed(0)
    one.counts = 1
    other.counts = 1
    count(ledger, one, signed(1), lots, notional)
    count(ledger, other, signed(1), other_lots, other_notional)


@kernel
def count_new(ledger: Ledger, hold: Any) -> None:
    """A pending order counts from now on."""
    assert hold.counts == 0, "an order counts once"
    hold.counts = 1
    count(ledger, hold, signed(1), own_lots(hold), own_notional(ledger, hold))


@kernel
def counted_with(ledger: Ledger, hold: Any, leaves: int, price_ticks: int) -> tuple[int, int]:
    """By how many lots and how much notional an order, with the one it shares its hold with, would count more."""
    if hold.waits == FOR_TURN:
        return signed(0), signed(0)
    contract = ledger.contracts[hold.symbol]
    lots = lots_of(hold.budget != 0, leaves, price_ticks)
    notional = notional_of(contract, hold.budget != 0, leaves, price_ticks)
    partner = ledger.holds[hold.partner]
    if hold.partner != 0:
        lots = max(lots, own_lots(partner))
        notional = max(notional, own_notional(ledger, partner))
    # Row 0 counts nothing.
    return (
        lots - signed(hold.counted_lots) - signed(partner.counted_lots),
        notional - signed(hold.counted_notional) - signed(partner.counted_notional),
    )


@kernel
def take_over(hold: Any, partner: Any) -> None:
    """What one of two orders counts is now counted by the other."""
    hold.counted_lots += partner.counted_lots
    hold.counted_notional += partner.counted_notional
    partner.counted_lots = 0
    partner.counted_notional = 0
