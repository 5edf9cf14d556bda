"""An estimate of an account's loss that spares the exact figure where the loss is far from its limit.

It is at most too high, never too low, and never decides: see docs/adr/0015-a-loss-that-is-far-away.md.
"""

from __future__ import annotations

from shm.atomics import leading_zeros
from shm.division import divided
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import Ledger
from tradsys.ledger.values import value_of
from tradsys.risk.open_positions import first_of

_PRODUCT_BITS = 62
_FINE_BITS = 30
"""So many has the value of one lot, of which a position has less than 2**31, at a symbol's highest price."""
_SURE_BITS = 57
"""Values below 2**57 of OPEN_NEAR positions, and what was realised, add up without being cut off."""
_UNSURE = -1
"""Instead of the value of a lot."""


@kernel
def _bits(number: int) -> int:
    return 64 - leading_zeros(number)


@kernel
def _fine_value(ledger: Ledger, symbol: int, ticks: int) -> int:
    """What one lot is worth at a price, in 2**-`up` units of account, rounded down."""
    contract = ledger.contracts[symbol]
    asset = ledger.assets[contract.quote]
    product = ticks * contract.numerator * signed(asset.value_numerator) << signed(ledger.symbols[symbol].up)
    assert product >= 0, "the scale leaves room for the highest price"
    # Rounded down twice is rounded down once, by the product of both divisors.
    in_quote = divided(product, signed(contract.divisor), signed(contract.reciprocal))
    return divided(in_quote, signed(asset.value_divisor), signed(asset.value_reciprocal))


@kernel
def keep_lot_value(ledger: Ledger, symbol: int) -> None:
    """A symbol has another mark."""
    row = ledger.symbols[symbol]
    if row.sure_lots == 0:
        return
    ticks = max(signed(row.mark_ticks), signed(0))
    if ticks > ledger.contracts[symbol].highest_ticks:
        row.lot_value = _UNSURE
    else:
        row.lot_value = _fine_value(ledger, symbol, ticks) >> signed(row.down)
        assert 0 <= row.lot_value <= signed(1) << 62 >> signed(row.down), "a lot is worth nothing or something"


@kernel_entry
def learn_scale(ledger: Ledger, symbol: int) -> None:
    """The contract of a symbol, or the value of its quote asset, has changed: in which parts a lot's value is kept.

    As finely as 64 bits allow on the way, and a position's value too; `sure_lots` is 0 where they allow nothing.
    """
    contract = ledger.contracts[symbol]
    asset = ledger.assets[contract.quote]
    assert contract.base != 0, "only what is settled has a value"
    assert asset.value_divisor > 0, "an asset that is defined"
    row = ledger.symbols[symbol]
    row.quote = contract.quote
    row.sure_lots = 0
    highest = max(signed(contract.highest_ticks), signed(1))
    fair_lots = (signed(contract.notional_max) >> 2) // highest
    if fair_lots == 0:
        return
    up = _PRODUCT_BITS - _bits(highest * contract.numerator) - _bits(signed(asset.value_numerator))
    if up < 0:
        return
    row.up = up
    fine = _fine_value(ledger, symbol, highest)
    down = min(max(_bits(fine) - _FINE_BITS, signed(0)), up)
    row.down = down
    row.scale = up - down
    assert fine >= 0, "a lot is worth nothing or something"
    assert fine >> down < signed(1) << (_FINE_BITS + 1) or down == up, "a lot's value has no more bits than it may"
    row.sure_lots = min(fair_lots, (signed(1) << _SURE_BITS) // ((fine >> up) + 1), (signed(1) << 31) - 1)
    keep_lot_value(ledger, symbol)


@kernel_entry
def learn_scales_of(ledger: Ledger, asset: int) -> None:
    """An asset has another value."""
    for symbol in range(1, len(ledger.contracts)):
        if ledger.contracts[symbol].base != 0 and ledger.contracts[symbol].quote == asset:
            learn_scale(ledger, signed(symbol))


@kernel
def loss_is_surely_below(ledger: Ledger, number: int, realised: int, limit: int) -> bool:
    """Whether an account, which has realised so much, surely has lost less than a limit with all its open positions.

    False says nothing.
    """
    account = ledger.accounts[number]
    if account.open_far != 0:
        return False
    profit, sizes = realised, signed(0)
    first = first_of(number)
    for place in range(first, first + signed(account.open_near)):
        entry = ledger.open_positions[place]
        symbol = ledger.symbols[entry.symbol]
        quantity = signed(entry.quantity)
        lot_value = signed(symbol.lot_value)
        assert quantity != 0, "who stands beside the account is open"
        assert lot_value >= _UNSURE, "a lot is worth nothing or something"
        if abs(quantity) > symbol.sure_lots or lot_value == _UNSURE:
            return False
        worth = quantity * (lot_value + signed(quantity < 0)) >> signed(symbol.scale)
        # What it is worth counts in whole units of the quote asset, rounded down: as if it had cost one more.
        paid = value_of(ledger, signed(symbol.quote), entry.cost + 1)
        profit += worth - paid
        sizes |= abs(paid)
    return sizes >> _SURE_BITS == 0 and -profit < limit
